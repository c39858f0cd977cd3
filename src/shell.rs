//! A command run by the system's shell, with both of its outputs read at the same time, and an end for all of it.
//!
//! A command is more than one process: the shell starts others, and a background process may hold the outputs open when
//! the shell has ended. So the whole process group is stopped (setpgid(2); on Windows the job object), and once the
//! shell has ended only what is in the pipes is waited for.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

#[cfg(unix)]
use unix as system;
#[cfg(windows)]
use windows as system;

pub use system::Pipes;
use system::{Group, Signal};

use crate::remote::{Outcome, Output};
use crate::text::Charset;

/// How much of an output is read at a time, in bytes: a whole frame.
pub const PIECE: usize = 65_536;

/// How long empty pipes are waited for once the shell has ended: a last process of a pipeline may still write, a
/// background process may never end.
const GRACE: Duration = Duration::from_millis(250);

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

/// Where commands run, and where they ran before (`cd -`).
#[derive(Clone, Debug, Default)]
pub struct Place {
    /// The working directory; `None` is the server's own.
    pub directory: Option<PathBuf>,
    before: Option<PathBuf>,
}

impl Place {
    /// The server's own working directory.
    ///
    /// # Errors
    /// It has gone, or may not be seen.
    pub fn here() -> io::Result<Self> {
        Ok(Self { directory: Some(std::env::current_dir()?), before: None })
    }

    /// The top of all directories, with the shell told that it is still where it was: for a `cd` away from a directory
    /// that has gone.
    #[must_use]
    pub fn top(&self) -> Self {
        Self { directory: Some("/".into()), before: self.directory.clone() }
    }

    /// Goes to `directory`.
    pub fn go(&mut self, directory: PathBuf) {
        self.before = self.directory.replace(directory);
    }
}

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

