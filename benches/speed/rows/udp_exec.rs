//! Rows: remote commands over UDP. How fast a large output comes where the network loses nothing, and how much the
//! server's memory grows meanwhile.
//!
//! Beside it stands the same output over TCP, for orientation: there the system cuts, orders, repeats and slows down.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::Stdio;
use std::time::Instant;

use anyhow::{Result, ensure};

use super::cpus::{Cpus, Seats};
use super::exec::{CLIENT as TCP_CLIENT, Contestant, Measured, Scratch, client, run};
use super::report::{Line, Target};
use super::servers::Server;

/// Our client.
const CLIENT: &str = env!("CARGO_BIN_EXE_udp-exec-client");

const BULK: &str = "udp exec: 64 MB of output";
const BULK_TOGETHER: &str = "udp exec: 64 MB of output, both ends on one CPU";
const MEMORY: &str = "udp exec: growth of the server's memory, 64 MB of output";

/// The output is numbered lines of 8 bytes, so that none is like another.
const LINES: u32 = 8_000_000;
const MEGABYTES: f64 = LINES as f64 * 8.0 / 1e6;

const ROUNDS: usize = 9;
const MEMORY_ROUNDS: usize = 5;

/// A large output, in MB/s, beside the same over TCP; and the memory for it.
pub(super) fn measure(cpus: &Cpus) -> Result<Vec<Line>> {
    let scratch = Scratch::new()?;
    let output = scratch.0.join("output");
    write_lines(&output)?;
    let command = format!("cat {}", output.display());
    let mut lines = rates(cpus, Seats::Apart, BULK, &scratch, &command)?;
    lines.extend(rates(cpus, Seats::Together, BULK_TOGETHER, &scratch, &command)?);
    lines.push(growth(cpus, &scratch, &command, &fs::read(&output)?)?);
    Ok(lines)
}

fn write_lines(path: &Path) -> Result<()> {
    let mut lines = BufWriter::new(File::create(path)?);
    (0..LINES).try_for_each(|number| writeln!(lines, "{number:07}"))?;
    Ok(lines.flush()?)
}

fn rates(cpus: &Cpus, seats: Seats, what: &str, scratch: &Scratch, command: &str) -> Result<Vec<Line>> {
    let (udp, tcp) = (Server::udp_exec(cpus, &scratch.key())?, Server::exec(cpus, &scratch.key())?);
    let rate = |program, server| {
        let started = Instant::now();
        let mut client = client(program, server, scratch, &["-c", command]);
        cpus.on_client_cpu(seats, || run(client.stdin(Stdio::null())))??;
        Ok(MEGABYTES / started.elapsed().as_secs_f64())
    };
    let contestants: Vec<Contestant<'_>> =
        vec![("udp-exec", Box::new(|| rate(CLIENT, &udp))), ("tcp-exec", Box::new(|| rate(TCP_CLIENT, &tcp)))];
    let measured = Measured::new(what, "MB/s", ROUNDS, contestants)?;
    Ok(vec![Line::absolute(what, &measured.series(0), Target::AtLeast(60.0)), measured.beside(0, 1, Target::None)])
}

/// By how much the memory of a fresh server grows, in MiB, once it has been seen that the output comes exactly.
fn growth(cpus: &Cpus, scratch: &Scratch, command: &str, output: &[u8]) -> Result<Line> {
    let grown = || {
        let server = Server::udp_exec(cpus, &scratch.key())?;
        let before = server.resident_kib()?;
        let client = client(CLIENT, &server, scratch, &["-c", command]).stdin(Stdio::null()).output()?;
        ensure!(client.stdout == output, "{} bytes that are not the output", client.stdout.len());
        Ok(f64::from(server.peak_kib()? - before) / 1024.0)
    };
    let measured = Measured::new(MEMORY, "MiB", MEMORY_ROUNDS, vec![("udp-exec-server", Box::new(grown))])?;
    Ok(Line::absolute(MEMORY, &measured.series(0), Target::AtMost(16.0)))
}
