//! The server's side: who may ask, what runs, and what is answered from memory.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use super::STOPS_WITHIN;
use super::action::{Action, Job};
use super::cookie::{Issuer, OPENS_FOR};
use super::memory::{Begun, Lately, Memory, Remembered, Room, State};
use super::message::{self, Answer, Asked, Asks, Doing, Gone, Label, Nonce, Progress, Question, Says, SessionId};
use super::parts::Part;
use super::sender::Sender;
use super::timer::Timer;
use super::wire::{Kind, Side, Tagged, WINDOW};
use crate::exec::protocol::Outcome;
use crate::exec::tag::{DatagramKey, KEY_LENGTH, Key, Purpose};
use crate::terminal::screen::Output;
use crate::text::Charset;

/// How many answers may be on their way whose commands have ended, beyond those that may run: each keeps up to half a
/// megabyte until its client has it, or is given up.
const MAX_UNDELIVERED: usize = 48;

/// How much room makes a [`Action::Space`], in pieces: half the window, so that who offers is not woken for each piece.
const WORTHWHILE: usize = WINDOW / 2;

/// A server of remote commands, without socket and clock: datagrams and the time since some start in, [`Action`]s out.
pub struct Server {
    key: Key,
    hello: DatagramKey,
    issuer: Issuer,
    label: Label,
    lately: Lately,
    memory: Memory,
    begun: Begun,
    /// Cookies up to this age open nothing more: they were told BUSY without a note of whose they were.
    refused: Option<Duration>,
    /// Commands that run, and answers that are on their way.
    open: BTreeMap<Job, Open>,
    running: BTreeMap<Job, Wish>,
    max_clients: usize,
    jobs: u64,
    actions: Vec<Action>,
}

/// What is wanted of a command that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    Run,
    Stop,
}

/// A request that runs, or whose answer is on its way.
struct Open {
    asker: Asker,
    heard: Duration,
    sender: Sender,
    /// Whether its client wants it no more.
    stopped: bool,
    /// Whether [`Server::offer`] did not take all.
    wanting: bool,
}

/// Who asks, and about which of its requests.
struct Asker {
    from: SocketAddr,
    session: SessionId,
    tag_key: DatagramKey,
    request: u32,
}

impl Server {
    /// A server for the holders of `key`, of whose commands at most `max_clients` run at once. The `secret` is to be
    /// random, and another one at each start: by it a server knows its own sessions from those before its start.
    /// Its outputs are in `charset`.
    pub fn new(key: Key, secret: [u8; KEY_LENGTH], max_clients: usize, charset: Charset) -> Self {
        Self {
            hello: key.datagram_key(Purpose::Cookie, &[]),
            key,
            issuer: Issuer::new(secret),
            label: message::label(charset),
            lately: Lately::new(),
            memory: Memory::default(),
            begun: Begun::default(),
            refused: None,
            open: BTreeMap::new(),
            running: BTreeMap::new(),
            max_clients,
            jobs: 0,
            actions: Vec::new(),
        }
    }

    /// What is to be done since this was last called.
    pub fn actions(&mut self) -> Vec<Action> {
        std::mem::take(&mut self.actions)
    }

    /// How many commands run.
    pub fn running(&self) -> usize {
        self.running.len()
    }

    /// How many sessions are remembered.
    pub fn remembered(&self) -> usize {
        self.memory.len()
    }

    /// Takes a datagram that came `from` somebody. Nothing changes before its tag is known to hold.
    pub fn receive(&mut self, from: SocketAddr, datagram: &[u8], now: Duration) {
        let Some(tagged) = Tagged::split(datagram) else { return };
        let Some(question) = tagged.question() else { return };
        let session_key = match &question {
            Question::Hello(..) => self.hello.clone(),
            Question::Of { session, .. } => session.tag_key(&self.key),
        };
        if !tagged.holds(&session_key, Side::Client) {
            return;
        }
        match question {
            Question::Hello(nonce, asked) => self.greet(from, nonce, asked, now),
            Question::Of { session, request, asks } => {
                self.judge(Asker { from, session, tag_key: session_key, request }, &asks, now);
            }
        }
    }

    /// Gives a cookie, and keeps nothing.
    fn greet(&mut self, from: SocketAddr, nonce: Nonce, asked: Asked, now: Duration) {
        if self.lately.may_say(Kind::Cookie, &nonce, now) {
            let cookie = self.issuer.issue(from, &nonce, now);
            let answer = Answer::Cookie(nonce, asked, cookie, self.label);
            self.actions.push(Action::Send(from, answer.encode(&self.hello)));
        }
    }

