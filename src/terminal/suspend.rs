//! Ctrl-Z and `fg`: the terminal goes back to the shell as it was found, and comes back with the line that was being typed.
//!
//! The line editor could do it alone if no other thread lived: it sends SIGTSTP to the whole process, whichever thread
//! takes it, and goes on with its own modes before the process stops. So Ctrl-Z is a signal here also while a line is
//! typed (ISIG), and the thread of signals (`exit`) stops the process. That thread alone may take SIGTSTP while it
//! does, so it has stopped when the call returns. A SIGCONT tells of every way to go on, after SIGSTOP too.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use nix::sys::pthread::{Pthread, pthread_kill, pthread_self};
use nix::sys::signal::{SigSet, Signal, kill, raise};
use nix::unistd::Pid;

use crate::lock::lock;
use crate::terminal::{modes, screen};

/// How long a line that begins may take until it is drawn, and its modes are set.
const BEGINNING: Duration = Duration::from_millis(300);

/// How often a program in the background looks whether it is in front again: a shell that knows it to be running tells
/// nothing.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Whoever holds it keeps the line editor from changing the terminal's modes.
static LINE: Mutex<Line> = Mutex::new(Line::Nothing);

static CHANGED: Condvar = Condvar::new();

/// The line that is being typed.
enum Line {
    Nothing,
    /// Its modes are not set yet.
    Begins,
    /// By this thread, in the editor's modes.
    Drawn(Pthread, modes::Saved),
    /// It had its modes set again, and the editor may have been about to put them back.
    DrawnAgain(Pthread, modes::Saved),
}

/// The editor begins with a line.
pub(super) fn line_begins() {
    *lock(&LINE) = Line::Begins;
}

/// In how many rows above the cursor the editor has drawn its line.
static ROWS_ABOVE: AtomicUsize = AtomicUsize::new(0);

/// The editor draws its line, with the cursor in a row that has so many above it: its modes are set.
pub(super) fn line_is_drawn(rows_above: usize) {
    ROWS_ABOVE.store(rows_above, Ordering::Relaxed);
    let mut line = lock(&LINE);
    if matches!(*line, Line::Begins)
        && let Some(edited) = modes::edited()
    {
        *line = Line::Drawn(pthread_self(), edited);
        CHANGED.notify_all();
    }
}

/// The line has been typed, or given up. Says whether the modes of the editor may have been left.
pub(super) fn line_ends() -> bool {
    let ended = std::mem::replace(&mut *lock(&LINE), Line::Nothing);
    CHANGED.notify_all();
    matches!(ended, Line::DrawnAgain(..))
}

/// Gives the terminal back as it was `found`, and stops until somebody wants the program to go on, as [`go_on`] does then:
/// once, since the line is drawn each time, and Ctrl-Z in the middle of that would leave half of it.
pub(super) fn stop(found: Option<&modes::Saved>) {
    let line = unless_it_begins();
    if let Some(found) = found {
        modes::lend(found);
    }
    let stopping = SigSet::from(Signal::SIGTSTP);
    // They fail only for signals that do not exist. Where nobody could say `fg`, the system does not stop it.
    let _ = stopping.thread_unblock().and_then(|()| raise(Signal::SIGTSTP)).and_then(|()| stopping.thread_block());
    drop(line);
    // What has said `fg` has sent this already, and a second one while it waits is the same. Where nothing stopped it, nobody
    // has, and it goes on all the same.
    let _ = kill(Pid::this(), Signal::SIGCONT);
}

/// The program goes on: in front with its line and the modes for it, in the background without.
pub(super) fn go_on() {
    if modes::in_front() { draw_again() } else { wait_for_front() }
}

fn draw_again() {
    let mut line = unless_it_begins();
    if let Line::Drawn(thread, edited) | Line::DrawnAgain(thread, edited) = &*line {
        let (thread, edited) = (*thread, edited.clone());
        if modes::edited().is_none() {
            modes::set_edited(&edited);
        }
        // To draw it the editor goes up as many rows as it has drawn. What the shell has written there stays.
        modes::new_rows(ROWS_ABOVE.load(Ordering::Relaxed));
        screen::draw_line_again();
        // It may have been stopped in read, which waits for a key now. A window of another size is noticed too.
        let _ = pthread_kill(thread, Signal::SIGWINCH);
        *line = Line::DrawnAgain(thread, edited);
    }
}

fn wait_for_front() {
    static WAITING: AtomicBool = AtomicBool::new(false);
    if WAITING.swap(true, Ordering::Relaxed) {
        return;
    }
    let wait = || {
        while !modes::in_front() {
            thread::sleep(LOOK_AGAIN);
        }
        WAITING.store(false, Ordering::Relaxed);
        draw_again();
    };
    if thread::Builder::new().name("background".into()).spawn(wait).is_err() {
        WAITING.store(false, Ordering::Relaxed);
    }
}

/// The line, unless it is about to set its modes.
fn unless_it_begins() -> MutexGuard<'static, Line> {
    let begins = |line: &mut Line| matches!(line, Line::Begins);
    let waited = CHANGED.wait_timeout_while(lock(&LINE), BEGINNING, begins);
    waited.unwrap_or_else(std::sync::PoisonError::into_inner).0
}
