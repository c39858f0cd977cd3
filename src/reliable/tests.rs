//! What the two sides promise together, over simulated networks in virtual time.

mod pump;
mod world;

use std::time::{Duration, Instant};

use self::world::{GOOD, Network, Task, World, ms};

/// Some clients with some commands each, and how long they may take.
struct Scenario {
    name: &'static str,
    network: Network,
    clients: u32,
    commands: u32,
    /// Of each command, in milliseconds.
    millis: u64,
    /// Of each command's output.
    bytes: usize,
    within: Duration,
}

const BAD: Network = Network { loss: 0.2, duplicate: 0.1, reorder: 0.1, ..GOOD };

/// Every command runs once, and everybody has every byte.
const WELL: &[Scenario] = &[
    Scenario {
        name: "nothing is lost",
        network: GOOD,
        clients: 8,
        commands: 20,
        millis: 5,
        bytes: 4000,
        within: ms(1000),
    },
    Scenario {
        name: "a thousand commands",
        network: BAD,
        clients: 8,
        commands: 125,
        millis: 3,
        bytes: 2000,
        within: ms(120_000),
    },
    Scenario {
        name: "ten mebibytes",
        network: Network { loss: 0.1, ..GOOD },
        clients: 1,
        commands: 1,
        millis: 0,
        bytes: 10 << 20,
        within: ms(20_000),
    },
];

fn world(scenario: &Scenario, seed: u64) -> World {
    let mut world = World::new(scenario.network, seed);
    for client in 0..scenario.clients {
        let numbers = client * scenario.commands..(client + 1) * scenario.commands;
        world.person(numbers.map(|number| Task { number, millis: scenario.millis, bytes: scenario.bytes }));
    }
    world
}

#[test]
fn every_command_runs_once_and_every_answer_is_whole() {
    for scenario in WELL {
        let start = Instant::now();
        let mut world = world(scenario, 1);
        let took = world.run(scenario.within);
        eprintln!("{}: {took:?} virtual, {:?} real", scenario.name, start.elapsed());
        let total = (scenario.clients * scenario.commands) as usize;
        assert!(world.reports().count() == total, "{}", scenario.name);
        assert!(world.reports().all(|report| report.is_exact()), "{}", scenario.name);
        assert!(world.runs.len() == total && world.runs.values().all(|runs| *runs == 1), "{}", scenario.name);
    }
}
