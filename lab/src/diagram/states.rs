//! The TCP states of both ends of each connection, and the segments that end it, as they follow from the calls in their
//! order (RFC 9293, section 3.6).

use std::collections::{HashMap, HashSet};

use super::made::{Deed, Made};
use super::rows::What;
use super::sockets::{Traces, plain};
use socket_demos::net::event::Call;

/// What nobody saw, and must have been.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Unseen {
    /// A segment from one socket to another, and the state that it leaves the sender in, where that is certain.
    Segment(usize, usize, What, Option<&'static str>),
    /// The state that a segment leaves its receiver in.
    State(usize, &'static str),
}

/// The connections while the calls are walked through in order.
pub(super) struct States<'a> {
    traces: &'a Traces,
    other: HashMap<usize, usize>,
    ends: HashMap<usize, End>,
    /// The connections of each listener that nobody accepts.
    queued: HashMap<usize, Vec<usize>>,
    /// The sockets that throw away what is unsent, those that are told of a reset, and those that see the other's end.
    lingering: HashSet<usize>,
    told_of_reset: HashSet<usize>,
    seeing: HashSet<usize>,
    /// The ends that no call of theirs tells, by the call of the other one before which they must have been.
    untold: HashMap<usize, (usize, What)>,
    /// The sockets whose states the system's table showed: nothing needs to be inferred of them.
    shown: HashSet<usize>,
}

/// One end of a connection.
#[derive(Clone, Copy)]
struct End {
    state: State,
    /// How many bytes it has sent and read so far.
    sent: u64,
    read: u64,
    /// Whether a process still has it.
    is_held: bool,
    /// Whether it has read the other one's end.
    has_seen: bool,
}

/// The states that last. FIN_WAIT_1 and LAST_ACK are over when the segment is acknowledged.
#[derive(Clone, Copy, PartialEq)]
enum State {
    Established,
    FinWait2,
    CloseWait,
    /// TIME_WAIT at one end, nothing at the other.
    Closed,
}

impl<'a> States<'a> {
    pub(super) fn of(traces: &'a Traces) -> Self {
        let queued = traces.queued.iter().map(|queued| (queued.caller, queued.end));
        let pairs: Vec<_> = traces.connections().into_iter().chain(queued).collect();
        let other: HashMap<_, _> = pairs.iter().flat_map(|&(one, two)| [(one, two), (two, one)]).collect();
        let end = End { state: State::Established, sent: 0, read: 0, is_held: true, has_seen: false };
        let ends = other.keys().map(|&socket| (socket, end)).collect();
        let untold = pairs.iter().flat_map(|&(one, two)| [untold(traces, one, two), untold(traces, two, one)]);
        let untold = untold.flatten().collect();
        let (queued, lingering, told_of_reset, seeing, shown) = Default::default();
        let mut states = Self { traces, other, ends, queued, lingering, told_of_reset, seeing, untold, shown };
        for queued in &traces.queued {
            states.queued.entry(queued.listener).or_default().push(queued.end);
        }
        traces.calls.iter().for_each(|call| states.note(call));
        states
    }

    /// Remembers what a call tells of its socket, whenever it is made.
    fn note(&mut self, call: &Made) {
        if call.event.argument.starts_with("SO_LINGER, 0") {
            self.lingering.insert(call.socket);
        }
        if call.was_reset() {
            self.told_of_reset.insert(call.socket);
        }
        // Behind a reset everything reads as an end.
        if call.sees_end() && !self.told_of_reset.contains(&call.socket) {
            self.seeing.insert(call.socket);
        }
        if call.event.call == Call::State {
            self.shown.extend([Some(call.socket), self.other(call.socket)].into_iter().flatten());
        }
    }

    /// The socket at the other end of a TCP connection.
    pub(super) fn other(&self, socket: usize) -> Option<usize> {
        self.other.get(&socket).copied()
    }

    /// Whether the system's table showed the states of this connection.
    pub(super) fn is_shown(&self, socket: usize) -> bool {
        self.shown.contains(&socket)
    }

    /// What must have been before a call returned as it did.
    pub(super) fn before(&mut self, call: usize) -> Vec<Unseen> {
        let made = &self.traces.calls[call];
        let mut unseen = Vec::new();
        if let Some(&(socket, what)) = self.untold.get(&call) {
            if let Some(end) = self.ends.get_mut(&socket) {
                end.is_held = false;
            }
            unseen.extend(if what == What::Rst { self.reset(socket) } else { self.fin(socket) });
        }
        let Some(&End { state, .. }) = self.ends.get(&made.socket) else { return unseen };
        let open = matches!(state, State::Established | State::CloseWait);
        let gone = made.was_reset() || open && (made.failed_with("EPIPE") || made.failed_with("ENOTCONN"));
        if let Some(other) = self.other(made.socket).filter(|_| gone) {
            unseen.extend(self.reset(other));
        }
        unseen
    }

    /// What a call makes the systems do.
    pub(super) fn after(&mut self, call: usize) -> Vec<Unseen> {
        let made = &self.traces.calls[call];
        let socket = made.socket;
        if made.event.call == Call::Fork {
            self.hand_over(socket);
        }
        match made.deed() {
            Some(Deed::Sends) => self.send(socket, made.moved().unwrap_or(0)),
            Some(Deed::Receives) => {
                if let Some(end) = self.ends.get_mut(&socket) {
                    end.read = end.read.saturating_add(made.moved().unwrap_or(0));
                    end.has_seen |= made.sees_end();
                }
                Vec::new()
            }
            Some(Deed::Ends) => self.fin(socket),
            Some(Deed::Closes) => self.close(socket),
            Some(Deed::Listens | Deed::Connects) | None => Vec::new(),
        }
    }

