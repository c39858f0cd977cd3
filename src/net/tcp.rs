//! The calls of a TCP socket once it listens or is connected.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};

use super::Traced;
use super::event::Call;
use super::in_progress::Making;
use super::trace::{Details, Track, milliseconds};

impl Traced<TcpListener> {
    /// `accept(2)`: a socket of its own for the next client, and the client's address.
    pub fn accept(&self) -> io::Result<(Traced<TcpStream>, SocketAddr)> {
        let Some(track) = &self.track else {
            return self.socket.accept().map(|(socket, peer)| (Traced::new(socket, None), peer));
        };
        track.announce(Call::Accept, "");
        let result = self.socket.accept();
        let new = result.as_ref().ok().map(|_| Track::of(track.source.clone()));
        let argument = result.as_ref().map_or_else(|_| String::new(), |(_, peer)| peer.to_string());
        let details = Details::new(Call::Accept, argument);
        track.record(details, result.as_ref().map(|_| new.as_ref().map_or(0, |new| u64::from(new.number))));
        let (socket, peer) = result?;
        Ok((Traced::new(socket, new).with_addresses(), peer))
    }

    /// The address that it listens on.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }
}

impl Traced<TcpStream> {
    pub(super) fn with_addresses(mut self) -> Self {
        if let Some(track) = &mut self.track {
            track.has_addresses((self.socket.local_addr().ok(), self.socket.peer_addr().ok()));
        }
        self
    }

    /// `shutdown(2)`: the end of one direction, or of both.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        let name = match how {
            Shutdown::Read => "SHUT_RD",
            Shutdown::Write => "SHUT_WR",
            Shutdown::Both => "SHUT_RDWR",
        };
        self.call(Call::Shutdown, name, |socket| socket.shutdown(how))
    }

    /// `setsockopt(2)` with `SO_RCVTIMEO`, where it is not set so already; `None` waits for ever.
    pub fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.limit_reads(timeout, TcpStream::set_read_timeout)
    }

    /// `setsockopt(2)` with `SO_SNDTIMEO`; `None` waits for ever.
    pub fn set_write_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        let argument = format_args!("SO_SNDTIMEO, {} ms", milliseconds(timeout));
        self.call(Call::Setsockopt, argument, |socket| socket.set_write_timeout(timeout))
    }

    /// `setsockopt(2)` with `SO_SNDBUF`, in bytes: how much the kernel takes for a peer that does not read.
    pub fn set_send_buffer_size(&self, size: usize) -> io::Result<()> {
        let argument = format_args!("SO_SNDBUF, {size}");
        self.call(Call::Setsockopt, argument, |socket| SockRef::from(socket).set_send_buffer_size(size))
    }

    /// `setsockopt(2)` with `TCP_NODELAY`: a small piece leaves at once. Without it, it waits until the peer has
    /// acknowledged the one before (Nagle, RFC 896), and the peer holds its acknowledgement back for 40 ms.
    pub fn set_nodelay(&self) -> io::Result<()> {
        self.call(Call::Setsockopt, "TCP_NODELAY, 1", |socket| socket.set_nodelay(true))
    }

    /// `setsockopt(2)` with `SO_KEEPALIVE`, so that a peer that has vanished (a pulled cable) is noticed within `limit`, of
    /// which the peer may be silent for three sevenths before it is asked. While something of ours is on its way the
    /// system does not ask but sends that again, for a quarter of an hour; so on Linux `TCP_USER_TIMEOUT` says the limit too
    /// (RFC 5482, tcp(7)), and on Windows `TCP_MAXRT`. To Linux a peer that takes nothing for so long has vanished as well.
    pub fn set_keepalive(&self, limit: Duration) -> io::Result<()> {
        let silent = (limit * 3 / 7).max(Duration::from_secs(1));
        let keepalive = TcpKeepalive::new().with_time(silent).with_interval((limit / 14).max(Duration::from_secs(1)));
        #[cfg(not(windows))]
        let keepalive = keepalive.with_retries(8);
        let argument = format_args!("SO_KEEPALIVE, {} ms", silent.as_millis());
        self.call(Call::Setsockopt, argument, |socket| SockRef::from(socket).set_tcp_keepalive(&keepalive))?;
        #[cfg(target_os = "linux")]
        self.call(Call::Setsockopt, format_args!("TCP_USER_TIMEOUT, {} ms", limit.as_millis()), |socket| {
            SockRef::from(socket).set_tcp_user_timeout(Some(limit))
        })?;
        // Where it is not known (Wine), the system's own limit is 21 s.
        #[cfg(windows)]
        let _ = self.call(Call::Setsockopt, format_args!("TCP_MAXRT, {} s", limit.as_secs()), |socket| {
            crate::windows::set_retransmission_limit(socket, limit)
        });
        Ok(())
    }

    /// `setsockopt(2)` with `SO_LINGER` and 0 seconds: `close` throws away what is unsent and sends a reset.
    pub fn set_no_linger(&self) -> io::Result<()> {
        let now = Some(Duration::ZERO);
        self.call(Call::Setsockopt, "SO_LINGER, 0 s", |socket| SockRef::from(socket).set_linger(now))
    }

    /// `fcntl(2)` with `O_NONBLOCK`: a call that would have to wait fails with `WouldBlock` instead.
    pub fn set_nonblocking(&self) -> io::Result<()> {
        self.call(Call::Fcntl, "O_NONBLOCK", |socket| socket.set_nonblocking(true))
    }

    /// `send(2)` with `MSG_DONTWAIT`: what the kernel takes now. Windows has no such flag: there it always says
    /// `WouldBlock`, and a thread has to send.
    pub fn try_send(&self, bytes: &[u8]) -> io::Result<usize> {
        self.announce(Call::Send, format_args!("{}, MSG_DONTWAIT", bytes.len()));
        let making = self.begin();
        #[cfg(unix)]
        let result = rustix::net::send(&self.socket, bytes, dont_wait()).map_err(io::Error::from);
        #[cfg(windows)]
        let result: io::Result<usize> = Err(io::ErrorKind::WouldBlock.into());
        self.note_data(making.as_ref(), Call::Send, format_args!("{}, MSG_DONTWAIT", bytes.len()), bytes, &result);
        result
    }

    /// A send begins, if anybody is told of it.
    fn begin(&self) -> Option<Making<'_>> {
        self.track.as_ref().map(Track::begin)
    }

    fn note_data(
        &self,
        making: Option<&Making<'_>>,
        call: Call,
        argument: impl ToString,
        bytes: &[u8],
        result: &io::Result<usize>,
    ) {
        let Some(track) = &self.track else { return };
        let data = result.as_ref().ok().map(|&moved| &bytes[..moved]);
        let details = Details { data, ..Details::new(call, argument) };
        let result = result.as_ref().map(|&moved| moved as u64);
        match making {
            Some(making) => track.record_made(making, details, result),
            None => track.record(details, result),
        }
    }
}

