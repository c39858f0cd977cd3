//! What of the traces is drawn: certain ports or programs, a time.

use std::collections::{BTreeSet, HashSet};
use std::net::SocketAddr;
use std::time::Duration;

use jiff::Timestamp;
use socket_demos::net::event::Event;

/// One thing that somebody wants to see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Only {
    /// Sockets that have this port, or talk to it.
    Port(u16),
    /// Programs with this in their name.
    Program(String),
}

impl From<&str> for Only {
    fn from(word: &str) -> Self {
        word.parse().map_or_else(|_| Self::Program(word.to_lowercase()), Self::Port)
    }
}

/// What is chosen; nothing chooses all.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// One of the ports, and one of the programs.
    pub only: Vec<Only>,
    /// How long after the first call of all the picture begins.
    pub from: Option<Duration>,
    /// And where it ends.
    pub to: Option<Duration>,
}

impl Choice {
    /// The chosen calls of each file.
    pub fn of(&self, files: Vec<Vec<Event>>) -> Vec<Vec<Event>> {
        let first = files.iter().flatten().map(|event| event.time).min().unwrap_or_default();
        files.into_iter().map(|events| self.of_file(events, first)).collect()
    }

    fn of_file(&self, mut events: Vec<Event>, first: Timestamp) -> Vec<Event> {
        let sockets: HashSet<_> = events.iter().filter(|event| self.names_port_of(event)).map(socket).collect();
        events.retain(|event| {
            sockets.contains(&socket(event)) && self.names(&event.program) && self.is_in_time(event, first)
        });
        events
    }

    /// Whether the socket is one of those with a port that was asked for: then all of its calls are drawn.
    fn names_port_of(&self, event: &Event) -> bool {
        let mut ports =
            self.only.iter().filter_map(|only| if let Only::Port(port) = only { Some(*port) } else { None }).peekable();
        let named = event.argument.rsplit(", ").next().and_then(|address| address.parse().ok());
        let addresses: Vec<SocketAddr> = [event.local, event.peer, named].into_iter().flatten().collect();
        ports.peek().is_none() || ports.any(|port| addresses.iter().any(|address| address.port() == port))
    }

    fn names(&self, program: &str) -> bool {
        let mut words = self
            .only
            .iter()
            .filter_map(|only| if let Only::Program(word) = only { Some(word) } else { None })
            .peekable();
        let program = program.to_lowercase();
        words.peek().is_none() || words.any(|word| program.contains(word))
    }

    fn is_in_time(&self, event: &Event, first: Timestamp) -> bool {
        let since = event.time.duration_since(first).unsigned_abs();
        self.from.is_none_or(|from| since >= from) && self.to.is_none_or(|to| since <= to)
    }
}

/// A socket of one file.
fn socket(event: &Event) -> (u32, u32) {
    (event.pid, event.socket)
}

/// The programs whose calls these are, each once.
pub fn programs(files: &[Vec<Event>]) -> BTreeSet<String> {
    files.iter().flatten().map(|event| event.program.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(program: &str, socket: u32, millisecond: i64, local: &str) -> Event {
        serde_json::from_value(serde_json::json!({
            "time": Timestamp::from_millisecond(millisecond).unwrap(), "program": program, "pid": 1, "socket": socket,
            "call": "send", "local": local.parse::<SocketAddr>().ok(), "result": {"ok": 1},
        }))
        .unwrap()
    }

    #[test]
    fn ports_programs_and_times_choose_and_nothing_chooses_all() {
        let server =
            vec![event("python3 server.py", 1, 1000, ""), event("python3 server.py", 1, 2000, "127.0.0.1:8080")];
        let client = vec![event("Client", 1, 1500, "127.0.0.1:50000"), event("Client", 2, 3000, "127.0.0.1:50001")];
        let (second, files) = (Duration::from_secs(1), [server, client]);
        let choice =
            |only: &[&str], from, to| Choice { only: only.iter().map(|word| Only::from(*word)).collect(), from, to };
        let table = [
            (choice(&[], None, None), [2, 2]),
            (choice(&["8080"], None, None), [2, 0]),
            (choice(&["8080", "50001"], None, None), [2, 1]),
            (choice(&["CLIENT"], None, None), [0, 2]),
            (choice(&["server", "client"], None, None), [2, 2]),
            (choice(&["server", "50001"], None, None), [0, 0]),
            (choice(&[], Some(second), None), [1, 1]),
            (choice(&[], None, Some(second)), [2, 1]),
        ];
        for (choice, expected) in table {
            assert_eq!(choice.of(files.to_vec()).iter().map(Vec::len).collect::<Vec<_>>(), expected, "{choice:?}");
        }
    }
}
