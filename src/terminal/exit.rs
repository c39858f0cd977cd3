//! How a program ends: Ctrl-C, SIGTERM, the end of its terminal, or its own way, with the terminal as it was.
//!
//! On Unix the signals are blocked everywhere and one thread waits for them (sigwait(3)), since the line editor
//! installs a handler of its own for SIGINT, which does nothing while the terminal is stopped. A new process
//! inherits what is blocked, and is started with nothing blocked (`exec/shell/unix/spawn.rs`).

use std::io::{self, IsTerminal as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use crate::lock::lock;
use crate::terminal::{log, modes, screen};

/// The exit status of a program that Ctrl-C has ended: 128 + SIGINT, as shells report it.
pub const INTERRUPTED: u8 = 130;

/// How long the terminal may take for the last words. One that is stopped (Ctrl-S) would take for ever, and a program
/// must end within a second.
const LAST_WORDS: Duration = Duration::from_millis(300);

/// How long the last action may take.
const LAST_ACTION_TIME: Duration = Duration::from_millis(500);

type Action = Box<dyn FnOnce() + Send>;

type Interrupted = Box<dyn Fn() -> bool + Send>;

/// Whether Ctrl-C ends the program: a terminal in its usual mode has shown `^C` then.
static CTRL_C: AtomicBool = AtomicBool::new(false);

static INTERRUPTED_BY: Mutex<Option<Interrupted>> = Mutex::new(None);

static LAST_ACTION: Mutex<Option<Action>> = Mutex::new(None);

static AT_LAST: Mutex<Option<Action>> = Mutex::new(None);

/// Whoever ends the program first ends it: the others wait for that, so that its status counts and nothing of it is cut
/// short.
static ENDING: Mutex<()> = Mutex::new(());

static TERMINAL: Mutex<Option<modes::Saved>> = Mutex::new(None);

/// Remembers the terminal as it is, and catches the signals that end a program from now on. It comes before any other thread.
pub fn prepare() {
    if io::stdin().is_terminal() {
        *lock(&TERMINAL) = modes::save();
    }
    signals::catch();
}

/// What is to be done once before the program ends, whichever way it ends: tell the peers, say. It has half a second.
pub fn at_end(action: impl FnOnce() + Send + 'static) {
    *lock(&LAST_ACTION) = Some(Box::new(action));
}

/// What comes behind everything else, when nothing will be done any more: the trace notes the end.
pub fn at_last(action: impl FnOnce() + Send + 'static) {
    *lock(&AT_LAST) = Some(Box::new(action));
}

/// Asks `action` at every Ctrl-C: it says whether it has taken care of it; else the program ends.
pub fn at_interrupt(action: impl Fn() -> bool + Send + 'static) {
    *lock(&INTERRUPTED_BY) = Some(Box::new(action));
}

/// A Ctrl-C, as a signal or an event.
fn interrupted() {
    let taken = lock(&INTERRUPTED_BY).as_ref().is_some_and(|action| action());
    if taken {
        // What the answer brings begins a line.
        within(LAST_WORDS, modes::end_line);
    } else {
        CTRL_C.store(true, Ordering::Relaxed);
        now(INTERRUPTED);
    }
}

/// Ends the program from whatever thread: does the last action, shows what is still to be shown, and puts the terminal
/// back.
pub fn now(status: u8) -> ! {
    let _first = lock(&ENDING);
    finish();
    run_within(LAST_WORDS, &AT_LAST);
    std::process::exit(status.into())
}

/// The terminal's modes as the program has found them.
pub(crate) fn found() -> Option<modes::Saved> {
    lock(&TERMINAL).clone()
}

fn finish() {
    run_within(LAST_ACTION_TIME, &LAST_ACTION);
    log::finish();
    let (saved, ctrl_c) = (lock(&TERMINAL).take(), CTRL_C.load(Ordering::Relaxed));
    if saved.is_none() && !ctrl_c {
        return;
    }
    let restored = saved.clone();
    let restore = move || {
        let in_line = screen::stop_editing();
        if !restored.is_some_and(|saved| modes::restore(&saved, in_line)) && ctrl_c {
            modes::end_line();
        }
    };
    if within(LAST_WORDS, restore) != Ended::InTime
        && let Some(saved) = saved
    {
        // Stopped output: at least the modes are put back.
        modes::restore_modes(&saved);
    }
}

/// Does an action whose threads may hang on an output that nobody reads; the program ends all the same.
fn run_within(limit: Duration, action: &Mutex<Option<Action>>) {
    let Some(action) = lock(action).take() else { return };
    let action = Arc::new(Mutex::new(Some(action)));
    let own = Arc::clone(&action);
    if within(limit, move || run_once(&own)) == Ended::NotBegun {
        run_once(&action);
    }
}

/// What became of something that may hang.
#[derive(PartialEq)]
enum Ended {
    InTime,
    Late,
    /// There was no thread for it.
    NotBegun,
}

/// Does what may hang on a terminal that takes nothing, and waits for it so long.
fn within(limit: Duration, act: impl FnOnce() + Send + 'static) -> Ended {
    let (done, is_done) = mpsc::channel();
    let started = thread::Builder::new().spawn(move || {
        act();
        // It fails when nobody waits any more.
        let _ = done.send(());
    });
    match started {
        Err(_) => Ended::NotBegun,
        Ok(_) if is_done.recv_timeout(limit).is_ok() => Ended::InTime,
        Ok(_) => Ended::Late,
    }
}

fn run_once(action: &Mutex<Option<Action>>) {
    if let Some(action) = lock(action).take() {
        action();
    }
}

#[cfg(unix)]
mod signals {
    use nix::sys::signal::{SigSet, Signal};

    use crate::terminal::suspend;

    /// Ctrl-C, kill(1), Ctrl-\, and the end of the terminal, unless that is ignored (nohup(1)).
    const ENDING: [Signal; 4] = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGQUIT, Signal::SIGHUP];

    fn ending() -> SigSet {
        ENDING.into_iter().filter(|signal| *signal != Signal::SIGHUP || !is_nohup()).collect()
    }

    /// Whether SIGHUP was ignored at the start. Only Linux tells without changing it (proc(5)); elsewhere, and without
    /// /proc, what it does is left as it is.
    fn is_nohup() -> bool {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_none_or(|mask| mask & 1 != 0)
    }

    /// Ctrl-Z and `fg`.
    const SUSPENDING: [Signal; 2] = [Signal::SIGTSTP, Signal::SIGCONT];

    pub(super) fn catch() {
        let caught: SigSet = ending().iter().chain(SUSPENDING).collect();
        // Blocking and waiting fail only for signals that do not exist.
        if caught.thread_block().is_ok() {
            let wait = move || {
                while let Ok(signal) = caught.wait() {
                    match signal {
                        Signal::SIGINT => super::interrupted(),
                        Signal::SIGTSTP => suspend::stop(super::found().as_ref()),
                        Signal::SIGCONT => suspend::go_on(),
                        signal => super::now(128 + signal as u8),
                    }
                }
            };
            if std::thread::Builder::new().name("signals".into()).spawn(wait).is_err() {
                // Nobody waits for them: then at least they do what they usually do.
                let _ = caught.thread_unblock();
            }
        }
    }
}

#[cfg(windows)]
mod signals {
    pub(super) fn catch() {
        // It fails only where a handler is set already.
        let _ = ctrlc::set_handler(super::interrupted);
    }
}
