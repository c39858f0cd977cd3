//! Rows: remote commands over TCP. How fast a large output comes, how many small commands run in a second, and how much
//! memory the server takes.
//!
//! The server and its commands sit on one CPU, the client on the other, and then all of them on one. Apart, the faster end
//! waits for the slower one, and each small command wakes a CPU that has gone to sleep, twice; together, all that either
//! end does counts. Every client writes what it gets to /dev/null: what a terminal or a file would add is nobody's merit.

use std::fs::{self, File};
use std::io::Read;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use super::cpus::{Cpus, Seats};
use super::report::{Line, Series, Target, take_turns};
use super::servers::{NCAT, Process, Server, compiled, is_installed};
use super::ssh::{self, Ssh};

/// Our client.
pub(super) const CLIENT: &str = env!("CARGO_BIN_EXE_tcp-exec-client");

const BULK: &str = "tcp exec: bulk output";
const BULK_TOGETHER: &str = "tcp exec: bulk output, both ends on one CPU";
const SMALL: &str = "tcp exec: `true` after `true` on one connection";
const SMALL_TOGETHER: &str = "tcp exec: `true` after `true` on one connection, both ends on one CPU";
const MEMORY: &str = "tcp exec: server's peak memory";

/// What a large output is, in MiB: about half a second of it.
const BULK_MIB: u32 = 512;
const BULK_ROUNDS: usize = 9;

/// Small commands in one turn, so many that the connection itself does not count; and over ssh, where each takes ten times
/// as long.
const COMMANDS: u32 = 1000;
const SSH_COMMANDS: u32 = 50;
const SMALL_ROUNDS: usize = 11;

/// Peak memory hardly varies.
const MEMORY_ROUNDS: usize = 3;
const MEMORY_MIB: u32 = 256;

/// One who takes turns: a name, and what gives a round's value.
pub(super) type Contestant<'a> = (&'static str, Box<dyn FnMut() -> Result<f64> + 'a>);

/// A large output, in GiB/s: beside frames without tags, ncat and ssh.
pub(super) fn measure_bulk(cpus: &Cpus) -> Result<Vec<Line>> {
    if !is_installed("cc") {
        return Ok(vec![Line::not_measured(BULK, "no C compiler (cc) for the floor")]);
    }
    let mut lines = bulk(cpus, Seats::Apart, BULK)?;
    lines.extend(bulk(cpus, Seats::Together, BULK_TOGETHER)?);
    Ok(lines)
}

fn bulk(cpus: &Cpus, seats: Seats, what: &str) -> Result<Vec<Line>> {
    let scratch = Scratch::new()?;
    let command = output_of(BULK_MIB);
    let (ours, plain) = (Server::exec(cpus, &scratch.key())?, Server::c_exec(cpus, &command)?);
    let reader = |name, client| reader(cpus, seats, name, client);
    let mut contestants = vec![
        reader("tcp-exec", client(CLIENT, &ours, &scratch, &["-c", &command]))?,
        reader("C, frames without tags", c_reader(&plain)?)?,
    ];
    let ncat = is_installed(NCAT).then(|| Server::ncat_exec(cpus, &command)).transpose()?;
    if let Some(ncat) = &ncat {
        contestants.push(reader("ncat --sh-exec", ncat_reader(ncat))?);
    }
    let ssh = ssh::is_installed().then(|| Ssh::start(cpus, seats, &scratch.0)).transpose()?;
    if let Some(ssh) = &ssh {
        contestants.push(reader("ssh aes128-gcm", ssh.command(&command))?);
    }
    let measured = Measured::new(what, "GiB/s", BULK_ROUNDS, contestants)?;
    let mut lines = vec![measured.beside(0, 1, Target::AtLeast(0.5))];
    let beside_ssh = if seats == Seats::Together { Target::AtLeast(1.6) } else { Target::None };
    lines.push(match ssh {
        Some(_) => measured.beside(0, measured.names.len() - 1, beside_ssh),
        None => Line::not_measured(&format!("{what}, beside ssh"), "no sshd (apt-get install openssh-server)"),
    });
    lines.extend((2..measured.names.len()).map(|peer| measured.beside(peer, 1, Target::None)));
    Ok(lines)
}

