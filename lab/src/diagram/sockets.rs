//! Which calls of the traces belong to the same socket, and which sockets are the two ends of one connection.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::made::{Deed, Made};
use socket_demos::net::event::{Call, Event, Outcome};

/// One program's calls, as a column of the diagram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lane {
    /// The program's name.
    pub program: String,
    /// Its process id.
    pub pid: u32,
    /// In which of the files its calls stand, from 0: each file has a clock of its own.
    pub file: usize,
}

/// What is known of a socket.
#[derive(Debug, Default)]
pub(super) struct Socket {
    pub(super) lane: usize,
    pub(super) datagrams: bool,
    pub(super) local: Option<SocketAddr>,
    pub(super) peer: Option<SocketAddr>,
    /// Its calls, in order.
    pub(super) calls: Vec<usize>,
    /// The `accept` that made it.
    pub(super) accepted: Option<usize>,
    /// The socket that it is a copy of, in the process that has started this one.
    pub(super) copy_of: Option<usize>,
    /// Whether the trace has it from its `socket` on.
    pub(super) is_whole: bool,
}

/// A connection that the kernel has finished and nobody has accepted.
pub(super) struct Queued {
    /// The socket that called.
    pub(super) caller: usize,
    /// Its other end, which no call has.
    pub(super) end: usize,
    pub(super) listener: usize,
}

/// All calls, their lanes and sockets.
#[derive(Default)]
pub(super) struct Traces {
    pub(super) lanes: Vec<Lane>,
    pub(super) calls: Vec<Made>,
    pub(super) sockets: Vec<Socket>,
    /// The connections in the listeners' queues that were never accepted, in their order.
    pub(super) queued: Vec<Queued>,
    /// Whose calls the system's table showed at the server: they were answered, whatever their callers heard of it.
    pub(super) answered: HashSet<SocketAddr>,
    /// How many lanes there were besides: those with the fewest calls.
    pub(super) left_out: usize,
    /// The latest socket of each lane and number.
    latest: HashMap<(usize, u32), usize>,
    /// The sockets that nobody has accepted, in order, by whether they are UDP's and what they are bound to.
    open: HashMap<(bool, SocketAddr), Vec<usize>>,
}

/// How many lanes are drawn: a class and its server. More fit no screen and no paper.
pub(super) const MOST_LANES: usize = 64;

/// A lane as the events name it: the file, the program, its process.
type Name = (usize, String, u32);

impl Traces {
    /// Takes the events of several files, each in its own order.
    pub(super) fn of(files: Vec<Vec<Event>>, most_lanes: usize) -> Self {
        let (drawn, left_out) = busiest(&files, most_lanes);
        let mut traces = Self { left_out, ..Self::default() };
        let mut lanes = HashMap::new();
        for (file, events) in files.into_iter().enumerate() {
            for event in events {
                let key = (file, event.program.clone(), event.pid);
                if !drawn.contains(&key) {
                    continue;
                }
                let lane = Lane { program: event.program.clone(), pid: event.pid, file };
                let index = *lanes.entry(key).or_insert_with(|| {
                    traces.lanes.push(lane);
                    traces.lanes.len() - 1
                });
                traces.add(index, event);
            }
        }
        for (index, socket) in traces.sockets.iter().enumerate().filter(|(_, socket)| socket.accepted.is_none()) {
            if let Some(local) = socket.local {
                traces.open.entry((socket.datagrams, bound_to(local))).or_default().push(index);
            }
        }
        traces.find_named();
        traces.find_queued();
        traces
    }

    /// What names a connection by its addresses: a copy, and what the system's table showed. Its socket may have them from
    /// a later call only.
    fn find_named(&mut self) {
        for index in 0..self.calls.len() {
            let (call, socket) = (&self.calls[index].event.call, self.calls[index].socket);
            match call {
                Call::Fork => self.sockets[socket].copy_of = self.named(index),
                Call::State => {
                    self.answered.extend(self.calls[index].event.peer);
                    self.calls[index].socket = self.named(index).unwrap_or(socket);
                }
                _ => {}
            }
        }
    }

    fn named(&self, call: usize) -> Option<usize> {
        let Made { event: Event { local, peer, .. }, socket, .. } = &self.calls[call];
        let mut sockets = (0..self.sockets.len()).rev().filter(|at| at != socket);
        sockets.find(|&at| (self.sockets[at].local, self.sockets[at].peer) == (*local, *peer))
    }

