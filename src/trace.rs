//! Every socket call of a program as it happens, for `--trace` and `--trace-file`.
//!
//! [`Traced`] wraps an open socket and has the calls of `std::net` under their own names, so that a page reads as if
//! it used the socket itself. Each call becomes one [`Event`]. With tracing off a call costs one test of a pointer.
//! Somebody may be told of each call before and after it ([`Watcher`]): the lab's `--step` waits for Enter there.

mod pipe;
mod socket;
mod tcp;
mod udp;

use std::fmt;
use std::fs::File;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
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

    /// The first `bytes` of them as text on one line, harmless on a terminal.
    fn quoted(&self, bytes: usize) -> String {
        let text: String = self.text.chars().take(bytes).collect();
        let text = text.replace('\n', "\\n").replace('\t', "\\t");
        let more = if self.length > bytes { "…" } else { "" };
        format!(" \"{}{more}\"", crate::text::escape(&text))
    }
}

impl fmt::Display for Event {
    /// One line: `12:00:00.000001 #2 recv(1024) = 5 "hello" 68656c6c6f`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = self.time.to_zoned(jiff::tz::TimeZone::system()).strftime("%H:%M:%S%.6f");
        write!(f, "{time} {}", self.told(SHOWN_BYTES))?;
        let Some(data) = &self.data else { return Ok(()) };
        let hex = &data.hex[..data.hex.len().min(2 * SHOWN_BYTES)];
        write!(f, " {hex}{}", if data.length > SHOWN_BYTES { "…" } else { "" })
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
        format!("#{socket} {call}({argument}) = {result}{fault}{data}")
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
    pub call: &'static str,
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

/// Where the events of a program's sockets go; [`Trace::off`] for nowhere. Clones share it.
#[derive(Clone, Default)]
pub struct Trace(Option<Source>);

/// Who makes the calls, and who records them.
#[derive(Clone)]
struct Source {
    program: Arc<str>,
    recorder: Arc<Recorder>,
}

struct Recorder {
    sockets: AtomicU32,
    outlet: Arc<Outlet>,
    /// Kept for whoever asks: the lab's verdicts, the tests.
    kept: Option<Mutex<Vec<Event>>>,
    watcher: Option<Arc<dyn Watcher>>,
}

/// Where events are written.
#[derive(Default)]
struct Outlet {
    to_stderr: bool,
    file: Option<Mutex<File>>,
    file_failed: OnceLock<()>,
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
        let outlet = Outlet { to_stderr: stderr, file: file.map(Mutex::new), ..Outlet::default() };
        let recorder = Recorder { sockets: AtomicU32::new(0), outlet: Arc::new(outlet), kept: None, watcher: None };
        Ok(Self(Some(Source { program: program.into(), recorder: Arc::new(recorder) })))
    }

    /// Keeps the events for [`Trace::events`].
    pub fn keep(program: &str) -> Self {
        Self::off().kept(program, None)
    }

    /// A trace of its own, with sockets from 1 on, that goes where this one goes, is kept for [`Trace::events`], and
    /// tells a `watcher` of each call.
    #[must_use]
    pub fn kept(&self, program: &str, watcher: Option<Arc<dyn Watcher>>) -> Self {
        let outlet = self.0.as_ref().map(|source| Arc::clone(&source.recorder.outlet)).unwrap_or_default();
        let recorder = Recorder { sockets: AtomicU32::new(0), outlet, kept: Some(Mutex::default()), watcher };
        Self(Some(Source { program: program.into(), recorder: Arc::new(recorder) }))
    }

    /// The same trace, where `program` makes the calls.
    #[must_use]
    pub fn by(&self, program: &str) -> Self {
        Self(self.0.as_ref().map(|source| Source { program: program.into(), ..source.clone() }))
    }

    /// The events so far of a trace made with [`Trace::keep`], in the order of the calls' returns.
    pub fn events(&self) -> Vec<Event> {
        let kept = self.0.as_ref().and_then(|source| source.recorder.kept.as_ref());
        kept.map(|events| lock(events).clone()).unwrap_or_default()
    }
}

