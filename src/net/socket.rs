//! A socket from `socket()` on, until it listens, is connected, or receives datagrams.

use std::io;
use std::net::{self, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use socket2::Socket;

use super::UdpSocket;
use super::event::Call;
use super::packet_info;
use super::trace::{Details, Track};
use super::{Trace, Traced};
use crate::net::faults::BadNetwork;

/// A socket between `socket()` and its being a listener or a stream: the time for options.
impl Traced<Socket> {
    /// `socket(2)` for TCP: a socket of the address's family that is neither bound nor connected.
    pub fn tcp(address: SocketAddr, trace: &Trace) -> io::Result<Self> {
        Self::open(address, socket2::Type::STREAM, trace)
    }

    fn open(address: SocketAddr, kind: socket2::Type, trace: &Trace) -> io::Result<Self> {
        let domain = socket2::Domain::for_address(address);
        let Some(place) = Track::new(trace) else {
            return Ok(Self::new(Socket::new(domain, kind, None)?, None));
        };
        let family = if address.is_ipv4() { "AF_INET" } else { "AF_INET6" };
        let name = if kind == socket2::Type::STREAM { "SOCK_STREAM" } else { "SOCK_DGRAM" };
        let argument = format!("{family}, {name}");
        place.announce(Call::Socket, &argument);
        let socket = Socket::new(domain, kind, None);
        place.record(Details::new(Call::Socket, argument), socket.as_ref().map(|_| u64::from(place.number)));
        Ok(Self::new(socket?, Some(place)))
    }

    /// The option that [`Socket::set_reuse_address`](Self::set_reuse_address) sets here.
    pub const REUSE_OPTION: &str = if cfg!(windows) { "SO_EXCLUSIVEADDRUSE" } else { "SO_REUSEADDR" };

    /// `setsockopt(2)` with `SO_REUSEADDR`: binds although closed connections are still in TIME_WAIT. On Windows that
    /// needs no option, and this one would let another program take the port over, so `SO_EXCLUSIVEADDRUSE` is set.
    pub fn set_reuse_address(&self) -> io::Result<()> {
        #[cfg(unix)]
        return self.set_shared_address();
        #[cfg(windows)]
        self.call(
            Call::Setsockopt,
            format_args!("{}, 1", Self::REUSE_OPTION),
            crate::windows::set_exclusive_address_use,
        )
    }

    /// `setsockopt(2)` with `SO_REUSEADDR` on every system, also where it lets others in.
    pub fn set_shared_address(&self) -> io::Result<()> {
        self.call(Call::Setsockopt, "SO_REUSEADDR, 1", |socket| socket.set_reuse_address(true))
    }

    /// `setsockopt(2)` with `SO_REUSEPORT`: several sockets of one user on one port, each with its share of the clients.
    /// Windows has no such option.
    pub fn set_shared_port(&self) -> io::Result<()> {
        #[cfg(unix)]
        return self.call(Call::Setsockopt, "SO_REUSEPORT, 1", |socket| socket.set_reuse_port(true));
        #[cfg(windows)]
        Err(io::ErrorKind::Unsupported.into())
    }

    /// `setsockopt(2)` with `SO_ATTACH_FILTER`, and a filter that lets nothing in: for a client that calls and never hears
    /// an answer, so that its handshake stays half done. Linux only, where TCP may need
    /// CAP_NET_ADMIN for it.
    pub fn set_deaf(&self) -> io::Result<()> {
        #[cfg(target_os = "linux")]
        // BPF_RET | BPF_K: of each segment 0 bytes are let in.
        return self.call(Call::Setsockopt, "SO_ATTACH_FILTER, nothing", |socket| {
            socket.attach_filter(&[socket2::SockFilter::new(6, 0, 0, 0)])
        });
        #[cfg(not(target_os = "linux"))]
        Err(io::ErrorKind::Unsupported.into())
    }

    /// `setsockopt(2)` with `SO_RCVBUF`, in bytes: how much may wait for `recv`. The system gives as much of it as it lets
    /// everybody have.
    pub fn set_receive_buffer_size(&self, size: usize) -> io::Result<()> {
        self.call(Call::Setsockopt, format_args!("SO_RCVBUF, {size}"), |socket| socket.set_recv_buffer_size(size))
    }

    /// `setsockopt(2)` with `IP_PKTINFO`, or `IPV6_RECVPKTINFO` (`IPV6_PKTINFO` on Windows) for a socket of the family of
    /// such an `address`; no call on a system that has neither. From now
    /// on each datagram tells at which of this machine's addresses it came, and an answer to its [`Peer`](super::Peer)
    /// leaves from there.
    pub fn set_packet_info(&mut self, address: SocketAddr) -> io::Result<()> {
        let Some(option) = packet_info::option(&self.socket, address) else { return Ok(()) };
        let asked = self.call(Call::Setsockopt, option, |socket| packet_info::ask_for(socket, address));
        self.packet_info = asked.is_ok();
        // A Windows that refuses it chooses from where an answer leaves, as it does without.
        if cfg!(windows) { Ok(()) } else { asked }
    }

    /// `socket(2)` for UDP: the family of `address`, neither bound nor connected.
    pub fn udp(address: SocketAddr, trace: &Trace) -> io::Result<Self> {
        Self::open(address, socket2::Type::DGRAM, trace)
    }

    /// `bind(2)`.
    pub fn bind(&self, address: SocketAddr) -> io::Result<()> {
        let Some(track) = &self.track else { return self.socket.bind(&address.into()) };
        track.announce(Call::Bind, address);
        let result = self.socket.bind(&address.into());
        // Port 0 has become a port that only the system knows.
        let local = result.as_ref().ok().and_then(|()| self.local_addr().ok());
        track.record(Details { local, ..Details::new(Call::Bind, address) }, result.as_ref().map(|()| 0));
        result
    }

    /// `listen(2)`: from now on the kernel finishes handshakes, at most `backlog` + 1 of them ahead of `accept` on
    /// Linux.
    pub fn listen(self, backlog: i32) -> io::Result<Traced<TcpListener>> {
        self.call(Call::Listen, backlog, |socket| socket.listen(backlog))?;
        let mut listener: Traced<TcpListener> = self.turn_into();
        if let Some(track) = &mut listener.track {
            track.has_addresses((listener.socket.local_addr().ok(), None));
        }
        Ok(listener)
    }

    /// `connect(2)`, given up after `timeout`; the system's own limit is 21 s to 135 s.
    pub fn connect_timeout(self, address: SocketAddr, timeout: Duration) -> io::Result<Traced<TcpStream>> {
        self.connect_by(address, |socket| socket.connect_timeout(&address.into(), timeout))?;
        Ok(self.turn_into::<TcpStream>().with_addresses())
    }

    /// `connect(2)` of a UDP socket: fixes the peer and sends nothing.
    pub fn connect(&self, address: SocketAddr) -> io::Result<()> {
        self.connect_by(address, |socket| socket.connect(&address.into()))
    }

    /// Notes with the call where the socket is now: a connection that is still to come has its port already.
    fn connect_by(&self, address: SocketAddr, connect: impl FnOnce(&Socket) -> io::Result<()>) -> io::Result<()> {
        let Some(track) = &self.track else { return connect(&self.socket) };
        track.announce(Call::Connect, address);
        let making = track.begin();
        let result = connect(&self.socket);
        let details = Details { local: self.local_addr().ok(), ..Details::new(Call::Connect, address) };
        track.record_made(&making, details, result.as_ref().map(|()| 0));
        result
    }

    /// `fcntl(2)` with `O_NONBLOCK`: a `connect` that would have to wait goes on behind the scenes.
    pub fn set_nonblocking(&self) -> io::Result<()> {
        self.call(Call::Fcntl, "O_NONBLOCK", |socket| socket.set_nonblocking(true))
    }

    /// The address that it is bound to.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()?.as_socket().ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    /// From now on it sends and receives datagrams.
    ///
    /// # Errors
    /// None: a good network has no threads to start.
    pub fn datagrams(self) -> io::Result<UdpSocket> {
        self.over(&BadNetwork::default())
    }

    /// From now on it sends and receives datagrams, over a `network` that may be bad on purpose.
    ///
    /// # Errors
    /// Those of starting the threads of a bad network.
    pub fn over(self, network: &BadNetwork) -> io::Result<UdpSocket> {
        UdpSocket::over(self.turn_into::<net::UdpSocket>().with_addresses(), network)
    }
}
