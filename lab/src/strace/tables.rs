//! Who has which socket under which number: what fork, exec, dup and close change.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::SocketAddr;

use socket_demos::net::event::{Call as Name, Event, Outcome};

use super::arguments::{self, Note};
use super::calls::{self, Told};
use super::family::{self, Family};
use super::line::{Call, Line};

/// A socket, whoever has it.
#[derive(Default)]
pub(super) struct Socket {
    pub(super) datagrams: bool,
    pub(super) nonblocking: bool,
    pub(super) local: Option<SocketAddr>,
    pub(super) peer: Option<SocketAddr>,
    /// A `connect` that goes on in the background.
    pub(super) begun: Option<Begun>,
    /// Whether anything was done with it that is worth a picture.
    pub(super) used: bool,
}

pub(super) struct Begun {
    pub(super) event: Event,
    pub(super) to: SocketAddr,
}

/// A place in the table of a process.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) socket: usize,
    pub(super) closes_at_exec: bool,
}

#[derive(Clone, Default)]
pub(super) struct Process {
    pub(super) program: String,
    pub(super) table: BTreeMap<u32, Place>,
    /// The number of each socket that it has used.
    pub(super) numbers: HashMap<usize, u32>,
}

/// The tables of all processes.
pub(super) struct Tables<'a> {
    pub(super) family: &'a Family,
    pub(super) processes: BTreeMap<u32, Process>,
    pub(super) sockets: Vec<Socket>,
    pub(super) events: Vec<(usize, Event)>,
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
    pub(super) fn process(&mut self, thread: u32) -> u32 {
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

    pub(super) fn new_socket(&mut self, socket: Socket) -> usize {
        self.sockets.push(socket);
        self.sockets.len() - 1
    }

    pub(super) fn place(&mut self, pid: u32, descriptor: u32, place: Place) {
        self.processes.entry(pid).or_default().table.insert(descriptor, place);
    }

    /// The socket behind a descriptor: known, or told by what stands behind the number, or by a call that only sockets know.
    fn socket(&mut self, pid: u32, descriptor: u32, note: Option<Note>, told: &Told) -> Option<usize> {
        let known = self.processes.get(&pid)?.table.get(&descriptor).map(|place| place.socket);
        let of_sockets = match told {
            Told::Bind(_) | Told::Listen(_) | Told::Connect(_) | Told::Accept(_) | Told::Shutdown(_) => true,
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

    /// The argument of a close: whether another process still has the socket, so that nothing ends.
    pub(super) fn shared(&self, socket: usize) -> String {
        let has = |process: &Process| process.table.values().any(|place| place.socket == socket);
        if self.processes.values().any(has) { "shared".into() } else { String::new() }
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