/// No waiting, and no SIGPIPE: the standard library ignores the signal, but only where its own `main` has run.
#[cfg(unix)]
fn dont_wait() -> rustix::net::SendFlags {
    let flags = rustix::net::SendFlags::DONTWAIT;
    #[cfg(target_os = "linux")]
    let flags = flags | rustix::net::SendFlags::NOSIGNAL;
    flags
}

/// `recv(2)`. A call that a signal interrupted (EINTR) is made again.
impl Read for &Traced<TcpStream> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.announce(Call::Recv, buffer.len());
        loop {
            let result = (&self.socket).read(buffer);
            self.note_data(None, Call::Recv, buffer.len(), buffer, &result);
            if !result.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::Interrupted) {
                return result;
            }
        }
    }
}

/// `send(2)`.
impl Write for &Traced<TcpStream> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.announce(Call::Send, bytes.len());
        let making = self.begin();
        let result = (&self.socket).write(bytes);
        self.note_data(making.as_ref(), Call::Send, bytes.len(), bytes, &result);
        result
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::io::{ErrorKind, Read as _, Write as _};
    use std::time::Instant;

    use socket2::SockFilter;

    use super::*;
    use crate::net::{Socket, Trace};

    /// Nothing of what comes in is seen any more: as if the cable had been pulled.
    fn vanishes(client: &TcpStream) -> io::Result<()> {
        // BPF_RET | BPF_K with 0 bytes.
        SockRef::from(client).attach_filter(&[SockFilter::new(6, 0, 0, 0)])
    }

    #[test]
    fn a_peer_that_vanishes_is_noticed_whether_one_writes_or_not() {
        let limit = Duration::from_secs(3);
        for writes in [false, true] {
            let address = "127.0.0.1:0".parse().unwrap();
            let socket = Socket::tcp(address, &Trace::off()).unwrap();
            socket.bind(address).unwrap();
            let listener = socket.listen(1).unwrap();
            let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let (server, _) = listener.accept().unwrap();
            server.set_keepalive(limit).unwrap();
            server.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
            if let Err(error) = vanishes(&client) {
                let said = format!("NOT RUN: a peer that vanishes: {error}\n");
                return io::stderr().write_all(said.as_bytes()).unwrap();
            }
            if writes {
                (&server).write_all(b"x").unwrap();
            }
            let since = Instant::now();
            assert_eq!((&server).read(&mut [0]).unwrap_err().kind(), ErrorKind::TimedOut, "ETIMEDOUT, and not EAGAIN");
            assert!(since.elapsed() < limit * 3, "writes: {writes}, {:?}", since.elapsed());
        }
    }
}
