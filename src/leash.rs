//! The command that a connection runs, held so that it can be stopped from the thread that listens to the client.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use crate::lock::lock;
use crate::shell::{Job, Why};

/// One connection's running command, or none.
pub struct Leash {
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

impl Leash {
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

    /// How much of its time the command has left.
    pub fn time_left(&self) -> Duration {
        match &*self.held() {
            Held::Running(job) => self.limit.saturating_sub(job.since.elapsed()),
            _ => self.limit,
        }
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
    use crate::remote::Outcome;
    use crate::shell::{Line, Place};

    const ENDLESS: &str = if cfg!(windows) { "for /L %i in (1,0,2) do @rem" } else { "sleep 60" };

    /// How a long command ends on a leash with `limit` that this happens to, before or after it has been started.
    fn end(limit: u64, before: impl Fn(&Leash), after: impl Fn(&Leash)) -> Outcome {
        let leash = Leash::new(Duration::from_millis(limit));
        assert!(leash.announce() && !leash.announce(), "one at a time");
        before(&leash);
        let (job, pipes) = Job::start(&Line::Command(ENDLESS.into()), &Place::default()).unwrap();
        leash.hold(&job);
        after(&leash);
        job.pump(pipes, |_, _| Ok(()))
    }

    #[test]
    fn a_command_is_stopped_whenever_that_is_asked_for() {
        let nothing = |_: &Leash| {};
        // A shell that is just starting may lose the first signal (2), end by the second (15), or be late for both (9).
        // On Windows there are no signals, and its status is 1.
        let stopped = |outcome| matches!(outcome, Outcome::Signalled(2 | 15 | 9) | Outcome::Exited(1));
        assert!(stopped(end(60_000, nothing, Leash::stop)));
        assert!(stopped(end(60_000, Leash::stop, nothing)));
        assert!(stopped(end(60_000, nothing, Leash::client_gone)));
        assert!(stopped(end(60_000, Leash::client_gone, nothing)));
        let overdue = |leash: &Leash| {
            while !leash.time_left().is_zero() {
                leash.stop_if_overdue();
            }
            leash.stop_if_overdue();
        };
        assert_eq!(end(20, nothing, overdue), Outcome::TimeLimit);
    }

    #[test]
    fn a_stop_that_comes_too_late_does_not_hit_the_next_command() {
        let leash = Leash::new(Duration::from_secs(60));
        assert!(leash.announce());
        leash.let_go();
        leash.stop();
        assert!(leash.announce());
        let (job, pipes) = Job::start(&Line::Command("exit 7".into()), &Place::default()).unwrap();
        leash.hold(&job);
        assert_eq!(job.pump(pipes, |_, _| Ok(())), Outcome::Exited(7));
        leash.client_gone();
        assert!(!leash.announce(), "nothing is run for a client that has gone");
    }
}
