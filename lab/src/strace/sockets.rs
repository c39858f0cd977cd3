//! Who has which socket under which number, and the events that come of it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::SocketAddr;

use jiff::Timestamp;
use socket_demos::net::event::{Call as Name, Event, Outcome};

use super::arguments::{self, Note};
use super::calls::{self, Moved, Told};
use super::family::{self, Family};
use super::line::{Call, Line};

/// A socket, whoever has it.
#[derive(Default)]
struct Socket {
    datagrams: bool,
    nonblocking: bool,
    local: Option<SocketAddr>,
    peer: Option<SocketAddr>,
    /// A `connect` that goes on in the background.
    begun: Option<Begun>,
    /// Whether anything was done with it that is worth a picture.
    used: bool,
}

struct Begun {
    event: Event,
    to: SocketAddr,
}

/// A place in the table of a process.
#[derive(Clone, Copy)]
struct Place {
    socket: usize,
    closes_at_exec: bool,
}

#[derive(Clone, Default)]
struct Process {
    program: String,
    table: BTreeMap<u32, Place>,
    /// The number of each socket that it has used.
    numbers: HashMap<usize, u32>,
}

/// The tables of all processes.
pub(super) struct Tables<'a> {
    family: &'a Family,
    processes: BTreeMap<u32, Process>,
    sockets: Vec<Socket>,
    events: Vec<(usize, Event)>,
}

impl<'a> Tables<'a> {
    pub(super) fn new(family: &'a Family) -> Self {
        Self { family, processes: BTreeMap::new(), sockets: Vec::new(), events: Vec::new() }
    }

    /// A thread is heard: its process has now what it has from its parent.
    pub(super) fn hears(&mut self, thread: u32) {
        self.process(thread);
    }

    /// A thread has ended. With the first one the process ends.
    pub(super) fn ends(&mut self, line: &Line<'_>) {
        if self.family.process(line.thread) == line.thread {
            self.end(line);
        }
    }

    fn end(&mut self, line: &Line<'_>) {
        let pid = self.process(line.thread);
        let places = std::mem::take(&mut self.processes.entry(pid).or_default().table);
        let sockets: HashSet<usize> = places.values().map(|place| place.socket).collect();
        let mut sockets: Vec<_> = sockets.into_iter().collect();
        sockets.sort_unstable();
        for socket in sockets {
            let shared = self.shared(socket);
            self.record(line, pid, socket, Name::Exit, shared, Outcome::Ok(0));
        }
    }

    /// The process of a thread, which has what its parent had when it is seen first.
    fn process(&mut self, thread: u32) -> u32 {
        let pid = self.family.process(thread);
        if !self.processes.contains_key(&pid) {
            let parent = self.family.parent(pid).and_then(|parent| self.processes.get(&parent));
            let inherited = parent.map(|parent| Process { numbers: HashMap::new(), ..parent.clone() });
            self.processes.insert(pid, inherited.unwrap_or_default());
        }
        pid
    }

    /// A call has returned.
    pub(super) fn returns(&mut self, line: &Line<'_>, call: &Call<'_>) {
        let pid = self.process(line.thread);
        let parts = arguments::parts(call.arguments);
        match call.name {
            "execve" | "execveat" if call.number() == Some(0) => return self.executes(pid, call.name, &parts),
            "exit_group" => return self.end(line),
            name if family::starts_somebody(name) => {
                // Its copies are there from now on, also if its parent is heard before it.
                let child = call.number().and_then(|number| u32::try_from(number).ok()).filter(|&number| number > 0);
                if let Some(child) = child {
                    self.process(child);
                }
                return;
            }
            "socket" => return self.opens(line, pid, call, &parts),
            // It never returned.
            _ if call.result.starts_with('?') => return,
            _ => {}
        }
        let Some((descriptor, note)) = parts.first().and_then(|first| arguments::descriptor(first)) else { return };
        let note = note.and_then(Note::read);
        let Some(told) = calls::told(call, &parts) else { return };
        let Some(socket) = self.socket(pid, descriptor, note, &told) else { return };
        self.tell(line, pid, descriptor, socket, call, told);
    }

    fn executes(&mut self, pid: u32, name: &str, parts: &[&str]) {
        let process = self.processes.entry(pid).or_default();
        process.table.retain(|_, place| !place.closes_at_exec);
        let path = usize::from(name == "execveat");
        let text = |part: &&str| arguments::string(part).map(|(bytes, _)| String::from_utf8_lossy(&bytes).into_owned());
        let words = parts.get(path + 1).map(|array| arguments::elements(array)).unwrap_or_default();
        let words: Vec<String> = words.iter().skip(1).filter_map(text).collect();
        process.program = program(&parts.get(path).and_then(text).unwrap_or_default(), &words);
    }

