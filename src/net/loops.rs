//! Two programs that answer whatever comes would answer each other for ever, and it takes one datagram with a false sender
//! to begin it. Nothing in a datagram says that it is an answer, so what is not plainly a question is answered a few times
//! in a row and no more.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// The first port that does not belong to the system's own services.
const FIRST_USER_PORT: u16 = 1024;

/// The silence after which a row is over: whoever only answers is silent from then on.
const QUIET: Duration = Duration::from_secs(1);

/// How many rows are kept at a time.
const MAX_ROWS: usize = 1024;

/// Counts the answers in a row to each address.
pub struct LoopGuard {
    most: u32,
    rows: HashMap<SocketAddr, Row>,
}

struct Row {
    answers: u32,
    last: Instant,
}

impl LoopGuard {
    /// For at most so many answers in a row.
    pub fn new(most: u32) -> Self {
        Self { most, rows: HashMap::new() }
    }

    /// Whether what came from `peer` at `now`, and need not be a question, is answered by the server at `own`: never
    /// where it [is a server's](is_of_server).
    pub fn may_answer(&mut self, peer: SocketAddr, own: SocketAddr, now: Instant) -> bool {
        if is_of_server(peer, own) {
            return false;
        }
        if self.rows.len() >= MAX_ROWS && !self.rows.contains_key(&peer) {
            self.make_room(now);
        }
        let row = self.rows.entry(peer).or_insert(Row { answers: 0, last: now });
        if now.duration_since(row.last) >= QUIET {
            row.answers = 0;
        }
        row.last = now;
        row.answers = row.answers.saturating_add(1);
        row.answers <= self.most
    }

    /// Forgets the rows that are over, or else any one: a loop that profits from that ends with the flood around it.
    fn make_room(&mut self, now: Instant) {
        self.rows.retain(|_, row| now.duration_since(row.last) < QUIET);
        if self.rows.len() >= MAX_ROWS
            && let Some(any) = self.rows.keys().next().copied()
        {
            self.rows.remove(&any);
        }
    }
}

/// Whether a datagram from `peer` is another server's, by its port: below 1024, where the system's services are, or that
/// of the server at `own`, on whatever address.
pub fn is_of_server(peer: SocketAddr, own: SocketAddr) -> bool {
    peer.port() < FIRST_USER_PORT || peer.port() == own.port()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: ([u8; 4], u16) = ([127, 0, 0, 1], 8080);

    fn peer(number: u32) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 2], u16::try_from(10_000 + number).unwrap()))
    }

    #[test]
    fn a_row_of_answers_ends_and_silence_begins_another() {
        let (mut guard, own, start) = (LoopGuard::new(3), OWN.into(), Instant::now());
        // Answers that come back at once, or after nearly a second: the same loop.
        let (mut now, mut answered) = (start, 0);
        for pause in [1, 900, 1, 900, 1, 900] {
            answered += u32::from(guard.may_answer(peer(1), own, now));
            now += Duration::from_millis(pause);
        }
        assert_eq!(answered, 3);
        assert!(guard.may_answer(peer(2), own, now), "another's row is another");
        assert!(guard.may_answer(peer(1), own, now + QUIET));
    }

    #[test]
    fn services_and_its_own_port_are_not_answered() {
        let (mut guard, now) = (LoopGuard::new(3), Instant::now());
        for (address, may) in [("127.0.0.1:53", false), ("127.0.0.9:8080", false), ("127.0.0.1:1024", true)] {
            assert_eq!(guard.may_answer(address.parse().unwrap(), OWN.into(), now), may, "{address}");
        }
    }

    #[test]
    fn a_flood_of_senders_costs_no_memory() {
        let (mut guard, own, now) = (LoopGuard::new(3), OWN.into(), Instant::now());
        assert!((0..10_000).all(|number| guard.may_answer(peer(number), own, now)));
        assert_eq!(guard.rows.len(), MAX_ROWS);
    }
}
