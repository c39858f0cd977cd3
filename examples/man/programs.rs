//! The command lines of all programs, from their own pages in `src/bin`.

use clap::Command;
use socket_demos::cli;

#[allow(dead_code, reason = "only its arguments are wanted")]
#[path = "../../src/bin/socket-lab.rs"]
mod socket_lab;
#[allow(dead_code, reason = "only its arguments are wanted")]
#[path = "../../src/bin/tcp-chat-client.rs"]
mod tcp_chat_client;
#[allow(dead_code, reason = "only its arguments are wanted")]
#[path = "../../src/bin/tcp-chat-server.rs"]
mod tcp_chat_server;
#[allow(dead_code, reason = "only its arguments are wanted")]
#[path = "../../src/bin/tcp-exec-client.rs"]
mod tcp_exec_client;
#[allow(dead_code, reason = "only its arguments are wanted")]
#[path = "../../src/bin/tcp-exec-server.rs"]
mod tcp_exec_server;
#[allow(dead_code, reason = "only its arguments are wanted")]
#[path = "../../src/bin/time-client.rs"]
mod time_client;
#[allow(dead_code, reason = "only its arguments are wanted")]
#[path = "../../src/bin/time-server.rs"]
mod time_server;
#[allow(dead_code, reason = "only its arguments are wanted")]
#[path = "../../src/bin/udp-chat-client.rs"]
mod udp_chat_client;
#[allow(dead_code, reason = "only its arguments are wanted")]
#[path = "../../src/bin/udp-chat-server.rs"]
mod udp_chat_server;
#[allow(dead_code, reason = "only its arguments are wanted")]
#[path = "../../src/bin/udp-exec-client.rs"]
mod udp_exec_client;
#[allow(dead_code, reason = "only its arguments are wanted")]
#[path = "../../src/bin/udp-exec-server.rs"]
mod udp_exec_server;
#[allow(dead_code, reason = "only its arguments are wanted")]
#[path = "../../src/bin/udp-qq-client.rs"]
mod udp_qq_client;
#[allow(dead_code, reason = "only its arguments are wanted")]
#[path = "../../src/bin/udp-qq-server.rs"]
mod udp_qq_server;

/// One for each program, in the chosen language.
pub(crate) fn all() -> [Command; 13] {
    [
        cli::command::<tcp_chat_server::Args>(),
        cli::command::<tcp_chat_client::Args>(),
        cli::command::<udp_chat_server::Args>(),
        cli::command::<udp_chat_client::Args>(),
        cli::command::<udp_qq_server::Args>(),
        cli::command::<udp_qq_client::Args>(),
        cli::command::<time_server::Args>(),
        cli::command::<time_client::Args>(),
        cli::command::<tcp_exec_server::Args>(),
        cli::command::<tcp_exec_client::Args>(),
        cli::command::<udp_exec_server::Args>(),
        cli::command::<udp_exec_client::Args>(),
        cli::command::<socket_lab::Args>(),
    ]
}
