//! The peers of the textbook: strict alternation, one `recv(1024)` for one message, no newline, no framing.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

use super::DEADLINE;
#[cfg(target_os = "linux")]
use super::Server;

const BUFFER: usize = 1024;

/// How long silence is listened to where silence is what is expected.
const QUIET: Duration = Duration::from_millis(300);

/// One side of a textbook's conversation.
pub struct Textbook(pub TcpStream);

impl Textbook {
    /// The textbook's client.
    pub fn calls(address: SocketAddr) -> Self {
        Self::of(TcpStream::connect(address).unwrap())
    }

    /// The textbook's server, after `accept`.
    pub fn answers(listener: &TcpListener) -> Self {
        Self::of(listener.accept().unwrap().0)
    }

    fn of(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        Self(stream)
    }

    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).unwrap();
    }

    /// One `recv`: empty when the peer has closed.
    pub fn recv(&mut self) -> Vec<u8> {
        let mut buffer = [0; BUFFER];
        let received = uninterrupted(|| self.0.read(&mut buffer)).unwrap();
        buffer[..received].to_vec()
    }

    /// One `recv`, as text.
    pub fn recv_text(&mut self) -> String {
        String::from_utf8(self.recv()).unwrap()
    }
}

/// An address of loopback where nobody is, neither with TCP nor with UDP. Its port is none that the system chooses by
/// itself, so no other test gets it meanwhile.
pub fn nobody() -> SocketAddr {
    loop {
        let address = SocketAddr::from(([127, 0, 0, 1], fastrand::u16(10_000..30_000)));
        if TcpListener::bind(address).is_ok() && UdpSocket::bind(address).is_ok() {
            return address;
        }
    }
}

/// Makes a call again that a signal has interrupted: with a time limit on the socket the kernel does not (signal(7)).
fn uninterrupted<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// A textbook's UDP socket: `sendto` and `recvfrom(1024)`, no connection.
pub struct Datagram(pub UdpSocket);

impl Datagram {
    /// One that is bound to a port of the system's choice.
    pub fn bind() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(DEADLINE)).unwrap();
        Self(socket)
    }

    /// One that does not bind, as a textbook's client, so that the system does, to every address.
    pub fn unbound() -> Self {
        let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
        socket.set_read_timeout(Some(DEADLINE)).unwrap();
        Self(socket)
    }

    /// The same, for a server of either family.
    pub fn unbound_for(server: SocketAddr) -> Self {
        let socket = UdpSocket::bind(if server.is_ipv6() { "[::]:0" } else { "0.0.0.0:0" }).unwrap();
        socket.set_read_timeout(Some(DEADLINE)).unwrap();
        Self(socket)
    }

    pub fn address(&self) -> SocketAddr {
        self.0.local_addr().unwrap()
    }

    pub fn send(&self, bytes: impl AsRef<[u8]>, to: SocketAddr) {
        self.0.send_to(bytes.as_ref(), to).unwrap();
    }

    /// One `recvfrom`: the text and its sender.
    pub fn recv(&self) -> (String, SocketAddr) {
        let mut buffer = [0; BUFFER];
        let (received, from) = self.recv_bytes(&mut buffer);
        (String::from_utf8(buffer[..received].to_vec()).unwrap(), from)
    }

    /// One `recvfrom` into `buffer`.
    pub fn recv_bytes(&self, buffer: &mut [u8]) -> (usize, SocketAddr) {
        uninterrupted(|| self.0.recv_from(buffer)).unwrap()
    }

    /// Whether nothing comes for a moment.
    pub fn hears_nothing(&self) -> bool {
        self.0.set_read_timeout(Some(QUIET)).unwrap();
        let heard = self.0.recv_from(&mut [0; BUFFER]);
        self.0.set_read_timeout(Some(DEADLINE)).unwrap();
        heard.is_err()
    }
}

/// A textbook's server before `accept`, on a port of the system's choice.
pub fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// Starts a server, lets a visitor in, ends the server first, and gives the address that is left in TIME_WAIT.
#[cfg(target_os = "linux")]
pub fn visited_and_ended(args: &[&str]) -> String {
    let mut server = Server::start(args);
    let mut visitor = Textbook::calls(server.address);
    visitor.send("hello");
    server.running.says("hello");
    server.running.signal("INT");
    assert_eq!(visitor.recv_text(), "", "the server has closed first");
    server.running.ended();
    drop(visitor);
    server.address()
}
