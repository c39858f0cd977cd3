//! The options that programs share, and how their values are read.

mod commands;

use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;
pub use commands::{CommandClient, CommandServer};

use crate::address::{Address, lan_addresses};
use crate::cli::Usage;
use crate::lang::Lang;
use crate::text::{self, Charset};
use crate::trace::Trace;
use crate::{completion, errors, room, screen, t};

// The options that every program has. No doc comment: clap would take it for what the program does.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Shared {
    /// Looked at before the arguments are parsed; here so that a wrong value is refused.
    #[arg(long, global = true, value_name = "en|zh", value_parser = parse_lang, add = completion::languages(), help = t!(
        "Language: en or zh (default: SOCKET_DEMOS_LANG, then the system's)",
        "语言：en 或 zh（默认看 SOCKET_DEMOS_LANG，再看系统语言）"
    ))]
    lang: Option<Lang>,
    #[arg(long, global = true, value_name = t!("WHEN", "何时"), default_value = "auto", help = t!(
        "Colours on standard error: auto, always, never",
        "标准错误上是否用颜色：auto 自动、always 总是、never 从不"
    ))]
    color: When,
    #[arg(long, global = true, help_heading = tracing_heading(), hide_short_help = true, help = t!(
        "Show every socket call on standard error as it happens",
        "把每一次套接字调用实时显示在标准错误上"
    ))]
    trace: bool,
    #[arg(long, global = true, value_name = t!("FILE", "文件"), help_heading = tracing_heading(), hide_short_help = true, help = t!(
        "Append every socket call to FILE as JSON lines",
        "把每一次套接字调用以 JSON 行追加到文件"
    ))]
    trace_file: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum When {
    Auto,
    Always,
    Never,
}

fn tracing_heading() -> String {
    t!("Seeing the socket calls", "观察套接字调用")
}

fn parse_lang(tag: &str) -> Result<Lang, String> {
    Lang::named(tag).ok_or_else(|| t!("the languages are en and zh", "语言只有 en 和 zh"))
}

impl Shared {
    /// The trace that `--trace` and `--trace-file` ask for.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub(crate) fn trace(&self, program: &str) -> anyhow::Result<Trace> {
        Trace::to(program, self.trace, self.trace_file.as_deref()).map_err(|error| {
            let path = text::path(&self.trace_file.clone().unwrap_or_default());
            let why = errors::reason(&error);
            anyhow::anyhow!(t!("cannot write the trace to {path}: {why}", "无法把跟踪写入 {path}：{why}"))
        })
    }

    /// Whether errors are to be coloured.
    pub(crate) fn wants_color(&self) -> bool {
        let auto = std::io::IsTerminal::is_terminal(&std::io::stderr())
            && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        match self.color {
            When::Auto => auto,
            When::Always => true,
            When::Never => false,
        }
    }
}

/// Where a server listens that is for this machine, unless it is told otherwise.
#[derive(clap::Args, Clone, Debug)]
pub struct OwnAddress {
    #[arg(value_name = t!("ADDRESS", "地址"), value_parser = parse_address, help = t!(
        "HOST:PORT, HOST, :PORT or PORT; port 0 takes a free one [default: 127.0.0.1:8080]",
        "主机:端口、主机、:端口 或 端口；端口 0 表示任选一个空闲端口 [默认：127.0.0.1:8080]"
    ))]
    address: Option<Address>,
}

impl OwnAddress {
    /// The address to bind.
    pub fn to_bind(&self) -> Address {
        self.address.clone().unwrap_or_default()
    }
}

/// Where a server listens that a class may use.
#[derive(clap::Args, Clone, Debug)]
pub struct ListenAddress {
    #[command(flatten)]
    own: OwnAddress,
    #[arg(long, help = t!(
        "Listen on all addresses and show what others on the LAN type",
        "监听所有地址，并显示局域网里的同学该输入的命令"
    ))]
    lan: bool,
}

/// clap shows the message of whatever error its parser gives.
fn parse_address(typed: &str) -> Result<Address, String> {
    typed.parse()
}

