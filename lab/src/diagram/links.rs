//! Which receive got what which send sent.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;

use super::sockets::{Made, Traces, is_known_as};
use socket_demos::net::event::{Call, Fault};

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
    /// The end of a direction: `shutdown` or `close`, and the receive of 0 bytes.
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
    links.extend(UdpSocket::of(traces).links());
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
    let end = chosen(from, Made::is_end).first().copied();
    let seen = chosen(to, |call| call.is_receive() && call.event.argument != "0" && call.moved() == Some(0));
    links.extend(end.zip(seen.first()).map(|(from, &to)| Link { from, to, kind: Kind::End }));
    links
}

/// UdpSocket, found again by their bytes.
struct UdpSocket<'a> {
    traces: &'a Traces,
    /// Those that have not been received, by their bytes, in the order of their sending.
    waiting: HashMap<&'a str, VecDeque<usize>>,
    /// Those that have been.
    received: HashMap<&'a str, Vec<usize>>,
}

impl<'a> UdpSocket<'a> {
    fn of(traces: &'a Traces) -> Self {
        let mut waiting: HashMap<_, VecDeque<_>> = HashMap::new();
        for (index, call) in traces.calls.iter().enumerate() {
            let lost = call.event.fault == Some(Fault::Lost);
            if call.is_send() && !lost && traces.sockets[call.socket].datagrams {
                waiting.entry(bytes(call)).or_default().push_back(index);
            }
        }
        Self { traces, waiting, received: HashMap::new() }
    }

    fn links(mut self) -> Vec<Link> {
        let calls = self.traces.calls.iter().enumerate();
        calls
            .filter(|(_, call)| call.event.call == Call::Recvfrom && call.is_receive())
            .filter_map(|(to, call)| self.link(to, call))
            .collect()
    }

    fn link(&mut self, to: usize, receive: &'a Made) -> Option<Link> {
        if receive.event.fault != Some(Fault::Duplicated)
            && let Some((key, from)) = self.first_waiting(receive)
        {
            self.received.entry(key).or_default().push(from);
            return Some(Link { from, to, kind: Kind::Datagram });
        }
        let before = self.received.get(bytes(receive))?.iter().rev();
        let from = before.copied().find(|&from| self.may_be(from, receive))?;
        Some(Link { from, to, kind: Kind::Again })
    }

    fn first_waiting(&mut self, receive: &'a Made) -> Option<(&'a str, usize)> {
        let traces = self.traces;
        let mut take = |key: &'a str| {
            let waiting = self.waiting.get_mut(key)?;
            let place = waiting.iter().position(|&from| may_be(traces, from, receive))?;
            Some((key, waiting.remove(place)?))
        };
        if let Some(found) = take(bytes(receive)) {
            return Some(found);
        }
        // A buffer that was filled to its end may have cut the datagram.
        let filled = receive.event.argument.split(',').next()?.parse() == Ok(receive.moved()?);
        let mut keys: Vec<_> = self.waiting.iter().filter(|(_, waiting)| !waiting.is_empty()).collect();
        keys.retain(|(key, _)| filled && key.starts_with(bytes(receive)));
        let first = keys.into_iter().min_by_key(|(_, waiting)| waiting[0]).map(|(key, _)| *key)?;
        let waiting = self.waiting.get_mut(first)?;
        let place = waiting.iter().position(|&from| may_be(traces, from, receive))?;
        Some((first, waiting.remove(place)?))
    }

    fn may_be(&self, from: usize, receive: &Made) -> bool {
        may_be(self.traces, from, receive)
    }
}

fn bytes(call: &Made) -> &str {
    call.event.data.as_ref().map_or("", |data| &data.hex)
}

/// Whether the addresses of both sockets allow that `from` was received there.
fn may_be(traces: &Traces, from: usize, receive: &Made) -> bool {
    let (send, receiver) = (&traces.calls[from], &traces.sockets[receive.socket]);
    let sender = &traces.sockets[send.socket];
    send.socket != receive.socket
        && is_known_as(receiver.local, send.peer)
        && is_known_as(sender.local, receive.event.peer)
}
