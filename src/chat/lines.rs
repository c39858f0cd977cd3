//! A byte stream cut into lines of bounded length: the chat room's wire.
//!
//! TCP delivers bytes, not messages; the newline is the message boundary here. Three things make it robust:
//!
//! - a line over [`MAX_LINE`] is cut there, and the rest up to its newline is thrown away;
//! - a peer that has never sent a newline is a textbook's program, whose `send` was meant as one message: what it sent
//!   becomes a message once [`QUIET`] has passed without more;
//! - what stands unfinished when the stream ends is a message too.

use std::time::Duration;

use crate::terminal::input;
use crate::text::{Charset, Unmappable};

/// The longest line, in bytes without its newline. A screenful is 2,000 characters; twice that in hanzi fits.
pub const MAX_LINE: usize = 8 * 1024;

/// How long a textbook peer's bytes wait for more. A person does not notice it, and segments of one `send` arrive closer
/// together, unless one is lost: that takes 200 ms more at the least (Linux's shortest retransmission timeout), and then
/// the message comes in two.
pub const QUIET: Duration = Duration::from_millis(200);

/// The longest line that a client takes from a server: [`MAX_LINE`] with a label in front, and with every character
/// escaped (`\u{202e}`: eight bytes for three).
pub const MAX_SHOWN_LINE: usize = 64 * 1024;

/// One line without its newline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Its bytes, at most as many as the limit.
    pub bytes: &'a [u8],
    /// Whether it was longer, and the rest is gone.
    pub cut: bool,
    /// Whether a newline ended it, not silence or the end of the stream.
    pub newline: bool,
}

/// Cuts one peer's stream into [`Line`]s, whatever pieces it arrives in.
pub struct Lines {
    /// The longest line, in bytes.
    limit: usize,
    /// The beginning of a line whose newline has not come, at most the limit and one `\r`.
    pending: Vec<u8>,
    /// How many bytes of it are half a character that silence has left over.
    half: usize,
    /// Bytes of the pending line were thrown away.
    cut: bool,
    newline_seen: bool,
}

