//! Where the experiments play: sockets on the loopback address whose calls are recorded, and waits with a deadline.

mod system;

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use socket2::SockRef;

pub use system::loopback;
pub(super) use system::{kernel_parameter, queue_limit, queued};

use crate::outcome::Got;
use socket_demos::net::event::{Call, Event, Watcher};
use socket_demos::net::ports::State;
use socket_demos::net::{Socket, TcpListener, TcpStream, Trace, UdpSocket};
use socket_demos::{errors, t};

/// How long to wait for what should come. On loopback it takes microseconds, on a busy machine far less than this.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long to wait for what should not come.
pub(super) const QUIET: Duration = Duration::from_millis(100);

/// How long a `connect` that nobody answers is waited for. The kernel answers on loopback before `connect` returns.
pub(super) const UNANSWERED: Duration = Duration::from_millis(500);

/// Who makes a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Server,
    Client,
    /// A third party.
    Stranger,
    /// A process that has the client's connection.
    Child,
}

impl Side {
    const ALL: [(Self, &str); 4] =
        [(Self::Server, "server"), (Self::Client, "client"), (Self::Stranger, "stranger"), (Self::Child, "child")];

    /// Its name in the trace.
    fn name(self) -> &'static str {
        Self::ALL[self as usize].1
    }

    /// The name in the trace in the viewer's language.
    pub(super) fn shown(name: &str) -> String {
        match Self::ALL.iter().find(|(_, own)| *own == name) {
            Some((Self::Server, _)) => t!("server", "服务器"),
            Some((Self::Client, _)) => t!("client", "客户端"),
            Some((Self::Stranger, _)) => t!("stranger", "陌生人"),
            Some((Self::Child, _)) => t!("child", "子进程"),
            None => name.to_string(),
        }
    }
}

/// Starts a program of the system's, whose absence is no failure of an experiment: it cannot be shown there.
pub(super) fn start(command: &mut Command) -> io::Result<Child> {
    command.spawn().map_err(|error| {
        if error.kind() != io::ErrorKind::NotFound {
            return not_started(error);
        }
        let program = command.get_program().display();
        let why = t!("it takes the program {program}, which is not here", "需要用到程序 {program}，这里没有");
        io::Error::new(io::ErrorKind::Unsupported, why)
    })
}

/// To start a process or a thread, EAGAIN means that there are as many as there may be (RLIMIT_NPROC), not that an answer
/// did not come.
pub(super) fn not_started(error: io::Error) -> io::Error {
    if error.kind() != io::ErrorKind::WouldBlock {
        return error;
    }
    let code = errors::code(&error);
    let why = t!("the system starts no more processes ({code})", "系统不让再启动进程了（{code}）");
    io::Error::new(io::ErrorKind::Unsupported, why)
}

/// The place of one run: its trace, and the server's address.
pub struct Stage {
    trace: Trace,
    server: SocketAddr,
    stepped: bool,
}

impl Stage {
    /// Where calls also go to `trace` and to a `watcher`, and servers have `port`, or one of the system's choice.
    pub fn new(trace: &Trace, port: Option<u16>, watcher: Option<Arc<dyn Watcher>>) -> Self {
        let server = SocketAddr::from((Ipv4Addr::LOCALHOST, port.unwrap_or(0)));
        Self { stepped: watcher.is_some(), trace: trace.kept("socket-lab", watcher), server }
    }

    /// Whether somebody decides when each call is made, so that how long it takes means nothing.
    pub(super) fn is_stepped(&self) -> bool {
        self.stepped
    }

    /// The calls so far.
    pub(super) fn events(&self) -> Vec<Event> {
        self.trace.events()
    }

    /// The trace as `side` writes it.
    pub(super) fn trace(&self, side: Side) -> Trace {
        self.trace.by(side.name())
    }

    /// Notes for the picture in which state the system's table showed an end of a connection; none is a socket that is gone.
    pub(super) fn saw_state(&self, side: Side, (local, peer): (SocketAddr, SocketAddr), state: Option<State>) {
        let state = state.unwrap_or(State::Close);
        self.trace(side).note(Call::State, state, (Some(local), Some(peer)));
    }

    /// The address that `side` binds: the server's, or any.
    pub(super) fn address(&self, side: Side) -> SocketAddr {
        if side == Side::Server { self.server } else { SocketAddr::from((Ipv4Addr::LOCALHOST, 0)) }
    }

    /// `socket` for TCP.
    pub(super) fn tcp(&self, side: Side) -> io::Result<Socket> {
        Socket::tcp(self.server, &self.trace(side))
    }

    /// `socket`, `setsockopt`, `bind`: a TCP server that does not listen yet.
    pub(super) fn bind(&self) -> io::Result<Socket> {
        let socket = self.tcp(Side::Server)?;
        // Or a fixed port would be in use for a minute after each run.
        socket.set_reuse_address()?;
        socket.bind(self.server)?;
        Ok(socket)
    }

    /// [`Stage::bind`] and `listen`.
    pub(super) fn listen(&self, backlog: i32) -> io::Result<TcpListener> {
        self.bind()?.listen(backlog)
    }

    /// `socket` and `connect`.
    pub(super) fn connect(&self, to: SocketAddr) -> io::Result<TcpStream> {
        let stream = self.tcp(Side::Client)?.connect_timeout(to, PATIENCE).map_err(|error| no_connection(&error))?;
        // On the bare socket, since a deadline is no part of the lesson.
        stream.get_ref().set_read_timeout(Some(PATIENCE))?;
        Ok(stream)
    }

    /// A connection: the client's socket and the server's.
    pub(super) fn pair(&self) -> io::Result<(TcpStream, TcpStream)> {
        let listener = self.listen(1)?;
        let client = self.connect(listener.local_addr()?)?;
        Ok((client, accept(&listener)?))
    }

