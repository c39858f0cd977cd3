//! A client whose server has the key and keeps to the protocol or not.

use std::collections::HashMap;
use std::time::Duration;

use socket_demos::exec::protocol::Outcome;
use socket_demos::exec::reliable::{Client, Event, GIVE_UP, MAX_COMMAND, MAX_PAYLOAD};
use socket_demos::exec::tag::{DATAGRAM_TAG_LENGTH, DatagramKey};

use super::super::choices::Choices;
use super::{key, later, opening, perhaps_harmed, session, tagged};

/// How many pieces a client keeps for who reads (PROTOCOL.md).
const WINDOW: u64 = 512;

/// The output is shown in order, without a gap, and once; the outcome comes behind all of it, and nothing behind that; a
/// request has one command however often it is sent; no more is asked for than the window; and every request has an end.
pub fn check(bytes: &[u8]) {
    let mut choices = Choices::new(bytes);
    let mut world = World::new();
    world.request(&mut choices);
    while !choices.is_over() {
        world.now = later(world.now, &mut choices);
        match choices.byte() % 10 {
            0 => world.client.receive(choices.counted(), world.now),
            1 => world.cookie(&mut choices),
            2..=5 => world.answer(&mut choices),
            6 => world.listen(),
            7 => world.tick(),
            8 => match choices.byte() % 4 {
                0 => world.client.stop(world.now),
                1 => world.client.refused(world.now),
                _ => world.request(&mut choices),
            },
            _ => world.server_repeats(&mut choices),
        }
        world.sends();
    }
    world.comes_to_an_end();
}

struct World {
    client: Client,
    now: Duration,
    /// Nonce and cookie, and what tag keys their datagrams.
    session: Option<([u8; 56], DatagramKey)>,
    nonces: u8,
    nonce: [u8; 16],
    request: u32,
    /// The parts of the command of each request of the session.
    commands: HashMap<(u32, [u8; 2]), Vec<u8>>,
    command: u32,
    answered: Vec<Vec<u8>>,
    /// How many pieces of the output were shown.
    shown: u64,
    over: bool,
}

impl World {
    fn new() -> Self {
        Self {
            client: Client::new(key()),
            now: Duration::ZERO,
            session: None,
            nonces: 0,
            nonce: [0; 16],
            request: 0,
            commands: HashMap::new(),
            command: 0,
            answered: Vec::new(),
            shown: 0,
            over: true,
        }
    }

    fn request(&mut self, choices: &mut Choices<'_>) {
        self.sends();
        self.nonces = self.nonces.wrapping_add(1);
        let nonce = [self.nonces; 16];
        self.command += 1;
        let command = [&self.command.to_be_bytes()[..], &vec![b'x'; usize::from(choices.byte()) * 5]].concat();
        let fits = command.len() <= MAX_COMMAND;
        assert_eq!(self.client.request(&command, nonce, self.now).is_ok(), fits, "{}", command.len());
        if fits {
            (self.nonce, self.shown, self.over) = (nonce, 0, false);
            self.sends();
        }
    }

    /// What the client has sent.
    fn sends(&mut self) {
        for datagram in self.client.datagrams() {
            assert!(datagram.len() <= MAX_PAYLOAD, "{} bytes", datagram.len());
            let (message, tag) = datagram.split_at(datagram.len() - DATAGRAM_TAG_LENGTH);
            if message[0] == 0x81 {
                assert!(opening().matches(message, 0, tag));
                assert_eq!(message[1..17], self.nonce);
                continue;
            }
            let (header, tag_key) = self.session.as_ref().expect("a cookie came first");
            assert!(tag_key.matches(message, 0, tag) && message[1..57] == header[..]);
            self.request = message[57..].first_chunk().map_or(0, |number| u32::from_be_bytes(*number));
            let numbers: Vec<_> = message[61..].chunks_exact(8).map(u64_of).collect();
            match message[0] {
                0x83 => {
                    let part = [message[65], message[66]];
                    assert!(part[0] < part[1] && matches!(part[1], 1 | 3), "part {} of {}", part[0], part[1]);
                    let command = message[67..].to_vec();
                    let before = self.commands.insert((self.request, part), command.clone());
                    assert!(before.is_none_or(|before| before == command), "request {} has changed", self.request);
                }
                0x84 => {}
                // The outcome is a piece too.
                0x85 => {
                    let limit = self.shown + u64::from(self.over) + WINDOW;
                    assert!(numbers[0] <= numbers[1] && numbers[1] <= limit, "{numbers:?}");
                }
                kind => panic!("{kind:#x} is no client's"),
            }
        }
    }

