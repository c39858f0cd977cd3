//! Row: what it costs to start a program that has nothing to do, `--version`.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use super::DEADLINE;
use super::cpus::Cpus;
use super::report::{Line, Series, Target, median, take_turns};
use super::servers::{NCAT, OURS, Process, is_installed, memory_kib};

const WHAT_TIME: &str = "--version: wall time";
const WHAT_MEMORY: &str = "--version: peak memory";

/// Rounds, and runs in each.
const ROUNDS: usize = 15;
const RUNS: usize = 20;

/// Peak memory hardly varies.
const MEMORY_ROUNDS: usize = 5;

/// Between two looks at whether a program has gone to sleep.
const LOOK_AGAIN: Duration = Duration::from_millis(1);

/// The programs, with the names they have in the table.
const PROGRAMS: [(&str, &str); 2] = [("tcp-chat-server", OURS), ("ncat", NCAT)];

/// Measures time beside ncat, and memory.
pub(super) fn measure(cpus: &Cpus) -> Result<Vec<Line>> {
    let mut lines = vec![measure_time(cpus)?];
    let kib = take_turns(MEMORY_ROUNDS, 1, |_| peak_memory_kib(OURS))?.remove(0);
    let mib: Vec<f64> = kib.iter().map(|&kib| f64::from(kib) / 1024.0).collect();
    let series = Series { name: PROGRAMS[0].0, unit: "MiB", values: &mib };
    lines.push(Line::absolute(WHAT_MEMORY, &series, Target::AtMost(4.0)));
    Ok(lines)
}

fn measure_time(cpus: &Cpus) -> Result<Line> {
    if !is_installed(NCAT) {
        return Ok(Line::not_measured(WHAT_TIME, "ncat is not installed (apt-get install ncat)"));
    }
    // The one who waits sits on the same CPU: it sleeps, and nothing has to migrate.
    let one_turn = |turn: usize| cpus.on_server_cpu(|| median_run(PROGRAMS[turn].1))?;
    let times = take_turns(ROUNDS, PROGRAMS.len(), one_turn)?;
    let series = |of: usize| Series { name: PROGRAMS[of].0, unit: "ms", values: &times[of] };
    Ok(Line::compared(WHAT_TIME, &series(0), &series(1), Target::AtMost(0.5)))
}

/// The median of some runs in milliseconds.
fn median_run(program: &str) -> Result<f64> {
    let times: Result<Vec<f64>> = (0..RUNS).map(|_| one_run(program)).collect();
    Ok(median(&times?))
}

/// From before the start to after the end. The end is seen at its output, which can be waited for with a deadline.
fn one_run(program: &str) -> Result<f64> {
    let (ours, theirs) = output_pair()?;
    let started = Instant::now();
    let mut process = start(program, theirs)?;
    read_version(ours, program)?;
    let status = process.0.wait()?;
    let elapsed = started.elapsed();
    ensure!(status.success(), "{program} --version: {status}");
    Ok(elapsed.as_secs_f64() * 1e3)
}

/// The most memory that `program --version` holds, in KiB.
///
/// Not from `wait4`: its `ru_maxrss` counts what the child had before its `exec` too, which is all the memory of this
/// benchmark. So the program gets a stdout that is full, and while it waits to print its version its own high-water
/// mark can be read.
fn peak_memory_kib(program: &str) -> Result<u32> {
    let (ours, mut theirs) = output_pair()?;
    fill(&mut theirs)?;
    let process = start(program, theirs)?;
    let pid = process.0.id();
    wait_until_asleep(pid)?;
    let peak = memory_kib(pid, "VmHWM:")?;
    read_version(ours, program)?;
    Ok(peak)
}

/// A stdout for a child. Sockets, since reading from them can have a deadline.
fn output_pair() -> Result<(UnixStream, UnixStream)> {
    let (ours, theirs) = UnixStream::pair()?;
    ours.set_read_timeout(Some(DEADLINE))?;
    Ok((ours, theirs))
}

/// Both outputs are the same one: ncat prints its version on stderr.
fn start(program: &str, output: UnixStream) -> Result<Process> {
    let errors = OwnedFd::from(output.try_clone()?);
    let child = Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(OwnedFd::from(output))
        .stderr(errors)
        .spawn()
        .with_context(|| format!("cannot start {program}"))?;
    Ok(Process(child))
}

/// Reads to the end, and checks that there was something.
fn read_version(mut output: UnixStream, program: &str) -> Result<()> {
    let mut said = Vec::new();
    output.read_to_end(&mut said).with_context(|| format!("{program} --version does not end"))?;
    ensure!(said.contains(&b'.'), "{program} --version printed no version");
    Ok(())
}

/// Writes until nothing more fits.
fn fill(output: &mut UnixStream) -> Result<()> {
    output.set_nonblocking(true)?;
    loop {
        match output.write(b" ") {
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            written => written?,
        };
    }
    Ok(output.set_nonblocking(false)?)
}

fn wait_until_asleep(pid: u32) -> Result<()> {
    let started = Instant::now();
    while started.elapsed() < DEADLINE {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        // The state follows the name, which stands in parentheses and may hold anything.
        if stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('S')) {
            return Ok(());
        }
        thread::sleep(LOOK_AGAIN);
    }
    bail!("process {pid} does not wait for its reader");
}
