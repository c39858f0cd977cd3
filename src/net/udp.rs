//! The calls of a UDP socket.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use super::Traced;
use super::event::{Call, Fault};
use super::trace::Details;

impl Traced<UdpSocket> {
    /// Notes the socket's addresses for the trace, as far as it has them.
    pub(super) fn with_addresses(mut self) -> Self {
        if let Some(track) = &mut self.track {
            track.local = self.socket.local_addr().ok();
            track.peer = self.socket.peer_addr().ok();
        }
        self
    }

    /// `send(2)` on a connected socket, or `sendto(2)`. A datagram that is `Lost` on purpose is only noted.
    pub(super) fn transmit(&self, bytes: &[u8], to: Option<SocketAddr>, fault: Option<Fault>) -> io::Result<usize> {
        let (call, length) = (if to.is_some() { Call::Sendto } else { Call::Send }, bytes.len());
        match to {
            Some(to) => self.announce(call.clone(), format_args!("{length}, {to}")),
            None => self.announce(call.clone(), length),
        }
        let result = match to {
            _ if fault == Some(Fault::Lost) => Ok(bytes.len()),
            Some(to) => self.socket.send_to(bytes, to),
            None => self.socket.send(bytes),
        };
        let data = result.as_ref().ok().map(|&sent| &bytes[..sent]);
        self.note_datagram(call, length, to, data, fault, &result);
        result
    }

    /// `recvfrom(2)`: one datagram and its sender; what does not fit `buffer` is gone.
    pub(super) fn receive(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.announce(Call::Recvfrom, buffer.len());
        let result = self.receive_silently(buffer);
        self.note_received(buffer, None, &result);
        result
    }

    /// As [`Traced::receive`], for a bad network that notes the datagram when it is delivered. A call that a signal
    /// interrupted (EINTR) is made again.
    pub(super) fn receive_silently(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        loop {
            match self.socket.recv_from(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }

    /// Notes what a `recvfrom` gave.
    pub(super) fn note_received(&self, buffer: &[u8], fault: Option<Fault>, result: &io::Result<(usize, SocketAddr)>) {
        let from = result.as_ref().ok().map(|&(_, from)| from);
        let received = result.as_ref().ok().map(|&(received, _)| &buffer[..received]);
        let moved = result.as_ref().map(|&(received, _)| received);
        self.note_datagram(Call::Recvfrom, buffer.len(), from, received, fault, &moved);
    }

    fn note_datagram<E: std::borrow::Borrow<io::Error>>(
        &self,
        call: Call,
        argument: usize,
        peer: Option<SocketAddr>,
        data: Option<&[u8]>,
        fault: Option<Fault>,
        result: &Result<usize, E>,
    ) {
        if let Some(track) = &self.track {
            let argument = peer.map_or_else(|| argument.to_string(), |peer| format!("{argument}, {peer}"));
            let details = Details { data, peer, fault, ..Details::new(call, argument) };
            track.record(details, result.as_ref().map(|&moved| moved as u64).map_err(std::borrow::Borrow::borrow));
        }
    }

    /// `setsockopt(2)` with `SO_RCVTIMEO`, where it is not set so already; `None` waits for ever.
    pub(super) fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.limit_reads(timeout, UdpSocket::set_read_timeout)
    }

    /// `connect(2)`: fixes the peer and sends nothing.
    pub(super) fn connect(&self, peer: SocketAddr) -> io::Result<()> {
        self.call(Call::Connect, peer, |socket| socket.connect(peer))
    }
}
