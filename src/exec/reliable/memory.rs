//! What a server remembers, so that nothing runs twice and nobody is answered too often.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use super::action::Job;
use super::cookie::OPENS_FOR;
use super::message::{Cookie, Nonce, SessionId};
use super::parts::{Part, Parts};
use super::timer::Timer;
use super::wire::Kind;

/// How long a session is remembered after it was last heard. It must be longer than a cookie opens a session: as soon as
/// a session is forgotten, nothing but its old cookie keeps a recording of it from being run again.
pub(super) const REMEMBER: Duration = Duration::from_secs(120);
const _: () = assert!(REMEMBER.as_secs() > OPENS_FOR.as_secs());

/// How many sessions are remembered: more than 500 a second for as long as each is remembered, in about 15 MB. Only who
/// has the key can fill it.
pub(super) const MAX_SESSIONS: usize = 65_536;

/// A session: what it asked last, and what became of that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Remembered {
    /// When it was last heard.
    pub(super) heard: Duration,
    /// Its highest request so far.
    pub(super) request: u32,
    pub(super) state: State,
    /// How long the way to it is.
    pub(super) timer: Timer,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It runs, or its answer is on its way.
    Open(Job),
    /// It was refused, for good.
    Refused,
    /// Its answer has arrived, or was given up.
    Closed,
}

/// The sessions of the last minutes, by their cookies (no two are the same).
#[derive(Default)]
pub(super) struct Memory {
    sessions: HashMap<Cookie, Remembered>,
    /// Each session, and when to see whether it may be forgotten; the earliest first.
    order: VecDeque<(Duration, Cookie)>,
}

impl Memory {
    pub(super) fn len(&self) -> usize {
        self.sessions.len()
    }

    pub(super) fn get_mut(&mut self, session: &SessionId) -> Option<&mut Remembered> {
        self.sessions.get_mut(&session.cookie)
    }

    /// Notes what a session asked.
    pub(super) fn note(&mut self, session: &SessionId, what: Remembered) {
        if self.sessions.insert(session.cookie, what).is_none() {
            self.order.push_back((what.heard + REMEMBER, session.cookie));
        }
    }

    /// Forgets what may be forgotten; whether there is room for another session then.
    pub(super) fn make_room(&mut self, now: Duration) -> Room {
        while let Some((due, cookie)) = self.order.front().copied().filter(|(due, _)| *due <= now) {
            self.order.pop_front();
            let heard = self.sessions.get(&cookie).map_or(due, |session| session.heard);
            if heard + REMEMBER > now {
                self.order.push_back((now + REMEMBER, cookie));
            } else {
                self.sessions.remove(&cookie);
            }
        }
        if self.sessions.len() < MAX_SESSIONS { Room::Enough } else { Room::None }
    }
}

/// Whether another session can be remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    Enough,
    None,
}

/// How many requests may have begun of which parts are missing: as many as answers may be on their way.
const MAX_BEGUN: usize = 64;

/// Requests that came in parts, and of which not all are here. Only who has the key and a cookie has one here.
#[derive(Default)]
pub(super) struct Begun(VecDeque<(Cookie, u32, Parts)>);

impl Begun {
    /// Takes a part of a request; gives its command once all of it is here. The oldest one that is waiting makes room.
    pub(super) fn insert(&mut self, session: &SessionId, request: u32, part: Part, bytes: &[u8]) -> Option<Vec<u8>> {
        if part == Part::WHOLE {
            return Some(bytes.to_vec());
        }
        let is_this = |begun: &(Cookie, u32, Parts)| (begun.0, begun.1) == (session.cookie, request);
        let place = self.0.iter().position(is_this);
        let (.., mut parts) =
            place.and_then(|at| self.0.remove(at)).unwrap_or((session.cookie, request, Parts::default()));
        let whole = parts.insert(part, bytes);
        if whole.is_none() {
            self.0.push_back((session.cookie, request, parts));
            self.0.drain(..self.0.len().saturating_sub(MAX_BEGUN));
        }
        whole
    }
}

/// How often the same is said to the same client: no more often than it asks ([`super::timer::MIN_RTO`]), so that only the
/// copies that a network makes go unanswered.
pub(super) const PAUSE: Duration = Duration::from_millis(100);

/// Enough that the clients of one moment rarely meet in one place. Constant, since strangers can play a recorded HELLO.
const PLACES: usize = 256;

/// What was said of late, and to whom.
pub(super) struct Lately([Option<(Nonce, Duration)>; PLACES]);

impl Lately {
    pub(super) fn new() -> Self {
        Self([None; PLACES])
    }

    /// Whether `kind` may be said at `now` to the client with this nonce; notes that it was.
    pub(super) fn may_say(&mut self, kind: Kind, nonce: &Nonce, now: Duration) -> bool {
        // A nonce has another place for each kind.
        let place = &mut self.0[usize::from(nonce[0] ^ kind as u8) % PLACES];
        let said = place.is_some_and(|(to, at)| to == *nonce && now < at + PAUSE);
        if !said {
            *place = Some((*nonce, now));
        }
        !said
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    const fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn session(number: u64) -> SessionId {
        let mut cookie = [0; size_of::<Cookie>()];
        cookie[..8].copy_from_slice(&number.to_be_bytes());
        SessionId { nonce: [0; 16], cookie }
    }

    fn asked(heard: Duration) -> Remembered {
        Remembered { heard, request: 1, state: State::Closed, timer: Timer::new() }
    }

    #[test]
    fn a_session_is_kept_for_two_minutes_after_it_was_last_heard() {
        let mut memory = Memory::default();
        memory.note(&session(1), asked(Duration::ZERO));
        memory.make_room(secs(119));
        memory.get_mut(&session(1)).unwrap().heard = secs(119);
        memory.make_room(secs(121));
        assert_eq!(memory.len(), 1, "heard since");
        memory.make_room(secs(238));
        assert_eq!(memory.len(), 1);
        memory.make_room(secs(241));
        assert_eq!((memory.len(), memory.order.len()), (0, 0));
    }

    #[test]
    fn a_full_memory_has_room_again_when_its_sessions_are_old_and_not_before() {
        let mut memory = Memory::default();
        for number in 0..MAX_SESSIONS as u64 {
            assert_eq!(memory.make_room(SECOND), Room::Enough);
            memory.note(&session(number), asked(SECOND));
        }
        assert_eq!(memory.make_room(REMEMBER), Room::None);
        assert_eq!(memory.len(), MAX_SESSIONS);
        assert_eq!(memory.make_room(REMEMBER + SECOND), Room::Enough);
        assert_eq!(memory.len(), 0);
    }

    #[test]
    fn the_same_is_said_to_the_same_client_once_in_a_while() {
        let mut lately = Lately::new();
        assert!(lately.may_say(Kind::Cookie, &[1; 16], SECOND));
        assert!(!lately.may_say(Kind::Cookie, &[1; 16], SECOND + PAUSE / 2));
        assert!(lately.may_say(Kind::Working, &[1; 16], SECOND + PAUSE / 2));
        assert!(lately.may_say(Kind::Cookie, &[2; 16], SECOND + PAUSE / 2));
        assert!(lately.may_say(Kind::Cookie, &[1; 16], SECOND + PAUSE));
    }
}
