//! Datagrams with somebody else's address as their sender, as only root can make them.

use std::net::{SocketAddr, SocketAddrV4};

use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use super::not_run;

/// `IPPROTO_RAW`: the IP header is made here (raw(7)).
const RAW: i32 = 255;
const UDP: u8 = 17;
const ICMP: u8 = 1;
const UNREACHABLE: u8 = 3;

pub struct Forger(Socket);

impl Forger {
    /// `None`, and said so, where only root may.
    pub fn new() -> Option<Self> {
        let socket = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::from(RAW)));
        if let Err(error) = &socket {
            not_run(&format!("no raw socket: {error}"));
        }
        socket.ok().map(Self)
    }

    /// Sends a datagram to `to` that seems to come from `from`; whether the system has taken it.
    pub fn sends(&self, bytes: &[u8], from: SocketAddr, to: SocketAddr) -> bool {
        let (SocketAddr::V4(from), SocketAddr::V4(to)) = (from, to) else { panic!("only IPv4 is forged") };
        self.0.send_to(&packet(bytes, from, to), &SockAddr::from(to)).is_ok()
    }

    /// Tells the socket at `sender` that what it has sent to `target` could not be delivered: ICMP's destination
    /// unreachable with this code (RFC 792).
    pub fn tells_unreachable(&self, code: u8, sender: SocketAddr, target: SocketAddr) {
        let (SocketAddr::V4(sender), SocketAddr::V4(target)) = (sender, target) else { panic!("only IPv4 is forged") };
        let mut message = vec![UNREACHABLE, code, 0, 0, 0, 0, 0, 0];
        message.extend(packet(b"", sender, target));
        let checksum = internet_checksum(&message);
        message[2..4].copy_from_slice(&checksum.to_be_bytes());
        let mut packet = header(ICMP, message.len(), target, sender);
        packet.extend(message);
        self.0.send_to(&packet, &SockAddr::from(sender)).unwrap();
    }
}

/// RFC 791, section 3.1 and RFC 768. The system fills in the checksum of the IP header; 0 is no checksum in UDP's.
fn packet(bytes: &[u8], from: SocketAddrV4, to: SocketAddrV4) -> Vec<u8> {
    let length = u16::try_from(8 + bytes.len()).unwrap();
    let mut packet = header(UDP, length.into(), from, to);
    packet.extend(from.port().to_be_bytes());
    packet.extend(to.port().to_be_bytes());
    packet.extend(length.to_be_bytes());
    packet.extend([0, 0]);
    packet.extend(bytes);
    packet
}

/// The IP header in front of `length` bytes.
fn header(protocol: u8, length: usize, from: SocketAddrV4, to: SocketAddrV4) -> Vec<u8> {
    let mut header = vec![0x45, 0];
    header.extend(u16::try_from(20 + length).unwrap().to_be_bytes());
    header.extend([0, 0, 0, 0, 64, protocol, 0, 0]);
    header.extend(from.ip().octets());
    header.extend(to.ip().octets());
    header
}

/// RFC 1071.
fn internet_checksum(bytes: &[u8]) -> u16 {
    let words = bytes.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0)));
    let sum: u32 = words.sum();
    let sum = (sum & 0xffff) + (sum >> 16);
    !((sum + (sum >> 16)) as u16)
}
