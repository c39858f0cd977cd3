//! How much is sent where a network carries little, or is long: at most half more than is needed.

use super::super::wire::{Kind, MAX_PIECE};
use super::network::{GOOD, Network, ms, secs};
use super::world::World;
use super::{ONE, Scenario, play};

const fn network(bits: u32, queue: u32, round_trip: u64) -> Network {
    Network { rate: bits / 8, queue, delay: ms(round_trip / 2), ..GOOD }
}

/// One client with a megabyte.
const BULK: Scenario = Scenario { bytes: 1_000_000, ..ONE };

const K: u32 = 1000;
const M: u32 = 1_000_000;
const NO_LIMIT: u32 = u32::MAX;

/// What each network needs to carry it all, half more at most, in the time that is given.
const LOADS: &[Scenario] = &[
    Scenario { name: "32 kbit/s, 256 kB", network: network(32 * K, 256 * K, 50), within: secs(420), ..BULK },
    Scenario {
        name: "32 kbit/s, 256 kB, a short answer",
        network: network(32 * K, 256 * K, 50),
        bytes: 170_000,
        within: secs(70),
        ..BULK
    },
    Scenario { name: "32 kbit/s, 1 MB", network: network(32 * K, M, 50), within: secs(600), ..BULK },
    Scenario {
        name: "40 clients, 1 Mbit/s",
        network: network(M, 256 * K, 50),
        people: 40,
        bytes: 250_000,
        within: secs(140),
        ..BULK
    },
    Scenario {
        name: "40 clients, 1 Mbit/s, a small queue",
        network: network(M, 128 * K, 50),
        people: 40,
        bytes: 250_000,
        within: secs(140),
        ..BULK
    },
    Scenario {
        name: "30 clients, 20 Mbit/s",
        network: network(20 * M, 256 * K, 20),
        people: 30,
        within: secs(25),
        ..BULK
    },
    Scenario { name: "a round trip of 2.5 s", network: network(NO_LIMIT, NO_LIMIT, 2500), within: secs(60), ..BULK },
    Scenario { name: "a round trip of 5 s", network: network(NO_LIMIT, NO_LIMIT, 5000), within: secs(120), ..BULK },
];

/// How many pieces the server has sent, and how many there are.
fn pieces(world: &World, scenario: &Scenario) -> (usize, usize) {
    let kinds = [Kind::Out, Kind::Err, Kind::Done].map(|kind| kind as u8);
    let sent = world.from_server.iter().filter(|(.., datagram)| kinds.contains(&datagram[0])).count();
    let each = scenario.bytes.div_ceil(MAX_PIECE) + (scenario.bytes / 10).div_ceil(MAX_PIECE) + 1;
    (sent, each * scenario.people as usize)
}

#[test]
fn at_most_half_more_is_sent_than_is_needed() {
    for scenario in LOADS {
        let world = play(scenario, 1);
        let ((sent, needed), name) = (pieces(&world, scenario), scenario.name);
        let (times, asked) = (sent as f64 / needed as f64, world.from_clients.len());
        println!("{name}: {times:.2} times, {asked} from clients, {:.1} s", world.now.as_secs_f64());
        assert_eq!(world.reports().filter(|report| report.is_exact()).count(), scenario.people as usize, "{name}");
        assert!(2 * sent <= 3 * needed, "{name}: {sent} instead of {needed}");
        assert!(2 * asked <= 3 * needed, "{name}: {asked} from clients");
    }
}
