//! One request of a client: what has come of its answer, and whether it goes on.

use std::time::Duration;

use super::message::{Asked, Content, Doing, Place, Progress};
use super::parts::{Part, SMALL};
use super::receiver::{Piece, Receiver};
use super::timer::Backoff;
use super::wire::{MAX_COMMAND, MAX_PAYLOAD};
use super::{GIVE_UP, LETS_GO_WITHIN, STOPS_WITHIN, Unknown};

/// After so many attempts in vain the way may take no large datagrams.
const UNSURE: u32 = 3;

/// Without progress for so long, a client that is to stop has little to hope for: while a server is there, every two
/// seconds bring some.
const STALLED: Duration = Duration::from_secs(5);

/// The longest command in a small datagram, in bytes.
const SMALL_COMMAND: usize = SMALL + MAX_COMMAND - MAX_PAYLOAD;

/// A request, and what has come of its answer.
pub(super) struct Asking {
    pub(super) command: Vec<u8>,
    /// How often it was said since anything was heard of it.
    said: u32,
    pub(super) receiver: Receiver,
    began: Duration,
    /// When anything was last heard.
    pub(super) heard: Duration,
    /// When the latest question was asked that has an answer.
    answered: Option<Duration>,
    /// When it was last known that the request goes on.
    progress: Duration,
    /// How long its end is waited for, once it is to be stopped.
    stops_within: Duration,
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
            said: 1,
            receiver: Receiver::new(),
            began: now,
            heard: now,
            answered: None,
            progress: now,
            stops_within: STOPS_WITHIN,
            refused: None,
            again,
            stage: Stage::Running,
        }
    }

    /// From `now` on the command is to be stopped, and what is waited for is its end.
    pub(super) fn stop(&mut self, again: Backoff, now: Duration) {
        let stalled = now >= self.progress + STALLED;
        self.stops_within = if stalled { LETS_GO_WITHIN } else { STOPS_WITHIN };
        self.stage = Stage::Stopping;
        self.progress = now;
        self.again = again;
    }

    /// Says it once more; gives the parts to say. A server that has the request needs no more than to see that it is
    /// asked about.
    pub(super) fn say_again(&mut self, longest: Duration, now: Duration) -> Vec<Part> {
        self.again.again(longest, now);
        self.said += 1;
        let large = self.command.len() > SMALL_COMMAND;
        if !large {
            vec![Part::WHOLE]
        } else if self.answered.is_some() || self.receiver.has_begun() {
            vec![Part::FIRST]
        } else if self.said > UNSURE {
            Part::FIRST.on().collect()
        } else {
            vec![Part::WHOLE]
        }
    }

    /// The time of a question that is asked at `now`.
    pub(super) fn since(&self, now: Duration) -> Asked {
        now.saturating_sub(self.began).as_millis() as Asked
    }

    /// When to wait no longer, if there is no progress before; of a command that runs with so much patience.
    pub(super) fn given_up_at(&self, patience: Duration) -> Duration {
        self.progress + if self.stage == Stage::Stopping { self.stops_within } else { patience }
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

    pub(super) fn takes(&mut self, place: Place, content: Content<'_>, now: Duration) -> News {
        if self.receiver.insert(place, content, now) == Piece::Known {
            return News::None;
        }
        self.progress = now;
        self.stops_within = STOPS_WITHIN;
        News::Some
    }

    /// How far the server says that it is. That tells of the time when it was asked: what somebody has recorded, and plays
    /// again and again, becomes no newer by that. Where all is here that was sent, it is progress that the command runs, or
    /// that the server waits for us. Not once the command was to be stopped: then what counts is that it ends; but a server
    /// that is there has all the time that it may take. Gives how long the answer took, if it is news.
    pub(super) fn learns(&mut self, progress: Progress, now: Duration) -> Option<Duration> {
        let asked = self.began + Duration::from_millis(progress.asked.into());
        if asked > now || self.answered.is_some_and(|latest| asked <= latest) {
            return None;
        }
        self.answered = Some(asked);
        let waits = progress.doing == Doing::Running || self.receiver.is_full();
        if waits && self.receiver.has_all_before(progress.unsent) {
            match self.stage {
                Stage::Running => self.progress = self.progress.max(asked),
                _ => self.stops_within = STOPS_WITHIN,
            }
        }
        Some(now.saturating_sub(asked))
    }
}

/// Whether a datagram told something that was not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
    Some,
    None,
}
