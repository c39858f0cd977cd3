//! The command line of `tcp-chat-client`.

use std::time::Duration;

use clap::Parser;
use socket_demos::chat::names;
use socket_demos::cli::options::{self, Encoding, ServerAddress, Textbook};
use socket_demos::t;
use socket_demos::text::typed;

/// Its name.
pub(crate) const PROGRAM: &str = "tcp-chat-client";

/// Its arguments.
#[derive(Parser)]
#[command(name = PROGRAM, version, about = t!("talk to a tcp-chat-server, or to nc", "与 tcp-chat-server 或 nc 聊天"))]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) server: ServerAddress,
    #[arg(long, conflicts_with = "classic", help = t!(
        "One message each way, then end: the first lesson",
        "双方各发一条消息就结束：第一课"
    ))]
    pub(crate) once: bool,
    #[command(flatten)]
    pub(crate) textbook: Textbook,
    #[arg(long, value_name = t!("NAME", "名字"), value_parser = names::parse_name, add = options::in_the_room(), help = t!(
        "Your name in the room; without it you are your address",
        "你在聊天室里的名字；不写就显示你的地址"
    ))]
    pub(crate) name: Option<String>,
    #[arg(long, value_name = t!("SECONDS", "秒"), default_value = "5", value_parser = typed::parse_duration, help = t!(
        "When to give up connecting",
        "多久连不上就放弃"
    ))]
    pub(crate) timeout: Duration,
    #[command(flatten)]
    pub(crate) encoding: Encoding,
}

/// The ways to use a connection.
pub(crate) enum Way {
    /// One message each way.
    Once,
    /// Strictly in turn.
    Classic,
    /// Both ways at once, in lines.
    Room,
}

impl Args {
    /// Which of them.
    pub(crate) fn way(&self) -> Way {
        match (self.once, self.textbook.classic) {
            (true, _) => Way::Once,
            (_, true) => Way::Classic,
            _ => Way::Room,
        }
    }
}
