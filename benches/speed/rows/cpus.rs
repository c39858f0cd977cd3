//! Who runs where, and how much CPU time a process has used.

use std::fmt;
use std::time::Duration;

use anyhow::{Context, Result};
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::time::{ClockId, clock_getcpuclockid};
use nix::unistd::Pid;

/// The calling thread, in the system's way of naming it.
const THIS_THREAD: Pid = Pid::from_raw(0);

/// Where a server's client sits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Seats {
    /// On the other CPU: what counts is how long the slower of the two works.
    Apart,
    /// On the server's CPU: what counts is the work of both.
    Together,
}

/// One CPU for the server, another for the load generator.
///
/// Left to the scheduler, the two share a CPU in one round and not in the next, and latencies differ by half.
pub(super) struct Cpus {
    server: usize,
    generator: usize,
}

impl Cpus {
    /// Chooses among the CPUs that this process may use, and moves itself to the generator's.
    ///
    /// The server gets the last one: interrupts of disks and networks mostly go to the first.
    pub(super) fn claim() -> Result<Self> {
        let allowed = sched_getaffinity(THIS_THREAD)?;
        let mut usable = (0..CpuSet::count()).filter(|&cpu| allowed.is_set(cpu) == Ok(true));
        let generator = usable.next().context("no CPU is allowed")?;
        let server = usable.next_back().unwrap_or(generator);
        pin(generator)?;
        Ok(Self { server, generator })
    }

    /// Does `work` on the server's CPU. A process started there stays there: it inherits the pin, before its first
    /// thread can start elsewhere.
    pub(super) fn on_server_cpu<T>(&self, work: impl FnOnce() -> T) -> Result<T> {
        pin(self.server)?;
        let outcome = work();
        pin(self.generator)?;
        Ok(outcome)
    }

    /// Does `work` where a client sits.
    pub(super) fn on_client_cpu<T>(&self, seats: Seats, work: impl FnOnce() -> T) -> Result<T> {
        match seats {
            Seats::Apart => Ok(work()),
            Seats::Together => self.on_server_cpu(work),
        }
    }
}

impl fmt::Display for Cpus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "servers pinned to CPU {}, load generator to CPU {}", self.server, self.generator)?;
        if self.server == self.generator {
            write!(f, " (THE SAME ONE: only one is allowed here, the figures are not comparable)")?;
        }
        Ok(())
    }
}

fn pin(cpu: usize) -> Result<()> {
    let mut only = CpuSet::new();
    only.set(cpu)?;
    sched_setaffinity(THIS_THREAD, &only).with_context(|| format!("cannot pin to CPU {cpu}"))
}

/// The CPU time that process `pid` has used, user and system, in all its threads.
///
/// The process's CPU clock, since it counts nanoseconds and keeps those of threads that have ended: `/proc/PID/stat`
/// counts ticks of 10 ms, `/proc/PID/schedstat` only the first thread, and the sum over `/proc/PID/task` only threads
/// that still live.
pub(super) fn cpu_time(pid: u32) -> Result<Duration> {
    let clock = clock_getcpuclockid(Pid::from_raw(pid.cast_signed()))
        .with_context(|| format!("process {pid} has no CPU clock: has it ended?"))?;
    Ok(clock.now()?.into())
}

/// The CPU time that this process, the load generator, has used.
pub(super) fn own_cpu_time() -> Result<Duration> {
    Ok(ClockId::CLOCK_PROCESS_CPUTIME_ID.now()?.into())
}
