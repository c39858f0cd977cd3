//! What was sent when: each sending of a piece has a number of its own, so that an acknowledgement tells which has arrived.

use std::collections::VecDeque;
use std::time::Duration;

/// The sendings in their order, without those that are settled.
#[derive(Default)]
pub(super) struct Sendings {
    pub(super) kept: VecDeque<Sending>,
    /// How many there were.
    pub(super) count: u64,
}

pub(super) struct Sending {
    /// The number of its piece.
    pub(super) piece: u64,
    pub(super) at: Duration,
    pub(super) bytes: usize,
}

impl Sendings {
    /// Notes one, and gives its number: the first is 1.
    pub(super) fn note(&mut self, sending: Sending) -> u64 {
        self.kept.push_back(sending);
        self.count += 1;
        self.count
    }

    /// The number of the oldest that is kept.
    pub(super) fn oldest(&self) -> u64 {
        self.count + 1 - self.kept.len() as u64
    }

    pub(super) fn get(&self, number: u64) -> Option<&Sending> {
        let index = number.checked_sub(self.oldest())?;
        self.kept.get(usize::try_from(index).ok()?)
    }
}
