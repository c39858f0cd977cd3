//! The TCP states that the calls make certain, and the end of each direction.

use std::collections::{HashMap, HashSet};

use super::links::{Kind, Link};
use super::sockets::{Deed, Traces};
use socket_demos::net::event::Call;

/// What is known of a connection's two ends while the calls are walked through in order.
pub(super) struct States<'a> {
    traces: &'a Traces,
    other: HashMap<usize, usize>,
    /// The call of each socket that ended its direction.
    ended: HashMap<usize, End>,
    /// The sockets that are closed: what still comes for them is answered with a reset.
    closed: HashSet<usize>,
    /// Which receives saw the end of the other socket.
    seen: HashSet<usize>,
    /// The first of them of each socket.
    first_seen: HashMap<usize, usize>,
    /// The first call of each socket that ends its direction.
    first_end: HashMap<usize, usize>,
    /// The sockets that throw away what is unsent, and those that were told of a reset.
    lingering: HashSet<usize>,
    told_of_reset: HashSet<usize>,
}

/// How a socket's direction ended.
#[derive(Clone, Copy, PartialEq)]
enum End {
    /// It was the first of the two.
    First,
    /// It knew that the other one had ended.
    Answered,
    /// Both may have been on their way.
    Unknown,
    Reset,
}

/// The first segment of an end, as far as the calls tell.
#[derive(Debug, PartialEq)]
pub(super) enum Segment {
    Fin,
    Reset,
}

impl<'a> States<'a> {
    pub(super) fn of(traces: &'a Traces, links: &[Link]) -> Self {
        let pairs = traces.connections();
        let other = pairs.iter().flat_map(|&(one, two)| [(one, two), (two, one)]).collect();
        let ends = links.iter().filter(|link| link.kind == Kind::End);
        let seen = ends.map(|link| link.to).collect();
        let (ended, closed, first_seen, first_end) = Default::default();
        let (lingering, told_of_reset) = Default::default();
        let mut states = Self { traces, other, ended, closed, seen, first_seen, first_end, lingering, told_of_reset };
        for index in 0..traces.calls.len() {
            states.note(index);
        }
        states
    }

    /// Remembers what a call tells of its socket, before or after.
    fn note(&mut self, index: usize) {
        let call = &self.traces.calls[index];
        if self.seen.contains(&index) {
            self.first_seen.entry(call.socket).or_insert(index);
        }
        if call.is_end() {
            self.first_end.entry(call.socket).or_insert(index);
        }
        if call.event.argument.starts_with("SO_LINGER, 0") {
            self.lingering.insert(call.socket);
        }
        if call.failed_with("ECONNRESET") {
            self.told_of_reset.insert(call.socket);
        }
    }

    /// The socket at the other end of a TCP connection.
    pub(super) fn other(&self, socket: usize) -> Option<usize> {
        self.other.get(&socket).copied()
    }

    /// The segment that this call makes the system send, if it is the first end of its direction.
    pub(super) fn segment(&mut self, call: usize) -> Option<Segment> {
        let socket = self.traces.calls[call].socket;
        if self.traces.calls[call].event.call == Call::Close {
            self.closed.insert(socket);
        }
        let other = self.other(socket)?;
        if !self.traces.calls[call].is_end() || self.ended.contains_key(&socket) {
            return None;
        }
        let end = match self.ended.get(&other) {
            _ if self.resets(socket, other) => End::Reset,
            None => End::First,
            Some(_) if self.has_seen_end(socket, call) => End::Answered,
            Some(End::Reset) => return None,
            Some(_) => End::Unknown,
        };
        self.ended.insert(socket, end);
        Some(if end == End::Reset { Segment::Reset } else { Segment::Fin })
    }

    /// Whether this call sends to a socket that is closed, which ends the connection: nobody will ever read that.
    pub(super) fn is_answered_with_reset(&mut self, call: usize) -> bool {
        let socket = self.traces.calls[call].socket;
        let sends = self.traces.calls[call].is_send() && self.traces.calls[call].moved() != Some(0);
        let late = sends && self.other(socket).is_some_and(|other| self.closed.contains(&other));
        late && self.ended.insert(socket, End::Reset).is_none_or(|end| end != End::Reset)
    }

    /// A socket that throws away what is unsent, or whose end is an error for the other one.
    fn resets(&self, socket: usize, other: usize) -> bool {
        self.lingering.contains(&socket) || self.told_of_reset.contains(&other)
    }

    fn has_seen_end(&self, socket: usize, until: usize) -> bool {
        self.first_seen.get(&socket).is_some_and(|&first| first < until)
    }

    fn was_ended_before(&self, until: usize) -> bool {
        self.first_end.get(&self.traces.calls[until].socket).is_some_and(|&first| first < until)
    }

    /// The state that a socket is certain to be in once this call has returned.
    pub(super) fn state(&self, call: usize) -> Option<&'static str> {
        let (made, socket) = (&self.traces.calls[call], self.traces.calls[call].socket);
        if made.moved().is_none() || self.traces.sockets[socket].datagrams {
            return None;
        }
        match (made.deed()?, self.ended.get(&socket)) {
            (Deed::Listens, _) => Some("LISTEN"),
            (Deed::Connects, _) => Some("ESTABLISHED"),
            (Deed::Ends, Some(End::First)) if !self.was_ended_before(call) => Some("FIN_WAIT"),
            (Deed::Ends, Some(End::Answered)) if !self.was_ended_before(call) => Some("LAST_ACK"),
            (Deed::Receives, None) if self.seen.contains(&call) => Some("CLOSE_WAIT"),
            (Deed::Receives, Some(End::First)) if self.seen.contains(&call) => Some("TIME_WAIT"),
            (Deed::Ends | Deed::Receives | Deed::Sends, _) => None,
        }
    }
}
