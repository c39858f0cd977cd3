//! Every socket call of a program as it happens, for `--trace` and `--trace-file`.
//!
//! [`Traced`] wraps an open socket and has the calls of `std::net` under their own names, so that a page reads as if
//! it used the socket itself. Each call becomes one [`Event`]. With tracing off a call costs one test of a pointer.

mod socket;
mod tcp;
mod udp;

use std::fmt;
use std::fs::File;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{errors, screen, t};

/// How many bytes of a call a line on the terminal shows.
const SHOWN_BYTES: usize = 48;

/// How many bytes of a call an event keeps: the textbook's `recv(1024)` is there whole.
const KEPT_BYTES: usize = 1024;

/// One socket call: what was asked, what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Wall-clock time at which the call returned.
    pub time: Timestamp,
    /// The program's name.
    pub program: String,
    /// Its process id.
    pub pid: u32,
    /// The socket's number in this program: 1 for the first that was opened.
    pub socket: u32,
    /// The call's name as in the manual pages: `socket`, `bind`, `accept`, `recv`, …
    pub call: String,
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
    fn of(bytes: &[u8]) -> Self {
        let kept = &bytes[..bytes.len().min(KEPT_BYTES)];
        let hex = kept.iter().map(|byte| format!("{byte:02x}")).collect();
        Self { length: bytes.len(), text: String::from_utf8_lossy(kept).into_owned(), hex }
    }
}

impl fmt::Display for Event {
    /// One line: `12:00:00.000001 #2 recv(1024) = 5 "hello" 68656c6c6f`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = self.time.to_zoned(jiff::tz::TimeZone::system()).strftime("%H:%M:%S%.6f");
        write!(f, "{time} #{} {}({})", self.socket, self.call, self.argument)?;
        match &self.result {
            Outcome::Ok(number) => write!(f, " = {number}")?,
            Outcome::Error(error) => write!(f, " = -1 {error}")?,
        }
        if let Some(fault) = &self.fault {
            write!(f, " [{fault}]")?;
        }
        let Some(data) = &self.data else { return Ok(()) };
        let text: String = data.text.chars().take(SHOWN_BYTES).collect();
        let hex = &data.hex[..data.hex.len().min(2 * SHOWN_BYTES)];
        let more = if data.length > SHOWN_BYTES { "…" } else { "" };
        let text = text.replace('\n', "\\n").replace('\t', "\\t");
        write!(f, " \"{}{more}\" {hex}{more}", crate::text::escape(&text))
    }
}

/// Where the events of a program's sockets go; [`Trace::off`] for nowhere. Clones share it.
#[derive(Clone, Default)]
pub struct Trace(Option<Arc<Recorder>>);

struct Recorder {
    program: String,
    sockets: AtomicU32,
    to_stderr: bool,
    file: Option<Mutex<File>>,
    file_failed: std::sync::Once,
    /// Kept for whoever asks: the lab's verdicts, the tests.
    kept: Option<Mutex<Vec<Event>>>,
}

impl Trace {
    /// No trace.
    pub fn off() -> Self {
        Self(None)
    }

    /// To standard error, to `file` as JSON lines (appended), to both, or off where neither is asked for.
    ///
    /// # Errors
    /// Those of opening the file.
    pub fn to(program: &str, stderr: bool, file: Option<&Path>) -> io::Result<Self> {
        if !stderr && file.is_none() {
            return Ok(Self::off());
        }
        let file = file.map(|path| File::options().append(true).create(true).open(path)).transpose()?;
        Ok(Self::record(program, stderr, file, false))
    }

    /// Keeps the events for [`Trace::events`].
    pub fn keep(program: &str) -> Self {
        Self::record(program, false, None, true)
    }

    fn record(program: &str, to_stderr: bool, file: Option<File>, keep: bool) -> Self {
        Self(Some(Arc::new(Recorder {
            program: program.to_string(),
            sockets: AtomicU32::new(0),
            to_stderr,
            file: file.map(Mutex::new),
            file_failed: std::sync::Once::new(),
            kept: keep.then(Mutex::default),
        })))
    }

    /// The events so far of a trace made with [`Trace::keep`], in the order of the calls' returns.
    pub fn events(&self) -> Vec<Event> {
        let kept = self.0.as_ref().and_then(|recorder| recorder.kept.as_ref());
        kept.map(|events| lock(events).clone()).unwrap_or_default()
    }
}

impl Recorder {
    fn record(&self, event: Event) {
        if self.to_stderr {
            screen::talk(&event.to_string());
        }
        if let Some(file) = &self.file {
            self.write(file, &event);
        }
        if let Some(kept) = &self.kept {
            lock(kept).push(event);
        }
    }

