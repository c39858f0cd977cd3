//! What `udp-exec-server` is told.

use clap::Parser;
use socket_demos::cli::options::OwnAddress;
use socket_demos::exec::options::{CommandServer, Way};
use socket_demos::net::faults::BadNetwork;
use socket_demos::t;

#[derive(Parser)]
#[command(name = "udp-exec-server", version, about = t!(
    "run commands for whoever has the key, reliably over UDP; nothing is encrypted (for that, use ssh)",
    "在 UDP 上可靠地替持有密钥的人执行命令；内容不加密（需要加密请用 ssh）"
))]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) listen: OwnAddress,
    #[command(flatten)]
    pub(crate) commands: CommandServer,
    #[command(flatten)]
    pub(crate) network: BadNetwork,
}

impl Args {
    /// Which way it serves.
    pub(crate) fn way(&self) -> Way {
        self.commands.textbook.way()
    }
}
