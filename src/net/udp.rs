//! A UDP socket, and its calls.

use std::io::{self, ErrorKind};
use std::net::{self, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use super::Traced;
use super::datagrams::Bad;
use super::event::{Call, Fault};
use super::faults::BadNetwork;
use super::packet_info;
use super::peer::{At, Peer};
use super::trace::Details;

/// A UDP socket for the pages: the calls of [`std::net::UdpSocket`], traced, and over a bad network where one is asked for.
/// Over a good network every call goes straight to the socket.
pub struct UdpSocket {
    socket: Arc<Traced<net::UdpSocket>>,
    bad: Option<Bad>,
    /// Whether one call may move several datagrams.
    pub(super) segments: bool,
}

impl UdpSocket {
    pub(super) fn over(socket: Traced<net::UdpSocket>, network: &BadNetwork) -> io::Result<Self> {
        let socket = Arc::new(socket);
        let bad = if network.is_good() { None } else { Some(Bad::over(&socket, network)?) };
        Ok(Self { socket, bad, segments: false })
    }

    /// `sendto(2)`; or `sendmsg(2)`, from where it was asked, to a [`Peer`] whose datagram has told where that was.
    ///
    /// # Errors
    /// Those of the call; over a bad network of one of the datagrams that leave now, while one that leaves later tells
    /// nothing.
    pub fn send_to(&self, bytes: &[u8], to: impl Into<Peer>) -> io::Result<usize> {
        self.transmit(bytes, Some(to.into()))
    }

    /// `send(2)` on a connected socket.
    ///
    /// # Errors
    /// As [`UdpSocket::send_to`]; `ConnectionRefused` tells of an earlier datagram, and this one was not sent.
    pub fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        self.transmit(bytes, None)
    }

    fn transmit(&self, bytes: &[u8], to: Option<Peer>) -> io::Result<usize> {
        match &self.bad {
            None => self.socket.transmit(bytes, to, None),
            Some(bad) => bad.transmit(&self.socket, bytes, to),
        }
    }

    /// `recvfrom(2)`: one datagram and its sender; it is `recvmsg(2)` where the sender is to come with the address that it
    /// wrote to. What does not fit `buffer` is gone, silently on Unix, with error
    /// 10040 and without the sender on Windows.
    ///
    /// # Errors
    /// Those of the call. On Windows an unconnected socket's 10054 tells that something sent before was refused, which
    /// does not concern this datagram (rust-lang/rust#128072): the call is made again.
    pub fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, Peer)> {
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
    pub fn recv_from_once(&self, buffer: &mut [u8]) -> io::Result<(usize, Peer)> {
        match &self.bad {
            None => self.socket.receive(buffer),
            Some(bad) => bad.deliver(&self.socket, buffer),
        }
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
        match &self.bad {
            None => self.socket.set_read_timeout(timeout),
            Some(bad) => {
                bad.set_read_timeout(timeout);
                Ok(())
            }
        }
    }

    /// Whether nobody looks at each datagram: no trace, no bad network.
    #[cfg(target_os = "linux")]
    pub(super) fn is_plain(&self) -> bool {
        self.bad.is_none() && self.socket.track.is_none()
    }

    /// The socket's own address.
    ///
    /// # Errors
    /// Those of getsockname(2).
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.get_ref().local_addr()
    }
}

/// The calls themselves.
impl Traced<net::UdpSocket> {
    /// Notes the socket's addresses for the trace, as far as it has them.
    pub(super) fn with_addresses(mut self) -> Self {
        if let Some(track) = &mut self.track {
            track.has_addresses((self.socket.local_addr().ok(), self.socket.peer_addr().ok()));
        }
        self
    }

    /// `send(2)` on a connected socket, `sendto(2)`, or `sendmsg(2)` from where a peer asked. A datagram that is `Lost` on
    /// purpose is only noted.
    pub(super) fn transmit(&self, bytes: &[u8], to: Option<Peer>, fault: Option<Fault>) -> io::Result<usize> {
        match self.transmit_once(bytes, to, fault) {
            // It was a broadcast's address, or is this machine's no more: then the system chooses.
            Err(error) if to.is_some_and(|to| to.at.is_some()) && is_not_ours(&error) => {
                self.transmit_once(bytes, to.map(|to| to.address.into()), fault)
            }
            result => result,
        }
    }

