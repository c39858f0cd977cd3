//! What is told of a call: before it is made, and when it has returned.

use std::fmt;
use std::net::SocketAddr;

use jiff::Timestamp;
use serde::de::IntoDeserializer as _;
use serde::de::value::Error as Unknown;
use serde::{Deserialize, Serialize};

use crate::t;

/// How many bytes of a call a line on the terminal shows.
const SHOWN_BYTES: usize = 48;

/// How many bytes of a call an event keeps: the textbook's `recv(1024)` is there whole.
const KEPT_BYTES: usize = 1024;

/// One socket call: what was asked, what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Wall-clock time at which the call was made, where it waits for nobody; of one that receives, when it returned.
    pub time: Timestamp,
    /// The program's name.
    pub program: String,
    /// Its process id.
    pub pid: u32,
    /// The socket's number in this program: 1 for the first that was opened, 0 for none of its own.
    pub socket: u32,
    /// Which one.
    pub call: Call,
    /// Its argument: an address, a length in bytes, an option.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub argument: String,
    /// The socket's own address, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local: Option<SocketAddr>,
    /// The other side's address, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<SocketAddr>,
    /// What was done to this datagram on purpose (`--loss` and its like).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
    /// What the call returned.
    pub result: Outcome,
    /// The bytes that were sent or received.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Data>,
}

/// A call, under its name in the manual pages: PROTOCOL.md has the list, and the lab's diagram draws each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "each is the manual page of that name")]
pub enum Call {
    Socket,
    Setsockopt,
    Fcntl,
    Bind,
    Listen,
    Accept,
    Connect,
    Send,
    Sendto,
    Sendmsg,
    Recv,
    Recvfrom,
    Recvmsg,
    Shutdown,
    Close,
    Pipe,
    Read,
    /// A process has a copy of the socket from the one that has started it: what `fork` returns in the child.
    Fork,
    /// The process has ended without `close`, and so the system closed the socket.
    Exit,
    /// No call: the TCP state that the system's table showed.
    State,
    /// One that none of our programs makes: a file may come from another program, or from a later version.
    #[serde(untagged)]
    Other(String),
}

/// As in a file.
impl From<&str> for Call {
    fn from(name: &str) -> Self {
        Self::deserialize(name.into_deserializer()).unwrap_or_else(|_: Unknown| Self::Other(name.into()))
    }
}

/// As in a file.
impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// What a call returned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It succeeded with a number: bytes moved, a new socket's number, or 0.
    Ok(u64),
    /// It failed: the error's name and number (`ECONNRESET 104`).
    Error(String),
}

/// What a bad network did to a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fault {
    /// It never arrived.
    Lost,
    /// This is its second copy.
    Duplicated,
    /// The next one has overtaken it.
    Reordered,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&match self {
            Self::Lost => t!("lost on purpose", "故意丢弃"),
            Self::Duplicated => t!("duplicated on purpose", "故意重复"),
            Self::Reordered => t!("reordered on purpose", "故意乱序"),
        })
    }
}

/// Bytes as text and as hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Data {
    /// How many there were, in bytes; `hex` may hold only the first 1,024.
    pub length: usize,
    /// As text, malformed bytes as U+FFFD.
    pub text: String,
    /// Two digits a byte.
    pub hex: String,
}

impl Data {
    pub(super) fn of(bytes: &[u8]) -> Self {
        Self::beginning(bytes.len(), bytes)
    }

    /// Of so many bytes, of which these are the first.
    pub fn beginning(length: usize, bytes: &[u8]) -> Self {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let kept = &bytes[..bytes.len().min(length).min(KEPT_BYTES)];
        let digits = kept.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        let hex = digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect();
        Self { length, text: String::from_utf8_lossy(kept).into_owned(), hex }
    }

    /// The first `bytes` of them as text on one line, harmless on a terminal.
    pub fn quoted(&self, bytes: usize) -> String {
        let text: String = self.text.chars().take(bytes).collect();
        let more = if self.length > bytes { "…" } else { "" };
        format!(" \"{}{more}\"", crate::text::escape_line(&text))
    }
}

impl fmt::Display for Event {
    /// One line: `12:00:00.000001 #2 recv(1024) = 5 "hello" 68656c6c6f`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = self.time.to_zoned(jiff::tz::TimeZone::system()).strftime("%H:%M:%S%.6f");
        write!(f, "{time} {}", self.told(SHOWN_BYTES))?;
        let Some(data) = &self.data else { return Ok(()) };
        // The digits of an event that was read from a file can be anything.
        let hex: String = data.hex.chars().take(2 * SHOWN_BYTES).collect();
        write!(f, " {}{}", crate::text::escape_line(&hex), if data.length > SHOWN_BYTES { "…" } else { "" })
    }
}

