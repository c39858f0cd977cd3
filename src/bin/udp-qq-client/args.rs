//! The command line of `udp-qq-client`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use socket_demos::cli::options::{self, Encoding, Textbook};
use socket_demos::net::faults::BadNetwork;
use socket_demos::t;
use socket_demos::text::typed;

/// Its name.
pub(crate) const PROGRAM: &str = "udp-qq-client";

/// Its arguments.
#[derive(Parser)]
#[command(name = PROGRAM, version, about = t!("a contact book: choose somebody and talk", "通讯录：选一个人，开始聊天"), mut_arg("bufsize", options::datagram_bufsize), mut_arg("timeout", options::patience))]
pub(crate) struct Args {
    #[arg(long, value_name = t!("FILE", "文件"), help = t!(
        "Contacts as TOML, a line for each: name = \"address\" [default: three poets]",
        "TOML 通讯录，每行 名字 = \"地址\" [默认：三位诗人]"
    ))]
    pub(crate) contacts: Option<PathBuf>,
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

/// The ways to talk to a contact.
pub(crate) enum Way {
    /// Unconnected, and strictly in turn.
    Classic,
    /// A connected socket for each, and several at once.
    Conversations,
}

impl Args {
    /// Which of them.
    pub(crate) fn way(&self) -> Way {
        if self.textbook.classic { Way::Classic } else { Way::Conversations }
    }
}
