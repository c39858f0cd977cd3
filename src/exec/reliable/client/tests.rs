use super::*;
use crate::exec::protocol::Outcome;
use crate::exec::reliable::message::{Doing, Gone, Place, Progress};
use crate::exec::reliable::timer::MIN_RTO;
use crate::exec::reliable::wire::{Kind, WINDOW};
use crate::exec::reliable::{LETS_GO_WITHIN, STOPS_WITHIN};
use crate::terminal::screen::Output;

const NONCE: Nonce = [5; 16];
const COOKIE: Cookie = [6; 40];
const SESSION: SessionId = SessionId { nonce: NONCE, cookie: COOKIE };

fn key() -> Key {
    Key::new([42; 32])
}

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A client that has asked for something, at 0.
fn client() -> Client {
    let mut client = Client::new(key());
    client.request(b"command", NONCE, ms(0)).unwrap();
    client
}

/// What the client says now, by kind.
fn said(client: &mut Client) -> Vec<Kind> {
    let kind = |datagram: Vec<u8>| match Tagged::split(&datagram).and_then(|tagged| tagged.question()) {
        Some(Question::Hello(..)) => Kind::Hello,
        Some(Question::Of { asks: Asks::Run(..), .. }) => Kind::Request,
        Some(Question::Of { asks: Asks::Stop, .. }) => Kind::Stop,
        Some(Question::Of { asks: Asks::Ack(_), .. }) => Kind::Ack,
        None => panic!("{datagram:?}"),
    };
    client.datagrams().into_iter().map(kind).collect()
}

fn cookie(nonce: Nonce, key: &Key) -> Vec<u8> {
    Answer::Cookie(nonce, 0, COOKIE, super::message::label("gbk".parse().unwrap()))
        .encode(&key.datagram_key(Purpose::Cookie, &[]))
}

fn says(request: u32, says: Says<'static>) -> Vec<u8> {
    Answer::Of { request, says }.encode(&SESSION.tag_key(&key()))
}

fn piece(number: u64, content: Content<'static>) -> Vec<u8> {
    says(1, Says::Piece(Place { number, sending: number + 1, part: Part::WHOLE }, content))
}

/// That the command runs, as it was `asked` (a millisecond after 0), and has written so many pieces.
fn working(asked: Duration, doing: Doing, unsent: u64) -> Vec<u8> {
    let asked = asked.saturating_sub(ms(1)).as_millis() as u32;
    says(1, Says::Working(Progress { asked, doing, unsent }))
}

fn done() -> Content<'static> {
    Content::Done(Outcome::Exited(3))
}

