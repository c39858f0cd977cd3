//! Connections that have not proved anything yet: not many, for a short time, and the newest is always let in.
//!
//! Strangers must not lock the owner out, who may be far away: between our greeting and his proof lies a round trip. So
//! where there are too many, the one that goes comes from the fullest network, in it from the fullest address, and among
//! those it is any. Were it the oldest, whoever connects fast enough would push everybody out before the proof is there;
//! so a crowd from elsewhere pushes out itself alone, and in a crowd of his own network the owner has a good chance.

use std::io::{self, Read, Write as _};
use std::net::{IpAddr, Shutdown};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use fastrand::Rng;

use crate::lock::lock;
use crate::net::TcpStream;
use crate::net::deadline::Deadline;

/// How long a connection may take to prove itself with the key, in all.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// How many may be at it at the same time. Each costs a thread, up to 17 KB; the more there are, the longer each may stay
/// while others press in.
pub const MAX_WAITING: usize = 192;

type Stream = Arc<TcpStream>;

/// Those who wait.
pub struct Pending {
    patience: Duration,
    door: Mutex<Door>,
}

struct Door {
    farewell: &'static [u8],
    waiting: Vec<(IpAddr, Stream)>,
    random: Rng,
}

impl Pending {
    /// Nobody waits yet; whoever will has `patience` in all, and one that has to go for another gets these bytes.
    pub fn new(patience: Duration, farewell: &'static [u8]) -> Self {
        Self { patience, door: Mutex::new(Door { farewell, waiting: Vec::new(), random: Rng::new() }) }
    }

    /// Lets a new connection in, and closes another one where there are too many.
    pub fn enter(self: &Arc<Self>, stream: &Stream, peer: IpAddr) -> Stranger {
        let mut door = self.door();
        let peer = peer.to_canonical();
        if door.waiting.len() >= MAX_WAITING {
            door.send_one_away(Some(peer));
        }
        door.waiting.push((peer, Arc::clone(stream)));
        Stranger { pending: Arc::clone(self), stream: Deadline::new(Arc::clone(stream), self.patience) }
    }

    /// Closes one, for a server that has no room for another connection at all.
    pub fn make_room(&self) {
        self.door().send_one_away(None);
    }

    fn door(&self) -> MutexGuard<'_, Door> {
        lock(&self.door)
    }
}

impl Door {
    fn send_one_away(&mut self, newcomer: Option<IpAddr>) {
        let waiting: Vec<_> = self.waiting.iter().map(|(address, _)| *address).collect();
        if let Some(index) = who_goes(&waiting, newcomer, &mut self.random) {
            send_away(&self.waiting.swap_remove(index).1, self.farewell);
        }
    }
}

/// Which of those who wait has to go: any one of the fullest address in the fullest network, the newcomer counted.
fn who_goes(waiting: &[IpAddr], newcomer: Option<IpAddr>, random: &mut Rng) -> Option<usize> {
    let mut sorted: Vec<_> = waiting.iter().enumerate().map(|(index, address)| (*address, Some(index))).collect();
    sorted.extend(newcomer.map(|address| (address, None)));
    // The addresses of a network stand together then.
    sorted.sort_unstable();
    let mut crowds = Vec::new();
    for network in sorted.chunk_by(|(one, _), (other, _)| network(*one) == network(*other)) {
        for address in network.chunk_by(|(one, _), (other, _)| one == other) {
            let crowd = (network.len(), address.len());
            crowds.extend(address.iter().filter_map(|(_, index)| Some((crowd, (*index)?))));
        }
    }
    let (fullest, _) = *crowds.iter().max()?;
    crowds.retain(|(crowd, _)| *crowd == fullest);
    random.choice(crowds).map(|(_, index)| index)
}

/// What one customer is usually given: 256 addresses of IPv4 (a /24), 2^64 of IPv6 (a /64).
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(ip) => IpAddr::V4((ip.to_bits() & !0xff).into()),
        IpAddr::V6(ip) => IpAddr::V6((ip.to_bits() & !u128::from(u64::MAX)).into()),
    }
}

/// A client in a crowd may learn that it can come again. Both fail for one that has gone by itself.
fn send_away(mut stranger: &TcpStream, farewell: &[u8]) {
    let _ = stranger.write_all(farewell);
    let _ = stranger.shutdown(Shutdown::Both);
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
        self.pending.door().waiting.retain(|(_, stream)| !Arc::ptr_eq(stream, self.stream.get_ref()));
    }
}

#[cfg(test)]
mod tests;
