//! How a remote command has ended, as the two sides tell each other, over TCP in a frame and over UDP in a message.

use crate::t;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// By itself, with this status: 0 to 255 on Unix, any number on Windows.
    Exited(u32),
    /// By a signal of this number.
    Signalled(u8),
    /// By the server, whose time limit was over.
    TimeLimit,
    /// It never ran: the system could not start a shell.
    NotStarted,
}

/// The length of an outcome on the wire, in bytes.
const OUTCOME_LENGTH: usize = 5;

impl Outcome {
    /// As bytes: one for the way, four for the number in network byte order.
    pub fn encode(self) -> [u8; OUTCOME_LENGTH] {
        let (way, number) = match self {
            Self::Exited(status) => (0, status),
            Self::Signalled(signal) => (1, signal.into()),
            Self::TimeLimit => (2, 0),
            Self::NotStarted => (3, 0),
        };
        let mut bytes = [way, 0, 0, 0, 0];
        bytes[1..].copy_from_slice(&number.to_be_bytes());
        bytes
    }

    /// What [`Outcome::encode`] wrote; `None` for anything else.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let [way, number @ ..] = <[u8; OUTCOME_LENGTH]>::try_from(bytes).ok()?;
        match (way, u32::from_be_bytes(number)) {
            (0, status) => Some(Self::Exited(status)),
            (1, signal) => Some(Self::Signalled(u8::try_from(signal).ok()?)),
            (2, 0) => Some(Self::TimeLimit),
            (3, 0) => Some(Self::NotStarted),
            _ => None,
        }
    }

    /// The status that a client ends with, as shells have it: 128 and the signal, 124 for a time limit (timeout(1)),
    /// 255 where nothing ran. A status that does not fit in a byte is a failure too.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Exited(status) => u8::try_from(status).unwrap_or(u8::MAX),
            Self::Signalled(signal) => signal.saturating_add(128),
            Self::TimeLimit => 124,
            Self::NotStarted => u8::MAX,
        }
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&match self {
            Self::Exited(status) => t!("exit status {status}", "退出状态 {status}"),
            Self::Signalled(signal) => t!("ended by signal {signal}", "被信号 {signal} 终止"),
            Self::TimeLimit => t!("stopped at the time limit", "超过时限，已终止"),
            Self::NotStarted => t!("the system could not start it", "系统无法启动它"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_reads_back_and_has_its_exit_code() {
        let table = [
            (Outcome::Exited(0), [0, 0, 0, 0, 0], 0),
            (Outcome::Exited(44), [0, 0, 0, 0, 44], 44),
            (Outcome::Exited(0xc000_0005), [0, 0xc0, 0, 0, 5], 255),
            (Outcome::Signalled(9), [1, 0, 0, 0, 9], 137),
            (Outcome::TimeLimit, [2, 0, 0, 0, 0], 124),
            (Outcome::NotStarted, [3, 0, 0, 0, 0], 255),
        ];
        for (outcome, bytes, code) in table {
            assert_eq!((outcome.encode(), Outcome::decode(&bytes)), (bytes, Some(outcome)));
            assert_eq!(outcome.exit_code(), code, "{outcome:?}");
        }
    }

    #[test]
    fn what_is_no_outcome_is_refused() {
        for bytes in [&b""[..], &[0; 4], &[0; 6], &[4, 0, 0, 0, 0], &[1, 0, 0, 1, 0], &[2, 0, 0, 0, 1]] {
            assert_eq!(Outcome::decode(bytes), None, "{bytes:?}");
        }
    }
}
