//! The command line of `time-client`.

use std::time::Duration;

use clap::{Arg, Parser, ValueEnum};
use socket_demos::cli::effect::only_with;
use socket_demos::cli::options::{Encoding, ServerAddress};
use socket_demos::net::faults::BadNetwork;
use socket_demos::t;
use socket_demos::text::typed;

#[derive(Clone, Copy, PartialEq, ValueEnum)]
/// What is asked, and with it the way.
pub(crate) enum Protocol {
    Text,
    Sntp,
    Time,
}

#[derive(Parser)]
#[command(name = "time-client", version, about = t!("ask a time server for the time", "向时间服务器问时间"), mut_arg("charset", text_alone))]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) server: ServerAddress,
    #[arg(long, value_name = t!("PROTOCOL", "协议"), default_value = "text", help = t!(
        "text: `get time`; sntp: with offset and delay (RFC 5905); time: 4 bytes (RFC 868)",
        "text：get time；sntp：带偏差和延迟（RFC 5905）；time：4 字节（RFC 868）"
    ))]
    pub(crate) protocol: Protocol,
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = typed::parse_times, add = only_with(&["--protocol sntp"]), help = t!(
        "Ask so many times; of the samples that agree the one of the least delay is kept (sntp)",
        "问这么多次，从彼此一致的结果里取延迟最小的（sntp）"
    ))]
    pub(crate) samples: u16,
    #[arg(long, add = only_with(&["--protocol sntp"]), help = t!("Print offset, delay and stratum as JSON (sntp)", "用 JSON 输出偏差、延迟和层级（sntp）"))]
    pub(crate) json: bool,
    #[arg(long, value_name = t!("SECONDS", "秒"), default_value = "1", value_parser = typed::parse_duration, help = t!(
        "How long to wait for each answer",
        "每次等多久"
    ))]
    pub(crate) timeout: Duration,
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = typed::parse_times, help = t!(
        "How many times to ask in all",
        "一共最多问几次"
    ))]
    pub(crate) retries: u16,
    #[command(flatten)]
    pub(crate) encoding: Encoding,
    #[command(flatten)]
    pub(crate) network: BadNetwork,
}

/// `--encoding`: numbers have none.
fn text_alone(argument: Arg) -> Arg {
    argument.add(only_with(&["--protocol text"]))
}