impl ListenAddress {
    /// The address to bind; with `--lan` that of every interface.
    ///
    /// # Errors
    /// `--lan` together with a host.
    pub fn to_bind(&self) -> anyhow::Result<Address> {
        let address = self.own.to_bind();
        if !self.lan {
            return Ok(address);
        }
        if address.host.is_some() {
            return Err(Usage(t!(
                "--lan listens on every address: give only a port",
                "--lan 监听所有地址：只写端口就行"
            ))
            .into());
        }
        Ok(Address { host: Some("0.0.0.0".into()), port: address.port })
    }

    /// Tells what others type to reach a server at `port`, where it is on the LAN.
    pub fn tell_others(&self, client: &str, port: u16) {
        if !self.lan {
            return;
        }
        let addresses = lan_addresses();
        if addresses.is_empty() {
            screen::talk(&t!("this machine has no address on a LAN yet", "这台机器还没有局域网地址"));
        }
        for ip in addresses {
            screen::talk(&t!("others type: {client} {ip}:{port}", "其他人输入：{client} {ip}:{port}"));
        }
    }
}

/// Where a client finds its server.
#[derive(clap::Args, Clone, Debug)]
pub struct ServerAddress {
    #[arg(value_name = t!("ADDRESS", "地址"), default_value = "127.0.0.1:8080", value_parser = parse_address, help = t!(
        "The server: HOST:PORT, HOST, :PORT or PORT",
        "服务器：主机:端口、主机、:端口 或 端口"
    ))]
    /// The address as typed.
    pub address: Address,
}

/// The textbook's way, and what goes with it.
#[derive(clap::Args, Clone, Debug)]
pub struct Textbook {
    /// Whether to behave exactly as the textbook's program.
    #[arg(long, help = t!(
        "The textbook's way: one message each way in turn, nothing around it on the wire",
        "课本写法：双方轮流各发一条，网络上只传消息本身"
    ))]
    pub classic: bool,
    /// What one `recv` takes at most, in bytes.
    #[arg(long, value_name = t!("BYTES", "字节"), value_parser = parse_bufsize, help = t!(
        "What one recv takes at most (with --once and --classic) [default: 1024]",
        "一次 recv 最多取多少字节（用于 --once 和 --classic） [默认：1024]"
    ))]
    pub bufsize: Option<usize>,
}

impl Textbook {
    /// Over TCP the size of a `recv` is for the textbook's ways.
    ///
    /// # Errors
    /// `--bufsize` without `--classic` and not `once`.
    pub fn check(&self, once: bool) -> Result<(), Usage> {
        if self.bufsize.is_none() || once || self.classic {
            return Ok(());
        }
        Err(Usage(t!("--bufsize is for --once and --classic", "--bufsize 只能和 --once 或 --classic 一起用")))
    }

    /// What one `recv` takes at most in the textbook's way, in bytes.
    pub fn recv_size(&self) -> usize {
        self.bufsize.unwrap_or(1024)
    }
}

/// `--bufsize` where one `recvfrom` takes one datagram.
pub fn datagram_bufsize(argument: clap::Arg) -> clap::Arg {
    argument.help(t!(
        "What one recvfrom takes at most [default: a whole datagram, with --classic 1024]",
        "一次 recvfrom 最多取多少字节 [默认：一个完整的数据报，--classic 时 1024]"
    ))
}

/// What the peer's bytes are.
#[derive(clap::Args, Clone, Copy, Debug)]
pub struct Encoding {
    /// The encoding of what is received and sent.
    #[arg(long = "encoding", value_name = t!("LABEL", "编码"), default_value = "utf-8", add = completion::encodings(), help = t!(
        "Encoding of what is sent and received: utf-8, gbk, …",
        "收发文字的编码：utf-8、gbk 等"
    ))]
    pub charset: Charset,
}

/// The largest `--bufsize`: what one datagram could hold and more.
const MAX_BUFSIZE: usize = 1024 * 1024;

