//! How calls ended, for sentences and for JSON.

use std::fmt;
use std::io;

use serde::{Serialize, Serializer};

use socket_demos::{errors, t};

/// What a `recv` or `read` gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Got {
    /// So many bytes; none at all is the end of a stream, or an empty datagram.
    Bytes(Vec<u8>),
    /// It would still wait.
    Nothing,
    /// The error's name and number.
    Error(String),
}

impl Got {
    pub(super) fn of(result: io::Result<usize>, buffer: &[u8]) -> Self {
        match result {
            Ok(received) => Self::Bytes(buffer[..received].to_vec()),
            Err(error) if errors::is_timeout(&error) => Self::Nothing,
            Err(error) => Self::Error(errors::code(&error)),
        }
    }

    /// The bytes; none where there were none.
    pub(super) fn bytes(&self) -> &[u8] {
        if let Self::Bytes(bytes) = self { bytes } else { &[] }
    }

    /// They as text.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(self.bytes()).into_owned()
    }

    /// Whether it gave 0 bytes.
    pub(super) fn is_empty(&self) -> bool {
        matches!(self, Self::Bytes(bytes) if bytes.is_empty())
    }

    /// Whether it was an error that says that nobody is there: Windows calls it a reset.
    pub(super) fn is_refusal(&self) -> bool {
        matches!(self, Self::Error(code) if code.contains("CONNREFUSED") || code.contains("CONNRESET"))
    }

    /// Whether it was an error.
    pub(super) fn is_error(&self) -> bool {
        matches!(self, Self::Error(_))
    }
}

impl fmt::Display for Got {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => {
                let (length, plural) = (bytes.len(), if bytes.len() == 1 { "" } else { "s" });
                f.write_str(&t!("{length} byte{plural}", "{length} 字节"))
            }
            Self::Nothing => f.write_str(&t!("nothing", "没有收到")),
            Self::Error(code) => f.write_str(code),
        }
    }
}

/// As a number of bytes, or as the word for what came instead.
impl Serialize for Got {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Bytes(bytes) => serializer.serialize_u64(bytes.len() as u64),
            Self::Nothing => serializer.serialize_str("nothing"),
            Self::Error(code) => serializer.serialize_str(code),
        }
    }
}

/// How a call went that moves no bytes, or of which only that matters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Went {
    Well,
    /// The error's name and number.
    Wrong(String),
}

impl Went {
    pub(super) fn of<T>(result: &io::Result<T>) -> Self {
        result.as_ref().err().map_or(Self::Well, |error| Self::Wrong(errors::code(error)))
    }

    /// Whether it failed with an error of that name.
    pub(super) fn failed_with(&self, name: &str) -> bool {
        matches!(self, Self::Wrong(code) if code.contains(name))
    }

    /// Whether it failed.
    pub(super) fn failed(&self) -> bool {
        matches!(self, Self::Wrong(_))
    }
}

impl fmt::Display for Went {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Well => f.write_str(&t!("success", "成功")),
            Self::Wrong(code) => f.write_str(&t!("failure ({code})", "失败（{code}）")),
        }
    }
}

/// As `ok`, or as the error.
impl Serialize for Went {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Well => serializer.serialize_str("ok"),
            Self::Wrong(code) => serializer.serialize_str(code),
        }
    }
}
