//! What the two sides say, before it is bytes and after.

use std::borrow::Cow;

use super::parts::Part;
use super::wire::WINDOW;
use crate::exec::protocol::Outcome;
use crate::exec::tag::{DatagramKey, Key, Purpose};
use crate::terminal::screen::Output;
use crate::text::Charset;

/// A random number that a client uses once.
pub type Nonce = [u8; 16];

/// What a server gives to any address, and takes as proof that it can be reached when it comes back ([`super::cookie`]).
pub(super) type Cookie = [u8; 40];

/// The name of the outputs' encoding, behind it zeros: what a server declares with its cookie.
pub(super) type Label = [u8; 16];

/// The label of a charset. The longest name (x-mac-cyrillic) has 14 bytes.
pub(super) fn label(charset: Charset) -> Label {
    let mut label = [0; size_of::<Label>()];
    label.iter_mut().zip(charset.to_string().bytes()).for_each(|(byte, name)| *byte = name);
    label
}

/// The charset of a label; UTF-8 where it names none.
pub(super) fn charset(label: &Label) -> Charset {
    let name = label.split(|byte| *byte == 0).next().and_then(|name| std::str::from_utf8(name).ok());
    name.and_then(|name| name.parse().ok()).unwrap_or_default()
}

/// What names a session: no two have the same, since one half was drawn by each side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct SessionId {
    pub(super) nonce: Nonce,
    pub(super) cookie: Cookie,
}

impl SessionId {
    /// What tags the datagrams of this session.
    pub(super) fn tag_key(&self, key: &Key) -> DatagramKey {
        key.datagram_key(Purpose::Datagrams, &[&self.nonce[..], &self.cookie].concat())
    }
}

/// What a client has received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ack {
    /// The number of the first piece that is missing.
    pub(super) next: u64,
    /// The number of the first piece that there is no room for.
    pub(super) limit: u64,
    /// The latest sending that has arrived; 0 for none. It tells the sender how long the way is, and in what order.
    pub(super) latest: u64,
    /// Which pieces behind `next` are there; the lowest bit of the first word stands for `next + 1`.
    pub(super) later: [u64; WINDOW / 64],
}

/// Which piece a datagram carries, and as the how manieth of all that carry one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) number: u64,
    /// Counted from 1, repetitions included: no two datagrams of one answer have the same (the packet numbers of QUIC,
    /// RFC 9000, section 12.3), so that what comes back tells which of them it answers.
    pub(super) sending: u64,
    pub(super) part: Part,
}

/// What a piece carries: some of an output, or, in the last one, the outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Content<'a> {
    Output(Output, Cow<'a, [u8]>),
    Done(Outcome),
}

impl Content<'_> {
    /// How long its bytes are.
    pub(super) fn len(&self) -> usize {
        if let Self::Output(_, bytes) = self { bytes.len() } else { 0 }
    }

    /// One of its parts, without a copy. An outcome is never cut.
    pub(super) fn part(&self, part: Part) -> Content<'_> {
        match self {
            Self::Output(output, bytes) => Content::Output(*output, Cow::Borrowed(part.of(bytes))),
            Self::Done(outcome) => Content::Done(*outcome),
        }
    }

    pub(super) fn into_owned(self) -> Content<'static> {
        match self {
            Self::Output(output, bytes) => Content::Output(output, bytes.into_owned().into()),
            Self::Done(outcome) => Content::Done(outcome),
        }
    }
}

/// When a client asked, as the client counts time. The server sends it back, so that an answer tells which question it
/// answers: one that somebody has recorded tells of then, and not of now (the timestamps of TCP, RFC 7323).
pub(super) type Asked = u32;

/// How far a request is, at the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Progress {
    /// Of the question that this answers.
    pub(super) asked: Asked,
    pub(super) doing: Doing,
    /// The number of the first piece that was not sent yet.
    pub(super) unsent: u64,
}

/// What a server does for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doing {
    /// The command has ended, and its answer is on its way.
    Delivering = 0,
    /// The command runs.
    Running = 1,
}

/// Why nothing is known of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gone {
    /// Its cookie is none of this server's, since its start.
    Foreign = 0,
    /// The cookie is its own, and has opened nothing, or the session has been silent for so long that it was forgotten.
    Forgotten = 1,
}

/// What a client says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Question<'a> {
    Hello(Nonce, Asked),
    Of { session: SessionId, request: u32, asks: Asks<'a> },
}

/// What it says in a session about one of its requests.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asks<'a> {
    /// To run the command of which this is a part, with when it was asked.
    Run(Asked, Part, &'a [u8]),
    Stop,
    Ack(Ack),
}

/// What a server says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer<'a> {
    Cookie(Nonce, Asked, Cookie, Label),
    Of { request: u32, says: Says<'a> },
}

/// What it says about a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Says<'a> {
    /// A piece of the answer, or a part of one.
    Piece(Place, Content<'a>),
    /// It is known, and so far it is.
    Working(Progress),
    /// It was not run and will not be.
    Busy,
    /// Its answer is not kept any more.
    Expired,
    /// Nothing is known of its session.
    Gone(Gone),
}
