use super::*;
use crate::exec::reliable::memory::{MAX_SESSIONS, PAUSE, REMEMBER};
use crate::exec::reliable::message::{Ack, Cookie};

const FIRST: Job = Job(0);

fn key() -> Key {
    Key::new([42; KEY_LENGTH])
}

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn server(max_clients: usize) -> Server {
    Server::new(key(), [1; KEY_LENGTH], max_clients, Charset::default())
}

/// A client that says what a test wants it to.
struct Peer {
    address: SocketAddr,
    session: SessionId,
}

impl Peer {
    /// One that has got a cookie.
    fn new(server: &mut Server, number: u16, now: Duration) -> Self {
        let address = SocketAddr::from(([10, 0, 0, 1], number));
        let nonce = [number.to_be_bytes(); 8].concat().try_into().expect("16 bytes");
        let hello = Question::Hello(nonce, 77).encode(&key().datagram_key(Purpose::Cookie, &[]));
        server.receive(address, &hello, now);
        let [Action::Send(to, answer)] = &server.actions()[..] else { panic!("no cookie") };
        assert_eq!((*to, answer.len()), (address, hello.len()));
        let Some(Answer::Cookie(echo, 77, cookie, _)) = Tagged::split(answer).and_then(|tagged| tagged.answer()) else {
            panic!("no cookie")
        };
        assert_eq!(echo, nonce);
        Self { address, session: SessionId { nonce, cookie } }
    }

    fn datagram(&self, request: u32, asks: Asks<'_>) -> Vec<u8> {
        Question::Of { session: self.session, request, asks }.encode(&self.session.tag_key(&key()))
    }

    /// Says something, and gives what the server does then.
    fn say(&self, server: &mut Server, request: u32, asks: Asks<'_>, now: Duration) -> Vec<Did> {
        server.receive(self.address, &self.datagram(request, asks), now);
        done(server)
    }

    fn run(&self, server: &mut Server, request: u32, now: Duration) -> Vec<Did> {
        self.say(server, request, Asks::Run(7, Part::WHOLE, b"command"), now)
    }
}

/// What a server does, without addresses.
#[derive(Debug, PartialEq)]
enum Did {
    Say(Kind),
    Start(Job),
    Stop(Job),
    Space(Job),
}

fn done(server: &mut Server) -> Vec<Did> {
    let brief = |action| match action {
        Action::Send(_, datagram) => match Tagged::split(&datagram).and_then(|tagged| tagged.answer()) {
            Some(Answer::Of { says, .. }) => Did::Say(says.kind()),
            _ => Did::Say(Kind::Cookie),
        },
        Action::Start { job, .. } => Did::Start(job),
        Action::Stop(job) => Did::Stop(job),
        Action::Space(job) => Did::Space(job),
    };
    server.actions().into_iter().map(brief).collect()
}

fn all(next: u64) -> Asks<'static> {
    Asks::Ack(Ack { next, limit: next + WINDOW as u64, latest: next, later: [0; WINDOW / 64] })
}

#[test]
fn a_request_runs_once_and_is_answered_from_memory_from_then_on() {
    let mut server = server(16);
    let peer = Peer::new(&mut server, 1, at(0));
    assert_eq!(peer.run(&mut server, 1, at(0)), [Did::Start(FIRST)]);
    assert_eq!(peer.run(&mut server, 1, at(1)), [Did::Say(Kind::Working)], "it runs");
    server.finish(FIRST, Outcome::Exited(0), at(1));
    assert_eq!(done(&mut server), [Did::Say(Kind::Done)]);
    assert_eq!(peer.run(&mut server, 1, at(2)), [Did::Say(Kind::Working)], "its answer is on its way");
    assert_eq!(peer.say(&mut server, 1, all(1), at(3)), []);
    assert_eq!((server.open.len(), server.remembered()), (0, 1), "all but its number is forgotten");
    assert_eq!(peer.run(&mut server, 1, at(4)), [Did::Say(Kind::Expired)]);
    assert_eq!(peer.run(&mut server, 2, at(5)), [Did::Start(Job(1))]);
    assert_eq!(peer.run(&mut server, 1, at(6)), [Did::Say(Kind::Expired)], "lower than the current");
}