fn text(text: &'static str) -> Content<'static> {
    Content::Output(Output::Out, text.as_bytes().into())
}

/// A client whose request is on its way, since `now`.
fn asking(now: Duration) -> Client {
    let mut client = client();
    client.receive(&cookie(NONCE, &key()), now);
    assert_eq!(said(&mut client), [Kind::Hello, Kind::Request]);
    client
}

/// Ticks whenever the client wants it, until `end`; gives when it said what.
fn over_time(client: &mut Client, end: Duration) -> Vec<(u128, Vec<Kind>)> {
    let mut log = Vec::new();
    while let Some(now) = client.next_deadline().filter(|now| *now <= end) {
        client.tick(now);
        log.extend(Some((now.as_millis(), said(client))).filter(|(_, said)| !said.is_empty()));
    }
    log
}

#[test]
fn a_command_that_does_not_fit_is_refused_before_anything_is_sent() {
    let mut client = Client::new(key());
    assert_eq!(client.request(&[b'x'; MAX_COMMAND + 1], NONCE, ms(0)), Err(TooLong(MAX_COMMAND + 1)));
    assert!(client.datagrams().is_empty());
    assert_eq!(client.request(&[b'x'; MAX_COMMAND], NONCE, ms(0)), Ok(()));
}

#[test]
fn a_server_that_is_not_there_is_asked_ever_more_slowly_and_given_up() {
    let mut client = client();
    assert_eq!(said(&mut client), [Kind::Hello]);
    let times: Vec<_> = over_time(&mut client, ms(8000)).into_iter().map(|(time, _)| time).collect();
    assert_eq!(times, [250, 750, 1750, 3750, 5750, 7750]);
    over_time(&mut client, ms(29_999));
    assert_eq!(client.event(ms(29_999)), None);
    over_time(&mut client, GIVE_UP);
    assert_eq!(client.event(GIVE_UP), Some(Event::NotRun(NotRun::Unreached)));
    assert_eq!((client.event(GIVE_UP), client.next_deadline()), (None, None));
}

#[test]
fn only_the_cookie_that_it_waits_for_is_taken() {
    let mut client = client();
    said(&mut client);
    for wrong in
        [cookie(NONCE, &Key::new([43; 32])), cookie([4; 16], &key()), says(1, Says::Gone(Gone::Foreign)), vec![]]
    {
        client.receive(&wrong, ms(1));
        assert_eq!((said(&mut client), client.event(ms(1))), (vec![], None));
    }
    client.receive(&cookie(NONCE, &key()), ms(1));
    assert_eq!(said(&mut client), [Kind::Request]);
    client.receive(&cookie(NONCE, &key()), ms(2));
    assert_eq!(said(&mut client), [], "a second one");
}

/// What a server may say instead of an outcome, and what that means.
#[test]
fn whether_a_command_may_have_run_is_told() {
    let table = [
        (Says::Busy, Event::NotRun(NotRun::Busy)),
        (Says::Expired, Event::Unknown(Unknown::Expired)),
        (Says::Gone(Gone::Foreign), Event::Unknown(Unknown::Gone)),
        (Says::Gone(Gone::Forgotten), Event::Unknown(Unknown::Forgotten)),
    ];
    for (answer, event) in table {
        let mut client = asking(ms(1));
        client.receive(&piece(0, text("before")), ms(2));
        client.receive(&says(1, answer), ms(3));
        assert_eq!(client.event(ms(3)), Some(Event::Show(Output::Out, b"before".to_vec())));
        assert_eq!((client.event(ms(3)), client.event(ms(3))), (Some(event.clone()), None));
        client.receive(&piece(1, done()), ms(4));
        assert_eq!((client.event(ms(4)), client.next_deadline()), (None, None), "after {event:?}");
        client.tick(ms(100));
        assert_eq!(said(&mut client), [], "after {event:?}");
        client.request(b"next", NONCE, ms(5)).unwrap();
        assert_eq!(said(&mut client).last(), Some(&Kind::Hello), "a new session after {event:?}");
    }
}

#[test]
fn a_request_is_asked_again_until_it_is_answered_and_then_now_and_then() {
    let mut client = asking(ms(10));
    let asked: Vec<_> = over_time(&mut client, ms(2000)).into_iter().map(|(time, _)| time).collect();
    assert_eq!(asked, [110, 310, 710, 1510], "the round trip was measured");
    let answer = says(1, Says::Working(Progress { asked: 1500, doing: Doing::Running, unsent: 0 }));
    client.receive(&answer, ms(1600));
    // Whoever plays it again must not keep the client from showing that it is there.
    client.receive(&answer, ms(3000));
    assert_eq!(over_time(&mut client, ms(6000)), [(3600, vec![Kind::Request]), (5600, vec![Kind::Request])]);
    client.receive(&piece(0, text("some")), ms(6000));
    assert_eq!(over_time(&mut client, ms(9000)), [(6010, vec![Kind::Ack]), (8000, vec![Kind::Request, Kind::Ack])]);
}

#[test]
fn a_hello_that_was_repeated_measures_the_one_that_was_answered() {
    for (asked, deadline) in [(250, ms(260) + MIN_RTO), (0, ms(260 + 780))] {
        let mut client = client();
        client.tick(ms(250));
        let opening = key().datagram_key(Purpose::Cookie, &[]);
        client.receive(&Answer::Cookie(NONCE, asked, COOKIE, [0; 16]).encode(&opening), ms(260));
        said(&mut client);
        assert_eq!(client.next_deadline(), Some(deadline), "sent at {asked} ms");
    }
}

#[test]
fn silence_for_too_long_means_that_nobody_knows() {
    let mut client = asking(ms(1));
    over_time(&mut client, ms(10_000));
    client.receive(&working(ms(9_500), Doing::Running, 0), ms(10_000));
    over_time(&mut client, ms(39_499));
    assert_eq!(client.event(ms(39_499)), None);
    over_time(&mut client, ms(40_000));
    assert_eq!(client.event(ms(40_000)), Some(Event::Unknown(Unknown::Stalled)), "30 s after it was asked");
}

#[test]
fn the_last_acknowledgement_is_sent_thrice_and_again_when_the_server_missed_it() {
    let mut client = asking(ms(1));
    client.receive(&piece(1, done()), ms(2));
    assert_eq!((said(&mut client), client.event(ms(2))), (vec![Kind::Ack], None));
    client.receive(&piece(0, text("all")), ms(3));
    assert_eq!(said(&mut client), [Kind::Ack; 3]);
    client.receive(&says(1, Says::Expired), ms(4));
    assert_eq!(client.event(ms(5)), Some(Event::Show(Output::Out, b"all".to_vec())));
    assert_eq!(client.event(ms(5)), Some(Event::Ended(Outcome::Exited(3))));
    assert_eq!((client.event(ms(5)), client.next_deadline()), (None, None));
    client.receive(&piece(1, done()), ms(20));
    assert_eq!(over_time(&mut client, ms(9000)), [(30, vec![Kind::Ack])]);
}

#[test]
fn a_session_goes_on_and_a_rested_one_does_not() {
    for (rested, expected) in [(ms(29_999), Kind::Request), (SESSION_RESTS, Kind::Hello)] {
        let mut client = asking(ms(1));
        client.receive(&piece(0, done()), ms(2));
        client.event(ms(2));
        said(&mut client);
        client.request(b"next", [9; 16], ms(2) + rested).unwrap();
        assert_eq!(said(&mut client), [expected]);
        client.receive(&piece(0, done()), ms(3) + rested);
        assert_eq!(client.event(ms(3) + rested), None, "an old answer");
    }
}

#[test]
fn a_command_that_was_not_asked_for_yet_is_withdrawn() {
    let mut client = client();
    client.stop(ms(1));
    assert_eq!(client.event(ms(1)), Some(Event::NotRun(NotRun::Withdrawn)));
    client.receive(&cookie(NONCE, &key()), ms(2));
    assert_eq!(said(&mut client), [Kind::Hello]);
}

#[test]
fn a_refusal_settles_what_was_not_asked_for_yet_and_nothing_else() {
    let mut client = client();
    client.refused(ms(0));
    client.request(b"another", NONCE, ms(0)).unwrap();
    assert_eq!(client.event(ms(0)), None, "of the one before");
    client.refused(ms(1));
    assert_eq!((client.event(ms(1)), client.next_deadline()), (Some(Event::NotRun(NotRun::Refused)), None));
    let mut client = asking(ms(1));
    client.refused(ms(1));
    assert_eq!(client.event(ms(1)), None);
    client.receive(&piece(0, done()), ms(2));
    assert_eq!(client.event(ms(2)), Some(Event::Ended(Outcome::Exited(3))));
}

#[test]
fn refusals_and_nothing_else_for_three_seconds_are_believed() {
    let mut client = asking(ms(0));
    client.refused(ms(100));
    client.refused(ms(3000));
    assert_eq!(client.event(ms(3000)), None);
    client.receive(&piece(0, text("a")), ms(3050));
    assert_eq!(client.event(ms(3050)), Some(Event::Show(Output::Out, b"a".to_vec())));
    client.refused(ms(3100));
    assert_eq!(client.event(ms(3100)), None, "it was there in between");
    client.refused(ms(6100));
    assert_eq!(client.event(ms(6100)), Some(Event::Unknown(Unknown::Refused)));
}

#[test]
fn a_stop_is_said_until_the_outcome_is_here_whatever_else_comes() {
    let mut client = asking(ms(0));
    client.stop(ms(50));
    client.stop(ms(60));
    assert_eq!(said(&mut client), [Kind::Stop]);
    client.receive(&piece(0, text("a")), ms(100));
    client.receive(&piece(1, text("b")), ms(110));
    assert_eq!(said(&mut client), [Kind::Ack]);
    let both = vec![Kind::Request, Kind::Stop, Kind::Ack];
    assert_eq!(over_time(&mut client, ms(400)), [(150, both.clone()), (350, both)]);
    client.receive(&piece(2, Content::Done(Outcome::Signalled(2))), ms(500));
    assert_eq!(over_time(&mut client, ms(9000)), []);
    assert_eq!(client.event(ms(500)), Some(Event::Show(Output::Out, b"ab".to_vec())), "both at once");
}

/// What a server may say for a minute, each time it is asked, and what comes of that.
#[test]
fn what_counts_is_progress() {
    let runs = |unsent| Some((Doing::Running, unsent));
    let table = [
        ("nothing", None, Some(Unknown::Silence)),
        ("it runs, and has written nothing", runs(0), None),
        ("it runs, and what it has written does not come", runs(1), Some(Unknown::Stalled)),
        ("it has ended, and nothing comes", Some((Doing::Delivering, 1)), Some(Unknown::Stalled)),
        ("it has ended, and nothing was sent", Some((Doing::Delivering, 0)), Some(Unknown::Stalled)),
    ];
    for (name, answer, end) in table {
        let mut client = asking(ms(1));
        while let Some(now) = client.next_deadline().filter(|now| *now < ms(60_000)) {
            client.tick(now);
            if let Some((doing, unsent)) = answer.filter(|_| said(&mut client).contains(&Kind::Request)) {
                client.receive(&working(now, doing, unsent), now);
            }
        }
        assert_eq!(client.event(ms(60_000)), end.map(Event::Unknown), "{name}");
    }
}

/// One answer, of whatever time, is played again and again.
#[test]
fn an_old_answer_is_no_news_however_often_it_is_repeated() {
    let mut client = asking(ms(1));
    let answers = [working(ms(1), Doing::Running, 0), working(ms(700_000), Doing::Running, 0)];
    for second in 0..60 {
        let now = Duration::from_secs(second);
        over_time(&mut client, now);
        for answer in &answers {
            client.receive(answer, now);
        }
    }
    assert_eq!(client.event(ms(60_000)), Some(Event::Unknown(Unknown::Stalled)));
}

#[test]
fn a_person_who_does_not_read_is_waited_for_also_when_the_command_has_ended() {
    let mut client = asking(ms(1));
    for number in 0..WINDOW as u64 {
        client.receive(&piece(number, text("x")), ms(2));
    }
    while let Some(now) = client.next_deadline().filter(|now| *now < ms(120_000)) {
        client.tick(now);
        if said(&mut client).contains(&Kind::Request) {
            client.receive(&working(now, Doing::Delivering, WINDOW as u64), now);
        }
    }
    assert_eq!(client.event(ms(120_000)), Some(Event::Show(Output::Out, vec![b'x'; WINDOW])));
    assert!(client.failure.is_none());
}

/// How long a client waits that is to stop at 5 s, with what the server says to each STOP; and before that nothing, or that it
/// runs.
#[test]
fn a_command_that_was_to_stop_is_given_up_soon_where_nothing_comes() {
    let runs = Some((Doing::Running, 0));
    let table = [
        ("a healthy way", runs, runs, STOPS_WITHIN),
        ("a healthy way that breaks", runs, None, STOPS_WITHIN),
        ("nothing came before, nor now", None, None, LETS_GO_WITHIN),
        ("it is back", None, runs, STOPS_WITHIN),
        ("small datagrams alone come", None, Some((Doing::Running, 1)), LETS_GO_WITHIN),
        ("it ended, and its answer does not come", None, Some((Doing::Delivering, 1)), LETS_GO_WITHIN),
    ];
    for (name, before, after, within) in table {
        let mut client = asking(ms(1));
        let answers = |client: &mut Client, answer, end| {
            while let Some(now) = client.next_deadline().filter(|now| *now < end) {
                client.tick(now);
                if let Some((doing, unsent)) = answer
                    && said(client).contains(&Kind::Request)
                {
                    client.receive(&working(now, doing, unsent), now);
                }
            }
        };
        answers(&mut client, before, ms(5001));
        client.stop(ms(5001));
        answers(&mut client, after, ms(5001) + within);
        assert_eq!(client.event(ms(5000) + within), None, "{name}");
        over_time(&mut client, ms(5001) + within);
        assert_eq!(client.event(ms(5001) + within), Some(Event::Unknown(Unknown::NotStopped)), "{name}");
    }
}

/// A command that is too long for a small datagram, and how it is said: in how many bytes of it.
#[test]
fn a_long_command_is_said_in_parts_where_nothing_answers() {
    let mut client = Client::new(key());
    client.request(&[b'x'; 1000], NONCE, ms(0)).unwrap();
    client.receive(&cookie(NONCE, &key()), ms(1));
    let lengths = |client: &mut Client| {
        let length = |datagram: Vec<u8>| match Tagged::split(&datagram).and_then(|tagged| tagged.question()) {
            Some(Question::Of { asks: Asks::Run(_, part, command), .. }) => Some((part.index, command.len())),
            _ => None,
        };
        client.datagrams().into_iter().filter_map(length).collect::<Vec<_>>()
    };
    assert_eq!(lengths(&mut client), [(0, 1000)]);
    let mut said = Vec::new();
    for _ in 0..4 {
        client.tick(client.next_deadline().unwrap());
        said.push(lengths(&mut client));
    }
    let parts = vec![(0, 334), (1, 334), (2, 332)];
    assert_eq!(said, [vec![(0, 1000)], vec![(0, 1000)], parts.clone(), parts]);
    client.receive(&working(ms(100), Doing::Running, 0), ms(1700));
    client.tick(client.next_deadline().unwrap());
    assert_eq!(lengths(&mut client), [(0, 334)], "enough to show that it is there");
}

#[test]
fn so_much_is_shown_at_once_and_the_outputs_stay_in_order() {
    let full = || Content::Output(Output::Out, vec![b'x'; 1161].into());
    let mut client = asking(ms(1));
    for number in 0..100 {
        client.receive(&piece(number, full()), ms(2));
    }
    client.receive(&piece(100, Content::Output(Output::Err, b"no".into())), ms(2));
    client.receive(&piece(101, text("more")), ms(2));
    let mut shown = std::iter::from_fn(|| client.event(ms(2))).map(|event| match event {
        Event::Show(output, bytes) => (output, bytes.len()),
        event => panic!("{event:?}"),
    });
    let first = SHOWN_AT_ONCE.next_multiple_of(1161);
    let expected = [(Output::Out, first), (Output::Out, 100 * 1161 - first), (Output::Err, 2), (Output::Out, 4)];
    assert!(shown.by_ref().eq(expected));
}
