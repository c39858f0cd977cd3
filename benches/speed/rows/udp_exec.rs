//! Rows: remote commands over UDP. How fast a large output comes where the network loses nothing, and how much the
//! server's memory grows meanwhile.
//!
//! Beside it stands the same output over QUIC (`benches/quic`), which cuts, orders, repeats and slows down over UDP as we do;
//! and over TCP, for orientation: there the system does it.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Result, ensure};

use super::cpus::{Cpus, Seats};
use super::exec::{CLIENT as TCP_CLIENT, Contestant, Measured, Scratch, client, run};
use super::quic;
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

/// A large output, in MB/s, beside the same over QUIC and TCP; and the memory for it.
pub(super) fn measure(cpus: &Cpus) -> Result<Vec<Line>> {
    let scratch = Scratch::new()?;
    let output = scratch.0.join("output");
    write_lines(&output)?;
    let bulk =
        Bulk { cpus, scratch: &scratch, command: format!("cat {}", output.display()), output: fs::read(&output)? };
    let quinn = quic::build();
    let mut lines = bulk.rates(Seats::Apart, BULK, Target::None, &quinn)?;
    lines.extend(bulk.rates(Seats::Together, BULK_TOGETHER, Target::AtLeast(0.8), &quinn)?);
    lines.push(bulk.growth()?);
    Ok(lines)
}

fn write_lines(path: &Path) -> Result<()> {
    let mut lines = BufWriter::new(File::create(path)?);
    (0..LINES).try_for_each(|number| writeln!(lines, "{number:07}"))?;
    Ok(lines.flush()?)
}

/// The command, and what it writes.
struct Bulk<'a> {
    cpus: &'a Cpus,
    scratch: &'a Scratch,
    command: String,
    output: Vec<u8>,
}

impl Bulk<'_> {
    fn rates(&self, seats: Seats, what: &str, target: Target, quinn: &Result<PathBuf>) -> Result<Vec<Line>> {
        let key = self.scratch.key();
        let (udp, tcp) = (Server::udp_exec(self.cpus, &key)?, Server::exec(self.cpus, &key)?);
        let mut contestants = vec![
            self.reader(seats, "udp-exec", self.ours(CLIENT, &udp))?,
            self.reader(seats, "tcp-exec", self.ours(TCP_CLIENT, &tcp))?,
        ];
        let directory = &self.scratch.0;
        let server =
            quinn.as_ref().ok().map(|program| quic::serve(self.cpus, program, directory, &self.command)).transpose()?;
        if let (Ok(program), Some(server)) = (quinn, &server) {
            contestants.push(self.reader(seats, "quinn", quic::client(program, directory, server))?);
        }
        let measured = Measured::new(what, "MB/s", ROUNDS, contestants)?;
        let beside_quinn = match quinn {
            Ok(_) => measured.beside(0, 2, target),
            Err(error) => Line::not_measured(&format!("{what}, beside quinn"), &format!("{error:#}")),
        };
        let alone = Line::absolute(what, &measured.series(0), Target::AtLeast(60.0));
        Ok(vec![alone, beside_quinn, measured.beside(0, 1, Target::None)])
    }

    /// One of our clients.
    fn ours(&self, program: &str, server: &Server) -> Command {
        client(program, server, self.scratch, &["-c", &self.command])
    }

    /// Runs `client` once and looks whether the output comes exactly.
    fn check(&self, client: &mut Command) -> Result<()> {
        let got = client.stdin(Stdio::null()).output()?.stdout;
        ensure!(got == self.output, "{client:?}: {} bytes that are not the output", got.len());
        Ok(())
    }

    /// A client in turns, once it has been seen that the output comes exactly.
    fn reader(&self, seats: Seats, name: &'static str, mut client: Command) -> Result<Contestant<'_>> {
        self.check(&mut client)?;
        let turn = move || {
            let started = Instant::now();
            self.cpus.on_client_cpu(seats, || run(client.stdin(Stdio::null())))??;
            Ok(MEGABYTES / started.elapsed().as_secs_f64())
        };
        Ok((name, Box::new(turn)))
    }

    /// By how much the memory of a fresh server grows, in MiB, for an output that comes exactly.
    fn growth(&self) -> Result<Line> {
        let grown = || {
            let server = Server::udp_exec(self.cpus, &self.scratch.key())?;
            let before = server.resident_kib()?;
            self.check(&mut self.ours(CLIENT, &server))?;
            Ok(f64::from(server.peak_kib()? - before) / 1024.0)
        };
        let measured = Measured::new(MEMORY, "MiB", MEMORY_ROUNDS, vec![("udp-exec-server", Box::new(grown))])?;
        Ok(Line::absolute(MEMORY, &measured.series(0), Target::AtMost(16.0)))
    }
}
