//! The person at the server as a reader of the room: bounded like any other, so that a stopped terminal (Ctrl-S) or a
//! pipe that nobody reads holds up no client.

use std::mem;
use std::thread;
use std::time::Duration;

use crate::t;
use crate::terminal::queue::Queue;
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

/// What waits for the screen.
pub(super) type Console = Queue<Shown>;

/// An empty one.
pub(super) fn queue() -> Console {
    Queue::new(MAX_WAITING, Shown::size)
}

/// Shows what comes, for ever.
///
/// # Errors
/// Standard output cannot be written.
pub(super) fn run(queue: &Console, charset: Charset) -> Result<(), OutputFailed> {
    let mut incoming = Incoming::new(charset);
    loop {
        let (things, missed) = queue.take();
        for shown in things {
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
