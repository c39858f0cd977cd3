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
            // What is to leave from a certain address needs a call of its own.
            let count = datagrams.iter().take_while(|(_, to)| to.at.is_none()).count();
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
mod tests {
    use std::net::SocketAddr;
    use std::time::Duration;

    use super::*;
    use crate::net::faults::BadNetwork;
    use crate::net::{Socket, Trace};

    fn of_lengths(lengths: &[usize]) -> Vec<Vec<u8>> {
        lengths.iter().zip((b'a'..=b'z').cycle()).map(|(&length, letter)| vec![letter; length]).collect()
    }

    #[test]
    fn a_run_has_one_length_and_at_most_one_that_is_shorter_at_its_end() {
        let table: [(&[usize], usize); 10] = [
            (&[5], 1),
            (&[5, 5, 5], 3),
            (&[5, 5, 3, 5], 3),
            (&[5, 6], 1),
            (&[5, 0, 5], 1),
            (&[0, 0], 1),
            (&[0, 5], 1),
            (&[1; 100], MAX_SEGMENTS),
            (&[1200; 100], 54),
            (&[65_507, 1], 1),
        ];
        for (lengths, expected) in table {
            assert_eq!(run(&of_lengths(lengths)), expected, "{lengths:?}");
        }
    }

    #[test]
    fn bytes_are_cut_where_the_datagrams_were() {
        assert_eq!(cut(b"abcde", 2).collect::<Vec<_>>(), [b"ab".as_slice(), b"cd", b"e"]);
        assert_eq!(cut(b"abcd", 4).collect::<Vec<_>>(), [b"abcd"]);
        assert_eq!(cut(b"", 0).collect::<Vec<_>>(), [b""], "an empty datagram");
    }

