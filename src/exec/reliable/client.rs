//! The client's side: one request at a time, asked until it is answered, and what is known when it is not.

use std::time::Duration;

use super::asking::{Asking, News, Stage};
use super::message::{self, Answer, Asked, Asks, Content, Cookie, Label, Nonce, Question, Says, SessionId};
use super::parts::Part;
use super::timer::{ASKS_EVERY, Backoff, FIRST_RTO, Timer};
use super::wire::{MAX_COMMAND, Side, Tagged};
use super::{Event, GIVE_UP, NotRun, TooLong, Unknown};
use crate::exec::tag::{DatagramKey, Key, Purpose};
use crate::terminal::screen::Output;
use crate::text::Charset;

/// How long a session may rest before the next request gets a new one: far shorter than any server remembers it
/// ([`super::memory::REMEMBER`]), so that no request meets a server that has forgotten its session.
const SESSION_RESTS: Duration = Duration::from_secs(30);

/// How long reports that nothing listens at the server's address must come, and nothing else, to be believed: at least
/// two of them, since such a report can be forged, or come from something in between that starts up.
const BELIEVED: Duration = Duration::from_secs(3);

/// How often the last acknowledgement is sent. If all are lost, the server sends the last pieces again to a client that
/// may be gone: at a loss of 20 % once in 125 times.
const FAREWELLS: usize = 3;

/// So much of an output is shown at once, if so much is here, in bytes.
const SHOWN_AT_ONCE: usize = 64 * 1024;

/// A client of one server, without socket and clock: datagrams and the time since some start in, datagrams and
/// [`Event`]s out.
pub struct Client {
    key: Key,
    hello: DatagramKey,
    session: Option<Session>,
    phase: Phase,
    /// What remains to be told of a request that has no outcome.
    failure: Option<Event>,
    datagrams: Vec<Vec<u8>>,
    charset: Charset,
}

struct Session {
    id: SessionId,
    tag_key: DatagramKey,
    timer: Timer,
    /// The number of its last request.
    request: u32,
}

enum Phase {
    Idle,
    Opening(Opening),
    Asking(Asking),
}

/// Asking for a cookie.
struct Opening {
    command: Vec<u8>,
    nonce: Nonce,
    began: Duration,
    again: Backoff,
}

impl Opening {
    /// What is sent at `now`. It tells the time, so that the answer tells how long the way is.
    fn hello(&self, now: Duration) -> Question<'static> {
        Question::Hello(self.nonce, now.saturating_sub(self.began).as_millis() as Asked)
    }
}

impl Client {
    /// A client that holds `key`.
    pub fn new(key: Key) -> Self {
        let hello = key.datagram_key(Purpose::Cookie, &[]);
        Self {
            key,
            hello,
            session: None,
            phase: Phase::Idle,
            failure: None,
            datagrams: Vec::new(),
            charset: Charset::default(),
        }
    }

    /// Whether the server has not answered at all yet.
    pub fn is_opening(&self) -> bool {
        matches!(self.phase, Phase::Opening(_))
    }

    /// The encoding of the outputs, which the server declares before anything of them comes.
    pub fn charset(&self) -> Charset {
        self.charset
    }

