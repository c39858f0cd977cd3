//! Every socket call of a program as it happens, for `--trace` and `--trace-file`.
//!
//! [`Traced`] wraps an open socket and has the calls of `std::net` under their own names, so that a page reads as if
//! it used the socket itself. Each call becomes one [`Event`]. With tracing off a call costs one test of a pointer.
//! Somebody may be told of each call before and after it ([`Watcher`]): the lab's `--step` waits for Enter there.

use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;

use super::event::{Call, Data, Event, Fault, Outcome, Upcoming, Watcher};
use super::in_progress::{Ends, Making};
use super::recorder::{Outlet, Recorder};
use crate::errors;
use crate::lock::lock;
use crate::terminal::exit;

/// Where the events of a program's sockets go; [`Trace::off`] for nowhere. Clones share it.
#[derive(Clone, Default)]
pub struct Trace(Option<Source>);

/// Who makes the calls, and who records them.
#[derive(Clone)]
pub(super) struct Source {
    program: Arc<str>,
    recorder: Arc<Recorder>,
}

impl Trace {
    /// No trace.
    pub fn off() -> Self {
        Self(None)
    }

    /// To standard error, to `file` as JSON lines (appended), to both, or off where neither is asked for. The end of the
    /// program is noted too.
    ///
    /// # Errors
    /// Those of opening the file.
    pub fn to(program: &str, stderr: bool, file: Option<&Path>) -> io::Result<Self> {
        if !stderr && file.is_none() {
            return Ok(Self::off());
        }
        let file = file.map(|path| File::options().append(true).create(true).open(path)).transpose()?;
        let outlet = Outlet { to_stderr: stderr, file: file.map(Mutex::new), ..Outlet::default() };
        let recorder = Recorder { outlet: Arc::new(outlet), ..Recorder::default() };
        let source = Source { program: program.into(), recorder: Arc::new(recorder) };
        let own = source.clone();
        exit::at_last(move || own.end());
        Ok(Self(Some(source)))
    }

    /// Whether any call is told.
    pub fn is_on(&self) -> bool {
        self.0.is_some()
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
        let recorder = Recorder { outlet, kept: Some(Mutex::default()), watcher, ..Recorder::default() };
        Self(Some(Source { program: program.into(), recorder: Arc::new(recorder) }))
    }

    /// The same trace, where `program` makes the calls.
    #[must_use]
    pub fn by(&self, program: &str) -> Self {
        Self(self.0.as_ref().map(|source| Source { program: program.into(), ..source.clone() }))
    }

    /// Notes what is no call on a socket of this process, and belongs to a connection all the same: who else has it, how that
    /// one ended, in which state the system's table shows it.
    pub fn note(&self, call: Call, argument: impl ToString, (local, peer): Ends) {
        if let Some(source) = &self.0 {
            let details = Details { local, peer, ..Details::new(call, argument) };
            source.recorder.record(source.event(Timestamp::now(), 0, details, Ok(0)));
        }
    }

    /// The events so far of a trace made with [`Trace::keep`], in the order of the calls' returns.
    pub fn events(&self) -> Vec<Event> {
        let kept = self.0.as_ref().and_then(|source| source.recorder.kept.as_ref());
        kept.map(|events| lock(events).clone()).unwrap_or_default()
    }
}

impl Source {
    fn event(&self, time: Timestamp, socket: u32, details: Details<'_>, result: Result<u64, &io::Error>) -> Event {
        Event {
            time,
            program: self.program.to_string(),
            pid: std::process::id(),
            socket,
            call: details.call,
            argument: details.argument,
            local: details.local,
            peer: details.peer,
            fault: details.fault,
            result: result.map_or_else(|error| Outcome::Error(errors::code(error)), Outcome::Ok),
            data: details.data.map(Data::of),
        }
    }

    /// The end of the program, which closes whatever is open.
    fn end(&self) {
        for (number, (local, peer)) in self.recorder.in_progress.end() {
            let details = Details { local, peer, ..Details::new(Call::Exit, "") };
            self.recorder.record(self.event(Timestamp::now(), number, details, Ok(0)));
        }
    }
}

/// A socket whose calls are traced, or the bare socket where the trace is off.
pub struct Traced<S> {
    pub(super) socket: S,
    pub(super) track: Option<Track>,
    read_timeout: ReadTimeout,
    /// Whether each datagram tells at which address it came.
    pub(super) packet_info: bool,
}

/// What `SO_RCVTIMEO` was last set to, in nanoseconds; 0 for none.
#[derive(Default)]
struct ReadTimeout(AtomicU64);

impl<S> Traced<S> {
    pub(super) fn new(socket: S, track: Option<Track>) -> Self {
        Self { socket, track, read_timeout: ReadTimeout::default(), packet_info: false }
    }

