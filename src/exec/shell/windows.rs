//! Processes, job objects and pipes as Windows has them.

use std::ffi::OsString;
use std::io::{self, Read};
use std::os::windows::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use process_wrap::std::{ChildWrapper, CommandWrap, JobObject};

use super::{LOOK, Line, PIECE};
use crate::exec::protocol::Outcome;
use crate::lock::lock;
use crate::terminal::screen::Output;
use crate::text::Charset;

/// How many pieces may wait between the threads that read and the one that sends: little memory, and no thread waits for
/// the other's every step.
const WAITING: usize = 4;

/// What a group is told. Windows has no signals for programs that it did not start in a console: everything ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    Interrupt,
    Terminate,
    Kill,
}

/// The shell and all that it has started: a job object.
pub(super) struct Group {
    shell: Mutex<Box<dyn ChildWrapper>>,
}

/// Starts the shell. `/S` takes what stands between the first and the last quotation mark as it is.
pub(super) fn start(line: &Line, directory: Option<&Path>, _before: Option<&Path>) -> io::Result<(Group, Pipes)> {
    let (command, then) = match line {
        Line::Command(command) => (command, ""),
        Line::ChangeDirectory(command) => (command, ">nul&&cd"),
    };
    let mut line = OsString::from("/D /S /C \"");
    line.push(command);
    line.push(then);
    line.push("\"");
    let mut shell = CommandWrap::with_new("cmd.exe", |shell| {
        shell.raw_arg(line).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        if let Some(directory) = directory {
            shell.current_dir(directory);
        }
    });
    let mut shell = shell.wrap(JobObject).spawn()?;
    let (found, pieces) = sync_channel(WAITING);
    let (out, err) = (shell.stdout().take(), shell.stderr().take());
    let reading = out.map_or(Ok(()), |out| read(Output::Out, out, found.clone()));
    if let Err(error) = reading.and(err.map_or(Ok(()), |err| read(Output::Err, err, found))) {
        // Nobody would read its outputs; it is not left running, since the client is told that it was not started.
        shell.start_kill()?;
        return Err(error);
    }
    Ok((Group { shell: Mutex::new(shell) }, Pipes { pieces, closed: false }))
}

impl Group {
    pub(super) fn has_ended(&self) -> bool {
        !matches!(self.ended(), Ok(None))
    }

    /// Waits until the shell has ended. It looks from time to time, since others may want to end it meanwhile.
    pub(super) fn wait(&self) -> Outcome {
        loop {
            match self.ended() {
                Ok(None) => thread::sleep(LOOK),
                Ok(Some(status)) => return Outcome::Exited(status.code().unwrap_or(-1).cast_unsigned()),
                Err(_) => return Outcome::NotStarted,
            }
        }
    }

    /// The shell alone, not all of the job: a background process is not waited for.
    fn ended(&self) -> io::Result<Option<ExitStatus>> {
        self.shell().inner_mut().try_wait()
    }

    /// Nothing is left of a process that has ended once its handle is closed.
    pub(super) fn reap(&self) {}

    /// Ends all of the job. It fails for one that has ended, which is what is wanted.
    pub(super) fn signal(&self, _signal: Signal) {
        let _ = self.shell().start_kill();
    }

    pub(super) fn is_gone(&self) -> bool {
        self.has_ended()
    }

    fn shell(&self) -> MutexGuard<'_, Box<dyn ChildWrapper>> {
        lock(&self.shell)
    }
}

/// Both outputs of a command, each read by a thread: Windows cannot wait for two pipes at once.
pub struct Pipes {
    pieces: Receiver<(Output, Vec<u8>)>,
    closed: bool,
}

/// A thread that reads until the end of the pipe, or until nobody wants it any more.
fn read(output: Output, mut pipe: impl Read + Send + 'static, found: SyncSender<(Output, Vec<u8>)>) -> io::Result<()> {
    let reading = move || {
        let mut piece = vec![0; PIECE];
        // A broken pipe is its end.
        while let Ok(length @ 1..) = pipe.read(&mut piece) {
            if found.send((output, piece[..length].to_vec())).is_err() {
                break;
            }
        }
    };
    thread::Builder::new().name("output".into()).spawn(reading).map(drop)
}

impl Pipes {
    /// Whether both have ended.
    pub fn are_closed(&self) -> bool {
        self.closed
    }

    /// The next piece of either, or `None` when nothing came within `patience` or both are closed.
    ///
    /// # Errors
    /// None here.
    pub fn next(&mut self, piece: &mut [u8], patience: Duration) -> io::Result<Option<(Output, usize)>> {
        match self.pieces.recv_timeout(patience) {
            Ok((output, bytes)) => {
                piece[..bytes.len()].copy_from_slice(&bytes);
                Ok(Some((output, bytes.len())))
            }
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => {
                self.closed = true;
                Ok(None)
            }
        }
    }
}

/// A command as a program's argument: text without 0.
pub(super) fn as_text(bytes: &[u8]) -> Option<OsString> {
    std::str::from_utf8(bytes).ok().filter(|command| !command.contains('\0')).map(OsString::from)
}

/// What `cd` has said.
pub(super) fn as_path(said: &[u8]) -> Option<PathBuf> {
    let said = Charset::of_system().decode(said);
    Some(PathBuf::from(said.trim_end_matches(['\r', '\n'])))
}
