//! recvmsg(2) and sendmsg(2) of Linux and macOS.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::fd::AsRawFd as _;

use nix::libc::{in_addr, in_pktinfo, in6_addr, in6_pktinfo};
use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, RecvMsg, SockaddrStorage, cmsg_space, recvmsg, sendmsg, setsockopt,
    sockopt,
};

use crate::net::peer::{At, Peer};

/// What the trace calls the option; `None` where datagrams tell nothing.
#[expect(clippy::unnecessary_wraps, reason = "as where the system has none")]
pub(in crate::net) fn option(_: &socket2::Socket, address: SocketAddr) -> Option<&'static str> {
    Some(if address.is_ipv4() { "IP_PKTINFO, 1" } else { "IPV6_RECVPKTINFO, 1" })
}

/// Every datagram is to tell at which address it came. An IPv6 socket tells it of IPv4 too, as
/// `::ffff:127.0.0.1`.
pub(in crate::net) fn ask_for(socket: &socket2::Socket, address: SocketAddr) -> io::Result<()> {
    match address {
        SocketAddr::V4(_) => setsockopt(socket, sockopt::Ipv4PacketInfo, &true)?,
        SocketAddr::V6(_) => setsockopt(socket, sockopt::Ipv6RecvPacketInfo, &true)?,
    }
    Ok(())
}

/// `recvmsg(2)`: one datagram, its sender, and where it came.
pub(in crate::net) fn receive(socket: &UdpSocket, buffer: &mut [u8]) -> io::Result<(usize, Peer)> {
    let (mut parts, mut room) = ([IoSliceMut::new(buffer)], Room::default());
    let message = recvmsg::<SockaddrStorage>(socket.as_raw_fd(), &mut parts, Some(&mut room.0), MsgFlags::empty())?;
    Ok((message.bytes, peer(&message)?))
}

/// Who has sent `message`, and where it came.
pub(in crate::net) fn peer(message: &RecvMsg<'_, '_, SockaddrStorage>) -> io::Result<Peer> {
    let address = message.address.as_ref().and_then(socket_address).ok_or(io::ErrorKind::InvalidData)?;
    Ok(Peer { address, at: message.cmsgs()?.find_map(|told| told_by(&told)) })
}

/// Bytes for what the system tells beside a datagram: one of the two.
pub(in crate::net) const ROOM: usize = cmsg_space::<in_pktinfo>() + cmsg_space::<in6_pktinfo>();

/// What the kernel fills in as C structures: they begin where a `usize` may.
#[repr(align(8))]
struct Room([u8; ROOM]);

impl Default for Room {
    fn default() -> Self {
        Self(std::array::from_fn(|_| 0))
    }
}

fn socket_address(storage: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = storage.as_sockaddr_in().map(|&address| SocketAddr::V4(address.into()));
    v4.or_else(|| storage.as_sockaddr_in6().map(|&address| SocketAddr::V6(address.into())))
}

fn told_by(told: &ControlMessageOwned) -> Option<At> {
    match told {
        // ipi_addr is what the header says, which may be a broadcast; this is ours.
        ControlMessageOwned::Ipv4PacketInfo(info) => {
            At::new(Ipv4Addr::from(info.ipi_spec_dst.s_addr.to_ne_bytes()).into(), 0)
        }
        ControlMessageOwned::Ipv6PacketInfo(info) => {
            At::new(Ipv6Addr::from(info.ipi6_addr.s6_addr).into(), info.ipi6_ifindex)
        }
        _ => None,
    }
}

/// `sendmsg(2)`: one datagram, from `at`.
pub(in crate::net) fn send(socket: &UdpSocket, bytes: &[u8], to: SocketAddr, at: At) -> io::Result<usize> {
    let (parts, to, at) = ([IoSlice::new(bytes)], SockaddrStorage::from(to), Info::from(at));
    Ok(sendmsg(socket.as_raw_fd(), &parts, &[at.message()], MsgFlags::empty(), Some(&to))?)
}

/// From which address a datagram is to leave, as the system wants it told.
pub(in crate::net) enum Info {
    V4(in_pktinfo),
    V6(in6_pktinfo),
}

impl From<At> for Info {
    fn from(at: At) -> Self {
        match at.ip {
            IpAddr::V4(ip) => {
                let ours = in_addr { s_addr: u32::from_ne_bytes(ip.octets()) };
                Self::V4(in_pktinfo { ipi_ifindex: 0, ipi_spec_dst: ours, ipi_addr: in_addr { s_addr: 0 } })
            }
            IpAddr::V6(ip) => {
                let ours = in6_addr { s6_addr: ip.octets() };
                Self::V6(in6_pktinfo { ipi6_addr: ours, ipi6_ifindex: at.interface })
            }
        }
    }
}

impl Info {
    /// The bytes that it takes beside a datagram.
    #[cfg(target_os = "linux")]
    pub(in crate::net) const fn room(&self) -> usize {
        match self {
            Self::V4(_) => cmsg_space::<in_pktinfo>(),
            Self::V6(_) => cmsg_space::<in6_pktinfo>(),
        }
    }

    /// For `sendmsg(2)`.
    pub(in crate::net) fn message(&self) -> ControlMessage<'_> {
        match self {
            Self::V4(info) => ControlMessage::Ipv4PacketInfo(info),
            Self::V6(info) => ControlMessage::Ipv6PacketInfo(info),
        }
    }
}
