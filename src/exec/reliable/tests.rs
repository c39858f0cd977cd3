//! What the two sides promise together, over simulated networks in virtual time.

mod attacks;
mod load;
mod network;
mod task;
mod world;

use std::time::Duration;

use self::network::{GOOD, Mutants, Network, ms, secs};
use self::task::{Report, Task};
use self::world::{Manner, Meanwhile, World};
use super::{Event, NotRun, Unknown};
use crate::exec::protocol::Outcome;

/// Some people, each with some commands one after the other, over some network.
struct Scenario {
    name: &'static str,
    network: Network,
    people: u32,
    manner: Manner,
    commands: u32,
    /// How long each command runs before it writes, in milliseconds.
    millis: u64,
    /// How many bytes each writes.
    bytes: usize,
    /// How many bytes each has itself, at least.
    command: usize,
    /// How long all of it may take.
    within: Duration,
}

/// One command over a good network.
const ONE: Scenario = Scenario {
    name: "one",
    network: GOOD,
    people: 1,
    manner: Manner::Interactive,
    commands: 1,
    millis: 3,
    bytes: 2000,
    command: 0,
    within: secs(1),
};

/// What a thousand commands have to withstand.
const BAD: Network = Network { loss: 0.2, duplicate: 0.1, reorder: 0.1, ..GOOD };

/// Every command runs once, and everybody has every byte of it.
const WELL: &[Scenario] = &[
    ONE,
    Scenario { name: "no output", bytes: 0, ..ONE },
    Scenario { name: "a byte", bytes: 1, ..ONE },
    Scenario {
        name: "a long way",
        network: Network { delay: ms(400), ..GOOD },
        bytes: 200_000,
        within: secs(30),
        ..ONE
    },
    Scenario { name: "as many as may run", people: 16, commands: 20, ..ONE },
    Scenario {
        name: "1,000 commands, a bad network, 8 clients",
        network: BAD,
        people: 8,
        commands: 125,
        within: secs(90),
        ..ONE
    },
    Scenario {
        name: "1,000 commands, a bad network, 8 clients, a session each",
        network: BAD,
        people: 8,
        manner: Manner::Single,
        commands: 125,
        within: secs(120),
        ..ONE
    },
    Scenario {
        name: "three in ten are lost",
        network: Network { loss: 0.3, ..GOOD },
        people: 8,
        manner: Manner::Single,
        commands: 5,
        within: secs(60),
        ..ONE
    },
    Scenario {
        name: "three in ten have a bit flipped",
        network: Network { flip: 0.3, ..GOOD },
        people: 8,
        commands: 20,
        within: secs(60),
        ..ONE
    },
    Scenario {
        name: "every datagram follows its mutants",
        network: Network { mutants: Mutants::AtEveryByte, ..GOOD },
        commands: 3,
        ..ONE
    },
    Scenario {
        name: "10 MiB, a tenth lost, a round trip of 40 ms",
        network: Network { loss: 0.1, delay: ms(20), ..GOOD },
        bytes: 10 << 20,
        within: secs(20),
        ..ONE
    },
    Scenario {
        name: "answers lost for 10 s while the command runs",
        network: Network { deaf: (ms(5), secs(10)), ..GOOD },
        millis: 1000,
        within: secs(13),
        ..ONE
    },
    Scenario { name: "a command that is silent for minutes", network: BAD, millis: 200_000, within: secs(210), ..ONE },
    Scenario {
        name: "small answers where large datagrams vanish",
        network: Network { largest: 800, ..GOOD },
        bytes: 600,
        ..ONE
    },
    Scenario {
        name: "a person who does not read for minutes an answer that has ended",
        network: BAD,
        manner: Manner::ReadsFrom(secs(200)),
        bytes: 800_000,
        within: secs(210),
        ..ONE
    },
    Scenario {
        name: "a person who does not read for minutes",
        network: BAD,
        manner: Manner::ReadsFrom(secs(200)),
        bytes: 3_000_000,
        within: secs(210),
        ..ONE
    },
];

/// How a scenario goes with this seed.
fn play(scenario: &Scenario, seed: u64) -> World {
    let mut world = World::new(scenario.network, seed);
    if scenario.people > 20 {
        world.admit_a_crowd();
    }
    for person in 0..scenario.people {
        let numbers = person * scenario.commands..(person + 1) * scenario.commands;
        let tasks = numbers.map(|number| Task {
            number,
            millis: scenario.millis,
            bytes: scenario.bytes,
            command: scenario.command,
        });
        world.person(scenario.manner, tasks);
    }
    world.run(scenario.within);
    world
}

#[test]
fn every_command_runs_once_and_every_answer_is_whole() {
    for scenario in WELL {
        for seed in 1..=3 {
            let world = play(scenario, seed);
            let (name, total) = (scenario.name, (scenario.people * scenario.commands) as usize);
            println!("{name}: {:.1} s of virtual time", world.now.as_secs_f64());
            for report in world.reports() {
                assert!(report.is_exact(), "{name}: {:?} {:?}", report.task, report.end);
            }
            assert_eq!(world.reports().count(), total, "{name}");
            assert_eq!(world.runs.len(), total, "{name}");
            assert!(world.runs.values().all(|runs| *runs == 1), "{name}");
        }
    }
}