#[test]
fn the_next_request_ends_the_one_before() {
    let mut server = server(16);
    let peer = Peer::new(&mut server, 1, at(0));
    peer.run(&mut server, 1, at(0));
    assert_eq!(peer.run(&mut server, 2, at(1)), [Did::Stop(FIRST), Did::Start(Job(1))]);
    assert_eq!(server.offer(FIRST, Output::Out, b"late", at(1)), 4, "taken and forgotten");
    server.finish(FIRST, Outcome::Signalled(2), at(1));
    assert_eq!(done(&mut server), []);
    assert_eq!(server.running(), 1);
}

#[test]
fn the_same_is_answered_once_in_a_while() {
    let mut server = server(16);
    let peer = Peer::new(&mut server, 1, at(0));
    let hello = Question::Hello(peer.session.nonce, 0).encode(&key().datagram_key(Purpose::Cookie, &[]));
    peer.run(&mut server, 1, at(0));
    for (now, expected) in [(PAUSE / 2, 0), (PAUSE, 1), (PAUSE * 3 / 2, 0), (PAUSE * 2, 1)] {
        server.receive(peer.address, &hello, now);
        assert_eq!(server.actions().len(), expected, "HELLO at {now:?}");
    }
    for (now, expected) in [(at(1), 1), (at(1) + PAUSE / 2, 0), (at(1) + PAUSE, 1)] {
        assert_eq!(peer.run(&mut server, 1, now).len(), expected, "REQUEST at {now:?}");
    }
}

#[test]
fn only_a_request_with_a_cookie_of_this_address_and_minute_opens_a_session() {
    let minute = OPENS_FOR;
    let mut server = server(16);
    let peer = Peer::new(&mut server, 1, at(0));
    let elsewhere = Peer { address: SocketAddr::from(([10, 0, 0, 1], 2)), session: peer.session };
    assert_eq!(elsewhere.run(&mut server, 1, at(1)), [Did::Say(Kind::Gone)]);
    assert_eq!(peer.say(&mut server, 1, Asks::Stop, at(1)), [], "it has overtaken the request");
    assert_eq!(peer.say(&mut server, 1, all(0), at(1)), []);
    assert_eq!(peer.run(&mut server, 1, minute + at(1)), [Did::Say(Kind::Gone)]);
    assert_eq!(server.remembered(), 0);
    assert_eq!(peer.run(&mut server, 1, minute), [Did::Start(FIRST)]);
    assert_eq!(elsewhere.run(&mut server, 1, at(70)), [], "a recording");
    assert_eq!(elsewhere.run(&mut server, 2, at(71)), []);
}

#[test]
fn a_session_is_remembered_from_when_it_was_last_heard() {
    let mut server = server(16);
    let peer = Peer::new(&mut server, 1, at(0));
    for (request, now) in [(1, at(0)), (2, at(100)), (3, at(200))] {
        assert_eq!(peer.run(&mut server, request, now).last(), Some(&Did::Start(Job(u64::from(request) - 1))));
    }
    peer.say(&mut server, 3, Asks::Stop, at(300));
    Peer::new(&mut server, 2, at(400)).run(&mut server, 1, at(400));
    assert_eq!(server.remembered(), 2);
    Peer::new(&mut server, 3, at(600)).run(&mut server, 1, at(600));
    assert_eq!(server.remembered(), 1, "the others have said nothing for two minutes");
}

#[test]
fn a_session_from_before_the_start_is_gone() {
    let mut server = server(16);
    let peer = Peer::new(&mut server, 1, at(0));
    for (number, asks) in [Asks::Run(7, Part::WHOLE, b"command"), Asks::Stop, all(0)].into_iter().enumerate() {
        let mut after = Server::new(key(), [2; KEY_LENGTH], 16, Charset::default());
        let question = peer.datagram(1, asks);
        after.receive(peer.address, &question, at(1));
        let [Action::Send(_, answer)] = &after.actions()[..] else { panic!("{number}") };
        let says = Says::Gone(Gone::Foreign);
        assert!(answer.len() < question.len());
        assert_eq!(Tagged::split(answer).unwrap().answer(), Some(Answer::Of { request: 1, says }));
        assert_eq!(after.remembered(), 0);
    }
}

