//! Whether what a UDP client has sent was answered, and what it can know where it was not.

use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::lock::lock;
use crate::t;
use crate::terminal::screen;

/// Whether what was sent has been answered; shared by the thread that speaks and the one that hears.
pub struct Answers {
    server: Mutex<SocketAddr>,
    timeout: Duration,
    state: Mutex<Asked>,
    changed: Condvar,
}

#[derive(Default)]
struct Asked {
    question: Question,
    /// When it was.
    at: Option<Instant>,
    /// A thread waits for the silence to be long enough.
    watched: bool,
    told: bool,
    /// Something could not even be sent.
    unsent: bool,
}

/// What became of what was sent last.
#[derive(Clone, Copy, Default, PartialEq)]
enum Question {
    /// Nothing was sent, or something has come since.
    #[default]
    Answered,
    Open,
    Refused,
}

impl Answers {
    /// Those of `server`, to which nothing has been sent yet. If nothing comes within `timeout`, that is told, once.
    pub fn from(server: SocketAddr, timeout: Duration) -> Arc<Self> {
        Arc::new(Self { server: Mutex::new(server), timeout, state: Mutex::default(), changed: Condvar::new() })
    }

    /// Where what is sent goes.
    pub fn server(&self) -> SocketAddr {
        *lock(&self.server)
    }

    /// From now on it goes to `server`: whoever was written to so far is not there.
    pub fn move_to(&self, server: SocketAddr) {
        *lock(&self.server) = server;
    }

    /// Something is about to be sent.
    pub fn asked(self: &Arc<Self>) {
        let mut state = self.state();
        state.question = Question::Open;
        state.at = Some(Instant::now());
        if state.told || std::mem::replace(&mut state.watched, true) {
            return;
        }
        drop(state);
        let answers = Arc::clone(self);
        // Without a thread there is no notice, which changes nothing else.
        let _ = thread::Builder::new().spawn(move || answers.settled().watched = false);
    }

    /// Something has come, at this moment: what came before the question is no answer to it.
    pub fn note(&self, came: Instant) {
        let mut state = self.state();
        if state.at.is_none_or(|asked| asked <= came) {
            state.question = Question::Answered;
        }
        drop(state);
        self.changed.notify_all();
    }

    /// What was sent has been refused: nothing will come.
    pub fn refused(&self) {
        self.state().question = Question::Refused;
        self.changed.notify_all();
    }

    /// What was to be sent has not left: nothing will come, and the program has not done all that it was asked to.
    pub fn not_sent(&self) {
        self.state().unsent = true;
        self.refused();
    }

    /// Waits until something has come, at most until the timeout after the last question, and says whether all was sent
    /// and the last question answered; silence is told.
    pub fn wait(&self) -> bool {
        let state = self.settled();
        state.question == Question::Answered && !state.unsent
    }

    /// The state when no question is open any more, or the last one for as long as the timeout. A question that is asked
    /// meanwhile has all of its own time.
    fn settled(&self) -> MutexGuard<'_, Asked> {
        let mut state = self.state();
        while let Some(asked) = state.at.filter(|_| state.question == Question::Open) {
            let Some(left) = self.timeout.checked_sub(asked.elapsed()).filter(|left| !left.is_zero()) else { break };
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        if state.question == Question::Open && !std::mem::replace(&mut state.told, true) {
            let (server, seconds) = (self.server(), self.timeout.as_secs_f32());
            screen::talk(&t!(
                "no answer from {server} for {seconds} s: over UDP, a lost message, a slow server and nobody at all look the same; a late answer will still be shown",
                "{server} 已有 {seconds} 秒没有回复：在 UDP 里，消息丢了、对方慢、对方不在，看起来都一样；迟到的回复仍会显示"
            ));
        }
        state
    }

    fn state(&self) -> MutexGuard<'_, Asked> {
        lock(&self.state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(timeout: Duration) -> Arc<Answers> {
        Answers::from(([127, 0, 0, 1], 1).into(), timeout)
    }

    /// One question is answered, and the next one asked before the watching thread looks.
    #[test]
    fn each_question_has_all_of_its_time() {
        let timeout = Duration::from_millis(300);
        let answers = answers(timeout);
        answers.asked();
        thread::sleep(timeout / 2); // half of the first question's time passes
        let mut state = answers.state();
        let next = Instant::now();
        (state.question, state.at) = (Question::Open, Some(next));
        drop(state);
        answers.changed.notify_all();
        while !answers.state().told {
            thread::yield_now();
        }
        assert!(next.elapsed() >= timeout, "told after {:?}", next.elapsed());
        assert!(!answers.wait());
    }

    #[test]
    fn the_end_waits_for_what_was_asked_last_and_knows_what_was_not_sent() {
        let answers = answers(Duration::from_secs(3600));
        assert!(answers.wait(), "nothing was asked");
        answers.asked();
        answers.refused();
        assert!(!answers.wait());
        answers.asked();
        answers.note(Instant::now());
        assert!(answers.wait());
        answers.not_sent();
        answers.asked();
        answers.note(Instant::now());
        assert!(!answers.wait(), "one of them has not left");
    }
}
