//! Standard output and standard error: the one place that writes to them.
//!
//! Output is data (messages, replies); talk is everything else (notices, errors, the trace). While a line is being
//! typed, both go through the line editor, which puts them above the line instead of into it.

use std::fmt;
use std::io::{self, IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use rustyline::ExternalPrinter;

use crate::{errors, t};

/// The line editor's printer, while there is a line editor.
static EDITOR: Mutex<Option<Box<dyn ExternalPrinter + Send>>> = Mutex::new(None);

static COLOR: AtomicBool = AtomicBool::new(false);

/// Standard output cannot be written: the reader of the pipe has gone, the disk is full.
#[derive(Debug)]
pub struct OutputFailed(io::Error);

impl OutputFailed {
    /// Whether the reader of our output has ended (`| head`), which is no error of ours.
    pub fn is_closed_pipe(&self) -> bool {
        self.0.kind() == io::ErrorKind::BrokenPipe
    }
}

impl fmt::Display for OutputFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = errors::reason(&self.0);
        f.write_str(&t!("cannot write the output: {why}", "无法写标准输出：{why}"))
    }
}

impl std::error::Error for OutputFailed {}

/// Shows a message and a newline on standard output, at once.
pub fn show(message: &[u8]) -> Result<(), OutputFailed> {
    if print_above_the_line(|| String::from_utf8_lossy(message).into_owned()) {
        return Ok(());
    }
    let mut line = Vec::with_capacity(message.len() + 1);
    line.extend_from_slice(message);
    line.push(b'\n');
    let mut out = io::stdout().lock();
    out.write_all(&line).and_then(|()| out.flush()).map_err(OutputFailed)
}

/// Writes one line of talk to standard error. If even that fails there is nobody left to tell.
pub fn talk(text: &str) {
    if io::stderr().is_terminal() && print_above_the_line(|| text.to_string()) {
        return;
    }
    let _ = io::stderr().lock().write_all(format!("{text}\n").as_bytes());
}

/// Writes a prompt to standard error, for terminals without a line editor.
pub fn prompt(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// One line about an error, `NAME: what: why`, the name in red where colours are on.
pub fn error(program: &str, what: &str) {
    let what = what.replace('\n', " ");
    if COLOR.load(Ordering::Relaxed) {
        talk(&format!("\x1b[31m{program}\x1b[0m: {what}"));
    } else {
        talk(&format!("{program}: {what}"));
    }
}

/// Chooses whether what goes to standard error is coloured.
pub fn set_color(on: bool) {
    COLOR.store(on, Ordering::Relaxed);
}

/// From now on a line is edited, and everything goes through its `printer`.
pub(crate) fn edit_with(printer: impl ExternalPrinter + Send + 'static) {
    *editor() = Some(Box::new(printer));
}

/// Waits until the line editor has shown everything, and takes it out of the way.
///
/// The printer tells nothing about when a message is on the screen, but its channel holds one message, and the editor
/// shows one before it takes the next: when a second message without effect (a line up, a newline) has been accepted,
/// all before it are shown.
pub(crate) fn stop_editing() {
    if let Some(mut printer) = editor().take() {
        #[cfg(unix)]
        for _ in 0..2 {
            let _ = printer.print("\x1b[A\n".into());
        }
        #[cfg(windows)]
        let _ = &mut printer;
    }
}

fn print_above_the_line(text: impl FnOnce() -> String) -> bool {
    let mut editor = editor();
    let Some(printer) = editor.as_mut() else { return false };
    printer.print(text() + "\n").is_ok()
}

fn editor() -> std::sync::MutexGuard<'static, Option<Box<dyn ExternalPrinter + Send>>> {
    EDITOR.lock().unwrap_or_else(PoisonError::into_inner)
}