/// Reads `--bufsize`, in bytes.
///
/// # Errors
/// A sentence for the person who typed it.
fn parse_bufsize(typed: &str) -> Result<usize, String> {
    let size = typed.parse().ok().filter(|size| (1..=MAX_BUFSIZE).contains(size));
    size.ok_or_else(|| t!("a buffer has 1 to {MAX_BUFSIZE} bytes", "缓冲区是 1 到 {MAX_BUFSIZE} 字节"))
}

/// The largest number of anything on a command line: threads that a usual system lets one process have.
const MAX_COUNT: u16 = 30_000;

/// Reads a number of things, 0 included.
///
/// # Errors
/// A sentence for the person who typed it.
pub fn parse_count(typed: &str) -> Result<u16, String> {
    let count = typed.parse().ok().filter(|count| *count <= MAX_COUNT);
    count.ok_or_else(|| t!("a number up to {MAX_COUNT}", "应为不超过 {MAX_COUNT} 的整数"))
}

/// Reads a number of clients, at least 1.
///
/// # Errors
/// A sentence for the person who typed it.
pub fn parse_clients(typed: &str) -> Result<usize, String> {
    parse_times(typed).map(usize::from)
}

/// Reads how many times, at least 1.
///
/// # Errors
/// A sentence for the person who typed it.
pub fn parse_times(typed: &str) -> Result<u16, String> {
    let count = parse_count(typed).ok().filter(|count| *count > 0);
    count.ok_or_else(|| t!("a number from 1 to {MAX_COUNT}", "应为 1 到 {MAX_COUNT} 的整数"))
}

/// Reads a port, 1 to 65535.
///
/// # Errors
/// A sentence for the person who typed it.
pub fn parse_port(typed: &str) -> Result<u16, String> {
    let port = typed.parse().ok().filter(|port| *port > 0);
    port.ok_or_else(|| t!("a port is a number from 1 to 65535", "端口号应为 1 到 65535 的整数"))
}

/// Reads a stratum, 1 to 15.
///
/// # Errors
/// A sentence for the person who typed it.
pub fn parse_stratum(typed: &str) -> Result<u8, String> {
    let stratum = typed.parse().ok().filter(|stratum| (1..=15).contains(stratum));
    stratum.ok_or_else(|| t!("a stratum is 1 to 15", "层级应为 1 到 15 的整数"))
}

/// Reads a time: seconds, or with a unit (`5`, `0.5`, `500ms`, `5s`).
///
/// # Errors
/// A sentence for the person who typed it.
pub fn parse_duration(typed: &str) -> Result<Duration, String> {
    const MAX_SECONDS: f64 = 86_400.0;
    let (number, unit) = match typed.strip_suffix("ms") {
        Some(number) => (number, 0.001),
        None => (typed.strip_suffix('s').unwrap_or(typed), 1.0),
    };
    let seconds = number.parse::<f64>().ok().map(|number| number * unit);
    let seconds = seconds.filter(|seconds| *seconds >= 0.001 && *seconds <= MAX_SECONDS);
    let wrong =
        || t!("a time is seconds, such as 5, 0.5 or 500ms, up to a day", "时间以秒计，比如 5、0.5、500ms，最长一天");
    seconds.map(Duration::from_secs_f64).ok_or_else(wrong)
}

/// Reads a share: `20%`, or `0.2`.
///
/// # Errors
/// A sentence for the person who typed it.
pub fn parse_percent(typed: &str) -> Result<f64, String> {
    let share = match typed.strip_suffix(['%', '％']) {
        Some(percent) => percent.parse::<f64>().ok().map(|percent| percent / 100.0),
        None => typed.parse().ok(),
    };
    let wrong = || t!("a share is 0% to 100%", "比例是 0% 到 100%");
    share.filter(|share| (0.0..=1.0).contains(share)).ok_or_else(wrong)
}

/// Reads a name for the chat room.
///
/// # Errors
/// A sentence for the person who typed it.
pub fn parse_name(typed: &str) -> Result<String, String> {
    room::check_name(typed).map(|()| typed.to_string())
}
