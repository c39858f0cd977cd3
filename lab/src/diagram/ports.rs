//! Which sockets take the datagrams for a port at a time, and what becomes of those that nobody takes.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::net::SocketAddr;

use super::made::{Deed, Made};
use super::sockets::{Traces, is_known_as};
use socket_demos::net::event::Call;
use socket_demos::t;

/// How long a process may take to end once it has said so, in nanoseconds; its sockets are closed then.
const MAX_ENDING: i128 = 50_000_000;

/// The UDP sockets while the calls are walked through in order.
pub(super) struct Ports {
    /// Those that have a port so far, and those that are closed.
    bound: HashSet<usize>,
    closed: HashSet<usize>,
    /// Those whose process was ending by then.
    ending: HashMap<usize, i128>,
    /// To whom each was connected last.
    connected: HashMap<usize, Option<SocketAddr>>,
    /// The sends whose sender was told that nobody is there.
    refused: HashSet<usize>,
}

/// What became of a datagram that was sent and never received.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Fate {
    Lost,
    /// No socket had the port.
    NobodyThere,
    /// The socket that had it was connected to somebody else.
    NotFromPeer,
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&match self {
            Self::Lost => t!("lost", "丢失"),
            Self::NobodyThere => t!("nobody is there", "没人在"),
            Self::NotFromPeer => t!("not from its peer", "不是对端发来的，不收"),
        })
    }
}

impl Fate {
    /// Whether the system that it came to answers it with an error.
    pub(super) fn is_answered(self) -> bool {
        self != Self::Lost
    }
}

impl Ports {
    pub(super) fn of(traces: &Traces) -> Self {
        let datagrams = traces.sockets.iter().filter(|socket| socket.datagrams);
        let refused = datagrams.flat_map(|socket| refused(traces, &socket.calls)).collect();
        Self {
            bound: HashSet::new(),
            closed: HashSet::new(),
            ending: HashMap::new(),
            connected: HashMap::new(),
            refused,
        }
    }

    /// A call that may change who has a port.
    pub(super) fn note(&mut self, traces: &Traces, call: usize) {
        let made = &traces.calls[call];
        let is_send = made.is_send();
        if is_send || matches!(made.event.call, Call::Bind | Call::Connect) && made.moved().is_some() {
            self.bound.insert(made.socket);
        }
        if made.event.call == Call::Connect && made.moved().is_some() {
            self.connected.insert(made.socket, made.peer);
        }
        match made.event.call {
            Call::Exit => drop(self.ending.insert(made.socket, time(made))),
            _ if made.deed() == Some(Deed::Closes) => drop(self.closed.insert(made.socket)),
            _ => {}
        }
    }

    /// What becomes of a datagram that is sent now.
    pub(super) fn fate(&self, traces: &Traces, call: usize) -> Fate {
        let made = &traces.calls[call];
        let there = made.peer.into_iter().flat_map(|to| traces.all_at(to, made.socket));
        let open = there.filter(|&socket| self.is_open(traces, socket, time(made)));
        let takers: Vec<Fate> = open.map(|socket| self.taken(traces, made, socket)).collect();
        if takers.contains(&Fate::Lost) && !self.refused.contains(&call) {
            Fate::Lost
        } else if takers.contains(&Fate::NotFromPeer) {
            Fate::NotFromPeer
        } else {
            Fate::NobodyThere
        }
    }

    fn is_open(&self, traces: &Traces, socket: usize, at: i128) -> bool {
        let is_bound = self.bound.contains(&socket) || !traces.sockets[socket].is_whole;
        let is_ended = self.ending.get(&socket).is_some_and(|ending| at > ending + MAX_ENDING);
        is_bound && !is_ended && !self.closed.contains(&socket)
    }

    /// Whether an open socket takes it; then it was lost behind that.
    fn taken(&self, traces: &Traces, send: &Made, receiver: usize) -> Fate {
        let (sender, own) = (traces.sockets[send.socket].local, traces.sockets[receiver].local);
        match self.connected.get(&receiver).copied().flatten() {
            // Who is connected to itself hears nobody; the lab has it in place of a port that is closed.
            Some(peer) if Some(peer) == own => Fate::NobodyThere,
            Some(peer) if sender.is_some() && !is_known_as(sender, Some(peer)) => Fate::NotFromPeer,
            _ => Fate::Lost,
        }
    }
}

fn time(made: &Made) -> i128 {
    made.event.time.as_nanosecond()
}

/// The sends of a socket whose refusal a later call of it reports: each the last one before.
fn refused(traces: &Traces, calls: &[usize]) -> Vec<usize> {
    let (mut last, mut refused) = (None, Vec::new());
    for &call in calls {
        let made = &traces.calls[call];
        // Windows calls it a reset.
        if made.failed_with("ECONNREFUSED") || made.was_reset() {
            refused.extend(last.take());
        }
        last = if made.is_send() { Some(call) } else { last };
    }
    refused
}
