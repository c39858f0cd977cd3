//! The command lines of all programs, from the page `args.rs` of each.
#![allow(dead_code, reason = "only what clap knows of them is wanted")]

use clap::Command;
use socket_demos::cli;

#[path = "../../src/bin/socket-lab/args.rs"]
mod socket_lab_args;
#[path = "../../../src/bin/tcp-chat-client/args.rs"]
mod tcp_chat_client;
#[path = "../../../src/bin/tcp-chat-server/args.rs"]
mod tcp_chat_server;
#[path = "../../../src/bin/tcp-exec-client/args.rs"]
mod tcp_exec_client;
#[path = "../../../src/bin/tcp-exec-server/args.rs"]
mod tcp_exec_server;
#[path = "../../../src/bin/time-client/args.rs"]
mod time_client;
#[path = "../../../src/bin/time-server/args.rs"]
mod time_server;
#[path = "../../../src/bin/udp-chat-client/args.rs"]
mod udp_chat_client;
#[path = "../../../src/bin/udp-chat-server/args.rs"]
mod udp_chat_server;
#[path = "../../../src/bin/udp-exec-client/args.rs"]
mod udp_exec_client;
#[path = "../../../src/bin/udp-exec-server/args.rs"]
mod udp_exec_server;
#[path = "../../../src/bin/udp-qq-client/args.rs"]
mod udp_qq_client;
#[path = "../../../src/bin/udp-qq-server/args.rs"]
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
        cli::command::<socket_lab_args::Args>(),
    ]
}
