//! Systems on which the system chooses from where an answer leaves.

use std::io;
use std::net::{SocketAddr, UdpSocket};

use crate::net::peer::{At, Peer};

/// What the trace calls the option; `None` where datagrams tell nothing.
pub(in crate::net) fn option(_: &socket2::Socket, _: SocketAddr) -> Option<&'static str> {
    None
}

/// Never asked for, since there is no option.
pub(in crate::net) fn ask_for(_: &socket2::Socket, _: SocketAddr) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// `recvfrom(2)`.
pub(in crate::net) fn receive(socket: &UdpSocket, buffer: &mut [u8]) -> io::Result<(usize, Peer)> {
    socket.recv_from(buffer).map(|(received, from)| (received, from.into()))
}

/// `sendto(2)`.
pub(in crate::net) fn send(socket: &UdpSocket, bytes: &[u8], to: SocketAddr, _: At) -> io::Result<usize> {
    socket.send_to(bytes, to)
}
