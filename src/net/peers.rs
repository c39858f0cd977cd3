//! What is known of a peer by its address: whose socket it is, and whether it is a server.

use std::net::SocketAddr;

use crate::net::ports::{self, Socket, Transport};

/// The first port that does not belong to the system's own services.
const FIRST_USER_PORT: u16 = 1024;

/// Whether the textbook's server serves `peer`: a process of the same user. Where the system does not tell whose it is,
/// it does. A datagram from another server, from a port that only root may have, or from its own port is never a
/// command: two servers would take each other's answers for commands.
pub fn is_welcome(transport: Transport, peer: SocketAddr, own: SocketAddr) -> bool {
    let is_udp = transport == Transport::Udp;
    if is_udp && has_port_of_server(peer, own) {
        return false;
    }
    ports::sockets_of(transport, peer, own).is_none_or(|found| {
        let is_client = |socket: &Socket| socket.is_of_this_user() && !(is_udp && socket.is_bound_for_all());
        !found.is_empty() && found.iter().all(is_client)
    })
}

/// Whether a datagram from `peer` is another server's, as far as the system tells: two that answer anything would answer
/// each other for ever. A server has a port below 1024, the port of this one (on another address), or a socket that is
/// bound to its address and open for everybody.
pub fn is_server(peer: SocketAddr, own: SocketAddr) -> bool {
    let is_bound = || ports::sockets_of(Transport::Udp, peer, own)?.iter().any(Socket::is_bound_for_all).then_some(());
    has_port_of_server(peer, own) || is_bound().is_some()
}

fn has_port_of_server(peer: SocketAddr, own: SocketAddr) -> bool {
    peer.port() < FIRST_USER_PORT || peer.port() == own.port()
}
