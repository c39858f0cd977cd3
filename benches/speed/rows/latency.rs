//! Row: one client sends a line, another has it.
//!
//! Measured in two ways, since TCP makes them differ. Two who speak in turn send the acknowledgement of what they got
//! with their answer, as an echo does. Where only one speaks, the server and the listener send acknowledgements of
//! their own, a quarter of the time of a line; so this way has its own floor, the same C program between two clients.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use anyhow::{Result, ensure};

use super::client::{Admission, Client, gather};
use super::cpus::Cpus;
use super::report::{Line, Series, Target, median, take_turns};
use super::servers::{NCAT, Server, is_installed};

const IN_TURN: &str = "chat: two clients speak in turn, a line's p50";
const ONE_SPEAKS: &str = "chat: one speaks, one listens, a line's p50";

/// Rounds, and lines in each: a turn lasts less than a tenth of a second, so that all servers have theirs before the
/// machine changes its mind.
const ROUNDS: usize = 15;
const LINES: usize = 2000;

/// About what a person types.
const LINE: &[u8] = b"The quick brown fox jumps over the lazy dog.\n";

/// More than that line with its label.
const READ_SIZE: usize = 4096;

/// Two clients, and no surplus that could be refused.
const SEATS: u32 = 16;

/// What both ways are to reach, as a ratio to the floor.
const TARGET: Target = Target::AtMost(1.1);

/// Who of the two speaks.
#[derive(Clone, Copy)]
enum Talk {
    InTurn,
    OneSpeaks,
}

/// Two ends with a server between them: what goes in at one comes out at the other. Of an echo both are one socket.
struct Path {
    name: &'static str,
    ends: [TcpStream; 2],
    /// Dropped last: the clients leave before the server ends.
    _server: Server,
}

/// Measures both rows.
pub(super) fn measure(cpus: &Cpus) -> Result<Vec<Line>> {
    if !is_installed("cc") {
        return Ok([IN_TURN, ONE_SPEAKS]
            .map(|what| Line::not_measured(what, "no C compiler (cc) for the floor"))
            .into());
    }
    let mut lines = measure_in_turn(cpus)?;
    lines.extend(measure_one_speaker(cpus)?);
    Ok(lines)
}

fn measure_in_turn(cpus: &Cpus) -> Result<Vec<Line>> {
    let floor = Path::through_echo("C echo", Server::c_echo(cpus)?)?;
    let mut paths = rooms(cpus)?;
    if is_installed(NCAT) {
        paths.push(Path::through_echo("ncat -e cat", Server::ncat_cat(cpus)?)?);
    }
    compare(IN_TURN, Talk::InTurn, floor, paths)
}

fn measure_one_speaker(cpus: &Cpus) -> Result<Vec<Line>> {
    let server = Server::c_pair(cpus)?;
    let ends = [Client::connect(server.address())?.into_socket()?, Client::connect(server.address())?.into_socket()?];
    compare(ONE_SPEAKS, Talk::OneSpeaks, Path { name: "C pair", ends, _server: server }, rooms(cpus)?)
}

/// Ours, and ncat's if there is one.
fn rooms(cpus: &Cpus) -> Result<Vec<Path>> {
    let mut rooms = vec![Path::through_room("tcp-chat-server", Server::room(cpus, SEATS)?, Admission::Welcome)?];
    if is_installed(NCAT) {
        let broker = Server::broker(cpus, SEATS)?;
        rooms.push(Path::through_room("ncat --broker", broker, Admission::HeardByFirst)?);
    }
    Ok(rooms)
}

/// Compares each path with the floor. The first is ours and has a target, the others are for information.
fn compare(what: &str, talk: Talk, floor: Path, others: Vec<Path>) -> Result<Vec<Line>> {
    let mut paths = vec![floor];
    paths.extend(others);
    let p50 = take_turns(ROUNDS, paths.len(), |turn| paths[turn].p50(talk))?;
    let series = |of: usize| Series { name: paths[of].name, unit: "µs", values: &p50[of] };
    let target = |of| if of == 1 { TARGET } else { Target::None };
    Ok((1..paths.len()).map(|of| Line::compared(what, &series(of), &series(0), target(of))).collect())
}

impl Path {
    fn through_room(name: &'static str, server: Server, admission: Admission) -> Result<Self> {
        let clients = gather(server.address(), 2, admission)?;
        let ends = <[TcpStream; 2]>::try_from(clients).expect("as many as were asked for");
        Ok(Self { name, ends, _server: server })
    }

    fn through_echo(name: &'static str, server: Server) -> Result<Self> {
        let client = Client::connect(server.address())?.into_socket()?;
        Ok(Self { name, ends: [client.try_clone()?, client], _server: server })
    }

    /// The median time of a line in microseconds.
    fn p50(&mut self, talk: Talk) -> Result<f64> {
        let times: Result<Vec<f64>> = (0..LINES)
            .map(|number| match talk {
                Talk::InTurn => self.pass_line(number % 2),
                Talk::OneSpeaks => self.pass_line(0),
            })
            .collect();
        Ok(median(&times?))
    }

    /// From before a line is sent until the other end has all of it, with the label that a room puts before it.
    fn pass_line(&mut self, speaker: usize) -> Result<f64> {
        let mut buffer = [0; READ_SIZE];
        let mut filled = 0;
        let sent = Instant::now();
        self.ends[speaker].write_all(LINE)?;
        while !buffer[..filled].ends_with(LINE) {
            let length = self.ends[1 - speaker].read(&mut buffer[filled..])?;
            ensure!(length > 0, "{} sent {filled} bytes, but not this line", self.name);
            filled += length;
        }
        Ok(sent.elapsed().as_secs_f64() * 1e6)
    }
}
