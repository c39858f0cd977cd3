//! The command line of `udp-qq-server`.

use clap::Parser;
use socket_demos::cli::options::{self, Encoding, ListenAddress, Textbook};
use socket_demos::net::faults::BadNetwork;
use socket_demos::t;

/// Its name.
pub(crate) const PROGRAM: &str = "udp-qq-server";

/// Its arguments.
#[derive(Parser)]
#[command(name = PROGRAM, version, about = t!("wait for messages from anybody who has your address", "等人用你的地址找你聊天"), mut_arg("bufsize", options::datagram_bufsize))]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) listen: ListenAddress,
    #[command(flatten)]
    pub(crate) textbook: Textbook,
    #[command(flatten)]
    pub(crate) encoding: Encoding,
    #[command(flatten)]
    pub(crate) network: BadNetwork,
}

/// The ways to use the socket.
pub(crate) enum Way {
    /// Strictly in turn.
    Classic,
    /// Hearing and speaking at any time.
    BothWays,
}

impl Args {
    /// Which of them.
    pub(crate) fn way(&self) -> Way {
        if self.textbook.classic { Way::Classic } else { Way::BothWays }
    }
}
