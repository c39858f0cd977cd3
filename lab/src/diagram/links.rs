//! Which receive got what which send sent.

use std::ops::Range;

use super::datagrams::Datagrams;
use super::made::{Deed, Made};
use super::sockets::Traces;
use socket_demos::net::event::Call;

/// What leads from one call to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Bytes of a stream: those of the send, from 0.
    Bytes(Range<u64>),
    /// A datagram.
    Datagram,
    /// The same datagram once more.
    Again,
    /// A connection: `connect` and its `accept`.
    Connection,
    /// The end of a direction, and the receive of 0 bytes; or the end of a connection, and the error that says so.
    End,
}

/// One call that cannot have happened before another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) kind: Kind,
}

/// Every link of the traces.
pub(super) fn links(traces: &Traces) -> Vec<Link> {
    let mut links = Vec::new();
    for (caller, accepted) in traces.connections() {
        links.extend(connection(traces, caller, accepted));
        links.extend(stream(traces, caller, accepted));
        links.extend(stream(traces, accepted, caller));
    }
    links.extend(Datagrams::of(traces).links());
    links
}

fn connection(traces: &Traces, caller: usize, accepted: usize) -> Option<Link> {
    let mut calls = traces.sockets[caller].calls.iter();
    let from = *calls.find(|&&call| traces.calls[call].event.call == Call::Connect)?;
    Some(Link { from, to: traces.sockets[accepted].accepted?, kind: Kind::Connection })
}

/// One direction of a connection: both ends count its bytes alike, wherever the calls cut them.
fn stream(traces: &Traces, from: usize, to: usize) -> Vec<Link> {
    let chosen = |socket: usize, wanted: fn(&Made) -> bool| {
        let calls = traces.sockets[socket].calls.iter().copied();
        calls.filter(move |&call| wanted(&traces.calls[call])).collect::<Vec<_>>()
    };
    let counted = |calls: Vec<usize>| {
        let mut end = 0_u64;
        let count = |call: usize| {
            let start = end;
            // A file may say anything; no stream is that long.
            end = start.saturating_add(traces.calls[call].moved().unwrap_or(0));
            (call, start..end)
        };
        calls.into_iter().map(count).collect::<Vec<_>>()
    };
    let (sends, receives) = (counted(chosen(from, Made::is_send)), counted(chosen(to, Made::is_receive)));
    let mut links = Vec::new();
    let mut first = 0;
    for (receive, received) in &receives {
        while sends.get(first).is_some_and(|(_, sent)| sent.end <= received.start) {
            first += 1;
        }
        for (send, sent) in sends[first..].iter().take_while(|(_, sent)| sent.start < received.end) {
            let bytes = received.start.max(sent.start) - sent.start..received.end.min(sent.end) - sent.start;
            if !bytes.is_empty() {
                links.push(Link { from: *send, to: *receive, kind: Kind::Bytes(bytes) });
            }
        }
    }
    let first = |socket: usize, wanted: fn(&Made) -> bool| chosen(socket, wanted).first().copied();
    let holder = traces.last_copy(from);
    let end = first(holder, Made::is_end).or_else(|| last(traces, holder));
    links.extend(end.zip(first(to, Made::sees_end)).map(|(from, to)| Link { from, to, kind: Kind::End }));
    let end = first(holder, |call| call.deed() == Some(Deed::Closes)).or_else(|| last(traces, holder));
    links.extend(end.zip(first(to, Made::was_reset)).map(|(from, to)| Link { from, to, kind: Kind::End }));
    links
}

/// The last call of a socket, behind which its process was killed if no other one ends it.
fn last(traces: &Traces, socket: usize) -> Option<usize> {
    traces.sockets[socket].calls.last().copied()
}
