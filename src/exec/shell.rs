//! A command run by the system's shell, with both of its outputs read at the same time, and an end for all of it.
//!
//! A command is more than one process: the shell starts others, and a background process may hold the outputs open when
//! the shell has ended. So the whole process group is stopped (setpgid(2); on Windows the job object), and once the
//! shell has ended only what is in the pipes is waited for.

mod directory;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::io;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

#[cfg(unix)]
use unix as system;
#[cfg(windows)]
use windows as system;

pub use directory::{Line, WorkingDirectory, as_bytes, as_command, as_line, said_directory};
pub use system::Pipes;
use system::{Group, Signal};

use crate::exec::protocol::Outcome;
use crate::lock::lock;
use crate::terminal::screen::Output;

/// How much of an output is read at a time, in bytes: a whole frame.
pub const PIECE: usize = 65_536;

/// How long empty pipes are waited for once the shell has ended: a last process of a pipeline may still write, a
/// background process may never end.
const GRACE: Duration = Duration::from_millis(250);

/// How long empty pipes are waited for at first before it is asked whether the shell has ended; then twice as long, up to
/// [`GRACE`].
const FIRST_LOOK: Duration = Duration::from_millis(8);

/// How much is still read once the shell has ended: more than the pipes can have held by then, so all of that comes, and
/// a background process that never stops writing does not count.
const GRACE_BYTES: usize = 4 * 1024 * 1024;

/// How a command is stopped: what it is sent, and how long it may take before the next. A shell that was started in the
/// background ignores the first, a program may clean up at the second, nothing survives the last.
const STOPPING: [(Signal, Duration); 3] = [
    (Signal::Interrupt, Duration::from_millis(500)),
    (Signal::Terminate, Duration::from_secs(2)),
    (Signal::Kill, Duration::from_secs(1)),
];

/// How long the commands may take to end when the server ends, which itself has a second in all.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// How long they may take to be gone once they have been killed.
const LAST_BREATH: Duration = Duration::from_millis(200);

/// How often a group that has been told to end is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// Why a command is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Its client wants it, or has gone, or does not take the output.
    Client,
    /// It has run for too long.
    TimeLimit,
    /// The server ends.
    ServerEnds,
}

/// A running command.
pub struct Job {
    group: Group,
    stage: Mutex<Stage>,
    /// When it was started.
    pub since: Instant,
}

#[derive(Default)]
struct Stage {
    /// Why it is being stopped, or has been.
    stopped: Option<Why>,
    /// Whether nothing of it is to be waited for or stopped any more.
    over: bool,
}

/// Every command that runs, so that none outlives the server.
struct Jobs {
    running: Vec<Arc<Job>>,
    /// Commands between being started and standing in the list.
    starting: usize,
    server_ends: bool,
}

static JOBS: Mutex<Jobs> = Mutex::new(Jobs { running: Vec::new(), starting: 0, server_ends: false });
static STARTED: Condvar = Condvar::new();

fn jobs() -> MutexGuard<'static, Jobs> {
    lock(&JOBS)
}

impl Job {
    /// Gives `line` to the shell in `directory`, with an empty standard input, in a process group of its own.
    ///
    /// # Errors
    /// Those of starting a process; the server is ending.
    pub fn start(line: &Line, directory: &WorkingDirectory) -> io::Result<(Arc<Self>, Pipes)> {
        {
            let mut jobs = jobs();
            if jobs.server_ends {
                return Err(io::ErrorKind::Interrupted.into());
            }
            jobs.starting += 1;
        }
        let started = system::start(line, directory.path.as_deref(), directory.before.as_deref());
        let mut jobs = jobs();
        jobs.starting -= 1;
        STARTED.notify_all();
        let (group, pipes) = started?;
        let job = Arc::new(Self { group, stage: Mutex::default(), since: Instant::now() });
        jobs.running.push(Arc::clone(&job));
        Ok((job, pipes))
    }

    /// Hands every piece of both outputs to `take` as it comes, until the command has ended; gives how it has. Where
    /// `take` fails the command is stopped. What was in the pipes when the shell ended comes whole, however slow `take`
    /// is; a background process that holds them open is left running.
    pub fn pump(self: &Arc<Self>, mut pipes: Pipes, take: impl FnMut(Output, &[u8]) -> io::Result<()>) -> Outcome {
        if self.pass_on(&mut pipes, take).is_err() {
            self.stop(Why::Client);
        }
        drop(pipes);
        let outcome = self.group.wait();
        let mut stage = self.stage();
        if let Some(why) = stage.stopped {
            // Whoever stops it looks after what is left of the group.
            return if why == Why::TimeLimit { Outcome::TimeLimit } else { outcome };
        }
        stage.over = true;
        self.group.reap();
        drop(stage);
        self.forget();
        outcome
    }

