//! Standard output and standard error: the one place that writes to them.
//!
//! Output is data (messages, replies); talk is everything else (notices, errors, the trace). Where lines are edited, both
//! go through the line editor, which puts them above the line instead of into it. A thread of its own hands them over:
//! the editor takes them only while a line is being typed, and whoever has something to tell must not wait for that.

use std::borrow::Cow;
use std::fmt;
use std::fs::File;
use std::io::{self, IsTerminal as _, Write as _};
use std::mem;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use console::Term;
use rustyline::ExternalPrinter;
#[cfg(unix)]
use unicode_width::UnicodeWidthStr as _;

use crate::lock::lock;
use crate::terminal::queue::Queue;
#[cfg(unix)]
use crate::terminal::{exit, modes, suspend};
use crate::text::{self, escape};
use crate::{errors, t};

/// How many bytes of messages may wait for the screen; then whoever shows more waits, and TCP makes the peer wait.
const MAX_WAITING: usize = 1024 * 1024;

/// A message that changes nothing on the screen: a line up, and the newline that every message ends with.
const NO_EFFECT: &str = "\x1b[A";

/// How many bytes may wait when talk is counted instead of told.
const MAX_TALK: usize = 4 * MAX_WAITING;

/// What waits for the line editor. Nothing gets in line but by who holds [`EDITOR`] and has seen that there is one.
static LINES: Queue<String> = Queue::new(MAX_TALK, |line| line.len() + mem::size_of::<String>());

static EDITOR: Mutex<Editor> = Mutex::new(Editor { edited: false, typing: Typing::Nothing, ending: false });

static CHANGED: Condvar = Condvar::new();

struct Editor {
    /// Whether there is a line editor.
    edited: bool,
    typing: Typing,
    /// Whether the editor is to draw nothing more.
    ending: bool,
}

/// The line that is being typed.
enum Typing {
    Nothing,
    /// A line after this prompt.
    After(String),
    /// The editor is held before it draws this: nothing where nothing has been typed.
    Held(String),
}

/// Whether standard error is coloured, and standard output.
static COLOR: [AtomicBool; 2] = [const { AtomicBool::new(false) }; 2];

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

/// Shows a message and a newline on standard output, at once. On a terminal, what is longer than a row goes on in indented
/// rows ([`text::wrap`]).
///
/// # Errors
/// [`OutputFailed`]: standard output cannot be written.
pub fn show(message: &[u8]) -> Result<(), OutputFailed> {
    if !*IS_TERMINAL {
        return print(message);
    }
    let message = String::from_utf8_lossy(message);
    let message = text::wrap(&message, columns());
    if editor().edited {
        LINES.wait_for_room(MAX_WAITING);
    }
    let editor = editor();
    if editor.edited {
        LINES.force(message.into_owned());
        return Ok(());
    }
    drop(editor);
    print(message.as_bytes())
}

static IS_TERMINAL: LazyLock<bool> = LazyLock::new(|| io::stdout().is_terminal());

/// Writes a text of this program's own and a newline on standard output as it is: a page of help, a picture. Not for
/// programs that show things while a line is typed.
///
/// # Errors
/// [`OutputFailed`]: standard output cannot be written.
pub fn print(text: &[u8]) -> Result<(), OutputFailed> {
    let mut line = Vec::with_capacity(text.len() + 1);
    line.extend_from_slice(text);
    line.push(b'\n');
    let mut out = io::stdout().lock();
    out.write_all(&line).and_then(|()| out.flush()).map_err(OutputFailed)
}

/// A sentence of this program's own as standard output shows it: on a terminal in rows, as [`show`] does.
pub fn in_rows(text: &str) -> Cow<'_, str> {
    if *IS_TERMINAL { text::wrap(text, columns()) } else { text.into() }
}

/// A server's ready line, with its address as the last word, and a line with how to have the other way. The first is
/// short: a terminal of 80 columns would break it in the address.
pub fn ready(way: &str, address: SocketAddr, other: &str) {
    talk(&t!("{way}, listening on {address}", "{way}，正在监听 {address}"));
    talk(other);
}

