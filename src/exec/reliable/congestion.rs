//! How many pieces may be on their way: slow start, then one more each round trip, half after a loss (RFC 5681 and RFC
//! 6582), one after silence.
//!
//! One thing is ours. A loss means that a queue on the way is full, or that the network loses at random, as over the air. In
//! the second case halving helps nobody: with a tenth lost nearly every round trip sees a loss, and the window would stay at
//! three or four. A full queue shows in the round trips, which have become longer by it (as TCP Vegas and Veno look at it).
//! Where they have not, and not too many are lost, the window is not halved below [`FLOOR`].

use super::wire::WINDOW;

/// The window to begin with (RFC 6928).
pub(super) const FIRST_WINDOW: usize = 10;

/// What losses at random leave: 32 pieces (37 KB) carry 10 MiB in 15 s at a round trip of 50 ms.
pub(super) const FLOOR: usize = 32;

/// What losses to a full queue leave. RFC 5681 (equation 4) has 2; where many share little, that is too much.
const LEAST: usize = 1;

/// Where others may share a queue with us the window grows by one in so many round trips: what is left is theirs.
const YIELDS: usize = 6;

/// Of so many sendings about, the share of lost ones is watched.
const WATCHED: f64 = 64.0;

/// More than this share is not lost at random by any network that carries more than a command now and then.
const AT_RANDOM: f64 = 0.25;

/// Whether datagrams meet a queue on their way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Free,
    Queueing,
}

/// The congestion window, in pieces.
#[derive(Clone)]
pub(super) struct Congestion {
    window: usize,
    /// Where slow start ends.
    threshold: usize,
    /// How many were acknowledged since the window last grew.
    acknowledged: usize,
    /// Sendings up to this one were on their way when the window was last halved: their losses tell nothing new.
    known: u64,
    /// The share of the latest sendings that were lost.
    share: f64,
}

impl Congestion {
    pub(super) fn new() -> Self {
        Self { window: FIRST_WINDOW, threshold: WINDOW, acknowledged: 0, known: 0, share: 0.0 }
    }

    pub(super) fn window(&self) -> usize {
        self.window
    }

    /// So many pieces have arrived.
    pub(super) fn acknowledged(&mut self, pieces: usize, way: Way) {
        let exponent = i32::try_from(pieces).unwrap_or(i32::MAX);
        self.share *= (1.0 - 1.0 / WATCHED).powi(exponent);
        if self.window < self.threshold && way == Way::Queueing {
            self.threshold = self.window; // before it is full (HyStart, RFC 9406)
        }
        if self.window < self.threshold {
            self.window = (self.window + pieces).min(self.threshold); // slow start: twice as many each round trip (3.1)
        } else {
            self.acknowledged += pieces;
            let turns = if way == Way::Queueing { YIELDS } else { 1 };
            if self.acknowledged >= turns * self.window {
                self.acknowledged = 0;
                self.window += 1; // congestion avoidance (3.1)
            }
        }
        self.window = self.window.min(WINDOW);
    }

    /// This sending was lost, and `newest` is the last so far. Half once for each window full of losses (3.2, and RFC 6582
    /// for the once).
    pub(super) fn lost(&mut self, sending: u64, newest: u64, way: Way) {
        self.share += (1.0 - self.share) / WATCHED;
        if sending > self.known {
            self.known = newest;
            let floor = if way == Way::Free && self.share < AT_RANDOM { FLOOR } else { LEAST };
            self.threshold = (self.window / 2).max(floor);
            self.window = self.window.min(self.threshold);
        }
    }

    /// Nothing came back at all: begin anew, with one (3.1). Silence in a row says nothing of the queue, so that the
    /// floor falls too.
    pub(super) fn timed_out(&mut self, newest: u64, way: Way) {
        self.lost(newest, newest, way);
        if self.window == 1 {
            self.threshold = LEAST;
        }
        self.window = 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_doubles_then_creeps_and_is_halved_once_a_round() {
        let mut congestion = Congestion::new();
        congestion.acknowledged(FIRST_WINDOW, Way::Free);
        assert_eq!(congestion.window(), 2 * FIRST_WINDOW);
        congestion.acknowledged(4 * WINDOW, Way::Free);
        assert_eq!(congestion.window(), WINDOW, "never more than an acknowledgement can tell of");

        congestion.lost(10, 500, Way::Queueing);
        assert_eq!(congestion.window(), WINDOW / 2);
        congestion.lost(500, 600, Way::Queueing);
        assert_eq!(congestion.window(), WINDOW / 2, "the same round");
        congestion.acknowledged(WINDOW / 2 - 1, Way::Free);
        assert_eq!(congestion.window(), WINDOW / 2);
        congestion.acknowledged(1, Way::Free);
        assert_eq!(congestion.window(), WINDOW / 2 + 1);
        congestion.lost(501, 900, Way::Queueing);
        assert_eq!(congestion.window(), WINDOW / 4);
    }

    #[test]
    fn slow_start_ends_where_a_queue_begins() {
        let mut congestion = Congestion::new();
        congestion.acknowledged(YIELDS * FIRST_WINDOW - 1, Way::Queueing);
        assert_eq!(congestion.window(), FIRST_WINDOW);
        congestion.acknowledged(1, Way::Queueing);
        assert_eq!(congestion.window(), FIRST_WINDOW + 1);
        congestion.acknowledged(FIRST_WINDOW + 1, Way::Free);
        assert_eq!(congestion.window(), FIRST_WINDOW + 2, "it does not begin anew");
    }

    /// One in ten, and one in two, are lost, of a thousand.
    #[test]
    fn losses_leave_more_where_they_are_few_and_no_queue_is_met() {
        for (way, one_in, least) in [(Way::Free, 10, FLOOR), (Way::Free, 2, LEAST), (Way::Queueing, 10, LEAST)] {
            let mut congestion = Congestion::new();
            congestion.acknowledged(WINDOW, Way::Free);
            for sending in 1..=1000 {
                if sending % one_in == 0 {
                    congestion.lost(sending, sending, way);
                }
                congestion.share *= 1.0 - 1.0 / WATCHED;
            }
            assert_eq!(congestion.window(), least, "{way:?}, one in {one_in}");
        }
    }

    #[test]
    fn silence_leaves_one_and_silence_in_a_row_no_floor() {
        let mut congestion = Congestion::new();
        congestion.acknowledged(WINDOW, Way::Free);
        congestion.timed_out(100, Way::Free);
        assert_eq!((congestion.window(), congestion.threshold), (1, WINDOW / 2));
        congestion.timed_out(101, Way::Free);
        assert_eq!((congestion.window(), congestion.threshold), (1, LEAST));
    }
}