    fn pass_on(&self, pipes: &mut Pipes, mut take: impl FnMut(Output, &[u8]) -> io::Result<()>) -> io::Result<()> {
        let mut piece = vec![0; PIECE];
        // On Windows a thread that reads may still be about to pass on what it has read.
        let first_look = if cfg!(windows) { GRACE } else { FIRST_LOOK };
        let (mut ended, mut patience, mut bytes) = (false, first_look, GRACE_BYTES);
        loop {
            let asked = Instant::now();
            let Some((output, length)) = pipes.next(&mut piece, patience)? else {
                if pipes.are_closed() || ended {
                    return Ok(());
                }
                // What it wrote last may have come after the wait was over: one more look.
                ended = self.group.has_ended();
                patience = if ended { GRACE } else { GRACE.min(2 * patience) };
                continue;
            };
            let waited = asked.elapsed();
            take(output, &piece[..length])?;
            if ended {
                (patience, bytes) = (patience.saturating_sub(waited), bytes.saturating_sub(length));
                if bytes == 0 {
                    return Ok(());
                }
            } else {
                ended = self.group.has_ended();
                patience = if ended { GRACE } else { first_look };
            }
        }
    }

    /// Stops the command and all of its group, in steps and in the background. What has begun is not begun again.
    pub fn stop(self: &Arc<Self>, why: Why) {
        {
            let mut stage = self.stage();
            if stage.over || stage.stopped.is_some() {
                return;
            }
            stage.stopped = Some(why);
        }
        let job = Arc::clone(self);
        if thread::Builder::new().name("stop".into()).spawn(move || job.stop_in_steps()).is_err() {
            self.group.signal(Signal::Kill);
            self.settle();
        }
    }

    fn stop_in_steps(&self) {
        for (signal, patience) in STOPPING {
            self.group.signal(signal);
            let until = Instant::now() + patience;
            while Instant::now() < until && !self.group.is_gone() {
                thread::sleep(LOOK);
                if signal == Signal::Kill {
                    // Whoever was just being started has not heard it.
                    self.group.signal(signal);
                }
            }
            if self.group.is_gone() {
                break;
            }
        }
        self.settle();
    }

    fn settle(&self) {
        // Until now the group's leader has kept its number from being given to somebody else.
        self.group.wait();
        self.stage().over = true;
        self.group.reap();
        self.forget();
    }

    fn forget(&self) {
        jobs().running.retain(|job| !std::ptr::eq(Arc::as_ptr(job), self));
    }

    fn stage(&self) -> MutexGuard<'_, Stage> {
        lock(&self.stage)
    }
}

/// Takes all running commands along when the server ends: no command starts any more, and those that do not end by
/// themselves in a moment are killed.
pub fn stop_all() {
    let mut jobs = jobs();
    jobs.server_ends = true;
    let until = Instant::now() + LAST_WORDS;
    while jobs.starting > 0 && Instant::now() < until {
        jobs = STARTED.wait_timeout(jobs, LOOK).unwrap_or_else(PoisonError::into_inner).0;
    }
    let mut left = std::mem::take(&mut jobs.running);
    drop(jobs);
    left.retain(|job| job.is_told(Signal::Terminate));
    while Instant::now() < until && !left.iter().all(|job| job.group.is_gone()) {
        thread::sleep(LOOK);
    }
    let until = Instant::now() + LAST_BREATH;
    while !left.is_empty() && Instant::now() < until {
        left.retain(|job| job.is_told(Signal::Kill) && !job.group.is_gone());
        thread::sleep(LOOK);
    }
}

impl Job {
    /// Tells the group, unless nothing of it is left, and says whether it did. The stage is held meanwhile, so that the
    /// group's number is still its own; from then on its leader is not waited for any more.
    fn is_told(&self, signal: Signal) -> bool {
        let mut stage = self.stage();
        if !stage.over {
            stage.stopped.get_or_insert(Why::ServerEnds);
            self.group.signal(signal);
        }
        !stage.over
    }
}

/// Runs `command` to its end as the textbook does, and gives both outputs, one behind the other as they are, as far as
/// they fit `most` bytes. What takes longer than `limit`, or writes more, is stopped.
///
/// # Errors
/// Those of [`Job::start`]; the command is none that the system's shell can be given.
pub fn collect(command: &[u8], limit: Duration, most: usize) -> io::Result<(Outcome, Vec<u8>)> {
    let line = as_command(command).ok_or(io::ErrorKind::InvalidInput)?;
    let (job, pipes) = Job::start(&line, &WorkingDirectory::default())?;
    let (ended, end) = mpsc::channel::<()>();
    let overdue = Arc::clone(&job);
    let watch = thread::Builder::new().name("limit".into()).spawn(move || {
        if end.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
            overdue.stop(Why::TimeLimit);
        }
    });
    if watch.is_err() {
        job.stop(Why::Client);
    }
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let outcome = job.pump(pipes, |output, piece| {
        let space = most - out.len() - err.len();
        let collected = if output == Output::Out { &mut out } else { &mut err };
        collected.extend_from_slice(&piece[..piece.len().min(space)]);
        if piece.len() > space { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(()) }
    });
    drop(ended);
    out.append(&mut err);
    Ok((outcome, out))
}

#[cfg(all(test, unix))]
mod tests;
