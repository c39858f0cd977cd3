//! Processes, process groups and pipes as Unix has them.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::sync::{LazyLock, Mutex};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::retry_on_intr;
use rustix::process::{Pid, WaitId, WaitIdOptions, WaitIdStatus, kill_process_group, waitid};

use super::Line;
use crate::exec::protocol::Outcome;
use crate::lock::lock;
use crate::terminal::exit;
use crate::terminal::screen::Output;

/// What a pipe that is read full may hold, in bytes, where the system lets it: fewer and larger reads.
#[cfg(target_os = "linux")]
const PIPE: usize = 1024 * 1024;

/// What a group is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    Interrupt,
    Terminate,
    Kill,
}

/// The shell and all that it has started.
pub(super) struct Group {
    leader: Pid,
    /// Those that have left the group: they lose their parent when the shell ends, and could not be found any more.
    #[cfg(target_os = "linux")]
    strays: Mutex<Vec<family::Stray>>,
    /// `None` once it has been waited for.
    shell: Mutex<Option<Child>>,
}

/// Starts the shell. A process group is asked for in a way that keeps the fast path of posix_spawn(3).
pub(super) fn start(line: &Line, directory: Option<&Path>, before: Option<&Path>) -> io::Result<(Group, Pipes)> {
    let mut shell = Command::new("/bin/sh");
    match line {
        Line::Command(command) => shell.arg("-c").arg(command),
        // The command is an argument of the script and no part of it, so that nothing in it can end the script early.
        Line::ChangeDirectory(command) => shell.args(["-c", r#"eval "$1" >/dev/null && pwd"#, "sh"]).arg(command),
    };
    shell.stdin(nothing()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    if let Some(directory) = directory {
        shell.current_dir(directory);
        // An environment of its own costs a small command more than its pipes do. The server's says the same, as a rule,
        // until the first `cd`.
        if env::var_os("PWD").is_none_or(|inherited| inherited != directory.as_os_str()) {
            shell.env("PWD", directory);
        }
    }
    if let Some(before) = before {
        shell.env("OLDPWD", before);
    }
    let mut shell = exit::unblocked(|| shell.spawn())?;
    let pipes = Pipes { out: shell.stdout.take(), err: shell.stderr.take(), last: None };
    let leader = Pid::from_child(&shell);
    let group = Group {
        leader,
        #[cfg(target_os = "linux")]
        strays: Mutex::default(),
        shell: Mutex::new(Some(shell)),
    };
    Ok((group, pipes))
}

/// An empty input. /dev/null is opened once for all commands.
fn nothing() -> Stdio {
    static NULL: LazyLock<Option<File>> = LazyLock::new(|| File::open("/dev/null").ok());
    let null = NULL.as_ref().and_then(|null| null.try_clone().ok());
    null.map_or_else(Stdio::null, Stdio::from)
}

impl Group {
    /// Whether the shell has ended. It is not waited for: until then its number is not given to another process.
    pub(super) fn has_ended(&self) -> bool {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        !matches!(waitid(WaitId::Pid(self.leader), options), Ok(None))
    }

    /// Waits until the shell has ended.
    pub(super) fn wait(&self) -> Outcome {
        loop {
            match waitid(WaitId::Pid(self.leader), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT) {
                Ok(status) => return status.as_ref().map_or(Outcome::NotStarted, outcome),
                Err(rustix::io::Errno::INTR) => {}
                // Somebody has waited for it already.
                Err(_) => return Outcome::NotStarted,
            }
        }
    }

    /// Frees its place in the table of processes.
    pub(super) fn reap(&self) {
        let shell = lock(&self.shell).take();
        // It has ended, so this does not wait; there is nothing else that it could fail with.
        let _ = shell.map(|mut shell| shell.wait());
    }

    /// Tells all of the group, and those that the shell has started outside of it (setsid(1)). It fails for those that
    /// have ended, which is what is wanted.
    pub(super) fn signal(&self, signal: Signal) {
        let signal = match signal {
            Signal::Interrupt => rustix::process::Signal::INT,
            Signal::Terminate => rustix::process::Signal::TERM,
            Signal::Kill => rustix::process::Signal::KILL,
        };
        #[cfg(target_os = "linux")]
        {
            let mut strays = lock(&self.strays);
            family::add_strays(self.leader, &mut strays);
            strays.iter().for_each(|stray| stray.signal(signal));
        }
        let _ = kill_process_group(self.leader, signal);
    }

    /// Whether nothing of it is left to be stopped.
    pub(super) fn is_gone(&self) -> bool {
        #[cfg(target_os = "linux")]
        return family::is_gone(self.leader) && lock(&self.strays).iter().all(family::Stray::is_gone);
        // Elsewhere the system does not tell a dead leader from a living group.
        #[cfg(not(target_os = "linux"))]
        false
    }

    #[cfg(test)]
    pub(super) fn number(&self) -> Pid {
        self.leader
    }
}

fn outcome(status: &WaitIdStatus) -> Outcome {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(status), _) => Outcome::Exited(status.cast_unsigned()),
        (_, Some(signal)) => Outcome::Signalled(u8::try_from(signal).unwrap_or(u8::MAX)),
        _ => Outcome::NotStarted,
    }
}

/// Both outputs of a command.
pub struct Pipes {
    out: Option<ChildStdout>,
    err: Option<ChildStderr>,
    /// Which was read last.
    last: Option<Output>,
}

impl Pipes {
    /// Whether both have ended.
    pub fn are_closed(&self) -> bool {
        self.out.is_none() && self.err.is_none()
    }

    /// The next piece of either, or `None` when nothing came within `patience` or both are closed (poll(2)).
    ///
    /// # Errors
    /// Those of poll(2) and read(2).
    pub fn next(&mut self, piece: &mut [u8], patience: Duration) -> io::Result<Option<(Output, usize)>> {
        while !self.are_closed() {
            let Some(output) = self.ready(patience)? else { return Ok(None) };
            let length = match output {
                Output::Out => read(&mut self.out, piece)?,
                Output::Err => read(&mut self.err, piece)?,
            };
            if length > 0 {
                return Ok(Some((output, length)));
            }
        }
        Ok(None)
    }

    /// Which of the two has something, its end included. Where both have, they take turns.
    fn ready(&mut self, patience: Duration) -> io::Result<Option<Output>> {
        let patience = Timespec::try_from(patience).map_err(io::Error::other)?;
        let out = self.out.as_ref().map(|out| (Output::Out, PollFd::new(out, PollFlags::IN)));
        let err = self.err.as_ref().map(|err| (Output::Err, PollFd::new(err, PollFlags::IN)));
        let (outputs, mut fds): (Vec<_>, Vec<_>) = out.into_iter().chain(err).unzip();
        // A server that is stopped and continued (SIGCONT) has not waited: poll(2) is interrupted then.
        retry_on_intr(|| poll(&mut fds, Some(&patience)))?;
        let ready = outputs.iter().zip(&fds).filter(|(_, fd)| !fd.revents().is_empty()).map(|(output, _)| *output);
        self.last = ready.max_by_key(|output| Some(*output) != self.last);
        Ok(self.last)
    }
}

/// One read; at its end the pipe is closed. One that is read full gets more room.
fn read<P: io::Read + std::os::fd::AsFd>(pipe: &mut Option<P>, piece: &mut [u8]) -> io::Result<usize> {
    let Some(open) = pipe else { return Ok(0) };
    let length = match open.by_ref().read(piece) {
        Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(0),
        result => result?,
    };
    if length == 0 {
        *pipe = None;
    } else if length == piece.len() {
        #[cfg(target_os = "linux")]
        if rustix::pipe::fcntl_getpipe_size(&*open).is_ok_and(|size| size < PIPE) {
            // A user has a limit for all pipes together; then the pipe stays as it is.
            let _ = rustix::pipe::fcntl_setpipe_size(&*open, PIPE);
        }
    }
    Ok(length)
}

/// A command as a program's argument: any bytes but 0.
pub(super) fn as_text(bytes: &[u8]) -> Option<OsString> {
    (!bytes.contains(&0)).then(|| OsString::from_vec(bytes.to_vec()))
}

/// What `pwd` has said.
pub(super) fn as_path(said: &[u8]) -> Option<PathBuf> {
    said.strip_suffix(b"\n").map(|path| PathBuf::from(OsStr::from_bytes(path)))
}

/// Who belongs to whom, from `/proc/*/stat` (proc(5)). Where that cannot be read, those who have left the group are not
/// found, and nobody counts as gone.
#[cfg(target_os = "linux")]
mod family {
    use std::collections::HashSet;
    use std::io;
    use std::os::fd::OwnedFd;

    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

    struct Process {
        id: i32,
        parent: i32,
        group: i32,
        dead: bool,
    }

    /// Every process that may be seen; an error where the list would have gaps.
    fn all() -> io::Result<Vec<Process>> {
        let mut all = Vec::new();
        for entry in std::fs::read_dir("/proc")? {
            let Some(id) = entry?.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else { continue };
            match std::fs::read_to_string(format!("/proc/{id}/stat")) {
                Ok(stat) => all.extend(parse(id, &stat)),
                // It has ended meanwhile, or is another user's (`hidepid`).
                Err(error) if has_ended(&error) || error.kind() == io::ErrorKind::PermissionDenied => {}
                Err(error) => return Err(error),
            }
        }
        Ok(all)
    }

    fn has_ended(error: &io::Error) -> bool {
        error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(rustix::io::Errno::SRCH.raw_os_error())
    }

    /// `7 (name) S 1 7 …`: the name may hold anything, so what counts begins behind the last parenthesis.
    fn parse(id: i32, stat: &str) -> Option<Process> {
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
        let state = fields.next()?;
        let parent = fields.next()?.parse().ok()?;
        let group = fields.next()?.parse().ok()?;
        Some(Process { id, parent, group, dead: matches!(state, "Z" | "X") })
    }

    /// A process outside of the group, held so that its number cannot become another's (pidfd_open(2)).
    pub(super) struct Stray(i32, OwnedFd);

    impl Stray {
        /// It fails for one that has ended, which is what is wanted.
        pub(super) fn signal(&self, signal: Signal) {
            let _ = pidfd_send_signal(&self.1, signal);
        }

        pub(super) fn is_gone(&self) -> bool {
            let mut fds = [PollFd::new(&self.1, PollFlags::IN)];
            poll(&mut fds, Some(&Timespec::default())).is_ok_and(|ready| ready > 0)
        }
    }

    /// Finds those that descend from the leader and have left its group.
    pub(super) fn add_strays(leader: Pid, known: &mut Vec<Stray>) {
        let leader = leader.as_raw_nonzero().get();
        let all = all().unwrap_or_default();
        let mut family = HashSet::from([leader]);
        family.extend(known.iter().map(|stray| stray.0));
        // A child may stand before its parent in the list.
        loop {
            let size = family.len();
            family.extend(all.iter().filter(|p| family.contains(&p.parent)).map(|p| p.id).collect::<Vec<_>>());
            if family.len() == size {
                break;
            }
        }
        let strays = all.iter().filter(|p| family.contains(&p.id) && p.group != leader && !p.dead);
        for stray in strays {
            if known.iter().any(|known| known.0 == stray.id) {
                continue;
            }
            let held = Pid::from_raw(stray.id).map(|id| pidfd_open(id, PidfdFlags::empty()));
            // One that has just ended needs nothing; without this call (before Linux 5.3) it is not followed.
            known.extend(held.and_then(Result::ok).map(|held| Stray(stray.id, held)));
        }
    }

    /// Whether the group has nobody left but the dead. The leader is among them until it is waited for: a list without it
    /// tells nothing.
    pub(super) fn is_gone(leader: Pid) -> bool {
        let number = leader.as_raw_nonzero().get();
        let Ok(mut group) = all() else { return false };
        group.retain(|process| process.group == number);
        group.iter().any(|process| process.id == number) && group.iter().all(|process| process.dead)
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_name_with_parentheses_and_spaces_confuses_nothing() {
            let process = parse(7, "7 (a) S 9 (b c)) Z 3 5 5 0 -1").unwrap();
            assert_eq!((process.id, process.parent, process.group, process.dead), (7, 3, 5, true));
        }
    }
}
