//! Connections that have not proved anything yet: few, for a short time, and the newest is always let in.
//!
//! A stranger that says nothing must not lock the owner out. So at either limit the oldest of them is closed, and the
//! owner, who needs a few milliseconds to prove that he is one, is never the oldest for long.

use std::io::{self, Read, Write as _};
use std::net::{IpAddr, Shutdown};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use crate::lock::lock;
use crate::net::TcpStream;
use crate::net::deadline::Deadline;

/// How long a connection may take to prove itself, in all.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// How many may be at it at the same time.
pub const MAX_WAITING: usize = 32;

/// How many of them from one address.
pub const MAX_FROM_ONE: usize = 8;

type Stream = Arc<TcpStream>;

/// Those who wait, the oldest first.
pub struct Pending {
    patience: Duration,
    farewell: &'static [u8],
    waiting: Mutex<Vec<(IpAddr, Stream)>>,
}

impl Pending {
    /// Nobody yet. Each has `patience` in all, and one that is closed for another gets these bytes.
    pub fn new(patience: Duration, farewell: &'static [u8]) -> Self {
        Self { patience, farewell, waiting: Mutex::default() }
    }

    /// Lets a new connection in, and closes the oldest where there are too many.
    pub fn enter(self: &Arc<Self>, stream: &Stream, peer: IpAddr) -> Stranger {
        let mut waiting = self.waiting();
        let peer = peer.to_canonical();
        let of_this_address = waiting.iter().filter(|(address, _)| *address == peer).count();
        let oldest = if of_this_address >= MAX_FROM_ONE {
            waiting.iter().position(|(address, _)| *address == peer)
        } else {
            (waiting.len() >= MAX_WAITING).then_some(0)
        };
        if let Some(oldest) = oldest {
            self.send_away(&waiting.remove(oldest).1);
        }
        waiting.push((peer, Arc::clone(stream)));
        Stranger { pending: Arc::clone(self), stream: Deadline::new(Arc::clone(stream), self.patience) }
    }

    /// Closes the oldest, for a server that has no room for another connection at all.
    pub fn make_room(&self) {
        let mut waiting = self.waiting();
        if !waiting.is_empty() {
            self.send_away(&waiting.remove(0).1);
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<(IpAddr, Stream)>> {
        lock(&self.waiting)
    }

    /// A client in a crowd may learn that it can come again. Both fail for one that has gone by itself.
    fn send_away(&self, stranger: &TcpStream) {
        let mut stream = stranger;
        let _ = stream.write_all(self.farewell);
        let _ = stranger.shutdown(Shutdown::Both);
    }
}

/// A connection that has not proved anything yet; to be dropped when it has, or when it has been closed.
pub struct Stranger {
    pending: Arc<Pending>,
    stream: Deadline<Stream>,
}

impl Read for Stranger {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.read(buffer)
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        self.pending.waiting().retain(|(_, stream)| !Arc::ptr_eq(stream, self.stream.get_ref()));
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::net::{Socket, Trace};

    /// A connection's two ends.
    fn connection() -> (Stream, std::net::TcpStream) {
        let address = "127.0.0.1:0".parse().unwrap();
        let socket = Socket::tcp(address, &Trace::off()).unwrap();
        socket.bind(address).unwrap();
        let listener = socket.listen(1).unwrap();
        let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        client.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        (Arc::new(listener.accept().unwrap().0), client)
    }

    fn from(number: u8) -> IpAddr {
        Ipv4Addr::new(192, 0, 2, number).into()
    }

    /// Whether the other end has been closed.
    fn is_closed(mut client: &std::net::TcpStream) -> bool {
        client.set_nonblocking(true).unwrap();
        matches!(client.read(&mut [0]), Ok(0))
    }

    #[test]
    fn one_too_many_from_an_address_closes_the_oldest_of_that_address() {
        let pending = Arc::new(Pending::new(PATIENCE, b"away"));
        let others: Vec<_> = (0..2).map(|_| connection()).collect();
        let mut strangers: Vec<_> = others.iter().map(|(stream, _)| pending.enter(stream, from(2))).collect();
        let mine: Vec<_> = (0..=MAX_FROM_ONE).map(|_| connection()).collect();
        strangers.extend(mine.iter().map(|(stream, _)| pending.enter(stream, from(1))));
        let (mut first, mut heard) = (&mine[0].1, Vec::new());
        first.read_to_end(&mut heard).unwrap();
        assert_eq!(heard, b"away");
        assert!(mine[1..].iter().chain(&others).all(|(_, client)| !is_closed(client)));
        drop(strangers);
        assert!(pending.waiting().is_empty());
    }

    #[test]
    fn one_too_many_in_all_closes_the_oldest() {
        let pending = Arc::new(Pending::new(PATIENCE, b"away"));
        let all: Vec<_> = (0..=MAX_WAITING).map(|_| connection()).collect();
        let enter =
            |(number, (stream, _)): (usize, &(Stream, std::net::TcpStream))| pending.enter(stream, from(number as u8));
        let strangers: Vec<_> = all.iter().enumerate().map(enter).collect();
        let mut first = &all[0].1;
        first.read_to_end(&mut Vec::new()).unwrap();
        assert_eq!(all.iter().filter(|(_, client)| is_closed(client)).count(), 1);
        drop(strangers);
    }
}
