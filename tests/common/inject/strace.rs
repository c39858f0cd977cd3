//! One program under `strace`, and one of its calls made to fail.
//!
//! strace counts the calls of each thread for itself, and lets the chosen one of every thread fail. Here it fails once:
//! as soon as the log shows it, the tracer is ended, and the program goes on alone. What the dynamic linker and the
//! runtime do before `main` is counted in a first run without a fault, and left alone; a fault that hits a command which
//! the program has started is none of the program's.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::common::exec::Place;
use crate::common::{self, Running, TIME_CLIENT};

/// The calls that the programs make and that a system may refuse.
pub const CALLS: [&str; 26] = [
    "socket",
    "bind",
    "listen",
    "accept4",
    "connect",
    "setsockopt",
    "getsockopt",
    "getsockname",
    "shutdown",
    "recvfrom",
    "sendto",
    "read",
    "write",
    "poll",
    "ppoll",
    "clone3",
    "vfork",
    "execve",
    "pipe2",
    "fcntl",
    "ioctl",
    "openat",
    "statx",
    "waitid",
    "wait4",
    "splice",
];

pub const ERRORS: [&str; 6] = ["EINTR", "ENOBUFS", "EMFILE", "ENOMEM", "EAGAIN", "ECONNABORTED"];

/// The last call of a thread before what it is there for: the runtime gives it a stack for signals, in two calls.
const MARK: &str = "sigaltstack";

/// One error at one call.
pub struct Fault {
    pub call: &'static str,
    pub error: &'static str,
    /// Which call of a thread fails, 1 for the first.
    pub which: usize,
    /// So many calls come before `main`.
    pub before: usize,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {} {}", self.error, self.call, self.which)
    }
}

/// A program that is traced, with the tracer's log.
pub struct Traced {
    pub running: Running,
    log: PathBuf,
}

impl Traced {
    /// Starts `command` with `fault`, or only watched.
    pub fn start(command: &Command, fault: Option<&Fault>, place: &Place) -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let log = place.path().join(format!("trace.{}", NUMBER.fetch_add(1, Ordering::Relaxed)));
        let calls = fault.map_or(CALLS.join(","), |fault| fault.call.to_string());
        let mut strace = Command::new("strace");
        // -D: the program is our child, not the tracer's.
        strace.args(["-D", "-f", "-o"]).arg(&log).args(["-e", "signal=none"]);
        strace.args(["-e", &format!("trace={calls},execve,{MARK}")]);
        if let Some(Fault { call, error, which, before }) = fault {
            strace.args(["-e", &format!("inject={call}:error={error}:when={}", before + which)]);
        }
        strace.arg(command.get_program()).args(command.get_args());
        strace.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        Self { running: Running::spawn(strace), log }
    }

    /// What is known by now.
    pub fn log(&self) -> Log {
        Log::read(&fs::read_to_string(&self.log).unwrap_or_default())
    }

    /// Ends the tracer, and waits until it has let go of the program.
    pub fn release(&mut self) {
        let pid = self.running.pid();
        let tracer = || {
            let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
            let tracer = status.lines().find_map(|line| line.strip_prefix("TracerPid:"));
            tracer.and_then(|pid| pid.trim().parse().ok()).unwrap_or(0)
        };
        let first: i32 = tracer();
        if first != 0 {
            // It fails for a tracer that has just ended with its program.
            let _ = kill(Pid::from_raw(first), Signal::SIGKILL);
            common::eventually(0, tracer);
        }
    }
}

/// Whether strace may trace a program of ours here: it may be forbidden.
pub fn may_trace(place: &Place) -> Result<(), String> {
    let mut command = Command::new(TIME_CLIENT);
    command.arg("--version");
    let mut traced = Traced::start(&command, None, place);
    let (status, out, err) = traced.running.ended();
    let seen = traced.log().count("write") > 0;
    let works = status.success() && !out.is_empty() && seen;
    if works { Ok(()) } else { Err(format!("strace cannot trace here: {}", err.trim())) }
}

/// What strace has seen of a program, the commands that it has started left out.
#[derive(Default)]
pub struct Log {
    /// The most calls of any thread, by name, those before `main` left out.
    counts: HashMap<String, usize>,
    before_main: HashMap<String, usize>,
    /// The injected calls, with their arguments.
    pub hits: Vec<String>,
    /// Another program was hit: a command.
    pub stray: bool,
}

impl Log {
    fn read(text: &str) -> Self {
        let mut log = Self::default();
        let mut made: HashMap<(&str, &str), usize> = HashMap::new();
        let mut marks: HashMap<&str, usize> = HashMap::new();
        let (mut first, mut others, mut unfinished) = (None, HashSet::new(), HashMap::new());
        // A line without its end is still being written.
        for line in text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
            let Some((pid, line)) = line.split_once(' ') else { continue };
            let (line, main) = (line.trim_start(), *first.get_or_insert(pid));
            let start = if line.starts_with("<... ") { unfinished.remove(pid).unwrap_or(line) } else { line };
            if line.ends_with("<unfinished ...>") {
                unfinished.insert(pid, line);
                continue;
            }
            let Some((call, _)) = start.split_once('(') else { continue };
            let early = pid == main && marks.get(pid).is_none_or(|&marks| marks < 2);
            let hit = line.contains("(INJECTED)");
            match call {
                MARK => *marks.entry(pid).or_default() += 1,
                _ if others.contains(pid) => log.stray |= hit,
                _ if hit && !early => log.hits.push(start.to_string()),
                // That of the program itself, which strace leaves alone.
                "execve" if pid == main => {}
                "execve" if line.ends_with("= 0") => {
                    others.insert(pid);
                    *made.entry((pid, call)).or_default() += 1;
                }
                _ if early => *log.before_main.entry(call.to_string()).or_default() += 1,
                _ => *made.entry((pid, call)).or_default() += 1,
            }
        }
        for ((pid, call), mut count) in made {
            if first != Some(pid) {
                count = count.saturating_sub(log.before_main(call));
            }
            let most = log.counts.entry(call.to_string()).or_default();
            *most = count.max(*most);
        }
        log
    }

    /// How many calls of that name the busiest thread has made after the start, as far as a fault can hit them.
    pub fn count(&self, call: &str) -> usize {
        self.counts.get(call).copied().unwrap_or(0)
    }

    /// How many of them came before `main`.
    pub fn before_main(&self, call: &str) -> usize {
        self.before_main.get(call).copied().unwrap_or(0)
    }
}