impl Lines {
    /// For lines of at most `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self { limit, pending: Vec::new(), half: 0, cut: false, newline_seen: false }
    }

    /// Takes the next bytes of the stream and hands over each line that they complete.
    pub fn push(&mut self, mut bytes: &[u8], mut each: impl FnMut(Line<'_>)) {
        while let Some(end) = bytes.iter().position(|&b| b == b'\n') {
            self.newline_seen = true;
            if self.pending.is_empty() && !self.cut && end <= self.limit {
                each(Line { bytes: without_return(&bytes[..end]), cut: false, newline: true });
            } else {
                self.keep(&bytes[..end]);
                self.take(true, &mut each);
            }
            bytes = &bytes[end + 1..];
        }
        self.keep(bytes);
    }

    /// The peer's lines have ends, though it has not sent one yet.
    pub fn speaks_lines(&mut self) {
        self.newline_seen = true;
    }

    /// How long the next read may wait until [`Lines::quiet`] is to be called: [`QUIET`] for a textbook peer's pending
    /// message, for ever otherwise.
    pub fn patience(&self) -> Option<Duration> {
        (!self.newline_seen && self.pending.len() > self.half).then_some(QUIET)
    }

    /// Hands over what is pending as a message: the textbook peer fell silent. Half a character waits for its other
    /// half.
    pub fn quiet(&mut self, charset: Charset, mut each: impl FnMut(Line<'_>)) {
        let half = if self.cut { Vec::new() } else { self.pending.split_off(charset.complete(&self.pending)) };
        self.flush(&mut each);
        self.half = half.len();
        self.pending = half;
    }

    /// Hands over what is pending as a message: the stream has ended.
    pub fn flush(&mut self, mut each: impl FnMut(Line<'_>)) {
        if !self.pending.is_empty() {
            self.take(false, &mut each);
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        let space = (self.limit + 1).saturating_sub(self.pending.len());
        self.pending.extend_from_slice(&bytes[..bytes.len().min(space)]);
        self.cut |= bytes.len() > space;
    }

    fn take(&mut self, newline: bool, each: &mut impl FnMut(Line<'_>)) {
        let line = if self.cut { &self.pending[..] } else { without_return(&self.pending) };
        let cut = self.cut || line.len() > self.limit;
        each(Line { bytes: &line[..line.len().min(self.limit)], cut, newline });
        self.pending.clear();
        self.half = 0;
        self.cut = false;
    }
}

fn without_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// What a person typed as the messages that carry it: each of its lines, one over [`MAX_LINE`] in several. Only what
/// was typed as one is a command: no piece of a long line begins with `/` or is a lone `q`, and a `q` that is to be
/// said goes as `//q`.
///
/// # Errors
/// A character that `charset` lacks; then nothing is to be sent.
pub fn messages(typed: &str, charset: Charset) -> Result<Vec<Vec<u8>>, Unmappable> {
    let mut messages = Vec::new();
    for line in typed.lines().filter(|line| !line.trim().is_empty()) {
        let bytes = charset.encode(line)?;
        if input::is_q(line) {
            messages.push([b"//", &bytes[..]].concat());
        } else if bytes.len() <= MAX_LINE {
            messages.push(bytes);
        } else {
            for piece in pieces(line) {
                messages.push(charset.encode(&piece)?);
            }
        }
    }
    Ok(messages)
}

/// A long line in pieces that fit. Where it can only be cut before a `/`, one more says that it is no command.
fn pieces(line: &str) -> Vec<String> {
    // No character of any charset takes more than four bytes.
    const MAX_CHARACTERS: usize = MAX_LINE / 4;
    let characters: Vec<char> = line.chars().collect();
    let mut pieces = Vec::new();
    let mut rest = &characters[..];
    let mut slash = None;
    while rest.len() > MAX_CHARACTERS {
        let is_q = |at: usize| input::is_q(&rest[at..].iter().collect::<String>());
        let is_command = |at: usize| matches!(rest[at], '/' | '／') || is_q(at);
        let end = (1..=MAX_CHARACTERS).rev().find(|&at| !is_command(at));
        let (piece, after) = rest.split_at(end.unwrap_or(MAX_CHARACTERS));
        pieces.push(slash.iter().chain(piece).collect());
        slash = end.is_none().then_some('/');
        rest = after;
    }
    pieces.push(slash.iter().chain(rest).collect());
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines of a stream that arrives in pieces of `size` bytes, cut ones marked with `…`.
    fn lines(stream: &[u8], size: usize) -> Vec<String> {
        let mut found = Vec::new();
        let mut lines = Lines::new(MAX_LINE);
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
        let mut lines = Lines::new(MAX_LINE);
        for _ in 0..1000 {
            lines.push(&[b'x'; 10_000], |_| panic!("no line has ended"));
        }
        assert!(lines.pending.capacity() <= 2 * MAX_LINE + 2, "{}", lines.pending.capacity());
    }

    #[test]
    fn only_a_peer_without_newlines_waits_for_quiet() {
        let mut lines = Lines::new(MAX_LINE);
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

    #[test]
    fn no_piece_of_a_message_is_a_command() {
        let piece = MAX_LINE / 4;
        for end in ["q", "/who", "ｑ", "／kick x"] {
            let typed = format!("{}{end}", "x".repeat(4 * piece));
            let sent = messages(&typed, Charset::default()).unwrap();
            assert_eq!(String::from_utf8(sent.concat()).unwrap(), typed);
            assert!(sent.iter().all(|m| m.starts_with(b"x")), "{end}");
        }
        let slashes = "/".repeat(piece);
        let typed = format!("{}{slashes}kick bob", "x".repeat(3 * piece));
        let sent = messages(&typed, Charset::default()).unwrap();
        assert_eq!(sent.last().unwrap(), b"//kick bob", "no place to cut but before a slash");
        assert!(sent.iter().all(|message| message.len() <= MAX_LINE));
        assert_eq!(messages("a\nq\nb", Charset::default()).unwrap(), [&b"a"[..], b"//q", b"b"]);
    }

    #[test]
    fn silence_in_the_middle_of_a_character_waits_for_its_other_half() {
        let gbk: Charset = "gbk".parse().unwrap();
        let mut lines = Lines::new(MAX_LINE);
        let mut heard = Vec::new();
        lines.push(b"\xc4\xe3\xba", |_| panic!("not yet"));
        lines.quiet(gbk, |line| heard.push(line.bytes.to_vec()));
        assert_eq!(lines.patience(), None, "half a character alone is no message");
        lines.push(b"\xc3", |_| panic!("not yet"));
        assert_eq!(lines.patience(), Some(QUIET));
        lines.quiet(gbk, |line| heard.push(line.bytes.to_vec()));
        assert_eq!(heard, [b"\xc4\xe3", b"\xba\xc3"]);
    }
}
