//! How long to wait for an answer before sending again: the estimator of RFC 6298.

use std::time::Duration;

use super::GIVE_UP;

/// The wait before anything is known of the way. RFC 6298 (2.1) has 1 s; people sit before this one, and it is soon
/// corrected.
pub(super) const FIRST_RTO: Duration = Duration::from_millis(250);

/// RFC 6298 (2.4) has 1 s. With the RFC's three values a thousand commands over the tests' bad network (a fifth lost) took 160
/// to 190 s and some gave up; with these it is 25 s and none. Still well above the acknowledgement's delay
/// ([`super::receiver::ACK_DELAY`]) and what a busy machine keeps a thread waiting.
pub(super) const MIN_RTO: Duration = Duration::from_millis(100);

/// The longest that round trips make. RFC 6298 (2.5) allows no less than 60 s, but a side gives up after four of them.
pub(super) const MAX_RTO: Duration = Duration::from_secs(10);

/// The longest that backing off makes: then there are still twelve attempts in the 30 s after which a side gives up. That
/// burdens nobody, since after silence only one piece is sent each time.
pub(super) const BACKED_OFF: Duration = Duration::from_secs(4);

/// How often who asks says that it is still there, and the longest pause between two attempts where the way is not longer
/// than that. These datagrams are small, and three in a minute or thirty make no difference to any network.
pub(super) const ASKS_EVERY: Duration = Duration::from_secs(2);

/// How much longer than the shortest round trip one may be that met no queue, beyond a quarter of that: what the two programs
/// and their systems wait for each other.
const SLACK: Duration = Duration::from_millis(5);

/// So many round trips are looked at together (HyStart does it with 8, RFC 9406, section 4.2).
const GROUP: u32 = 4;

/// The round trip as it has been measured, and the retransmission timeout (RTO) that follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Timer {
    /// The shortest round trip so far.
    shortest: Duration,
    /// The shortest of the last group, which is complete, and of this one, with how many there are in it.
    of_late: Duration,
    now: (Duration, u32),
    smoothed: Option<Duration>,
    variation: Duration,
    rto: Duration,
}

impl Timer {
    /// Nothing has been measured yet.
    pub(super) fn new() -> Self {
        let none = Duration::MAX;
        Self {
            shortest: none,
            of_late: Duration::ZERO,
            now: (none, 0),
            smoothed: None,
            variation: Duration::ZERO,
            rto: FIRST_RTO,
        }
    }

    /// The retransmission timeout.
    pub(super) fn rto(&self) -> Duration {
        self.rto
    }

    /// How long a side waits for progress before it gives up: [`GIVE_UP`], and over a long way four timeouts.
    pub(super) fn patience(&self) -> Duration {
        GIVE_UP.max(self.rto * 4)
    }

    /// How often to say that one is there.
    pub(super) fn asks_every(&self) -> Duration {
        ASKS_EVERY.max(self.rto)
    }

    /// Whether the datagrams of late have met a queue on their way: all their round trips are longer than the way is. (Some
    /// alone may be: an acknowledgement waits.)
    pub(super) fn meets_a_queue(&self) -> bool {
        self.of_late > self.shortest.saturating_add(self.shortest / 4).saturating_add(SLACK)
    }

    fn group(&mut self, round_trip: Duration) {
        self.shortest = self.shortest.min(round_trip);
        self.now = (self.now.0.min(round_trip), self.now.1 + 1);
        if self.now.1 == GROUP {
            self.of_late = self.now.0;
            self.now = (Duration::MAX, 0);
        }
    }

    /// Takes a measured round trip. The answer must tell which sending it answers: of what was sent twice nobody knows
    /// otherwise (Karn's algorithm, RFC 6298 section 3). It ends any backing off (section 5).
    pub(super) fn measured(&mut self, round_trip: Duration) {
        self.group(round_trip);
        self.variation = match self.smoothed {
            None => round_trip / 2,                                                       // (2.2)
            Some(smoothed) => self.variation * 3 / 4 + smoothed.abs_diff(round_trip) / 4, // (2.3), beta = 1/4
        };
        let smoothed = self.smoothed.map_or(round_trip, |smoothed| smoothed * 7 / 8 + round_trip / 8); // alpha = 1/8
        self.smoothed = Some(smoothed);
        // The minimum is far above any clock's granularity, the G of (2.3).
        self.rto = (smoothed + self.variation * 4).clamp(MIN_RTO, MAX_RTO);
    }

    /// Nothing was heard in time: twice as long from now on (5.5).
    pub(super) fn back_off(&mut self) {
        self.rto = self.rto.max((self.rto * 2).min(BACKED_OFF));
    }
}

/// When to say something again to which there was no answer: each time after twice as long.
#[derive(Clone, Copy, Debug)]
pub(super) struct Backoff {
    interval: Duration,
    due: Duration,
}

impl Backoff {
    /// Said at `now`, again after `interval`.
    pub(super) fn new(interval: Duration, now: Duration) -> Self {
        Self { interval, due: now + interval }
    }

    /// When to say it again.
    pub(super) fn due(&self) -> Duration {
        self.due
    }

    /// Said again at `now`; the next time after twice as long, but at most after `longest`.
    pub(super) fn again(&mut self, longest: Duration, now: Duration) {
        *self = Self::new((self.interval * 2).min(longest), now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(round_trips: &[u64]) -> Timer {
        let mut timer = Timer::new();
        for millis in round_trips {
            timer.measured(Duration::from_millis(*millis));
        }
        timer
    }

    #[test]
    fn the_timeout_follows_the_round_trips() {
        // By hand: (2.2) 200 and 100; (2.3) 200 * 7/8 + 400/8 = 225 and 100 * 3/4 + 200/4 = 125.
        let table: [(&[u64], u64); 6] =
            [(&[], 250), (&[200], 600), (&[200, 400], 725), (&[1], 100), (&[200, 200], 500), (&[5000], 10_000)];
        for (round_trips, rto) in table {
            assert_eq!(after(round_trips).rto(), Duration::from_millis(rto), "{round_trips:?}");
        }
    }

    #[test]
    fn backing_off_doubles_up_to_the_limit_and_a_measurement_ends_it() {
        let mut timer = Timer::new();
        let waits: Vec<_> = std::iter::repeat_with(|| {
            timer.back_off();
            timer.rto().as_millis()
        })
        .take(5)
        .collect();
        assert_eq!(waits, [500, 1000, 2000, 4000, 4000]);
        timer.measured(Duration::from_millis(40));
        assert_eq!(timer.rto(), Duration::from_millis(120));
        let mut long = after(&[2500]);
        long.back_off();
        assert_eq!(long.rto(), Duration::from_millis(7500), "long enough");
    }

    #[test]
    fn a_queue_is_met_where_the_round_trips_have_become_longer_for_a_while() {
        assert!(!after(&[]).meets_a_queue());
        let two = |first: u64, others: u64| [[first; 4], [others; 4]].concat();
        assert!(!after(&two(40, 55)).meets_a_queue(), "the programs take their time");
        assert!(after(&two(40, 56)).meets_a_queue());
        let mut mixed = two(40, 400);
        assert!(!after(&mixed[..7]).meets_a_queue(), "four are looked at together");
        mixed[5] = 41;
        assert!(!after(&mixed).meets_a_queue(), "one has met none");
        assert!(!after(&two(400, 400)).meets_a_queue(), "a long way");
    }
}
