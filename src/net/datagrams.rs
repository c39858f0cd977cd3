//! Datagrams over a network that is bad on purpose ([`BadNetwork`]).
//!
//! Two threads stand between the socket and whoever uses it, one for each direction: what is sent leaves when it is due,
//! what arrives is delivered when it is due. Over a good network none of this exists.

use std::io::{self, ErrorKind};
use std::net::UdpSocket;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::lock::lock;
use crate::net::Traced;
use crate::net::event::Fault;
use crate::net::faults::{BadNetwork, Line, Passing};
use crate::net::peer::Peer;
use crate::{errors, t};

/// The largest text that one datagram carries over IPv4, in bytes: 65,535 less 20 of IP header and 8 of UDP header
/// (RFC 768, RFC 791).
pub const MAX_DATAGRAM: usize = 65_507;

/// How long the receiving end of a bad network rests after an error: one that lasts would come back at once for ever.
const PAUSE: Duration = Duration::from_millis(100);

/// Says no to what is too long for a datagram, before it is sent.
///
/// # Errors
/// A sentence for the person who typed it.
pub fn check_length(bytes: Vec<u8>) -> Result<Vec<u8>, String> {
    if bytes.len() <= MAX_DATAGRAM {
        return Ok(bytes);
    }
    let length = bytes.len();
    Err(t!(
        "the message has {length} bytes, but a UDP datagram carries at most {MAX_DATAGRAM}; it was not sent",
        "这条消息有 {length} 字节，而一个 UDP 数据报最多装 {MAX_DATAGRAM} 字节；没有发送"
    ))
}

/// The two directions of a bad network.
pub(super) struct Bad {
    out: Arc<Direction<(Vec<u8>, Option<Peer>)>>,
    arriving: Arc<Direction<Arrival>>,
    timeout: Mutex<Option<Duration>>,
}

/// What a `recvfrom` gave. Errors pass unharmed, as their kind and number.
#[derive(Clone)]
enum Arrival {
    Datagram(Vec<u8>, Peer),
    Failed(ErrorKind, Option<i32>),
}

struct Direction<T> {
    line: Mutex<Line<T>>,
    changed: Condvar,
}

impl Bad {
    /// Two threads stand between `socket` and whoever uses it.
    pub(super) fn over(socket: &Arc<Traced<UdpSocket>>, network: &BadNetwork) -> io::Result<Self> {
        let bad = Self {
            out: Arc::new(Direction::new(network, 0)),
            arriving: Arc::new(Direction::new(network, 1)),
            timeout: Mutex::default(),
        };
        let (out, sender) = (Arc::clone(&bad.out), Arc::clone(socket));
        thread::Builder::new().spawn(move || send_what_is_due(&out, &sender))?;
        let (arriving, receiver) = (Arc::clone(&bad.arriving), Arc::clone(socket));
        thread::Builder::new().spawn(move || receive_for_later(&arriving, &receiver))?;
        Ok(bad)
    }

    /// Sends a datagram, or notes that it is lost.
    pub(super) fn transmit(&self, socket: &Traced<UdpSocket>, bytes: &[u8], to: Option<Peer>) -> io::Result<usize> {
        if let Some((lost, to)) = self.out.put((bytes.to_vec(), to)) {
            return socket.transmit(&lost, to, Some(Fault::Lost));
        }
        // What is due at once leaves at once, so that nothing is left behind by a program that ends now.
        send_due(&self.out, socket).map(|()| bytes.len())
    }

    /// Delivers the next datagram that is due.
    pub(super) fn deliver(&self, socket: &Traced<UdpSocket>, buffer: &mut [u8]) -> io::Result<(usize, Peer)> {
        let timeout = *lock(&self.timeout);
        let passing = self.arriving.wait(timeout).ok_or(ErrorKind::WouldBlock)?;
        let result = match passing.datagram {
            Arrival::Datagram(bytes, from) => {
                let fits = bytes.len().min(buffer.len());
                buffer[..fits].copy_from_slice(&bytes[..fits]);
                Ok((fits, from))
            }
            Arrival::Failed(_, Some(number)) => Err(io::Error::from_raw_os_error(number)),
            Arrival::Failed(kind, None) => Err(kind.into()),
        };
        socket.note_received(buffer, passing.fault, &result);
        result
    }

    /// How long the next [`Bad::deliver`] waits.
    pub(super) fn set_read_timeout(&self, timeout: Option<Duration>) {
        *lock(&self.timeout) = timeout;
    }
}