    /// One write a line, since programs get killed.
    fn write(&self, file: &Mutex<File>, event: &Event) {
        let mut line = serde_json::to_vec(event).expect("an event has only strings and numbers");
        line.push(b'\n');
        if let Err(error) = lock(file).write_all(&line) {
            let why = errors::reason(&error);
            self.file_failed.call_once(|| screen::talk(&t!("the trace file has gaps: {why}", "跟踪文件不完整：{why}")));
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A socket whose calls are traced, or the bare socket where the trace is off.
pub struct Traced<S> {
    socket: S,
    track: Option<Track>,
}

impl<S> Traced<S> {
    /// The socket itself, for questions that are no part of the lesson.
    pub fn get_ref(&self) -> &S {
        &self.socket
    }

    fn note<T>(&self, name: &str, argument: impl ToString, result: &io::Result<T>) {
        if let Some(track) = &self.track {
            track.record(Call::new(name, argument), result.as_ref().map(|_| 0));
        }
    }

    /// The socket as another of its faces, under the same number.
    fn turn_into<T: From<S>>(self) -> Traced<T> {
        Traced { socket: self.socket.into(), track: self.track }
    }
}

fn milliseconds(timeout: Option<Duration>) -> u128 {
    timeout.unwrap_or_default().as_millis()
}

/// What an event says besides the socket itself.
struct Call<'a> {
    name: &'a str,
    argument: String,
    data: Option<&'a [u8]>,
    peer: Option<SocketAddr>,
    fault: Option<Fault>,
}

impl<'a> Call<'a> {
    fn new(name: &'a str, argument: impl ToString) -> Self {
        Self { name, argument: argument.to_string(), data: None, peer: None, fault: None }
    }
}

/// One socket's place in the trace. It is dropped right behind the socket.
struct Track {
    recorder: Arc<Recorder>,
    number: u32,
    local: Option<SocketAddr>,
    peer: Option<SocketAddr>,
}

impl Drop for Track {
    fn drop(&mut self) {
        self.record(Call::new("close", ""), Ok(0));
    }
}

impl Track {
    fn new(trace: &Trace) -> Option<Self> {
        let recorder = trace.0.clone()?;
        let number = recorder.sockets.fetch_add(1, Ordering::Relaxed) + 1;
        Some(Self { recorder, number, local: None, peer: None })
    }

    fn record(&self, call: Call<'_>, result: Result<u64, &io::Error>) {
        self.recorder.record(Event {
            time: Timestamp::now(),
            program: self.recorder.program.clone(),
            pid: std::process::id(),
            socket: self.number,
            call: call.name.to_string(),
            argument: call.argument,
            local: self.local,
            peer: call.peer.or(self.peer),
            fault: call.fault,
            result: result.map_or_else(|error| Outcome::Error(errors::code(error)), Outcome::Ok),
            data: call.data.map(Data::of),
        });
    }
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
            call: "recv".into(),
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
    fn the_line_for_a_person_is_one_line_without_escapes() {
        let shown = event().to_string();
        assert!(shown.ends_with(r#" #2 recv(1024) = 7 "你\n\x1bok" e4bda00a1b6f6b"#), "{shown}");
        let failed = Event { result: Outcome::Error("ECONNRESET 104".into()), data: None, ..event() };
        assert!(failed.to_string().ends_with(" #2 recv(1024) = -1 ECONNRESET 104"), "{failed}");
    }

    #[test]
    fn an_event_keeps_the_first_1024_bytes_and_the_length_of_all() {
        let data = Data::of(&[b'x'; 5000]);
        assert_eq!((data.length, data.hex.len()), (5000, 2048));
    }

    #[test]
    fn the_calls_of_a_connection_are_kept_in_their_order() {
        use std::io::{Read as _, Write as _};
        let trace = Trace::keep("test");
        let address = "127.0.0.1:0".parse().unwrap();
        let listener = Traced::tcp(address, &trace).and_then(|s| s.bind(address).and_then(|()| s.listen(1))).unwrap();
        let address = listener.local_addr().unwrap();
        let caller = Traced::tcp(address, &trace).unwrap().connect_timeout(address, Duration::from_secs(9)).unwrap();
        let (answered, peer) = listener.accept().unwrap();
        (&caller).write_all(b"hi").unwrap();
        drop(caller);
        assert_eq!((&answered).read(&mut [0; 8]).unwrap(), 2);
        drop((answered, listener));
        let told: Vec<String> = trace.events().iter().map(|event| format!("{} {}", event.socket, event.call)).collect();
        let expected = "1 socket,1 bind,1 listen,2 socket,2 connect,1 accept,2 send,2 close,3 recv,3 close,1 close";
        assert_eq!(told.join(","), expected);
        assert_eq!(trace.events()[6].local, Some(peer));
    }
}