    /// The kernel finishes connections without any call of the server.
    fn find_queued(&mut self) {
        let accepted: HashSet<usize> = self.connections().into_iter().map(|(caller, _)| caller).collect();
        for caller in (0..self.sockets.len()).filter(|caller| !accepted.contains(caller)) {
            let Some((listener, address)) = self.listener_of(caller) else { continue };
            let lane = self.sockets[listener].lane;
            self.sockets.push(Socket { lane, local: Some(address), ..Socket::default() });
            self.queued.push(Queued { caller, end: self.sockets.len() - 1, listener });
        }
    }

    /// The socket that listened where this one has connected to.
    fn listener_of(&self, caller: usize) -> Option<(usize, SocketAddr)> {
        let Socket { calls, datagrams: false, accepted: None, .. } = &self.sockets[caller] else { return None };
        let connects =
            |&&call: &&usize| self.calls[call].event.call == Call::Connect && self.calls[call].moved().is_some();
        let connect = *calls.iter().find(connects)?;
        let address = self.calls[connect].event.argument.parse().ok()?;
        let bound = known_as(address).into_iter().filter_map(|bound| self.open.get(&(false, bound))).flatten();
        let listens = |&socket: &usize| {
            let mut calls = self.sockets[socket].calls.iter();
            let listen = *calls.find(|&&call| self.calls[call].deed() == Some(Deed::Listens))?;
            Some((listen, socket))
        };
        // One trace is in order: whoever listens later was not the one.
        let file = |call: usize| self.lanes[self.calls[call].lane].file;
        let in_time = |&(listen, _): &(usize, usize)| file(listen) != file(connect) || listen < connect;
        let (_, listener) = bound.filter_map(listens).filter(in_time).max()?;
        Some((listener, address))
    }

    fn add(&mut self, lane: usize, event: Event) {
        let call = self.calls.len();
        if matches!(event.call, Call::Socket | Call::Fork) {
            self.latest.remove(&(lane, event.socket));
        }
        let socket = self.socket(lane, event.socket);
        if event.call == Call::State {
            return self.calls.push(Made { event, lane, socket, peer: None });
        }
        let known = &mut self.sockets[socket];
        known.is_whole |= event.call == Call::Socket;
        known.calls.push(call);
        let of_datagrams = matches!(event.call, Call::Sendto | Call::Sendmsg | Call::Recvfrom | Call::Recvmsg);
        known.datagrams |= of_datagrams || event.argument.ends_with("SOCK_DGRAM");
        // What recvmsg and sendmsg tell is one of the addresses of a socket that is on all of them.
        known.local = match event.call {
            Call::Recvmsg | Call::Sendmsg => known.local.or(event.local),
            _ => event.local.or(known.local),
        };
        if let (Call::Connect, Outcome::Ok(_)) = (&event.call, &event.result) {
            known.peer = event.argument.parse().ok().or(known.peer);
        }
        if !known.datagrams {
            known.peer = event.peer.or(known.peer);
        }
        let named = event.argument.rsplit(", ").next().and_then(|address| address.parse().ok());
        let peer = event.peer.or(named).or(known.peer);
        if let (Call::Accept, Outcome::Ok(number)) = (&event.call, &event.result) {
            self.accept(lane, u32::try_from(*number).unwrap_or(0), call, &event);
        }
        self.calls.push(Made { event, lane, socket, peer });
    }

    /// The last process that has a socket: it, or a copy.
    pub(super) fn last_copy(&self, socket: usize) -> usize {
        self.sockets.iter().rposition(|other| other.copy_of == Some(socket)).unwrap_or(socket)
    }

    /// `accept` opens a socket of its own.
    fn accept(&mut self, lane: usize, number: u32, call: usize, event: &Event) {
        self.latest.remove(&(lane, number));
        let new = self.socket(lane, number);
        self.sockets[new].accepted = Some(call);
        self.sockets[new].local = event.local;
        self.sockets[new].peer = event.argument.parse().ok();
    }

    /// How many sockets of its own each lane has.
    pub(super) fn count_in_lanes(&self) -> Vec<usize> {
        let mut counts = vec![0; self.lanes.len()];
        let has_number = |&call: &usize| self.calls[call].event.socket > 0;
        let numbered = |socket: &&Socket| socket.accepted.is_some() || socket.calls.iter().any(has_number);
        self.sockets.iter().filter(numbered).for_each(|socket| counts[socket.lane] += 1);
        counts
    }

