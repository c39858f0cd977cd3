//! recvmsg(2) and sendmsg(2) of Linux and macOS.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::fd::AsRawFd as _;

use nix::libc::{in_addr, in_pktinfo, in6_addr, in6_pktinfo};
use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, SockaddrStorage, cmsg_space, recvmsg, sendmsg, setsockopt, sockopt,
};

use crate::net::peer::{At, Peer};

/// Every datagram is to tell at which address it came. An IPv6 socket tells it of IPv4 too, as
/// `::ffff:127.0.0.1`. Whether it will.
pub(in crate::net) fn ask_for(socket: &socket2::Socket, address: SocketAddr) -> io::Result<bool> {
    match address {
        SocketAddr::V4(_) => setsockopt(socket, sockopt::Ipv4PacketInfo, &true)?,
        SocketAddr::V6(_) => setsockopt(socket, sockopt::Ipv6RecvPacketInfo, &true)?,
    }
    Ok(true)
}

/// `recvmsg(2)`: one datagram, its sender, and where it came.
pub(in crate::net) fn receive(socket: &UdpSocket, buffer: &mut [u8]) -> io::Result<(usize, Peer)> {
    let (mut parts, mut room) = ([IoSliceMut::new(buffer)], Room::default());
    let message = recvmsg::<SockaddrStorage>(socket.as_raw_fd(), &mut parts, Some(&mut room.0), MsgFlags::empty())?;
    let sender = message.address.as_ref().and_then(socket_address).ok_or(io::ErrorKind::InvalidData)?;
    Ok((message.bytes, Peer { address: sender, at: message.cmsgs()?.find_map(|told| told_by(&told)) }))
}

/// Room for what the system tells beside a datagram: one of the two, with which it begins where a `usize` may.
#[repr(align(8))]
struct Room([u8; cmsg_space::<in_pktinfo>() + cmsg_space::<in6_pktinfo>()]);

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
    let (parts, to, socket) = ([IoSlice::new(bytes)], SockaddrStorage::from(to), socket.as_raw_fd());
    let send = |message| sendmsg(socket, &parts, &[message], MsgFlags::empty(), Some(&to));
    Ok(match at.ip {
        IpAddr::V4(ip) => {
            let ours = in_addr { s_addr: u32::from_ne_bytes(ip.octets()) };
            let info = in_pktinfo { ipi_ifindex: 0, ipi_spec_dst: ours, ipi_addr: in_addr { s_addr: 0 } };
            send(ControlMessage::Ipv4PacketInfo(&info))
        }
        IpAddr::V6(ip) => {
            let ours = in6_addr { s6_addr: ip.octets() };
            send(ControlMessage::Ipv6PacketInfo(&in6_pktinfo { ipi6_addr: ours, ipi6_ifindex: at.interface }))
        }
    }?)
}
