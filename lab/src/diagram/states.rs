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
    /// Which receive saw the end of which socket.
    seen: HashMap<usize, usize>,
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
        let seen = ends.map(|link| (link.to, traces.calls[link.from].socket)).collect();
        Self { traces, other, ended: HashMap::new(), closed: HashSet::new(), seen }
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
        let calls =
            |socket: usize| self.traces.sockets[socket].calls.iter().map(|&call| &self.traces.calls[call].event);
        calls(socket).any(|event| event.argument.starts_with("SO_LINGER, 0"))
            || calls(other).any(|event| format!("{:?}", event.result).contains("ECONNRESET"))
    }

    fn has_seen_end(&self, socket: usize, until: usize) -> bool {
        let calls = self.traces.sockets[socket].calls.iter();
        calls.take_while(|&&call| call < until).any(|call| self.seen.contains_key(call))
    }

    fn was_ended_before(&self, until: usize) -> bool {
        let calls = self.traces.sockets[self.traces.calls[until].socket].calls.iter();
        calls.take_while(|&&call| call < until).any(|&call| self.traces.calls[call].is_end())
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
            (Deed::Receives, None) if self.seen.contains_key(&call) => Some("CLOSE_WAIT"),
            (Deed::Receives, Some(End::First)) if self.seen.contains_key(&call) => Some("TIME_WAIT"),
            (Deed::Ends | Deed::Receives | Deed::Sends, _) => None,
        }
    }
}