#[test]
fn one_command_too_many_is_refused_for_good() {
    let mut server = server(2);
    let peers = [1, 2, 3].map(|number| Peer::new(&mut server, number, at(0)));
    assert_eq!(peers[0].run(&mut server, 1, at(0)), [Did::Start(FIRST)]);
    assert_eq!(peers[1].run(&mut server, 1, at(0)), [Did::Start(Job(1))]);
    assert_eq!(peers[2].run(&mut server, 1, at(0)), [Did::Say(Kind::Busy)]);
    server.finish(FIRST, Outcome::Exited(0), at(1));
    done(&mut server);
    assert_eq!(peers[2].run(&mut server, 1, at(2)), [Did::Say(Kind::Busy)], "it was told that it will not run");
    assert_eq!(peers[2].run(&mut server, 2, at(3)), [Did::Start(Job(2))]);
}

#[test]
fn answers_that_nobody_fetches_are_limited_too() {
    let mut server = server(1);
    for number in 0..=MAX_UNDELIVERED as u16 {
        let job = Job(number.into());
        assert_eq!(Peer::new(&mut server, number, at(0)).run(&mut server, 1, at(0)), [Did::Start(job)]);
        server.finish(job, Outcome::Exited(0), at(0));
        done(&mut server);
    }
    assert_eq!(Peer::new(&mut server, 1000, at(1)).run(&mut server, 1, at(1)), [Did::Say(Kind::Busy)]);
    server.tick(at(30));
    done(&mut server);
    assert_eq!(server.open.len(), 0, "given up");
    assert_eq!(Peer::new(&mut server, 1001, at(31)).run(&mut server, 1, at(31)).len(), 1);
}

#[test]
fn a_full_memory_refuses_for_good_until_sessions_are_old() {
    let mut server = server(16);
    let known = Remembered { heard: at(10), request: 1, state: State::Closed, timer: Timer::new() };
    for number in 0..MAX_SESSIONS as u64 {
        let mut cookie: Cookie = [0; 40];
        cookie[..8].copy_from_slice(&number.to_be_bytes());
        server.memory.note(&SessionId { nonce: [0; 16], cookie }, known);
    }
    let (peer, later) = (Peer::new(&mut server, 1, at(100)), at(10) + REMEMBER);
    let before = at(129);
    assert_eq!(peer.run(&mut server, 1, before), [Did::Say(Kind::Busy)]);
    assert_eq!(server.remembered(), MAX_SESSIONS, "none was forgotten early");
    assert_eq!(peer.run(&mut server, 1, later), [Did::Say(Kind::Busy)], "it was told that it will not run");
    assert_eq!(Peer::new(&mut server, 2, later).run(&mut server, 1, later), [Did::Start(FIRST)]);
    assert_eq!(server.remembered(), 1);
}

#[test]
fn a_client_that_is_gone_has_its_command_stopped_and_its_number_kept() {
    let mut server = server(16);
    let peer = Peer::new(&mut server, 1, at(0));
    peer.run(&mut server, 1, at(0));
    peer.run(&mut server, 1, at(5));
    done(&mut server);
    assert_eq!(server.next_deadline(), Some(at(35)));
    server.tick(at(34));
    assert_eq!(done(&mut server), []);
    server.tick(at(35));
    assert_eq!(done(&mut server), [Did::Stop(FIRST)]);
    assert_eq!((server.running(), server.open.len()), (1, 0), "it runs until it is finished");
    server.finish(FIRST, Outcome::Signalled(2), at(36));
    assert_eq!((server.running(), server.next_deadline()), (0, None));
    assert_eq!(peer.run(&mut server, 1, at(37)), [Did::Say(Kind::Expired)]);
}

