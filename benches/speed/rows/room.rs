//! Rows: a room of 200 clients, in bursts and line by line, beside `ncat --broker`.
//!
//! The broker relays bytes as they come; a room puts a label before every line. A delivery is one line that one client
//! got, so the label is work that counts for nothing here.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::client::{Admission, gather};
use super::cpus::{self, Cpus};
use super::crowd::Crowd;
use super::report::{Line, Series, Target, median, take_turns};
use super::servers::{NCAT, Server, is_installed};

/// A lecture hall.
const CLIENTS: usize = 200;

/// Room for them, and for nobody else: this is what our server takes by default.
const SEATS: u32 = 256;

const ROUNDS: usize = 9;

/// The text of one line, without a label.
const LINE: &[u8] = b"a line of thirty-two characters\n";

/// Who says how much. Bursts stay below 128 KiB for each reader with their labels, far under the 256 KiB that a room
/// keeps for one that lags: nobody may be dropped here, since nobody lags.
struct Plan {
    what: &'static str,
    speakers: usize,
    lines_each: usize,
    waves: u32,
    next: Next,
}

/// Who speaks in the next wave.
#[derive(Clone, Copy)]
enum Next {
    /// The same ones again. The others only listen, and a listener's system acknowledges what it has read at once.
    Same,
    /// Those who come after them. The system of one who has spoken and then listens holds back its acknowledgements,
    /// for 40 ms and more; a server without `TCP_NODELAY` waits for them before it sends that client another line.
    Others,
}

/// Several people paste a page: a server that sends once for each read does well.
const PASTE: Plan = Plan {
    what: "room of 200: 20 clients send 100 lines each at once",
    speakers: 20,
    lines_each: 100,
    waves: 10,
    next: Next::Others,
};

/// Everybody talks at once, ten lines each.
const UPROAR: Plan = Plan {
    what: "room of 200: all of them send 10 lines each at once",
    speakers: CLIENTS,
    lines_each: 10,
    waves: 3,
    next: Next::Same,
};

/// One line, everybody has it, the next: a lecturer. Nobody ever waits for an acknowledgement, so that this is about
/// the CPU alone.
const LECTURE: Plan = Plan {
    what: "room of 200: line by line, server CPU for a delivery",
    speakers: 1,
    lines_each: 1,
    waves: 1000,
    next: Next::Same,
};

/// The same with another speaker each time. Few lines: with Nagle's algorithm each may take 200 ms.
const ROUND_TABLE: Plan = Plan {
    what: "room of 200: each says a line in turn, until all have it",
    speakers: 1,
    lines_each: 1,
    waves: 20,
    next: Next::Others,
};

/// A room with its clients. Fields are dropped in order: the clients leave, then the server ends.
struct Room {
    name: &'static str,
    first_speaker: usize,
    crowd: Crowd,
    server: Server,
}

/// What a plan cost in one turn.
struct Cost {
    wall: Duration,
    server: Duration,
    generator: Duration,
}

/// Measures deliveries a second, in bursts.
pub(super) fn measure_burst(cpus: &Cpus) -> Result<Vec<Line>> {
    let target = Target::AtLeast(1.0);
    [PASTE, UPROAR].iter().map(|plan| measure(cpus, plan, "M deliveries/s", Plan::rate, target)).collect()
}

/// Measures the server's CPU time for a delivery, and the time of a line, line by line.
pub(super) fn measure_line_by_line(cpus: &Cpus) -> Result<Vec<Line>> {
    Ok(vec![
        measure(cpus, &LECTURE, "µs", Plan::server_cpu, Target::AtMost(0.95))?,
        measure(cpus, &ROUND_TABLE, "ms", Plan::wave_time, Target::None)?,
    ])
}

/// Plays `plan` in both rooms in turn, and compares a value of what it cost.
fn measure(cpus: &Cpus, plan: &Plan, unit: &str, value: fn(&Plan, &Cost) -> f64, target: Target) -> Result<Line> {
    if !is_installed(NCAT) {
        return Ok(Line::not_measured(plan.what, "ncat is not installed (apt-get install ncat)"));
    }
    let mut rooms = [
        Room::fill("tcp-chat-server", Server::room(cpus, SEATS)?, Admission::Welcome)?,
        Room::fill("ncat --broker", Server::broker(cpus, SEATS)?, Admission::HeardByFirst)?,
    ];
    let costs = take_turns(ROUNDS, rooms.len(), |turn| rooms[turn].play(plan))?;
    let values = [0, 1].map(|of: usize| costs[of].iter().map(|cost| value(plan, cost)).collect::<Vec<_>>());
    let series = |of: usize| Series { name: rooms[of].name, unit, values: &values[of] };
    let notes = [0, 1].map(|of: usize| note(plan, rooms[of].name, &costs[of]));
    Ok(Line::compared(plan.what, &series(0), &series(1), target).with_note(notes.join("; ")))
}

/// What stands behind a value: a generator near 100 % would be what the row has measured, and a server far below has
/// waited for something else than the CPU.
fn note(plan: &Plan, name: &str, costs: &[Cost]) -> String {
    let middle = |part: &dyn Fn(&Cost) -> f64| median(&costs.iter().map(part).collect::<Vec<_>>());
    let server = 100.0 * middle(&|cost| cost.server.div_duration_f64(cost.wall));
    let generator = 100.0 * middle(&|cost| cost.generator.div_duration_f64(cost.wall));
    let cpu = middle(&|cost| plan.server_cpu(cost));
    format!("{name} is busy {server:.0} % of the time ({cpu:.3} µs a delivery), the load generator {generator:.0} %")
}

impl Room {
    fn fill(name: &'static str, server: Server, admission: Admission) -> Result<Self> {
        let crowd = Crowd::new(gather(server.address(), CLIENTS, admission)?)?;
        Ok(Self { name, first_speaker: 0, crowd, server })
    }

    /// Plays a plan once through.
    fn play(&mut self, plan: &Plan) -> Result<Cost> {
        let text = LINE.repeat(plan.lines_each);
        let (server, generator) = (self.server.cpu_time()?, cpus::own_cpu_time()?);
        let started = Instant::now();
        for _ in 0..plan.waves {
            self.crowd.wave(self.first_speaker..self.first_speaker + plan.speakers, &text)?;
            if let Next::Others = plan.next {
                self.first_speaker = (self.first_speaker + plan.speakers) % CLIENTS;
            }
        }
        Ok(Cost {
            wall: started.elapsed(),
            server: self.server.cpu_time()?.saturating_sub(server),
            generator: cpus::own_cpu_time()?.saturating_sub(generator),
        })
    }
}

impl Plan {
    /// Everybody gets every line but his own.
    fn deliveries(&self) -> f64 {
        let each_wave = self.speakers * self.lines_each * (CLIENTS - 1);
        f64::from(self.waves) * f64::from(u32::try_from(each_wave).expect("a wave is small"))
    }

    /// Millions of deliveries a second.
    fn rate(&self, cost: &Cost) -> f64 {
        self.deliveries() / cost.wall.as_secs_f64() / 1e6
    }

    /// The server's CPU time for a delivery in microseconds.
    fn server_cpu(&self, cost: &Cost) -> f64 {
        cost.server.as_secs_f64() * 1e6 / self.deliveries()
    }

    /// The time of a wave in milliseconds.
    fn wave_time(&self, cost: &Cost) -> f64 {
        cost.wall.as_secs_f64() * 1e3 / f64::from(self.waves)
    }
}
