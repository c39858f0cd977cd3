//! The other end of an answer: pieces in any order in, pieces in order out, and what to acknowledge when.

use std::collections::VecDeque;
use std::time::Duration;

use super::message::{Ack, Content};
use super::wire::WINDOW;

/// How long an acknowledgement may wait for a second piece to acknowledge with it (RFC 1122, section 4.2.3.2, allows
/// 500 ms): far below the sender's shortest timeout, which would otherwise take the silence for a loss.
pub(super) const ACK_DELAY: Duration = Duration::from_millis(10);

/// Every second piece is acknowledged at once, as TCP does (RFC 5681, section 4.2).
const PIECES_PER_ACK: usize = 2;

/// Room that is worth telling of, in pieces: half the window (RFC 9293, section 3.8.6.2.2, against the silly window).
const WORTHWHILE: u64 = WINDOW as u64 / 2;

/// The pieces of one answer.
pub(super) struct Receiver {
    /// From `taken` on; `None` where one is missing.
    pieces: VecDeque<Option<Content<'static>>>,
    /// The number of the first piece that has not been taken out.
    taken: u64,
    /// The number of the first piece that is missing.
    next: u64,
    /// The number of the last piece, once it is here.
    last: Option<u64>,
    /// How many have come since the last acknowledgement.
    unacknowledged: usize,
    /// When the next acknowledgement is due.
    due: Option<Duration>,
    /// The limit that the sender knows of.
    told: u64,
}

/// What a piece is that has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    New,
    /// It is here already, or there is no place for it.
    Known,
}

impl Receiver {
    pub(super) fn new() -> Self {
        let told = WINDOW as u64;
        Self { pieces: VecDeque::new(), taken: 0, next: 0, last: None, unacknowledged: 0, due: None, told }
    }

    /// Takes a piece that was received at `now`; whether it is one that was missing.
    pub(super) fn insert(&mut self, number: u64, content: Content<'_>, now: Duration) -> Piece {
        if number >= self.limit() || self.last.is_some_and(|last| number > last) {
            return Piece::Known;
        }
        // Nor can the last piece be in front of others.
        let behind = self.taken + self.pieces.len() as u64;
        if matches!(content, Content::Done(_)) && number + 1 < behind {
            return Piece::Known;
        }
        let index = number.checked_sub(self.taken).map(|index| index as usize);
        let Some(index) = index.filter(|index| self.pieces.get(*index).is_none_or(Option::is_none)) else {
            // Here already. It came again, so perhaps its acknowledgement was lost; but ten copies need only one.
            self.acknowledge_by(now + ACK_DELAY);
            return Piece::Known;
        };
        if matches!(content, Content::Done(_)) {
            self.last = Some(number);
        }
        if self.pieces.len() <= index {
            self.pieces.resize(index + 1, None);
        }
        self.pieces[index] = Some(content.into_owned());
        let in_order = number == self.next && self.pieces.len() == index + 1;
        self.advance();
        self.unacknowledged += 1;
        // At once where something is missing, or was (RFC 5681, section 4.2): the sender counts the later ones.
        let at_once = !in_order || self.is_complete() || self.unacknowledged >= PIECES_PER_ACK;
        self.acknowledge_by(if at_once { now } else { now + ACK_DELAY });
        Piece::New
    }

    fn advance(&mut self) {
        let from = (self.next - self.taken) as usize;
        self.next += self.pieces.range(from..).take_while(|piece| piece.is_some()).count() as u64;
    }

    fn acknowledge_by(&mut self, due: Duration) {
        self.due = Some(self.due.map_or(due, |earlier| earlier.min(due)));
    }

    /// The next piece in order, for good. Its place is free for another.
    pub(super) fn take(&mut self, now: Duration) -> Option<Content<'static>> {
        self.pieces.front()?.as_ref()?;
        self.taken += 1;
        if self.limit() - self.told >= WORTHWHILE {
            self.acknowledge_by(now);
        }
        self.pieces.pop_front()?
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
        let mut ack = Ack { next: self.next, limit: self.told, later: [0; WINDOW / 64] };
        let behind = self.pieces.range(((self.next - self.taken) as usize + 1).min(self.pieces.len())..);
        for (bit, _) in behind.enumerate().filter(|(_, piece)| piece.is_some()) {
            ack.later[bit / 64] |= 1 << (bit % 64);
        }
        ack
    }
}

#[cfg(test)]
mod tests;
