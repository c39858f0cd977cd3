//! Several datagrams at a time: a call and a way through the kernel for each is most of what a small datagram costs.
//!
//! Only Linux has such calls. Elsewhere, with a trace and over a bad network each datagram is a call of its own, so that
//! each can be seen, and lost, by itself.

use std::io;

use super::UdpSocket;
use super::datagrams::MAX_DATAGRAM;
use super::peer::Peer;
#[cfg(target_os = "linux")]
use super::{messages, segments};

/// Datagrams in one call: as many as Linux cuts one into (`UDP_MAX_SEGMENTS`, at first).
const MAX_SEGMENTS: usize = 64;

/// What one receive has brought: datagrams of one sender. Any datagram fits.
pub struct Batch {
    buffer: Box<[u8]>,
    length: usize,
    /// Where they are cut: all have this length, but for the last, which may be shorter.
    segment: usize,
    from: Option<Peer>,
}

impl Default for Batch {
    /// Nothing yet.
    fn default() -> Self {
        Self { buffer: vec![0; MAX_DATAGRAM + 1].into(), length: 0, segment: 0, from: None }
    }
}

impl Batch {
    /// Who has sent them; `None` of nothing.
    pub fn from(&self) -> Option<Peer> {
        self.from
    }

    /// The datagrams in their order, each with its sender.
    pub fn datagrams(&self) -> impl Iterator<Item = (&[u8], Peer)> {
        let from = self.from.into_iter();
        from.flat_map(|from| cut(&self.buffer[..self.length], self.segment).map(move |datagram| (datagram, from)))
    }
}

/// An empty datagram is one too.
fn cut(bytes: &[u8], segment: usize) -> impl Iterator<Item = &[u8]> {
    let empty = bytes.is_empty().then_some(bytes);
    empty.into_iter().chain(bytes.chunks(segment.max(1)))
}

/// What one receive has brought: datagrams of different senders, each as far as its place goes.
pub struct Crowd {
    buffer: Box<[u8]>,
    size: usize,
    came: Vec<(usize, Peer)>,
    #[cfg(target_os = "linux")]
    headers: messages::Headers,
}

impl Crowd {
    /// Nobody yet: `places` of `size` bytes. With one place each receive is the plain one.
    pub fn new(places: usize, size: usize) -> Self {
        Self {
            buffer: vec![0; places * size].into(),
            size,
            came: Vec::with_capacity(places),
            #[cfg(target_os = "linux")]
            headers: messages::Headers::new(places),
        }
    }

    /// The datagrams in the order in which they came, each with its sender.
    pub fn datagrams(&self) -> impl Iterator<Item = (&[u8], Peer)> {
        let places = self.buffer.chunks_exact(self.size);
        places.zip(&self.came).map(|(place, &(length, sender))| (&place[..length], sender))
    }
}

