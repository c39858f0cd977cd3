//! A UDP socket for the pages: the calls of `std::net`, traced, and over a bad network where one is asked for.
//!
//! Over a good network every call goes straight to the socket. Over a bad one ([`BadNetwork`]) two threads stand between,
//! one for each direction: what is sent leaves when it is due, what arrives is delivered when it is due.

use std::io::{self, ErrorKind};
use std::net::{self, SocketAddr};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::lock::lock;
use crate::net::Traced;
use crate::net::event::Fault;
use crate::net::faults::{BadNetwork, Line, Passing};
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

/// A UDP socket.
pub struct UdpSocket {
    socket: Arc<Traced<net::UdpSocket>>,
    bad: Option<Bad>,
}

/// The two directions of a bad network.
struct Bad {
    out: Arc<Direction<(Vec<u8>, Option<SocketAddr>)>>,
    arriving: Arc<Direction<Arrival>>,
    timeout: Mutex<Option<Duration>>,
}

/// What a `recvfrom` gave. Errors pass unharmed, as their kind and number.
#[derive(Clone)]
enum Arrival {
    Datagram(Vec<u8>, SocketAddr),
    Failed(ErrorKind, Option<i32>),
}

struct Direction<T> {
    line: Mutex<Line<T>>,
    changed: Condvar,
}

impl UdpSocket {
    pub(super) fn over(socket: Traced<net::UdpSocket>, network: &BadNetwork) -> io::Result<Self> {
        let socket = Arc::new(socket);
        if network.is_good() {
            return Ok(Self { socket, bad: None });
        }
        let bad = Bad {
            out: Arc::new(Direction::new(network, 0)),
            arriving: Arc::new(Direction::new(network, 1)),
            timeout: Mutex::default(),
        };
        let (out, sender) = (Arc::clone(&bad.out), Arc::clone(&socket));
        thread::Builder::new().spawn(move || send_what_is_due(&out, &sender))?;
        let (arriving, receiver) = (Arc::clone(&bad.arriving), Arc::clone(&socket));
        thread::Builder::new().spawn(move || receive_for_later(&arriving, &receiver))?;
        Ok(Self { socket, bad: Some(bad) })
    }

    /// `sendto(2)`.
    ///
    /// # Errors
    /// Those of the call; over a bad network of one of the datagrams that leave now, while one that leaves later tells
    /// nothing.
    pub fn send_to(&self, bytes: &[u8], to: SocketAddr) -> io::Result<usize> {
        self.transmit(bytes, Some(to))
    }