    fn opens(&mut self, line: &Line<'_>, pid: u32, call: &Call<'_>, parts: &[&str]) {
        let Some(Told::Socket { datagrams, closes_at_exec, nonblocking }) = calls::socket(parts) else { return };
        let Some(descriptor) = call.number().and_then(|number| u32::try_from(number).ok()) else { return };
        let socket = self.new_socket(Socket { datagrams, nonblocking, ..Socket::default() });
        self.place(pid, descriptor, Place { socket, closes_at_exec });
        let kind = if datagrams { "SOCK_DGRAM" } else { "SOCK_STREAM" };
        self.record(line, pid, socket, Name::Socket, format!("{}, {kind}", parts[0]), Outcome::Ok(0));
    }

    fn new_socket(&mut self, socket: Socket) -> usize {
        self.sockets.push(socket);
        self.sockets.len() - 1
    }

    fn place(&mut self, pid: u32, descriptor: u32, place: Place) {
        self.processes.entry(pid).or_default().table.insert(descriptor, place);
    }

    /// The socket behind a descriptor: known, or told by what stands behind the number, or by a call that only sockets know.
    fn socket(&mut self, pid: u32, descriptor: u32, note: Option<Note>, told: &Told) -> Option<usize> {
        let known = self.processes.get(&pid)?.table.get(&descriptor).map(|place| place.socket);
        let of_sockets = match told {
            Told::Bind(_) | Told::Listen(_) | Told::Connect(_) | Told::Accept { .. } | Told::Shutdown(_) => true,
            Told::Moves(moved) => moved.iter().any(|moved| moved.address.is_some()),
            _ => false,
        };
        let socket = match known {
            Some(socket) => socket,
            None if note.is_some() || of_sockets => {
                let socket = self.new_socket(Socket::default());
                self.place(pid, descriptor, Place { socket, closes_at_exec: false });
                socket
            }
            None => return None,
        };
        if let Some(note) = note {
            let known = &mut self.sockets[socket];
            known.datagrams = note.datagrams;
            known.local = note.local.or(known.local);
            known.peer = note.peer.or(known.peer);
        }
        Some(socket)
    }

    fn tell(&mut self, line: &Line<'_>, pid: u32, descriptor: u32, socket: usize, call: &Call<'_>, told: Told) {
        let outcome = outcome(call);
        let failed = matches!(outcome, Outcome::Error(_));
        match told {
            Told::Bind(address) => {
                if !failed {
                    let known = &mut self.sockets[socket].local;
                    *known = known.filter(|local| local.port() != 0).or(Some(address));
                }
                self.sockets[socket].used |= failed;
                self.record(line, pid, socket, Name::Bind, address.to_string(), outcome);
            }
            Told::Listen(backlog) => self.uses(line, pid, socket, Name::Listen, backlog, outcome),
            Told::Connect(address) => self.connects(line, pid, socket, address, call),
            Told::Accept { peer, closes_at_exec, nonblocking } => {
                self.accepts(line, pid, socket, call, peer, closes_at_exec, nonblocking);
            }
            Told::Moves(moved) => moved.into_iter().for_each(|moved| self.moves(line, pid, socket, call, moved)),
            Told::Shutdown(how) => self.uses(line, pid, socket, Name::Shutdown, how, outcome),
            Told::Option(option) => self.record(line, pid, socket, Name::Setsockopt, option, outcome),
            Told::Outcome(None) => self.connection_stands(line, socket),
            Told::Outcome(Some(error)) => self.connection_failed(line, socket, &error),
            Told::OwnAddress(address) => self.sockets[socket].local = Some(address),
            Told::PeerAddress(address) => {
                self.sockets[socket].peer = Some(address);
                self.connection_stands(line, socket);
            }
            Told::Nonblocking(nonblocking) => self.sockets[socket].nonblocking = nonblocking,
            Told::ClosesAtExec(closes_at_exec) => self.place(pid, descriptor, Place { socket, closes_at_exec }),
            Told::Copies { closes_at_exec } => {
                if let Some(copy) = call.number().and_then(|number| u32::try_from(number).ok()) {
                    self.place(pid, copy, Place { socket, closes_at_exec });
                }
            }
            Told::Close => self.closes(line, pid, descriptor, socket, outcome),
            Told::Socket { .. } => {}
        }
    }

    /// A call after which the socket is more than a probe.
    fn uses(&mut self, line: &Line<'_>, pid: u32, socket: usize, name: Name, argument: String, outcome: Outcome) {
        self.sockets[socket].used = true;
        self.record(line, pid, socket, name, argument, outcome);
    }

