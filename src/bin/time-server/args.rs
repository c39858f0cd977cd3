//! The command line of `time-server`.

use clap::Parser;
use socket_demos::cli::effect::{Effect, not_with};
use socket_demos::cli::options::ListenAddress;
use socket_demos::net::faults::BadNetwork;
use socket_demos::t;
use socket_demos::text::typed;
use socket_demos::time::request::{self, Answers, Format};

#[derive(Parser)]
#[command(name = "time-server", version, about = t!("tell the time over UDP", "用 UDP 报时"))]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) listen: ListenAddress,
    #[arg(long, value_name = "STRFTIME", default_value = request::DEFAULT_FORMAT, value_parser = Format::parse, help = t!(
        "The format of the time, as strftime has it, such as %H:%M",
        "时间的格式，用 strftime 的记号，如 %H:%M"
    ))]
    pub(crate) format: Format,
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = typed::parse_stratum, add = text_alone(), help = t!(
        "What SNTP clients are told of this clock: 1 to 15, 15 the least trusted",
        "告诉 SNTP 客户端这个时钟的层级：1 到 15，越大越不可信"
    ))]
    pub(crate) stratum: u8,
    #[arg(long, help = t!(
        "The textbook's way: answer any datagram (on loopback only)",
        "课本写法：收到什么都回答（只限回环地址）"
    ))]
    classic: bool,
    #[command(flatten)]
    pub(crate) network: BadNetwork,
}

fn text_alone() -> Effect {
    not_with(&["--classic"], t!("the textbook's way answers with text alone", "课本写法只用文字回答"))
}

impl Args {
    /// Which datagrams are answered.
    pub(crate) fn answers(&self) -> Answers {
        if self.classic { Answers::Anything } else { Answers::Questions }
    }
}
