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
use crate::terminal::{log, screen};

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

/// Whoever ends the program first ends it: the others wait for that, so that its status counts and nothing of it is cut
/// short.
static ENDING: Mutex<()> = Mutex::new(());

static TERMINAL: Mutex<Option<terminal::Saved>> = Mutex::new(None);

/// Remembers the terminal as it is, and catches the signals that end a program from now on. It comes before any other thread.
pub fn prepare() {
    if io::stdin().is_terminal() {
        *lock(&TERMINAL) = terminal::save();
    }
    signals::catch();
}

/// What is to be done once before the program ends, whichever way it ends: tell the peers, say. It has half a second.
pub fn at_end(action: impl FnOnce() + Send + 'static) {
    *lock(&LAST_ACTION) = Some(Box::new(action));
}

/// Asks `action` at every Ctrl-C: it says whether it has taken care of it; else the program ends.
pub fn at_interrupt(action: impl Fn() -> bool + Send + 'static) {
    *lock(&INTERRUPTED_BY) = Some(Box::new(action));
}

/// A Ctrl-C, as a signal or an event.
fn interrupted() {
    let taken = lock(&INTERRUPTED_BY).as_ref().is_some_and(|action| action());
    if !taken {
        CTRL_C.store(true, Ordering::Relaxed);
        now(INTERRUPTED);
    }
}

/// Ends the program from whatever thread: does the last action, shows what is still to be shown, and puts the terminal
/// back.
pub fn now(status: u8) -> ! {
    let _first = lock(&ENDING);
    finish();
    std::process::exit(status.into())
}

fn finish() {
    let action = lock(&LAST_ACTION).take();
    if let Some(action) = action {
        // Its threads may hang on an output that nobody reads; the program ends all the same.
        let (done, is_done) = mpsc::channel();
        let action = Arc::new(Mutex::new(Some(action)));
        let own = Arc::clone(&action);
        let started = thread::Builder::new().spawn(move || {
            run_once(&own);
            // It fails when nobody waits any more.
            let _ = done.send(());
        });
        match started {
            Ok(_) => drop(is_done.recv_timeout(LAST_ACTION_TIME)),
            Err(_) => run_once(&action),
        }
    }
    log::finish();
    let Some(saved) = lock(&TERMINAL).take() else { return };
    let (done, is_done) = mpsc::channel();
    let restored = saved.clone();
    // Without a thread nothing comes, and the modes are put back below.
    let _ = thread::Builder::new().spawn(move || {
        screen::stop_editing();
        terminal::restore(&restored, CTRL_C.load(Ordering::Relaxed));
        let _ = done.send(());
    });
    if is_done.recv_timeout(LAST_WORDS).is_err() {
        // Stopped output: at least the modes are put back.
        terminal::restore_modes(&saved);
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

    pub(super) fn catch() {
        let ending = ending();
        // Blocking and waiting fail only for signals that do not exist.
        if ending.thread_block().is_ok() {
            let wait = move || {
                while let Ok(signal) = ending.wait() {
                    match signal {
                        Signal::SIGINT => super::interrupted(),
                        signal => super::now(128 + signal as u8),
                    }
                }
            };
            if std::thread::Builder::new().name("signals".into()).spawn(wait).is_err() {
                // Nobody waits for them: then at least they end the program.
                let _ = ending.thread_unblock();
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

#[cfg(unix)]
mod terminal {
    use std::io::{self, IsTerminal as _, Write as _};

    use rustix::process::getpgrp;
    use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr};

    pub(super) type Saved = Termios;

    pub(super) fn save() -> Option<Saved> {
        tcgetattr(io::stdin()).ok()
    }

    /// Leaves a half-typed line standing, and the line editor's modes (raw input, bracketed paste) behind. Where the
    /// terminal itself has shown `^C`, that line is ended, so that the shell's prompt begins another.
    pub(super) fn restore(saved: &Saved, ctrl_c: bool) {
        if restore_modes(saved) {
            let mut out = io::stdout().lock();
            let _ = out.write_all(b"\x1b[?2004l\n").and_then(|()| out.flush());
        } else if ctrl_c && saved.local_modes.contains(LocalModes::ECHO) && in_front() && io::stderr().is_terminal() {
            let _ = io::stderr().write_all(b"\n");
        }
    }

    /// Whether there was anything to put back.
    pub(super) fn restore_modes(saved: &Saved) -> bool {
        // In the background the modes are the shell's own, and setting them would stop this program (SIGTTOU).
        let raw = in_front() && tcgetattr(io::stdin()).is_ok_and(|now| !now.local_modes.contains(LocalModes::ICANON));
        let was_raw = !saved.local_modes.contains(LocalModes::ICANON);
        raw && !was_raw && tcsetattr(io::stdin(), OptionalActions::Now, saved).is_ok()
    }

    fn in_front() -> bool {
        tcgetpgrp(io::stdin()).is_ok_and(|group| group == getpgrp())
    }
}

#[cfg(windows)]
mod terminal {
    pub(super) use crate::windows::{ConsoleMode as Saved, restore_console as restore_modes, save_console as save};

    pub(super) fn restore(saved: &Saved, _ctrl_c: bool) {
        if restore_modes(saved) {
            println!();
        }
    }
}
