//! A pseudo-terminal for a program, and an emulator (vt100) for the eye.

use std::ffi::OsStr;
use std::io::{Read as _, Write as _};
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Instant;

use pty_process::blocking::{self, Command, Pty};
use rustix::termios::{LocalModes, Termios, tcgetattr, tcgetpgrp};

use super::{DEADLINE, eventually};

/// How large a terminal is.
#[derive(Clone, Copy)]
pub struct Size {
    pub rows: u16,
    /// What its program is told.
    pub columns: u16,
    /// What the emulator shows.
    pub shown: u16,
}

/// A terminal as most people have it.
const USUAL: Size = Size { rows: 24, columns: 80, shown: 80 };

/// A program on a terminal of its own.
pub struct Terminal {
    pty: Arc<Pty>,
    pub child: Child,
    pub seen: Arc<Seen>,
    before: Termios,
}

pub struct Seen {
    pub screen: Mutex<(vt100::Parser, Vec<u8>)>,
    changed: Condvar,
}

/// Whether somebody looks at the terminal. One that nobody reads stops its program's output, as Ctrl-S does.
#[derive(PartialEq)]
pub enum Eye {
    Open,
    Shut,
}

impl Terminal {
    pub fn start(program: impl AsRef<OsStr>, args: &[&str]) -> Self {
        Self::watched(program, args, Eye::Open)
    }

    pub fn watched(program: impl AsRef<OsStr>, args: &[&str], eye: Eye) -> Self {
        // As if Cargo had nothing to do with it: what is to be typed next depends on that.
        let command = Command::new(program).args(args).env("SOCKET_DEMOS_LANG", "en").env_remove("CARGO");
        Self::spawn(command, USUAL, eye)
    }

    /// Starts a prepared command.
    pub fn spawn(command: Command, size: Size, eye: Eye) -> Self {
        let (pty, slave) = blocking::open().unwrap();
        pty.resize(pty_process::Size::new(size.rows, size.columns)).unwrap();
        let before = tcgetattr(&pty).unwrap();
        let child = command.env("TERM", "xterm").spawn(slave).unwrap();
        let pty = Arc::new(pty);
        let [tall, wide] = [size.rows, size.shown].map(|size| size.try_into().unwrap());
        let screen = Mutex::new((vt100::Parser::new(tall, wide, 0), Vec::new()));
        let seen = Arc::new(Seen { screen, changed: Condvar::new() });
        if eye == Eye::Open {
            let (pty, seen) = (Arc::clone(&pty), Arc::clone(&seen));
            thread::spawn(move || watch(&pty, &seen));
        }
        Self { pty, child, seen, before }
    }

    /// Whether its program reads keys one by one, as line editors do: then Ctrl-C is a key like any other.
    pub fn is_raw(&self) -> bool {
        !tcgetattr(&*self.pty).unwrap().local_modes.contains(LocalModes::ICANON)
    }

    /// Whether it shows the keys that are typed, as it does for a shell that edits no lines.
    pub fn echoes(&self) -> bool {
        tcgetattr(&*self.pty).unwrap().local_modes.contains(LocalModes::ECHO)
    }

    /// The program that a shell has put in front.
    pub fn in_front(&self) -> u32 {
        tcgetpgrp(&*self.pty).unwrap().as_raw_pid().try_into().unwrap()
    }

    pub fn types(&self, text: &str) {
        (&*self.pty).write_all(text.as_bytes()).unwrap();
    }

    /// Makes the terminal as narrow or wide as this.
    pub fn resize(&self, columns: u16) {
        self.pty.resize(pty_process::Size::new(USUAL.rows, columns)).unwrap();
    }

    /// Waits until the screen's text is as `wanted`.
    pub fn sees(&self, mut wanted: impl FnMut(&str) -> bool) -> String {
        let seen = self.waits(|screen| {
            let text = screen.contents();
            wanted(&text).then_some(text)
        });
        let shown = || self.seen.screen.lock().unwrap().0.screen().contents();
        seen.unwrap_or_else(|| panic!("this is all there is to see:\n{}", shown()))
    }

    /// Waits until `wanted` finds something on the screen; nothing after the deadline.
    pub fn waits<T>(&self, mut wanted: impl FnMut(&vt100::Screen) -> Option<T>) -> Option<T> {
        let deadline = Instant::now() + DEADLINE;
        let mut screen = self.seen.screen.lock().unwrap();
        loop {
            if let Some(found) = wanted(screen.0.screen()) {
                return Some(found);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            screen = self.seen.changed.wait_timeout(screen, left).unwrap().0;
        }
    }

    /// The rows from one of that number down to the cursor.
    pub fn rows_from(screen: &vt100::Screen, first: u16) -> Vec<String> {
        let last = screen.cursor_position().0;

        let text = screen.contents_between(first, 0, last, screen.size().1.get());
        text.lines().map(|row| row.trim_end().to_string()).collect()
    }

    pub fn sees_last(&self, line: &str) -> String {
        self.sees(|text| text.lines().last().is_some_and(|last| last.trim_end() == line))
    }

    /// Waits until `text` has been printed, also where it has scrolled away since.
    pub fn prints(&self, text: &str) {
        eventually(true, || String::from_utf8_lossy(&self.seen.screen.lock().unwrap().1).contains(text));
    }

    pub fn ended(&mut self) -> ExitStatus {
        let mut status = None;
        eventually(true, || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap()
    }

    /// The program has ended and left the terminal as it found it.
    pub fn left_as_it_was(&mut self) -> ExitStatus {
        let status = self.ended();
        let (now, before) = (tcgetattr(&*self.pty).unwrap(), &self.before);
        assert_eq!(now.local_modes, before.local_modes);
        assert_eq!(now.input_modes, before.input_modes);
        assert_eq!(now.output_modes, before.output_modes);
        let paste_is_off = || {
            let screen = self.seen.screen.lock().unwrap();
            !screen.0.screen().bracketed_paste()
        };
        eventually(true, paste_is_off);
        status
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn watch(pty: &Pty, seen: &Seen) {
    let mut buffer = [0; 4096];
    // Reading fails when the program's side is closed for good.
    while let Ok(read @ 1..) = (&*pty).read(&mut buffer) {
        let mut screen = seen.screen.lock().unwrap();
        screen.0.process(&buffer[..read]);
        screen.1.extend_from_slice(&buffer[..read]);
        seen.changed.notify_all();
    }
}