#[test]
fn a_command_is_stopped_once_and_its_outcome_still_comes() {
    let mut server = server(16);
    let peer = Peer::new(&mut server, 1, at(0));
    peer.run(&mut server, 1, at(0));
    assert_eq!(peer.say(&mut server, 2, Asks::Stop, at(1)), [], "of another request");
    assert_eq!(peer.say(&mut server, 1, Asks::Stop, at(1)), [Did::Stop(FIRST)]);
    assert_eq!(peer.say(&mut server, 1, Asks::Stop, at(2)), []);
    server.finish(FIRST, Outcome::Signalled(2), at(3));
    server.finish(FIRST, Outcome::Exited(0), at(3));
    assert_eq!(done(&mut server), [Did::Say(Kind::Done)]);
}

#[test]
fn who_offers_too_much_is_told_of_space() {
    let mut server = server(16);
    let peer = Peer::new(&mut server, 1, at(0));
    peer.run(&mut server, 1, at(0));
    let offered = vec![0; 2 * WINDOW * 1161];
    assert_eq!(server.offer(FIRST, Output::Out, &offered, at(1)), WINDOW * 1161);
    done(&mut server);
    let mut acknowledged = 0;
    let spaces: Vec<_> = std::iter::repeat_with(|| {
        // As many as are surely on their way: ten are at first.
        acknowledged += 8;
        let did = peer.say(&mut server, 1, all(acknowledged), at(1));
        (acknowledged, did.contains(&Did::Space(FIRST)))
    })
    .take(64)
    .filter_map(|(acknowledged, told)| told.then_some(acknowledged))
    .collect();
    assert_eq!(spaces, [256], "once, when half of it is free");

    assert_eq!(server.offer(FIRST, Output::Out, &offered, at(1)), WINDOW * 1161);
    done(&mut server);
    server.tick(at(31));
    assert_eq!(done(&mut server), [Did::Stop(FIRST), Did::Space(FIRST)], "nobody is to wait for ever");
    assert_eq!(server.offer(FIRST, Output::Out, &offered, at(31)), offered.len());
}

#[test]
fn nothing_follows_the_outcome() {
    let mut server = server(16);
    let peer = Peer::new(&mut server, 1, at(0));
    peer.run(&mut server, 1, at(0));
    server.finish(FIRST, Outcome::Exited(0), at(1));
    assert_eq!(server.offer(FIRST, Output::Out, b"late", at(1)), 4);
    assert_eq!(done(&mut server), [Did::Say(Kind::Done)]);
}

#[test]
fn how_far_a_request_is_tells_of_the_question() {
    let mut server = server(16);
    let peer = Peer::new(&mut server, 1, at(0));
    peer.run(&mut server, 1, at(0));
    let said = |server: &mut Server, asked, now| {
        server.receive(peer.address, &peer.datagram(1, Asks::Run(asked, Part::WHOLE, b"command")), now);
        let actions = server.actions();
        let Some(Action::Send(_, answer)) = actions.first() else { panic!("{actions:?}") };
        let Some(Answer::Of { says: Says::Working(progress), .. }) = Tagged::split(answer).unwrap().answer() else {
            panic!("{answer:?}")
        };
        (progress.asked, progress.doing, progress.unsent)
    };
    assert_eq!(said(&mut server, 1000, at(1)), (1000, Doing::Running, 0));
    server.offer(FIRST, Output::Out, &[0; 2000], at(2));
    done(&mut server);
    assert_eq!(said(&mut server, 2000, at(2)), (2000, Doing::Running, 2));
    server.finish(FIRST, Outcome::Exited(0), at(3));
    done(&mut server);
    assert_eq!(said(&mut server, 3000, at(3)), (3000, Doing::Delivering, 3));
}

