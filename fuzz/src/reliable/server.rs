//! A server among clients that keep to the protocol or not, and strangers.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::SocketAddr;
use std::time::Duration;

use socket_demos::exec::protocol::Outcome;
use socket_demos::exec::reliable::{Action, GIVE_UP, Job, MAX_PAYLOAD, Server};
use socket_demos::exec::tag::{DATAGRAM_TAG_LENGTH, DatagramKey};
use socket_demos::terminal::screen::Output;
use socket_demos::text::Charset;

use super::super::choices::Choices;
use super::{key, later, opening, perhaps_harmed, session, tagged};

/// How many commands may run at once.
const MAX_CLIENTS: usize = 3;

/// What a server keeps for one answer, in bytes: 512 pieces.
const MAX_KEPT: usize = 512 * 1161;

/// Nothing runs twice, nor more at once than may; a datagram without a tag changes nothing; an address that has not proved
/// itself gets no more than what came from it; what a command writes is sent as it was written; and in the end nothing is
/// left to do.
pub fn check(bytes: &[u8]) {
    let mut choices = Choices::new(bytes);
    let mut world = World::new();
    while !choices.is_over() {
        world.now = later(world.now, &mut choices);
        match choices.byte() % 8 {
            0 => world.is_deaf_to(choices.counted()),
            1 => world.hello(&mut choices),
            2 | 3 => world.ask(&mut choices),
            4 => world.offer(&mut choices),
            5 => world.finish(&mut choices),
            6 => world.tick(),
            _ => world.replay(&mut choices),
        }
    }
    world.comes_to_rest();
}

/// What a client knows of a session.
struct Known {
    from: SocketAddr,
    header: [u8; 56],
    tag_key: DatagramKey,
}

/// What a command has written, and what was sent of it.
#[derive(Default)]
struct Written {
    taken: usize,
    stopped: bool,
    ended: bool,
    sent: BTreeMap<u64, Vec<u8>>,
}

struct World {
    server: Server,
    now: Duration,
    sessions: Vec<Known>,
    /// Everything that clients have sent, and from where.
    sent: Vec<(SocketAddr, Vec<u8>)>,
    /// Every command that was started: it names its session and request.
    started: HashSet<Vec<u8>>,
    jobs: HashMap<Job, Written>,
    /// The jobs by session and request.
    requests: HashMap<(usize, u32), Job>,
}

impl World {
    fn new() -> Self {
        Self {
            server: Server::new(key(), [9; 32], MAX_CLIENTS, Charset::default()),
            now: Duration::ZERO,
            sessions: Vec::new(),
            sent: Vec::new(),
            started: HashSet::new(),
            jobs: HashMap::new(),
            requests: HashMap::new(),
        }
    }

    /// Bytes that somebody without the key has made.
    fn is_deaf_to(&mut self, datagram: &[u8]) {
        let before = (self.server.next_deadline(), self.server.running(), self.server.remembered());
        self.server.receive(address(1), datagram, self.now);
        assert_eq!(self.server.actions(), [], "to a stranger");
        assert_eq!((self.server.next_deadline(), self.server.running(), self.server.remembered()), before);
    }

    fn hello(&mut self, choices: &mut Choices<'_>) {
        let (from, nonce) = (address(choices.byte()), [choices.byte(); 16]);
        let hello = tagged(&[&[0x81][..], &nonce, &[0; 60]].concat(), &opening(), 0);
        self.receive(from, perhaps_harmed(hello, choices));
    }

    /// Something in a session that there is, or in one that there never was.
    fn ask(&mut self, choices: &mut Choices<'_>) {
        let index = usize::from(choices.byte());
        let request = u32::from(choices.byte() % 4);
        let (from, header, tag_key) = match self.sessions.get(index % (self.sessions.len() + 1)) {
            Some(known) => (known.from, known.header, known.tag_key.clone()),
            None => (address(choices.byte()), [choices.byte(); 56], session(&[0; 16], &[0; 40])),
        };
        let header = [&header[..], &request.to_be_bytes()].concat();
        let message = match choices.byte() % 4 {
            // The command names its session and request, and so do its parts.
            0 => [&[0x83][..], &header, &choices.array::<4>(), &[0, 1], &header].concat(),
            1 => {
                let part = choices.byte() % 3;
                let bytes = &header[usize::from(part) * 20..(usize::from(part) + 1) * 20];
                [&[0x83][..], &header, &choices.array::<4>(), &[part, 3], bytes].concat()
            }
            2 => [&[0x84][..], &header].concat(),
            _ => [&[0x85][..], &header, &acknowledgement(choices)].concat(),
        };
        let from = if choices.byte() < 16 { address(choices.byte()) } else { from };
        self.receive(from, perhaps_harmed(tagged(&message, &tag_key, 0), choices));
    }

