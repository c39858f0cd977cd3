//! A limited number of places for clients that have proved themselves: a counting semaphore.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::lock::lock;

/// How long a newcomer waits for a place. One whose client has just left is free in a moment.
const FREED: Duration = Duration::from_millis(500);

/// A limited number of places for those who have proved themselves.
pub struct Places {
    free: Mutex<usize>,
    freed: Condvar,
}

/// A place, until it is dropped.
pub struct Permit<'a>(&'a Places);

impl Places {
    /// So many.
    pub fn new(number: usize) -> Self {
        Self { free: Mutex::new(number), freed: Condvar::new() }
    }

    /// A place, if there is one.
    pub fn take(&self) -> Option<Permit<'_>> {
        let free = lock(&self.free);
        let waited = self.freed.wait_timeout_while(free, FREED, |free| *free == 0);
        let (mut free, _) = waited.unwrap_or_else(PoisonError::into_inner);
        *free = free.checked_sub(1)?;
        Some(Permit(self))
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        *lock(&self.0.free) += 1;
        self.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_is_given_up_in_time_is_taken() {
        let places = Places::new(2);
        let (first, _second) = (places.take().unwrap(), places.take().unwrap());
        assert!(places.take().is_none());
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| places.take().is_some());
            drop(first);
            assert!(waiting.join().unwrap());
        });
    }
}
