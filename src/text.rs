//! Bytes and characters: decoding what a peer sent, encoding what a person typed, and making a peer's text harmless
//! on a terminal.
//!
//! [`typed`] reads numbers as people type them; `display` is what is shown of a stream.
//!
//! The order matters: decode first, then escape. A byte that looks like a control code may be half of a hanzi.

mod display;
#[cfg(test)]
mod tests;
pub mod typed;

use std::borrow::Cow;
use std::fmt::Write as _;
use std::path::Path;
use std::str::FromStr;

use encoding_rs::{Encoding, UTF_8};

use crate::t;
pub use display::{Incoming, Passing, wrap};

/// The encoding of a peer's bytes, chosen with `--encoding LABEL`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charset(&'static Encoding);

/// A character that the peer's encoding cannot express. It is refused, never replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unmappable(pub char, pub &'static str);

impl std::fmt::Display for Unmappable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self(character, charset) = self;
        f.write_str(&t!(
            "{charset} has no character {character:?}, so nothing was sent",
            "{charset} 编码里没有字符 {character:?}，所以这条没有发送"
        ))
    }
}

impl std::error::Error for Unmappable {}

impl Default for Charset {
    fn default() -> Self {
        Self(UTF_8)
    }
}

impl std::fmt::Display for Charset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.name())
    }
}

impl FromStr for Charset {
    type Err = String;

    /// Takes a label of the WHATWG Encoding Standard, as long as ASCII bytes mean themselves in it: line ends and
    /// commands must be recognisable before anything is decoded.
    fn from_str(label: &str) -> Result<Self, String> {
        let encoding = Encoding::for_label(label.as_bytes()).ok_or_else(|| {
            t!(
                "unknown encoding; usual ones are utf-8, gbk, gb18030, big5, shift_jis",
                "没有这种编码；常用的有 utf-8、gbk、gb18030、big5、shift_jis"
            )
        })?;
        if encoding.is_ascii_compatible() {
            Ok(Self(encoding))
        } else {
            let name = encoding.name();
            Err(t!(
                "{name} is not compatible with ASCII, which line ends need; take utf-8",
                "{name} 与 ASCII 不兼容，分行要靠 ASCII 换行符；请改用 utf-8"
            ))
        }
    }
}

impl Charset {
    /// The charset of a Windows code page; `None` for one that no peer of ours may use.
    pub fn of_code_page(number: u32) -> Option<Self> {
        let label = match number {
            936 => "gbk",
            950 => "big5",
            932 => "shift_jis",
            949 => "euc-kr",
            54936 => "gb18030",
            65001 | 20127 => "utf-8",
            866 => "ibm866",
            874 => "windows-874",
            1250..=1258 => return format!("windows-{number}").parse().ok(),
            _ => return None,
        };
        label.parse().ok()
    }

    /// The charset of what programs here write: on Unix the locale's, on Windows the console's code page.
    pub fn of_system() -> Self {
        #[cfg(windows)]
        let charset = Self::of_code_page(crate::windows::output_code_page());
        #[cfg(not(windows))]
        let charset = {
            // The order of setlocale(3); one that is set to nothing is not set.
            let set = ["LC_ALL", "LC_CTYPE", "LANG"].map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()));
            set.into_iter().flatten().next().and_then(|locale| Self::of_locale(&locale))
        };
        charset.unwrap_or_default()
    }

    /// The charset that a locale such as `zh_CN.GBK@x` names; `None` for `C`, `POSIX` and others that name none.
    pub fn of_locale(locale: &str) -> Option<Self> {
        let (_, codeset) = locale.split_once('.')?;
        codeset.split('@').next()?.parse().ok()
    }

    /// Whether this is UTF-8, where bytes can pass unchanged.
    pub fn is_utf8(self) -> bool {
        self.0 == UTF_8
    }

    /// The bytes of `text` in this encoding.
    ///
    /// # Errors
    /// [`Unmappable`] names the first character that the encoding lacks.
    pub fn encode(self, text: &str) -> Result<Vec<u8>, Unmappable> {
        let (bytes, _, lossy) = self.0.encode(text);
        // Some encoders write what looks alike, Shift_JIS a backslash for `¥`: that is replaced too.
        if lossy || !self.is_utf8() && self.decode(&bytes) != text {
            let lacking = text.chars().find(|c| !self.has(*c));
            return Err(Unmappable(lacking.unwrap_or(char::REPLACEMENT_CHARACTER), self.0.name()));
        }
        Ok(bytes.into_owned())
    }

    fn has(self, c: char) -> bool {
        let mut text = [0; 4];
        let text = &*c.encode_utf8(&mut text);
        let (bytes, _, lossy) = self.0.encode(text);
        !lossy && self.decode(&bytes) == text
    }

    /// The bytes of text that must go out whatever happens (a relayed line with broken bytes, a notice in another
    /// script): what the encoding lacks becomes `?`.
    pub fn encode_lossy(self, text: &str) -> Vec<u8> {
        self.encode(text).unwrap_or_else(|_| {
            text.chars()
                .flat_map(|c| self.encode(c.encode_utf8(&mut [0; 4])).unwrap_or_else(|_| b"?".to_vec()))
                .collect()
        })
    }

    /// All of `bytes` as text; what is malformed becomes U+FFFD. A byte order mark changes nothing: GBK stays GBK.
    pub fn decode(self, bytes: &[u8]) -> Cow<'_, str> {
        self.0.decode_without_bom_handling(bytes).0
    }

    /// How many of the first of `bytes` make whole characters; the rest, at most 3, begin one more.
    pub fn complete(self, bytes: &[u8]) -> usize {
        if self.is_utf8() {
            return bytes.len() - incomplete_tail(bytes);
        }
        let whole = self.decode_cut(bytes);
        let shortest = bytes.len().saturating_sub(3);
        (shortest..=bytes.len()).rev().find(|&n| self.decode(&bytes[..n]) == whole).unwrap_or(bytes.len())
    }

    /// As [`Charset::decode`], but a character cut off at the end of `bytes` is left out.
    pub fn decode_cut(self, bytes: &[u8]) -> String {
        Decoder::new(self).push(bytes)
    }
}

