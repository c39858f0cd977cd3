//! One request of a client: what has come of its answer, and whether it goes on.

use std::time::Duration;

use super::message::{Asked, Content, Doing, Progress};
use super::receiver::{Piece, Receiver};
use super::timer::Backoff;
use super::{GIVE_UP, STOPS_WITHIN, Unknown};

/// A request, and what has come of its answer.
pub(super) struct Asking {
    pub(super) command: Vec<u8>,
    pub(super) receiver: Receiver,
    began: Duration,
    /// When anything was last heard.
    pub(super) heard: Duration,
    /// When the latest question was asked that has an answer.
    answered: Option<Duration>,
    /// When it was last known that the request goes on.
    progress: Duration,
    /// Since when nothing has come but reports that nothing listens there.
    pub(super) refused: Option<Duration>,
    pub(super) again: Backoff,
    pub(super) stage: Stage,
}

/// How far a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Running,
    /// The person does not want it any more.
    Stopping,
    /// All of the answer is here.
    Complete,
    /// There will be no more of it.
    Failed,
}

impl Asking {
    /// A request that was sent at `now`.
    pub(super) fn new(command: Vec<u8>, again: Backoff, now: Duration) -> Self {
        Self {
            command,
            receiver: Receiver::new(),
            began: now,
            heard: now,
            answered: None,
            progress: now,
            refused: None,
            again,
            stage: Stage::Running,
        }
    }

    /// From `now` on the command is to be stopped, and what is waited for is its end.
    pub(super) fn stop(&mut self, again: Backoff, now: Duration) {
        self.stage = Stage::Stopping;
        self.progress = now;
        self.again = again;
    }

    /// The time of a question that is asked at `now`.
    pub(super) fn since(&self, now: Duration) -> Asked {
        now.saturating_sub(self.began).as_millis() as Asked
    }

    /// When to wait no longer, if there is no progress before; of a command that runs with so much patience.
    pub(super) fn given_up_at(&self, patience: Duration) -> Duration {
        self.progress + if self.stage == Stage::Stopping { STOPS_WITHIN } else { patience }
    }

    /// Why it is given up at `now`.
    pub(super) fn why_given_up(&self, now: Duration) -> Unknown {
        match self.stage {
            Stage::Stopping => Unknown::NotStopped,
            _ if now >= self.heard + GIVE_UP => Unknown::Silence,
            _ => Unknown::Stalled,
        }
    }

    /// Whether more of the answer is to come.
    pub(super) fn is_awaited(&self) -> bool {
        matches!(self.stage, Stage::Running | Stage::Stopping)
    }

    pub(super) fn takes(&mut self, number: u64, content: Content<'_>, now: Duration) -> News {
        if self.receiver.insert(number, content, now) == Piece::Known {
            return News::None;
        }
        self.progress = now;
        News::Some
    }

    /// How far the server says that it is. That tells of the time when it was asked: what somebody has recorded, and plays
    /// again and again, becomes no newer by that. Where all is here that was sent, it is progress that the command runs, or
    /// that the server waits for us. Not once the command was to be stopped: then what counts is that it ends.
    pub(super) fn learns(&mut self, progress: Progress, now: Duration) -> News {
        let asked = self.began + Duration::from_millis(progress.asked.into());
        if asked > now || self.answered.is_some_and(|latest| asked <= latest) {
            return News::None;
        }
        self.answered = Some(asked);
        let waits = progress.doing == Doing::Running || self.receiver.is_full();
        if self.stage == Stage::Running && waits && self.receiver.has_all_before(progress.unsent) {
            self.progress = self.progress.max(asked);
        }
        News::Some
    }
}

/// Whether a datagram told something that was not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
    Some,
    None,
}
