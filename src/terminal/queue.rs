//! What waits for somebody slow: a terminal that was stopped (Ctrl-S), a pipe that nobody reads. One thread shows it; the
//! others put things in line, and what finds no room there is counted instead.

use std::collections::VecDeque;
use std::mem;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::lock::lock;

/// Things in line that weigh no more than a limit. A weight in bytes has those of the thing itself in it too, or empty
/// lines without end would find room.
pub(crate) struct Queue<T> {
    limit: usize,
    weigh: fn(&T) -> usize,
    line: Mutex<Line<T>>,
    changed: Condvar,
}

struct Line<T> {
    things: VecDeque<T>,
    weight: usize,
    left_out: usize,
    /// Whether everything has been shown: then the thread that shows it has to be woken.
    asleep: bool,
}

impl<T> Queue<T> {
    pub(crate) const fn new(limit: usize, weigh: fn(&T) -> usize) -> Self {
        let line = Line { things: VecDeque::new(), weight: 0, left_out: 0, asleep: true };
        Self { limit, weigh, line: Mutex::new(line), changed: Condvar::new() }
    }

    /// Puts things in line, or counts them where they find no room.
    pub(crate) fn push(&self, things: impl IntoIterator<Item = T>) {
        self.put(things, self.limit);
    }

    /// Puts a thing in line that must not be left out. Who has many of them calls [`Queue::wait_for_room`] first.
    pub(crate) fn force(&self, thing: T) {
        self.put([thing], usize::MAX);
    }

    fn put(&self, things: impl IntoIterator<Item = T>, limit: usize) {
        let mut line = lock(&self.line);
        for thing in things {
            let weight = line.weight + (self.weigh)(&thing);
            if weight > limit {
                line.left_out += 1;
            } else {
                line.weight = weight;
                line.things.push_back(thing);
            }
        }
        // Waking a thread costs more than the rest.
        if line.asleep && line.has_news() {
            line.asleep = false;
            drop(line);
            self.changed.notify_all();
        }
    }

    /// Waits until what is in line weighs no more than `limit`.
    pub(crate) fn wait_for_room(&self, limit: usize) {
        drop(self.changed.wait_while(lock(&self.line), |line| line.weight > limit));
    }

    /// Waits for the first thing in line, and tells how many were left out.
    pub(crate) fn next(&self) -> (Option<T>, usize) {
        let mut line = self.news();
        let first = line.things.pop_front();
        line.weight -= first.as_ref().map_or(0, self.weigh);
        (first, mem::take(&mut line.left_out))
    }

    /// Waits for all that is in line, and tells how many were left out.
    pub(crate) fn take(&self) -> (VecDeque<T>, usize) {
        let mut line = self.news();
        line.weight = 0;
        (mem::take(&mut line.things), mem::take(&mut line.left_out))
    }

    /// Waits until there is something to take. Who comes for more has shown what came before.
    fn news(&self) -> MutexGuard<'_, Line<T>> {
        let mut line = lock(&self.line);
        while !line.has_news() {
            line.asleep = true;
            self.changed.notify_all();
            line = self.changed.wait(line).unwrap_or_else(PoisonError::into_inner);
        }
        line.asleep = false;
        // What is taken now makes room.
        self.changed.notify_all();
        line
    }

    /// Lets something happen before all that comes later, if everything has been shown; says whether both is so.
    pub(crate) fn pass(&self, act: impl FnOnce() -> bool) -> bool {
        let line = lock(&self.line);
        line.asleep && act()
    }

    /// Waits until everything has been shown, `limit` at most.
    pub(crate) fn finish(&self, limit: Duration) {
        drop(self.changed.wait_timeout_while(lock(&self.line), limit, |line| !line.asleep));
    }
}

impl<T> Line<T> {
    fn has_news(&self) -> bool {
        !self.things.is_empty() || self.left_out > 0
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    fn size(text: &&str) -> usize {
        text.len() + 1
    }

    #[test]
    fn what_finds_no_room_is_counted_and_told_once() {
        let queue = Queue::new(10, size);
        queue.push(["four", "four", "", "five!"]);
        assert_eq!(queue.take(), (["four", "four"].into(), 2), "empty texts weigh something too");
        queue.push(["more"]);
        assert_eq!(queue.take(), (["more"].into(), 0));
        queue.push(["longer than all"]);
        assert_eq!(queue.take(), (VecDeque::new(), 1));
    }

    #[test]
    fn what_must_not_be_left_out_waits_for_room() {
        let queue = Queue::new(10, size);
        queue.force("longer than all");
        queue.push(["no"]);
        thread::scope(|scope| {
            let patient = scope.spawn(|| {
                queue.wait_for_room(0);
                queue.force("at last");
            });
            assert_eq!(queue.next(), (Some("longer than all"), 1));
            patient.join().unwrap();
        });
        assert_eq!(queue.next(), (Some("at last"), 0));
        assert_eq!(lock(&queue.line).weight, 0);
    }

    #[test]
    fn nothing_passes_what_waits_or_is_being_shown() {
        let queue = Queue::new(10, size);
        assert!(queue.pass(|| true) && !queue.pass(|| false));
        queue.push(["one"]);
        assert!(!queue.pass(|| panic!("it is in line")));
        queue.take();
        assert!(!queue.pass(|| panic!("it has not been shown")));
        queue.finish(Duration::from_millis(1));
        thread::scope(|scope| {
            let shows = scope.spawn(|| queue.next());
            queue.finish(Duration::MAX);
            assert!(queue.pass(|| true));
            queue.push(["two"]);
            assert_eq!(shows.join().unwrap(), (Some("two"), 0));
        });
    }
}
