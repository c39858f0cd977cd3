//! The command line of `udp-exec-server`.

use clap::Parser;
use socket_demos::cli::options::OwnAddress;
use socket_demos::exec::options::{self, CommandServer, Way};
use socket_demos::net::faults::BadNetwork;
use socket_demos::t;

/// The arguments.
#[derive(Parser)]
#[command(name = "udp-exec-server", version, about = t!(
    "run commands for whoever has the key, reliably over UDP; nothing is encrypted (for that, use ssh)",
    "在 UDP 上可靠地替持有密钥的人执行命令；内容不加密（需要加密请用 ssh）"
), mut_arg("bufsize", options::datagram_bufsize), mut_arg("classic", options::datagram_classic), mut_arg("max_clients", options::commands_at_once))]
pub(crate) struct Args {
    /// Where it listens.
    #[command(flatten)]
    pub(crate) listen: OwnAddress,
    /// Which commands it runs: whose, how long, how many.
    #[command(flatten)]
    pub(crate) commands: CommandServer,
    /// A network that is bad on purpose.
    #[command(flatten)]
    pub(crate) network: BadNetwork,
}

impl Args {
    /// Which way it serves.
    pub(crate) fn way(&self) -> Way {
        self.commands.textbook.way()
    }
}