    fn connects(&mut self, line: &Line<'_>, pid: u32, socket: usize, to: SocketAddr, call: &Call<'_>) {
        let datagrams = self.sockets[socket].datagrams;
        match call.error() {
            Some("EINPROGRESS" | "EINTR") => {
                let event = self.event(line, pid, socket, Name::Connect, to.to_string(), outcome(call));
                self.sockets[socket].begun.get_or_insert(Begun { event, to });
            }
            Some("EALREADY") => {}
            Some("EISCONN") if self.sockets[socket].begun.is_some() => self.connection_stands(line, socket),
            error => {
                self.sockets[socket].begun = None;
                if error.is_none() {
                    self.sockets[socket].peer = Some(to);
                }
                // Whoever looks up a name tries with datagram sockets that it connects which addresses there are.
                self.sockets[socket].used |= !datagrams;
                self.record(line, pid, socket, Name::Connect, to.to_string(), outcome(call));
            }
        }
    }

    /// What goes on in the background has ended well.
    fn connection_stands(&mut self, line: &Line<'_>, socket: usize) {
        if let Some(Begun { event, to }) = self.sockets[socket].begun.take() {
            let known = &mut self.sockets[socket];
            (known.used, known.peer) = (true, known.peer.or(Some(to)));
            let event =
                Event { time: time(line.time), result: Outcome::Ok(0), local: known.local, peer: known.peer, ..event };
            self.events.push((socket, event));
        }
    }