    fn socket(&mut self, lane: usize, number: u32) -> usize {
        *self.latest.entry((lane, number)).or_insert_with(|| {
            self.sockets.push(Socket { lane, ..Socket::default() });
            self.sockets.len() - 1
        })
    }

    /// Whether all times are of clocks. Where somebody wrote none down, or none of the day, they are of 1970.
    pub(super) fn have_clocks(&self) -> bool {
        const YEAR: i64 = 366 * 24 * 3600;
        self.calls.iter().all(|call| call.event.time.as_second() > YEAR)
    }

    /// The lane of a socket that others know as `address`, and that was not accepted for one of them: a server's.
    pub(super) fn lane_at(&self, address: SocketAddr, datagrams: bool) -> Option<usize> {
        self.open_at(address, datagrams, None).map(|socket| self.sockets[socket].lane)
    }

    /// The first socket but one that others know as `address`, and that was not accepted for one of them.
    pub(super) fn open_at(&self, address: SocketAddr, datagrams: bool, but: Option<usize>) -> Option<usize> {
        let bound = known_as(address).into_iter().filter_map(|bound| self.open.get(&(datagrams, bound)));
        bound.filter_map(|sockets| sockets.iter().copied().find(|&socket| Some(socket) != but)).min()
    }

    /// All of them.
    pub(super) fn all_at(&self, address: SocketAddr, but: usize) -> Vec<usize> {
        let bound = known_as(address).into_iter().filter_map(|bound| self.open.get(&(true, bound)));
        bound.flatten().copied().filter(|&socket| socket != but).collect()
    }

    /// The pairs of sockets that are the ends of one TCP connection: the one that called, the one that was accepted.
    pub(super) fn connections(&self) -> Vec<(usize, usize)> {
        let mut accepted: HashMap<_, Vec<usize>> = HashMap::new();
        for (index, socket) in self.sockets.iter().enumerate().rev() {
            if let (Some(_), Some(local), Some(peer)) = (socket.accepted, socket.local, socket.peer) {
                accepted.entry((plain(local), plain(peer))).or_default().push(index);
            }
        }
        let callers = self.sockets.iter().enumerate().filter(|(_, socket)| socket.accepted.is_none());
        let pair = |(index, socket): (usize, &Socket)| {
            let (local, peer) = (plain(socket.local?), plain(socket.peer?));
            Some((index, accepted.get_mut(&(peer, local))?.pop()?))
        };
        callers.filter(|(_, socket)| !socket.datagrams).filter_map(pair).collect()
    }
}

/// The lanes with the most calls, as many as are drawn, and how many there are besides.
fn busiest(files: &[Vec<Event>], most: usize) -> (HashSet<Name>, usize) {
    let mut calls: HashMap<Name, (usize, usize)> = HashMap::new();
    for (file, events) in files.iter().enumerate() {
        for event in events {
            let first = calls.len();
            calls.entry((file, event.program.clone(), event.pid)).or_insert((0, first)).0 += 1;
        }
    }
    let mut lanes: Vec<_> = calls.into_iter().collect();
    lanes.sort_by_key(|(_, (calls, first))| (std::cmp::Reverse(*calls), *first));
    let left_out = lanes.len().saturating_sub(most);
    (lanes.into_iter().take(most).map(|(name, _)| name).collect(), left_out)
}

/// What sockets are bound to that others know as `address`: it, its port alone, its host with a port that is not known yet,
/// or nothing that is known.
pub(super) fn known_as(address: SocketAddr) -> [SocketAddr; 4] {
    let (address, any) = (bound_to(address), IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    let (host, port) = (address.ip(), address.port());
    [(host, port), (any, port), (host, 0), (any, 0)].map(SocketAddr::from)
}

/// As [`plain`], with one address for all that are unspecified.
pub(super) fn bound_to(address: SocketAddr) -> SocketAddr {
    let address = plain(address);
    if address.ip().is_unspecified() { SocketAddr::from((Ipv4Addr::UNSPECIFIED, address.port())) } else { address }
}

/// An IPv4 address as such, also where an IPv6 socket sees it.
pub(super) fn plain(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// Whether a socket bound to `local` is the one that others know as `address`. Port 0 is not known yet.
pub(super) fn is_known_as(local: Option<SocketAddr>, address: Option<SocketAddr>) -> bool {
    let (Some(local), Some(address)) = (local.map(plain), address.map(plain)) else { return true };
    let same_port = local.port() == 0 || local.port() == address.port();
    same_port && (local.ip().is_unspecified() || local.ip() == address.ip())
}