impl UdpSocket {
    /// As [`UdpSocket::recv_from`]: waits for one datagram, and brings along those that are there too.
    ///
    /// # Errors
    /// Those of the call; then nobody has come.
    pub fn recv_crowd(&self, crowd: &mut Crowd) -> io::Result<()> {
        crowd.came.clear();
        #[cfg(target_os = "linux")]
        if self.is_plain() && crowd.buffer.len() > crowd.size {
            let Crowd { buffer, size, came, headers } = crowd;
            loop {
                match messages::receive(self.get_ref(), headers, buffer, *size, came) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    result => return result,
                }
            }
        }
        let datagram = self.recv_from(&mut crowd.buffer[..crowd.size])?;
        crowd.came.push(datagram);
        Ok(())
    }

    /// Sends each datagram to its address, and tells what came of each. What cannot be sent does not keep back what follows.
    pub fn send_each(&self, datagrams: &[(Vec<u8>, Peer)]) -> Vec<io::Result<usize>> {
        let mut outcomes = Vec::with_capacity(datagrams.len());
        while let Some((bytes, to)) = datagrams.get(outcomes.len()) {
            let left = self.send_first(&datagrams[outcomes.len()..]);
            outcomes.extend(datagrams[outcomes.len()..][..left].iter().map(|(bytes, _)| Ok(bytes.len())));
            if left == 0 {
                outcomes.push(self.send_to(bytes, *to));
            }
        }
        outcomes
    }

    /// How many of the first have left in one call: none where one after the other has to, or where the first one cannot.
    fn send_first(&self, datagrams: &[(Vec<u8>, Peer)]) -> usize {
        #[cfg(target_os = "linux")]
        {
            // All of a call leave from one address.
            let count = datagrams.iter().take_while(|(_, to)| to.at == datagrams[0].1.at).count();
            if self.is_plain() && count > 1 {
                return messages::send(self.get_ref(), &datagrams[..count]).unwrap_or(0);
            }
        }
        let _ = datagrams;
        0
    }

    /// `setsockopt(2)` with `UDP_GRO`, where the system knows it and nobody looks on: from now on [`UdpSocket::send_all`] and
    /// [`UdpSocket::recv_batch`] may move several datagrams in one call. It is for datagrams that no link has to cut: one
    /// that has come so is never put together from fragments.
    #[must_use]
    pub fn in_segments(mut self) -> Self {
        #[cfg(target_os = "linux")]
        let segments = self.is_plain() && segments::ask_for(self.get_ref()).is_ok();
        #[cfg(not(target_os = "linux"))]
        let segments = false;
        self.segments = segments;
        self
    }

    /// Sends each of `datagrams`, to `to` or to the peer of a connected socket. What cannot be sent does not keep back what
    /// follows.
    ///
    /// # Errors
    /// The last one of those of the calls.
    pub fn send_all(&self, datagrams: &[Vec<u8>], to: Option<Peer>) -> io::Result<()> {
        let (mut rest, mut outcome) = (datagrams, Ok(()));
        while !rest.is_empty() {
            let (run, behind) = rest.split_at(if self.segments { run(rest) } else { 1 });
            if let Err(error) = self.send_run(run, to) {
                outcome = Err(error);
            }
            rest = behind;
        }
        outcome
    }

    /// A run in one call. Where that fails, as on a way that takes only shorter datagrams, one by one.
    fn send_run(&self, run: &[Vec<u8>], to: Option<Peer>) -> io::Result<()> {
        #[cfg(target_os = "linux")]
        if run.len() > 1 && segments::send(self.get_ref(), run, to).is_ok() {
            return Ok(());
        }
        let mut outcome = Ok(());
        for datagram in run {
            let sent = if let Some(to) = to { self.send_to(datagram, to) } else { self.send(datagram) };
            if let Err(error) = sent {
                outcome = Err(error);
            }
        }
        outcome
    }

    /// As [`UdpSocket::recv_from`]: what has come, one datagram or several of one sender.
    ///
    /// # Errors
    /// Those of the call; then the batch is empty.
    pub fn recv_batch(&self, batch: &mut Batch) -> io::Result<()> {
        batch.from = None;
        let (length, segment, from) = self.recv_segments(&mut batch.buffer)?;
        (batch.length, batch.segment, batch.from) = (length, segment, Some(from));
        Ok(())
    }

    fn recv_segments(&self, buffer: &mut [u8]) -> io::Result<(usize, usize, Peer)> {
        #[cfg(target_os = "linux")]
        if self.segments {
            return segments::receive(self.get_ref(), buffer);
        }
        let (length, from) = self.recv_from(buffer)?;
        Ok((length, length, from))
    }
}

/// How many of the first datagrams go in one call: those of one length, and one more that is shorter, but not empty.
fn run(datagrams: &[Vec<u8>]) -> usize {
    let length = datagrams[0].len();
    let most = MAX_DATAGRAM.checked_div(length).unwrap_or(1).clamp(1, MAX_SEGMENTS);
    let equal = datagrams.iter().take(most).take_while(|datagram| datagram.len() == length).count();
    let shorter = datagrams.get(equal).is_some_and(|next| (1..length).contains(&next.len()));
    if shorter && equal < most { equal + 1 } else { equal }
}

#[cfg(test)]
mod tests;
