//! WSARecvMsg and WSASendMsg of Windows.

use std::io;
use std::net::{SocketAddr, UdpSocket};

use crate::net::peer::{At, Peer};
use crate::windows::messages;

/// What the trace calls the option; `None` where datagrams tell nothing.
pub(in crate::net) fn option(socket: &socket2::Socket, address: SocketAddr) -> Option<&'static str> {
    let option = if address.is_ipv4() { "IP_PKTINFO, 1" } else { "IPV6_PKTINFO, 1" };
    messages::has_messages(socket).then_some(option)
}

/// Every datagram is to tell at which address it came.
pub(in crate::net) fn ask_for(socket: &socket2::Socket, address: SocketAddr) -> io::Result<()> {
    messages::set_packet_info(socket, address)
}

/// WSARecvMsg: one datagram, its sender, and where it came.
pub(in crate::net) fn receive(socket: &UdpSocket, buffer: &mut [u8]) -> io::Result<(usize, Peer)> {
    let (received, sender, ours) = messages::receive_message(socket, buffer)?;
    let address = sender.as_socket().ok_or(io::ErrorKind::InvalidData)?;
    Ok((received, Peer { address, at: ours.and_then(|(ip, interface)| At::new(ip, interface)) }))
}

/// WSASendMsg: one datagram, from `at`.
pub(in crate::net) fn send(socket: &UdpSocket, bytes: &[u8], to: SocketAddr, at: At) -> io::Result<usize> {
    messages::send_message(socket, bytes, to, (at.ip, at.interface))
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_message_tells_where_it_came_and_a_cut_or_missing_one_is_an_error() {
        let everywhere = SocketAddr::from(([0, 0, 0, 0], 0));
        let server = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::DGRAM, None).unwrap();
        assert_eq!(option(&server, everywhere), Some("IP_PKTINFO, 1"));
        ask_for(&server, everywhere).unwrap();
        server.bind(&everywhere.into()).unwrap();
        let server = UdpSocket::from(server);
        server.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let asked = SocketAddr::from(([127, 0, 0, 2], server.local_addr().unwrap().port()));
        let client = UdpSocket::bind("127.0.0.1:0").unwrap();
        client.send_to(b"12345", asked).unwrap();
        client.send_to(b"12345", asked).unwrap();
        let mut buffer = [0; 5];
        let (received, peer) = receive(&server, &mut buffer).unwrap();
        assert_eq!((received, peer.address), (5, client.local_addr().unwrap()));
        assert_eq!(peer.at, At::new(asked.ip(), 0));
        assert_eq!(receive(&server, &mut buffer[..4]).unwrap_err().raw_os_error(), Some(10040));
        server.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
        assert_eq!(receive(&server, &mut buffer).unwrap_err().kind(), ErrorKind::TimedOut);
    }
}
