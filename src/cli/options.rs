//! The options that programs share. Those of a bad network are in [`crate::net::faults`], those of remote commands in
//! `exec/options.rs`; an option of one program is in its own `args.rs`.

use std::env;
use std::io::{self, IsTerminal as _};
use std::path::PathBuf;

use clap::ValueEnum;

use crate::cli::effect::{Effect, always, not_with, only_with};
use crate::cli::{Usage, completion};
use crate::lang::Lang;
use crate::net::Trace;
use crate::net::address::{Address, lan_addresses};
use crate::net::datagrams::MAX_DATAGRAM;
use crate::terminal::screen::{self, Output};
use crate::text::{self, Charset, typed};
use crate::{errors, invocation, t};

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
        "Colours: auto, always, never",
        "是否用颜色：auto 自动、always 总是、never 从不"
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

    /// Colours what goes to a terminal, unless something else is wanted (<https://no-color.org>).
    pub(crate) fn choose_colors(&self) {
        let unwanted = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        for (output, is_terminal) in
            [(Output::Out, io::stdout().is_terminal()), (Output::Err, io::stderr().is_terminal())]
        {
            let on = match self.color {
                When::Auto => is_terminal && !unwanted,
                When::Always => true,
                When::Never => false,
            };
            screen::set_color(output, on);
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
        let (client, addresses) = (invocation::typed(client), lan_addresses());
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

/// The textbook's `recv(1024)`.
pub const RECV_SIZE: usize = 1024;

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
    #[arg(long, value_name = t!("BYTES", "字节"), value_parser = typed::parse_bufsize, add = only_with(&["--once", "--classic"]), help = t!(
        "What one recv takes at most (with --once and --classic) [default: 1024]",
        "一次 recv 最多取多少字节（用于 --once 和 --classic） [默认：1024]"
    ))]
    pub bufsize: Option<usize>,
}

impl Textbook {
    /// What one `recv` takes at most in the textbook's way, in bytes.
    pub fn recv_size(&self) -> usize {
        self.bufsize.unwrap_or(RECV_SIZE)
    }

    /// What one `recvfrom` takes at most outside the textbook's way, in bytes: a whole datagram.
    pub fn datagram_size(&self) -> usize {
        self.bufsize.unwrap_or(MAX_DATAGRAM)
    }
}

/// What is for the chat room alone.
pub fn in_the_room() -> Effect {
    not_with(&["--once", "--classic"], t!("it is for the chat room", "它只用于聊天室"))
}

/// `--seed` decides what chance does; a delay is the same for all. (It is declared in a wing below this one.)
pub(crate) fn seed_for_chance(argument: clap::Arg) -> clap::Arg {
    if argument.get_long() == Some("seed") {
        return argument.add(only_with(&["--loss", "--duplicate", "--reorder"]));
    }
    argument
}

/// `--bufsize` where one `recvfrom` takes one datagram, in every way.
pub fn datagram_bufsize(argument: clap::Arg) -> clap::Arg {
    argument.add(always()).help(t!(
        "What one recvfrom takes at most [default: a whole datagram, with --classic 1024]",
        "一次 recvfrom 最多取多少字节 [默认：一个完整的数据报，--classic 时 1024]"
    ))
}

/// `--timeout` of a client that says when there is no answer: the textbook's does not.
pub fn patience(argument: clap::Arg) -> clap::Arg {
    argument.add(not_with(&["--classic"], t!("the textbook's client waits for ever", "课本的客户端会一直等下去")))
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
