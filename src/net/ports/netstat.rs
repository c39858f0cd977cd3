//! The TCP sockets as netstat(1) of macOS lists them, where there is no table to read.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::{Command, Stdio};

use super::{Socket, State};

/// All sockets, numbers instead of names, addresses in full.
const ALL: &str = "-anlW";

/// The same of the listeners' queues.
const QUEUES: &str = "-anlLW";

/// Every TCP socket with `port` on its own side.
pub(super) fn sockets(port: u16) -> io::Result<Vec<Socket>> {
    Ok(read(&list(ALL)?, &list(QUEUES)?).into_iter().filter(|socket| socket.local.port() == port).collect())
}

fn list(what: &str) -> io::Result<String> {
    let mut netstat = Command::new("/usr/sbin/netstat");
    let listed = netstat.args([what, "-p", "tcp"]).stdin(Stdio::null()).stderr(Stdio::null()).output()?;
    Ok(String::from_utf8_lossy(&listed.stdout).into_owned())
}

/// The sockets of one list, with what waits for `accept` from the other.
pub(super) fn read(all: &str, queues: &str) -> Vec<Socket> {
    let waiting: HashMap<&str, u32> = queues.lines().filter_map(queue).collect();
    all.lines().filter_map(|line| parse(line, &waiting)).collect()
}

/// `1/0/3 127.0.0.1.8080`: the address, and how many connections wait there for `accept`.
fn queue(line: &str) -> Option<(&str, u32)> {
    let mut fields = line.split_whitespace();
    let counts = fields.next()?.split_once('/')?;
    Some((fields.next()?, counts.0.parse().ok()?))
}

/// One line of the list; `None` for the headings. How much waits for `accept` is not in it: `Recv-Q` of a listener is 0.
fn parse(line: &str, waiting: &HashMap<&str, u32>) -> Option<Socket> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let [protocol, received, _, local, remote, state, ..] = fields[..] else { return None };
    let any = match protocol {
        "tcp4" => IpAddr::from(Ipv4Addr::UNSPECIFIED),
        "tcp6" | "tcp46" => IpAddr::from(Ipv6Addr::UNSPECIFIED),
        _ => return None,
    };
    let state = state_of(state)?;
    let receive_queue = match state {
        State::Listen => waiting.get(local).copied(),
        _ => Some(received.parse().ok()?),
    };
    Some(Socket { local: address(local, any)?, remote: address(remote, any)?, state, receive_queue, uid: None })
}

/// It spells them as we do.
fn state_of(name: &str) -> Option<State> {
    State::ALL.iter().find(|(_, own)| *own == name).map(|(state, _)| *state)
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
