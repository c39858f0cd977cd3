//! The TCP sockets as netstat(1) of macOS lists them, where there is no table to read.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::{Command, Stdio};

use super::{Socket, State};

/// All sockets, numbers instead of names, addresses in full.
const LIST: [&str; 3] = ["-anlW", "-p", "tcp"];

/// Every TCP socket with `port` on its own side.
pub(super) fn sockets(port: u16) -> io::Result<Vec<Socket>> {
    let listed = Command::new("/usr/sbin/netstat").args(LIST).stdin(Stdio::null()).stderr(Stdio::null()).output()?;
    let table = String::from_utf8_lossy(&listed.stdout).into_owned();
    Ok(table.lines().filter_map(parse).filter(|socket| socket.local.port() == port).collect())
}

/// One line of the list; `None` for the headings. How much waits for `accept` is not in it: `Recv-Q` of a listener is 0.
pub(super) fn parse(line: &str) -> Option<Socket> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let [protocol, received, _, local, remote, state, ..] = fields[..] else { return None };
    let any = match protocol {
        "tcp4" => IpAddr::from(Ipv4Addr::UNSPECIFIED),
        "tcp6" | "tcp46" => IpAddr::from(Ipv6Addr::UNSPECIFIED),
        _ => return None,
    };
    let state = state_of(state)?;
    let received = received.parse().ok()?;
    let receive_queue = (state != State::Listen).then_some(received);
    Some(Socket { local: address(local, any)?, remote: address(remote, any)?, state, receive_queue, uid: None })
}

/// It spells some states as RFC 9293 does.
fn state_of(name: &str) -> Option<State> {
    match name {
        "SYN_RCVD" => Some(State::SynRecv),
        "FIN_WAIT_1" => Some(State::FinWait1),
        "FIN_WAIT_2" => Some(State::FinWait2),
        "CLOSED" => Some(State::Close),
        _ => State::ALL.iter().find(|(_, own)| *own == name).map(|(state, _)| *state),
    }
}

/// `127.0.0.1.8080`, `fe80::1%lo0.8080`, `*.8080`, `*.*`.
fn address(text: &str, any: IpAddr) -> Option<SocketAddr> {
    let (ip, port) = text.rsplit_once('.')?;
    let ip = match ip.split('%').next()? {
        "*" => any,
        ip => ip.parse().ok()?,
    };
    let port = if port == "*" { 0 } else { port.parse().ok()? };
    Some(SocketAddr::new(ip, port))
}
