//! Bytes and characters: decoding what a peer sent, encoding what a person typed, and making a peer's text harmless
//! on a terminal.
//!
//! The order matters: decode first, then escape. A byte that looks like a control code may be half of a hanzi.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, IsTerminal as _};
use std::str::FromStr;

use encoding_rs::{Encoding, UTF_8};

use crate::t;

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
                "{name} is not compatible with ASCII, which the line ends of the chat need",
                "{name} 与 ASCII 不兼容，而聊天靠 ASCII 换行符分行"
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

    fn to(charset: Charset, terminal: bool) -> Self {
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

/// How many bytes at the end of `bytes` begin a UTF-8 character without finishing it: 0 to 3.
fn incomplete_tail(bytes: &[u8]) -> usize {
    let is_cut =
        |tail: &[u8]| std::str::from_utf8(tail).is_err_and(|e| e.valid_up_to() == 0 && e.error_len().is_none());
    (1..=3.min(bytes.len())).find(|&n| is_cut(&bytes[bytes.len() - n..])).unwrap_or(0)
}

/// A message of several lines with all but the first indented, so that it cannot pass for another sender's.
fn indent(text: &str) -> Cow<'_, str> {
    if text.contains('\n') { text.replace('\n', "\n    ").into() } else { text.into() }
}