    /// A copy takes the place of the socket: as long as it is there, closing the other one ends nothing.
    fn hand_over(&mut self, copy: usize) {
        let Some(original) = self.traces.sockets[copy].copy_of else { return };
        if let (Some(other), Some(end)) = (self.other.remove(&original), self.ends.remove(&original)) {
            self.other.extend([(copy, other), (other, copy)]);
            self.ends.insert(copy, end);
        }
    }

    /// Bytes to a socket that nobody has any more are answered with a reset.
    fn send(&mut self, socket: usize, bytes: u64) -> Vec<Unseen> {
        let Some(end) = self.ends.get_mut(&socket) else { return Vec::new() };
        end.sent = end.sent.saturating_add(bytes);
        let other = self.other[&socket];
        if bytes > 0 && !self.ends[&other].is_held { self.reset(other) } else { Vec::new() }
    }

    fn close(&mut self, socket: usize) -> Vec<Unseen> {
        if let Some(queued) = self.queued.remove(&socket) {
            return queued.into_iter().flat_map(|end| self.reset(end)).collect();
        }
        let Some(end) = self.ends.get_mut(&socket) else { return Vec::new() };
        end.is_held = false;
        let (end, other) = (*end, self.other[&socket]);
        // Whoever sees an orderly end, unless `shutdown` has sent that, was not sent a reset.
        let orderly = self.seeing.contains(&other) && end.state != State::FinWait2;
        let unread = self.ends[&other].sent > end.read || self.told_of_reset.contains(&other);
        if self.lingering.contains(&socket) || unread && !orderly { self.reset(socket) } else { self.fin(socket) }
    }

    /// The last segment of a direction, and its acknowledgement.
    fn fin(&mut self, socket: usize) -> Vec<Unseen> {
        let Some(&End { state, has_seen, .. }) = self.ends.get(&socket) else { return Vec::new() };
        let other = self.other[&socket];
        let fin = |state| Unseen::Segment(socket, other, What::Fin, state);
        let ack = |state| Unseen::Segment(other, socket, What::Ack, state);
        match state {
            State::Established => {
                self.set(socket, State::FinWait2);
                self.set(other, State::CloseWait);
                vec![fin(Some("FIN_WAIT_1")), ack(Some("CLOSE_WAIT")), Unseen::State(socket, "FIN_WAIT_2")]
            }
            State::CloseWait => {
                self.set(socket, State::Closed);
                self.set(other, State::Closed);
                // Between two machines the first FIN may still be on its way.
                let has_it = has_seen || self.is_on_one_machine(socket);
                vec![fin(has_it.then_some("LAST_ACK")), ack(has_it.then_some("TIME_WAIT"))]
            }
            State::FinWait2 | State::Closed => Vec::new(),
        }
    }

    /// The segment that ends a connection at once; nothing is sent behind it.
    fn reset(&mut self, socket: usize) -> Vec<Unseen> {
        let Some(&End { state, .. }) = self.ends.get(&socket) else { return Vec::new() };
        let other = self.other[&socket];
        if state == State::Closed {
            return Vec::new();
        }
        self.set(socket, State::Closed);
        self.set(other, State::Closed);
        vec![Unseen::Segment(socket, other, What::Rst, None)]
    }

    fn set(&mut self, socket: usize, state: State) {
        if let Some(end) = self.ends.get_mut(&socket) {
            end.state = state;
        }
    }

    fn is_on_one_machine(&self, socket: usize) -> bool {
        let known = [socket, self.other[&socket]].map(|socket| self.traces.sockets[socket].local.map(plain));
        matches!(known, [Some(one), Some(other)] if one.ip() == other.ip() || one.ip().is_loopback() && other.ip().is_loopback())
    }
}

/// How and before which call of `other` a socket ended, of whose end its own trace says nothing: its process was killed.
fn untold(traces: &Traces, socket: usize, other: usize) -> Option<(usize, (usize, What))> {
    let holder = traces.last_copy(socket);
    let calls = |socket: usize| traces.sockets[socket].calls.iter().map(|&call| (call, &traces.calls[call]));
    if calls(holder).next().is_none() || calls(holder).any(|(_, made)| made.is_end()) {
        return None;
    }
    let moved = |made: &Made| made.moved().unwrap_or(0);
    let read = calls(socket)
        .filter(|(_, made)| made.is_receive())
        .fold(0_u64, |all, (_, made)| all.saturating_add(moved(made)));
    // Of two threads only one is told of a reset.
    let is_reset = calls(other).any(|(_, made)| made.was_reset());
    let (mut sent, mut first_unread, mut has_ended) = (0_u64, None, false);
    for (call, made) in calls(other) {
        let broken = made.failed_with("EPIPE") && !has_ended;
        if made.was_reset() || broken && is_reset {
            return Some((call, (holder, What::Rst)));
        }
        // What came before an orderly end was read, so what was not came behind it, and was answered with a reset: then
        // nothing can be shut down any more. (A process can be killed before it has told what it read.)
        if made.sees_end() || broken {
            let goes_on = calls(other).any(|(later, made)| later > call && made.deed() == Some(Deed::Ends));
            return Some((first_unread.filter(|_| !goes_on).unwrap_or(call), (holder, What::Fin)));
        }
        has_ended |= made.is_end();
        if made.is_send() {
            sent = sent.saturating_add(moved(made));
            first_unread = first_unread.or((sent > read).then_some(call));
        }
    }
    None
}
