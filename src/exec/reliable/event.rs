//! What a client has to tell: above all whether a command that has no outcome may have run.

use super::message::Gone;
use super::wire::MAX_COMMAND;
use crate::exec::protocol::Outcome;
use crate::t;
use crate::terminal::screen::Output;

/// What a client has to tell, in this order: the output, then one of the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The next bytes of an output.
    Show(Output, Vec<u8>),
    /// The command has run, all its output was shown, and this is how it ended.
    Ended(Outcome),
    /// The command has not run, and will not.
    NotRun(NotRun),
    /// The command may have run, wholly, partly or not at all. To ask again would be to risk that it runs twice.
    Unknown(Unknown),
}

/// Why a command has not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotRun {
    /// No server with this key has answered within [`super::GIVE_UP`].
    Unreached,
    /// Nothing listens at the server's address.
    Refused,
    /// The server runs as many as it may, or cannot remember another session.
    Busy,
    /// It was stopped before it was asked for.
    Withdrawn,
}

/// Why nobody knows whether a command has run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// The server has said nothing for [`super::GIVE_UP`].
    Silence,
    /// It has, but nothing of the answer came, although it was sent.
    Stalled,
    /// The command was to be stopped, and then nothing of the answer came for a while.
    NotStopped,
    /// The server does not know the session: it was started after it.
    Gone,
    /// The server has forgotten the session, since it had heard nothing of it for two minutes.
    Forgotten,
    /// Nothing listens at the server's address any more.
    Refused,
    /// The server had taken this client for gone, and stopped the command.
    Expired,
}

impl From<Gone> for Unknown {
    fn from(why: Gone) -> Self {
        match why {
            Gone::Foreign => Self::Gone,
            Gone::Forgotten => Self::Forgotten,
        }
    }
}

impl std::fmt::Display for NotRun {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&match self {
            Self::Unreached => t!(
                "no answer: no udp-exec-server is there, or it has another key; the command was not sent. If it is a textbook's, add --classic",
                "对方没有应答：那里没有 udp-exec-server，或者密钥不一致；命令没有发出。如果是课本写法的服务器，请加 --classic"
            ),
            Self::Refused => t!(
                "connection refused (ECONNREFUSED): nobody is on this port, and the command was not sent",
                "连接被拒绝（ECONNREFUSED）：这个端口上没有程序，命令没有发出"
            ),
            Self::Busy => t!(
                "the server is busy (BUSY): it runs as many commands as it may, and has not run this one; try again later",
                "服务器正忙（BUSY）：同时执行的命令已达上限，这一条没有执行；请稍后再试"
            ),
            Self::Withdrawn => t!("the command was not sent", "命令没有发出"),
        })
    }
}

impl std::fmt::Display for Unknown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let seconds = super::GIVE_UP.as_secs();
        let why = match self {
            Self::Silence => t!("nothing was heard for {seconds} s", "{seconds} 秒没有收到服务器的任何数据报"),
            Self::Stalled => t!(
                "the server answers, but nothing of the output got through for {seconds} s (perhaps the network drops large datagrams)",
                "服务器有应答，但输出的数据报连续 {seconds} 秒一个也没有收到（网络可能丢弃了较大的数据报）"
            ),
            Self::NotStopped => {
                t!("it was asked to stop the command, and nothing of the answer came", "已请求中止命令，但没有收到结果")
            }
            Self::Forgotten => t!(
                "the server has heard nothing for minutes and forgotten the command (perhaps one of the two computers slept)",
                "服务器几分钟没有收到任何数据报，已经不记得这条命令（可能有一台电脑休眠过）"
            ),
            Self::Gone => t!("the server was restarted", "服务器重新启动过"),
            Self::Refused => t!("the server is not there any more", "服务器已经不在了"),
            Self::Expired => t!("the server had given this client up", "服务器认定这个客户端已离开"),
        };
        f.write_str(&t!(
            "outcome unknown: {why}; the command may have run, and is not sent again",
            "结果未知：{why}；命令可能已经执行过，不会再发一次"
        ))
    }
}

/// A command of this many bytes does not fit into a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong(pub usize);

impl std::fmt::Display for TooLong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self(length) = self;
        f.write_str(&t!(
            "the command has {length} bytes, but over UDP it has to fit into one datagram: at most {MAX_COMMAND}",
            "这条命令有 {length} 字节，而用 UDP 时它必须装进一个数据报：最多 {MAX_COMMAND} 字节"
        ))
    }
}

impl std::error::Error for TooLong {}
