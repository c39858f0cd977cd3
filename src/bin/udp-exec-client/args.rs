//! What `udp-exec-client` is told.

use clap::Parser;
use socket_demos::cli::options::ServerAddress;
use socket_demos::exec::client::prompt;
use socket_demos::exec::options::{CommandClient, Way};
use socket_demos::net::faults::BadNetwork;
use socket_demos::t;

pub(crate) const PROGRAM: &str = "udp-exec-client";

#[derive(Parser)]
#[command(name = PROGRAM, version, about = t!(
    "have commands run by a udp-exec-server; nothing is encrypted (for that, use ssh)",
    "让 udp-exec-server 执行命令；内容不加密（需要加密请用 ssh）"
), after_help = prompt::exit_statuses())]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) server: ServerAddress,
    #[command(flatten)]
    pub(crate) commands: CommandClient,
    #[command(flatten)]
    pub(crate) network: BadNetwork,
}

impl Args {
    /// Which way it asks.
    pub(crate) fn way(&self) -> Way {
        self.commands.textbook.way()
    }
}
