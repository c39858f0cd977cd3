//! The code that opens a server of the textbook's way.
//!
//! The textbook's wire has no place for a key, so a line that a person can type has to do: eight characters that stand on
//! the server's terminal and nowhere else. It is the first message of a connection, or of a sender of datagrams, and all
//! of that message. Other users, web pages and programs that answer whatever comes do not know it.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::cli::Usage;
use crate::exec::server::sniff;
use crate::net::loops::{self, LoopGuard};
use crate::text::Charset;
use crate::{random, t};

/// The variable that sets it, for scripts: an option would be shown by `ps`.
pub const VARIABLE: &str = "SOCKET_DEMOS_CODE";

/// Digits and letters that nobody confuses: five bits each.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The shortest code that a script may set, in bytes.
const SHORTEST: usize = 8;

/// The longest.
pub const LONGEST: usize = 64;

/// How long a connection may take to say the code: somebody reads it off another terminal and types it.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// How long a sender of datagrams that has said the code may be silent until it has to say it again.
const SILENCE: Duration = Duration::from_secs(300);

/// How many senders of datagrams are let in at a time. One more takes the place of the one that is silent for longest.
const MAX_SENDERS: usize = 16;

/// How often in a row a sender that does not know the code is told of it.
const MAX_TOLD: u32 = 3;

/// What all that a server says itself begins with, and no command does.
const MARK: &[u8] = b"* ";

/// What a client has to say first.
pub enum Code {
    /// For whoever can read the server's terminal.
    Drawn(String),
    /// For whoever has set [`VARIABLE`].
    Set(String),
}

impl Code {
    /// The one that [`VARIABLE`] sets, or a new one of 40 random bits.
    ///
    /// # Errors
    /// [`Usage`] where what is set could be guessed, or cannot be typed as one word.
    pub fn set_or_drawn() -> Result<Self, Usage> {
        match std::env::var_os(VARIABLE) {
            None => Ok(Self::of(random::bytes())),
            Some(set) => Self::set(&set.to_string_lossy()),
        }
    }

    fn of(random: [u8; 8]) -> Self {
        let character = |byte: &u8| char::from(ALPHABET[usize::from(byte % 32)]);
        let (first, second) = random.split_at(4);
        let half = |bytes: &[u8]| bytes.iter().map(character).collect::<String>();
        Self::Drawn(format!("{}-{}", half(first), half(second)))
    }

    fn set(code: &str) -> Result<Self, Usage> {
        let is_word = code.bytes().all(|byte| byte.is_ascii_graphic()) && !code.starts_with('*');
        if is_word && (SHORTEST..=LONGEST).contains(&code.len()) {
            return Ok(Self::Set(code.to_string()));
        }
        Err(Usage(t!(
            "{VARIABLE} has to be one word of {SHORTEST} to {LONGEST} letters, digits and signs of ASCII (without it the server makes a code itself)",
            "{VARIABLE} 必须是一个词：{SHORTEST} 到 {LONGEST} 个 ASCII 字母、数字或符号（不设的话，服务器自己生成口令）"
        )))
    }

    /// Whether `message` is the code and nothing else, but for an end of line. It takes as long whatever is wrong.
    pub fn is(&self, message: &[u8]) -> bool {
        let (Self::Drawn(code) | Self::Set(code)) = self;
        blake3::hash(message.trim_ascii_end()) == blake3::hash(code.as_bytes())
    }
}

/// Whether a server of this kind says `message` itself: two of them must not take each other's words for commands.
pub fn is_said_by_server(message: &[u8]) -> bool {
    message.starts_with(MARK)
}

/// The answer to the code.
pub fn right() -> Vec<u8> {
    said(&t!("* the code is right: now the commands", "* 口令正确：请发送命令"))
}

/// The answer to anything else before it.
pub fn wrong() -> Vec<u8> {
    said(&t!(
        "* first the code that the server's terminal shows, alone: nothing was run",
        "* 请先单独发送服务器终端上显示的口令：什么都没有执行"
    ))
}

/// As the outputs of commands are.
fn said(words: &str) -> Vec<u8> {
    Charset::of_system().encode_lossy(&format!("{words}\n"))
}

/// Senders of datagrams, of which some have said the code. Whose a datagram is, only its address tells.
pub struct Senders {
    code: Code,
    let_in: HashMap<SocketAddr, Sender>,
    guard: LoopGuard,
}

struct Sender {
    last: Instant,
    /// What was sent to it: an echo of that is no command.
    answer: Option<blake3::Hash>,
}

