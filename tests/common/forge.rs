//! Datagrams with somebody else's address as their sender, as only root can make them.

use std::net::{SocketAddr, SocketAddrV4};

use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use super::not_run;

/// `IPPROTO_RAW`: the IP header is made here (raw(7)).
const RAW: i32 = 255;
const UDP: u8 = 17;

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
}

/// RFC 791, section 3.1 and RFC 768. The system fills in the checksum of the IP header; 0 is no checksum in UDP's.
fn packet(bytes: &[u8], from: SocketAddrV4, to: SocketAddrV4) -> Vec<u8> {
    let length = u16::try_from(8 + bytes.len()).unwrap();
    let mut packet = vec![0x45, 0];
    packet.extend((20 + length).to_be_bytes());
    packet.extend([0, 0, 0, 0, 64, UDP, 0, 0]);
    packet.extend(from.ip().octets());
    packet.extend(to.ip().octets());
    packet.extend(from.port().to_be_bytes());
    packet.extend(to.port().to_be_bytes());
    packet.extend(length.to_be_bytes());
    packet.extend([0, 0]);
    packet.extend(bytes);
    packet
}