/// Text without anything that commands a terminal or reorders what a person reads; the characters taken out are shown
/// as `\x1b` or `\u{202e}`. Newline and tab stay. Escaping twice changes nothing.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn gbk() -> Charset {
        "gbk".parse().unwrap()
    }

    #[test]
    fn text_cut_at_every_byte_comes_out_whole() {
        for charset in ["utf-8", "gbk", "gb18030", "big5"] {
            let charset: Charset = charset.parse().unwrap();
            let bytes = charset.encode("中文 ok 聊天").unwrap();
            for at in 0..=bytes.len() {
                let mut decoder = Decoder::new(charset);
                let text = decoder.push(&bytes[..at]) + &decoder.push(&bytes[at..]) + &decoder.finish();
                assert_eq!(text, "中文 ok 聊天", "{charset} cut at {at}");
            }
        }
    }

    #[test]
    fn passing_unchanged_keeps_every_byte_and_holds_back_half_a_character() {
        let bytes = "好的 🌕".as_bytes();
        for at in 0..=bytes.len() {
            let mut incoming = Incoming::to(Charset::default(), false);
            let first = incoming.message(&bytes[..at]);
            assert!(std::str::from_utf8(&first).is_ok(), "cut at {at}");
            assert_eq!([first, incoming.message(&bytes[at..])].concat(), bytes, "cut at {at}");
        }
        let mut incoming = Incoming::to(Charset::default(), false);
        assert_eq!(incoming.line(b"\xff\x1b[2J \xe4\xbd"), b"\xff\x1b[2J \xe4\xbd");
    }

    #[test]
    fn a_terminal_gets_text_without_escapes_and_with_further_lines_indented() {
        let mut incoming = Incoming::to(Charset::default(), true);
        assert_eq!(incoming.message("你好\x1b[31m\n[bob] hi\n".as_bytes()), "你好\\x1b[31m\n    [bob] hi".as_bytes());
        assert_eq!(incoming.line(b"half \xe4\xbd"), "half \u{fffd}".as_bytes());
    }

    #[test]
    fn a_commands_output_passes_in_whatever_pieces_it_comes() {
        let shown = |charset: Charset, escaped, bytes: &[u8], size| {
            let mut passing = Passing::new(charset, escaped);
            let mut shown: Vec<u8> = bytes.chunks(size).flat_map(|piece| passing.piece(piece).into_owned()).collect();
            shown.extend(passing.rest());
            shown
        };
        let bytes = "你\r\n好\x1b[1m\rx\r".as_bytes();
        for size in [1, 2, 3, bytes.len()] {
            assert_eq!(shown(Charset::default(), true, bytes, size), "你\n好\\x1b[1m\\x0dx\\x0d".as_bytes());
            assert_eq!(shown(Charset::default(), false, bytes, size), bytes);
            assert_eq!(shown(Charset::default(), false, b"\xff\x00\xe4", size), b"\xff\x00\xe4");
            assert_eq!(shown(gbk(), false, b"\xc4\xe3\r\n\xba", size), "你\r\n\u{fffd}".as_bytes());
        }
    }

    #[test]
    fn a_locale_names_its_charset_or_none() {
        assert_eq!(Charset::of_locale("zh_CN.GBK"), Some(gbk()));
        assert_eq!(Charset::of_locale("zh_CN.gb18030@pinyin").unwrap().to_string(), "gb18030");
        assert_eq!(Charset::of_locale("en_US.UTF-8"), Some(Charset::default()));
        for none in ["C", "POSIX", "", "zh_CN", "de_DE@euro", "xx.klingon"] {
            assert_eq!(Charset::of_locale(none), None, "{none}");
        }
    }

    #[test]
    fn gbk_stays_gbk_behind_a_byte_order_mark() {
        assert_eq!(gbk().decode(b"\xef\xbb\xbf\xbf\xc4\xe3"), "锘靠你");
        assert_eq!(Charset::default().decode(b"\xef\xbb\xbfa"), "\u{feff}a");
    }

    #[test]
    fn forbidden_characters_never_come_out_and_escaping_twice_changes_nothing() {
        for c in (0..=0x10_ffff).filter_map(char::from_u32) {
            let once = escape(c.encode_utf8(&mut [0; 4])).into_owned();
            assert!(!once.chars().any(is_forbidden), "{c:?}");
            assert_eq!(escape(&once), once);
        }
        assert_eq!(escape("a\x1b\u{202e}\u{85}\tb\n"), "a\\x1b\\u{202e}\\u{85}\tb\n");
        assert_eq!(escape_line("a\x1b\u{202e}\u{85}\tb\n"), "a\\x1b\\u{202e}\\u{85}\\tb\\n");
    }

    #[test]
    fn what_an_encoding_lacks_is_refused_by_name() {
        assert_eq!(gbk().encode("月🌕"), Err(Unmappable('🌕', "GBK")));
        assert_eq!(gbk().encode("你好").unwrap(), b"\xc4\xe3\xba\xc3");
        let shift_jis: Charset = "shift_jis".parse().unwrap();
        assert_eq!(shift_jis.encode("円¥"), Err(Unmappable('¥', "Shift_JIS")), "0x5c would arrive as a backslash");
        assert_eq!(shift_jis.encode_lossy("円¥"), b"\x89\x7e?");
        assert_eq!(gbk().encode_lossy("好🌕"), b"\xba\xc3?");
    }

    #[test]
    fn labels_that_would_break_line_ends_are_refused() {
        for label in ["utf-16", "utf-16le", "iso-2022-jp", "replacement", "cp936", ""] {
            assert!(label.parse::<Charset>().is_err(), "{label}");
        }
        assert_eq!("GB2312".parse::<Charset>().unwrap(), gbk());
    }

    #[test]
    fn code_pages_map_by_number() {
        assert_eq!(Charset::of_code_page(936), Some(gbk()));
        assert_eq!(Charset::of_code_page(65001), Some(Charset::default()));
        assert_eq!(Charset::of_code_page(1252).unwrap().to_string(), "windows-1252");
        assert_eq!(Charset::of_code_page(1200), None, "UTF-16 is no charset for a byte stream");
    }

    #[test]
    fn a_cut_line_ends_between_two_characters() {
        assert_eq!(Charset::default().decode_cut(&"你好".as_bytes()[..5]), "你");
        assert_eq!(gbk().decode_cut(b"\xc4\xe3\xba"), "你");
        assert_eq!(gbk().complete(b"\xc4\xe3\xba"), 2);
        assert_eq!(gbk().complete(b"\xc4\xe3"), 2);
        assert_eq!(Charset::default().complete("ab你".as_bytes()), 5);
        assert_eq!(Charset::default().complete(b"ab\xe4\xbd"), 2);
    }
}