    /// `socket` for UDP.
    pub(super) fn udp_socket(&self, side: Side) -> io::Result<Socket> {
        Socket::udp(self.server, &self.trace(side))
    }

    /// `socket` and `bind` for UDP.
    pub(super) fn udp(&self, side: Side) -> io::Result<UdpSocket> {
        self.udp_at(self.address(side), side)
    }

    /// [`Stage::udp`] at an address of which the port is known.
    pub(super) fn udp_at(&self, address: SocketAddr, side: Side) -> io::Result<UdpSocket> {
        let socket = self.udp_socket(side)?;
        socket.bind(address)?;
        socket.datagrams()
    }
}

/// To an experiment whose listener is there, it is this world that is in the way.
fn no_connection(error: &io::Error) -> io::Error {
    let why = errors::reason(error);
    let why = t!(
        "no connection came about ({why}), as where a firewall is in the way",
        "连接没有建立起来（{why}），可能被防火墙挡住了"
    );
    io::Error::new(io::ErrorKind::Unsupported, why)
}

/// `accept`, which has to succeed soon.
pub(super) fn accept(listener: &TcpListener) -> io::Result<TcpStream> {
    // Linux and macOS keep it for accept too; elsewhere it changes nothing.
    SockRef::from(listener.get_ref()).set_read_timeout(Some(PATIENCE))?;
    let (stream, _) = listener.accept()?;
    stream.get_ref().set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// One `send` on a connection.
pub(super) fn send(mut stream: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
    stream.write(bytes)
}

/// One `recv` of at most `size` bytes from a connection.
pub(super) fn recv(stream: &TcpStream, size: usize) -> Got {
    recv_within(stream, size, PATIENCE)
}

/// One `recv` of what should not come.
pub(super) fn recv_briefly(stream: &TcpStream, size: usize) -> Got {
    recv_within(stream, size, QUIET)
}

fn recv_within(mut stream: &TcpStream, size: usize, limit: Duration) -> Got {
    let mut buffer = vec![0; size];
    let result = stream.get_ref().set_read_timeout(Some(limit)).and_then(|()| stream.read(&mut buffer));
    Got::of(result, &buffer)
}

/// One `recvfrom` of at most `size` bytes, and the sender.
pub(super) fn recv_from(socket: &UdpSocket, size: usize) -> (Got, Option<SocketAddr>) {
    recv_from_within(socket, size, PATIENCE)
}

/// One `recvfrom` of what should not come.
pub(super) fn recv_from_briefly(socket: &UdpSocket, size: usize) -> (Got, Option<SocketAddr>) {
    recv_from_within(socket, size, QUIET)
}

fn recv_from_within(socket: &UdpSocket, size: usize, limit: Duration) -> (Got, Option<SocketAddr>) {
    let mut buffer = vec![0; size];
    let result = socket.get_ref().set_read_timeout(Some(limit)).and_then(|()| socket.recv_from_once(&mut buffer));
    let from = result.as_ref().ok().map(|&(_, from)| from.address);
    (Got::of(result.map(|(received, _)| received), &buffer), from)
}

/// Waits until at least `count` bytes have arrived and can be read in one piece. Says whether they have.
pub(super) fn arrived(stream: &TcpStream, count: usize) -> bool {
    if count == 0 {
        return true;
    }
    let mut buffer = vec![0; count];
    let bare = stream.get_ref();
    // It fails for a connection that has gone, which peek tells.
    let _ = bare.set_read_timeout(Some(PATIENCE));
    until(|| bare.peek(&mut buffer).is_ok_and(|there| there == count).then_some(())).is_some()
}

/// Asks again and again until there is an answer; `None` when it has taken too long.
pub(super) fn until<T>(probe: impl FnMut() -> Option<T>) -> Option<T> {
    until_after(PATIENCE, probe)
}

/// [`until`] with another limit.
pub(super) fn until_after<T>(limit: Duration, mut probe: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + limit;
    loop {
        // Before the probe: a single one that was slow decides nothing.
        let last = Instant::now() > deadline;
        if let Some(found) = probe() {
            return Some(found);
        }
        if last {
            return None;
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// A stage for tests. They have it one at a time, as in the program: a process that is started
/// holds copies of every open socket for a moment, and a port that somebody else has just given up is still in use then.
#[cfg(test)]
pub(super) struct Silent {
    stage: Stage,
    _alone: std::sync::MutexGuard<'static, ()>,
}

#[cfg(test)]
impl Stage {
    pub(super) fn silent() -> Silent {
        Self::alone(None)
    }

    /// The same before somebody who decides when each call is made.
    #[cfg(unix)]
    pub(super) fn watched(watcher: Arc<dyn Watcher>) -> Silent {
        Self::alone(Some(watcher))
    }

    fn alone(watcher: Option<Arc<dyn Watcher>>) -> Silent {
        static ALONE: std::sync::Mutex<()> = std::sync::Mutex::new(());
        let alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        Silent { stage: Self::new(&Trace::off(), None, watcher), _alone: alone }
    }
}

#[cfg(test)]
impl std::ops::Deref for Silent {
    type Target = Stage;

    fn deref(&self) -> &Stage {
        &self.stage
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_not_here_is_no_failure() {
        let kind = |program: &str| start(&mut Command::new(program)).unwrap_err().kind();
        assert_eq!(kind("no-such-program-here"), io::ErrorKind::Unsupported);
        assert_ne!(kind("."), io::ErrorKind::Unsupported);
        assert_eq!(not_started(io::ErrorKind::WouldBlock.into()).kind(), io::ErrorKind::Unsupported);
    }
}
