//! Who holds a port, and in which TCP states its sockets are.
//!
//! Linux lists every TCP socket in `/proc/net/tcp` and `tcp6` (proc(5)), also those that no process holds any more,
//! such as TIME_WAIT; on macOS netstat(1) does. Which process holds a socket comes from the `listeners` crate, on every system.

mod netstat;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::text::escape_line;
use crate::{invocation, t};

/// How long the search for a port's holder may take: with thousands of sockets some systems need a minute, and the
/// error should not wait for it.
const SEARCH: Duration = Duration::from_secs(2);

/// A TCP socket as the kernel's table shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Socket {
    /// Its own address.
    pub local: SocketAddr,
    /// The other side's; port 0 for a listener.
    pub remote: SocketAddr,
    /// Its state.
    pub state: State,
    /// Bytes received and not read yet; for a listener the finished connections that wait for `accept`, where the system
    /// tells.
    pub receive_queue: Option<u32>,
    /// The id of the user that it belongs to, where the system tells.
    pub uid: Option<u32>,
}

/// The states of RFC 9293, section 3.3.2, spelled as in Stevens' books (`netstat` has SYN_RECV, FIN_WAIT1, FIN_WAIT2, CLOSE).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are the standard's")]
pub enum State {
    Established = 1,
    SynSent,
    SynRecv,
    FinWait1,
    FinWait2,
    TimeWait,
    Close,
    CloseWait,
    LastAck,
    Listen,
    Closing,
    /// A request that waits for its last ACK (Linux).
    NewSynRecv,
}

impl State {
    const ALL: [(Self, &str); 12] = [
        (Self::Established, "ESTABLISHED"),
        (Self::SynSent, "SYN_SENT"),
        (Self::SynRecv, "SYN_RCVD"),
        (Self::FinWait1, "FIN_WAIT_1"),
        (Self::FinWait2, "FIN_WAIT_2"),
        (Self::TimeWait, "TIME_WAIT"),
        (Self::Close, "CLOSED"),
        (Self::CloseWait, "CLOSE_WAIT"),
        (Self::LastAck, "LAST_ACK"),
        (Self::Listen, "LISTEN"),
        (Self::Closing, "CLOSING"),
        (Self::NewSynRecv, "SYN_RCVD"),
    ];

    /// The state of the kernel's number (`include/net/tcp_states.h`).
    fn of_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number).checked_sub(1)?).map(|(state, _)| *state)
    }
}

impl serde::Serialize for State {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(Self::ALL[*self as usize - 1].1)
    }
}

/// Every TCP socket with `port` on its own side.
///
/// # Errors
/// `Unsupported` where the system has neither `/proc/net/tcp` nor macOS's `netstat`.
pub fn tcp_sockets(port: u16) -> io::Result<Vec<Socket>> {
    let cannot_be_seen = || {
        let why = t!(
            "the TCP states cannot be seen here: this system has no /proc/net/tcp",
            "这里看不到 TCP 状态：系统没有 /proc/net/tcp"
        );
        io::Error::new(io::ErrorKind::Unsupported, why)
    };
    let found = if cfg!(target_os = "linux") {
        sockets(port)
    } else if cfg!(target_os = "macos") {
        netstat::sockets(port)
    } else {
        return Err(cannot_be_seen());
    };
    // A container can be without it too.
    found.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => cannot_be_seen(),
        _ => error,
    })
}

fn sockets(port: u16) -> io::Result<Vec<Socket>> {
    let mut table = std::fs::read_to_string("/proc/net/tcp")?;
    // Without IPv6 there is no second table.
    table.push_str(&std::fs::read_to_string("/proc/net/tcp6").unwrap_or_default());
    Ok(table.lines().filter_map(parse).filter(|socket| socket.local.port() == port).collect())
}

/// The state of the socket at `local` that is connected to `remote`; `None` where there is none (any more).
///
/// # Errors
/// As [`tcp_sockets`].
pub fn tcp_state(local: SocketAddr, remote: SocketAddr) -> io::Result<Option<State>> {
    let sockets = tcp_sockets(local.port())?;
    Ok(sockets.iter().find(|socket| (socket.local, socket.remote) == (local, remote)).map(|socket| socket.state))
}

/// One line of the table; `None` for the headings.
fn parse(line: &str) -> Option<Socket> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let [_, local, remote, state, queues, _, _, uid, ..] = fields[..] else { return None };
    Some(Socket {
        local: parse_address(local)?,
        remote: parse_address(remote)?,
        state: State::of_number(u8::from_str_radix(state, 16).ok()?)?,
        receive_queue: Some(u32::from_str_radix(queues.split_once(':')?.1, 16).ok()?),
        uid: Some(uid.parse().ok()?),
    })
}

