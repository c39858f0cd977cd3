//! The options of the programs that run commands, and of those that want them run.

use std::path::PathBuf;
use std::time::Duration;

use clap::Arg;

use crate::cli::completion;
use crate::cli::effect::{Effect, not_with, only_with};
use crate::cli::options::RECV_SIZE;
use crate::exec::key;
use crate::t;
use crate::text::Charset;
use crate::text::typed::{parse_bufsize, parse_clients, parse_duration};

/// How long a command may run, unless it is said otherwise.
const TIME: Duration = Duration::from_secs(300);

/// The same in the textbook's way, where one command keeps all others waiting.
const CLASSIC_TIME: Duration = Duration::from_secs(30);

/// The two ways of running commands, for servers and clients alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// As the textbook's programs: bare text, on this machine, for whoever says the server's code first.
    Classic,
    /// For whoever has the key: with a proof of that, whole outputs, and the exit status.
    Keyed,
}

/// The textbook's way of running commands.
#[derive(clap::Args, Clone, Debug)]
pub struct CommandTextbook {
    #[arg(long, help = t!(
        "The textbook's way: one recv is one command, its output comes back bare",
        "课本写法：一次 recv 就是一条命令，输出原样送回"
    ))]
    classic: bool,
    #[arg(long, value_name = t!("BYTES", "字节"), value_parser = parse_bufsize, add = only_with(&["--classic"]), help = t!(
        "What one recv takes at most [default: 1024]",
        "一次 recv 最多取多少字节 [默认：1024]"
    ))]
    bufsize: Option<usize>,
}

impl CommandTextbook {
    /// Which way it is to be.
    pub fn way(&self) -> Way {
        if self.classic { Way::Classic } else { Way::Keyed }
    }

    /// What one `recv` takes at most, in bytes.
    pub fn recv_size(&self) -> usize {
        self.bufsize.unwrap_or(RECV_SIZE)
    }
}

/// What a server of remote commands is told.
#[derive(clap::Args, Clone, Debug)]
pub struct CommandServer {
    /// The textbook's way.
    #[command(flatten)]
    pub textbook: CommandTextbook,
    /// The key file that was named.
    #[arg(long, value_name = t!("FILE", "文件"), add = no_key(), help = t!(
        "The key, made if it is missing [default: socket-demos/exec.key in your state directory]",
        "密钥文件，没有就生成 [默认：用户状态目录里的 socket-demos/exec.key]"
    ))]
    pub key_file: Option<PathBuf>,
    #[arg(long, value_name = t!("SECONDS", "秒"), value_parser = parse_duration, help = t!(
        "When a command is stopped [default: 300, with --classic 30]",
        "命令运行多久就被停止 [默认：300，--classic 时 30]"
    ))]
    timeout: Option<Duration>,
    /// How many are served at the same time.
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = parse_clients, add = one_by_one(), help = t!(
        "How many clients are served at the same time",
        "最多同时服务多少个客户端"
    ))]
    pub max_clients: usize,
}

/// `--bufsize` where one `recvfrom` takes one datagram.
pub fn datagram_bufsize(argument: Arg) -> Arg {
    argument.help(t!("What one recvfrom takes at most [default: 1024]", "一次 recvfrom 最多取多少字节 [默认：1024]"))
}

/// `--classic` over UDP.
pub fn datagram_classic(argument: Arg) -> Arg {
    argument.help(t!(
        "The textbook's way: one datagram is one command, its output comes back bare in another",
        "课本写法：一个数据报就是一条命令，输出原样装在另一个数据报里送回"
    ))
}

/// `--max-clients` over UDP, where commands are counted: nobody stays connected.
pub fn commands_at_once(argument: Arg) -> Arg {
    argument.help(t!("How many commands run at the same time", "最多同时执行多少条命令"))
}

fn no_key() -> Effect {
    not_with(&["--classic"], t!("the textbook's way knows no key", "课本写法没有密钥"))
}

fn one_by_one() -> Effect {
    not_with(&["--classic"], t!("the textbook's way serves one after the other", "课本写法一个接一个地服务"))
}

fn no_end() -> Effect {
    let why = t!(
        "the textbook's way tells neither where an output ends nor a status",
        "课本写法不知道输出到哪里结束，也没有退出状态"
    );
    not_with(&["--classic"], why)
}

fn always_escaped() -> Effect {
    not_with(&["--classic"], t!("its answers are always shown escaped", "这种写法总是转义控制字符"))
}

impl CommandServer {
    /// How long a command may run.
    pub fn time_limit(&self) -> Duration {
        self.timeout.unwrap_or(match self.textbook.way() {
            Way::Classic => CLASSIC_TIME,
            Way::Keyed => TIME,
        })
    }

    /// The key file: the one that was named, or this user's own.
    ///
    /// # Errors
    /// This user has no place for one.
    pub fn key_file(&self) -> anyhow::Result<PathBuf> {
        self.key_file.clone().map_or_else(key::default_path, Ok)
    }
}

/// What a client of remote commands is told.
#[derive(clap::Args, Clone, Debug)]
pub struct CommandClient {
    /// The one command to run.
    #[arg(short, long, value_name = t!("COMMAND", "命令"), add = no_end(), help = t!(
        "Run one command and end with its status",
        "只执行一条命令，并以它的退出状态结束"
    ))]
    pub command: Option<String>,
    /// The textbook's way.
    #[command(flatten)]
    pub textbook: CommandTextbook,
    #[arg(long, value_name = t!("FILE", "文件"), add = no_key(), help = t!(
        "The server's key [default: socket-demos/exec.key in your state directory]",
        "服务器的密钥文件 [默认：用户状态目录里的 socket-demos/exec.key]"
    ))]
    key_file: Option<PathBuf>,
    /// The encoding of the outputs, where the server is not to be believed.
    #[arg(long = "encoding", value_name = t!("LABEL", "编码"), add = completion::encodings(), help = t!(
        "Encoding of the output: utf-8, gbk, … [default: what the server says, with --classic the system's]",
        "输出的编码：utf-8、gbk 等 [默认：以服务器声明的为准，--classic 时用系统的]"
    ))]
    pub charset: Option<Charset>,
    /// Whether a terminal gets the output as it is.
    #[arg(long, add = always_escaped(), help = t!(
        "Show the output on a terminal as it is, control characters included",
        "输出原样显示在终端上，控制字符也不转义"
    ))]
    pub raw: bool,
}

impl CommandClient {
    /// The key file: the one that was named, or this user's own.
    ///
    /// # Errors
    /// This user has no place for one.
    pub fn key_file(&self) -> anyhow::Result<PathBuf> {
        self.key_file.clone().map_or_else(key::default_path, Ok)
    }
}