#[test]
fn copies_do_not_multiply_the_answers() {
    let thousand = Scenario { people: 8, commands: 125, within: secs(60), ..ONE };
    let tenfold = Scenario { network: Network { copies: 10, ..GOOD }, ..thousand };
    let [once, tenfold] = [thousand, tenfold].map(|scenario| play(&scenario, 1));
    for world in [&once, &tenfold] {
        assert_eq!(world.reports().filter(|report| report.is_exact()).count(), 1000);
        assert!(world.runs.len() == 1000 && world.runs.values().all(|runs| *runs == 1));
    }
    let (once, tenfold) = (once.from_server.len(), tenfold.from_server.len());
    assert!(tenfold <= 3 * once, "{tenfold} instead of {once}");
}

/// What a person is told who gets no outcome, when, and how often the command ran.
#[test]
fn who_gets_no_outcome_learns_whether_the_command_may_have_run() {
    let never = Network { deaf: (Duration::ZERO, Duration::MAX), ..GOOD };
    let from_the_start_of_the_command = Network { deaf: (ms(4), Duration::MAX), ..GOOD };
    let table = [
        ("no answer at all", never, Event::NotRun(NotRun::Unreached), 0),
        ("no more answers", from_the_start_of_the_command, Event::Unknown(Unknown::Silence), 1),
    ];
    for (name, network, end, runs) in table {
        let world = play(&Scenario { network, millis: 100, within: secs(35), ..ONE }, 1);
        assert_eq!(world.reports().map(|report| &report.end).collect::<Vec<_>>(), [&end], "{name}");
        assert_eq!(world.runs.values().sum::<usize>(), runs, "{name}");
    }
}

/// On a way that takes no large datagrams, and tells nobody, small ones bring all of it.
#[test]
fn what_large_datagrams_do_not_bring_small_ones_do() {
    for largest in [1199, 1000, 600, 512] {
        let narrow = Scenario { network: Network { largest, ..GOOD }, within: secs(5), ..ONE };
        let table = [
            ("an answer", Scenario { bytes: 3000, ..narrow }),
            ("a long answer", Scenario { bytes: 3_000_000, within: secs(60), ..narrow }),
            ("it was silent before", Scenario { millis: 90_000, bytes: 3000, within: secs(95), ..narrow }),
            ("a long command", Scenario { command: 1100, millis: 90_000, within: secs(95), ..narrow }),
            ("one after the other", Scenario { command: 1100, bytes: 3000, commands: 5, within: secs(12), ..narrow }),
        ];
        for (name, scenario) in table {
            let world = play(&scenario, 1);
            assert_eq!(world.reports().count() as u32, scenario.commands, "{largest}, {name}: it waits for ever");
            assert!(world.reports().all(Report::is_exact), "{largest}, {name}: {:?}", world.now);
            assert!(world.runs.values().all(|runs| *runs == 1), "{largest}, {name}");
        }
    }
}

/// Where not even the small ones bring it, both sides come to an end, whatever the short ones say, and one Ctrl-C is enough.
#[test]
fn an_answer_whose_pieces_vanish_ends_and_holds_no_place() {
    let narrow = Scenario { network: Network { largest: 300, ..GOOD }, within: secs(100), ..ONE };
    let stops = |at| Scenario { bytes: 3_000_000, manner: Manner::StopsAt(at), ..narrow };
    let table = [
        ("it has ended", Scenario { bytes: 3000, ..narrow }, Unknown::Stalled, secs(30)..secs(36), 0),
        ("it writes on", Scenario { bytes: 3_000_000, ..narrow }, Unknown::Stalled, secs(30)..secs(36), 1),
        (
            "it was silent before",
            Scenario { millis: 60_000, bytes: 3000, ..narrow },
            Unknown::Stalled,
            secs(88)..secs(96),
            0,
        ),
        ("Ctrl-C", stops(secs(8)), Unknown::NotStopped, secs(8)..secs(9), 1),
    ];
    for (name, scenario, end, when, stopped) in table {
        for seed in 1..=3 {
            let mut world = play(&scenario, seed);
            let report = world.reports().next().unwrap_or_else(|| panic!("{name}: a client that waits for ever"));
            assert_eq!(report.end, Event::Unknown(end), "{name}");
            assert!(when.contains(&report.at), "{name}: {:?}", report.at);
            let patience = if end == Unknown::NotStopped { secs(11) } else { secs(32) };
            world.run_until(report.at + patience);
            assert_eq!((world.stopped.len(), world.server.running()), (stopped, 0), "{name}");
            assert_eq!(world.server.next_deadline(), None, "{name}: a place that is held");
        }
    }
}

