//! Several datagrams in one call of Linux, as the segments of a large one: the kernel cuts them where they leave
//! (`UDP_SEGMENT`, since 4.18) and puts together what comes in a row from one sender (`UDP_GRO`, since 5.0); udp(7).

use std::io::{self, IoSlice, IoSliceMut};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd as _;

use nix::errno::Errno;
use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, RecvMsg, SockaddrStorage, cmsg_space, recvmsg, sendmsg, setsockopt,
    sockopt,
};

/// Room for the length of a segment: an int.
const ROOM: usize = cmsg_space::<i32>();

/// From now on a receive may bring several datagrams. A system that knows this knows the other direction too. Emulators of
/// big-endian machines hand the lengths over as they are.
pub(super) fn ask_for(socket: &UdpSocket) -> io::Result<()> {
    if cfg!(target_endian = "big") {
        return Err(io::ErrorKind::Unsupported.into());
    }
    setsockopt(socket, sockopt::UdpGroSegment, &true)?;
    Ok(())
}

/// `sendmsg(2)`: all have the length of the first, but for the last, which may be shorter. All are sent or none.
pub(super) fn send(socket: &UdpSocket, datagrams: &[Vec<u8>], to: Option<SocketAddr>) -> io::Result<()> {
    let parts: Vec<_> = datagrams.iter().map(|datagram| IoSlice::new(datagram)).collect();
    let length = u16::try_from(datagrams[0].len()).map_err(io::Error::other)?;
    let (segment, to) = ([ControlMessage::UdpGsoSegments(&length)], to.map(SockaddrStorage::from));
    sendmsg(socket.as_raw_fd(), &parts, &segment, MsgFlags::empty(), to.as_ref())?;
    Ok(())
}

/// `recvmsg(2)`: how many bytes, the length at which they are to be cut, and the sender.
pub(super) fn receive(socket: &UdpSocket, buffer: &mut [u8]) -> io::Result<(usize, usize, SocketAddr)> {
    let (mut parts, mut room) = ([IoSliceMut::new(buffer)], Room([0; ROOM]));
    loop {
        match recvmsg(socket.as_raw_fd(), &mut parts, Some(&mut room.0), MsgFlags::empty()) {
            Ok(message) => return told_of(&message),
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// What the kernel fills in as C structures: they begin where a `usize` may.
#[repr(align(8))]
struct Room([u8; ROOM]);

/// What stands beside the bytes. A datagram that came alone has no length of its own there.
fn told_of(message: &RecvMsg<'_, '_, SockaddrStorage>) -> io::Result<(usize, usize, SocketAddr)> {
    let sender = message.address.as_ref().and_then(socket_address).ok_or(io::ErrorKind::InvalidData)?;
    let segment = message.cmsgs()?.find_map(|told| match told {
        ControlMessageOwned::UdpGroSegments(length) => usize::try_from(length).ok(),
        _ => None,
    });
    Ok((message.bytes, segment.unwrap_or(message.bytes), sender))
}

pub(super) fn socket_address(storage: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = storage.as_sockaddr_in().map(|&address| SocketAddr::V4(address.into()));
    v4.or_else(|| storage.as_sockaddr_in6().map(|&address| SocketAddr::V6(address.into())))
}
