//! What a flood could make happen a million times, done now and then: telling something in a log, obeying a command that
//! costs everybody in the room a notice.

use std::time::SystemTime;

/// How many may come at once: a class of fifty that asks in the same second.
const BURST: f64 = 50.0;

/// How many a second may come for ever.
const PER_SECOND: f64 = 1.0;

/// A bucket of permits to do something, refilled slowly.
pub struct RateLimit {
    permits: f64,
    last: SystemTime,
    kept_back: u64,
}

impl Default for RateLimit {
    fn default() -> Self {
        Self { permits: BURST, last: SystemTime::now(), kept_back: 0 }
    }
}

impl RateLimit {
    /// Whether to do it at `now` (the wall clock will do: whoever logs has read it anyway, and a clock that is set back
    /// only costs a refill); if so, how many times it was not done since the last time.
    pub fn may(&mut self, now: SystemTime) -> Option<u64> {
        let passed = now.duration_since(self.last).unwrap_or_default().as_secs_f64();
        self.last = now;
        self.permits = (self.permits + passed * PER_SECOND).min(BURST);
        if self.permits < 1.0 {
            self.kept_back += 1;
            return None;
        }
        self.permits -= 1.0;
        Some(std::mem::take(&mut self.kept_back))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_flood_of_ten_seconds_is_told_sixty_times_and_counted() {
        let mut limit = RateLimit::default();
        let start = limit.last;
        let times = (0..1_000_000).map(|event| start + Duration::from_micros(10) * event);
        let told: Vec<u64> = times.filter_map(|now| limit.may(now)).collect();
        assert!((55..=60).contains(&told.len()), "{}", told.len());
        let untold: u64 = told.iter().sum::<u64>() + limit.kept_back;
        assert_eq!(untold + told.len() as u64, 1_000_000);
    }
}
