use super::length::{SMALL_PIECE, SURE, UNSURE};
use super::*;
use crate::exec::reliable::congestion::FIRST_WINDOW;
use crate::exec::reliable::timer::{FIRST_RTO, Timer};

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Nothing is sent.
const NOTHING: [u64; 0] = [];

/// An acknowledgement of all before `next` and of these behind it, the latest of which came at its first sending.
fn ack(next: u64, behind: &[u64]) -> Ack {
    let mut later = [0; WINDOW / 64];
    for number in behind {
        let bit = (number - next - 1) as usize;
        later[bit / 64] |= 1 << (bit % 64);
    }
    let latest = behind.last().map_or(next, |last| last + 1);
    Ack { next, limit: next + WINDOW as u64, latest, later }
}

/// A sender with so many full pieces, nothing sent yet.
fn sender(pieces: usize) -> Sender {
    let mut sender = Sender::new(Timer::new());
    assert_eq!(sender.offer(Output::Out, &vec![0; pieces * MAX_PIECE]), pieces * MAX_PIECE);
    sender
}

/// The numbers of all that may be sent now.
fn send(sender: &mut Sender, now: Duration) -> Vec<u64> {
    std::iter::from_fn(|| sender.next(now).map(|(place, _)| place.number)).collect()
}

#[test]
fn three_later_ones_acknowledged_mean_a_loss_and_two_do_not() {
    let mut sender = sender(6);
    assert_eq!(send(&mut sender, ms(0)), [0, 1, 2, 3, 4, 5]);
    sender.acknowledge(&ack(1, &[2, 3]), ms(10));
    assert_eq!(send(&mut sender, ms(10)), NOTHING);
    sender.acknowledge(&ack(1, &[2, 3, 4]), ms(11));
    assert_eq!(send(&mut sender, ms(11)), [1]);
    sender.acknowledge(&ack(6, &[]), ms(20));
    assert!(sender.is_empty());
    assert_eq!(sender.next_deadline(), None);
}

#[test]
fn what_is_sent_again_can_be_lost_again() {
    let mut sender = sender(9);
    assert_eq!(send(&mut sender, ms(0)).len(), 9);
    sender.acknowledge(&ack(0, &[1, 2, 3]), ms(10));
    assert_eq!(send(&mut sender, ms(10)), [0]);
    // Those that arrive now were sent before the repetition and tell nothing of it.
    sender.acknowledge(&ack(0, &[1, 2, 3, 4, 5, 6, 7, 8]), ms(11));
    assert_eq!(send(&mut sender, ms(11)), NOTHING);
    assert_eq!(sender.offer(Output::Out, &[1; 3 * MAX_PIECE]), 3 * MAX_PIECE);
    assert_eq!(send(&mut sender, ms(12)), [9, 10, 11]);
    let later = Ack { latest: 13, ..ack(0, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]) };
    sender.acknowledge(&later, ms(13));
    assert_eq!(send(&mut sender, ms(13)), [0]);
}

#[test]
fn an_acknowledgement_without_news_triggers_nothing() {
    let mut sender = sender(8);
    send(&mut sender, ms(0));
    sender.acknowledge(&ack(1, &[2, 3]), ms(10));
    let deadline = sender.next_deadline();
    for copy in 0..100 {
        sender.acknowledge(&ack(1, &[2, 3]), ms(11 + copy));
        sender.acknowledge(&ack(0, &[2, 3]), ms(11 + copy));
        assert_eq!(send(&mut sender, ms(11 + copy)), NOTHING);
    }
    assert_eq!(sender.next_deadline(), deadline);
}

#[test]
fn nobody_has_what_was_not_sent() {
    let mut sender = sender(2);
    sender.acknowledge(&ack(1, &[]), ms(0));
    sender.acknowledge(&ack(0, &[1]), ms(0));
    sender
        .acknowledge(&Ack { next: u64::MAX, limit: u64::MAX, latest: u64::MAX, later: [u64::MAX; WINDOW / 64] }, ms(0));
    assert_eq!(sender.congestion.window(), FIRST_WINDOW);
    assert_eq!(send(&mut sender, ms(0)), [0, 1]);
}

