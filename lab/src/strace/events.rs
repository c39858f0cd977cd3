//! The events that come of what strace has told.

use std::collections::HashMap;

use jiff::Timestamp;
use socket_demos::net::event::{Call as Name, Event, Outcome};

use super::line::Line;
use super::tables::{Socket, Tables};

impl Tables<'_> {
    pub(super) fn record(
        &mut self,
        line: &Line<'_>,
        pid: u32,
        socket: usize,
        call: Name,
        argument: String,
        result: Outcome,
    ) {
        let event = self.event(line, pid, socket, call, argument, result);
        self.events.push((socket, event));
    }

    pub(super) fn event(
        &mut self,
        line: &Line<'_>,
        pid: u32,
        socket: usize,
        call: Name,
        argument: String,
        result: Outcome,
    ) -> Event {
        let number = self.number(line, pid, socket);
        let Socket { local, peer, .. } = self.sockets[socket];
        let program = self.processes.get(&pid).map(|process| process.program.clone()).unwrap_or_default();
        Event {
            time: time(line.time),
            program,
            pid,
            socket: number,
            call,
            argument,
            local,
            peer,
            fault: None,
            result,
            data: None,
        }
    }

    /// The number of a socket in a process: 1 for the first. One that it has from its parent is told of first.
    pub(super) fn number(&mut self, line: &Line<'_>, pid: u32, socket: usize) -> u32 {
        let process = self.processes.entry(pid).or_default();
        let next = u32::try_from(process.numbers.len()).unwrap_or(u32::MAX).saturating_add(1);
        if let Some(&number) = process.numbers.get(&socket) {
            return number;
        }
        process.numbers.insert(socket, next);
        let is_inherited =
            self.processes.iter().any(|(other, process)| *other != pid && process.numbers.contains_key(&socket));
        if is_inherited {
            self.record(line, pid, socket, Name::Fork, String::new(), Outcome::Ok(0));
        }
        next
    }

    /// All of them, without the sockets that only tried something out.
    pub(super) fn events(mut self) -> Vec<Event> {
        (0..self.sockets.len()).for_each(|socket| self.give_up_connecting(socket));
        let sockets = &self.sockets;
        let events = self.events.into_iter().filter(|(socket, _)| sockets[*socket].used);
        let with_local = |(socket, event): (usize, Event)| {
            let known = &sockets[socket];
            let is_new = matches!(event.call, Name::Socket | Name::Setsockopt);
            // A connected socket has its address from connect on, whoever was told it later.
            let local = event.local.filter(|local| local.port() != 0).or(if is_new { None } else { known.local });
            Event { local, ..event }
        };
        numbered_anew(events.map(with_local).collect())
    }
}

/// Gives the sockets that are left the numbers from 1 on, in each process.
fn numbered_anew(mut events: Vec<Event>) -> Vec<Event> {
    let mut numbers: HashMap<u32, HashMap<u32, u32>> = HashMap::new();
    for event in &mut events {
        let numbers = numbers.entry(event.pid).or_default();
        let mut anew = |number| {
            let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX).saturating_add(1);
            *numbers.entry(number).or_insert(next)
        };
        event.socket = anew(event.socket);
        if let (Name::Accept, Outcome::Ok(number)) = (&event.call, &mut event.result) {
            *number = anew(u32::try_from(*number).unwrap_or(0)).into();
        }
    }
    events
}

pub(super) fn time(nanoseconds: i64) -> Timestamp {
    Timestamp::from_nanosecond(nanoseconds.into()).unwrap_or_default()
}