impl<T: Clone> Direction<T> {
    fn new(network: &BadNetwork, direction: u64) -> Self {
        Self { line: Mutex::new(Line::new(network, direction)), changed: Condvar::new() }
    }

    /// Takes a datagram, and gives it back where it is lost.
    fn put(&self, datagram: T) -> Option<T> {
        let lost = lock(&self.line).put(datagram, Instant::now());
        self.changed.notify_all();
        lost
    }

    /// Does something with each datagram that is due. The line is locked meanwhile, so that they stay in their order
    /// whichever thread does it.
    fn each_due(&self, mut each: impl FnMut(Passing<T>)) {
        let mut line = lock(&self.line);
        while let Some(passing) = line.take(Instant::now()) {
            each(passing);
        }
    }

    /// Waits until a datagram is due.
    fn wait_until_due(&self) {
        let mut line = lock(&self.line);
        loop {
            let left = line.next_due().map(|due| due.saturating_duration_since(Instant::now()));
            line = match left {
                Some(Duration::ZERO) => return,
                Some(left) => self.changed.wait_timeout(line, left).map_or_else(|e| e.into_inner().0, |w| w.0),
                None => self.changed.wait(line).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    fn put_unharmed(&self, datagram: T) {
        lock(&self.line).put_unharmed(datagram, Instant::now());
        self.changed.notify_all();
    }

    /// Waits for the next datagram that is due; `None` after `timeout`.
    fn wait(&self, timeout: Option<Duration>) -> Option<Passing<T>> {
        let deadline = timeout.map(|timeout| Instant::now() + timeout);
        let mut line = lock(&self.line);
        loop {
            let now = Instant::now();
            if let Some(passing) = line.take(now) {
                return Some(passing);
            }
            if deadline.is_some_and(|deadline| deadline <= now) {
                return None;
            }
            let until = [deadline, line.next_due()].into_iter().flatten().min();
            line = match until {
                Some(until) => self.changed.wait_timeout(line, until - now).map_or_else(|e| e.into_inner().0, |w| w.0),
                None => self.changed.wait(line).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }
}

/// Sends what is due now; gives the last error, if any.
fn send_due(out: &Direction<(Vec<u8>, Option<Peer>)>, socket: &Traced<UdpSocket>) -> io::Result<()> {
    let mut outcome = Ok(());
    out.each_due(|Passing { datagram: (bytes, to), fault, .. }| {
        if let Err(error) = socket.transmit(&bytes, to, fault) {
            outcome = Err(error);
        }
    });
    outcome
}

fn send_what_is_due(out: &Direction<(Vec<u8>, Option<Peer>)>, socket: &Traced<UdpSocket>) {
    loop {
        out.wait_until_due();
        // A refusal is told by the next receive, too; anything else is in the trace, and lost, as in any bad network.
        let _ = send_due(out, socket);
    }
}

fn receive_for_later(arriving: &Direction<Arrival>, socket: &Traced<UdpSocket>) {
    let mut buffer = vec![0; MAX_DATAGRAM + 1];
    loop {
        match socket.receive_silently(&mut buffer) {
            Ok((received, from)) => {
                if arriving.put(Arrival::Datagram(buffer[..received].to_vec(), from)).is_some() {
                    socket.note_received(&buffer, Some(Fault::Lost), &Ok((received, from)));
                }
            }
            Err(error) => {
                arriving.put_unharmed(Arrival::Failed(error.kind(), error.raw_os_error()));
                // There is one refusal for each datagram that was refused, and what comes next is not to wait for it.
                if !errors::is_not_there(&error) {
                    thread::sleep(PAUSE);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;
    use crate::net::{self, Socket, Trace};

    #[test]
    fn an_error_that_lasts_is_not_asked_for_again_and_again() {
        let here = SocketAddr::from(([127, 0, 0, 1], 0));
        let socket = Socket::udp(here, &Trace::off()).unwrap();
        socket.bind(here).unwrap();
        let socket: Traced<UdpSocket> = socket.turn_into();
        // Each recv fails after a millisecond, for ever.
        socket.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
        let network = BadNetwork { delay: Some(Duration::from_millis(1)), ..BadNetwork::default() };
        let socket = net::UdpSocket::over(socket, &network).unwrap();
        let (begun, mut errors) = (Instant::now(), 0);
        while errors < 5 {
            socket.recv_from(&mut [0; 8]).unwrap_err();
            errors += 1;
        }
        assert!(begun.elapsed() >= 4 * PAUSE, "{errors} errors in {:?}", begun.elapsed());
    }
}