/// A long command that never arrives.
#[test]
fn a_command_that_vanishes_is_given_up() {
    let narrow = Network { largest: 300, ..GOOD };
    let world = play(&Scenario { network: narrow, command: 1100, within: secs(40), ..ONE }, 1);
    assert_eq!(world.reports().map(|report| &report.end).collect::<Vec<_>>(), [&Event::Unknown(Unknown::Silence)]);
    assert_eq!((world.server.running(), world.server.next_deadline()), (0, None));
}

#[test]
fn a_server_that_was_started_anew_runs_nothing_again() {
    let task = Task { number: 1, millis: 5000, bytes: 10, command: 0 };
    let mut world = World::new(GOOD, 1);
    world.person(Manner::Interactive, [task, Task { number: 2, ..task }]);
    world.run(secs(2));
    world.restart();
    world.run(secs(60));
    let ends: Vec<_> = world.reports().map(|report| report.end.clone()).collect();
    assert_eq!(ends, [Event::Unknown(Unknown::Gone), Event::Ended(Outcome::Exited(2))]);
    assert_eq!((world.runs[&task], world.runs.len()), (1, 2));
}

/// A laptop sleeps for three minutes, between two commands or during one, and its clock stands still or goes on; meanwhile the
/// server may have forgotten the session, since somebody has opened another.
#[test]
fn after_a_sleep_nothing_untrue_is_said_and_nothing_runs_twice() {
    use Meanwhile::{GoesOn, StandsStill};
    let task = |number, millis| Task { number, millis, bytes: 3000, command: 0 };
    let (other, next) = (Some(task(9, 3)), task(2, 3));
    let (first_ended, next_ended) = (Event::Ended(Outcome::Exited(1)), Event::Ended(Outcome::Exited(2)));
    let unknown = |why| Event::Unknown(why);
    let table = [
        ("between two", StandsStill, 3, None, [&first_ended, &next_ended], 1),
        ("between two", StandsStill, 3, other, [&first_ended, &unknown(Unknown::Forgotten)], 1),
        ("between two", GoesOn, 3, other, [&first_ended, &next_ended], 2),
        ("during one", StandsStill, 600_000, None, [&unknown(Unknown::Expired), &next_ended], 2),
        ("during one", StandsStill, 600_000, other, [&unknown(Unknown::Forgotten), &next_ended], 2),
        ("during one", GoesOn, 600_000, other, [&unknown(Unknown::Silence), &next_ended], 2),
    ];
    for (name, clock, millis, other, ends, sessions) in table {
        let name = format!("{name}, its clock {clock:?}, forgotten: {}", other.is_some());
        let mut world = World::new(GOOD, 1);
        let first = task(1, millis);
        world.person(Manner::Interactive, [first]);
        world.run_until(secs(5));
        world.sleep(secs(180), clock, other);
        assert_eq!(world.server.remembered(), 1, "{name}");
        world.people[0].todo.push_back(next);
        world.run(world.now + secs(10));
        assert_eq!(world.reports().map(|report| &report.end).collect::<Vec<_>>(), ends, "{name}");
        let ran = |task| world.runs.get(&task).copied().unwrap_or_default();
        assert_eq!((ran(first), ran(next)), (1, usize::from(*ends[1] == next_ended)), "{name}");
        let hellos = world.from_clients.iter().filter(|(.., datagram)| datagram[0] == 0x81).count();
        assert_eq!(hellos, usize::from(other.is_some()) + sessions, "{name}");
    }
}

#[test]
fn a_stopped_command_ends_soon_over_a_bad_network() {
    for seed in 1..=20 {
        let world = play(
            &Scenario { network: BAD, manner: Manner::StopsAt(secs(20)), millis: 60_000, within: secs(30), ..ONE },
            seed,
        );
        let report = world.reports().next().expect("a report");
        assert_eq!(report.end, Event::Ended(Outcome::Signalled(2)), "seed {seed}");
        assert!(report.at < secs(24), "seed {seed}: {:?}", report.at);
        assert_eq!(world.stopped.len(), 1, "seed {seed}");
    }
}

#[test]
fn the_command_of_a_client_that_is_gone_is_stopped() {
    let scenario = Scenario { manner: Manner::LeavesAt(secs(5)), millis: 100_000, within: secs(60), ..ONE };
    let mut world = play(&scenario, 1);
    let [stopped] = world.stopped[..] else { panic!("{:?}", world.stopped) };
    assert!((secs(33)..=secs(35)).contains(&stopped), "{stopped:?}");
    assert_eq!((world.server.running(), world.server.remembered()), (0, 1));
    world.people.clear();
    world.run_until(secs(300));
    assert_eq!(world.server.next_deadline(), None);
}

#[test]
fn one_too_many_is_told_so() {
    let world = play(&Scenario { people: 17, millis: 100, ..ONE }, 1);
    let busy = world.reports().filter(|report| report.end == Event::NotRun(NotRun::Busy)).count();
    let exact = world.reports().filter(|report| report.is_exact()).count();
    assert_eq!((exact, busy, world.runs.len()), (16, 1, 16));
}
