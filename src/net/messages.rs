//! Datagrams of different senders in one call of Linux: recvmmsg(2), sendmmsg(2).

use std::io::{self, IoSlice, IoSliceMut};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd as _;

use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrStorage, recvmmsg, sendmmsg};

use super::segments::socket_address;

/// What the kernel fills in, made once.
pub(super) struct Headers(MultiHeaders<SockaddrStorage>);

impl Headers {
    /// For at most `places` datagrams at a time.
    pub(super) fn new(places: usize) -> Self {
        Self(MultiHeaders::preallocate(places, None))
    }
}

/// `recvmmsg(2)`: waits for one datagram, and takes what else is there, each into its place of `size` bytes; their lengths
/// and senders.
pub(super) fn receive(
    socket: &UdpSocket,
    Headers(headers): &mut Headers,
    buffer: &mut [u8],
    size: usize,
    came: &mut Vec<(usize, SocketAddr)>,
) -> io::Result<()> {
    let mut places: Vec<_> = buffer.chunks_exact_mut(size).map(|place| [IoSliceMut::new(place)]).collect();
    let messages = recvmmsg(socket.as_raw_fd(), headers, &mut places, MsgFlags::MSG_WAITFORONE, None)?;
    for message in messages {
        let sender = message.address.as_ref().and_then(socket_address).ok_or(io::ErrorKind::InvalidData)?;
        came.push((message.bytes, sender));
    }
    Ok(())
}

/// `sendmmsg(2)`: how many of the first have left. An error is that of the very first.
pub(super) fn send(socket: &UdpSocket, datagrams: &[(Vec<u8>, SocketAddr)]) -> Result<usize, Errno> {
    let mut headers = MultiHeaders::preallocate(datagrams.len(), None);
    let parts: Vec<_> = datagrams.iter().map(|(bytes, _)| [IoSlice::new(bytes)]).collect();
    let addresses: Vec<_> = datagrams.iter().map(|&(_, to)| Some(SockaddrStorage::from(to))).collect();
    sendmmsg(socket.as_raw_fd(), &mut headers, &parts, &addresses, [], MsgFlags::empty()).map(Iterator::count)
}
