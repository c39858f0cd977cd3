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
//! that the loss of a repetition shows too), or when nothing new was acknowledged for a retransmission timeout.

use std::collections::VecDeque;
use std::time::Duration;

use super::congestion::Congestion;
use super::message::{Ack, Content};
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
    /// Transmissions in their order, with the number of the piece. What has been settled since is skipped at the front.
    transmissions: VecDeque<(u64, u64)>,
    /// How many transmissions there were.
    sent: u64,
    /// The latest transmission that is known to have arrived.
    arrived: u64,
    /// How many pieces are on their way.
    flying: usize,
    /// What is to be sent again.
    lost: VecDeque<u64>,
    congestion: Congestion,
    timer: Timer,
    /// When the retransmission timeout will be over.
    expires: Option<Duration>,
    /// When something was last acknowledged for the first time, or sent after all before it was.
    progress: Duration,
}

struct Piece {
    content: Content<'static>,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    Flying { transmission: u64, at: Duration, turn: Turn },
    Lost,
    Acknowledged,
}

/// Whether a piece was on its way before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    First,
    Repeated,
}

impl Sender {
    pub(super) fn new() -> Self {
        Self {
            pieces: VecDeque::new(),
            first: 0,
            unsent: 0,
            limit: WINDOW as u64,
            transmissions: VecDeque::new(),
            sent: 0,
            arrived: 0,
            flying: 0,
            lost: VecDeque::new(),
            congestion: Congestion::new(),
            timer: Timer::new(),
            expires: None,
            progress: Duration::ZERO,
        }
    }

    /// The number of the first piece that was not sent yet.
    pub(super) fn unsent(&self) -> u64 {
        self.unsent
    }

    /// When it is to be given up, unless something is acknowledged before. Where all that was sent is, nothing is awaited.
    pub(super) fn stalls_at(&self) -> Option<Duration> {
        (self.first < self.unsent).then(|| self.progress + self.timer.patience())
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

    /// The next piece to send now, with its number; `None` when there is nothing to send, or enough on its way.
    pub(super) fn next(&mut self, now: Duration) -> Option<(u64, Content<'_>)> {
        if self.flying >= self.congestion.window() {
            return None;
        }
        if self.first == self.unsent {
            self.progress = now;
        }
        let (number, turn) = match self.next_lost() {
            Some(number) => (number, Turn::Repeated),
            None => (self.next_unsent()?, Turn::First),
        };
        self.sent += 1;
        self.flying += 1;
        self.transmissions.push_back((self.sent, number));
        self.expires.get_or_insert(now + self.timer.rto()); // RFC 6298 (5.1)
        let index = self.index(number)?;
        let piece = &mut self.pieces[index];
        piece.state = State::Flying { transmission: self.sent, at: now, turn };
        Some((number, piece.content.borrowed()))
    }

    fn next_lost(&mut self) -> Option<u64> {
        while let Some(number) = self.lost.pop_front() {
            // Its first transmission may have arrived after all.
            if self.state(number) == Some(State::Lost) {
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
        let news = self.settle(ack);
        if news.pieces == 0 {
            return;
        }
        self.progress = now;
        if let Some((transmission, at)) = news.latest {
            self.arrived = self.arrived.max(transmission);
            self.timer.measured(now.saturating_sub(at));
        }
        self.congestion.acknowledged(news.pieces);
        self.find_losses();
        self.expires = (self.flying > 0).then(|| now + self.timer.rto()); // RFC 6298 (5.2, 5.3)
    }

    /// Notes which pieces have arrived, and forgets those before the first that is missing.
    fn settle(&mut self, ack: &Ack) -> News {
        let mut news = News::default();
        for number in (self.first..ack.next).chain(later(ack)) {
            self.settle_one(number, &mut news);
        }
        self.pieces.drain(..(ack.next - self.first) as usize);
        self.first = ack.next;
        news
    }

    fn settle_one(&mut self, number: u64, news: &mut News) {
        let Some(index) = self.index(number) else { return };
        match std::mem::replace(&mut self.pieces[index].state, State::Acknowledged) {
            State::Acknowledged => {}
            // Not sent, so it cannot be there.
            State::Waiting => self.pieces[index].state = State::Waiting,
            State::Lost => news.pieces += 1,
            State::Flying { transmission, at, turn } => {
                news.pieces += 1;
                self.flying -= 1;
                // Karn's algorithm: of a repeated piece nobody knows which transmission has arrived.
                if turn == Turn::First && news.latest.is_none_or(|(latest, _)| latest < transmission) {
                    news.latest = Some((transmission, at));
                }
            }
        }
    }

    /// What was sent three before the latest that arrived, and has not, is lost.
    fn find_losses(&mut self) {
        while let Some(&(transmission, number)) = self.transmissions.front() {
            if self.is_flying(transmission, number) {
                if transmission + LATER > self.arrived {
                    break;
                }
                self.congestion.lost(transmission, self.sent);
                self.lose(number);
            }
            self.transmissions.pop_front();
        }
    }

    fn is_flying(&self, transmission: u64, number: u64) -> bool {
        matches!(self.state(number), Some(State::Flying { transmission: last, .. }) if last == transmission)
    }

    fn lose(&mut self, number: u64) {
        if let Some(index) = self.index(number) {
            self.pieces[index].state = State::Lost;
            self.flying -= 1;
            self.lost.push_back(number);
        }
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
        self.congestion.timed_out(self.sent);
        for (transmission, number) in std::mem::take(&mut self.transmissions) {
            if self.is_flying(transmission, number) {
                self.lose(number);
            }
        }
    }
}

/// What an acknowledgement reports for the first time.
#[derive(Default)]
struct News {
    pieces: usize,
    /// The latest transmission that has surely arrived, and when it was made.
    latest: Option<(u64, Duration)>,
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
