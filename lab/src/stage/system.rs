//! What this system has for the experiments, and what it tells of itself.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use super::UNANSWERED;
use socket_demos::net::ports::{State, tcp_sockets};
use socket_demos::{errors, t};

/// Whether anything arrives at the loopback address, without which no experiment can show anything.
///
/// # Errors
/// A sentence where nothing does.
pub fn loopback() -> Result<(), String> {
    // Where a firewall takes the datagrams, a connection shows that the address is there.
    datagram_to_itself().or_else(|_| connection_to_itself()).map_err(|error| {
        let why = errors::reason(&error);
        t!(
            "the loopback address 127.0.0.1 cannot be used ({why}), and every experiment needs it; on Linux: ip link set lo up",
            "回环地址 127.0.0.1 用不了（{why}），而每个实验都要用它；Linux 上可以：ip link set lo up"
        )
    })
}

fn datagram_to_itself() -> io::Result<()> {
    let socket = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    socket.connect(socket.local_addr()?)?;
    socket.set_read_timeout(Some(UNANSWERED))?;
    socket.send(b"me?")?;
    socket.recv(&mut [0; 3]).map(|_| ())
}

fn connection_to_itself() -> io::Result<()> {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    std::net::TcpStream::connect_timeout(&listener.local_addr()?, UNANSWERED).map(|_| ())
}

/// A parameter of Linux's network, `core/somaxconn` for example; `None` where there is none, or no such number.
pub(crate) fn kernel_parameter(name: &str) -> Option<u64> {
    std::fs::read_to_string(Path::new("/proc/sys/net").join(name)).ok()?.trim().parse().ok()
}

/// How many finished connections Linux takes for `listen(backlog)`; `None` elsewhere. The kernel's own limit is somaxconn.
pub(crate) fn queue_limit(backlog: i32) -> Option<usize> {
    let somaxconn = usize::try_from(kernel_parameter("core/somaxconn")?).ok()?;
    Some(usize::try_from(backlog).ok()?.min(somaxconn) + 1)
}

/// How many finished connections wait for the listener at `server`; `None` where that cannot be seen.
pub(crate) fn queued(server: SocketAddr) -> Option<usize> {
    let sockets = tcp_sockets(server.port()).ok()?;
    let listener = sockets.iter().find(|socket| socket.state == State::Listen)?;
    Some(listener.receive_queue? as usize)
}
