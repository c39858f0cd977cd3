//! Datagrams of different senders in one call of Linux: recvmmsg(2), sendmmsg(2).

use std::io::{self, IoSlice, IoSliceMut};
use std::net::UdpSocket;
use std::os::fd::AsRawFd as _;

use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrStorage, recvmmsg, sendmmsg};

use super::packet_info::{self, Info, peer};
use super::peer::Peer;

/// What the kernel fills in, made once: it notes how much it has used of the room for what stands beside a datagram, which is
/// the same for each of a socket.
pub(super) struct Headers(MultiHeaders<SockaddrStorage>);

impl Headers {
    /// For at most `places` datagrams at a time.
    pub(super) fn new(places: usize) -> Self {
        Self(MultiHeaders::preallocate(places, Some(Vec::with_capacity(packet_info::ROOM))))
    }
}

/// `recvmmsg(2)`: waits for one datagram, and takes what else is there, each into its place of `size` bytes; their lengths
/// and senders.
pub(super) fn receive(
    socket: &UdpSocket,
    Headers(headers): &mut Headers,
    buffer: &mut [u8],
    size: usize,
    came: &mut Vec<(usize, Peer)>,
) -> io::Result<()> {
    let mut places: Vec<_> = buffer.chunks_exact_mut(size).map(|place| [IoSliceMut::new(place)]).collect();
    let messages = recvmmsg(socket.as_raw_fd(), headers, &mut places, MsgFlags::MSG_WAITFORONE, None)?;
    for message in messages {
        came.push((message.bytes, peer(&message)?));
    }
    Ok(())
}

/// `sendmmsg(2)`, all from where the first is to leave: how many of the first have left. An error is that of the very first.
pub(super) fn send(socket: &UdpSocket, datagrams: &[(Vec<u8>, Peer)]) -> Result<usize, Errno> {
    let at = datagrams.first().and_then(|&(_, to)| to.at).map(Info::from);
    let room = at.as_ref().map(|at| Vec::with_capacity(at.room()));
    let mut headers = MultiHeaders::preallocate(datagrams.len(), room);
    let parts: Vec<_> = datagrams.iter().map(|(bytes, _)| [IoSlice::new(bytes)]).collect();
    let addresses: Vec<_> = datagrams.iter().map(|&(_, to)| Some(SockaddrStorage::from(to.address))).collect();
    let beside: Vec<_> = at.iter().map(Info::message).collect();
    sendmmsg(socket.as_raw_fd(), &mut headers, &parts, &addresses, &beside, MsgFlags::empty()).map(Iterator::count)
}