#[test]
fn silence_means_that_all_is_lost_and_is_waited_for_twice_as_long_each_time() {
    let mut sender = sender(2);
    assert_eq!(send(&mut sender, ms(0)), [0, 1]);
    let mut now = ms(0);
    for wait in [250, 500, 1000, 2000, 4000, 4000, 4000] {
        assert_eq!(sender.next_deadline(), Some(now + ms(wait)));
        sender.tick(now + ms(wait - 1));
        assert_eq!(send(&mut sender, now), NOTHING);
        now += ms(wait);
        sender.tick(now);
        let sent = send(&mut sender, now);
        assert_eq!(sent[..1], sent[sent.len() - 1..], "one piece, if in parts");
    }
}

/// The echo tells which sending has arrived.
#[test]
fn a_repeated_piece_measures_what_was_repeated() {
    let mut sender = sender(1);
    send(&mut sender, ms(0));
    sender.tick(FIRST_RTO);
    send(&mut sender, FIRST_RTO);
    sender.acknowledge(&Ack { latest: 2, ..ack(1, &[]) }, FIRST_RTO + ms(40));
    assert_eq!(sender.timer.rto(), ms(120), "40 ms and not 290");
}

#[test]
fn a_timeout_that_was_too_early_changes_nothing() {
    let mut sender = sender(8);
    assert_eq!(send(&mut sender, ms(0)).len(), 8);
    sender.tick(ms(250));
    assert_eq!(send(&mut sender, ms(250)), [0]);
    sender.tick(ms(750));
    assert_eq!(send(&mut sender, ms(750)), [1], "a piece for each");
    // What has come was sent before both.
    sender.acknowledge(&ack(1, &[]), ms(2500));
    assert_eq!(send(&mut sender, ms(2500)), NOTHING);
    assert_eq!((sender.flying, sender.congestion.window()), (7, FIRST_WINDOW + 1));
    assert_eq!(sender.timer.rto(), ms(7500), "measured from the first sending");

    sender.acknowledge(&ack(1, &[4, 5]), ms(2501));
    assert_eq!(send(&mut sender, ms(2501)), [2], "what is on its way can be lost");
}

#[test]
fn a_timeout_was_right_if_what_was_sent_after_it_arrives_first() {
    let mut sender = sender(8);
    send(&mut sender, ms(0));
    sender.tick(ms(250));
    send(&mut sender, ms(250));
    sender.acknowledge(&Ack { latest: 9, ..ack(1, &[]) }, ms(260));
    assert_eq!(send(&mut sender, ms(260)), [1, 2], "slow start from one");
    sender.acknowledge(&Ack { latest: 10, ..ack(2, &[]) }, ms(270));
    assert_eq!(send(&mut sender, ms(270)), [3, 4]);
}

/// What is sent in place of a piece, in parts: their lengths.
fn parts(sender: &mut Sender, now: Duration) -> Vec<(u64, usize)> {
    std::iter::from_fn(|| sender.next(now).map(|(place, content)| (place.number, content.len()))).collect()
}

#[test]
fn where_no_large_datagram_gets_through_small_ones_are_tried() {
    let mut sender = sender(70);
    let mut now = ms(0);
    send(&mut sender, now);
    for timeout in 1..UNSURE {
        now = sender.next_deadline().unwrap();
        sender.tick(now);
        assert_eq!(parts(&mut sender, now), [(u64::from(timeout) - 1, MAX_PIECE)]);
    }
    now = sender.next_deadline().unwrap();
    sender.tick(now);
    assert_eq!(parts(&mut sender, now), [(2, 387), (2, 387), (2, 387)]);
    const { assert!(387 <= SMALL_PIECE) };

    sender.acknowledge(&Ack { latest: sender.sendings.count, ..ack(0, &[2]) }, now + ms(1));
    let tried = parts(&mut sender, now + ms(1));
    assert_eq!(tried, [(3, MAX_PIECE), (4, 387), (4, 387), (4, 387)], "one is tried");
    // Its loss is no news of the network.
    let window = sender.congestion.window();
    sender.acknowledge(&Ack { latest: sender.sendings.count, ..ack(0, &[2, 4]) }, now + ms(2));
    assert!(matches!(sender.state(3), Some(State::Lost(_))));
    assert!(sender.congestion.window() >= window);
}

#[test]
fn a_large_one_that_arrives_ends_that() {
    let mut sender = sender(2);
    send(&mut sender, ms(0));
    for _ in 0..UNSURE {
        let now = sender.next_deadline().unwrap();
        sender.tick(now);
        parts(&mut sender, now);
    }
    assert!(!sender.length.is_taken(SMALL_PIECE + 1));
    sender.acknowledge(&ack(1, &[]), ms(2000));
    assert_eq!((sender.length.is_taken(MAX_PIECE), sender.flying), (true, 1));
    for timeout in 1..=SURE {
        assert!(sender.length.is_taken(MAX_PIECE), "{timeout}");
        let now = sender.next_deadline().unwrap();
        sender.tick(now);
        parts(&mut sender, now);
    }
    assert!(!sender.length.is_taken(SMALL_PIECE + 1), "another way");
}