    fn transmit_once(&self, bytes: &[u8], to: Option<Peer>, fault: Option<Fault>) -> io::Result<usize> {
        let call = match to {
            None => Call::Send,
            Some(Peer { at: None, .. }) => Call::Sendto,
            Some(Peer { at: Some(_), .. }) => Call::Sendmsg,
        };
        let length = bytes.len();
        match to {
            Some(to) => self.announce(call.clone(), format_args!("{length}, {to}")),
            None => self.announce(call.clone(), length),
        }
        let result = match to {
            _ if fault == Some(Fault::Lost) => Ok(bytes.len()),
            None => self.socket.send(bytes),
            Some(Peer { address, at: None }) => self.socket.send_to(bytes, address),
            Some(Peer { address, at: Some(at) }) => packet_info::send(&self.socket, bytes, address, at),
        };
        let data = result.as_ref().ok().map(|&sent| &bytes[..sent]);
        self.note_datagram(call, length, to, data, fault, &result);
        result
    }

    /// `recvfrom(2)` or `recvmsg(2)`: one datagram and its sender; what does not fit `buffer` is gone.
    pub(super) fn receive(&self, buffer: &mut [u8]) -> io::Result<(usize, Peer)> {
        self.announce(self.receiving_call(), buffer.len());
        let result = self.receive_silently(buffer);
        self.note_received(buffer, None, &result);
        result
    }

    /// As [`Traced::receive`], for a bad network that notes the datagram when it is delivered. A call that a signal
    /// interrupted (EINTR) is made again.
    pub(super) fn receive_silently(&self, buffer: &mut [u8]) -> io::Result<(usize, Peer)> {
        loop {
            let received = if self.packet_info {
                packet_info::receive(&self.socket, buffer)
            } else {
                self.socket.recv_from(buffer).map(|(received, from)| (received, from.into()))
            };
            match received {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }

    fn receiving_call(&self) -> Call {
        if self.packet_info { Call::Recvmsg } else { Call::Recvfrom }
    }

    /// Notes what such a call gave.
    pub(super) fn note_received(&self, buffer: &[u8], fault: Option<Fault>, result: &io::Result<(usize, Peer)>) {
        let from = result.as_ref().ok().map(|&(_, from)| from);
        let received = result.as_ref().ok().map(|&(received, _)| &buffer[..received]);
        let moved = result.as_ref().map(|&(received, _)| received);
        self.note_datagram(self.receiving_call(), buffer.len(), from, received, fault, &moved);
    }

    fn note_datagram<E: std::borrow::Borrow<io::Error>>(
        &self,
        call: Call,
        argument: usize,
        peer: Option<Peer>,
        data: Option<&[u8]>,
        fault: Option<Fault>,
        result: &Result<usize, E>,
    ) {
        if let Some(track) = &self.track {
            let argument = peer.map_or_else(|| argument.to_string(), |peer| format!("{argument}, {peer}"));
            let at = peer.and_then(|peer| peer.at);
            let local = at.and_then(|At { ip, .. }| Some(SocketAddr::new(ip, track.local?.port())));
            let peer = peer.map(|peer| peer.address);
            let details = Details { data, local, peer, fault, ..Details::new(call, argument) };
            track.record(details, result.as_ref().map(|&moved| moved as u64).map_err(std::borrow::Borrow::borrow));
        }
    }

    /// `setsockopt(2)` with `SO_RCVTIMEO`, where it is not set so already; `None` waits for ever.
    pub(super) fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.limit_reads(timeout, net::UdpSocket::set_read_timeout)
    }

    /// `connect(2)`: fixes the peer and sends nothing.
    pub(super) fn connect(&self, peer: SocketAddr) -> io::Result<()> {
        self.call(Call::Connect, peer, |socket| socket.connect(peer))
    }
}

/// Whether nothing can be sent from the address that was asked for (EINVAL on Linux, EADDRNOTAVAIL elsewhere). What Windows
/// says of an option that it does not know was never seen, so it is tried without one after any error.
fn is_not_ours(error: &io::Error) -> bool {
    cfg!(windows) || matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::AddrNotAvailable)
}