/// As [`talk`], for a person alone: nothing where standard error is no terminal.
pub fn hint(text: &str) {
    if io::stderr().is_terminal() {
        talk(text);
    }
}

/// Writes one line of talk to standard error, escaped, whoever's words are in it, in rows as [`show`] does. If even that
/// fails there is nobody left to tell.
pub fn talk(text: &str) {
    put(&escape(text));
}

fn put(text: &str) {
    let on_terminal = io::stderr().is_terminal();
    let text = if on_terminal { text::wrap(text, columns_of(&Term::stderr())) } else { text.into() };
    let editor = editor();
    if editor.edited && on_terminal {
        return LINES.push([text.into_owned()]);
    }
    drop(editor);
    let _ = io::stderr().lock().write_all(format!("{text}\n").as_bytes());
}

/// Standard output where it is no terminal. The usual way to it keeps back what follows the last newline, and looks for
/// that newline in every byte.
static UNBUFFERED: LazyLock<Option<File>> = LazyLock::new(|| if *IS_TERMINAL { None } else { stdout_as_file().ok() });

/// Standard output as a file.
pub(crate) fn stdout_as_file() -> io::Result<File> {
    #[cfg(unix)]
    let stdout = std::os::fd::AsFd::as_fd(&io::stdout()).try_clone_to_owned();
    #[cfg(windows)]
    let stdout = std::os::windows::io::AsHandle::as_handle(&io::stdout()).try_clone_to_owned();
    stdout.map(File::from)
}

/// Writes a piece of a command's output as it is, to standard output or standard error, without a newline of its own.
/// Not for programs that show things while a line is typed.
///
/// # Errors
/// [`OutputFailed`]: the stream cannot be written.
pub fn pass_on(output: Output, bytes: &[u8]) -> Result<(), OutputFailed> {
    let written = match (output, &*UNBUFFERED) {
        (Output::Out, Some(out)) => (&*out).write_all(bytes),
        (Output::Out, None) => {
            let mut out = io::stdout().lock();
            out.write_all(bytes).and_then(|()| out.flush())
        }
        (Output::Err, _) => io::stderr().lock().write_all(bytes),
    };
    written.map_err(OutputFailed)
}

/// Writes a prompt to standard error, for terminals without a line editor. If that fails, the answer is read all the same.
pub fn prompt(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// One line about an error, `NAME: what: why`, the name in red where colours are on.
pub fn error(program: &str, what: &str) {
    let what = what.replace('\n', " ");
    let what = escape(&what);
    let program = colored(Output::Err, Color::Red, program);
    put(&format!("{program}: {what}"));
}

/// How many columns lines on standard output may have: the terminal's, or 80 where there is none or none is known.
pub fn columns() -> usize {
    columns_of(&Term::stdout())
}

fn columns_of(terminal: &Term) -> usize {
    let known = terminal.size_checked().map(|(_, columns)| usize::from(columns));
    known.filter(|&columns| columns > 0).unwrap_or(80)
}

/// Chooses whether what goes to a stream is coloured.
pub fn set_color(output: Output, on: bool) {
    COLOR[output as usize].store(on, Ordering::Relaxed);
}

/// `text` in a colour, where the stream that it goes to has any.
pub fn colored(output: Output, color: Color, text: &str) -> Cow<'_, str> {
    let on = COLOR[output as usize].load(Ordering::Relaxed);
    if on { format!("\x1b[{}m{text}\x1b[0m", color as u8).into() } else { text.into() }
}

/// A colour, by its number in ECMA-48, section 8.3.117.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    /// Trouble.
    Red = 31,
    /// As expected.
    Green = 32,
    /// Worth a look.
    Yellow = 33,
}

/// From now on lines are edited, and the line editor draws them again when its `printer` says so. Says whether it can.
pub(crate) fn draw_with(printer: impl ExternalPrinter + Send + 'static) -> bool {
    thread::Builder::new().name("screen".into()).spawn(move || print_above(printer)).is_ok()
}

