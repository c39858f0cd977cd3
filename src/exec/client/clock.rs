//! A clock that goes on while the machine sleeps: [`std::time::Instant`] stands still then on Linux and macOS, and a laptop
//! that has slept would take a session for fresh that its server has forgotten.

use std::time::Duration;

#[cfg(windows)]
use std::time::Instant;

#[cfg(unix)]
use rustix::time::{ClockId, clock_gettime};

/// The time since it was made.
pub(super) struct Clock {
    #[cfg(unix)]
    start: Duration,
    /// Windows' counter goes on.
    #[cfg(windows)]
    start: Instant,
}

impl Clock {
    pub(super) fn start() -> Self {
        #[cfg(unix)]
        let start = now();
        #[cfg(windows)]
        let start = Instant::now();
        Self { start }
    }

    pub(super) fn elapsed(&self) -> Duration {
        #[cfg(unix)]
        let elapsed = now().saturating_sub(self.start);
        #[cfg(windows)]
        let elapsed = self.start.elapsed();
        elapsed
    }
}

/// `CLOCK_BOOTTIME` (clock_gettime(2)); elsewhere on Unix `CLOCK_MONOTONIC`, which counts the sleep on macOS.
#[cfg(unix)]
fn now() -> Duration {
    #[cfg(target_os = "linux")]
    let time = clock_gettime(ClockId::Boottime);
    #[cfg(not(target_os = "linux"))]
    let time = clock_gettime(ClockId::Monotonic);
    Duration::try_from(time).unwrap_or_default()
}
