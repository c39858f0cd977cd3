//! The other end of an answer: pieces in any order in, pieces in order out, and what to acknowledge when.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::time::Duration;

use super::message::{Ack, Content, Place};
use super::parts::{Part, Parts};
use super::wire::WINDOW;
use crate::terminal::screen::Output;

/// How long an acknowledgement may wait for a second piece to acknowledge with it (RFC 1122, section 4.2.3.2, allows
/// 500 ms): far below the sender's shortest timeout, which would otherwise take the silence for a loss.
pub(super) const ACK_DELAY: Duration = Duration::from_millis(10);

/// So many pieces at the beginning...
const BEGINNING: u64 = 64;

/// ...are acknowledged two by two, as TCP does (RFC 5681, section 4.2): the sender's window grows with them.
const PIECES_PER_ACK_AT_FIRST: usize = 2;

/// Later so many are acknowledged at once: an acknowledgement costs both sides as much as a piece.
const PIECES_PER_ACK: usize = 16;

/// Room that is worth telling of, in pieces: half the window (RFC 9293, section 3.8.6.2.2, against the silly window).
const WORTHWHILE: u64 = WINDOW as u64 / 2;

/// The pieces of one answer.
pub(super) struct Receiver {
    /// From `taken` on.
    pieces: VecDeque<Slot>,
    /// The number of the first piece that has not been taken out.
    taken: u64,
    /// The number of the first piece that is missing.
    next: u64,
    /// The number of the last piece, once it is here.
    last: Option<u64>,
    /// The latest sending that has arrived.
    latest: u64,
    /// How many have come since the last acknowledgement.
    unacknowledged: usize,
    /// When the next acknowledgement is due.
    due: Option<Duration>,
    /// The limit that the sender knows of.
    told: u64,
}

/// The place of a piece.
#[derive(Debug)]
enum Slot {
    Missing,
    /// Some of its parts are here.
    Begun(Parts),
    Here(Content<'static>),
}

impl Slot {
    fn is_here(&self) -> bool {
        matches!(self, Self::Here(_))
    }

    /// Takes what has come for this place; whether all of the piece is here now.
    fn fill(&mut self, part: Part, content: Content<'_>) -> bool {
        let whole = match content {
            Content::Output(output, bytes) if part != Part::WHOLE => {
                let mut parts = if let Self::Begun(parts) = self { std::mem::take(parts) } else { Parts::default() };
                let joined = parts.insert(part, &bytes);
                *self = Self::Begun(parts);
                joined.map(|bytes| Content::Output(output, bytes.into()))
            }
            whole => Some(whole.into_owned()),
        };
        whole.map(|whole| *self = Self::Here(whole)).is_some()
    }
}

/// What a piece is that has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    New,
    /// It is here already, there is no place for it, or it is not all there yet.
    Known,
}

impl Receiver {
    pub(super) fn new() -> Self {
        let told = WINDOW as u64;
        Self { pieces: VecDeque::new(), taken: 0, next: 0, last: None, latest: 0, unacknowledged: 0, due: None, told }
    }

    /// Takes a piece, or a part of it, that was received at `now`; whether it is one that was missing.
    pub(super) fn insert(&mut self, place: Place, content: Content<'_>, now: Duration) -> Piece {
        let number = place.number;
        if number >= self.limit() || self.last.is_some_and(|last| number > last) {
            return Piece::Known;
        }
        // Nor can the last piece be in front of others.
        let behind = self.taken + self.pieces.len() as u64;
        if matches!(content, Content::Done(_)) && number + 1 < behind {
            return Piece::Known;
        }
        self.latest = self.latest.max(place.sending);
        let index = number.checked_sub(self.taken).map(|index| index as usize);
        let Some(index) = index.filter(|index| !self.pieces.get(*index).is_some_and(Slot::is_here)) else {
            // Here already. It came again, so perhaps its acknowledgement was lost; but ten copies need only one.
            self.acknowledge_by(now + ACK_DELAY);
            return Piece::Known;
        };
        if matches!(content, Content::Done(_)) {
            self.last = Some(number);
        }
        if self.pieces.len() <= index {
            self.pieces.resize_with(index + 1, || Slot::Missing);
        }
        if !self.pieces[index].fill(place.part, content) {
            return Piece::Known;
        }
        let in_order = number == self.next && self.pieces.len() == index + 1;
        self.advance();
        self.unacknowledged += 1;
        // At once where something is missing, or was (RFC 5681, section 4.2): the sender counts the later ones.
        let together = if self.next < BEGINNING { PIECES_PER_ACK_AT_FIRST } else { PIECES_PER_ACK };
        let at_once = !in_order || self.is_complete() || self.unacknowledged >= together;
        self.acknowledge_by(if at_once { now } else { now + ACK_DELAY });
        Piece::New
    }

    fn advance(&mut self) {
        let from = (self.next - self.taken) as usize;
        self.next += self.pieces.range(from..).take_while(|piece| piece.is_here()).count() as u64;
    }

    fn acknowledge_by(&mut self, due: Duration) {
        self.due = Some(self.due.map_or(due, |earlier| earlier.min(due)));
    }

    /// The next piece in order, for good. Its place is free for another.
    pub(super) fn take(&mut self, now: Duration) -> Option<Content<'static>> {
        if !self.pieces.front().is_some_and(Slot::is_here) {
            return None;
        }
        let Some(Slot::Here(content)) = self.pieces.pop_front() else { return None };
        self.taken += 1;
        if self.limit() - self.told >= WORTHWHILE {
            self.acknowledge_by(now);
        }
        Some(content)
    }

    /// The bytes of the next piece in order, if it is of this output.
    pub(super) fn take_more(&mut self, of: Output, now: Duration) -> Option<Cow<'static, [u8]>> {
        if !matches!(self.pieces.front(), Some(Slot::Here(Content::Output(output, _))) if *output == of) {
            return None;
        }
        let Some(Content::Output(_, bytes)) = self.take(now) else { return None };
        Some(bytes)
    }

    /// Whether all pieces are here, taken or not.
    pub(super) fn is_complete(&self) -> bool {
        self.last.is_some_and(|last| last < self.next)
    }

    /// Whether all is here that a sender has sent which has not sent `unsent` yet.
    pub(super) fn has_all_before(&self, unsent: u64) -> bool {
        self.next >= unsent
    }

    /// Whether there is no room for another piece, because nobody takes them out.
    pub(super) fn is_full(&self) -> bool {
        self.next >= self.limit()
    }

    /// Whether anything has come yet.
    pub(super) fn has_begun(&self) -> bool {
        self.taken > 0 || !self.pieces.is_empty()
    }

    fn limit(&self) -> u64 {
        self.taken + WINDOW as u64
    }

    /// When an acknowledgement is to be sent.
    pub(super) fn next_deadline(&self) -> Option<Duration> {
        self.due
    }

    /// The acknowledgement of all that is here; none is due after it.
    pub(super) fn acknowledge(&mut self) -> Ack {
        self.due = None;
        self.unacknowledged = 0;
        self.told = self.limit();
        let mut ack = Ack { next: self.next, limit: self.told, latest: self.latest, later: [0; WINDOW / 64] };
        let behind = self.pieces.range(((self.next - self.taken) as usize + 1).min(self.pieces.len())..);
        for (bit, _) in behind.enumerate().filter(|(_, piece)| piece.is_here()) {
            ack.later[bit / 64] |= 1 << (bit % 64);
        }
        ack
    }
}

#[cfg(test)]
mod tests;
