//! What a remote command writes, on this program's own two outputs.

use std::io::{self, IsTerminal as _};
use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::terminal::screen::{self, Output, OutputFailed};
use crate::text::{Charset, Passing};

/// How often the progress bar moves.
const TICK: Duration = Duration::from_millis(200);

/// Both outputs of one command, and how much has come where nobody sees it coming.
pub struct Outputs {
    out: Passing,
    err: Passing,
    progress: ProgressBar,
}

impl Outputs {
    /// For a command that writes `charset`. On a terminal it is escaped, unless it is to stay `raw`.
    pub fn new(charset: Charset, raw: bool) -> Self {
        let escaped = |is_terminal| is_terminal && !raw;
        let (out_is_terminal, err_is_terminal) = (io::stdout().is_terminal(), io::stderr().is_terminal());
        Self {
            out: Passing::new(charset, escaped(out_is_terminal)),
            err: Passing::new(charset, escaped(err_is_terminal)),
            // It has a thread of its own, which costs more than a small command.
            progress: if err_is_terminal { progress() } else { ProgressBar::hidden() },
        }
    }

    /// Writes the next piece.
    ///
    /// # Errors
    /// [`OutputFailed`]: the output cannot be written.
    pub fn show(&mut self, output: Output, bytes: &[u8]) -> Result<(), OutputFailed> {
        match output {
            Output::Out => {
                self.progress.inc(bytes.len() as u64);
                screen::pass_on(output, &self.out.piece(bytes))
            }
            Output::Err => {
                self.progress.suspend(|| screen::pass_on(output, &self.err.piece(bytes))).or_else(unless_closed)
            }
        }
    }

    /// Writes what is left at the end of a command: half a character.
    ///
    /// # Errors
    /// [`OutputFailed`]: the output cannot be written.
    pub fn end(&mut self) -> Result<(), OutputFailed> {
        self.progress.finish_and_clear();
        screen::pass_on(Output::Out, &self.out.rest())?;
        screen::pass_on(Output::Err, &self.err.rest()).or_else(unless_closed)
    }
}

/// Nobody who reads standard error any more is no reason to end: what counts is standard output, and the status.
fn unless_closed(failed: OutputFailed) -> Result<(), OutputFailed> {
    if failed.is_closed_pipe() { Ok(()) } else { Err(failed) }
}

/// Drawn on standard error, a terminal, while standard output goes into a file.
fn progress() -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {binary_bytes} {binary_bytes_per_sec}");
    let (true, Ok(style)) = (is_file(), style) else { return ProgressBar::hidden() };
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()).with_style(style);
    let ticking = bar.downgrade();
    // It also moves while nothing comes. Without a thread it does not; indicatif's own ticker would panic.
    let _ = thread::Builder::new().spawn(move || {
        while let Some(bar) = ticking.upgrade().filter(|bar| !bar.is_finished()) {
            bar.tick();
            drop(bar);
            thread::sleep(TICK);
        }
    });
    bar
}

/// Whether standard output is a file: no terminal and no pipe, where somebody else shows what comes.
fn is_file() -> bool {
    screen::stdout_as_file().and_then(|stdout| stdout.metadata()).is_ok_and(|stdout| stdout.is_file())
}
