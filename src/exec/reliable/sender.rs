//! The way of an answer: numbered pieces, sent until each is acknowledged.
//!
//! ```text
//!   acknowledged, forgotten |        on their way, acknowledged or lost        |  waiting
//!   ------------------------+--------------------------------------------------+-----------
//!                         first                                             unsent
//! ```
//!
//! A piece is lost when three that were sent after it have arrived (the duplicate acknowledgements of RFC 5681, section
//! 3.2, made exact by the selective ones: what is compared is the order of sending, as in RFC 9002, section 6.1.1, so
//! that the loss of a repetition shows too), or when nothing new was acknowledged for a retransmission timeout. Where that
//! was too early, what arrives tells so, and all is as before ([`Doubt`]).

mod length;
mod sendings;

use std::collections::VecDeque;
use std::time::Duration;

use self::length::Length;
use self::sendings::{Sending, Sendings};

use super::congestion::{Congestion, Way};
use super::message::{Ack, Content, Place};
use super::parts::Part;
use super::timer::Timer;
use super::wire::{MAX_PIECE, WINDOW};
use crate::exec::protocol::Outcome;
use crate::terminal::screen::Output;

/// How many later ones must have arrived: networks reorder, but rarely by three (RFC 5681, section 3.2).
const LATER: u64 = 3;

/// The pieces of one answer.
pub(super) struct Sender {
    /// From `first` on.
    pieces: VecDeque<Piece>,
    first: u64,
    unsent: u64,
    /// The number of the first piece that the receiver has no room for.
    limit: u64,
    sendings: Sendings,
    /// The latest sending that is known to have arrived.
    arrived: u64,
    /// How many pieces are on their way.
    flying: usize,
    /// What is to be sent again.
    lost: VecDeque<u64>,
    /// What is still to be sent of a piece that is sent in parts.
    rest: Option<(u64, Part)>,
    length: Length,
    congestion: Congestion,
    timer: Timer,
    /// When the retransmission timeout will be over.
    expires: Option<Duration>,
    /// How many were over, since something was last acknowledged.
    timeouts: u32,
    doubt: Option<Doubt>,
    /// When something was last acknowledged for the first time, or sent after all before it was.
    progress: Duration,
}

/// What there was before a timeout. If the next to arrive is a sending of before, the timeout was too early, and nothing is
/// known to be lost (as in RFC 4015, with the echo of a number instead of a timestamp).
struct Doubt {
    /// The last sending before it.
    sent: u64,
    congestion: Congestion,
}

struct Piece {
    content: Content<'static>,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    /// Its last sending.
    Flying(u64),
    Lost(u64),
    Acknowledged,
}

impl Sender {
    /// Over a way of which `timer` knows how long it is.
    pub(super) fn new(timer: Timer) -> Self {
        Self {
            pieces: VecDeque::new(),
            first: 0,
            unsent: 0,
            limit: WINDOW as u64,
            sendings: Sendings::default(),
            arrived: 0,
            flying: 0,
            lost: VecDeque::new(),
            rest: None,
            length: Length::default(),
            congestion: Congestion::new(),
            timer,
            expires: None,
            timeouts: 0,
            doubt: None,
            progress: Duration::ZERO,
        }
    }

    /// What is known of the way.
    pub(super) fn timer(&self) -> Timer {
        self.timer
    }

    /// The number of the first piece that was not sent yet.
    pub(super) fn unsent(&self) -> u64 {
        self.unsent
    }

    /// Since when nothing was acknowledged; `None` where all that was sent is, so that nothing is awaited.
    pub(super) fn stalls_since(&self) -> Option<Duration> {
        (self.first < self.unsent).then_some(self.progress)
    }

    /// How many more pieces there is room for.
    pub(super) fn room(&self) -> usize {
        WINDOW.saturating_sub(self.pieces.len())
    }

