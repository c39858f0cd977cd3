//! The command line of `tcp-chat-server`.

use clap::Parser;
use socket_demos::chat::{names, room};
use socket_demos::cli::effect::only_with;
use socket_demos::cli::options::{self, Encoding, ListenAddress, Textbook};
use socket_demos::t;
use socket_demos::text::typed;

/// Its name.
pub(crate) const PROGRAM: &str = "tcp-chat-server";

/// Its arguments.
#[derive(Parser)]
#[command(name = PROGRAM, version, about = t!("a chat room over TCP", "TCP 聊天室"))]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) listen: ListenAddress,
    #[arg(long, conflicts_with = "classic", help = t!(
        "One message each way, then end: the first lesson",
        "双方各发一条消息就结束：第一课"
    ))]
    pub(crate) once: bool,
    #[command(flatten)]
    pub(crate) textbook: Textbook,
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = typed::parse_count, add = only_with(&["--once", "--classic"]), help = t!(
        "Connections that may wait for accept (with --once and --classic)",
        "等待 accept 的连接数（用于 --once 和 --classic）"
    ))]
    pub(crate) backlog: u16,
    #[cfg(unix)]
    #[arg(long, help = t!(
        "Leave SO_REUSEADDR off, to see a restart fail",
        "不设 SO_REUSEADDR，看看重启为什么会失败"
    ))]
    pub(crate) no_reuse: bool,
    #[arg(long, value_name = t!("NAME", "名字"), default_value = "server", value_parser = names::parse_name, add = options::in_the_room(), help = t!(
        "Your name in the room",
        "你在聊天室里的名字"
    ))]
    pub(crate) name: String,
    #[arg(long, value_name = "N", default_value_t = room::DEFAULT_MAX_CLIENTS, value_parser = typed::parse_clients, add = options::in_the_room(), help = t!(
        "How many clients the room admits",
        "聊天室最多容纳的客户端数"
    ))]
    pub(crate) max_clients: usize,
    #[command(flatten)]
    pub(crate) encoding: Encoding,
}

/// The ways to use a listener.
pub(crate) enum Way {
    /// One client, one message each way.
    Once,
    /// One client at a time, strictly in turn.
    Classic,
    /// Everybody at once.
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

    /// Whether SO_REUSEADDR is set; see [`socket_demos::net::Socket::set_reuse_address`] for what Windows has instead.
    pub(crate) fn reuses_address(&self) -> bool {
        #[cfg(unix)]
        return !self.no_reuse;
        #[cfg(windows)]
        true
    }
}
