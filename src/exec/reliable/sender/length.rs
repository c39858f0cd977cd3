//! How long a piece may be to be sent as a whole: as long as what gets through.
//!
//! Nobody tells of a way that drops long datagrams. So after some timeouts in a row pieces are cut, and now and then one is
//! tried as a whole.

use crate::exec::reliable::parts::{Part, SMALL};
use crate::exec::reliable::wire::{MAX_PAYLOAD, MAX_PIECE};

/// After so many timeouts in a row the way may take no datagrams of this length.
pub(super) const UNSURE: u32 = 3;

/// After so many even where it has taken one: it may be another way now.
pub(super) const SURE: u32 = 6;

/// Where only small datagrams seem to get through, a piece is sent whole nevertheless after one in parts, two, four, and so
/// on, at last one in so many: if it arrives, the others are again too.
const RAREST_PROBE: u32 = 64;

/// The most that a small datagram carries of an output, in bytes.
pub(super) const SMALL_PIECE: usize = SMALL + MAX_PIECE - MAX_PAYLOAD;

/// What is known of the way.
pub(super) struct Length {
    /// The longest that is sent in one datagram, in bytes.
    takes: usize,
    /// The longest that has arrived in one.
    proven: usize,
    probes: Probes,
}

impl Default for Length {
    /// Nothing yet: all are sent as a whole.
    fn default() -> Self {
        Self { takes: MAX_PIECE, proven: 0, probes: Probes::new() }
    }
}

impl Length {
    /// Whether a piece of so many bytes gets through, as far as is known.
    pub(super) fn is_taken(&self, bytes: usize) -> bool {
        bytes <= self.takes
    }

    /// How a piece of so many bytes is sent: in parts, if it is longer than what gets through.
    pub(super) fn part_of(&mut self, bytes: usize) -> Part {
        if self.is_taken(bytes) { Part::WHOLE } else { self.probes.part() }
    }

    /// So many have arrived in one datagram.
    pub(super) fn has_arrived(&mut self, bytes: usize) {
        self.proven = self.proven.max(bytes);
        self.takes = self.takes.max(bytes);
    }

    /// Nothing has arrived for so many timeouts in a row; the first piece that is missing has so many bytes.
    pub(super) fn has_timed_out(&mut self, timeouts: u32, bytes: usize) {
        if timeouts < if bytes > self.proven { UNSURE } else { SURE } {
            return;
        }
        if self.takes > SMALL_PIECE {
            self.probes = Probes::new();
        }
        (self.takes, self.proven) = (SMALL_PIECE, 0);
    }
}

/// When a longer piece than gets through is tried.
struct Probes {
    /// After so many more in parts.
    after: u32,
    gap: u32,
}

impl Probes {
    fn new() -> Self {
        Self { after: 1, gap: 1 }
    }

    /// A piece is to be cut, or to be the next probe: then it goes as a whole.
    fn part(&mut self) -> Part {
        if self.after > 0 {
            self.after -= 1;
            return Part::FIRST;
        }
        self.gap = (2 * self.gap).min(RAREST_PROBE);
        self.after = self.gap;
        Part::WHOLE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longer_piece_is_tried_ever_more_rarely() {
        let mut probes = Probes::new();
        let tried: Vec<_> = (0..200).filter(|_| probes.part() == Part::WHOLE).collect();
        assert_eq!(tried, [1, 4, 9, 18, 35, 68, 133, 198]);
    }
}