/// From now on everything goes through the editor's printer.
pub(crate) fn show_above() {
    editor().edited = true;
}

/// Has the editor draw its line again.
#[cfg(unix)]
pub(crate) fn draw_line_again() {
    LINES.force(NO_EFFECT.into());
}

/// The screen's thread.
fn print_above(mut printer: impl ExternalPrinter) {
    loop {
        let (line, untold) = LINES.next();
        let mut line = line.unwrap_or_default();
        if untold > 0 {
            line += &t!("\n({untold} notices could not be shown in time)", "\n（有 {untold} 条提示来不及显示）");
        }
        // It fails when the editor has ended; the terminal is still there.
        if printer.print(line.clone() + "\n").is_err() {
            let _ = io::stdout().lock().write_all((line + "\n").as_bytes());
        }
    }
}

/// The editor begins with a line after `prompt`. While the program ends it begins with none.
pub(crate) fn typing_begins(prompt: &str) {
    #[cfg(unix)]
    suspend::line_begins();
    let editor = CHANGED.wait_while(editor(), |editor| editor.ending);
    editor.unwrap_or_else(PoisonError::into_inner).typing = Typing::After(prompt.to_string());
}

/// The editor is about to draw `line`, with the cursor behind so many bytes. While the program ends it does not come to it.
#[cfg_attr(windows, expect(unused_variables, reason = "no shell takes the terminal in between"))]
pub(crate) fn typing_is_drawn(line: &str, cursor: usize) {
    let mut editor = editor();
    #[cfg(unix)]
    if let Typing::After(prompt) = &editor.typing {
        let before = prompt.width() + line.get(..cursor).unwrap_or(line).width();
        suspend::line_is_drawn(before / columns());
    }
    if editor.ending
        && let Typing::After(prompt) = &editor.typing
    {
        // A prompt alone would stand before the shell's own.
        editor.typing = Typing::Held(if line.is_empty() { String::new() } else { format!("{prompt}{line}") });
        CHANGED.notify_all();
    }
    drop(CHANGED.wait_while(editor, |editor| editor.ending));
}

/// The line has been typed, or given up.
pub(crate) fn typing_ends() {
    #[cfg(unix)]
    if suspend::line_ends()
        && let Some(found) = exit::found()
    {
        modes::lend(&found);
    }
    editor().typing = Typing::Nothing;
    CHANGED.notify_all();
}

/// Waits until the line editor has shown everything, takes it out of the way, and leaves a half-typed line standing. Says
/// whether the cursor may be behind something.
///
/// The printer tells nothing about when a message is on the screen, but its channel holds one message, and the editor
/// takes the next when it has shown the one before: when a message without effect (a line up, a newline) has been
/// accepted, all before it are shown, but for the typed line below them. A second one makes the editor draw that line,
/// and there it is held.
pub(crate) fn stop_editing() -> bool {
    let mut editor = editor();
    if !editor.edited {
        return true;
    }
    if cfg!(unix) {
        LINES.force(NO_EFFECT.into());
    }
    while !LINES.pass(|| true) {
        drop(editor);
        LINES.finish(Duration::MAX);
        editor = self::editor();
    }
    editor.edited = false;
    if cfg!(unix) {
        editor.ending = true;
        LINES.force(NO_EFFECT.into());
        let held = CHANGED.wait_while(editor, |editor| matches!(editor.typing, Typing::After(_)));
        if let Typing::Held(line) = &held.unwrap_or_else(PoisonError::into_inner).typing {
            let mut out = io::stdout().lock();
            // Where the terminal has gone, nobody misses the line.
            let _ = write!(out, "\r\x1b[J{line}").and_then(|()| out.flush());
            return !line.is_empty();
        }
    }
    true
}

fn editor() -> MutexGuard<'static, Editor> {
    lock(&EDITOR)
}

/// One of a command's two outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}