    /// Tells sessions that are known, that may begin, and that are not from here.
    fn judge(&mut self, asker: Asker, asks: &Asks<'_>, now: Duration) {
        let issued = self.issuer.issued(&asker.session, asker.from);
        match (self.memory.get_mut(&asker.session), issued) {
            // A recording, played from elsewhere.
            (Some(_), None) => {}
            (Some(known), Some(_)) => {
                known.heard = now;
                let known = *known;
                self.answer(asker, known, asks, now);
            }
            (None, Some(issued)) if now <= issued + OPENS_FOR => {
                // Whatever else comes before its request has overtaken it.
                if let Asks::Run(asked, part, command) = asks
                    && let Some(command) = self.begun.insert(&asker.session, asker.request, *part, command)
                {
                    // The request followed the cookie at once.
                    let mut timer = Timer::new();
                    timer.measured(now.saturating_sub(issued + Duration::from_millis((*asked).into())));
                    self.open(asker, command, timer, issued, now);
                }
            }
            // Of a session before the server's start, or long forgotten: what it asked may have run, or may not.
            (None, issued) => {
                let why = if issued.is_some() { Gone::Forgotten } else { Gone::Foreign };
                self.say(&asker, Says::Gone(why), now);
            }
        }
    }

    /// A new session, if it can be remembered.
    fn open(&mut self, asker: Asker, command: Vec<u8>, timer: Timer, issued: Duration, now: Duration) {
        if self.memory.make_room(now) == Room::None {
            // BUSY promises that it will never run, but of whom this is said cannot be noted any more. So it is said
            // of every cookie up to now.
            self.refused = Some(now);
        }
        if self.refused.is_some_and(|until| issued <= until) {
            self.say(&asker, Says::Busy, now);
        } else {
            self.admit(asker, command, timer, now);
        }
    }

    /// Answers in a known session: at most once means that only a request with a new number runs.
    fn answer(&mut self, asker: Asker, known: Remembered, asks: &Asks<'_>, now: Duration) {
        match (asker.request.cmp(&known.request), known.state, asks) {
            (Ordering::Equal, State::Open(job), _) => self.attend(&asker, job, asks, now),
            (Ordering::Equal, State::Refused, Asks::Run(..)) => self.say(&asker, Says::Busy, now),
            (Ordering::Equal, State::Closed, Asks::Run(..)) | (Ordering::Less, _, Asks::Run(..)) => {
                self.say(&asker, Says::Expired, now);
            }
            (Ordering::Greater, _, Asks::Run(_, part, command)) => self.follow(asker, known, *part, command, now),
            _ => {}
        }
    }

    /// The next request of a session. Who asks it has done with the one before.
    fn follow(&mut self, asker: Asker, known: Remembered, part: Part, command: &[u8], now: Duration) {
        let Some(command) = self.begun.insert(&asker.session, asker.request, part, command) else { return };
        if let State::Open(job) = known.state {
            self.abandon(job);
        }
        self.admit(asker, command, known.timer, now);
    }

    /// Starts a command, or refuses it; either is remembered.
    fn admit(&mut self, asker: Asker, command: Vec<u8>, timer: Timer, now: Duration) {
        let full = self.running.len() >= self.max_clients || self.open.len() >= self.max_clients + MAX_UNDELIVERED;
        let state = if full {
            self.say(&asker, Says::Busy, now);
            State::Refused
        } else {
            State::Open(Job(self.jobs))
        };
        self.memory.note(&asker.session, Remembered { heard: now, request: asker.request, state, timer });
        if let State::Open(job) = state {
            self.jobs += 1;
            self.running.insert(job, Wish::Run);
            self.actions.push(Action::Start { job, command, from: asker.from });
            let sender = Sender::new(timer);
            self.open.insert(job, Open { asker, heard: now, sender, stopped: false, wanting: false });
        }
    }

    /// Takes what the client says about a request that is open.
    fn attend(&mut self, asker: &Asker, job: Job, asks: &Asks<'_>, now: Duration) {
        let doing = if self.running.contains_key(&job) { Doing::Running } else { Doing::Delivering };
        let Some(open) = self.open.get_mut(&job) else { return };
        open.heard = now;
        match asks {
            Asks::Run(when, ..) => {
                let progress = Progress { asked: *when, doing, unsent: open.sender.unsent() };
                self.say(asker, Says::Working(progress), now);
            }
            Asks::Stop => self.stop(job),
            Asks::Ack(ack) => open.sender.acknowledge(ack, now),
        }
        self.proceed(job, now);
    }