impl Recorder {
    fn record(&self, event: Event) {
        self.outlet.write(&event);
        if let Some(watcher) = &self.watcher {
            watcher.after(&event);
        }
        if let Some(kept) = &self.kept {
            lock(kept).push(event);
        }
    }
}

impl Outlet {
    fn write(&self, event: &Event) {
        if self.to_stderr {
            screen::talk(&event.to_string());
        }
        if let Some(file) = &self.file {
            self.write_to(file, event);
        }
    }

    /// One write a line, since programs get killed.
    fn write_to(&self, file: &Mutex<File>, event: &Event) {
        let mut line = serde_json::to_vec(event).expect("an event has only strings and numbers");
        line.push(b'\n');
        if let Err(error) = lock(file).write_all(&line) {
            let why = errors::reason(&error);
            self.file_failed
                .get_or_init(|| screen::talk(&t!("the trace file has gaps: {why}", "跟踪文件不完整：{why}")));
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

    /// `close(2)`, as a step of its own. A socket that is dropped is closed too, without being announced.
    pub fn close(self) {
        self.announce("close", "");
    }

    /// Makes a call that moves no bytes, and notes it.
    fn call<T>(
        &self,
        name: &'static str,
        argument: impl ToString,
        make: impl FnOnce(&S) -> io::Result<T>,
    ) -> io::Result<T> {
        let Some(track) = &self.track else { return make(&self.socket) };
        let argument = argument.to_string();
        track.announce(name, &argument);
        let result = make(&self.socket);
        track.record(Call::new(name, argument), result.as_ref().map(|_| 0));
        result
    }

    /// Tells a watcher of a call that is about to be made.
    fn announce(&self, name: &'static str, argument: impl ToString) {
        if let Some(track) = &self.track {
            track.announce(name, argument);
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
    source: Source,
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
        Some(Self::of(trace.0.clone()?))
    }

    fn of(source: Source) -> Self {
        let number = source.recorder.sockets.fetch_add(1, Ordering::Relaxed) + 1;
        Self { source, number, local: None, peer: None }
    }

    fn announce(&self, call: &'static str, argument: impl ToString) {
        if let Some(watcher) = &self.source.recorder.watcher {
            let program = self.source.program.to_string();
            watcher.before(&Upcoming { program, socket: self.number, call, argument: argument.to_string() });
        }
    }

    fn record(&self, call: Call<'_>, result: Result<u64, &io::Error>) {
        self.source.recorder.record(Event {
            time: Timestamp::now(),
            program: self.source.program.to_string(),
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

    #[test]
    fn a_watcher_is_told_of_every_call_before_and_after_it() {
        #[derive(Default)]
        struct Told(Mutex<Vec<String>>);
        impl Watcher for Told {
            fn before(&self, call: &Upcoming) {
                lock(&self.0).push(format!("{} {}({})", call.program, call.call, call.argument));
            }
            fn after(&self, event: &Event) {
                lock(&self.0).push(event.told(0));
            }
        }
        let told = Arc::new(Told::default());
        let trace = Trace::off().kept("test", Some(Arc::clone(&told) as Arc<dyn Watcher>));
        let address = "127.0.0.1:0".parse().unwrap();
        let socket = Traced::tcp(address, &trace.by("server")).unwrap();
        socket.bind(address).unwrap();
        socket.close();
        let expected = [
            "server socket(AF_INET, SOCK_STREAM)",
            "#1 socket(AF_INET, SOCK_STREAM) = 1",
            "server bind(127.0.0.1:0)",
            "#1 bind(127.0.0.1:0) = 0",
            "server close()",
            "#1 close() = 0",
        ];
        assert_eq!(*lock(&told.0), expected);
        assert!(trace.events().iter().all(|event| event.program == "server"));
    }
}
