//! The datagrams: what stands where, written and read.
//!
//! Each begins with its kind and ends with a tag ([`crate::exec::tag`]) over all that precedes it. Numbers are in network
//! byte order. The first two know no session yet:
//!
//! ```text
//! HELLO    kind 1 | nonce 16 | asked 4 | zeros 40  | zeros 16   | tag 16     client, 93 bytes: as long as its answer
//! COOKIE   kind 1 | nonce 16 | asked 4 | cookie 40 | charset 16 | tag 16     server, 93 bytes
//! ```
//!
//! Whatever a client sends in a session brings all that a server needs in order to judge it without having heard of the
//! session; the server's datagrams are recognised by their tag, so that they need not say whose they are:
//!
//! ```text
//!           0      1          17          57           61
//! REQUEST   kind 1 | nonce 16 | cookie 40 | request 4 | asked 4 | part 1 | of 1 | command 0 to 1117   | tag 16
//! STOP      kind 1 | nonce 16 | cookie 40 | request 4                                                 | tag 16
//! ACK       kind 1 | nonce 16 | cookie 40 | request 4 | next 8 | limit 8 | latest 8 | later 64        | tag 16
//!
//!           0      1           5          13          21
//! OUT, ERR  kind 1 | request 4 | number 8 | sending 8 | part 1 | of 1 | 1 to 1161 bytes of the output | tag 16
//! DONE      kind 1 | request 4 | number 8 | sending 8 | outcome 5                                     | tag 16
//! WORKING   kind 1 | request 4 | asked 4 | doing 1 | unsent 8                          | tag 16
//! GONE      kind 1 | request 4 | asked 4 | why 1                                       | tag 16
//! BUSY, EXPIRED         kind 1 | request 4                                             | tag 16
//! ```

use std::ops::RangeInclusive;

use super::message::{
    Ack, Answer, Asked, Asks, Content, Cookie, Doing, Gone, Label, Nonce, Place, Progress, Question, Says, SessionId,
};
use super::parts::Part;
use crate::exec::protocol::Outcome;
use crate::exec::tag::{DATAGRAM_TAG_LENGTH, DatagramKey};
use crate::terminal::screen::Output;

/// The most that a datagram carries above UDP, in bytes: with the headers of IPv6 and UDP still less than the 1,280 that
/// every IPv6 link takes in one piece (RFC 8200, section 5). A fragmented datagram is lost with its first fragment.
pub const MAX_PAYLOAD: usize = 1200;

/// The longest command, in bytes: what a request has room for. A command in several datagrams would need a second
/// protocol in the other direction.
pub const MAX_COMMAND: usize = MAX_PAYLOAD - REQUEST_HEADER - DATAGRAM_TAG_LENGTH;

/// The most that one piece carries of an output, in bytes.
pub(super) const MAX_PIECE: usize = MAX_PAYLOAD - PIECE_HEADER - DATAGRAM_TAG_LENGTH;

/// How many pieces may be on their way, or wait for one before them: half a megabyte, which fills 60 MB/s at a round
/// trip of 9 ms. An acknowledgement has one bit for each.
pub(super) const WINDOW: usize = 512;

const HELLO: usize =
    1 + size_of::<Nonce>() + size_of::<Asked>() + size_of::<Cookie>() + size_of::<Label>() + DATAGRAM_TAG_LENGTH;
const SHORT_HEADER: usize = 1 + 4;
const DONE_HEADER: usize = SHORT_HEADER + 8 + 8;
const PIECE_HEADER: usize = DONE_HEADER + 2;
const SESSION_HEADER: usize = 1 + size_of::<Nonce>() + size_of::<Cookie>() + 4;
const REQUEST_HEADER: usize = SESSION_HEADER + size_of::<Asked>() + 2;

/// What a datagram is: its first byte. All have the bits of a byte that begins no character in UTF-8, so that no text is
/// ever taken for a datagram of this protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    Hello = 0x81,
    Cookie = 0x82,
    Request = 0x83,
    Stop = 0x84,
    Ack = 0x85,
    Out = 0x86,
    Err = 0x87,
    Done = 0x88,
    Working = 0x89,
    Busy = 0x8a,
    Expired = 0x8b,
    Gone = 0x8c,
}

impl Kind {
    const ALL: [Self; 12] = [
        Self::Hello,
        Self::Cookie,
        Self::Request,
        Self::Stop,
        Self::Ack,
        Self::Out,
        Self::Err,
        Self::Done,
        Self::Working,
        Self::Busy,
        Self::Expired,
        Self::Gone,
    ];

