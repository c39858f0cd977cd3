//! Connections that have not proved anything yet: few, for a short time, and the newest is always let in.
//!
//! A stranger that says nothing must not lock the owner out. So at either limit the oldest of them is closed, and the
//! owner, who needs a few milliseconds to prove that he is one, is never the oldest for long.

use std::io::{self, Read};
use std::net::{IpAddr, Shutdown, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::deadline::Deadline;
use crate::frames::FrameWriter;
use crate::lock::lock;
use crate::remote::kind;
use crate::trace::Traced;

/// How long a connection may take to prove itself, in all.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// How many may be at it at the same time.
pub const MAX_WAITING: usize = 32;

/// How many of them from one address.
pub const MAX_FROM_ONE: usize = 8;

type Stream = Arc<Traced<TcpStream>>;

/// Those who wait, the oldest first.
#[derive(Default)]
pub struct Door {
    waiting: Mutex<Vec<(IpAddr, Stream)>>,
}

impl Door {
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
            send_away(&waiting.remove(oldest).1);
        }
        waiting.push((peer, Arc::clone(stream)));
        Stranger { door: Arc::clone(self), stream: Deadline::new(Arc::clone(stream), PATIENCE) }
    }

    /// Closes the oldest, for a server that has no room for another connection at all.
    pub fn make_room(&self) {
        let mut waiting = self.waiting();
        if !waiting.is_empty() {
            send_away(&waiting.remove(0).1);
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<(IpAddr, Stream)>> {
        lock(&self.waiting)
    }
}

/// A client in a crowd learns that it may come again. Both fail for one that has gone by itself.
fn send_away(stranger: &Traced<TcpStream>) {
    let _ = FrameWriter::new(stranger).send(kind::BUSY, b"");
    let _ = stranger.shutdown(Shutdown::Both);
}

/// A connection that has not proved anything yet; to be dropped when it has, or when it has been closed.
pub struct Stranger {
    door: Arc<Door>,
    stream: Deadline<Stream>,
}

impl Read for Stranger {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.read(buffer)
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        self.door.waiting().retain(|(_, stream)| !Arc::ptr_eq(stream, self.stream.get_ref()));
    }
}

/// How long a newcomer waits for a seat. One whose client has just left is free in a moment.
const FREED: Duration = Duration::from_millis(500);

/// A limited number of places for those who have proved themselves.
pub struct Seats {
    free: Mutex<usize>,
    freed: Condvar,
}

/// A place, until it is dropped.
pub struct Seat<'a>(&'a Seats);

impl Seats {
    /// So many.
    pub fn new(number: usize) -> Self {
        Self { free: Mutex::new(number), freed: Condvar::new() }
    }

    /// A place, if there is one.
    pub fn take(&self) -> Option<Seat<'_>> {
        let free = lock(&self.free);
        let waited = self.freed.wait_timeout_while(free, FREED, |free| *free == 0);
        let (mut free, _) = waited.unwrap_or_else(PoisonError::into_inner);
        *free = free.checked_sub(1)?;
        Some(Seat(self))
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        *lock(&self.0.free) += 1;
        self.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::trace::Trace;

    /// A connection's two ends.
    fn connection() -> (Stream, TcpStream) {
        let address = "127.0.0.1:0".parse().unwrap();
        let socket = Traced::tcp(address, &Trace::off()).unwrap();
        socket.bind(address).unwrap();
        let listener = socket.listen(1).unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        client.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        (Arc::new(listener.accept().unwrap().0), client)
    }

    fn from(number: u8) -> IpAddr {
        Ipv4Addr::new(192, 0, 2, number).into()
    }

    /// Whether the other end has been closed.
    fn is_closed(mut client: &TcpStream) -> bool {
        client.set_nonblocking(true).unwrap();
        matches!(client.read(&mut [0]), Ok(0))
    }

    #[test]
    fn one_too_many_from_an_address_closes_the_oldest_of_that_address() {
        let door = Arc::new(Door::default());
        let others: Vec<_> = (0..2).map(|_| connection()).collect();
        let mut strangers: Vec<_> = others.iter().map(|(stream, _)| door.enter(stream, from(2))).collect();
        let mine: Vec<_> = (0..=MAX_FROM_ONE).map(|_| connection()).collect();
        strangers.extend(mine.iter().map(|(stream, _)| door.enter(stream, from(1))));
        let (mut first, mut heard) = (&mine[0].1, Vec::new());
        first.read_to_end(&mut heard).unwrap();
        assert_eq!(heard, [0, 0, 0, 1, kind::BUSY]);
        assert!(mine[1..].iter().chain(&others).all(|(_, client)| !is_closed(client)));
        drop(strangers);
        assert!(door.waiting().is_empty());
    }

    #[test]
    fn a_seat_that_is_given_up_in_time_is_taken() {
        let seats = Seats::new(2);
        let (first, _second) = (seats.take().unwrap(), seats.take().unwrap());
        assert!(seats.take().is_none());
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| seats.take().is_some());
            drop(first);
            assert!(waiting.join().unwrap());
        });
    }

    #[test]
    fn one_too_many_in_all_closes_the_oldest() {
        let door = Arc::new(Door::default());
        let all: Vec<_> = (0..=MAX_WAITING).map(|_| connection()).collect();
        let enter = |(number, (stream, _)): (usize, &(Stream, TcpStream))| door.enter(stream, from(number as u8));
        let strangers: Vec<_> = all.iter().enumerate().map(enter).collect();
        let mut first = &all[0].1;
        first.read_to_end(&mut Vec::new()).unwrap();
        assert_eq!(all.iter().filter(|(_, client)| is_closed(client)).count(), 1);
        drop(strangers);
    }
}