    /// Whether every piece has arrived.
    pub(super) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Takes what there is room for, and says how much it was. What still waits is joined, so that a command that writes
    /// byte by byte does not make a datagram of each.
    pub(super) fn offer(&mut self, output: Output, bytes: &[u8]) -> usize {
        let mut rest = bytes;
        if let Some(Piece { content: Content::Output(last, text), state: State::Waiting }) = self.pieces.back_mut()
            && *last == output
        {
            let (joined, after) = rest.split_at(rest.len().min(MAX_PIECE - text.len()));
            text.to_mut().extend_from_slice(joined);
            rest = after;
        }
        while !rest.is_empty() && self.room() > 0 {
            let (piece, after) = rest.split_at(rest.len().min(MAX_PIECE));
            self.push(Content::Output(output, piece.to_vec().into()));
            rest = after;
        }
        bytes.len() - rest.len()
    }

    /// Adds the last piece, for which there is always room.
    pub(super) fn finish(&mut self, outcome: Outcome) {
        self.push(Content::Done(outcome));
    }

    fn push(&mut self, content: Content<'static>) {
        self.pieces.push_back(Piece { content, state: State::Waiting });
    }

    /// The next piece to send now, or part of one; `None` when there is nothing to send, or enough on its way.
    pub(super) fn next(&mut self, now: Duration) -> Option<(Place, Content<'_>)> {
        let (number, part) = match self.rest.take() {
            Some(rest) => rest,
            None => self.next_piece(now)?,
        };
        self.rest = part.next().map(|next| (number, next));
        let index = self.index(number)?;
        let Piece { content, state } = &mut self.pieces[index];
        let content = content.part(part);
        let sending = self.sendings.note(Sending { piece: number, at: now, bytes: content.len() });
        *state = State::Flying(sending);
        self.expires.get_or_insert(now + self.timer.rto()); // RFC 6298 (5.1)
        Some((Place { number, sending, part }, content))
    }

    /// The next piece to send, and how.
    fn next_piece(&mut self, now: Duration) -> Option<(u64, Part)> {
        if self.flying >= self.congestion.window() {
            return None;
        }
        if self.first == self.unsent {
            self.progress = now;
        }
        let number = self.next_lost().or_else(|| self.next_unsent())?;
        self.flying += 1;
        let length = self.index(number).map_or(0, |index| self.pieces[index].content.len());
        Some((number, self.length.part_of(length)))
    }

    fn next_lost(&mut self) -> Option<u64> {
        while let Some(number) = self.lost.pop_front() {
            // It may have arrived after all.
            if matches!(self.state(number), Some(State::Lost(_))) {
                return Some(number);
            }
        }
        None
    }

    fn next_unsent(&mut self) -> Option<u64> {
        let number = self.unsent;
        if number >= self.limit || self.index(number).is_none() {
            return None;
        }
        self.unsent += 1;
        Some(number)
    }

    fn index(&self, number: u64) -> Option<usize> {
        let index = usize::try_from(number.checked_sub(self.first)?).ok()?;
        (index < self.pieces.len()).then_some(index)
    }

    fn state(&self, number: u64) -> Option<State> {
        self.index(number).map(|index| self.pieces[index].state)
    }

    /// Takes an acknowledgement. One that reports nothing new triggers nothing: it may be a duplicate that the network
    /// made, and if each of those had an answer, and each answer an acknowledgement, the storm would never end.
    pub(super) fn acknowledge(&mut self, ack: &Ack, now: Duration) {
        // An older one than the last tells nothing, and nobody can have what was not sent.
        if ack.next < self.first || ack.next > self.unsent {
            return;
        }
        self.limit = self.limit.max(ack.limit);
        let pieces = self.settle(ack);
        if pieces == 0 {
            return;
        }
        self.progress = now;
        self.timeouts = 0;
        self.arrives(ack.latest, now);
        self.congestion.acknowledged(pieces, self.way());
        self.find_losses();
        self.expires = (self.flying > 0).then(|| now + self.timer.rto()); // RFC 6298 (5.2, 5.3)
    }

    /// Notes which pieces have arrived, and forgets those before the first that is missing; gives how many are new.
    fn settle(&mut self, ack: &Ack) -> usize {
        let news = (self.first..ack.next).chain(later(ack)).filter(|number| self.settle_one(*number)).count();
        self.pieces.drain(..(ack.next - self.first) as usize);
        self.first = ack.next;
        news
    }

