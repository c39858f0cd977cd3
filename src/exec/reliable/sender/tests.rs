use super::*;
use crate::exec::reliable::congestion::MIN_WINDOW;
use crate::exec::reliable::timer::{FIRST_RTO, MIN_RTO};

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Nothing is sent.
const NOTHING: [u64; 0] = [];

/// An acknowledgement of all before `next` and of these behind it.
fn ack(next: u64, behind: &[u64]) -> Ack {
    let mut later = [0; WINDOW / 64];
    for number in behind {
        let bit = (number - next - 1) as usize;
        later[bit / 64] |= 1 << (bit % 64);
    }
    Ack { next, limit: next + WINDOW as u64, later }
}

/// A sender with so many full pieces, nothing sent yet.
fn sender(pieces: usize) -> Sender {
    let mut sender = Sender::new();
    assert_eq!(sender.offer(Output::Out, &vec![0; pieces * MAX_PIECE]), pieces * MAX_PIECE);
    sender
}

/// The numbers of all that may be sent now.
fn send(sender: &mut Sender, now: Duration) -> Vec<u64> {
    std::iter::from_fn(|| sender.next(now).map(|(number, _)| number)).collect()
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
    sender.acknowledge(&ack(0, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]), ms(13));
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
    sender.acknowledge(&Ack { next: u64::MAX, limit: u64::MAX, later: [u64::MAX; WINDOW / 64] }, ms(0));
    assert_eq!(sender.congestion.window(), MIN_WINDOW);
    assert_eq!(send(&mut sender, ms(0)), [0, 1]);
}

#[test]
fn silence_means_that_all_is_lost_and_is_waited_for_twice_as_long_each_time() {
    let mut sender = sender(2);
    let mut now = ms(0);
    for wait in [250, 500, 1000, 2000, 2000] {
        assert_eq!(send(&mut sender, now), [0, 1]);
        assert_eq!(sender.next_deadline(), Some(now + ms(wait)));
        sender.tick(now + ms(wait - 1));
        assert_eq!(send(&mut sender, now), NOTHING);
        now += ms(wait);
        sender.tick(now);
    }
}

#[test]
fn a_repeated_piece_measures_nothing() {
    let mut sender = sender(1);
    send(&mut sender, ms(0));
    sender.tick(FIRST_RTO);
    send(&mut sender, FIRST_RTO);
    sender.acknowledge(&ack(1, &[]), FIRST_RTO + ms(1));
    assert_eq!(sender.timer.rto(), 2 * FIRST_RTO, "still backed off (Karn)");
    sender.offer(Output::Out, b"next");
    send(&mut sender, ms(1000));
    sender.acknowledge(&ack(2, &[]), ms(1001));
    assert_eq!(sender.timer.rto(), MIN_RTO, "measured");
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
    sender.acknowledge(&ack(1, &[2]), FIRST_RTO);
    assert_eq!(send(&mut sender, FIRST_RTO), [1]);
}

#[test]
fn a_loss_halves_the_window_and_silence_begins_anew() {
    let mut sender = sender(WINDOW);
    for next in [32, 96, 224] {
        send(&mut sender, ms(next));
        sender.acknowledge(&ack(next, &[]), ms(next + 1));
    }
    assert_eq!(sender.congestion.window(), 256);
    send(&mut sender, ms(300));
    sender.acknowledge(&ack(224, &[225, 226, 227]), ms(301));
    let halved = sender.congestion.window();
    assert!((128..=132).contains(&halved), "{halved}");
    sender.tick(ms(5000));
    assert_eq!(sender.congestion.window(), MIN_WINDOW);
}

#[test]
fn no_more_is_on_its_way_than_the_window_and_the_receiver_allow() {
    let mut sender = sender(WINDOW);
    assert_eq!(send(&mut sender, ms(0)).len(), MIN_WINDOW);
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
    let mut sender = Sender::new();
    let offered = vec![0; (WINDOW + 3) * MAX_PIECE];
    assert_eq!(sender.offer(Output::Out, &offered), WINDOW * MAX_PIECE);
    assert_eq!(sender.offer(Output::Out, &offered), 0);
    sender.finish(Outcome::Exited(0));
    assert_eq!((sender.room(), sender.pieces.len()), (0, WINDOW + 1));
}

#[test]
fn what_waits_is_joined_and_the_outputs_stay_apart_and_in_order() {
    let mut sender = Sender::new();
    for (output, bytes) in [(Output::Out, "a"), (Output::Out, "b"), (Output::Err, "c"), (Output::Out, "d")] {
        assert_eq!(sender.offer(output, bytes.as_bytes()), 1);
    }
    let piece = |output, bytes: &'static str| Content::Output(output, bytes.as_bytes().into());
    for expected in [piece(Output::Out, "ab"), piece(Output::Err, "c"), piece(Output::Out, "d")] {
        assert_eq!(sender.next(ms(0)).map(|(_, content)| content), Some(expected));
    }
    sender.offer(Output::Out, b"e");
    assert_eq!(sender.next(ms(0)), Some((3, piece(Output::Out, "e"))), "what was sent stays as it is");
}
