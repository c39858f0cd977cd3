//! What of a peer's bytes comes out at this program's own end: on a terminal harmless, elsewhere as it is.

use std::borrow::Cow;
use std::io::{self, IsTerminal as _};

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

/// A message of several lines with all but the first indented, so that it cannot pass for another sender's.
fn indent(text: &str) -> Cow<'_, str> {
    if text.contains('\n') { text.replace('\n', "\n    ").into() } else { text.into() }
}
