//! The terminal's modes: those that the program has found, and those that the line editor sets.

#[cfg(unix)]
pub(crate) use self::unix::{
    Saved, edited, end_line, in_front, lend, new_rows, restore, restore_modes, save, set_edited,
};
#[cfg(windows)]
pub(crate) use self::windows::{Saved, end_line, restore, restore_modes, save};

#[cfg(unix)]
mod unix {
    use std::io::{self, Write as _};
    use std::os::fd::{AsFd as _, BorrowedFd};

    use rustix::process::getpgrp;
    use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr};

    pub(crate) type Saved = Termios;

    pub(crate) fn save() -> Option<Saved> {
        tcgetattr(io::stdin()).ok()
    }

    /// Leaves a half-typed line standing, where the cursor is `in_line`, and the line editor's modes (raw input, bracketed
    /// paste) behind. Says whether there were any.
    pub(crate) fn restore(saved: &Saved, in_line: bool) -> bool {
        let restored = restore_modes(saved);
        if restored {
            let mut out = io::stdout().lock();
            let end: &[u8] = if in_line { b"\x1b[?2004l\n" } else { b"\x1b[?2004l" };
            let _ = out.write_all(end).and_then(|()| out.flush());
        }
        restored
    }

    /// Ends the line where a terminal has shown `^C`, so that what comes next begins another: that of whichever stream is
    /// one.
    pub(crate) fn end_line() {
        let (stdin, stdout, stderr) = (io::stdin(), io::stdout(), io::stderr());
        for stream in [stderr.as_fd(), stdout.as_fd(), stdin.as_fd()] {
            let shows = tcgetattr(stream).is_ok_and(|modes| modes.local_modes.contains(LocalModes::ECHO));
            if shows && is_front_of(stream) && rustix::io::write(stream, b"\n").is_ok() {
                return;
            }
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

    /// So many rows further down. Where the terminal has gone, nobody looks.
    pub(crate) fn new_rows(count: usize) {
        let mut out = io::stdout().lock();
        let _ = out.write_all(&vec![b'\n'; count]).and_then(|()| out.flush());
    }

    pub(crate) fn in_front() -> bool {
        is_front_of(io::stdin().as_fd())
    }

    fn is_front_of(terminal: BorrowedFd<'_>) -> bool {
        tcgetpgrp(terminal).is_ok_and(|group| group == getpgrp())
    }
}

#[cfg(windows)]
mod windows {
    pub(crate) use crate::windows::{ConsoleMode as Saved, restore_console as restore_modes, save_console as save};

    pub(crate) fn restore(saved: &Saved, in_line: bool) -> bool {
        let restored = restore_modes(saved);
        if restored && in_line {
            println!();
        }
        restored
    }

    /// Here the shell begins a line of its own.
    pub(crate) fn end_line() {}
}