impl Event {
    /// The call and what came of it, with at most `bytes` of its bytes as text: `#2 recv(1024) = 5 "hello"`.
    pub fn told(&self, bytes: usize) -> String {
        let Self { socket, call, argument, .. } = self;
        let result = match &self.result {
            Outcome::Ok(number) => number.to_string(),
            Outcome::Error(error) => format!("-1 {error}"),
        };
        let fault = self.fault.map(|fault| format!(" [{fault}]")).unwrap_or_default();
        let data = self.data.as_ref().map(|data| data.quoted(bytes)).unwrap_or_default();
        let number = if *socket == 0 { String::new() } else { format!("#{socket} ") };
        let called = match call {
            Call::State => format!("{number}[{argument}]"),
            _ => format!("{number}{call}({argument}) = {result}"),
        };
        format!("{}{fault}{data}", crate::text::escape_line(&called))
    }
}

/// A call that is about to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upcoming {
    /// Who makes it: [`Event::program`].
    pub program: String,
    /// On which socket: [`Event::socket`].
    pub socket: u32,
    /// [`Event::call`].
    pub call: Call,
    /// As far as it is known before: [`Event::argument`].
    pub argument: String,
}

/// Somebody who is told of each call before it is made and when it has returned. The call waits meanwhile.
pub trait Watcher: Send + Sync {
    /// The call is about to be made.
    fn before(&self, call: &Upcoming);
    /// It has returned.
    fn after(&self, event: &Event);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event() -> Event {
        Event {
            time: "2026-01-02T03:04:05.000006Z".parse().unwrap(),
            program: "tcp-chat-client".into(),
            pid: 7,
            socket: 2,
            call: Call::Recv,
            argument: "1024".into(),
            local: Some("127.0.0.1:50000".parse().unwrap()),
            peer: Some("127.0.0.1:8080".parse().unwrap()),
            fault: None,
            result: Outcome::Ok(7),
            data: Some(Data::of("你\n\x1bok".as_bytes())),
        }
    }

    #[test]
    fn the_json_line_is_pinned_and_reads_back() {
        let line = serde_json::to_string(&event()).unwrap();
        assert_eq!(
            line,
            r#"{"time":"2026-01-02T03:04:05.000006Z","program":"tcp-chat-client","pid":7,"socket":2,"call":"recv","argument":"1024","local":"127.0.0.1:50000","peer":"127.0.0.1:8080","result":{"ok":7},"data":{"length":7,"text":"你\n\u001bok","hex":"e4bda00a1b6f6b"}}"#
        );
        assert_eq!(serde_json::from_str::<Event>(&line).unwrap(), event());
    }

    #[test]
    fn a_call_has_the_same_name_in_a_file_and_for_a_person() {
        let known =
            [Call::Socket, Call::Setsockopt, Call::Fcntl, Call::Bind, Call::Listen, Call::Accept, Call::Connect];
        let known = known.into_iter().chain([Call::Send, Call::Sendto, Call::Sendmsg]);
        let known = known.chain([Call::Recv, Call::Recvfrom, Call::Recvmsg, Call::Shutdown]);
        let known = known.chain([Call::Close, Call::Pipe, Call::Read]);
        let known: Vec<_> = known.chain([Call::Fork, Call::Exit, Call::State]).collect();
        let told: Vec<_> = known.iter().map(ToString::to_string).collect();
        let names = "socket setsockopt fcntl bind listen accept connect send sendto sendmsg recv recvfrom recvmsg shutdown close pipe read fork exit state";
        assert_eq!(told.join(" "), names);
        let sendmmsg = Call::Other("sendmmsg".into());
        for call in known.into_iter().chain([sendmmsg, Call::Other("Send".into()), Call::Other(String::new())]) {
            let json = serde_json::to_string(&call).unwrap();
            assert_eq!(json, format!("\"{call}\""));
            assert_eq!(serde_json::from_str::<Call>(&json).unwrap(), call);
            assert_eq!(Call::from(call.to_string().as_str()), call);
        }
    }

    #[test]
    fn the_line_for_a_person_is_one_line_without_escapes() {
        let shown = event().to_string();
        assert!(shown.ends_with(r#" #2 recv(1024) = 7 "你\n\x1bok" e4bda00a1b6f6b"#), "{shown}");
        let failed = Event { result: Outcome::Error("ECONNRESET 104".into()), data: None, ..event() };
        assert!(failed.to_string().ends_with(" #2 recv(1024) = -1 ECONNRESET 104"), "{failed}");
        // A line of a file may say anything, digits of three bytes each where the hexadecimal ones should be included.
        let data = Data { hex: "十\x1b".repeat(96), ..Data::of(b"x") };
        let read = Event { call: "a\nb".into(), argument: "\u{202e}".into(), data: Some(data), ..event() };
        assert!(read.to_string().contains(r#" #2 a\nb(\u{202e}) = 7 "x" 十\x1b十"#), "{read}");
    }

    #[test]
    fn an_event_keeps_the_first_1024_bytes_and_the_length_of_all() {
        let data = Data::of(&[b'x'; 5000]);
        assert_eq!((data.length, data.hex.len()), (5000, 2048));
    }
}
