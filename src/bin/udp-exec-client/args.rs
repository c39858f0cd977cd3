//! The command line of `udp-exec-client`.

use clap::Parser;
use socket_demos::cli::options::ServerAddress;
use socket_demos::exec::client::prompt;
use socket_demos::exec::options::{self, CommandClient, Way};
use socket_demos::net::faults::BadNetwork;
use socket_demos::t;

/// Its name, for its own errors.
pub(crate) const PROGRAM: &str = "udp-exec-client";

/// The arguments.
#[derive(Parser)]
#[command(name = PROGRAM, version, about = t!(
    "have commands run by a udp-exec-server; nothing is encrypted (for that, use ssh)",
    "让 udp-exec-server 执行命令；内容不加密（需要加密请用 ssh）"
), after_help = prompt::exit_statuses(), mut_arg("bufsize", options::datagram_bufsize), mut_arg("classic", options::datagram_classic))]
pub(crate) struct Args {
    /// Where the server is.
    #[command(flatten)]
    pub(crate) server: ServerAddress,
    /// What it asks for, and how.
    #[command(flatten)]
    pub(crate) commands: CommandClient,
    /// A network that is bad on purpose.
    #[command(flatten)]
    pub(crate) network: BadNetwork,
}

impl Args {
    /// Which way it asks.
    pub(crate) fn way(&self) -> Way {
        self.commands.textbook.way()
    }
}
