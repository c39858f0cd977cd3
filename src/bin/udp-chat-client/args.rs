//! The command line of `udp-chat-client`.

use std::time::Duration;

use clap::Parser;
use socket_demos::cli::options::{self, Encoding, ServerAddress, Textbook};
use socket_demos::net::faults::BadNetwork;
use socket_demos::t;
use socket_demos::text::typed;

/// Its name.
pub(crate) const PROGRAM: &str = "udp-chat-client";

/// Its arguments.
#[derive(Parser)]
#[command(name = PROGRAM, version, about = t!("write to a udp-chat-server, or to nc -u", "与 udp-chat-server 或 nc -u 聊天"), mut_arg("bufsize", options::datagram_bufsize), mut_arg("timeout", options::patience))]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) server: ServerAddress,
    #[command(flatten)]
    pub(crate) textbook: Textbook,
    #[arg(long, value_name = t!("SECONDS", "秒"), default_value = "5", value_parser = typed::parse_duration, help = t!(
        "When to say that there is no answer",
        "多久没有回复就提示"
    ))]
    pub(crate) timeout: Duration,
    #[command(flatten)]
    pub(crate) encoding: Encoding,
    #[command(flatten)]
    pub(crate) network: BadNetwork,
}

/// The ways to use the socket.
pub(crate) enum Way {
    /// Unconnected, and strictly in turn.
    Classic,
    /// Connected, hearing and speaking at any time.
    BothWays,
}

impl Args {
    /// Which of them.
    pub(crate) fn way(&self) -> Way {
        if self.textbook.classic { Way::Classic } else { Way::BothWays }
    }
}
