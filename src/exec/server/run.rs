//! One command, from its line to its outcome: in a session, and in the textbook's way.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::exec::protocol::Outcome;
use crate::exec::server::audit;
use crate::exec::server::slot::Slot;
use crate::exec::shell::{self, Job, Line, Pipes, WorkingDirectory};
use crate::terminal::screen::Output;
use crate::text::{self, Charset};
use crate::{errors, t};

/// How much of a command's output is kept to be sent in the textbook's way, in bytes.
const MAX_OUTPUT: usize = 1024 * 1024;

/// Runs a line of a session in `directory`, and hands what it writes to `send`, in pieces as they come; our own words are in
/// `charset`. `cd DIR` alone is for where the next ones run.
///
/// # Errors
/// Those of `send`, where nothing runs. A command whose output cannot be sent is stopped instead.
pub fn run(
    line: &Line,
    directory: &mut WorkingDirectory,
    charset: Charset,
    slot: &Slot,
    mut send: impl FnMut(Output, &[u8]) -> io::Result<()>,
) -> io::Result<Outcome> {
    let started = match line {
        Line::Command(_) => Job::start(line, directory),
        // Out of a directory that has gone.
        Line::ChangeDirectory(_) => Job::start(line, directory).or_else(|_| Job::start(line, &directory.top())),
    };
    let (job, pipes) = match started {
        Ok(started) => started,
        Err(error) => {
            send(Output::Err, &not_started(directory, &error, charset))?;
            return Ok(Outcome::NotStarted);
        }
    };
    slot.hold(&job);
    Ok(match line {
        Line::Command(_) => job.pump(pipes, send),
        Line::ChangeDirectory(_) => change_directory(&job, pipes, directory, send),
    })
}

/// What a client gets in place of a command's output where the system did not start one.
pub(super) fn not_started(directory: &WorkingDirectory, error: &io::Error, charset: Charset) -> Vec<u8> {
    let why = errors::reason_at_once(error);
    let words = match &directory.path {
        Some(path) => {
            let at = text::path(path);
            t!("cannot start a shell in {at}: {why}\n", "无法在 {at} 启动 shell：{why}\n")
        }
        None => t!("cannot start a shell: {why}\n", "无法启动 shell：{why}\n"),
    };
    charset.encode_lossy(&words)
}

/// The shell says on its standard output where it is, which is for `directory` and not for the client.
fn change_directory(
    job: &Arc<Job>,
    pipes: Pipes,
    directory: &mut WorkingDirectory,
    mut send: impl FnMut(Output, &[u8]) -> io::Result<()>,
) -> Outcome {
    let mut said = Vec::new();
    let outcome = job.pump(pipes, |output, piece| match output {
        Output::Out => {
            said.extend_from_slice(piece);
            Ok(())
        }
        Output::Err => send(output, piece),
    });
    if outcome == Outcome::Exited(0)
        && let Some(path) = shell::said_directory(&said)
    {
        directory.go(path);
    }
    outcome
}

/// Runs a command to its end for `peer`, and gives all that it has written: the textbook's way.
pub fn collect(command: &[u8], peer: SocketAddr, limit: Duration) -> Vec<u8> {
    let entry = audit::runs(peer, command);
    match shell::collect(command, limit, MAX_OUTPUT) {
        Ok((outcome, written)) => {
            entry.ended(outcome);
            written
        }
        Err(error) => {
            entry.ended(Outcome::NotStarted);
            not_started(&WorkingDirectory::default(), &error, Charset::of_system())
        }
    }
}