/// `0100007F:1F90`: the address as 32-bit words in the machine's byte order, then the port.
fn parse_address(text: &str) -> Option<SocketAddr> {
    let (ip, port) = text.split_once(':')?;
    let mut octets = Vec::with_capacity(16);
    for word in ip.as_bytes().chunks(8) {
        octets.extend(u32::from_str_radix(std::str::from_utf8(word).ok()?, 16).ok()?.to_ne_bytes());
    }
    let ip = match octets.len() {
        4 => IpAddr::from(<[u8; 4]>::try_from(octets).ok()?),
        16 => IpAddr::from(<[u8; 16]>::try_from(octets).ok()?),
        _ => return None,
    };
    Some(SocketAddr::new(ip, u16::from_str_radix(port, 16).ok()?))
}

/// A process that holds a port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Holder {
    /// Its process id.
    pub pid: u32,
    /// Its program's name.
    pub name: String,
}

/// Which of the two a port belongs to: TCP's and UDP's ports have nothing to do with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the protocols'")]
pub enum Transport {
    Tcp,
    Udp,
}

/// The processes that hold `port`, on an address that `wanted` would collide with (any, where `None`), as far as this
/// user may see them: with TCP those that listen, with UDP those that are bound.
pub fn holders_of(transport: Transport, port: u16, wanted: Option<IpAddr>) -> BTreeSet<Holder> {
    let collides =
        |ip: IpAddr| wanted.is_none_or(|wanted| ip == wanted || ip.is_unspecified() || wanted.is_unspecified());
    let all = listeners();
    let holding = all.into_iter().filter(|l| {
        let holds = match transport {
            Transport::Tcp => l.protocol == listeners::Protocol::TCP && l.state == listeners::SocketState::Listen,
            Transport::Udp => l.protocol == listeners::Protocol::UDP,
        };
        holds && l.socket.port() == port && collides(l.socket.ip())
    });
    holding.map(|l| Holder { pid: l.process.pid, name: escape_line(&l.process.name).into_owned() }).collect()
}

/// Whether this user sees whose every socket is: root does.
pub fn sees_all() -> bool {
    #[cfg(unix)]
    let sees_all = rustix::process::geteuid().is_root();
    // Who is an administrator is not looked up.
    #[cfg(windows)]
    let sees_all = false;
    sees_all
}

/// Every listener of the system, as far as it tells within [`SEARCH`].
fn listeners() -> HashSet<listeners::Listener> {
    let (found, search) = mpsc::channel();
    // A failed search finds nothing, and the sentence then says where else to look.
    let _ = thread::Builder::new().spawn(move || found.send(listeners::get_all().unwrap_or_default()));
    search.recv_timeout(SEARCH).unwrap_or_default()
}

/// Who is in the way of a server at `address`, in a sentence with the cure.
pub fn who_uses(transport: Transport, address: SocketAddr) -> String {
    let port = address.port();
    let holders = holders_of(transport, port, Some(address.ip()));
    if let Some(Holder { pid, name }) = holders.first() {
        let end = if cfg!(windows) { format!("taskkill /PID {pid}") } else { format!("kill {pid}") };
        return t!("{name} (pid {pid}) holds it; to end it: {end}", "{name}（pid {pid}）占着它；要结束它：{end}");
    }
    if transport == Transport::Udp {
        return t!("take another port", "换个端口");
    }
    let sockets = tcp_sockets(port).unwrap_or_default();
    if let Some(listener) = sockets.iter().find(|socket| socket.state == State::Listen) {
        let uid = listener.uid.map_or_else(String::new, |uid| t!(" (uid {uid})", "（uid {uid}）"));
        return t!(
            "a process of another user{uid} holds it; take another port",
            "另一个用户{uid}的进程占着它；换个端口"
        );
    }
    if sockets.iter().any(|socket| socket.state == State::TimeWait) {
        return t!(
            "nobody holds it: a connection that this side closed first is in TIME_WAIT, for at most 60 s; a server that sets SO_REUSEADDR both times, as ours do unless told otherwise, starts again at once",
            "没有进程占着它：本端先关闭的连接还处于 TIME_WAIT，最多 60 秒；两次启动都设 SO_REUSEADDR（这里的服务器默认都设）就能马上重启"
        );
    }
    if let Some(socket) = sockets.first() {
        let state = socket.state;
        return t!("a connection in state {state} still uses it", "还有一个处于 {state} 状态的连接在用它");
    }
    let lab = invocation::typed("socket-lab");
    t!("take another port, or see who holds it with: {lab} port {port}", "换个端口，或查看谁占着它：{lab} port {port}")
}