/// Decodes one stream piece by piece, so that a character cut by a read boundary comes out whole.
///
/// ```
/// use socket_demos::text::Decoder;
/// let mut decoder = Decoder::new("gbk".parse().unwrap());
/// assert_eq!(decoder.push(b"\xc4\xe3\xba"), "你");
/// assert_eq!(decoder.push(b"\xc3"), "好");
/// ```
pub struct Decoder(encoding_rs::Decoder);

impl Decoder {
    /// A decoder at the start of a stream.
    pub fn new(charset: Charset) -> Self {
        Self(charset.0.new_decoder_without_bom_handling())
    }

    /// The characters that `bytes` completes.
    pub fn push(&mut self, bytes: &[u8]) -> String {
        self.run(bytes, false)
    }

    /// What is left at the end of the stream: U+FFFD for half a character, else nothing. A new stream may follow.
    pub fn finish(&mut self) -> String {
        let rest = self.run(b"", true);
        self.0 = self.0.encoding().new_decoder_without_bom_handling();
        rest
    }

    fn run(&mut self, bytes: &[u8], last: bool) -> String {
        let room = self.0.max_utf8_buffer_length(bytes.len()).unwrap_or(bytes.len() * 3 + 16);
        let mut text = String::with_capacity(room);
        let _ = self.0.decode_to_string(bytes, &mut text, last);
        text
    }
}

/// How many bytes at the end of `bytes` begin a UTF-8 character without finishing it: 0 to 3.
fn incomplete_tail(bytes: &[u8]) -> usize {
    let is_cut =
        |tail: &[u8]| std::str::from_utf8(tail).is_err_and(|e| e.valid_up_to() == 0 && e.error_len().is_none());
    (1..=3.min(bytes.len())).find(|&n| is_cut(&bytes[bytes.len() - n..])).unwrap_or(0)
}

/// Text without anything that commands a terminal or reorders what a person reads; the characters taken out are shown
/// as `\x1b` or `\u{202e}`. Newline and tab stay. Escaping twice changes nothing.
///
/// For texts of their own. A stranger's word in a sentence goes through [`escape_line`], a file's name through [`path`].
pub fn escape(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_forbidden) {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        let _ = match u32::from(c) {
            _ if !is_forbidden(c) => write!(shown, "{c}"),
            code @ ..0x80 => write!(shown, "\\x{code:02x}"),
            code => write!(shown, "\\u{{{code:x}}}"),
        };
    }
    shown.into()
}

/// As [`escape`], on one line: newline and tab are shown as `\n` and `\t`.
pub fn escape_line(text: &str) -> Cow<'_, str> {
    if text.contains(['\n', '\t']) {
        escape(&text.replace('\n', "\\n").replace('\t', "\\t")).into_owned().into()
    } else {
        escape(text)
    }
}

/// A file's path as a sentence can name it.
pub fn path(path: &Path) -> String {
    escape_line(&path.display().to_string()).into_owned()
}

/// Whether `c` may not reach a terminal: C0 but newline and tab, DEL, C1, bidirectional controls (Unicode UAX #9), line
/// and paragraph separators, tag characters.
pub fn is_forbidden(c: char) -> bool {
    match c {
        '\n' | '\t' => false,
        '\u{61c}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        | '\u{e0000}'..='\u{e007f}' => true,
        _ => c.is_control(),
    }
}
