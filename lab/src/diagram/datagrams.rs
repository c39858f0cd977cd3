//! Which `recvfrom` got which datagram: they are found again by their bytes and addresses.
//!
//! A trace may have a hundred thousand of them, all with the same bytes or all from one socket, so none is looked for among
//! all: each stands in the queues of all that a receive may know of it.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;

use super::links::{Kind, Link};
use super::made::Made;
use super::sockets::{Traces, bound_to, is_known_as, known_as, plain};
use socket_demos::net::event::{Call, Fault};

/// How many of a queue are looked at that do not fit after all: those that a socket has sent to itself.
const MOST_LOOKED_AT: usize = 100;

/// For how many different sizes of a buffer the datagrams are looked through that it may have cut.
const MOST_SIZES: usize = 50;

/// What a receive may know of the socket that sent.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum From {
    Any,
    /// What the sender is bound to, as far as its trace tells.
    Bound(Option<SocketAddr>),
}

/// What a receive may know of the address that was sent to.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum To {
    Any,
    Port(u16),
    Address(Option<SocketAddr>),
}

/// Datagrams, or their first bytes, in the order in which they were put in.
#[derive(Default)]
struct Queues<'a>(HashMap<(&'a str, From, To), VecDeque<usize>>);

impl<'a> Queues<'a> {
    fn put(&mut self, traces: &Traces, bytes: &'a str, call: usize, place: usize) {
        let made = &traces.calls[call];
        let to = made.peer.map(plain);
        let port = to.map(|to| To::Port(to.port()));
        for from in [From::Any, From::Bound(traces.sockets[made.socket].local.map(bound_to))] {
            for to in [Some(To::Any), Some(To::Address(to)), port].into_iter().flatten() {
                self.0.entry((bytes, from, to)).or_default().push_back(place);
            }
        }
    }

    /// The queues in which everything stands that `receive` may have got.
    fn of(bytes: &'a str, traces: &Traces, receive: &Made) -> Vec<(&'a str, From, To)> {
        let froms = match receive.event.peer {
            None => vec![From::Any],
            Some(peer) => known_as(peer).into_iter().map(Some).chain([None]).map(From::Bound).collect(),
        };
        let tos = match traces.sockets[receive.socket].local.map(plain) {
            Some(own) if own.port() != 0 && own.ip().is_unspecified() => vec![To::Port(own.port()), To::Address(None)],
            Some(own) if own.port() != 0 => vec![To::Address(Some(own)), To::Address(None)],
            Some(_) | None => vec![To::Any],
        };
        froms.iter().flat_map(|from| tos.iter().map(move |to| (bytes, *from, *to))).collect()
    }

