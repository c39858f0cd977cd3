//! How many pieces may be on their way: slow start, then one more each round trip, half after a loss (RFC 5681, simplified).

use super::wire::WINDOW;

/// The window to begin with and to come back to. RFC 5681 goes down to one piece, which a network that loses at random
/// turns into a halt: with a tenth lost nearly every round trip sees a loss, so this many pieces a round trip is the
/// speed. 32 (37 KB) carry 10 MiB in 15 s at a round trip of 50 ms, and any queue on the way holds them.
pub(super) const MIN_WINDOW: usize = 32;

/// The congestion window, in pieces.
pub(super) struct Congestion {
    window: usize,
    /// Where slow start ends.
    threshold: usize,
    /// How many were acknowledged since the window last grew.
    acknowledged: usize,
    /// Transmissions up to this one were on their way when the window was last halved: their losses tell nothing new.
    known: u64,
}

impl Congestion {
    pub(super) fn new() -> Self {
        Self { window: MIN_WINDOW, threshold: WINDOW, acknowledged: 0, known: 0 }
    }

    pub(super) fn window(&self) -> usize {
        self.window
    }

    /// So many pieces have arrived.
    pub(super) fn acknowledged(&mut self, pieces: usize) {
        if self.window < self.threshold {
            self.window += pieces; // slow start: twice as many each round trip (3.1)
        } else {
            self.acknowledged += pieces;
            if self.acknowledged >= self.window {
                self.acknowledged = 0;
                self.window += 1; // congestion avoidance (3.1)
            }
        }
        self.window = self.window.min(WINDOW);
    }

    /// This transmission was lost, and `newest` is the last so far. Half once for each window full of losses (3.2, and
    /// RFC 6582 for the once).
    pub(super) fn lost(&mut self, transmission: u64, newest: u64) {
        if transmission > self.known {
            self.known = newest;
            self.threshold = (self.window / 2).max(MIN_WINDOW);
            self.window = self.threshold;
        }
    }

    /// Nothing came back at all: begin anew (3.1).
    pub(super) fn timed_out(&mut self, newest: u64) {
        self.lost(newest, newest);
        self.window = MIN_WINDOW;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_doubles_then_creeps_and_is_halved_once_a_round() {
        let mut congestion = Congestion::new();
        congestion.acknowledged(MIN_WINDOW);
        assert_eq!(congestion.window(), 2 * MIN_WINDOW);
        congestion.acknowledged(4 * WINDOW);
        assert_eq!(congestion.window(), WINDOW, "never more than an acknowledgement can tell of");

        congestion.lost(10, 500);
        assert_eq!(congestion.window(), WINDOW / 2);
        congestion.lost(500, 600);
        assert_eq!(congestion.window(), WINDOW / 2, "the same round");
        congestion.acknowledged(WINDOW / 2 - 1);
        assert_eq!(congestion.window(), WINDOW / 2);
        congestion.acknowledged(1);
        assert_eq!(congestion.window(), WINDOW / 2 + 1);
        congestion.lost(501, 900);
        assert_eq!(congestion.window(), WINDOW / 4);

        congestion.timed_out(1000);
        assert_eq!(congestion.window(), MIN_WINDOW);
        for transmission in 1001..1010 {
            congestion.lost(transmission, transmission);
        }
        assert_eq!(congestion.window(), MIN_WINDOW, "the floor");
    }
}
