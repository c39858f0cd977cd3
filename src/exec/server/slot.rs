//! A client's running command, held so that the thread that hears the client can stop it.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use crate::exec::shell::{Job, Why};
use crate::lock::lock;

/// One client's running command, or none.
pub struct Slot {
    held: Mutex<Held>,
    limit: Duration,
}

enum Held {
    /// No command runs.
    Nothing,
    /// A command has come and has not been started yet; whether it is to be stopped at once.
    Coming(Option<Why>),
    Running(Arc<Job>),
    /// The client has gone, and nothing runs any more.
    ClientGone,
}

impl Slot {
    /// For commands that may run for `limit`.
    pub fn new(limit: Duration) -> Self {
        Self { held: Mutex::new(Held::Nothing), limit }
    }

    /// A command has come. Says whether there is a place for it: only one runs at a time.
    pub fn announce(&self) -> bool {
        let mut held = self.held();
        let free = matches!(*held, Held::Nothing);
        if free {
            *held = Held::Coming(None);
        }
        free
    }

    /// Holds the command that was announced and runs now.
    pub fn hold(&self, job: &Arc<Job>) {
        let mut held = self.held();
        match *held {
            Held::Coming(Some(why)) => job.stop(why),
            Held::ClientGone => return job.stop(Why::Client),
            _ => {}
        }
        *held = Held::Running(Arc::clone(job));
    }

    /// The command has ended, or could not be started.
    pub fn let_go(&self) {
        let mut held = self.held();
        if !matches!(*held, Held::ClientGone) {
            *held = Held::Nothing;
        }
    }

    /// The client wants the command stopped. Without one there is nothing to do: its end was on the way already.
    pub fn stop(&self) {
        match &mut *self.held() {
            Held::Running(job) => job.stop(Why::Client),
            Held::Coming(stop) => *stop = Some(Why::Client),
            Held::Nothing | Held::ClientGone => {}
        }
    }

    /// The client has gone, and takes its command along.
    pub fn client_gone(&self) {
        if let Held::Running(job) = std::mem::replace(&mut *self.held(), Held::ClientGone) {
            job.stop(Why::Client);
        }
    }

    /// How much of its time the command has left; `None` where that is over, so that it is being stopped.
    pub fn time_left(&self) -> Option<Duration> {
        let left = match &*self.held() {
            Held::Running(job) => self.limit.saturating_sub(job.since.elapsed()),
            _ => self.limit,
        };
        Some(left).filter(|left| !left.is_zero())
    }

    /// Stops a command whose time is over.
    pub fn stop_if_overdue(&self) {
        if let Held::Running(job) = &*self.held()
            && job.since.elapsed() >= self.limit
        {
            job.stop(Why::TimeLimit);
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        lock(&self.held)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exec::protocol::Outcome;
    use crate::exec::shell::{Line, WorkingDirectory};

    const ENDLESS: &str = if cfg!(windows) { "for /L %i in (1,0,2) do @rem" } else { "sleep 60" };

    /// How a long command ends on a slot with `limit` that this happens to, before or after it has been started.
    fn end(limit: u64, before: impl Fn(&Slot), after: impl Fn(&Slot)) -> Outcome {
        let slot = Slot::new(Duration::from_millis(limit));
        assert!(slot.announce() && !slot.announce(), "one at a time");
        before(&slot);
        let (job, pipes) = Job::start(&Line::Command(ENDLESS.into()), &WorkingDirectory::default()).unwrap();
        slot.hold(&job);
        after(&slot);
        job.pump(pipes, |_, _| Ok(()))
    }

    #[test]
    fn a_command_is_stopped_whenever_that_is_asked_for() {
        let nothing = |_: &Slot| {};
        // A shell that is just starting may lose the first signal (2), end by the second (15), or be late for both (9).
        // On Windows there are no signals, and its status is 1.
        let stopped = |outcome| matches!(outcome, Outcome::Signalled(2 | 15 | 9) | Outcome::Exited(1));
        assert!(stopped(end(60_000, nothing, Slot::stop)));
        assert!(stopped(end(60_000, Slot::stop, nothing)));
        assert!(stopped(end(60_000, nothing, Slot::client_gone)));
        assert!(stopped(end(60_000, Slot::client_gone, nothing)));
        let overdue = |slot: &Slot| {
            while slot.time_left().is_some() {
                slot.stop_if_overdue();
            }
            slot.stop_if_overdue();
        };
        assert_eq!(end(20, nothing, overdue), Outcome::TimeLimit);
    }

    #[test]
    fn a_stop_that_comes_too_late_does_not_hit_the_next_command() {
        let slot = Slot::new(Duration::from_secs(60));
        assert!(slot.announce());
        slot.let_go();
        slot.stop();
        assert!(slot.announce());
        let (job, pipes) = Job::start(&Line::Command("exit 7".into()), &WorkingDirectory::default()).unwrap();
        slot.hold(&job);
        assert_eq!(job.pump(pipes, |_, _| Ok(())), Outcome::Exited(7));
        slot.client_gone();
        assert!(!slot.announce(), "nothing is run for a client that has gone");
    }
}
