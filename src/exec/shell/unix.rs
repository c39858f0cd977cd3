//! Processes, their groups and pipes as Unix has them.

#[cfg(target_os = "linux")]
mod family;
mod spawn;

use std::ffi::{OsStr, OsString};
use std::io::{self, PipeReader, Read as _};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};
#[cfg(target_os = "linux")]
use std::sync::Mutex;
use std::sync::OnceLock;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::retry_on_intr;
use rustix::process::{Pid, WaitId, WaitIdOptions, WaitIdStatus, kill_process_group, waitid};

use super::Line;
use crate::exec::protocol::Outcome;
#[cfg(target_os = "linux")]
use crate::lock::lock;
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
    /// Whoever stops it may have freed its place before others ask how it has ended.
    outcome: OnceLock<Outcome>,
}

/// Starts the shell.
pub(super) fn start(line: &Line, directory: Option<&Path>, before: Option<&Path>) -> io::Result<(Group, Pipes)> {
    let ((out, of_out), (err, of_err)) = (io::pipe()?, io::pipe()?);
    let leader = spawn::shell(line, directory, before, [of_out, of_err])?;
    let group = Group {
        leader,
        #[cfg(target_os = "linux")]
        strays: Mutex::default(),
        outcome: OnceLock::new(),
    };
    Ok((group, Pipes { out: Some(out), err: Some(err), last: None }))
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
                Ok(status) => {
                    return *self.outcome.get_or_init(|| status.as_ref().map_or(Outcome::NotStarted, outcome));
                }
                Err(rustix::io::Errno::INTR) => {}
                // Somebody has waited for it already.
                Err(_) => return self.outcome.get().copied().unwrap_or(Outcome::NotStarted),
            }
        }
    }

    /// Frees its place in the table of processes.
    pub(super) fn reap(&self) {
        // It has ended, so this does not wait; it fails where it has been waited for already.
        let _ = waitid(WaitId::Pid(self.leader), WaitIdOptions::EXITED);
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
    out: Option<PipeReader>,
    err: Option<PipeReader>,
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
fn read(pipe: &mut Option<PipeReader>, piece: &mut [u8]) -> io::Result<usize> {
    let Some(open) = pipe else { return Ok(0) };
    let length = match open.read(piece) {
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