/// What a datagram is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Datagram {
    /// The code.
    Code,
    /// A command of somebody who has said it.
    Command,
    /// Nothing that is run.
    NotRun(NotRun),
}

/// Why a datagram is not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotRun {
    /// Its sender has not said the code, or not for long; it is told so.
    Stranger,
    /// It is empty: its sender, who had said the code, leaves, and is told to say it again.
    Goodbye,
    /// Its sender has been told so often enough.
    StrangerAgain,
    /// Another protocol's.
    Foreign,
    /// What a server says, or from where servers are.
    Answer,
}

impl NotRun {
    /// Whether the sender is told [what to say first](wrong).
    pub fn is_told(self) -> bool {
        matches!(self, Self::Stranger | Self::Goodbye)
    }

    /// What the log says of a datagram from `peer`.
    pub fn words(self, peer: SocketAddr) -> String {
        match self {
            Self::Stranger | Self::StrangerAgain => {
                t!("{peer} has to say the code first: nothing was run", "{peer} 要先发口令：什么都没有执行")
            }
            Self::Goodbye => t!("{peer} has left (an empty datagram)", "{peer} 离开了（空数据报）"),
            Self::Foreign => sniff::foreign(peer),
            Self::Answer => t!(
                "{peer} is a server, or repeats what one says: nothing was run",
                "{peer} 是服务器，或者在重复服务器的话：什么都没有执行"
            ),
        }
    }
}

impl Senders {
    /// Nobody is let in without `code`.
    pub fn new(code: Code) -> Self {
        Self { code, let_in: HashMap::new(), guard: LoopGuard::new(MAX_TOLD) }
    }

    /// What `datagram` is, which came from `peer` to the server at `own`. An empty one is never a command, it ends what
    /// the code began.
    pub fn judge(&mut self, datagram: &[u8], peer: SocketAddr, own: SocketAddr, now: Instant) -> Datagram {
        self.let_in.retain(|_, sender| now.duration_since(sender.last) < SILENCE);
        if is_said_by_server(datagram) || loops::is_of_server(peer, own) {
            return Datagram::NotRun(NotRun::Answer);
        }
        if self.code.is(datagram) {
            self.let_in(peer, now);
            return Datagram::Code;
        }
        if datagram.is_empty() && self.let_in.remove(&peer).is_some() {
            return Datagram::NotRun(NotRun::Goodbye);
        }
        Datagram::NotRun(match self.let_in.get_mut(&peer) {
            Some(sender) if sender.answer == Some(blake3::hash(datagram)) => NotRun::Answer,
            Some(sender) => {
                sender.last = now;
                return Datagram::Command;
            }
            None if sniff::is_foreign(datagram) => NotRun::Foreign,
            None if self.guard.may_answer(peer, own, now) => NotRun::Stranger,
            None => NotRun::StrangerAgain,
        })
    }

    /// Remembers what `peer` is sent.
    pub fn answered(&mut self, peer: SocketAddr, answer: &[u8]) {
        if let Some(sender) = self.let_in.get_mut(&peer) {
            sender.answer = Some(blake3::hash(answer));
        }
    }