    fn connection_failed(&mut self, line: &Line<'_>, socket: usize, error: &str) {
        if let Some(Begun { event, .. }) = self.sockets[socket].begun.take() {
            self.sockets[socket].used = true;
            self.events.push((socket, Event { time: time(line.time), result: Outcome::Error(error.into()), ..event }));
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the flags of accept4")]
    fn accepts(
        &mut self,
        line: &Line<'_>,
        pid: u32,
        listener: usize,
        call: &Call<'_>,
        peer: Option<SocketAddr>,
        closes_at_exec: bool,
        nonblocking: bool,
    ) {
        let Some(descriptor) = call.number().and_then(|number| u32::try_from(number).ok()) else {
            if !self.is_a_look(listener, call, true) {
                self.uses(line, pid, listener, Name::Accept, String::new(), outcome(call));
            }
            return;
        };
        let note = calls::note_of_result(call);
        let local = note.as_ref().and_then(|note| note.local);
        let local = local.or(self.sockets[listener].local.filter(|local| !local.ip().is_unspecified()));
        let peer = peer.or(note.and_then(|note| note.peer));
        let new = self.new_socket(Socket { nonblocking, local, peer, used: true, ..Socket::default() });
        self.place(pid, descriptor, Place { socket: new, closes_at_exec });
        let number = self.number(line, pid, new);
        let argument = peer.map(|peer| peer.to_string()).unwrap_or_default();
        self.uses(line, pid, listener, Name::Accept, argument, Outcome::Ok(number.into()));
        if let Some((_, event)) = self.events.last_mut() {
            (event.local, event.peer) = (local, peer);
        }
    }

    fn moves(&mut self, line: &Line<'_>, pid: u32, socket: usize, call: &Call<'_>, moved: Moved) {
        if self.is_a_look(socket, call, moved.waits) {
            return;
        }
        if moved.data.is_some() {
            self.connection_stands(line, socket);
        }
        let Moved { name, room, address, data, .. } = moved;
        let datagrams = self.sockets[socket].datagrams || address.is_some();
        self.sockets[socket].datagrams = datagrams;
        let name = match (name, datagrams) {
            (Name::Recv, true) => Name::Recvfrom,
            (name, _) => name,
        };
        let argument = address.map_or_else(|| room.clone(), |address| format!("{room}, {address}"));
        let result = data.as_ref().map_or_else(|| outcome(call), |data| Outcome::Ok(data.length as u64));
        self.uses(line, pid, socket, name, argument, result);
        if let Some((_, event)) = self.events.last_mut() {
            (event.data, event.peer) = (data, address.or(event.peer));
        }
    }

    /// Whether a call only asked whether there was something: it waits elsewhere, in poll or epoll.
    fn is_a_look(&self, socket: usize, call: &Call<'_>, waits: bool) -> bool {
        let again = matches!(call.error(), Some("EAGAIN" | "EWOULDBLOCK"));
        // What a signal has ended is made again.
        let again_later = call.error().is_some_and(|error| error.starts_with("ERESTART"));
        again_later || again && (self.sockets[socket].nonblocking || !waits)
    }

    fn closes(&mut self, line: &Line<'_>, pid: u32, descriptor: u32, socket: usize, outcome: Outcome) {
        let process = self.processes.entry(pid).or_default();
        process.table.remove(&descriptor);
        // Another number of this process may be left for it.
        if process.table.values().all(|place| place.socket != socket) {
            self.give_up_connecting(socket);
            let shared = self.shared(socket);
            self.record(line, pid, socket, Name::Close, shared, outcome);
        }
    }

    /// The argument of a close: whether another process still has the socket, so that nothing ends.
    fn shared(&self, socket: usize) -> String {
        let has = |process: &Process| process.table.values().any(|place| place.socket == socket);
        if self.processes.values().any(has) { "shared".into() } else { String::new() }
    }

    /// Nobody will know how it ended.
    fn give_up_connecting(&mut self, socket: usize) {
        if let Some(Begun { event, .. }) = self.sockets[socket].begun.take() {
            self.sockets[socket].used = true;
            self.events.push((socket, event));
        }
    }

    fn record(&mut self, line: &Line<'_>, pid: u32, socket: usize, call: Name, argument: String, result: Outcome) {
        let event = self.event(line, pid, socket, call, argument, result);
        self.events.push((socket, event));
    }

    fn event(
        &mut self,
        line: &Line<'_>,
        pid: u32,
        socket: usize,
        call: Name,
        argument: String,
        result: Outcome,
    ) -> Event {
        let number = self.number(line, pid, socket);
        let Socket { local, peer, .. } = self.sockets[socket];
        let program = self.processes.get(&pid).map(|process| process.program.clone()).unwrap_or_default();
        Event {
            time: time(line.time),
            program,
            pid,
            socket: number,
            call,
            argument,
            local,
            peer,
            fault: None,
            result,
            data: None,
        }
    }

    /// The number of a socket in a process: 1 for the first. One that it has from its parent is told of first.
    fn number(&mut self, line: &Line<'_>, pid: u32, socket: usize) -> u32 {
        let process = self.processes.entry(pid).or_default();
        let next = u32::try_from(process.numbers.len()).unwrap_or(u32::MAX).saturating_add(1);
        if let Some(&number) = process.numbers.get(&socket) {
            return number;
        }
        process.numbers.insert(socket, next);
        let is_inherited =
            self.processes.iter().any(|(other, process)| *other != pid && process.numbers.contains_key(&socket));
        if is_inherited {
            self.record(line, pid, socket, Name::Fork, String::new(), Outcome::Ok(0));
        }
        next
    }

    /// All of them, without the sockets that only tried something out.
    pub(super) fn events(mut self) -> Vec<Event> {
        (0..self.sockets.len()).for_each(|socket| self.give_up_connecting(socket));
        let sockets = &self.sockets;
        let events = self.events.into_iter().filter(|(socket, _)| sockets[*socket].used);
        let with_local = |(socket, event): (usize, Event)| {
            let known = &sockets[socket];
            let is_new = matches!(event.call, Name::Socket | Name::Setsockopt);
            // A connected socket has its address from connect on, whoever was told it later.
            let local = event.local.filter(|local| local.port() != 0).or(if is_new { None } else { known.local });
            Event { local, ..event }
        };
        numbered_anew(events.map(with_local).collect())
    }
}

/// Gives the sockets that are left the numbers from 1 on, in each process.
fn numbered_anew(mut events: Vec<Event>) -> Vec<Event> {
    let mut numbers: HashMap<u32, HashMap<u32, u32>> = HashMap::new();
    for event in &mut events {
        let numbers = numbers.entry(event.pid).or_default();
        let mut anew = |number| {
            let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX).saturating_add(1);
            *numbers.entry(number).or_insert(next)
        };
        event.socket = anew(event.socket);
        if let (Name::Accept, Outcome::Ok(number)) = (&event.call, &mut event.result) {
            *number = anew(u32::try_from(*number).unwrap_or(0)).into();
        }
    }
    events
}

fn time(nanoseconds: i64) -> Timestamp {
    Timestamp::from_nanosecond(nanoseconds.into()).unwrap_or_default()
}

/// What a call returned.
fn outcome(call: &Call<'_>) -> Outcome {
    match (call.number(), call.error()) {
        (_, Some(error)) => Outcome::Error(error.into()),
        (Some(number), None) => Outcome::Ok(u64::try_from(number).unwrap_or(0)),
        (None, None) => Outcome::Error(call.result.split(' ').next().unwrap_or("?").into()),
    }
}

/// What a person calls it: the program without its folder, and the first word behind it where that is a file.
fn program(path: &str, words: &[String]) -> String {
    let name = |word: &str| word.rsplit('/').next().unwrap_or(word).to_string();
    let script = words.iter().find(|word| !word.starts_with('-')).filter(|word| is_file(word));
    script.map_or_else(|| name(path), |script| format!("{} {}", name(path), name(script)))
}

/// Whether a word looks like the name of a file rather than an address.
fn is_file(word: &str) -> bool {
    let extension = word.rsplit_once('.').map(|(_, extension)| extension);
    extension.is_some_and(|extension| {
        extension.starts_with(|c: char| c.is_ascii_alphabetic()) && !extension.contains([' ', ':'])
    })
}
