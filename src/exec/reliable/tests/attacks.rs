//! What others can do who do not have the key: repeat what they have heard, change it, make it up, and lie about where
//! they are.

use std::net::SocketAddr;
use std::time::Duration;

use fastrand::Rng;

use super::super::{Action, Event, Unknown};
use super::network::{GOOD, Network, ms, secs};
use super::task::Task;
use super::world::{Manner, World};

const TASK: Task = Task { number: 1, millis: 5, bytes: 3000, command: 0 };

/// A world after a conversation that somebody has recorded.
fn recorded() -> (World, Vec<(SocketAddr, Vec<u8>)>) {
    let mut world = World::new(GOOD, 1);
    world.person(Manner::Interactive, [TASK, Task { number: 2, ..TASK }]);
    world.run_until(secs(1));
    assert_eq!(world.reports().filter(|report| report.is_exact()).count(), 2);
    let recording = world.from_clients.iter().map(|(_, from, datagram)| (*from, datagram.clone())).collect();
    world.people.clear();
    (world, recording)
}

/// How many bytes the server sends.
fn sent(actions: &[Action]) -> usize {
    actions.iter().map(|action| if let Action::Send(_, datagram) = action { datagram.len() } else { 0 }).sum()
}

/// Who plays a recording, and to which server.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Player {
    SameAddress,
    OtherPort,
    AfterRestart,
}

#[test]
fn a_recorded_conversation_runs_nothing() {
    for wait in [ms(0), secs(50), secs(61), secs(130), secs(600)] {
        for player in [Player::SameAddress, Player::OtherPort, Player::AfterRestart] {
            let (mut world, recording) = recorded();
            if player == Player::AfterRestart {
                world.restart();
            }
            world.run_until(world.now + wait);
            // Whoever opens a session has the old ones forgotten.
            world.person(Manner::Interactive, [Task { number: 3, ..TASK }]);
            world.run_until(world.now + secs(1));
            assert_eq!(world.server.remembered() == 1, wait > secs(120) || player == Player::AfterRestart);
            for (mut from, datagram) in recording {
                if player == Player::OtherPort {
                    from.set_port(from.port() + 1);
                }
                let actions = world.play(from, &datagram);
                assert!(actions.iter().all(|action| matches!(action, Action::Send(..))), "{player:?} after {wait:?}");
                assert!(sent(&actions) <= datagram.len(), "{player:?} after {wait:?}");
            }
            assert_eq!(world.server.running(), 0);
        }
    }
}

#[test]
fn strangers_get_no_answer_to_what_they_make_up_or_change() {
    let (mut world, recording) = recorded();
    let stranger = SocketAddr::from(([192, 0, 2, 1], 9));
    let mut random = Rng::with_seed(1);
    for round in 0..20_000 {
        let datagram = if round % 2 == 0 {
            let mut made_up = vec![0; random.usize(..1300)];
            random.fill(&mut made_up);
            made_up.iter_mut().take(1).for_each(|kind| *kind = 0x80 | (*kind % 16));
            made_up
        } else {
            let mut changed = recording[random.usize(..recording.len())].1.clone();
            let at = random.usize(..changed.len());
            changed[at] ^= 1 << random.u8(..8);
            changed
        };
        assert_eq!(world.play(stranger, &datagram), []);
    }
}

/// The HELLO of a holder of the key, played from a hundred thousand addresses: each gets a cookie at most, and none is
/// remembered.
#[test]
fn a_flood_from_forged_addresses_leaves_no_trace_and_the_server_serves() {
    let (mut world, recording) = recorded();
    let hello = &recording[0].1;
    let known = world.server.remembered();
    for number in 0..100_000_u32 {
        let forged = SocketAddr::from(([10, (number >> 16) as u8, (number >> 8) as u8, number as u8], 4000));
        assert!(sent(&world.play(forged, hello)) <= hello.len());
        world.now += Duration::from_micros(100);
    }
    assert_eq!((world.server.remembered(), world.server.next_deadline()), (known, None));

    world.person(Manner::Interactive, [TASK]);
    world.run(world.now + secs(1));
    assert_eq!(world.reports().filter(|report| report.is_exact()).count(), 1);
}

/// A stranger who repeats one datagram as fast as the network takes it gets few answers.
#[test]
fn a_repeated_hello_is_answered_ten_times_a_second() {
    let (mut world, recording) = recorded();
    let (from, hello) = &recording[0];
    let answers: usize = (0..1000)
        .map(|_| {
            world.now += ms(1);
            world.play(*from, hello).len()
        })
        .sum();
    assert!((9..=10).contains(&answers), "{answers}");
}

/// From some time on nothing comes from the server but what somebody on the way has recorded of it, who plays all of it again
/// twice a second: the client does not wait for ever, and goes on asking meanwhile.
#[test]
fn recorded_answers_do_not_keep_a_client_waiting() {
    let mut world = World::new(Network { deaf: (secs(10), Duration::MAX), ..GOOD }, 1);
    world.person(Manner::Interactive, [Task { millis: 600_000, ..TASK }]);
    world.run_until(secs(10));
    let recording: Vec<_> = world.from_server.iter().map(|(_, _, datagram)| datagram.clone()).collect();
    assert!(recording.len() > 4, "cookie, and it runs: {}", recording.len());
    while world.now < secs(60) && world.reports().next().is_none() {
        world.run(world.now + ms(500));
        for datagram in &recording {
            world.people[0].client.receive(datagram, world.now);
        }
    }
    let report = world.reports().next().expect("a client that waits for ever");
    assert_eq!(report.end, Event::Unknown(Unknown::Stalled));
    assert!((secs(37)..=secs(41)).contains(&report.at), "{:?}", report.at);
    let asked = world.from_clients.iter().filter(|(at, ..)| (secs(12)..secs(36)).contains(at)).count();
    assert!(asked >= 10, "{asked}");
    assert!(world.stopped.is_empty(), "the server hears the client all the while");
}