    fn replay(&mut self, choices: &mut Choices<'_>) {
        let index = usize::from(choices.byte()) % self.sent.len().max(1);
        if let Some((from, datagram)) = self.sent.get(index).cloned() {
            let from = if choices.byte() < 64 { address(choices.byte()) } else { from };
            self.receive(from, datagram);
        }
    }

    fn receive(&mut self, from: SocketAddr, datagram: Vec<u8>) {
        self.server.receive(from, &datagram, self.now);
        let proved = datagram
            .get(1..57)
            .is_some_and(|header| self.sessions.iter().any(|known| known.from == from && known.header == header));
        let actions = self.server.actions();
        if !proved {
            let answers = actions.iter().map(|action| match action {
                Action::Send(to, answer) if *to == from => answer.len(),
                other => panic!("{other:?} for {from}, which has not proved itself"),
            });
            let answered: usize = answers.sum();
            assert!(answered <= datagram.len(), "{answered} bytes for {}", datagram.len());
        }
        self.sent.push((from, datagram));
        self.heed(actions);
    }

    fn offer(&mut self, choices: &mut Choices<'_>) {
        let Some(job) = self.some_job(choices) else { return };
        let length = usize::from(u16::from_be_bytes(choices.array())) * 16;
        let output = choices.of(&[Output::Out, Output::Err]);
        let Some(written) = self.jobs.get_mut(&job) else { return };
        let bytes: Vec<u8> = (written.taken..written.taken + length).map(written_at).collect();
        let taken = self.server.offer(job, output, &bytes, self.now);
        assert!(taken <= bytes.len());
        if written.ended {
            assert_eq!(taken, bytes.len(), "of a command that has ended nothing is wanted");
        } else {
            written.taken += taken;
        }
        let actions = self.server.actions();
        self.heed(actions);
        let written = &self.jobs[&job];
        let waiting = written.taken - written.sent.values().map(Vec::len).sum::<usize>().min(written.taken);
        assert!(written.stopped || waiting <= MAX_KEPT, "{waiting} bytes are kept");
    }

    fn finish(&mut self, choices: &mut Choices<'_>) {
        let Some(job) = self.some_job(choices) else { return };
        self.server.finish(job, Outcome::Exited(5), self.now);
        self.jobs.entry(job).or_default().ended = true;
        let actions = self.server.actions();
        self.heed(actions);
    }

    fn some_job(&self, choices: &mut Choices<'_>) -> Option<Job> {
        let mut jobs: Vec<_> = self.jobs.keys().copied().collect();
        jobs.sort_unstable();
        jobs.get(usize::from(choices.byte()) % jobs.len().max(1)).copied()
    }

    /// What is due next, when it is due.
    fn tick(&mut self) {
        if let Some(due) = self.server.next_deadline() {
            self.now = self.now.max(due);
        }
        self.server.tick(self.now);
        assert!(self.server.next_deadline().is_none_or(|due| due > self.now), "it is due again at once");
        let actions = self.server.actions();
        self.heed(actions);
    }