/// Small commands a second: beside a loop that only starts shells and waits for them, and ssh.
pub(super) fn measure_small(cpus: &Cpus) -> Result<Vec<Line>> {
    if !is_installed("cc") {
        return Ok(vec![Line::not_measured(SMALL, "no C compiler (cc) for the floor")]);
    }
    let mut lines = small(cpus, Seats::Apart, SMALL)?;
    lines.extend(small(cpus, Seats::Together, SMALL_TOGETHER)?);
    Ok(lines)
}

fn small(cpus: &Cpus, seats: Seats, what: &str) -> Result<Vec<Line>> {
    let scratch = Scratch::new()?;
    let typed = scratch.0.join("commands");
    fs::write(&typed, "true\n".repeat(COMMANDS as usize))?;
    let server = Server::exec(cpus, &scratch.key())?;
    let ssh = ssh::is_installed().then(|| Ssh::start(cpus, seats, &scratch.0)).transpose()?;
    let ours = || {
        let started = Instant::now();
        let typed = File::open(&typed)?;
        cpus.on_client_cpu(seats, || run(client(CLIENT, &server, &scratch, &[]).stdin(typed)))??;
        Ok(f64::from(COMMANDS) / started.elapsed().as_secs_f64())
    };
    let mut spawn = compiled("exec")?;
    spawn.arg("spawn").arg(COMMANDS.to_string());
    let spawn = || {
        let started = Instant::now();
        cpus.on_server_cpu(|| run(&mut spawn))??;
        Ok(f64::from(COMMANDS) / started.elapsed().as_secs_f64())
    };
    let mut contestants: Vec<Contestant<'_>> =
        vec![("tcp-exec", Box::new(ours)), ("C posix_spawn loop", Box::new(spawn))];
    if let Some(ssh) = &ssh {
        let over_ssh = || {
            let started = Instant::now();
            for _ in 0..SSH_COMMANDS {
                cpus.on_client_cpu(seats, || run(&mut ssh.command("true")))??;
            }
            Ok(f64::from(SSH_COMMANDS) / started.elapsed().as_secs_f64())
        };
        contestants.push(("ssh, ControlMaster", Box::new(over_ssh)));
    }
    let measured = Measured::new(what, "commands/s", SMALL_ROUNDS, contestants)?;
    let mut lines = vec![measured.beside(0, 1, Target::AtLeast(0.9))];
    lines.extend((2..measured.names.len()).map(|peer| measured.beside(peer, 1, Target::None)));
    Ok(lines)
}

/// The server's peak memory in MiB while a large output goes through it, beside ssh.
pub(super) fn measure_memory(cpus: &Cpus) -> Result<Vec<Line>> {
    let scratch = Scratch::new()?;
    // It is looked at while the command still runs: sshd has a process that ends with the connection.
    let command = format!("{}; exec sleep 5", output_of(MEMORY_MIB));
    let mib = |kib: u32| f64::from(kib) / 1024.0;
    let ours = || {
        let server = Server::exec(cpus, &scratch.key())?;
        let _client = read_output(&mut client(CLIENT, &server, &scratch, &["-c", &command]), MEMORY_MIB)?;
        Ok(mib(server.peak_kib()?))
    };
    let over_ssh = || {
        let ssh = Ssh::start(cpus, Seats::Apart, &scratch.0)?;
        let _client = read_output(&mut ssh.command(&command), MEMORY_MIB)?;
        Ok(mib(ssh.peak_kib()?))
    };
    let mut contestants: Vec<Contestant<'_>> = vec![("tcp-exec-server", Box::new(ours))];
    if ssh::is_installed() {
        contestants.push(("sshd", Box::new(over_ssh)));
    }
    let what = format!("{MEMORY}, {MEMORY_MIB} MiB of output");
    let measured = Measured::new(&what, "MiB", MEMORY_ROUNDS, contestants)?;
    let mut lines = vec![Line::absolute(&what, &measured.series(0), Target::AtMost(8.0))];
    lines.extend((1..measured.names.len()).map(|peer| measured.beside(0, peer, Target::None)));
    Ok(lines)
}

