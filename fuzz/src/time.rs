//! The time server's questions and the client's answers: text, SNTP and RFC 868.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::{Timestamp as Instant, Zoned, tz::TimeZone};
use socket_demos::time::request::{Answers, Format, Request, seconds, time_of_seconds};
use socket_demos::time::sntp::{self, Asked, PACKET, Packet, Refusal, Timestamp};

use super::choices::Choices;
use super::text::is_harmful;

/// A packet reads back; an answer is never longer than its question, nor itself a question; a client takes no answer but to
/// what it asked, and measures what the arithmetic of RFC 5905 gives.
pub fn check(bytes: &[u8]) {
    let mut choices = Choices::new(bytes);
    let (one, other) = (time(&mut choices), time(&mut choices));
    match choices.byte() % 3 {
        0 => is_answered_shorter(choices.rest(), one, other),
        1 => is_measured(&mut choices, one, other),
        _ => never_answers_itself(&choices.text(), one),
    }
}

/// Any time that every system can express: 292 years before 1970 or after.
fn time(choices: &mut Choices<'_>) -> SystemTime {
    let away = Duration::from_nanos(u64::from_be_bytes(choices.array()) >> 1);
    if choices.byte() % 2 == 1 { UNIX_EPOCH - away } else { UNIX_EPOCH + away }
}

fn is_answered_shorter(request: &[u8], received: SystemTime, now: SystemTime) {
    if let Some(packet) = Packet::decode(request) {
        assert_eq!(packet.encode()[..], request[..PACKET], "written again");
    }
    let Some(question) = Request::read(request, &Format::default(), Answers::Questions) else { return };
    let Request::Sntp(question) = question else {
        assert!(request.len() < PACKET || question == Request::Text, "{question:?}");
        return;
    };
    let answer = question.answer(10, received, now);
    assert!(answer.len() <= request.len(), "longer than its question");
    assert_eq!(answer[24..32], request[40..48], "the origin is what the client has sent");
    assert_eq!(Request::read(&answer, &Format::default(), Answers::Questions), None, "an answer is answered");
}

fn is_measured(choices: &mut Choices<'_>, asked_at: SystemTime, answered_at: SystemTime) {
    let random = choices.array();
    let elapsed = Duration::from_micros(u32::from_be_bytes(choices.array()).into());
    let asked = Asked::at(asked_at, random);
    let question = sntp::Question::read(&asked.packet()).expect("a question of ours");
    let mut answer = question.answer(choices.byte(), answered_at, answered_at).to_vec();
    let at = usize::from(choices.byte());
    if let Some(byte) = answer.get_mut(at) {
        *byte ^= choices.byte();
    }
    answer.truncate(usize::from(choices.byte()).max(40));
    let now = asked_at + elapsed;
    match asked.measure(&answer, now, elapsed) {
        Ok(sample) => {
            let honest = answer[24..32] == asked.packet()[40..48] && answer.len() >= PACKET;
            assert!(honest && answer[0] & 7 == 4 && answer[0] >> 6 != 3, "{answer:?}");
            assert!((1..=15).contains(&sample.stratum) && sample.delay >= 0.0 && sample.offset.is_finite());
            let away = sample.t2.since(sample.t1);
            let there = away - (sample.offset + sample.delay / 2.0);
            // Timestamps mean a time within 68 years only.
            let wrapped = away.abs() > 1e9 || sample.t3.since(sample.t2).abs() > 1e9;
            assert!(
                wrapped || sample.delay == 0.0 || there.abs() < 1e-3,
                "T2 is offset and half the way after T1: {sample:?}"
            );
        }
        Err(refusal) => {
            assert!(!refusal.to_string().contains(is_harmful), "{refusal}");
            let stranger = matches!(refusal, Refusal::TooShort(_)) == (answer.len() < PACKET);
            assert!(stranger, "{refusal:?} of {} bytes", answer.len());
        }
    }
    let near = Timestamp::of(asked_at).near(asked_at).expect("a time that there is");
    let error = near.duration_since(asked_at).unwrap_or_else(|error| error.duration());
    assert!(error < Duration::from_nanos(2), "{error:?}");
    let whole = time_of_seconds(seconds(asked_at), asked_at).expect("a time that there is");
    let error = asked_at.duration_since(whole).expect("the second has begun");
    assert!(error < Duration::from_secs(1), "{error:?}");
}

/// Two servers of one format must not answer each other for ever. Of no interest are a time before 1970, which has a sign,
/// and a whole second, which has no fraction (`%.f`): it comes once, and ends it.
fn never_answers_itself(format: &str, now: SystemTime) {
    let now = now + Duration::from_nanos(100);
    let Ok(format) = Format::parse(format) else { return };
    let Some(now) = Instant::try_from(now).ok().filter(|now| now.as_second() >= 0) else { return };
    let answer = format.write(&Zoned::new(now, TimeZone::system()));
    let asked = Request::read(answer.as_bytes(), &format, Answers::Anything);
    assert_eq!(asked, None, "{answer:?} of {format:?} is answered");
    let asked = Request::read(answer.as_bytes(), &format, Answers::Questions);
    // The answer to a question of NTP's is none, so that this ends.
    assert!(matches!(asked, None | Some(Request::Sntp(_))), "{answer:?} of {format:?} is answered with {asked:?}");
}