    fn let_in(&mut self, peer: SocketAddr, now: Instant) {
        if self.let_in.len() >= MAX_SENDERS
            && !self.let_in.contains_key(&peer)
            && let Some(oldest) = self.let_in.iter().min_by_key(|(_, sender)| sender.last).map(|(peer, _)| *peer)
        {
            self.let_in.remove(&oldest);
        }
        self.let_in.insert(peer, Sender { last: now, answer: None });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str = "k7m2-9xqd";
    const OWN: &str = "127.0.0.1:8080";
    const STRANGER: Datagram = Datagram::NotRun(NotRun::Stranger);
    const ANSWER: Datagram = Datagram::NotRun(NotRun::Answer);

    fn code() -> Code {
        Code::set(CODE).unwrap()
    }

    /// Senders at a server that lets them in with [`CODE`], and its clock.
    struct World {
        senders: Senders,
        now: Instant,
    }

    impl World {
        fn new() -> Self {
            Self { senders: Senders::new(code()), now: Instant::now() }
        }

        fn hears(&mut self, from: &str, datagram: impl AsRef<[u8]>) -> Datagram {
            self.senders.judge(datagram.as_ref(), from.parse().unwrap(), OWN.parse().unwrap(), self.now)
        }
    }

    #[test]
    fn a_code_has_forty_random_bits_in_signs_that_nobody_confuses() {
        assert!(Code::of([0, 1, 2, 3, 28, 29, 30, 255]).is(b"0123-wxyz"));
        let Code::Drawn(another) = Code::of(random::bytes()) else { panic!("not drawn") };
        assert!(another.len() == 9 && !Code::of(random::bytes()).is(another.as_bytes()), "{another}");
    }

    #[test]
    fn only_the_whole_code_is_the_code() {
        for right in ["k7m2-9xqd", "k7m2-9xqd\n", "k7m2-9xqd\r\n", "k7m2-9xqd "] {
            assert!(code().is(right.as_bytes()), "{right:?}");
        }
        let utf_16: Vec<u8> = CODE.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let wide: String = CODE.chars().map(|c| char::from_u32(u32::from(c) + 0xfee0).unwrap()).collect();
        let wrong: [&[u8]; 11] = [
            b"",
            b"k",
            b"k7m2-9xq",
            b"k7m2-9xqd; id",
            b"k7m2-9xqd\nid",
            b"id\nk7m2-9xqd",
            b"K7M2-9XQD",
            b" k7m2-9xqd",
            b"\xef\xbb\xbfk7m2-9xqd",
            &utf_16,
            wide.as_bytes(),
        ];
        for wrong in wrong {
            assert!(!code().is(wrong), "{:?}", String::from_utf8_lossy(wrong));
        }
    }

    #[test]
    fn a_code_that_a_script_sets_cannot_be_guessed_and_is_one_word() {
        let long = "x".repeat(LONGEST);
        for (set, fits) in [
            ("k7m2-9xqd", true),
            (&long[..], true),
            ("", false),
            ("seven77", false),
            ("two words", false),
            ("* eight88", false),
            ("口令口令口令", false),
            ("eight88\n", false),
            (&[&long[..], "x"].concat(), false),
        ] {
            assert_eq!(Code::set(set).is_ok(), fits, "{set:?}");
        }
    }

    #[test]
    fn a_sender_is_let_in_by_the_code_for_as_long_as_it_writes() {
        let (mut world, peer, other) = (World::new(), "127.0.0.1:4000", "127.0.0.2:4000");
        assert_eq!(world.hears(peer, "id"), STRANGER);
        assert_eq!(world.hears(peer, CODE), Datagram::Code);
        assert_eq!(world.hears(peer, CODE), Datagram::Code, "its answer was lost");
        assert_eq!(world.hears(other, "id"), STRANGER);
        for _ in 0..3 {
            assert_eq!(world.hears(peer, "id"), Datagram::Command);
            world.now += SILENCE / 2;
        }
        world.now += SILENCE / 2;
        assert_eq!(world.hears(peer, "id"), STRANGER, "it was silent for too long");
    }

    #[test]
    fn an_empty_datagram_is_a_goodbye() {
        let (mut world, peer) = (World::new(), "127.0.0.1:4000");
        world.hears(peer, CODE);
        assert_eq!(world.hears(peer, ""), Datagram::NotRun(NotRun::Goodbye));
        assert_eq!(world.hears(peer, "id"), STRANGER, "whoever has the port now");
    }

    #[test]
    fn no_servers_words_are_a_command_and_no_echo_is() {
        let (mut world, peer) = (World::new(), "127.0.0.1:4000");
        for words in [right(), wrong()] {
            assert_eq!(world.hears(peer, &words), ANSWER);
        }
        world.hears(peer, CODE);
        for words in [right(), wrong()] {
            assert_eq!(world.hears(peer, &words), ANSWER);
        }
        assert_eq!(world.hears(peer, "echo id"), Datagram::Command);
        world.senders.answered(peer.parse().unwrap(), b"id\n");
        assert_eq!(world.hears(peer, "id\n"), ANSWER);
        assert_eq!(world.hears("127.0.0.1:53", CODE), ANSWER);
        assert_eq!(world.hears("127.0.0.9:8080", CODE), ANSWER);
    }

    #[test]
    fn whoever_does_not_know_the_code_is_told_three_times_in_a_row() {
        let (mut world, peer) = (World::new(), "127.0.0.1:4000");
        let told = (0..1000).filter(|_| world.hears(peer, "2026-11-30 12:00:00") == STRANGER).count();
        assert_eq!(told, 3);
    }

    #[test]
    fn one_sender_too_many_takes_the_place_of_the_most_silent() {
        let mut world = World::new();
        for number in 0..=MAX_SENDERS {
            assert_eq!(world.hears(&format!("127.0.0.1:{}", 4000 + number), CODE), Datagram::Code);
            world.now += Duration::from_millis(1);
        }
        assert_eq!(world.hears("127.0.0.1:4001", "id"), Datagram::Command);
        assert_eq!(world.hears("127.0.0.1:4000", "id"), STRANGER);
    }
}
