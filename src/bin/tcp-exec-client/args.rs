//! The command line of `tcp-exec-client`.

use std::time::Duration;

use clap::Parser;
use socket_demos::cli::options::ServerAddress;
use socket_demos::exec::client::prompt;
use socket_demos::exec::options::{CommandClient, Way};
use socket_demos::t;
use socket_demos::text::typed;

/// The arguments.
#[derive(Parser)]
#[command(name = "tcp-exec-client", version, about = t!(
    "have commands run by a tcp-exec-server; nothing is encrypted (for that, use ssh)",
    "让 tcp-exec-server 执行命令；内容不加密（需要加密请用 ssh）"
), after_help = prompt::exit_statuses())]
pub(crate) struct Args {
    /// Where the server is.
    #[command(flatten)]
    pub(crate) server: ServerAddress,
    /// What it asks for, and how.
    #[command(flatten)]
    pub(crate) commands: CommandClient,
    /// How long connecting, and the server's proof, may take.
    #[arg(long, value_name = t!("SECONDS", "秒"), default_value = "5", value_parser = typed::parse_duration, help = t!(
        "When to give up connecting, or waiting for the server to prove itself",
        "多久连不上、或等不到服务器证明身份就放弃"
    ))]
    pub(crate) timeout: Duration,
}

impl Args {
    /// Which way it asks.
    pub(crate) fn way(&self) -> Way {
        self.commands.textbook.way()
    }
}
