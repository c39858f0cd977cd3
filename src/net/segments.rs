//! Several datagrams in one call of Linux, as the segments of a large one: the kernel cuts them where they leave
//! (`UDP_SEGMENT`, since 4.18) and puts together what comes in a row from one sender (`UDP_GRO`, since 5.0); udp(7).

use std::io::{self, IoSlice, IoSliceMut};
use std::net::UdpSocket;
use std::os::fd::AsRawFd as _;

use nix::errno::Errno;
use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, RecvMsg, SockaddrStorage, cmsg_space, recvmsg, sendmsg, setsockopt,
    sockopt,
};

use super::packet_info::{self, Info, peer};
use super::peer::Peer;

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
pub(super) fn send(socket: &UdpSocket, datagrams: &[Vec<u8>], to: Option<Peer>) -> io::Result<()> {
    let parts: Vec<_> = datagrams.iter().map(|datagram| IoSlice::new(datagram)).collect();
    let length = u16::try_from(datagrams[0].len()).map_err(io::Error::other)?;
    let (address, at) = (to.map(|to| to.address.into()), to.and_then(|to| to.at).map(Info::from));
    let mut beside = vec![ControlMessage::UdpGsoSegments(&length)];
    beside.extend(at.as_ref().map(Info::message));
    sendmsg::<SockaddrStorage>(socket.as_raw_fd(), &parts, &beside, MsgFlags::empty(), address.as_ref())?;
    Ok(())
}

/// `recvmsg(2)`: how many bytes, the length at which they are to be cut, and the sender.
pub(super) fn receive(socket: &UdpSocket, buffer: &mut [u8]) -> io::Result<(usize, usize, Peer)> {
    let (mut parts, mut room) = ([IoSliceMut::new(buffer)], Room(std::array::from_fn(|_| 0)));
    loop {
        match recvmsg(socket.as_raw_fd(), &mut parts, Some(&mut room.0), MsgFlags::empty()) {
            Ok(message) => return told_of(&message),
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Room for the length of a segment, an int, and for where they came. The kernel fills it in as C structures, which begin where a `usize` may.
#[repr(align(8))]
struct Room([u8; cmsg_space::<i32>() + packet_info::ROOM]);

/// What stands beside the bytes. A datagram that came alone has no length of its own there.
fn told_of(message: &RecvMsg<'_, '_, SockaddrStorage>) -> io::Result<(usize, usize, Peer)> {
    let peer = peer(message)?;
    let segment = message.cmsgs()?.find_map(|told| match told {
        ControlMessageOwned::UdpGroSegments(length) => usize::try_from(length).ok(),
        _ => None,
    });
    Ok((message.bytes, segment.unwrap_or(message.bytes), peer))
}