    /// How long a datagram of this kind may be.
    fn lengths(self) -> RangeInclusive<usize> {
        let exactly = |length| length..=length;
        match self {
            Self::Hello | Self::Cookie => exactly(HELLO),
            Self::Request => REQUEST_HEADER + DATAGRAM_TAG_LENGTH..=MAX_PAYLOAD,
            Self::Stop => exactly(SESSION_HEADER + DATAGRAM_TAG_LENGTH),
            Self::Ack => exactly(SESSION_HEADER + 8 + 8 + 8 + WINDOW / 8 + DATAGRAM_TAG_LENGTH),
            Self::Out | Self::Err => PIECE_HEADER + 1 + DATAGRAM_TAG_LENGTH..=MAX_PAYLOAD,
            Self::Done => exactly(DONE_HEADER + 5 + DATAGRAM_TAG_LENGTH),
            Self::Working => exactly(SHORT_HEADER + size_of::<Asked>() + 1 + 8 + DATAGRAM_TAG_LENGTH),
            Self::Gone => exactly(SHORT_HEADER + 1 + DATAGRAM_TAG_LENGTH),
            Self::Busy | Self::Expired => exactly(SHORT_HEADER + DATAGRAM_TAG_LENGTH),
        }
    }
}

/// The two directions. A tag holds for one of them, so that nothing can be sent back to where it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Client = 0,
    Server = 1,
}

impl Asks<'_> {
    fn kind(&self) -> Kind {
        match self {
            Self::Run(..) => Kind::Request,
            Self::Stop => Kind::Stop,
            Self::Ack(_) => Kind::Ack,
        }
    }
}

impl Says<'_> {
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Piece(_, Content::Output(Output::Out, _)) => Kind::Out,
            Self::Piece(_, Content::Output(Output::Err, _)) => Kind::Err,
            Self::Piece(_, Content::Done(_)) => Kind::Done,
            Self::Working(_) => Kind::Working,
            Self::Busy => Kind::Busy,
            Self::Expired => Kind::Expired,
            Self::Gone(..) => Kind::Gone,
        }
    }
}

impl Question<'_> {
    /// The datagram.
    pub(super) fn encode(&self, tag_key: &DatagramKey) -> Vec<u8> {
        let writer = match self {
            Self::Hello(nonce, asked) => {
                let header = Writer::of(Kind::Hello).put(nonce).put(&asked.to_be_bytes());
                header.put(&[0; size_of::<Cookie>()]).put(&[0; size_of::<Label>()])
            }
            Self::Of { session, request, asks } => {
                let header = Writer::of(asks.kind()).put(&session.nonce).put(&session.cookie);
                let header = header.put(&request.to_be_bytes());
                match asks {
                    Asks::Run(asked, part, command) => {
                        header.put(&asked.to_be_bytes()).put(&[part.index, part.count]).put(command)
                    }
                    Asks::Stop => header,
                    Asks::Ack(ack) => {
                        let numbers = [ack.next, ack.limit, ack.latest].into_iter().chain(ack.later);
                        numbers.fold(header, |writer, number| writer.put(&number.to_be_bytes()))
                    }
                }
            }
        };
        writer.tagged(tag_key, Side::Client)
    }
}

impl Answer<'_> {
    /// The datagram.
    pub(super) fn encode(&self, tag_key: &DatagramKey) -> Vec<u8> {
        let writer = match self {
            Self::Cookie(nonce, asked, cookie, label) => {
                Writer::of(Kind::Cookie).put(nonce).put(&asked.to_be_bytes()).put(cookie).put(label)
            }
            Self::Of { request, says } => {
                let header = Writer::of(says.kind()).put(&request.to_be_bytes());
                match says {
                    Says::Piece(place, content) => {
                        let header = header.put(&place.number.to_be_bytes()).put(&place.sending.to_be_bytes());
                        match content {
                            Content::Output(_, bytes) => header.put(&[place.part.index, place.part.count]).put(bytes),
                            Content::Done(outcome) => header.put(&outcome.encode()),
                        }
                    }
                    Says::Working(Progress { asked, doing, unsent }) => {
                        header.put(&asked.to_be_bytes()).put(&[*doing as u8]).put(&unsent.to_be_bytes())
                    }
                    Says::Gone(why) => header.put(&[*why as u8]),
                    Says::Busy | Says::Expired => header,
                }
            }
        };
        writer.tagged(tag_key, Side::Server)
    }
}

/// A datagram of a known kind and a possible length; whether the tag holds has still to be asked.
pub(super) struct Tagged<'a> {
    kind: Kind,
    message: &'a [u8],
    tag: &'a [u8],
}

