//! What is shown of a stream: its lines, or in the textbook's ways whatever a `recv` gave.

use std::time::Duration;

use crate::chat::lines::{Line, Lines, MAX_SHOWN_LINE};
use crate::t;
use crate::terminal::screen::{self, OutputFailed};
use crate::text::{Charset, Incoming};

/// Shows the lines of one stream, whatever pieces it arrives in.
pub struct Transcript {
    charset: Charset,
    lines: Lines,
    incoming: Incoming,
}

impl Transcript {
    /// Of a stream in `charset`.
    pub fn new(charset: Charset) -> Self {
        Self { charset, lines: Lines::new(MAX_SHOWN_LINE), incoming: Incoming::new(charset) }
    }

    /// How long the next `recv` may wait before [`Transcript::show_pending`]; see [`Lines::patience`].
    pub fn patience(&self) -> Option<Duration> {
        self.lines.patience()
    }

    /// Shows the lines that these bytes complete.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub fn show(&mut self, bytes: &[u8]) -> Result<(), OutputFailed> {
        self.show_each(|lines, each| lines.push(bytes, each))
    }

    /// The silence: what a server without newlines has sent is a message.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub fn show_pending(&mut self) -> Result<(), OutputFailed> {
        let charset = self.charset;
        self.show_each(|lines, each| lines.quiet(charset, each))
    }

    /// The end of the stream: shows what stands unfinished.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub fn show_rest(&mut self) -> Result<(), OutputFailed> {
        self.show_each(|lines, each| lines.flush(each))
    }

    fn show_each(&mut self, cut: impl FnOnce(&mut Lines, &mut dyn FnMut(Line<'_>))) -> Result<(), OutputFailed> {
        let mut shown = Ok(());
        cut(&mut self.lines, &mut |line| {
            if shown.is_ok() {
                shown = screen::show(&self.incoming.line(line.bytes));
            }
            if line.cut {
                tell_cut();
            }
        });
        shown
    }
}

fn tell_cut() {
    screen::talk(&t!(
        "the line above is longer than {MAX_SHOWN_LINE} bytes; the rest of it is not shown",
        "上面这一行超过 {MAX_SHOWN_LINE} 字节，后面的部分没有显示"
    ));
}

/// In the textbook's ways the end of the stream: shows half a character that it left in `incoming`.
///
/// # Errors
/// Standard output cannot be written.
pub fn show_half(incoming: &mut Incoming) -> Result<(), OutputFailed> {
    let half = incoming.rest();
    if half.is_empty() { Ok(()) } else { screen::show(&half) }
}
