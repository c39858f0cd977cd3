//! The command line of `tcp-exec-server`.

use clap::Parser;
use socket_demos::cli::options::OwnAddress;
use socket_demos::exec::options::{CommandServer, Way};
use socket_demos::t;

/// The arguments.
#[derive(Parser)]
#[command(name = "tcp-exec-server", version, about = t!(
    "run commands for whoever has the key; nothing is encrypted (for that, use ssh)",
    "替持有密钥的人执行命令；内容不加密（需要加密请用 ssh）"
))]
pub(crate) struct Args {
    /// Where it listens.
    #[command(flatten)]
    pub(crate) listen: OwnAddress,
    /// Which commands it runs: whose, how long, how many.
    #[command(flatten)]
    pub(crate) commands: CommandServer,
}

impl Args {
    /// Which way it serves.
    pub(crate) fn way(&self) -> Way {
        self.commands.textbook.way()
    }
}