    fn settle_one(&mut self, number: u64) -> bool {
        let Some(index) = self.index(number) else { return false };
        let state = &mut self.pieces[index].state;
        match *state {
            // What was not sent cannot be there.
            State::Acknowledged | State::Waiting => return false,
            State::Lost(_) => {}
            State::Flying(_) => self.flying -= 1,
        }
        *state = State::Acknowledged;
        true
    }

    /// Takes note of what the latest sending tells that has arrived: how long the way is, and what goes through it.
    fn arrives(&mut self, latest: u64, now: Duration) {
        if latest <= self.arrived {
            return;
        }
        let Some(sending) = self.sendings.get(latest) else { return };
        let (at, bytes) = (sending.at, sending.bytes);
        self.arrived = latest;
        self.timer.measured(now.saturating_sub(at));
        self.length.has_arrived(bytes);
        if let Some(doubt) = self.doubt.take_if(|doubt| latest <= doubt.sent) {
            self.congestion = doubt.congestion;
            self.find_all_again();
        }
        self.doubt = None;
    }

    /// The timeout was too early: what it took for lost is on its way.
    fn find_all_again(&mut self) {
        let oldest = self.sendings.oldest();
        for number in std::mem::take(&mut self.lost) {
            match self.state(number) {
                Some(State::Lost(sending)) if sending >= oldest => {
                    self.flying += 1;
                    self.put(number, State::Flying(sending));
                }
                _ => self.lost.push_back(number),
            }
        }
    }

    fn put(&mut self, number: u64, state: State) {
        if let Some(index) = self.index(number) {
            self.pieces[index].state = state;
        }
    }

    fn way(&self) -> Way {
        if self.timer.meets_a_queue() { Way::Queueing } else { Way::Free }
    }

    /// What was sent three before the latest that arrived, and has not, is lost.
    fn find_losses(&mut self) {
        while self.sendings.oldest() + LATER <= self.arrived {
            let number = self.sendings.oldest();
            let Some(sending) = self.sendings.kept.pop_front() else { return };
            // The loss of what was longer than gets through was to be expected.
            if self.lose(sending.piece, number) && self.length.is_taken(sending.bytes) {
                self.congestion.lost(number, self.sendings.count, self.way());
            }
        }
    }

    /// If this sending of a piece is its last, and was on its way, it is lost now.
    fn lose(&mut self, piece: u64, sending: u64) -> bool {
        let flew = self.state(piece) == Some(State::Flying(sending));
        if flew {
            self.put(piece, State::Lost(sending));
            self.flying -= 1;
            self.lost.push_back(piece);
        }
        flew
    }

    /// When [`Sender::tick`] is to be called.
    pub(super) fn next_deadline(&self) -> Option<Duration> {
        self.expires
    }

    /// The retransmission timeout: nothing new was acknowledged for so long that all on its way is taken for lost.
    pub(super) fn tick(&mut self, now: Duration) {
        if self.expires.is_none_or(|expires| now < expires) {
            return;
        }
        self.expires = None;
        self.timer.back_off(); // RFC 6298 (5.5)
        self.timeouts += 1;
        self.length.has_timed_out(self.timeouts, self.pieces.front().map_or(0, |piece| piece.content.len()));
        self.doubt.get_or_insert(Doubt { sent: self.sendings.count, congestion: self.congestion.clone() });
        self.congestion.timed_out(self.sendings.count, self.way());
        for number in self.sendings.oldest()..=self.sendings.count {
            if let Some(piece) = self.sendings.get(number).map(|sending| sending.piece) {
                self.lose(piece, number);
            }
        }
    }
}

/// The numbers that an acknowledgement names one by one.
fn later(ack: &Ack) -> impl Iterator<Item = u64> {
    let base = ack.next.saturating_add(1);
    ack.later.into_iter().enumerate().filter(|(_, word)| *word != 0).flat_map(move |(index, word)| {
        let set = (0..64).filter(move |bit| word >> bit & 1 == 1);
        set.map(move |bit| base.saturating_add(index as u64 * 64 + bit))
    })
}

#[cfg(test)]
mod tests;