    /// `send(2)` on a connected socket.
    ///
    /// # Errors
    /// As [`UdpSocket::send_to`]; `ConnectionRefused` tells of an earlier datagram, and this one was not sent.
    pub fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        self.transmit(bytes, None)
    }

    fn transmit(&self, bytes: &[u8], to: Option<SocketAddr>) -> io::Result<usize> {
        let Some(bad) = &self.bad else { return self.socket.transmit(bytes, to, None) };
        if let Some((lost, to)) = bad.out.put((bytes.to_vec(), to)) {
            return self.socket.transmit(&lost, to, Some(Fault::Lost));
        }
        // What is due at once leaves at once, so that nothing is left behind by a program that ends now.
        send_due(&bad.out, &self.socket).map(|()| bytes.len())
    }

    /// `recvfrom(2)`: one datagram and its sender. What does not fit `buffer` is gone, silently on Unix, with error
    /// 10040 and without the sender on Windows.
    ///
    /// # Errors
    /// Those of the call. On Windows an unconnected socket's 10054 tells that something sent before was refused, which
    /// does not concern this datagram (rust-lang/rust#128072): the call is made again.
    pub fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        loop {
            let result = self.recv_from_once(buffer);
            let stale = cfg!(windows) && self.socket.get_ref().peer_addr().is_err();
            if !result.as_ref().is_err_and(|error| stale && error.kind() == ErrorKind::ConnectionReset) {
                return result;
            }
        }
    }

    /// As [`UdpSocket::recv_from`], and what the system says comes as it is: also that stale 10054.
    ///
    /// # Errors
    /// Those of the call.
    pub fn recv_from_once(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        match &self.bad {
            None => self.socket.receive(buffer),
            Some(bad) => self.deliver(bad, buffer),
        }
    }

    fn deliver(&self, bad: &Bad, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let timeout = *lock(&bad.timeout);
        let passing = bad.arriving.wait(timeout).ok_or(ErrorKind::WouldBlock)?;
        let result = match passing.datagram {
            Arrival::Datagram(bytes, from) => {
                let fits = bytes.len().min(buffer.len());
                buffer[..fits].copy_from_slice(&bytes[..fits]);
                Ok((fits, from))
            }
            Arrival::Failed(_, Some(number)) => Err(io::Error::from_raw_os_error(number)),
            Arrival::Failed(kind, None) => Err(kind.into()),
        };
        self.socket.note_received(buffer, passing.fault, &result);
        result
    }

    /// `recv(2)` on a connected socket: one datagram of its peer. The trace has it as `recvfrom(2)`, which is the same call
    /// with room for the sender.
    ///
    /// # Errors
    /// As [`UdpSocket::recv_from`].
    pub fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.recv_from(buffer).map(|(received, _)| received)
    }

    /// `connect(2)`: fixes the peer and sends nothing.
    ///
    /// # Errors
    /// Those of the call.
    pub fn connect(&self, peer: SocketAddr) -> io::Result<()> {
        self.socket.connect(peer)
    }

    /// `close(2)`, as a step of its own. A bad network may still hold what is due later, and closes it then.
    pub fn close(self) {
        if let Some(socket) = Arc::into_inner(self.socket) {
            socket.close();
        }
    }

    /// The socket itself, for questions that are no part of the lesson.
    pub fn get_ref(&self) -> &net::UdpSocket {
        self.socket.get_ref()
    }

    /// `setsockopt(2)` with `SO_RCVTIMEO`, where it is not set so already; `None` waits for ever.
    ///
    /// # Errors
    /// Those of the call.
    pub fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        if let Some(bad) = &self.bad {
            *lock(&bad.timeout) = timeout;
            return Ok(());
        }
        self.socket.set_read_timeout(timeout)
    }

    /// The socket's own address.
    ///
    /// # Errors
    /// Those of getsockname(2).
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.get_ref().local_addr()
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
fn send_due(out: &Direction<(Vec<u8>, Option<SocketAddr>)>, socket: &Traced<net::UdpSocket>) -> io::Result<()> {
    let mut outcome = Ok(());
    out.each_due(|Passing { datagram: (bytes, to), fault, .. }| {
        if let Err(error) = socket.transmit(&bytes, to, fault) {
            outcome = Err(error);
        }
    });
    outcome
}

fn send_what_is_due(out: &Direction<(Vec<u8>, Option<SocketAddr>)>, socket: &Traced<net::UdpSocket>) {
    loop {
        out.wait_until_due();
        // A refusal is told by the next receive, too; anything else is in the trace, and lost, as in any bad network.
        let _ = send_due(out, socket);
    }
}

fn receive_for_later(arriving: &Direction<Arrival>, socket: &Traced<net::UdpSocket>) {
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
    use super::*;
    use crate::net::{Socket, Trace};

    #[test]
    fn an_error_that_lasts_is_not_asked_for_again_and_again() {
        let here = SocketAddr::from(([127, 0, 0, 1], 0));
        let socket = Socket::udp(here, &Trace::off()).unwrap();
        socket.bind(here).unwrap();
        let socket: Traced<net::UdpSocket> = socket.turn_into();
        // Each recv fails after a millisecond, for ever.
        socket.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
        let network = BadNetwork { delay: Some(Duration::from_millis(1)), ..BadNetwork::default() };
        let socket = UdpSocket::over(socket, &network).unwrap();
        let (begun, mut errors) = (Instant::now(), 0);
        while errors < 5 {
            socket.recv_from(&mut [0; 8]).unwrap_err();
            errors += 1;
        }
        assert!(begun.elapsed() >= 4 * PAUSE, "{errors} errors in {:?}", begun.elapsed());
    }
}