    /// Says something short, unless it was said just now.
    fn say(&mut self, asker: &Asker, says: Says<'_>, now: Duration) {
        if self.lately.may_say(says.kind(), &asker.session.nonce, now) {
            let datagram = Answer::Of { request: asker.request, says }.encode(&asker.tag_key);
            self.actions.push(Action::Send(asker.from, datagram));
        }
    }

    /// Takes as much of a command's output as there is room for, and says how much it was. When it was not all, a
    /// [`Action::Space`] tells when to go on. What a client that is gone will never read is taken and forgotten.
    pub fn offer(&mut self, job: Job, output: Output, bytes: &[u8], now: Duration) -> usize {
        let wanted = self.open.get_mut(&job).filter(|_| self.running.contains_key(&job));
        let Some(open) = wanted else { return bytes.len() };
        let taken = open.sender.offer(output, bytes);
        open.wanting = taken < bytes.len();
        self.proceed(job, now);
        taken
    }

    /// The command has ended, and all its output was offered.
    pub fn finish(&mut self, job: Job, outcome: Outcome, now: Duration) {
        if self.running.remove(&job).is_some()
            && let Some(open) = self.open.get_mut(&job)
        {
            open.sender.finish(outcome);
            self.proceed(job, now);
        }
    }

    /// Sends what may be sent now, and closes what has arrived.
    fn proceed(&mut self, job: Job, now: Duration) {
        let Some(open) = self.open.get_mut(&job) else { return };
        while let Some((place, content)) = open.sender.next(now) {
            let answer = Answer::Of { request: open.asker.request, says: Says::Piece(place, content) };
            self.actions.push(Action::Send(open.asker.from, answer.encode(&open.asker.tag_key)));
        }
        if open.wanting && open.sender.room() >= WORTHWHILE {
            open.wanting = false;
            self.actions.push(Action::Space(job));
        }
        if open.sender.is_empty() && !self.running.contains_key(&job) {
            self.close(job);
        }
    }

    /// Nobody waits for this any more; whoever waits for room may go on.
    fn abandon(&mut self, job: Job) {
        self.stop(job);
        if self.open.get(&job).is_some_and(|open| open.wanting) {
            self.actions.push(Action::Space(job));
        }
        self.close(job);
    }

    /// Has a command stopped; once is enough.
    fn stop(&mut self, job: Job) {
        if let Some(wish @ Wish::Run) = self.running.get_mut(&job) {
            *wish = Wish::Stop;
            self.actions.push(Action::Stop(job));
        }
        if let Some(open) = self.open.get_mut(&job) {
            open.stopped = true;
        }
    }

    /// Keeps of a request no more than that it was there.
    fn close(&mut self, job: Job) {
        if let Some(open) = self.open.remove(&job)
            && let Some(known) = self.memory.get_mut(&open.asker.session)
        {
            known.state = State::Closed;
            if open.sender.is_empty() {
                known.timer = open.sender.timer();
            }
        }
    }

    /// When [`Server::tick`] is to be called; it may have become earlier with any other call.
    pub fn next_deadline(&self) -> Option<Duration> {
        let deadline =
            |open: &Open| open.sender.next_deadline().map_or(open.given_up_at(), |at| at.min(open.given_up_at()));
        self.open.values().map(deadline).min()
    }

    /// Does what is due at `now`: sends again what was lost, gives up clients that are gone, or that nothing gets to.
    pub fn tick(&mut self, now: Duration) {
        for job in self.open.keys().copied().collect::<Vec<_>>() {
            let Some(open) = self.open.get_mut(&job) else { continue };
            if now >= open.given_up_at() {
                self.abandon(job);
            } else {
                open.sender.tick(now);
                self.proceed(job, now);
            }
        }
    }
}

impl Open {
    /// When its client counts as gone, or the way to it as closed.
    fn given_up_at(&self) -> Duration {
        let patience = self.sender.timer().patience();
        let stalls = if self.stopped { STOPS_WITHIN } else { patience };
        let gone = self.heard + patience;
        self.sender.stalls_since().map_or(gone, |since| gone.min(since + stalls))
    }
}

#[cfg(test)]
mod tests;
