use super::*;
use crate::exec::tag::{Key, Purpose};

fn tag_key() -> DatagramKey {
    Key::new([3; 32]).datagram_key(Purpose::Datagrams, b"context")
}

/// The second of three.
const SECOND: Part = Part { index: 1, count: 3 };

const SESSION: SessionId = SessionId { nonce: [0xaa; 16], cookie: [0xcc; 40] };

fn of(asks: Asks<'static>) -> Question<'static> {
    Question::Of { session: SESSION, request: 0x0102_0304, asks }
}

fn about(says: Says<'static>) -> Answer<'static> {
    Answer::Of { request: 0x0102_0304, says }
}

fn output(output: Output, bytes: &'static [u8]) -> Content<'static> {
    Content::Output(output, bytes.into())
}

/// A session's header after the kind.
fn header() -> Vec<u8> {
    [&[0xaa; 16][..], &[0xcc; 40], &[1, 2, 3, 4]].concat()
}

fn ack() -> Ack {
    let mut later = [0; WINDOW / 64];
    later[0] = 0b101;
    later[7] = 1 << 63;
    Ack { next: 0x0506, limit: 0x0706, latest: 0x0a0b, later }
}

fn questions() -> Vec<(Question<'static>, Vec<u8>)> {
    let numbers = [0x0506_u64, 0x0706, 0x0a0b].map(u64::to_be_bytes).concat();
    let later = [&[0, 0, 0, 0, 0, 0, 0, 5][..], &[0; 48], &[0x80, 0, 0, 0, 0, 0, 0, 0]].concat();
    vec![
        (Question::Hello([0xaa; 16], 0x0908), [&[0x81][..], &[0xaa; 16], &[0, 0, 9, 8], &[0; 56]].concat()),
        (of(Asks::Run(0x0908, Part::WHOLE, b"ls")), [&[0x83][..], &header(), &[0, 0, 9, 8, 0, 1], b"ls"].concat()),
        (of(Asks::Run(1, SECOND, b"ls")), [&[0x83][..], &header(), &[0, 0, 0, 1, 1, 3], b"ls"].concat()),
        (of(Asks::Run(0, Part::WHOLE, b"")), [&[0x83][..], &header(), &[0, 0, 0, 0, 0, 1]].concat()),
        (
            of(Asks::Run(1, Part::WHOLE, &[b'x'; MAX_COMMAND])),
            [&[0x83][..], &header(), &[0, 0, 0, 1, 0, 1], &[b'x'; MAX_COMMAND]].concat(),
        ),
        (of(Asks::Stop), [&[0x84][..], &header()].concat()),
        (of(Asks::Ack(ack())), [&[0x85][..], &header(), &numbers, &later].concat()),
    ]
}

fn working(doing: Doing) -> Answer<'static> {
    about(Says::Working(Progress { asked: 0x0908, doing, unsent: 256 }))
}

fn answers() -> Vec<(Answer<'static>, Vec<u8>)> {
    let numbers = [1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0];
    let piece = |kind, bytes: &[u8]| [&[kind][..], &numbers, bytes].concat();
    let place = |part| Place { number: 256, sending: 512, part };
    let full = vec![b'x'; MAX_PIECE];
    vec![
        (
            Answer::Cookie([0xaa; 16], 0x0908, [0xcc; 40], *b"GBK\0\0\0\0\0\0\0\0\0\0\0\0\0"),
            [&[0x82][..], &[0xaa; 16], &[0, 0, 9, 8], &[0xcc; 40], b"GBK", &[0; 13]].concat(),
        ),
        (about(Says::Piece(place(Part::WHOLE), output(Output::Out, b"a"))), piece(0x86, b"\x00\x01a")),
        (
            about(Says::Piece(place(Part::WHOLE), Content::Output(Output::Out, full.clone().into()))),
            piece(0x86, &[&[0, 1][..], &full].concat()),
        ),
        (about(Says::Piece(place(SECOND), output(Output::Err, b"no"))), piece(0x87, b"\x01\x03no")),
        (about(Says::Piece(place(Part::WHOLE), Content::Done(Outcome::Exited(7)))), piece(0x88, &[0, 0, 0, 0, 7])),
        (working(Doing::Running), [&[0x89, 1, 2, 3, 4, 0, 0, 9, 8, 1][..], &[0, 0, 0, 0, 0, 0, 1, 0]].concat()),
        (working(Doing::Delivering), [&[0x89, 1, 2, 3, 4, 0, 0, 9, 8, 0][..], &[0, 0, 0, 0, 0, 0, 1, 0]].concat()),
        (about(Says::Busy), vec![0x8a, 1, 2, 3, 4]),
        (about(Says::Expired), vec![0x8b, 1, 2, 3, 4]),
        (about(Says::Gone(Gone::Foreign)), vec![0x8c, 1, 2, 3, 4, 0]),
        (about(Says::Gone(Gone::Forgotten)), vec![0x8c, 1, 2, 3, 4, 1]),
    ]
}

/// Every datagram there is, with the side that sends it and its bytes before the tag.
fn datagrams() -> Vec<(Side, Vec<u8>, Vec<u8>)> {
    let asked = questions().into_iter().map(|(question, bytes)| (Side::Client, question.encode(&tag_key()), bytes));
    let said = answers().into_iter().map(|(answer, bytes)| (Side::Server, answer.encode(&tag_key()), bytes));
    asked.chain(said).collect()
}

#[test]
fn every_datagram_is_its_message_and_the_tag_of_its_direction() {
    for (side, datagram, message) in datagrams() {
        let tag = tag_key().tag(&message, u8::from(side == Side::Server));
        assert_eq!(datagram, [&message[..], &tag].concat());
        assert!(datagram.len() <= 1200);
    }
    assert_eq!((MAX_COMMAND, MAX_PIECE), (1117, 1161));
}

#[test]
fn every_datagram_reads_back() {
    for (question, _) in questions() {
        assert_eq!(Tagged::split(&question.encode(&tag_key())).unwrap().question(), Some(question));
    }
    for (answer, _) in answers() {
        assert_eq!(Tagged::split(&answer.encode(&tag_key())).unwrap().answer(), Some(answer));
    }
}

#[test]
fn a_tag_holds_for_its_direction_and_not_with_one_bit_changed() {
    for (side, datagram, _) in datagrams() {
        let other = if side == Side::Client { Side::Server } else { Side::Client };
        let tagged = Tagged::split(&datagram).unwrap();
        assert!(tagged.holds(&tag_key(), side) && !tagged.holds(&tag_key(), other));
        for at in 0..datagram.len() {
            let mut changed = datagram.clone();
            changed[at] ^= 1 << (at % 8);
            let holds = Tagged::split(&changed).is_some_and(|tagged| tagged.holds(&tag_key(), side));
            assert!(!holds, "byte {at} of {datagram:?}");
        }
    }
}

/// The shortest and the longest of each kind, by the byte that it begins with.
const LENGTHS: [(u8, usize, usize); 12] = [
    (0x81, 93, 93),
    (0x82, 93, 93),
    (0x83, 83, 1200),
    (0x84, 77, 77),
    (0x85, 165, 165),
    (0x86, 40, 1200),
    (0x87, 40, 1200),
    (0x88, 42, 42),
    (0x89, 34, 34),
    (0x8a, 21, 21),
    (0x8b, 21, 21),
    (0x8c, 22, 22),
];

#[test]
fn another_kind_or_length_is_nothing() {
    for first in 0..=u8::MAX {
        let known = LENGTHS.iter().find(|(kind, ..)| *kind == first);
        for length in 0..=1300 {
            let mut datagram = vec![0; length];
            datagram.iter_mut().take(1).for_each(|byte| *byte = first);
            let possible = known.is_some_and(|(_, least, most)| (*least..=*most).contains(&length));
            assert_eq!(Tagged::split(&datagram).is_some(), possible, "{first:#x}, {length} bytes");
        }
    }
}

#[test]
fn no_side_understands_its_own_datagrams() {
    for (side, datagram, _) in datagrams() {
        let tagged = Tagged::split(&datagram).unwrap();
        let understood = (tagged.question().is_some(), tagged.answer().is_some());
        assert_eq!(understood, (side == Side::Client, side == Side::Server), "{datagram:?}");
    }
}

#[test]
fn an_outcome_that_there_is_not_is_nothing() {
    let place = Place { number: 0, sending: 1, part: Part::WHOLE };
    let mut datagram = about(Says::Piece(place, Content::Done(Outcome::TimeLimit))).encode(&tag_key());
    datagram[21] = 9;
    assert_eq!(Tagged::split(&datagram).unwrap().answer(), None);
    let mut datagram = working(Doing::Running).encode(&tag_key());
    datagram[9] = 2;
    assert_eq!(Tagged::split(&datagram).unwrap().answer(), None, "what a server does");
    let mut datagram = about(Says::Gone(Gone::Foreign)).encode(&tag_key());
    datagram[5] = 2;
    assert_eq!(Tagged::split(&datagram).unwrap().answer(), None, "why it is gone");
    let mut datagram = of(Asks::Run(1, Part::WHOLE, b"ls")).encode(&tag_key());
    datagram[65] = 1;
    assert_eq!(Tagged::split(&datagram).unwrap().question(), None, "a part behind the last");
}