    /// The datagrams to send since this was last called.
    pub fn datagrams(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.datagrams)
    }

    /// Asks for a command to be run; `nonce` is 16 random bytes, used if this begins a new session. Whatever was left of
    /// the request before is dropped.
    ///
    /// # Errors
    /// The command does not fit into a datagram.
    pub fn request(&mut self, command: &[u8], nonce: Nonce, now: Duration) -> Result<(), TooLong> {
        if command.len() > MAX_COMMAND {
            return Err(TooLong(command.len()));
        }
        self.failure = None;
        let command = command.to_vec();
        if self.has_fresh_session(now) {
            self.ask(command, now);
        } else {
            self.open(command, nonce, now);
        }
        Ok(())
    }

    /// Begins a new session, for this command.
    fn open(&mut self, command: Vec<u8>, nonce: Nonce, now: Duration) {
        self.session = None;
        let opening = Opening { command, nonce, began: now, again: Backoff::new(FIRST_RTO, now) };
        self.datagrams.push(opening.hello(now).encode(&self.hello));
        self.phase = Phase::Opening(opening);
    }

    /// Whether the server remembers the session, and the session has a number left.
    fn has_fresh_session(&self, now: Duration) -> bool {
        let rested = match &self.phase {
            Phase::Asking(last) if last.stage == Stage::Complete => now.saturating_sub(last.heard),
            _ => return false,
        };
        rested < SESSION_RESTS && self.session.as_ref().is_some_and(|session| session.request < u32::MAX)
    }

    /// Sends a new request in the session.
    fn ask(&mut self, command: Vec<u8>, now: Duration) {
        let Some(session) = &mut self.session else { return };
        session.request += 1;
        let again = Backoff::new(session.timer.rto(), now);
        self.datagrams.push(session.question(Asks::Run(0, Part::WHOLE, &command)));
        self.phase = Phase::Asking(Asking::new(command, again, now));
    }

    /// Stops the request: asks the server to, and goes on until the command has ended.
    pub fn stop(&mut self, now: Duration) {
        match (&mut self.phase, &self.session) {
            (Phase::Opening(_), _) => self.fail(Event::NotRun(NotRun::Withdrawn)),
            (Phase::Asking(asking), Some(session)) if asking.stage == Stage::Running => {
                asking.stop(Backoff::new(session.timer.rto(), now), now);
                self.datagrams.push(session.question(Asks::Stop));
            }
            _ => {}
        }
    }

    /// The system reports that nothing listens at the server's address. Before the request is sent that settles it. After
    /// that the command may have run; once nothing but such reports has come for a while, nobody will say whether.
    pub fn refused(&mut self, now: Duration) {
        let failure = match &mut self.phase {
            Phase::Opening(_) => Some(Event::NotRun(NotRun::Refused)),
            Phase::Asking(asking) if asking.is_awaited() => {
                let since = *asking.refused.get_or_insert(now);
                (now >= since + BELIEVED).then_some(Event::Unknown(Unknown::Refused))
            }
            _ => None,
        };
        if let Some(failure) = failure {
            self.fail(failure);
        }
    }

    /// Takes a datagram that came from the server's address. Nothing changes before its tag is known to hold.
    pub fn receive(&mut self, datagram: &[u8], now: Duration) {
        let Some(tagged) = Tagged::split(datagram) else { return };
        match (tagged.answer(), &self.session) {
            (Some(Answer::Cookie(nonce, asked, cookie, label)), _) if tagged.holds(&self.hello, Side::Server) => {
                self.opened(nonce, asked, cookie, label, now);
            }
            (Some(Answer::Of { request, says }), Some(session))
                if tagged.holds(&session.tag_key, Side::Server) && request == session.request =>
            {
                self.heard(says, now);
            }
            _ => {}
        }
    }

    /// The cookie is here: the session begins, with the request that waits for it. A second cookie finds nobody waiting.
    fn opened(&mut self, nonce: Nonce, asked: Asked, cookie: Cookie, label: Label, now: Duration) {
        let Phase::Opening(opening) = &mut self.phase else { return };
        if opening.nonce != nonce {
            return;
        }
        let mut timer = Timer::new();
        timer.measured(now.saturating_sub(opening.began + Duration::from_millis(asked.into())));
        let command = std::mem::take(&mut opening.command);
        let id = SessionId { nonce, cookie };
        self.charset = message::charset(&label);
        self.session = Some(Session { id, tag_key: id.tag_key(&self.key), timer, request: 0 });
        self.ask(command, now);
    }

    /// The server has said something about the request.
    fn heard(&mut self, says: Says<'_>, now: Duration) {
        let (Phase::Asking(asking), Some(session)) = (&mut self.phase, &mut self.session) else { return };
        let news = match (asking.stage, says) {
            (Stage::Failed, _) => return,
            (_, Says::Piece(place, content)) => asking.takes(place, content, now),
            // All of the answer is here, so this is older.
            (Stage::Complete, _) => return,
            (_, Says::Working(progress)) => match asking.learns(progress, now) {
                Some(round_trip) => {
                    session.timer.measured(round_trip);
                    News::Some
                }
                None => News::None,
            },
            (_, Says::Busy) => return self.fail(Event::NotRun(NotRun::Busy)),
            (_, Says::Expired) => return self.fail(Event::Unknown(Unknown::Expired)),
            (_, Says::Gone(why)) => return self.fail(Event::Unknown(why.into())),
        };
        asking.heard = now;
        asking.refused = None;
        if news == News::Some && asking.stage == Stage::Running {
            // The server has the request. From now on asking only shows that the client is still there.
            asking.again = Backoff::new(session.timer.asks_every(), now);
        }
        self.acknowledge(now);
    }

    /// There will be no outcome.
    fn fail(&mut self, event: Event) {
        self.failure = Some(event);
        match &mut self.phase {
            Phase::Asking(asking) => asking.stage = Stage::Failed,
            _ => self.phase = Phase::Idle,
        }
    }

    /// Sends the acknowledgement that is due, if one is.
    fn acknowledge(&mut self, now: Duration) {
        let (Phase::Asking(asking), Some(session)) = (&mut self.phase, &self.session) else { return };
        if asking.stage == Stage::Failed || asking.receiver.next_deadline().is_none_or(|due| now < due) {
            return;
        }
        let datagram = session.question(Asks::Ack(asking.receiver.acknowledge()));
        if asking.receiver.is_complete() && asking.stage != Stage::Complete {
            asking.stage = Stage::Complete;
            self.datagrams.extend(vec![datagram; FAREWELLS]);
        } else {
            self.datagrams.push(datagram);
        }
    }

    /// What there is to tell next; `None` when that takes more datagrams. Output that is not fetched holds the server
    /// back: only so much is kept here (half a megabyte). After any event but [`Event::Show`] the request is over.
    pub fn event(&mut self, now: Duration) -> Option<Event> {
        let content = match &mut self.phase {
            Phase::Asking(asking) => asking.receiver.take(now),
            _ => None,
        };
        let event = match content {
            Some(Content::Output(output, bytes)) => {
                Some(Event::Show(output, self.more(output, bytes.into_owned(), now)))
            }
            Some(Content::Done(outcome)) => Some(Event::Ended(outcome)),
            None => self.failure.take(),
        };
        self.acknowledge(now);
        event
    }

    /// With what is behind it of the same output: who shows it calls the system once for all of them.
    fn more(&mut self, output: Output, mut bytes: Vec<u8>, now: Duration) -> Vec<u8> {
        let Phase::Asking(asking) = &mut self.phase else { return bytes };
        while bytes.len() < SHOWN_AT_ONCE
            && let Some(more) = asking.receiver.take_more(output, now)
        {
            bytes.extend_from_slice(&more);
        }
        bytes
    }

    /// When [`Client::tick`] is to be called; it may have become earlier with any other call.
    pub fn next_deadline(&self) -> Option<Duration> {
        match &self.phase {
            Phase::Idle => None,
            Phase::Opening(opening) => Some(opening.again.due().min(opening.began + GIVE_UP)),
            Phase::Asking(asking) => {
                let awaited = asking.is_awaited().then(|| asking.again.due().min(self.given_up_at(asking)));
                let due = asking.receiver.next_deadline().filter(|_| asking.stage != Stage::Failed);
                awaited.into_iter().chain(due).min()
            }
        }
    }

    /// Does what is due at `now`: asks again, acknowledges, gives up.
    pub fn tick(&mut self, now: Duration) {
        match &mut self.phase {
            Phase::Opening(opening) if now >= opening.began + GIVE_UP => {
                self.fail(Event::NotRun(NotRun::Unreached));
            }
            Phase::Opening(opening) if now >= opening.again.due() => {
                opening.again.again(ASKS_EVERY, now);
                self.datagrams.push(opening.hello(now).encode(&self.hello));
            }
            Phase::Asking(asking) if asking.is_awaited() => self.go_on_asking(now),
            _ => {}
        }
        self.acknowledge(now);
    }

    /// Gives up, or asks again.
    fn go_on_asking(&mut self, now: Duration) {
        let Phase::Asking(asking) = &self.phase else { return };
        if now >= self.given_up_at(asking) {
            self.fail(Event::Unknown(asking.why_given_up(now)));
        } else if now >= asking.again.due() {
            self.ask_again(now);
        }
    }

    /// When to wait no longer, if there is no progress before.
    fn given_up_at(&self, asking: &Asking) -> Duration {
        asking.given_up_at(self.session.as_ref().map_or(GIVE_UP, |session| session.timer.patience()))
    }

    /// Says again all that the server may have missed.
    fn ask_again(&mut self, now: Duration) {
        let (Phase::Asking(asking), Some(session)) = (&mut self.phase, &self.session) else { return };
        for part in asking.say_again(session.timer.asks_every(), now) {
            let asks = Asks::Run(asking.since(now), part, part.of(&asking.command));
            self.datagrams.push(session.question(asks));
        }
        if asking.stage == Stage::Stopping {
            self.datagrams.push(session.question(Asks::Stop));
        }
        if asking.receiver.has_begun() {
            self.datagrams.push(session.question(Asks::Ack(asking.receiver.acknowledge())));
        }
    }
}

impl Session {
    /// What is said about its last request.
    fn question(&self, asks: Asks<'_>) -> Vec<u8> {
        Question::Of { session: self.id, request: self.request, asks }.encode(&self.tag_key)
    }
}

#[cfg(test)]
mod tests;
