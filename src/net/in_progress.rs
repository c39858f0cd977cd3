//! What the end of a program has to know of its trace: which calls are being made, and which sockets are open.
//!
//! A program may end in one thread while another one is in a call that has done its work and is not written down yet, and
//! what it leaves open the system closes. Without both a trace would lack the ends of its connections.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::lock::lock;

/// How long the end of a traced program waits for the calls that are being made: one that sends may wait for its peer.
const MAX_UNFINISHED: Duration = Duration::from_millis(100);

/// The addresses of a socket and of its peer, as far as it has them.
pub(super) type Ends = (Option<SocketAddr>, Option<SocketAddr>);

/// The calls and sockets of one program.
#[derive(Default)]
pub(super) struct InProgress {
    now: Mutex<Now>,
    changed: Condvar,
}

#[derive(Default)]
struct Now {
    calls: usize,
    open: BTreeMap<u32, Ends>,
    ended: bool,
}

/// A call that is being made, since then.
pub(super) struct Making<'a>(&'a InProgress, pub(super) Timestamp);

impl InProgress {
    /// A call begins, which the end of the program waits for. After the end none does any more.
    pub(super) fn begin(&self) -> Making<'_> {
        let mut now = lock(&self.now);
        while now.ended {
            now = self.changed.wait(now).unwrap_or_else(PoisonError::into_inner);
        }
        now.calls += 1;
        Making(self, Timestamp::now())
    }

    /// A call that may have waited long has returned; `None` where the program has ended meanwhile.
    pub(super) fn returned(&self) -> Option<Making<'_>> {
        let mut now = lock(&self.now);
        now.calls += usize::from(!now.ended);
        (!now.ended).then(|| Making(self, Timestamp::now()))
    }

    /// A socket is open, with these addresses from now on.
    pub(super) fn opened(&self, number: u32, ends: Ends) {
        lock(&self.now).open.insert(number, ends);
    }

    /// It is no more.
    pub(super) fn closed(&self, number: u32) {
        lock(&self.now).open.remove(&number);
    }

    /// The end of the program: no call begins any more, and those that are being made have been written down, unless one
    /// takes too long. Gives the sockets that are left open.
    pub(super) fn end(&self) -> BTreeMap<u32, Ends> {
        let until = Instant::now() + MAX_UNFINISHED;
        let mut now: MutexGuard<'_, Now> = lock(&self.now);
        now.ended = true;
        while now.calls > 0 && Instant::now() < until {
            let left = until.saturating_duration_since(Instant::now());
            now = self.changed.wait_timeout(now, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        std::mem::take(&mut now.open)
    }
}

impl Drop for Making<'_> {
    fn drop(&mut self) {
        lock(&self.0.now).calls -= 1;
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, mpsc};
    use std::thread;

    use super::*;

    #[test]
    fn the_end_waits_for_a_call_that_is_being_made_and_lets_none_begin() {
        let progress = Arc::new(InProgress::default());
        progress.opened(1, (None, None));
        let making = progress.begin();
        let (told, ended) = mpsc::channel();
        let ending = Arc::clone(&progress);
        let end = thread::spawn(move || told.send(ending.end().len()).unwrap());
        while !lock(&progress.now).ended {
            thread::yield_now();
        }
        assert!(progress.returned().is_none(), "what returns after the end is not written down");
        let late = Arc::clone(&progress);
        let (begun, has_begun) = mpsc::channel();
        thread::spawn(move || {
            let _making = late.begin();
            begun.send(()).unwrap();
        });
        progress.opened(2, (None, None));
        drop(making);
        assert_eq!(ended.recv_timeout(Duration::from_secs(30)), Ok(2), "the call had opened the second one");
        end.join().unwrap();
        assert!(has_begun.recv_timeout(MAX_UNFINISHED).is_err(), "a call began after the end");
    }

    #[test]
    fn a_call_that_waits_for_its_peer_keeps_no_program_from_ending() {
        let progress = InProgress::default();
        let _stuck = progress.begin();
        progress.opened(1, (None, None));
        progress.opened(2, (None, None));
        progress.closed(1);
        assert_eq!(progress.end().into_keys().collect::<Vec<_>>(), [2]);
    }
}
