//! What of a peer's bytes comes out at this program's own end: on a terminal harmless, elsewhere as it is.

use std::borrow::Cow;
use std::io::{self, IsTerminal as _};

use unicode_width::UnicodeWidthChar as _;

use super::{Charset, Decoder, escape, incomplete_tail};

/// What this program's standard output gets of a peer's bytes.
///
/// On a terminal: decoded, escaped, further lines of one message indented. Elsewhere nothing is escaped: UTF-8 passes
/// unchanged, another encoding is decoded to UTF-8.
pub struct Incoming {
    decoder: Decoder,
    /// Bytes of a UTF-8 character that is not complete yet, where bytes pass unchanged.
    held: Vec<u8>,
    unchanged: bool,
    terminal: bool,
}

impl Incoming {
    /// For a peer that writes `charset`, shown on standard output as it is now.
    pub fn new(charset: Charset) -> Self {
        Self::to(charset, io::stdout().is_terminal())
    }

    pub(super) fn to(charset: Charset, terminal: bool) -> Self {
        let unchanged = charset.is_utf8() && !terminal;
        Self { decoder: Decoder::new(charset), held: Vec::new(), unchanged, terminal }
    }

    /// One message as one `recv` gave it: without its trailing newline, half a character kept for the next one.
    pub fn message(&mut self, bytes: &[u8]) -> Vec<u8> {
        let shown = self.complete_part(bytes);
        let newline = if shown.ends_with(b"\r\n") { 2 } else { usize::from(shown.ends_with(b"\n")) };
        self.present(&shown[..shown.len() - newline])
    }

    /// One whole line, given without its newline.
    pub fn line(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut shown = self.complete_part(bytes);
        shown.extend(self.rest());
        self.present(&shown)
    }

    /// Half a character that the stream ended with, if any.
    pub fn rest(&mut self) -> Vec<u8> {
        let mut rest = std::mem::take(&mut self.held);
        rest.extend(self.decoder.finish().into_bytes());
        rest
    }

    fn complete_part(&mut self, bytes: &[u8]) -> Vec<u8> {
        if !self.unchanged {
            return self.decoder.push(bytes).into_bytes();
        }
        let mut all = std::mem::take(&mut self.held);
        all.extend_from_slice(bytes);
        self.held = all.split_off(all.len() - incomplete_tail(&all));
        all
    }

    fn present(&self, shown: &[u8]) -> Vec<u8> {
        if self.terminal {
            indent(&escape(&String::from_utf8_lossy(shown))).into_owned().into_bytes()
        } else {
            shown.to_vec()
        }
    }
}

/// What a standard stream of this program gets of a remote command's output, piece by piece.
///
/// On a terminal: decoded and escaped, CRLF as the newline it is. Elsewhere as [`Incoming`]: UTF-8 passes unchanged to
/// the last byte, another encoding is decoded to UTF-8.
pub struct Passing {
    /// `None` where the bytes pass unchanged.
    decoder: Option<Decoder>,
    escaped: bool,
    /// Whether the last piece ended with a carriage return.
    returned: bool,
}

impl Passing {
    /// For an output in `charset`; `escaped` for a terminal.
    pub fn new(charset: Charset, escaped: bool) -> Self {
        let decoder = (escaped || !charset.is_utf8()).then(|| Decoder::new(charset));
        Self { decoder, escaped, returned: false }
    }

    /// What to write of the next piece.
    pub fn piece<'a>(&mut self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        let Some(decoder) = &mut self.decoder else { return bytes.into() };
        let text = decoder.push(bytes);
        self.present(text).into_bytes().into()
    }

    /// What is left at the end of the output: half a character, a last carriage return.
    pub fn rest(&mut self) -> Vec<u8> {
        let text = self.decoder.as_mut().map(Decoder::finish).unwrap_or_default();
        let mut rest = self.present(text);
        if std::mem::take(&mut self.returned) {
            rest += &escape("\r");
        }
        rest.into_bytes()
    }

    fn present(&mut self, mut text: String) -> String {
        if !self.escaped || text.is_empty() {
            return text;
        }
        if std::mem::take(&mut self.returned) {
            text.insert(0, '\r');
        }
        self.returned = text.ends_with('\r') && text.pop().is_some();
        escape(&text.replace("\r\n", "\n")).into_owned()
    }
}

/// What the further lines of a message begin with, and the further rows of a line.
const INDENT: &str = "    ";

/// The most columns that a tab takes.
const TAB: usize = 8;

/// A message of several lines with all but the first indented, so that it cannot pass for another sender's.
fn indent(text: &str) -> Cow<'_, str> {
    if text.contains('\n') { text.replace('\n', &format!("\n{INDENT}")).into() } else { text.into() }
}

/// A text for a terminal of so many columns: each further row of a line is indented, and begins with a word where that
/// leaves no short row before it. Where the terminal makes the rows, whoever writes the words chooses with which of them a
/// row begins, and that can look like another sender's label.
pub fn wrap(text: &str, columns: usize) -> Cow<'_, str> {
    // No character has fewer bytes than columns, but a tab.
    if text.len() <= columns && !text.contains('\t') {
        return text.into();
    }
    text.split('\n').map(|line| wrap_line(line, columns)).collect::<Vec<_>>().join("\n").into()
}

fn wrap_line(line: &str, columns: usize) -> String {
    // In a terminal of a few columns there is still room for words.
    let indent = &INDENT[..INDENT.len().min(columns / 2)];
    let (mut rows, mut used, mut seam, mut before) = (String::with_capacity(line.len() * 2), 0, None, ' ');
    for c in line.chars() {
        if is_seam(before, c) {
            seam = Some((rows.len(), used));
        }
        let width = most_columns(c);
        if used + width > columns && used > indent.len() {
            // At the last seam, if that leaves no short row and what follows it has room; else here.
            let good = |(_, until): &(_, usize)| 2 * until > columns && indent.len() + used - until + width <= columns;
            let (at, until) = seam.take().filter(good).unwrap_or((rows.len(), used));
            rows.insert_str(at, &format!("\n{indent}"));
            used = indent.len() + used - until;
        }
        rows.push(c);
        used += width;
        before = c;
    }
    rows
}

/// Whether a row may end between these two: behind blanks, and beside a Hanzi, but with no mark at a row's beginning that
/// belongs to what is before it, and none at its end that belongs to what follows.
fn is_seam(before: char, after: char) -> bool {
    if before.is_whitespace() || after.is_whitespace() {
        return !after.is_whitespace();
    }
    let is_wide = |c: char| !c.is_ascii() && c.width() == Some(2);
    (is_wide(before) || is_wide(after))
        && !"“‘（《〈【「『".contains(before)
        && !"，。、；：？！”’）》〉】」』…".contains(after)
}

/// The most columns that any terminal gives a character. What some show and others do not, or as wide as a Hanzi, counts as
/// wide: a row that ends early is harmless, one that the terminal itself wraps is not.
fn most_columns(c: char) -> usize {
    match c {
        '\t' => TAB,
        c if c.is_ascii() => 1,
        c => c.width().unwrap_or(0).max(2),
    }
}
