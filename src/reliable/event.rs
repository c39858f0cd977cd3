//! What a client has to tell: above all whether a command that has no outcome may have run.

use super::wire::MAX_COMMAND;
use crate::remote::{Outcome, Output};
use crate::t;

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
    /// No server with this key has answered within [`super::GIVE_UP`], or none is there.
    Unreached,
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
    /// The server does not know the session: it was started after it.
    Gone,
    /// The server had taken this client for gone, and stopped the command.
    Expired,
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
