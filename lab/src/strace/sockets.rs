//! What a call does to its socket, and what is to be told of it.

use std::net::SocketAddr;

use socket_demos::net::event::{Call as Name, Event, Outcome};

use super::calls::{self, Accepted, Moved, Told};
use super::events::time;
use super::line::{Call, Line};
use super::tables::{Begun, Place, Socket, Tables};

impl Tables<'_> {
    /// Takes note of what a call on this socket has told.
    pub(super) fn tell(
        &mut self,
        line: &Line<'_>,
        pid: u32,
        descriptor: u32,
        socket: usize,
        call: &Call<'_>,
        told: Told,
    ) {
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
            Told::Accept(accepted) => self.accepts(line, pid, socket, call, accepted),
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

    fn accepts(&mut self, line: &Line<'_>, pid: u32, listener: usize, call: &Call<'_>, accepted: Accepted) {
        let Accepted { peer, closes_at_exec, nonblocking } = accepted;
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

    /// Nobody will know how it ended.
    pub(super) fn give_up_connecting(&mut self, socket: usize) {
        if let Some(Begun { event, .. }) = self.sockets[socket].begun.take() {
            self.sockets[socket].used = true;
            self.events.push((socket, event));
        }
    }
}

/// What a call returned.
fn outcome(call: &Call<'_>) -> Outcome {
    match (call.number(), call.error()) {
        (_, Some(error)) => Outcome::Error(error.into()),
        (Some(number), None) => Outcome::Ok(u64::try_from(number).unwrap_or(0)),
        (None, None) => Outcome::Error(call.result.split(' ').next().unwrap_or("?").into()),
    }
}
