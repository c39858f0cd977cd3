//! What really goes over this machine's network: packets, as tcpdump captures them, by a raw socket (packet(7)).

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use etherparse::{Icmpv4Type, Icmpv6Type, LaxNetSlice, LaxSlicedPacket, TcpSlice, TransportSlice};
use socket2::{Domain, Protocol, SockFilter, Socket, Type};

/// How many bytes of packets may wait to be read, where the system allows it.
const WAITING: usize = 64 * 1024 * 1024;

/// How many bytes of each packet are kept: all headers, and those of the packet that an ICMP message is about.
const KEPT: usize = 256;

/// A capture that runs.
pub struct Capture(Socket);

/// A packet with its addresses. Those of an ICMP message about a datagram are the datagram's, the other way round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Who sent it.
    pub from: SocketAddr,
    /// To whom.
    pub to: SocketAddr,
    /// What it is.
    pub content: Content,
}

/// What is inside a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// A TCP segment.
    Segment(Segment),
    /// A datagram of UDP with so many bytes.
    Datagram(usize),
    /// ICMP: nobody is at that port.
    PortUnreachable,
    /// Anything else.
    Other,
}

/// The header of a TCP segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, clippy::struct_excessive_bools, reason = "the names are the standard's (RFC 9293, section 3.1)")]
pub struct Segment {
    pub syn: bool,
    pub ack: bool,
    pub fin: bool,
    pub rst: bool,
    /// The sequence number of its first byte.
    pub sequence: u32,
    /// The sequence number of the byte that is expected next.
    pub acknowledged: u32,
}

impl Capture {
    /// Captures what arrives at any interface of this network from now on.
    ///
    /// # Errors
    /// EPERM for whoever is not root of this network.
    pub fn start() -> io::Result<Self> {
        let socket = Socket::new(Domain::PACKET, Type::DGRAM, Some(Protocol::from(i32::from(ETH_P_ALL.to_be()))))?;
        socket.attach_filter(&ARRIVED)?;
        // Only root of the whole system may have more than the system's limit.
        if rustix::net::sockopt::set_socket_recv_buffer_size_force(&socket, WAITING).is_err() {
            socket.set_recv_buffer_size(WAITING)?;
        }
        Ok(Self(socket))
    }

    /// The next packet of IP; `None` where none comes for so long.
    ///
    /// # Errors
    /// Those of recv(2).
    pub fn next(&self, patience: Duration) -> io::Result<Option<Packet>> {
        self.0.set_read_timeout(Some(patience))?;
        let mut bytes = [0; KEPT];
        loop {
            let received = match io::Read::read(&mut &self.0, &mut bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                received => received?,
            };
            if let Some(packet) = parse(&bytes[..received]) {
                return Ok(Some(packet));
            }
        }
    }
}

/// Every protocol (`linux/if_ether.h`).
const ETH_P_ALL: u16 = 3;

/// On loopback each packet passes twice, and is captured where it arrives.
const ARRIVED: [SockFilter; 4] = {
    // linux/filter.h: load a word, jump if equal, return; SKF_AD_OFF + SKF_AD_PKTTYPE; PACKET_OUTGOING.
    const LOAD: u16 = 0x20;
    const JUMP_IF_EQUAL: u16 = 0x15;
    const RETURN: u16 = 0x06;
    const PACKET_TYPE: u32 = 0xffff_f004;
    const OUTGOING: u32 = 4;
    [
        SockFilter::new(LOAD, 0, 0, PACKET_TYPE),
        SockFilter::new(JUMP_IF_EQUAL, 0, 1, OUTGOING),
        SockFilter::new(RETURN, 0, 0, 0),
        SockFilter::new(RETURN, 0, 0, KEPT as u32),
    ]
};

/// The packet that begins with these bytes; `None` where it is not one of IP.
fn parse(bytes: &[u8]) -> Option<Packet> {
    let packet = LaxSlicedPacket::from_ip(bytes).ok()?;
    let (from, to): (IpAddr, IpAddr) = match packet.net? {
        LaxNetSlice::Ipv4(ip) => (ip.header().source_addr().into(), ip.header().destination_addr().into()),
        LaxNetSlice::Ipv6(ip) => (ip.header().source_addr().into(), ip.header().destination_addr().into()),
        LaxNetSlice::Arp(_) => return None,
    };
    let (source, destination, content) = match packet.transport {
        Some(TransportSlice::Tcp(tcp)) => (tcp.source_port(), tcp.destination_port(), Content::Segment(segment(&tcp))),
        Some(TransportSlice::Udp(udp)) => {
            (udp.source_port(), udp.destination_port(), Content::Datagram(usize::from(udp.length()).saturating_sub(8)))
        }
        Some(TransportSlice::Icmpv4(icmp)) if is_unreachable_4(&icmp.icmp_type()) => return about(icmp.payload()),
        Some(TransportSlice::Icmpv6(icmp)) if is_unreachable_6(&icmp.icmp_type()) => return about(icmp.payload()),
        Some(_) | None => (0, 0, Content::Other),
    };
    Some(Packet { from: SocketAddr::new(from, source), to: SocketAddr::new(to, destination), content })
}

fn segment(tcp: &TcpSlice<'_>) -> Segment {
    let (sequence, acknowledged) = (tcp.sequence_number(), tcp.acknowledgment_number());
    Segment { syn: tcp.syn(), ack: tcp.ack(), fin: tcp.fin(), rst: tcp.rst(), sequence, acknowledged }
}

/// The message that nobody is at the port that this datagram went to.
fn about(datagram: &[u8]) -> Option<Packet> {
    let Packet { from, to, .. } = parse(datagram)?;
    Some(Packet { from: to, to: from, content: Content::PortUnreachable })
}

fn is_unreachable_4(icmp: &Icmpv4Type) -> bool {
    use etherparse::icmpv4::DestUnreachableHeader::Port;
    matches!(icmp, Icmpv4Type::DestinationUnreachable(Port))
}

fn is_unreachable_6(icmp: &Icmpv6Type) -> bool {
    use etherparse::icmpv6::DestUnreachableCode::Port;
    matches!(icmp, Icmpv6Type::DestinationUnreachable(Port))
}
