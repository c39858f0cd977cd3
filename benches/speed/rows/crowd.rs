//! Two hundred clients on one thread: whoever is ready is read, nobody is waited for.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::ops::Range;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

use super::poller::Poller;

/// What one read takes at most: a room's whole burst, so that reading costs one call for each.
const READ_SIZE: usize = 256 * 1024;

/// The clients of a room, who have read everything.
pub(super) struct Crowd {
    poller: Poller,
    members: Vec<Member>,
    buffer: Vec<u8>,
}

struct Member {
    socket: TcpStream,
    /// Lines that others have said and this one has not yet got.
    missing: usize,
}

impl Crowd {
    /// Takes over the sockets of a room that has gathered.
    pub(super) fn new(sockets: Vec<TcpStream>) -> Result<Self> {
        let poller = Poller::new()?;
        for (number, socket) in sockets.iter().enumerate() {
            socket.set_nonblocking(true)?;
            poller.add_reader(socket, number)?;
        }
        let members = sockets.into_iter().map(|socket| Member { socket, missing: 0 }).collect();
        Ok(Self { poller, members, buffer: vec![0; READ_SIZE] })
    }

    /// Each of `speakers` sends `text` (whole lines) at once; returns when everybody has got every line of the others.
    pub(super) fn wave(&mut self, speakers: Range<usize>, text: &[u8]) -> Result<()> {
        let lines = count_lines(text);
        for (number, member) in self.members.iter_mut().enumerate() {
            let others = speakers.len() - usize::from(speakers.contains(&number));
            member.missing = others * lines;
        }
        for speaker in &mut self.members[speakers] {
            // A socket whose text has all been relayed has room for a wave's share: a write that takes less would mean
            // that waves are too long for this bookkeeping.
            ensure!(speaker.socket.write(text)? == text.len(), "a wave does not fit a send buffer");
        }
        self.drain()
    }

    /// Reads until nobody misses a line.
    fn drain(&mut self) -> Result<()> {
        let mut waiting = self.members.iter().filter(|member| member.missing > 0).count();
        let started = Instant::now();
        while waiting > 0 {
            let ready = self.poller.wait(started).with_context(|| format!("{waiting} clients miss lines"))?;
            for number in ready {
                if self.members[number].receive(&mut self.buffer)? {
                    waiting -= 1;
                }
            }
        }
        Ok(())
    }
}

impl Member {
    /// Reads what has come, once. True if that was the last it missed.
    fn receive(&mut self, buffer: &mut [u8]) -> Result<bool> {
        let length = match self.socket.read(buffer) {
            Ok(0) => bail!("the server hung up on a client that misses {} lines", self.missing),
            Ok(length) => length,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        let lines = count_lines(&buffer[..length]);
        if lines > self.missing || self.missing == 0 {
            bail!("text that nobody said: {:?}", String::from_utf8_lossy(&buffer[..length]));
        }
        self.missing -= lines;
        Ok(self.missing == 0)
    }
}

/// How many lines end in `text`. In pieces whose count fits a byte, which the compiler turns into vector instructions:
/// the generator's time is measured too.
fn count_lines(text: &[u8]) -> usize {
    let in_piece = |piece: &[u8]| piece.iter().map(|&byte| u8::from(byte == b'\n')).sum::<u8>();
    text.chunks(usize::from(u8::MAX)).map(|piece| usize::from(in_piece(piece))).sum()
}