/// Rounds that have been measured.
pub(super) struct Measured<'a> {
    what: &'a str,
    unit: &'static str,
    names: Vec<&'static str>,
    rounds: Vec<Vec<f64>>,
}

impl<'a> Measured<'a> {
    pub(super) fn new(
        what: &'a str,
        unit: &'static str,
        rounds: usize,
        mut contestants: Vec<Contestant<'_>>,
    ) -> Result<Self> {
        let rounds = take_turns(rounds, contestants.len(), |index| {
            let (name, turn) = &mut contestants[index];
            turn().with_context(|| format!("{what}: {name}"))
        })?;
        Ok(Self { what, unit, names: contestants.iter().map(|(name, _)| *name).collect(), rounds })
    }

    pub(super) fn series(&self, index: usize) -> Series<'_> {
        Series { name: self.names[index], unit: self.unit, values: &self.rounds[index] }
    }

    pub(super) fn beside(&self, index: usize, peer: usize, target: Target) -> Line {
        Line::compared(self.what, &self.series(index), &self.series(peer), target)
    }
}

/// A directory for keys and sockets, removed in the end.
pub(super) struct Scratch(pub(super) PathBuf);

impl Scratch {
    pub(super) fn new() -> Result<Self> {
        let path = std::env::temp_dir().join(format!("socket-demos-bench-{}", std::process::id()));
        fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    pub(super) fn key(&self) -> PathBuf {
        self.0.join("exec.key")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The command that writes so many MiB.
fn output_of(mib: u32) -> String {
    format!("head -c {mib}M /dev/zero")
}

/// One of our clients, for `server`.
pub(super) fn client(program: &str, server: &Server, scratch: &Scratch, arguments: &[&str]) -> Command {
    let mut client = Command::new(program);
    client.arg(server.address().to_string()).arg("--key-file").arg(scratch.key()).args(arguments);
    client
}

fn c_reader(server: &Server) -> Result<Command> {
    let mut reader = compiled("exec")?;
    reader.arg("read").arg(server.address().port().to_string());
    Ok(reader)
}

fn ncat_reader(server: &Server) -> Command {
    let mut reader = Command::new(NCAT);
    // Its server would end the command at the end of our input.
    reader.args(["--recv-only", "127.0.0.1", &server.address().port().to_string()]);
    reader
}

/// A client that reads a large output, once it has been seen that all of it comes.
fn reader<'a>(cpus: &'a Cpus, seats: Seats, name: &'static str, mut client: Command) -> Result<Contestant<'a>> {
    read_output(&mut client, BULK_MIB).with_context(|| format!("{name}: the output does not come whole"))?;
    let turn = move || {
        let started = Instant::now();
        cpus.on_client_cpu(seats, || run(client.stdin(Stdio::null())))??;
        Ok(f64::from(BULK_MIB) / 1024.0 / started.elapsed().as_secs_f64())
    };
    Ok((name, Box::new(turn)))
}

/// Runs `client` to its end.
pub(super) fn run(client: &mut Command) -> Result<()> {
    let status = client.stdout(Stdio::null()).status()?;
    ensure!(status.success(), "{client:?}: {status}");
    Ok(())
}

/// Reads so many MiB from `client`, which goes on.
fn read_output(client: &mut Command, mib: u32) -> Result<Process> {
    let mut process = Process(client.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?);
    let output = process.0.stdout.as_mut().context("stdout is a pipe")?;
    let mut piece = vec![0; 256 * 1024];
    let mut left = u64::from(mib) * 1024 * 1024;
    while left > 0 {
        let length = output.read(&mut piece)? as u64;
        ensure!(length > 0 && length <= left, "{client:?}: {left} bytes are missing or too many");
        left -= length;
    }
    Ok(process)
}
