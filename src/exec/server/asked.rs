//! At which of this machine's addresses each client has asked: what the protocol sends later leaves from there too.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;

use crate::net::Peer;

/// How many clients are remembered, those that began a command last: as many as the protocol remembers sessions.
const MAX_CLIENTS: usize = 4096;

/// The clients that have begun a command: forged addresses have none.
#[derive(Default)]
pub(super) struct Asked {
    clients: HashMap<SocketAddr, Peer>,
    order: VecDeque<SocketAddr>,
}

impl Asked {
    /// Remembers where `client` has asked, if that was told.
    pub(super) fn note(&mut self, client: Peer) {
        if !client.has_told_where() || self.clients.insert(client.address, client).is_some() {
            return;
        }
        self.order.push_back(client.address);
        if self.order.len() > MAX_CLIENTS
            && let Some(oldest) = self.order.pop_front()
        {
            self.clients.remove(&oldest);
        }
    }

    /// The client with this address.
    pub(super) fn client(&self, address: SocketAddr) -> Peer {
        self.clients.get(&address).copied().unwrap_or(address.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_of_too_many_clients_gives_way_and_the_place_of_the_last_command_counts() {
        let mut asked = Asked::default();
        let address = |number: usize| SocketAddr::from(([10, 0, (number >> 8) as u8, number as u8], 9));
        let at = |number, ours: &str| Peer::asking_at(address(number), ours.parse().unwrap());
        asked.note(address(0).into());
        assert!(asked.clients.is_empty(), "it did not tell where");
        (0..=MAX_CLIENTS).for_each(|number| asked.note(at(number, "192.0.2.1")));
        assert_eq!((asked.clients.len(), asked.order.len()), (MAX_CLIENTS, MAX_CLIENTS));
        assert!(!asked.client(address(0)).has_told_where());
        asked.note(at(1, "192.0.2.2"));
        assert_eq!(format!("{:?}", asked.client(address(1))), format!("{:?}", at(1, "192.0.2.2")));
        assert_eq!(asked.order.len(), MAX_CLIENTS);
    }
}