/// What the shell is given to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// A command.
    Command(OsString),
    /// `cd DIR` alone: then the shell says where it is.
    ChangeDirectory(OsString),
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
    JOBS.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Job {
    /// Gives `line` to the shell at `place`, with an empty standard input, in a process group of its own.
    ///
    /// # Errors
    /// Those of starting a process; the server is ending.
    pub fn start(line: &Line, place: &Place) -> io::Result<(Arc<Self>, Pipes)> {
        {
            let mut jobs = jobs();
            if jobs.server_ends {
                return Err(io::ErrorKind::Interrupted.into());
            }
            jobs.starting += 1;
        }
        let started = system::start(line, place.directory.as_deref(), place.before.as_deref());
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
        let (mut ended, mut patience, mut bytes) = (false, GRACE, GRACE_BYTES);
        loop {
            let asked = Instant::now();
            let Some((output, length)) = pipes.next(&mut piece, patience)? else {
                if pipes.are_closed() || ended || self.group.has_ended() {
                    return Ok(());
                }
                continue;
            };
            let waited = asked.elapsed();
            take(output, &piece[..length])?;
            if ended {
                (patience, bytes) = (patience.saturating_sub(waited), bytes.saturating_sub(length));
                if bytes == 0 {
                    return Ok(());
                }
            }
            ended = ended || self.group.has_ended();
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
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
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
pub fn collect(command: &[u8], limit: Duration, most: usize) -> (Outcome, Vec<u8>) {
    let started = as_command(command).map(|line| Job::start(&line, &Place::default()));
    let Some(Ok((job, pipes))) = started else { return (Outcome::NotStarted, Vec::new()) };
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
    (outcome, out)
}

/// The directory of `place` as bytes in `charset`.
#[cfg_attr(unix, expect(unused_variables, reason = "on Unix a path is bytes already"))]
pub fn as_bytes(place: &Place, charset: Charset) -> Vec<u8> {
    let directory = place.directory.clone().unwrap_or_default();
    #[cfg(unix)]
    let bytes = std::os::unix::ffi::OsStringExt::into_vec(directory.into_os_string());
    #[cfg(windows)]
    let bytes = charset.encode_lossy(&directory.to_string_lossy());
    bytes
}

/// A command as the shell takes it: `None` for bytes that no command can have. `cd DIR` alone is for the place where the
/// next commands run; the `cd` of any other command is its own business.
pub fn as_line(command: &[u8]) -> Option<Line> {
    let line = system::as_text(command)?;
    Some(if is_cd_alone(command.trim_ascii()) { Line::ChangeDirectory(line) } else { Line::Command(line) })
}

/// As [`as_line`], for servers without a place.
pub fn as_command(command: &[u8]) -> Option<Line> {
    system::as_text(command).map(Line::Command)
}

fn is_cd_alone(command: &[u8]) -> bool {
    let Some(arguments) = command.strip_prefix(b"cd") else { return false };
    let next = arguments.first();
    let alone = next.is_none_or(|next| b" \t".contains(next) || cfg!(windows) && b".\\/".contains(next));
    alone && !has_operator(arguments)
}

/// Whether an unquoted character makes this more than one simple command.
fn has_operator(arguments: &[u8]) -> bool {
    let (mut quote, mut escaped) = (None, false);
    for &c in arguments {
        match (quote, c) {
            _ if escaped => escaped = false,
            (Some(b'"') | None, b'\\') if cfg!(unix) => escaped = true,
            (Some(open), _) => quote = Some(open).filter(|open| *open != c),
            (None, b'"' | b'\'') => quote = Some(c),
            (None, b';' | b'&' | b'|' | b'<' | b'>' | b'\n') => return true,
            (None, _) => {}
        }
    }
    false
}

/// The directory that a [`Line::ChangeDirectory`] has said.
pub fn said_directory(said: &[u8]) -> Option<PathBuf> {
    system::as_path(said).filter(|path| path.is_absolute())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    /// Runs a command to its end: how it ended, standard output, standard error.
    fn run(command: &str) -> (Outcome, String, String) {
        let (job, pipes) = Job::start(&Line::Command(command.into()), &Place::default()).unwrap();
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let outcome = job.pump(pipes, |output, piece| {
            match output {
                Output::Out => out.extend_from_slice(piece),
                Output::Err => err.extend_from_slice(piece),
            }
            Ok(())
        });
        (outcome, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
    }

    #[test]
    fn both_outputs_come_apart_and_the_status_with_them() {
        assert_eq!(run("echo one; echo two >&2; exit 44"), (Outcome::Exited(44), "one\n".into(), "two\n".into()));
        assert_eq!(run("kill -9 $$").0, Outcome::Signalled(9));
        assert_eq!(run("cat").0, Outcome::Exited(0), "the input is empty");
        assert_eq!(run("no-such-command-here").0, Outcome::Exited(127));
    }

    #[test]
    fn an_output_that_fills_its_pipe_first_blocks_nothing() {
        let (outcome, out, err) = run("head -c 3000000 /dev/zero | tr '\\0' e >&2; echo done");
        assert_eq!((outcome, out.as_str(), err.len()), (Outcome::Exited(0), "done\n", 3_000_000));
    }

    #[test]
    fn a_background_process_is_left_running_and_not_waited_for() {
        let start = Instant::now();
        let (outcome, out, _) = run("sleep 30 & echo $!");
        assert_eq!(outcome, Outcome::Exited(0));
        assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
        let pid = rustix::process::Pid::from_raw(out.trim().parse().unwrap()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("it still runs");
    }

    #[test]
    fn a_background_process_that_never_stops_writing_is_not_waited_for_either() {
        let (outcome, out, _) = run("while :; do echo x; sleep 0.02; done & echo $!");
        assert_eq!(outcome, Outcome::Exited(0));
        assert!(out.lines().next().unwrap().parse::<u32>().is_ok() || out.starts_with('x'));
    }

    #[test]
    fn a_command_without_outputs_is_waited_for_all_the_same() {
        assert_eq!(run("exec >&- 2>&-; sleep 0.4; exit 3").0, Outcome::Exited(3));
    }

    #[test]
    fn a_stopped_command_ends_with_all_of_its_group() {
        // Some ignore the first signal, some the first two.
        let commands = ["sleep 60", "sleep 60 & wait", "trap '' INT; sleep 60", "trap '' INT TERM; sleep 60 & wait"];
        for command in commands {
            let (job, pipes) = Job::start(&Line::Command(command.into()), &Place::default()).unwrap();
            let group = job.group.number();
            let stopper = Arc::clone(&job);
            let start = Instant::now();
            thread::spawn(move || stopper.stop(Why::TimeLimit));
            assert_eq!(job.pump(pipes, |_, _| Ok(())), Outcome::TimeLimit, "{command}");
            while rustix::process::test_kill_process_group(group).is_ok() {
                assert!(start.elapsed() < Duration::from_secs(20), "{command}");
                thread::sleep(LOOK);
            }
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_that_has_left_the_group_is_stopped_too() {
        let command = "setsid sh -c 'trap \"\" INT TERM; echo $$; sleep 60; sleep 60'; true";
        let (job, pipes) = Job::start(&Line::Command(command.into()), &Place::default()).unwrap();
        let mut stray = String::new();
        let outcome = job.pump(pipes, |_, piece| {
            stray.push_str(std::str::from_utf8(piece).unwrap());
            job.stop(Why::Client);
            Ok(())
        });
        assert!(matches!(outcome, Outcome::Signalled(_)), "{outcome:?}");
        let stray = rustix::process::Pid::from_raw(stray.trim().parse().unwrap()).unwrap();
        let start = Instant::now();
        // Its new parent may take a moment to wait for it.
        while rustix::process::test_kill_process(stray).is_ok() && !is_dead(stray) {
            assert!(start.elapsed() < Duration::from_secs(20));
            thread::sleep(LOOK);
        }
    }

    #[cfg(target_os = "linux")]
    fn is_dead(process: rustix::process::Pid) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero()));
        stat.is_ok_and(|stat| stat.contains(") Z "))
    }

    #[test]
    fn a_background_process_that_never_stops_writing_hides_nothing_of_the_shells() {
        for _ in 0..3 {
            let (outcome, _, err) = run("yes & sleep 0.2; echo important >&2; kill $!; exit 3");
            assert_eq!((outcome, err.as_str()), (Outcome::Exited(3), "important\n"));
        }
    }

    #[test]
    fn cd_alone_is_told_from_other_commands() {
        let is_cd = |command: &str| matches!(as_line(command.as_bytes()), Some(Line::ChangeDirectory(_)));
        for alone in ["cd", " cd  /tmp ", "cd 'a;b'", "cd \"x & y\"", "cd a\\;b", "cd -", "cd $(pwd)/x", "cd a # b"] {
            assert!(is_cd(alone), "{alone}");
        }
        let others = ["cdx", "cd a; ls", "cd a && ls", "ls; cd /", "cd a | b", "echo cd", "cd 'a' ;b", "cd a\nls"];
        for other in others {
            assert!(!is_cd(other), "{other}");
        }
        assert_eq!(as_line(b"a\0b"), None);
    }

    /// Where `cd` leads, and what it says on standard error.
    fn go(command: &[u8], place: &Place) -> (Option<PathBuf>, String) {
        let (job, pipes) = Job::start(&as_line(command).unwrap(), place).unwrap();
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let outcome = job.pump(pipes, |output, piece| {
            if output == Output::Out {
                out.extend_from_slice(piece);
            } else {
                err.extend_from_slice(piece);
            }
            Ok(())
        });
        let went = said_directory(&out).filter(|_| outcome == Outcome::Exited(0));
        (went, String::from_utf8_lossy(&err).into_owned())
    }

    #[test]
    fn the_shell_judges_the_directory_and_says_where_it_is() {
        let here = Place::here().unwrap();
        assert_eq!(go(b"cd /usr/../tmp # there", &here).0, Some("/tmp".into()));
        assert_eq!(go(b"cd \"$(echo /)tmp\"", &here).0, Some("/tmp".into()));
        let (went, err) = go(b"cd /nowhere", &here);
        assert!(went.is_none() && err.contains("/nowhere"), "{err}");
        for broken in [&b"cd 'open"[..], b"cd nowhere\\", b"cd \xff\xfe"] {
            let (went, err) = go(broken, &here);
            assert!(went.is_none() && !err.is_empty(), "{err}");
        }
        let mut there = here.clone();
        there.go("/tmp".into());
        assert_eq!(go(b"cd -", &there).0, here.directory);
        assert_eq!(go(b"cd /", &there.top()).0, Some("/".into()));
    }
}
