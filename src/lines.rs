//! A byte stream cut into lines of bounded length: the chat room's wire.
//!
//! TCP delivers bytes, not messages; the newline is the message boundary here. Three things make it robust:
//!
//! - a line over [`MAX_LINE`] is cut there, and the rest up to its newline is thrown away;
//! - a peer that has never sent a newline is a textbook's program, whose `send` was meant as one message: what it sent
//!   becomes a message once [`QUIET`] has passed without more;
//! - what stands unfinished when the stream ends is a message too.

use std::time::Duration;

use crate::text::{Charset, Unmappable};

/// The longest line, in bytes without its newline. A screenful is 2,000 characters; twice that in hanzi fits.
pub const MAX_LINE: usize = 8 * 1024;

/// How long a textbook peer's bytes wait for more. A person does not notice it, and two segments of one `send` are
/// closer together even on a busy Wi-Fi.
pub const QUIET: Duration = Duration::from_millis(200);

/// One line without its newline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Its bytes, at most [`MAX_LINE`].
    pub bytes: &'a [u8],
    /// Whether it was longer, and the rest is gone.
    pub cut: bool,
    /// Whether a newline ended it, not silence or the end of the stream.
    pub newline: bool,
}

/// Cuts one peer's stream into [`Line`]s, whatever pieces it arrives in.
#[derive(Default)]
pub struct Lines {
    /// The beginning of a line whose newline has not come, at most [`MAX_LINE`] bytes and one `\r`.
    pending: Vec<u8>,
    /// Bytes of the pending line were thrown away.
    cut: bool,
    newline_seen: bool,
}

impl Lines {
    /// Takes the next bytes of the stream and hands over each line that they complete.
    pub fn push(&mut self, mut bytes: &[u8], mut each: impl FnMut(Line<'_>)) {
        while let Some(end) = bytes.iter().position(|&b| b == b'\n') {
            self.newline_seen = true;
            if self.pending.is_empty() && !self.cut && end <= MAX_LINE {
                each(Line { bytes: without_return(&bytes[..end]), cut: false, newline: true });
            } else {
                self.keep(&bytes[..end]);
                self.take(true, &mut each);
            }
            bytes = &bytes[end + 1..];
        }
        self.keep(bytes);
    }

    /// How long the next read may wait until [`Lines::flush`] is to be called: [`QUIET`] for a textbook peer's pending
    /// message, for ever otherwise.
    pub fn patience(&self) -> Option<Duration> {
        (!self.newline_seen && !self.pending.is_empty()).then_some(QUIET)
    }

    /// Hands over what is pending as a message: the textbook peer fell silent, or the stream has ended.
    pub fn flush(&mut self, mut each: impl FnMut(Line<'_>)) {
        if !self.pending.is_empty() {
            self.take(false, &mut each);
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        let space = (MAX_LINE + 1).saturating_sub(self.pending.len());
        self.pending.extend_from_slice(&bytes[..bytes.len().min(space)]);
        self.cut |= bytes.len() > space;
    }

    fn take(&mut self, newline: bool, each: &mut impl FnMut(Line<'_>)) {
        let line = if self.cut { &self.pending[..] } else { without_return(&self.pending) };
        let cut = self.cut || line.len() > MAX_LINE;
        each(Line { bytes: &line[..line.len().min(MAX_LINE)], cut, newline });
        self.pending.clear();
        self.cut = false;
    }
}

fn without_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// What a person typed as the messages that carry it: each of its lines, one over [`MAX_LINE`] in several.
///
/// # Errors
/// A character that `charset` lacks; then nothing is to be sent.
pub fn messages(typed: &str, charset: Charset) -> Result<Vec<Vec<u8>>, Unmappable> {
    // No character of any charset takes more than four bytes.
    const MAX_CHARACTERS: usize = MAX_LINE / 4;
    let mut messages = Vec::new();
    for line in typed.lines().filter(|line| !line.trim().is_empty()) {
        let bytes = charset.encode(line)?;
        if bytes.len() <= MAX_LINE {
            messages.push(bytes);
            continue;
        }
        let characters: Vec<char> = line.chars().collect();
        for piece in characters.chunks(MAX_CHARACTERS) {
            messages.push(charset.encode(&piece.iter().collect::<String>())?);
        }
    }
    Ok(messages)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines of a stream that arrives in pieces of `size` bytes, cut ones marked with `…`.
    fn lines(stream: &[u8], size: usize) -> Vec<String> {
        let mut found = Vec::new();
        let mut lines = Lines::default();
        let mut note = |line: Line<'_>| {
            found.push(String::from_utf8_lossy(line.bytes).into_owned() + if line.cut { "…" } else { "" });
        };
        for piece in stream.chunks(size) {
            lines.push(piece, &mut note);
        }
        lines.flush(&mut note);
        found
    }

    #[test]
    fn lines_are_the_same_whatever_pieces_they_arrive_in() {
        for size in 1..40 {
            assert_eq!(lines("one\r\n\n二\nlast".as_bytes(), size), ["one", "", "二", "last"], "pieces of {size}");
        }
    }

    #[test]
    fn a_line_of_exactly_the_limit_passes_and_one_byte_more_is_cut() {
        let exact = "x".repeat(MAX_LINE);
        for size in [1, 1000, MAX_LINE, 100_000] {
            assert_eq!(lines(format!("{exact}\r\nb\n").as_bytes(), size), [exact.clone(), "b".into()]);
            assert_eq!(lines(format!("{exact}yy\nb\n").as_bytes(), size), [format!("{exact}…"), "b".into()]);
            assert_eq!(lines(format!("{exact}y\nb\n").as_bytes(), size), [format!("{exact}…"), "b".into()]);
        }
    }

    #[test]
    fn an_endless_line_takes_no_more_memory_than_the_limit() {
        let mut lines = Lines::default();
        for _ in 0..1000 {
            lines.push(&[b'x'; 10_000], |_| panic!("no line has ended"));
        }
        assert!(lines.pending.capacity() <= 2 * MAX_LINE + 2, "{}", lines.pending.capacity());
    }

    #[test]
    fn only_a_peer_without_newlines_waits_for_quiet() {
        let mut lines = Lines::default();
        assert_eq!(lines.patience(), None);
        lines.push(b"hello", |_| panic!("not yet"));
        assert_eq!(lines.patience(), Some(QUIET));
        lines.push(b"\nhalf", |_| {});
        assert_eq!(lines.patience(), None);
    }

    #[test]
    fn a_long_text_becomes_several_messages_and_loses_nothing() {
        let typed = "汉".repeat(5000);
        let messages = messages(&format!("{typed}\n\nsecond"), Charset::default()).unwrap();
        assert!(messages.iter().all(|m| m.len() <= MAX_LINE));
        assert_eq!(String::from_utf8(messages.concat()).unwrap(), typed + "second");
    }
}