    fn cookie(&mut self, choices: &mut Choices<'_>) {
        let nonce = if choices.byte() < 16 { [choices.byte(); 16] } else { self.nonce };
        let header = [&nonce[..], &[choices.byte(); 40]].concat();
        let (asked, label): ([u8; 4], [u8; 16]) = (choices.array(), choices.array());
        let cookie = tagged(&[&[0x82][..], &header[..16], &asked, &header[16..], &label].concat(), &opening(), 1);
        let harmed = perhaps_harmed(cookie.clone(), choices);
        let wanted = self.client.is_opening() && nonce == self.nonce && cookie == harmed;
        if wanted {
            let tag_key = session(&header[..16], &header[16..]);
            self.session = header.try_into().ok().map(|header| (header, tag_key));
            self.commands.clear();
        }
        let opening = self.client.is_opening();
        self.client.receive(&harmed, self.now);
        assert_eq!(self.client.is_opening(), opening && !wanted, "only the cookie that was asked for opens");
    }

    fn answer(&mut self, choices: &mut Choices<'_>) {
        let Some((_, tag_key)) = &self.session else { return };
        let request = if choices.byte() < 16 { choices.byte().into() } else { self.request };
        let number = match choices.byte() {
            255 => u64::from_be_bytes(choices.array()),
            254 => self.shown + WINDOW - u64::from(choices.byte()),
            small => u64::from(small % 8),
        };
        let numbers = [number, u64::from(choices.byte())].map(u64::to_be_bytes).concat();
        let numbered = |kind, content: &[u8]| [&[kind][..], &request.to_be_bytes(), &numbers, content].concat();
        let message = match choices.byte() % 16 {
            kind @ 0..6 => numbered(0x86 + kind % 2, &[&[0, 1], piece(request, number).as_bytes()].concat()),
            kind @ 6..9 => {
                let (piece, part) = (piece(request, number), choices.byte() % 3);
                let length = piece.len().div_ceil(3);
                let bytes = piece.as_bytes().chunks(length).nth(part.into()).unwrap_or_default();
                numbered(0x86 + u8::from(kind == 7), &[&[part, 3], bytes].concat())
            }
            9..12 => numbered(0x88, &Outcome::Exited(number as u32).encode()),
            12 => {
                let numbers = [&choices.array::<4>()[..], &[choices.byte() % 3], &number.to_be_bytes()].concat();
                [&[0x89][..], &request.to_be_bytes(), &numbers].concat()
            }
            13 => [&[0x8c][..], &request.to_be_bytes(), &[choices.byte() % 2]].concat(),
            kind => [&[0x8a + kind % 2][..], &request.to_be_bytes()].concat(),
        };
        let datagram = perhaps_harmed(tagged(&message, tag_key, 1), choices);
        self.client.receive(&datagram, self.now);
        self.answered.push(datagram);
    }

    fn server_repeats(&mut self, choices: &mut Choices<'_>) {
        let index = usize::from(choices.byte()) % self.answered.len().max(1);
        if let Some(datagram) = self.answered.get(index) {
            self.client.receive(datagram, self.now);
        }
    }

    /// All that there is to tell.
    fn listen(&mut self) {
        while let Some(event) = self.client.event(self.now) {
            assert!(!self.over, "{event:?} after the end");
            match event {
                Event::Show(_, bytes) => {
                    let mut text = &*String::from_utf8_lossy(&bytes);
                    while !text.is_empty() {
                        text = text.strip_prefix(&piece(self.request, self.shown)).expect("in order");
                        self.shown += 1;
                    }
                }
                Event::Ended(outcome) => {
                    assert_eq!(outcome, Outcome::Exited(self.shown as u32), "behind all of the output");
                    self.over = true;
                }
                Event::NotRun(_) | Event::Unknown(_) => self.over = true,
            }
        }
    }

    fn tick(&mut self) {
        if let Some(due) = self.client.next_deadline() {
            self.now = self.now.max(due);
        }
        self.client.tick(self.now);
        assert!(self.client.next_deadline().is_none_or(|due| due > self.now), "it is due again at once");
    }

    fn comes_to_an_end(&mut self) {
        self.listen();
        // Four of the longest timeouts, and once more where a new session is tried.
        let latest = self.now + 3 * GIVE_UP;
        while self.client.next_deadline().is_some() {
            self.tick();
            self.sends();
            self.listen();
            assert!(self.now <= latest, "still waiting after {:?}", self.now);
        }
        self.listen();
        assert!(self.over, "a request without an end");
    }
}

/// What the server says is in a piece: no two are alike.
fn piece(request: u32, number: u64) -> String {
    format!("{request}.{number};")
}

fn u64_of(eight: &[u8]) -> u64 {
    eight.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}