    /// `setsockopt(2)` with `SO_RCVTIMEO`, unless it is set so already: a loop may ask for it before each `recv`. That is
    /// for one thread, the one that reads.
    pub(super) fn limit_reads(
        &self,
        timeout: Option<Duration>,
        set: impl FnOnce(&S, Option<Duration>) -> io::Result<()>,
    ) -> io::Result<()> {
        let wanted = timeout.map_or(0, |timeout| u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX).max(1));
        if self.read_timeout.0.load(Ordering::Relaxed) == wanted {
            return Ok(());
        }
        let argument = format_args!("SO_RCVTIMEO, {} ms", milliseconds(timeout));
        self.call(Call::Setsockopt, argument, |socket| set(socket, timeout))?;
        self.read_timeout.0.store(wanted, Ordering::Relaxed);
        Ok(())
    }

    /// The socket itself, for questions that are no part of the lesson.
    pub fn get_ref(&self) -> &S {
        &self.socket
    }

    /// `close(2)`, as a step of its own. A socket that is dropped is closed too, without being announced.
    pub fn close(self) {
        self.announce(Call::Close, "");
    }

    /// The bare socket, for another process: what becomes of it there is no call of this one.
    pub fn give_away(self) -> S {
        if let Some(mut track) = self.track {
            track.given_away = true;
        }
        self.socket
    }

    /// Makes a call that moves no bytes, and notes it.
    pub(super) fn call<T>(
        &self,
        call: Call,
        argument: impl ToString,
        make: impl FnOnce(&S) -> io::Result<T>,
    ) -> io::Result<T> {
        let Some(track) = &self.track else { return make(&self.socket) };
        let argument = argument.to_string();
        track.announce(call.clone(), &argument);
        let making = track.begin();
        let result = make(&self.socket);
        track.record_made(&making, Details::new(call, argument), result.as_ref().map(|_| 0));
        result
    }

    /// Tells a watcher of a call that is about to be made.
    pub(super) fn announce(&self, call: Call, argument: impl ToString) {
        if let Some(track) = &self.track {
            track.announce(call, argument);
        }
    }

    /// The socket as another of its faces, under the same number.
    pub(super) fn turn_into<T: From<S>>(self) -> Traced<T> {
        let Self { socket, track, read_timeout, packet_info } = self;
        Traced { socket: socket.into(), track, read_timeout, packet_info }
    }
}

pub(super) fn milliseconds(timeout: Option<Duration>) -> u128 {
    timeout.unwrap_or_default().as_millis()
}

/// What an event says besides the socket itself.
pub(super) struct Details<'a> {
    pub(super) call: Call,
    pub(super) argument: String,
    pub(super) data: Option<&'a [u8]>,
    pub(super) local: Option<SocketAddr>,
    pub(super) peer: Option<SocketAddr>,
    pub(super) fault: Option<Fault>,
}

impl Details<'_> {
    pub(super) fn new(call: Call, argument: impl ToString) -> Self {
        Self { call, argument: argument.to_string(), data: None, local: None, peer: None, fault: None }
    }
}

/// One socket's place in the trace. It is dropped right behind the socket.
pub(super) struct Track {
    pub(super) source: Source,
    pub(super) number: u32,
    pub(super) local: Option<SocketAddr>,
    pub(super) peer: Option<SocketAddr>,
    /// Whether another process has the socket now.
    given_away: bool,
}

impl Drop for Track {
    fn drop(&mut self) {
        let in_progress = &self.source.recorder.in_progress;
        // Else the program has ended meanwhile, and has told of the socket.
        let Some(making) = in_progress.returned() else { return };
        in_progress.closed(self.number);
        if !self.given_away {
            self.record_made(&making, Details::new(Call::Close, ""), Ok(0));
        }
    }
}

impl Track {
    pub(super) fn new(trace: &Trace) -> Option<Self> {
        Some(Self::of(trace.0.clone()?))
    }

    pub(super) fn of(source: Source) -> Self {
        let number = source.recorder.sockets.fetch_add(1, Ordering::Relaxed) + 1;
        source.recorder.in_progress.opened(number, (None, None));
        Self { source, number, local: None, peer: None, given_away: false }
    }

    /// Remembers the socket's addresses.
    pub(super) fn has_addresses(&mut self, (local, peer): Ends) {
        (self.local, self.peer) = (local, peer);
        self.source.recorder.in_progress.opened(self.number, (local, peer));
    }

    pub(super) fn announce(&self, call: Call, argument: impl ToString) {
        if let Some(watcher) = &self.source.recorder.watcher {
            let program = self.source.program.to_string();
            watcher.before(&Upcoming { program, socket: self.number, call, argument: argument.to_string() });
        }
    }

    /// A call is about to be made that does not wait for anybody: the program's end waits until it is written down.
    pub(super) fn begin(&self) -> Making<'_> {
        self.source.recorder.in_progress.begin()
    }

    /// Writes down a call that has returned, unless the program has ended meanwhile.
    pub(super) fn record(&self, details: Details<'_>, result: Result<u64, &io::Error>) {
        if let Some(making) = self.source.recorder.in_progress.returned() {
            self.record_made(&making, details, result);
        }
    }

    /// Writes down a call that has been [begun](Track::begin), with the time of that: so what it sends is not told later than
    /// what comes back.
    pub(super) fn record_made(&self, making: &Making<'_>, details: Details<'_>, result: Result<u64, &io::Error>) {
        let (local, peer) = (details.local.or(self.local), details.peer.or(self.peer));
        let event = self.source.event(making.1, self.number, Details { local, peer, ..details }, result);
        self.source.recorder.record(event);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
