//! The terminal's modes: those that the program has found, and those that the line editor sets.

#[cfg(unix)]
pub(crate) use self::unix::{Saved, edited, in_front, lend, restore, restore_modes, save, set_edited};
#[cfg(windows)]
pub(crate) use self::windows::{Saved, restore, restore_modes, save};

#[cfg(unix)]
mod unix {
    use std::io::{self, IsTerminal as _, Write as _};

    use rustix::process::getpgrp;
    use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr};

    pub(crate) type Saved = Termios;

    pub(crate) fn save() -> Option<Saved> {
        tcgetattr(io::stdin()).ok()
    }

    /// Leaves a half-typed line standing, and the line editor's modes (raw input, bracketed paste) behind. Where the
    /// terminal itself has shown `^C`, that line is ended, so that the shell's prompt begins another.
    pub(crate) fn restore(saved: &Saved, ctrl_c: bool) {
        if restore_modes(saved) {
            let mut out = io::stdout().lock();
            let _ = out.write_all(b"\x1b[?2004l\n").and_then(|()| out.flush());
        } else if ctrl_c && saved.local_modes.contains(LocalModes::ECHO) && in_front() && io::stderr().is_terminal() {
            let _ = io::stderr().write_all(b"\n");
        }
    }

    /// Gives the terminal to the shell for a while, with a half-typed line on it.
    pub(crate) fn lend(saved: &Saved) {
        if restore_modes(saved) {
            let mut out = io::stdout().lock();
            let _ = out.write_all(b"\x1b[?2004l").and_then(|()| out.flush());
        }
    }

    /// Whether there was anything to put back.
    pub(crate) fn restore_modes(saved: &Saved) -> bool {
        // In the background the modes are the shell's own, and setting them would stop this program (SIGTTOU).
        let was_raw = !saved.local_modes.contains(LocalModes::ICANON);
        in_front() && edited().is_some() && !was_raw && tcsetattr(io::stdin(), OptionalActions::Now, saved).is_ok()
    }

    /// The line editor's modes, where those are set now.
    pub(crate) fn edited() -> Option<Saved> {
        tcgetattr(io::stdin()).ok().filter(|now| !now.local_modes.contains(LocalModes::ICANON))
    }

    /// Sets the line editor's modes again, and bracketed paste with them.
    pub(crate) fn set_edited(edited: &Saved) {
        // Where the terminal has gone, nobody types.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, edited);
        let mut out = io::stdout().lock();
        let _ = out.write_all(b"\x1b[?2004h").and_then(|()| out.flush());
    }

    pub(crate) fn in_front() -> bool {
        tcgetpgrp(io::stdin()).is_ok_and(|group| group == getpgrp())
    }
}

#[cfg(windows)]
mod windows {
    pub(crate) use crate::windows::{ConsoleMode as Saved, restore_console as restore_modes, save_console as save};

    pub(crate) fn restore(saved: &Saved, _ctrl_c: bool) {
        if restore_modes(saved) {
            println!();
        }
    }
}