    fn open(host: &str, trace: &Trace, network: &BadNetwork) -> UdpSocket {
        let address = SocketAddr::new(host.parse().unwrap(), 0);
        let socket = Socket::udp(address, trace).unwrap();
        socket.bind(address).unwrap();
        let socket = socket.over(network).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(9))).unwrap();
        socket
    }

    /// How many receives it took to get all of `datagrams`, each as it was sent and by whom.
    fn receives(to: &UdpSocket, from: &UdpSocket, datagrams: &[Vec<u8>]) -> usize {
        let (mut batch, mut came, mut receives) = (Batch::default(), Vec::new(), 0);
        while came.len() < datagrams.len() {
            to.recv_batch(&mut batch).unwrap();
            receives += 1;
            for (datagram, sender) in batch.datagrams() {
                assert_eq!(sender.address, from.local_addr().unwrap());
                came.push(datagram.to_vec());
            }
        }
        assert_eq!(came, datagrams);
        receives
    }

    /// All lengths that meet: runs, a shorter end, an empty one, one that is longer than a link takes.
    const LENGTHS: [usize; 11] = [1200, 1200, 1200, 700, 700, 0, 0, 1, 9000, 1200, 1200];

    #[test]
    fn all_datagrams_come_as_they_were_sent_by_every_family_and_both_kinds_of_socket() {
        for host in ["127.0.0.1", "::1"] {
            for (in_segments, out_segments) in [(true, true), (true, false), (false, true), (false, false)] {
                let choose = |socket: UdpSocket, segments| if segments { socket.in_segments() } else { socket };
                let open = |segments| choose(open(host, &Trace::off(), &BadNetwork::default()), segments);
                let (from, to) = (open(out_segments), open(in_segments));
                let datagrams = of_lengths(&LENGTHS);
                from.send_all(&datagrams, Some(to.local_addr().unwrap().into())).unwrap();
                receives(&to, &from, &datagrams);
                from.connect(to.local_addr().unwrap()).unwrap();
                from.send_all(&datagrams, None).unwrap();
                receives(&to, &from, &datagrams);
            }
        }
    }

    #[cfg(all(target_os = "linux", target_endian = "little"))]
    #[test]
    fn fifty_equal_datagrams_are_one_call_on_linux() {
        let open = || open("127.0.0.1", &Trace::off(), &BadNetwork::default()).in_segments();
        let (from, to) = (open(), open());
        assert!(from.segments, "this system has no UDP_GRO");
        let datagrams = of_lengths(&[1200; 50]);
        from.send_all(&datagrams, Some(to.local_addr().unwrap().into())).unwrap();
        assert_eq!(receives(&to, &from, &datagrams), 1);
    }

    #[test]
    fn each_is_a_call_of_its_own_in_a_trace_and_over_a_bad_network() {
        let trace = Trace::keep("test");
        let slow = BadNetwork { delay: Some(Duration::from_millis(1)), ..BadNetwork::default() };
        for (trace, network) in [(&trace, &BadNetwork::default()), (&Trace::off(), &slow)] {
            let (from, to) = (open("127.0.0.1", trace, network).in_segments(), open("127.0.0.1", trace, network));
            let (to, datagrams) = (to.in_segments(), of_lengths(&[1200; 3]));
            from.send_all(&datagrams, Some(to.local_addr().unwrap().into())).unwrap();
            assert_eq!(receives(&to, &from, &datagrams), 3);
        }
        let calls: Vec<_> = trace.events().iter().map(|event| event.call.to_string()).collect();
        assert!(calls.join(" ").contains("sendto sendto sendto recvfrom recvfrom recvfrom"), "{calls:?}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_the_system_does_not_take_in_one_call_is_sent_one_by_one() {
        let open = || open("127.0.0.1", &Trace::off(), &BadNetwork::default()).in_segments();
        let (from, to) = (open(), open());
        // More than the UDP_MAX_SEGMENTS of today, 128: EINVAL.
        let datagrams = of_lengths(&[1; 200]);
        segments::send(from.get_ref(), &datagrams, to.local_addr().ok().map(Peer::from)).unwrap_err();
        from.send_run(&datagrams, to.local_addr().ok().map(Peer::from)).unwrap();
        receives(&to, &from, &datagrams);
    }

    /// On Windows what is longer than its place is an error.
    #[cfg(unix)]
    #[test]
    fn a_crowd_is_heard_and_each_is_answered_whatever_becomes_of_the_others() {
        let open = || open("127.0.0.1", &Trace::off(), &BadNetwork::default());
        let (server, strangers) = (open(), [open(), open(), open()]);
        let addresses = strangers.each_ref().map(|stranger| Peer::from(stranger.local_addr().unwrap()));
        let mut crowd = Crowd::new(4, 8);
        for _ in 0..2 {
            for (stranger, words) in strangers.iter().zip(["first", "", "longer than a place"]) {
                stranger.send_to(words.as_bytes(), server.local_addr().unwrap()).unwrap();
            }
            let mut heard = Vec::new();
            while heard.len() < 3 {
                server.recv_crowd(&mut crowd).unwrap();
                heard.extend(crowd.datagrams().map(|(datagram, from)| (datagram.to_vec(), from)));
            }
            let expected = [b"first".as_slice(), b"", b"longer t"].map(<[u8]>::to_vec);
            assert_eq!(heard, expected.into_iter().zip(addresses).collect::<Vec<_>>());
        }
        let [first, second, third] = addresses;
        let answers =
            [(vec![1], first), (vec![2; 70_000], first), (vec![3; 70_000], second), (vec![], second), (vec![5], third)];
        let outcomes: Vec<_> = server.send_each(&answers).into_iter().map(Result::ok).collect();
        assert_eq!(outcomes, [Some(1), None, None, Some(0), Some(1)]);
        for (stranger, expected) in strangers.iter().zip([b"\x01".as_slice(), b"", b"\x05"]) {
            let mut buffer = [0; 8];
            let length = stranger.recv(&mut buffer).unwrap();
            assert_eq!(&buffer[..length], expected);
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_crowd_that_is_there_is_one_call_on_linux_and_with_one_place_one_call_each() {
        let open = || open("127.0.0.1", &Trace::off(), &BadNetwork::default());
        let (server, stranger) = (open(), open());
        let answers = vec![(b"hi".to_vec(), server.local_addr().unwrap().into()); 5];
        for (places, expected) in [(4, vec![4, 1]), (1, vec![1; 5])] {
            stranger.send_each(&answers).into_iter().for_each(|sent| assert_eq!(sent.unwrap(), 2));
            let mut crowd = Crowd::new(places, 8);
            for count in expected {
                server.recv_crowd(&mut crowd).unwrap();
                assert_eq!(crowd.datagrams().count(), count);
            }
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn each_of_a_crowd_is_answered_from_where_it_asked_time_after_time() {
        for (everywhere, asked) in [("0.0.0.0:0", "127.0.0.2"), ("[::]:0", "127.0.0.2"), ("[::]:0", "::1")] {
            let everywhere = everywhere.parse().unwrap();
            let mut server = Socket::udp(everywhere, &Trace::off()).unwrap();
            server.set_packet_info(everywhere).unwrap();
            server.bind(everywhere).unwrap();
            let server = server.datagrams().unwrap();
            server.set_read_timeout(Some(Duration::from_secs(9))).unwrap();
            let stranger =
                open(if asked == "::1" { "::1" } else { "127.0.0.1" }, &Trace::off(), &BadNetwork::default());
            stranger.connect(SocketAddr::new(asked.parse().unwrap(), server.local_addr().unwrap().port())).unwrap();
            let mut crowd = Crowd::new(4, 8);
            for question in 0..6_u8 {
                stranger.send_all(&[vec![question], vec![question + 100]], None).unwrap();
                let mut answered = 0;
                while answered < 2 {
                    server.recv_crowd(&mut crowd).unwrap();
                    let answers: Vec<_> = crowd.datagrams().map(|(bytes, from)| (bytes.to_vec(), from)).collect();
                    assert!(server.send_each(&answers).iter().all(Result::is_ok));
                    answered += answers.len();
                }
                // Connected, it hears nobody but whom it asked.
                for expected in [question, question + 100] {
                    let mut answer = [0];
                    assert_eq!((stranger.recv(&mut answer).unwrap(), answer), (1, [expected]));
                }
            }
        }
    }

    #[test]
    fn what_cannot_be_sent_is_told_and_keeps_nothing_back() {
        let open = || open("127.0.0.1", &Trace::off(), &BadNetwork::default()).in_segments();
        let (from, to) = (open(), open());
        let mut datagrams = of_lengths(&[1200, 70_000, 70_000, 1200, 1200]);
        from.send_all(&datagrams, Some(to.local_addr().unwrap().into())).unwrap_err();
        datagrams.drain(1..3);
        receives(&to, &from, &datagrams);
    }
}