#[test]
fn the_timeout_runs_from_the_oldest_piece_and_anew_with_each_news() {
    let mut sender = sender(1);
    send(&mut sender, ms(0));
    sender.offer(Output::Out, b"later");
    send(&mut sender, ms(100));
    assert_eq!(sender.next_deadline(), Some(FIRST_RTO));
    sender.acknowledge(&ack(1, &[]), ms(200));
    assert_eq!(sender.next_deadline(), Some(ms(200) + sender.timer.rto()));
}

#[test]
fn what_arrived_after_all_is_not_sent_again() {
    let mut sender = sender(3);
    send(&mut sender, ms(0));
    sender.tick(FIRST_RTO);
    assert_eq!(send(&mut sender, FIRST_RTO), [0]);
    sender.acknowledge(&Ack { latest: 4, ..ack(1, &[2]) }, FIRST_RTO);
    assert_eq!(send(&mut sender, FIRST_RTO), [1]);
}

#[test]
fn a_loss_halves_the_window_and_silence_begins_anew() {
    let mut sender = sender(WINDOW);
    for next in [10, 30, 70, 150, 310] {
        send(&mut sender, ms(next));
        sender.acknowledge(&ack(next, &[]), ms(next + 1));
    }
    assert_eq!(sender.congestion.window(), 320);
    send(&mut sender, ms(400));
    sender.acknowledge(&ack(310, &[311, 312, 313]), ms(401));
    let halved = sender.congestion.window();
    assert!((160..=164).contains(&halved), "{halved}");
    sender.tick(ms(5000));
    assert_eq!(sender.congestion.window(), 1);
}

#[test]
fn no_more_is_on_its_way_than_the_window_and_the_receiver_allow() {
    let mut sender = sender(WINDOW);
    assert_eq!(send(&mut sender, ms(0)).len(), FIRST_WINDOW);
    sender.acknowledge(&ack(1, &[]), ms(1));
    assert_eq!(send(&mut sender, ms(1)).len(), 2, "slow start");

    let mut sender = sender_with_limit(10);
    assert_eq!(send(&mut sender, ms(0)).len(), 10);
    sender.acknowledge(&Ack { limit: 10, ..ack(10, &[]) }, ms(1));
    assert_eq!(send(&mut sender, ms(1)), NOTHING);
    sender.acknowledge(&Ack { limit: 12, ..ack(10, &[]) }, ms(2));
    sender.acknowledge(&Ack { limit: 11, ..ack(10, &[]) }, ms(2));
    assert_eq!(send(&mut sender, ms(2)), [10, 11]);
}

fn sender_with_limit(limit: u64) -> Sender {
    Sender { limit, ..sender(20) }
}

#[test]
fn an_answer_keeps_at_most_a_window_of_pieces_and_always_has_room_for_the_outcome() {
    let mut sender = Sender::new(Timer::new());
    let offered = vec![0; (WINDOW + 3) * MAX_PIECE];
    assert_eq!(sender.offer(Output::Out, &offered), WINDOW * MAX_PIECE);
    assert_eq!(sender.offer(Output::Out, &offered), 0);
    sender.finish(Outcome::Exited(0));
    assert_eq!((sender.room(), sender.pieces.len()), (0, WINDOW + 1));
}

#[test]
fn what_waits_is_joined_and_the_outputs_stay_apart_and_in_order() {
    let mut sender = Sender::new(Timer::new());
    for (output, bytes) in [(Output::Out, "a"), (Output::Out, "b"), (Output::Err, "c"), (Output::Out, "d")] {
        assert_eq!(sender.offer(output, bytes.as_bytes()), 1);
    }
    let piece = |output, bytes: &'static str| Content::Output(output, bytes.as_bytes().into());
    for expected in [piece(Output::Out, "ab"), piece(Output::Err, "c"), piece(Output::Out, "d")] {
        assert_eq!(sender.next(ms(0)).map(|(_, content)| content), Some(expected));
    }
    sender.offer(Output::Out, b"e");
    let place = Place { number: 3, sending: 4, part: Part::WHOLE };
    assert_eq!(sender.next(ms(0)), Some((place, piece(Output::Out, "e"))), "what was sent stays as it is");
}