    fn heed(&mut self, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Send(to, datagram) => self.sends(to, &datagram),
                Action::Start { job, command, from } => self.starts(job, &command, from),
                Action::Stop(job) => self.jobs.entry(job).or_default().stopped = true,
                Action::Space(job) => assert!(self.jobs.contains_key(&job)),
            }
        }
        assert!(self.server.running() <= MAX_CLIENTS, "{} run", self.server.running());
        assert!(self.server.remembered() <= self.sessions.len(), "more sessions than cookies");
    }

    fn starts(&mut self, job: Job, command: &[u8], from: SocketAddr) {
        let known = self.sessions.iter().position(|known| command.starts_with(&known.header));
        let index = known.expect("a session that the server has opened");
        assert_eq!(self.sessions[index].from, from);
        assert!(self.started.insert(command.to_vec()), "a command runs twice");
        let request = command.last_chunk().map_or(0, |number| u32::from_be_bytes(*number));
        self.requests.insert((index, request), job);
        assert!(self.jobs.insert(job, Written::default()).is_none(), "{job:?} is there already");
    }

    fn sends(&mut self, to: SocketAddr, datagram: &[u8]) {
        assert!(datagram.len() <= MAX_PAYLOAD, "{} bytes", datagram.len());
        let (message, tag) = datagram.split_at(datagram.len() - DATAGRAM_TAG_LENGTH);
        if message[0] == 0x82 {
            assert!(opening().matches(message, 1, tag), "a cookie without a tag");
            let header = [&message[1..17], &message[21..61]].concat();
            let header: [u8; 56] = header.try_into().expect("nonce and cookie");
            if self.sessions.iter().all(|known| known.header != header) {
                let tag_key = session(&header[..16], &header[16..]);
                self.sessions.push(Known { from: to, header, tag_key });
            }
            return;
        }
        let of = |known: &Known| known.from == to && known.tag_key.matches(message, 1, tag);
        let Some(index) = self.sessions.iter().position(of) else {
            return assert_eq!(message[0], 0x8c, "only GONE is said in an unknown session");
        };
        if matches!(message[0], 0x86..=0x88) {
            let (request, number) = (&message[1..5], &message[5..13]);
            let request = u32::from_be_bytes(request.try_into().expect("four bytes"));
            let number = u64::from_be_bytes(number.try_into().expect("eight bytes"));
            let job = self.requests[&(index, request)];
            let content = if message[0] == 0x88 { &[][..] } else { &message[23..] };
            let part = if message[0] == 0x88 { [0, 1] } else { [message[21], message[22]] };
            self.jobs.entry(job).or_default().is_sent(number, part, content);
        }
    }

    /// When nothing comes any more, commands are stopped, clients given up.
    fn comes_to_rest(&mut self) {
        let mut jobs: Vec<_> = self.jobs.keys().copied().collect();
        jobs.sort_unstable();
        for job in jobs {
            self.server.finish(job, Outcome::TimeLimit, self.now);
        }
        let actions = self.server.actions();
        self.heed(actions);
        // Four of the longest timeouts.
        let latest = self.now + GIVE_UP * 4 / 3;
        while self.server.next_deadline().is_some() {
            self.tick();
            assert!(self.now <= latest, "still at it at {:?}, after {latest:?}", self.now);
        }
        assert_eq!(self.server.running(), 0);
    }
}

impl Written {
    /// A piece is always the same, and the pieces in order are what was written.
    fn is_sent(&mut self, number: u64, part: [u8; 2], content: &[u8]) {
        if part[1] > 1 {
            // What was sent whole before, and did not arrive.
            let before = &self.sent[&number];
            let length = before.len().div_ceil(part[1].into());
            assert_eq!(before.chunks(length).nth(part[0].into()), Some(content), "part {} of piece {number}", part[0]);
            return;
        }
        if let Some(before) = self.sent.insert(number, content.to_vec()) {
            assert_eq!(before, content, "piece {number} has changed");
            return;
        }
        assert_eq!(self.sent.len() as u64, number + 1, "pieces are first sent in order");
        let before = self.sent.range(..number).map(|(_, piece)| piece.len()).sum::<usize>();
        let expected: Vec<u8> = (before..before + content.len()).map(written_at).collect();
        assert_eq!(content, expected, "piece {number}");
    }
}

/// What a command writes at each place of its output: no two stretches are alike for long.
fn written_at(place: usize) -> u8 {
    (place ^ (place >> 7) ^ (place >> 13)) as u8
}

/// Few, so that sessions meet; on IPv4 and IPv6.
fn address(number: u8) -> SocketAddr {
    let (host, port) = (number % 3, 4000 + u16::from(number >> 6));
    if host == 2 { ([0, 0, 0, 0, 0, 0, 0, 1], port).into() } else { ([127, 0, 0, host + 1], port).into() }
}

/// Next, limit and the bits of later ones: mostly small, as those of an honest client are.
fn acknowledgement(choices: &mut Choices<'_>) -> Vec<u8> {
    let number = |choices: &mut Choices<'_>| match choices.byte() {
        255 => u64::from_be_bytes(choices.array()),
        small => small.into(),
    };
    let (next, limit) = (number(choices), number(choices).saturating_add(512));
    let word = u64::from_be_bytes(choices.array());
    let latest = number(choices);
    let numbers = [next, limit, latest, word].map(u64::to_be_bytes).concat();
    [&numbers[..], &[0; 48], &word.to_be_bytes()].concat()
}