impl<'a> Tagged<'a> {
    /// Looks at kind and length, the cheapest first: this is what a flood pays with.
    pub(super) fn split(datagram: &'a [u8]) -> Option<Self> {
        let kind = *Kind::ALL.iter().find(|kind| datagram.first() == Some(&(**kind as u8)))?;
        if !kind.lengths().contains(&datagram.len()) {
            return None;
        }
        let (message, tag) = datagram.split_at(datagram.len() - DATAGRAM_TAG_LENGTH);
        Some(Self { kind, message, tag })
    }

    /// Whether `side` has sent it, unchanged.
    pub(super) fn holds(&self, tag_key: &DatagramKey, side: Side) -> bool {
        tag_key.matches(self.message, side as u8, self.tag)
    }

    /// What a client says in it.
    pub(super) fn question(&self) -> Option<Question<'a>> {
        let mut fields = Reader(&self.message[1..]);
        let nonce = fields.take()?;
        if self.kind == Kind::Hello {
            return Some(Question::Hello(nonce, fields.asked()?));
        }
        let session = SessionId { nonce, cookie: fields.take()? };
        let request = u32::from_be_bytes(fields.take()?);
        let asks = match self.kind {
            Kind::Request => Asks::Run(fields.asked()?, fields.part()?, fields.0),
            Kind::Stop => Asks::Stop,
            Kind::Ack => Asks::Ack(fields.ack()?),
            _ => return None,
        };
        Some(Question::Of { session, request, asks })
    }

    /// What a server says in it.
    pub(super) fn answer(&self) -> Option<Answer<'a>> {
        let mut fields = Reader(&self.message[1..]);
        if self.kind == Kind::Cookie {
            return Some(Answer::Cookie(fields.take()?, fields.asked()?, fields.take()?, fields.take()?));
        }
        let request = u32::from_be_bytes(fields.take()?);
        let says = match self.kind {
            Kind::Out => Says::Piece(fields.place()?, Content::Output(Output::Out, fields.0.into())),
            Kind::Err => Says::Piece(fields.place()?, Content::Output(Output::Err, fields.0.into())),
            Kind::Done => {
                let (number, sending) = (fields.number()?, fields.number()?);
                Says::Piece(Place { number, sending, part: Part::WHOLE }, Content::Done(Outcome::decode(fields.0)?))
            }
            Kind::Working => Says::Working(fields.progress()?),
            Kind::Busy => Says::Busy,
            Kind::Expired => Says::Expired,
            Kind::Gone => Says::Gone(fields.gone()?),
            _ => return None,
        };
        Some(Answer::Of { request, says })
    }
}

/// A datagram that is being written.
struct Writer(Vec<u8>);

impl Writer {
    fn of(kind: Kind) -> Self {
        let mut bytes = Vec::with_capacity(MAX_PAYLOAD);
        bytes.push(kind as u8);
        Self(bytes)
    }

    fn put(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    fn tagged(self, tag_key: &DatagramKey, side: Side) -> Vec<u8> {
        let tag = tag_key.tag(&self.0, side as u8);
        self.put(&tag).0
    }
}

/// What has not been read of a message yet.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (field, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*field)
    }

    fn number(&mut self) -> Option<u64> {
        self.take().map(u64::from_be_bytes)
    }

    fn asked(&mut self) -> Option<Asked> {
        self.take().map(Asked::from_be_bytes)
    }

    fn part(&mut self) -> Option<Part> {
        self.take().and_then(Part::read)
    }

    fn place(&mut self) -> Option<Place> {
        Some(Place { number: self.number()?, sending: self.number()?, part: self.part()? })
    }

    fn progress(&mut self) -> Option<Progress> {
        let asked = self.asked()?;
        let doing = match self.take()? {
            [0] => Doing::Delivering,
            [1] => Doing::Running,
            _ => return None,
        };
        Some(Progress { asked, doing, unsent: self.number()? })
    }

    fn gone(&mut self) -> Option<Gone> {
        match self.take()? {
            [0] => Some(Gone::Foreign),
            [1] => Some(Gone::Forgotten),
            _ => None,
        }
    }

    fn ack(&mut self) -> Option<Ack> {
        let (next, limit, latest) = (self.number()?, self.number()?, self.number()?);
        let mut ack = Ack { next, limit, latest, later: [0; WINDOW / 64] };
        for word in &mut ack.later {
            *word = self.number()?;
        }
        Some(ack)
    }
}

#[cfg(test)]
mod tests;
