//! A time limit for all that a peer says, not for each byte of it.

use std::io::{self, ErrorKind, Read};
use std::ops::Deref;
use std::time::{Duration, Instant};

use crate::net::TcpStream;

/// A stream that can be read until a moment and no longer, however many bytes come one by one.
pub struct Deadline<S> {
    stream: S,
    until: Instant,
}

impl<S: Deref<Target = TcpStream>> Deadline<S> {
    /// Reads from `stream` for `patience` from now on.
    pub fn new(stream: S, patience: Duration) -> Self {
        Self { stream, until: Instant::now() + patience }
    }

    /// The stream.
    pub fn get_ref(&self) -> &S {
        &self.stream
    }
}

impl<S: Deref<Target = TcpStream>> Read for Deadline<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        self.stream.set_read_timeout(Some(left))?;
        (&*self.stream).read(buffer)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::net::{Socket, Trace};

    #[test]
    fn time_is_over_in_all_and_not_for_each_byte() {
        let address = "127.0.0.1:0".parse().unwrap();
        let socket = Socket::tcp(address, &Trace::off()).unwrap();
        socket.bind(address).unwrap();
        let listener = socket.listen(1).unwrap();
        let mut client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (server, _) = listener.accept().unwrap();
        client.write_all(b"xy").unwrap();
        let mut reader = Deadline::new(&server, Duration::from_secs(20));
        assert_eq!(reader.read(&mut [0]).unwrap(), 1);
        reader.until = Instant::now();
        assert_eq!(reader.read(&mut [0]).unwrap_err().kind(), ErrorKind::TimedOut);
    }
}