/// A client that is there, and gets none of the pieces, holds no place.
#[test]
fn an_answer_that_does_not_get_through_is_given_up() {
    let mut server = server(16);
    let peer = Peer::new(&mut server, 1, at(0));
    peer.run(&mut server, 1, at(0));
    for second in 1..=100 {
        peer.run(&mut server, 1, at(second));
        server.tick(at(second));
    }
    assert_eq!(server.open.len(), 1, "a silent command has nothing to get through");
    server.offer(FIRST, Output::Out, b"some", at(100));
    for second in 101..=129 {
        peer.run(&mut server, 1, at(second));
        server.tick(at(second));
    }
    assert!(!done(&mut server).contains(&Did::Stop(FIRST)));
    peer.say(&mut server, 1, all(1), at(129));
    server.offer(FIRST, Output::Out, b"more", at(130));
    // The first sending was acknowledged, after 29 s: four timeouts of 10 s.
    for second in 131..=169 {
        peer.run(&mut server, 1, at(second));
        server.tick(at(second));
    }
    assert!(!done(&mut server).contains(&Did::Stop(FIRST)), "it had got through");
    server.tick(at(170));
    assert_eq!(done(&mut server), [Did::Stop(FIRST)]);
    assert_eq!(server.open.len(), 0);
}

#[test]
fn a_command_in_parts_runs_once_when_all_of_them_are_here() {
    let mut server = server(16);
    let peer = Peer::new(&mut server, 1, at(0));
    let parts: Vec<_> = Part::FIRST.on().collect();
    let say = |server: &mut Server, request, part: Part| {
        server.receive(peer.address, &peer.datagram(request, Asks::Run(0, part, part.of(b"a long command"))), at(1));
        server.actions()
    };
    for request in [1, 2] {
        assert_eq!((say(&mut server, request, parts[2]), say(&mut server, request, parts[0])), (vec![], vec![]));
        let started = say(&mut server, request, parts[1]);
        let Some(Action::Start { command, .. }) = started.last() else { panic!("{started:?}") };
        assert_eq!(command, b"a long command");
    }
    assert_eq!(server.running(), 2, "the first one is being stopped");
    assert!(matches!(say(&mut server, 2, parts[0])[..], [Action::Send(..)]), "known now");
    assert!(matches!(say(&mut server, 1, parts[0])[..], [Action::Send(..)]), "too old");
}

#[test]
fn parts_of_too_many_commands_are_not_kept() {
    let mut begun = Begun::default();
    let session = |number| SessionId { nonce: [0; 16], cookie: [number; 40] };
    let [first, second, third] = [0, 1, 2].map(|index| Part { index, ..Part::FIRST });
    for number in 0..=64 {
        assert_eq!(begun.insert(&session(number), 1, first, b"a"), None);
        assert_eq!(begun.insert(&session(number), 1, second, b"b"), None);
    }
    assert_eq!(begun.insert(&session(64), 1, third, b"c"), Some(b"abc".to_vec()));
    assert_eq!(begun.insert(&session(0), 1, third, b"c"), None, "it has made room");
}

/// Why nothing is known of a session: its cookie is another server's, or its own and forgotten.
#[test]
fn a_forgotten_session_is_told_from_one_that_never_was() {
    let mut server = server(16);
    let peer = Peer::new(&mut server, 1, at(0));
    peer.run(&mut server, 1, at(0));
    server.finish(FIRST, Outcome::Exited(0), at(0));
    peer.say(&mut server, 1, all(1), at(0));
    Peer::new(&mut server, 2, at(130)).run(&mut server, 1, at(130));
    let other = SessionId { cookie: [3; 40], ..peer.session };
    let table = [
        (peer.session, Asks::Run(9, Part::WHOLE, b"next"), Says::Gone(Gone::Forgotten)),
        (other, Asks::Run(9, Part::WHOLE, b"next"), Says::Gone(Gone::Foreign)),
        (peer.session, Asks::Stop, Says::Gone(Gone::Forgotten)),
    ];
    for (number, (session, asks, says)) in table.into_iter().enumerate() {
        done(&mut server);
        let peer = Peer { address: peer.address, session };
        server.receive(peer.address, &peer.datagram(2, asks), at(131 + number as u64));
        let actions = server.actions();
        let [Action::Send(_, answer)] = &actions[..] else { panic!("{actions:?}") };
        assert_eq!(Tagged::split(answer).unwrap().answer(), Some(Answer::Of { request: 2, says }));
    }
}
