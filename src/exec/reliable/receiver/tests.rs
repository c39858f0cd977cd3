use super::*;
use crate::exec::protocol::Outcome;
use crate::terminal::screen::Output;

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// That place, sent for the first time and as a whole.
fn at(number: u64) -> Place {
    Place { number, sending: number + 1, part: Part::WHOLE }
}

fn piece(number: u64) -> Content<'static> {
    Content::Output(Output::Out, number.to_string().into_bytes().into())
}

/// All that can be taken.
fn take(receiver: &mut Receiver) -> Vec<Content<'static>> {
    std::iter::from_fn(|| receiver.take(ms(0))).collect()
}

#[test]
fn whatever_the_order_they_come_in_pieces_come_out_once_and_in_order() {
    let mut random = fastrand::Rng::with_seed(5);
    for _ in 0..200 {
        let mut numbers: Vec<u64> = (0..40).chain(0..40).collect();
        random.shuffle(&mut numbers);
        let (mut receiver, mut out) = (Receiver::new(), Vec::new());
        for number in numbers {
            let content = if number == 39 { Content::Done(Outcome::Exited(0)) } else { piece(number) };
            receiver.insert(at(number), content, ms(0));
            out.extend(take(&mut receiver));
        }
        let expected: Vec<_> = (0..39).map(piece).chain([Content::Done(Outcome::Exited(0))]).collect();
        assert_eq!(out, expected);
        assert!(receiver.is_complete());
    }
}

/// Pieces that come one after the other, at milliseconds, and when an acknowledgement is due then.
#[test]
fn acknowledgements_are_due_when_the_sender_learns_from_them() {
    type Row = (&'static str, &'static [(u64, u64)], Option<u64>);
    let table: [Row; 6] = [
        ("the first waits for a second", &[(0, 100)], Some(110)),
        ("every second one", &[(0, 100), (1, 105)], Some(105)),
        ("one is missing", &[(1, 100)], Some(100)),
        ("none is missing any more", &[(1, 100), (0, 105)], Some(100)),
        ("a copy waits", &[(0, 100), (0, 103), (0, 104)], Some(110)),
        ("beyond the window", &[(WINDOW as u64, 100)], None),
    ];
    for (name, pieces, due) in table {
        let mut receiver = Receiver::new();
        for (number, millis) in pieces {
            receiver.insert(at(*number), piece(*number), ms(*millis));
        }
        assert_eq!(receiver.next_deadline(), due.map(ms), "{name}");
    }
}

#[test]
fn the_last_piece_and_one_that_fills_a_gap_are_acknowledged_at_once() {
    let mut receiver = Receiver::new();
    receiver.insert(at(1), piece(1), ms(1));
    receiver.acknowledge();
    receiver.insert(at(0), piece(0), ms(2));
    assert_eq!(receiver.next_deadline(), Some(ms(2)));
    receiver.acknowledge();
    receiver.insert(at(2), Content::Done(Outcome::Exited(0)), ms(3));
    assert_eq!(receiver.next_deadline(), Some(ms(3)));
}

#[test]
fn an_acknowledgement_tells_what_is_here_and_what_there_is_room_for() {
    let mut receiver = Receiver::new();
    for number in [0, 1, 3, 5, 511] {
        receiver.insert(at(number), piece(number), ms(0));
    }
    let ack = receiver.acknowledge();
    assert_eq!((ack.next, ack.limit, ack.latest), (2, 512, 512));
    let mut later = [0; 8];
    (later[0], later[7]) = (0b101, 1 << 60);
    assert_eq!(ack.later, later);
    assert_eq!(receiver.next_deadline(), None);

    take(&mut receiver);
    assert_eq!((receiver.acknowledge().next, receiver.acknowledge().limit), (2, 514));
}

#[test]
fn room_for_half_a_window_is_told_of() {
    let mut receiver = Receiver::new();
    for number in 0..WINDOW as u64 + 10 {
        receiver.insert(at(number), piece(number), ms(0));
    }
    let ack = receiver.acknowledge();
    assert_eq!((ack.next, ack.limit), (512, 512), "what is beyond the limit was not kept");
    for _ in 1..WORTHWHILE {
        receiver.take(ms(9));
    }
    assert_eq!(receiver.next_deadline(), None);
    receiver.take(ms(9));
    assert_eq!(receiver.next_deadline(), Some(ms(9)));
}

#[test]
fn there_is_nothing_behind_the_last_piece() {
    let mut receiver = Receiver::new();
    receiver.insert(at(0), Content::Done(Outcome::Exited(0)), ms(0));
    receiver.insert(at(1), piece(1), ms(0));
    assert_eq!(take(&mut receiver), [Content::Done(Outcome::Exited(0))]);
}

#[test]
fn nothing_comes_behind_the_last_piece_even_if_it_came_before_it() {
    let mut receiver = Receiver::new();
    receiver.insert(at(2), piece(2), ms(0));
    receiver.insert(at(1), Content::Done(Outcome::Exited(0)), ms(0));
    receiver.insert(at(0), piece(0), ms(0));
    assert_eq!(take(&mut receiver), [piece(0)], "a last piece in front of others is none");
    receiver.insert(at(4), Content::Done(Outcome::Exited(4)), ms(0));
    receiver.insert(at(3), Content::Done(Outcome::Exited(3)), ms(0));
    receiver.insert(at(1), piece(1), ms(0));
    receiver.insert(at(3), piece(3), ms(0));
    assert_eq!(take(&mut receiver), [piece(1), piece(2), piece(3), Content::Done(Outcome::Exited(4))]);
}

#[test]
fn a_piece_in_parts_is_here_when_all_of_them_are() {
    let whole = Content::Output(Output::Out, b"in three".into());
    let place = |part| Place { number: 0, sending: 1 + u64::from(part), part: Part { index: part, count: 3 } };
    let insert = |receiver: &mut Receiver, part| {
        let place = place(part);
        receiver.insert(place, whole.part(place.part), ms(0))
    };
    let mut receiver = Receiver::new();
    for (part, expected) in
        [(2, Piece::Known), (2, Piece::Known), (0, Piece::Known), (1, Piece::New), (0, Piece::Known)]
    {
        assert_eq!(insert(&mut receiver, part), expected, "{part}");
    }
    assert_eq!(receiver.acknowledge().next, 1);
    assert_eq!(take(&mut receiver), std::slice::from_ref(&whole));

    let mut receiver = Receiver::new();
    insert(&mut receiver, 0);
    assert_eq!(receiver.acknowledge().next, 0, "a part is no piece");
    assert_eq!(receiver.insert(at(0), whole.part(Part::WHOLE), ms(0)), Piece::New, "or it comes as a whole");
    assert_eq!(take(&mut receiver), std::slice::from_ref(&whole));
}
