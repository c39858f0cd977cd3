//! The person at the server as a reader of the room: bounded like any other, so that a stopped terminal (Ctrl-S) or a
//! pipe that nobody reads holds up no client.

use std::collections::VecDeque;
use std::mem;
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::lock::lock;
use crate::t;
use crate::terminal::screen::{self, OutputFailed};
use crate::text::{Charset, Incoming};

/// How many bytes may wait for the screen. More than for a client, since no kernel buffer stands behind it, and there
/// is only one.
const MAX_WAITING: usize = 4 * 1024 * 1024;

/// How long the screen's thread rests after it has shown something. Nobody reads faster, and waking it for every line
/// would cost each client more than the line itself.
const REST: Duration = Duration::from_millis(10);

/// Something for the person at the server.
pub(super) enum Shown {
    /// Somebody's words, as they came, without the newline.
    Words {
        /// `[name] `
        label: String,
        /// In the room's encoding.
        bytes: Vec<u8>,
    },
    /// Who came and went.
    Notice(String),
}

impl Shown {
    fn size(&self) -> usize {
        let bytes = match self {
            Self::Words { label, bytes } => label.len() + bytes.len(),
            Self::Notice(text) => text.len(),
        };
        bytes + mem::size_of::<Self>()
    }
}

#[derive(Default)]
pub(super) struct Console {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    lines: VecDeque<Shown>,
    bytes: usize,
    missed: usize,
    /// Whether the screen's thread has to be woken.
    asleep: bool,
}

impl Waiting {
    fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.missed == 0
    }
}

impl Console {
    /// Puts things in line for the screen; where the line is too long they are counted instead.
    pub(super) fn push(&self, shown: impl IntoIterator<Item = Shown>) {
        let mut waiting = lock(&self.waiting);
        for shown in shown {
            if waiting.bytes + shown.size() > MAX_WAITING {
                waiting.missed += 1;
            } else {
                waiting.bytes += shown.size();
                waiting.lines.push_back(shown);
            }
        }
        let wake = waiting.asleep && !waiting.is_empty();
        waiting.asleep &= !wake;
        drop(waiting);
        if wake {
            self.changed.notify_one();
        }
    }

    /// Shows what comes, for ever.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub(super) fn run(&self, charset: Charset) -> Result<(), OutputFailed> {
        let mut incoming = Incoming::new(charset);
        loop {
            let (lines, missed) = self.take();
            for shown in lines {
                match shown {
                    Shown::Words { label, bytes } => {
                        screen::show(&[label.into_bytes(), incoming.line(&bytes)].concat())?;
                    }
                    Shown::Notice(text) => screen::talk(&text),
                }
            }
            if missed > 0 {
                screen::talk(&t!("{missed} lines could not be shown in time", "有 {missed} 行来不及显示"));
            }
            thread::sleep(REST);
        }
    }

    fn take(&self) -> (VecDeque<Shown>, usize) {
        let mut waiting = lock(&self.waiting);
        while waiting.is_empty() {
            waiting.asleep = true;
            waiting = self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        waiting.asleep = false;
        waiting.bytes = 0;
        (mem::take(&mut waiting.lines), mem::take(&mut waiting.missed))
    }
}
