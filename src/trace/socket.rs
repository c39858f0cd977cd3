//! A socket from `socket()` on, until it listens, is connected, or receives datagrams.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

use socket2::Socket;

use super::{Call, Trace, Traced, Track};
use crate::datagrams::Datagrams;
use crate::faults::BadNetwork;

/// A socket between `socket()` and its being a listener or a stream: the time for options.
impl Traced<Socket> {
    /// `socket(2)` for TCP: a socket of the address's family that is neither bound nor connected.
    pub fn tcp(address: SocketAddr, trace: &Trace) -> io::Result<Self> {
        Self::open(address, socket2::Type::STREAM, trace)
    }

    fn open(address: SocketAddr, kind: socket2::Type, trace: &Trace) -> io::Result<Self> {
        let socket = Socket::new(socket2::Domain::for_address(address), kind, None);
        let place = Track::new(trace);
        if let Some(place) = &place {
            let family = if address.is_ipv4() { "AF_INET" } else { "AF_INET6" };
            let kind = if kind == socket2::Type::STREAM { "SOCK_STREAM" } else { "SOCK_DGRAM" };
            let call = Call::new("socket", format!("{family}, {kind}"));
            place.record(call, socket.as_ref().map(|_| u64::from(place.number)));
        }
        Ok(Self { socket: socket?, track: place })
    }

    /// `setsockopt(2)` with `SO_REUSEADDR`: binds although closed connections are still in TIME_WAIT. On Windows that
    /// needs no option, and this one would let another program take the port over, so `SO_EXCLUSIVEADDRUSE` is set.
    pub fn set_reuse_address(&self) -> io::Result<()> {
        #[cfg(unix)]
        let (option, result) = ("SO_REUSEADDR", self.socket.set_reuse_address(true));
        #[cfg(windows)]
        let (option, result) = ("SO_EXCLUSIVEADDRUSE", crate::windows::set_exclusive_address_use(&self.socket));
        self.note("setsockopt", format_args!("{option}, 1"), &result);
        result
    }

    /// `setsockopt(2)` with `SO_RCVBUF`, in bytes: how much may wait for `recv`. The system gives as much of it as it lets
    /// everybody have.
    pub fn set_receive_buffer_size(&self, size: usize) -> io::Result<()> {
        let result = self.socket.set_recv_buffer_size(size);
        self.note("setsockopt", format_args!("SO_RCVBUF, {size}"), &result);
        result
    }

    /// `socket(2)` for UDP: the family of `address`, neither bound nor connected.
    pub fn udp(address: SocketAddr, trace: &Trace) -> io::Result<Self> {
        Self::open(address, socket2::Type::DGRAM, trace)
    }

    /// `bind(2)`.
    pub fn bind(&self, address: SocketAddr) -> io::Result<()> {
        let result = self.socket.bind(&address.into());
        self.note("bind", address, &result);
        result
    }

    /// `listen(2)`: from now on the kernel finishes handshakes, at most `backlog` + 1 of them ahead of `accept` on
    /// Linux.
    pub fn listen(self, backlog: i32) -> io::Result<Traced<TcpListener>> {
        let result = self.socket.listen(backlog);
        self.note("listen", backlog, &result);
        result?;
        let mut listener: Traced<TcpListener> = self.turn_into();
        if let Some(track) = &mut listener.track {
            track.local = listener.socket.local_addr().ok();
        }
        Ok(listener)
    }

    /// `connect(2)`, given up after `timeout`; the system's own limit is 21 s to 135 s.
    pub fn connect_timeout(self, address: SocketAddr, timeout: Duration) -> io::Result<Traced<TcpStream>> {
        let result = self.socket.connect_timeout(&address.into(), timeout);
        self.note("connect", address, &result);
        result?;
        Ok(self.turn_into::<TcpStream>().with_addresses())
    }

    /// `connect(2)` of a UDP socket: fixes the peer and sends nothing.
    pub fn connect(&self, address: SocketAddr) -> io::Result<()> {
        let result = self.socket.connect(&address.into());
        self.note("connect", address, &result);
        result
    }

    /// From now on it sends and receives datagrams, over a `network` that may be bad on purpose.
    ///
    /// # Errors
    /// Those of starting the threads of a bad network.
    pub fn over(self, network: &BadNetwork) -> io::Result<Datagrams> {
        Datagrams::over(self.turn_into::<UdpSocket>().with_addresses(), network)
    }
}