    /// The first of all that `fits`; what is `gone` from the beginning of a queue is dropped.
    fn first(
        &mut self,
        queues: &[(&'a str, From, To)],
        gone: impl Fn(usize) -> bool,
        fits: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        let mut first: Option<usize> = None;
        for key in queues {
            let Some(queue) = self.0.get_mut(key) else { continue };
            while queue.front().is_some_and(|&place| gone(place)) {
                queue.pop_front();
            }
            let mut left = queue.iter().copied().filter(|&place| !gone(place)).take(MOST_LOOKED_AT);
            first = first.into_iter().chain(left.find(|&place| fits(place))).min();
        }
        first
    }

    /// The last of all that `fits`.
    fn last(&self, queues: &[(&'a str, From, To)], fits: impl Fn(usize) -> bool) -> Option<usize> {
        let all = queues.iter().filter_map(|key| self.0.get(key));
        all.filter_map(|queue| queue.iter().rev().copied().take(MOST_LOOKED_AT).find(|&place| fits(place))).max()
    }
}

/// All datagrams of the traces, while the receives are gone through.
pub(super) struct Datagrams<'a> {
    traces: &'a Traces,
    /// Those that were sent and not lost on purpose, in the order of their sending.
    sent: Vec<usize>,
    /// The calls that have been received already.
    taken: Vec<bool>,
    waiting: Queues<'a>,
    /// As `waiting`, by so many of their first bytes: a buffer cuts what is longer.
    cut: HashMap<usize, Queues<'a>>,
    /// Those that were received, in that order, and their places in it.
    received: Vec<usize>,
    again: Queues<'a>,
}

impl<'a> Datagrams<'a> {
    pub(super) fn of(traces: &'a Traces) -> Self {
        let calls = traces.calls.iter().enumerate();
        let sends = calls.filter(|(_, call)| {
            call.is_send() && call.event.fault != Some(Fault::Lost) && traces.sockets[call.socket].datagrams
        });
        let sent: Vec<usize> = sends.map(|(index, _)| index).collect();
        let mut waiting = Queues::default();
        for &call in &sent {
            waiting.put(traces, bytes(&traces.calls[call]), call, call);
        }
        let taken = vec![false; traces.calls.len()];
        let (cut, received, again) = (HashMap::new(), Vec::new(), Queues::default());
        Self { traces, sent, taken, waiting, cut, received, again }
    }

    /// From each datagram to each receive that got it.
    pub(super) fn links(mut self) -> Vec<Link> {
        let calls = self.traces.calls.iter().enumerate();
        calls
            .filter(|(_, call)| matches!(call.event.call, Call::Recvfrom | Call::Recvmsg) && call.is_receive())
            .filter_map(|(to, call)| self.link(to, call))
            .collect()
    }

    fn link(&mut self, to: usize, receive: &'a Made) -> Option<Link> {
        // A copy made on purpose may have overtaken what it is a copy of.
        if receive.event.fault == Some(Fault::Duplicated) {
            return self.again(to, receive).or_else(|| self.first(to, receive));
        }
        self.first(to, receive).or_else(|| self.again(to, receive))
    }

    fn first(&mut self, to: usize, receive: &'a Made) -> Option<Link> {
        let from = self.whole(receive).or_else(|| self.cut(receive))?;
        self.taken[from] = true;
        self.again.put(self.traces, bytes(&self.traces.calls[from]), from, self.received.len());
        self.received.push(from);
        Some(Link { from, to, kind: Kind::Datagram })
    }

    /// The latest one like it that has been received already.
    fn again(&self, to: usize, receive: &'a Made) -> Option<Link> {
        let queues = Queues::of(bytes(receive), self.traces, receive);
        let place = self.again.last(&queues, |place| may_be(self.traces, self.received[place], receive))?;
        Some(Link { from: self.received[place], to, kind: Kind::Again })
    }

    fn whole(&mut self, receive: &'a Made) -> Option<usize> {
        let queues = Queues::of(bytes(receive), self.traces, receive);
        self.waiting.first(&queues, |call| self.taken[call], |call| may_be(self.traces, call, receive))
    }

    /// A buffer that was filled to its end may have cut the datagram.
    fn cut(&mut self, receive: &'a Made) -> Option<usize> {
        let (traces, size) = (self.traces, bytes(receive).len());
        let filled = receive.event.argument.split(',').next()?.parse() == Ok(receive.moved()?);
        if !filled || self.cut.len() >= MOST_SIZES && !self.cut.contains_key(&size) {
            return None;
        }
        let longer = self.cut.entry(size).or_insert_with(|| {
            let mut longer = Queues::default();
            for &call in &self.sent {
                if let Some((first, _)) =
                    bytes(&traces.calls[call]).split_at_checked(size).filter(|cut| !cut.1.is_empty())
                {
                    longer.put(traces, first, call, call);
                }
            }
            longer
        });
        let queues = Queues::of(bytes(receive), traces, receive);
        longer.first(&queues, |call| self.taken[call], |call| may_be(traces, call, receive))
    }
}

#[cfg(test)]
thread_local! {
    /// How many datagrams were looked at in this thread: more than a few for each call would take for ever.
    pub(super) static LOOKED_AT: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

fn bytes(call: &Made) -> &str {
    call.event.data.as_ref().map_or("", |data| &data.hex)
}

/// Whether the addresses of both sockets allow that `from` was received there.
fn may_be(traces: &Traces, from: usize, receive: &Made) -> bool {
    #[cfg(test)]
    LOOKED_AT.set(LOOKED_AT.get() + 1);
    let (send, receiver) = (&traces.calls[from], &traces.sockets[receive.socket]);
    let sender = &traces.sockets[send.socket];
    send.socket != receive.socket
        && is_known_as(receiver.local, send.peer)
        && is_known_as(sender.local, receive.event.peer)
}
