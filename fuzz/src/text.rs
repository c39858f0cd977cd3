//! Decoding, encoding and escaping: what reaches a person's screen.

use socket_demos::text::{Charset, Decoder, Passing, escape};

use super::choices::Choices;

/// Encodings of every construction: of one, two and four bytes, with shifts and without.
pub const CHARSETS: [&str; 10] =
    ["utf-8", "gbk", "gb18030", "big5", "shift_jis", "euc-jp", "euc-kr", "windows-1252", "ibm866", "x-user-defined"];

/// Whether a character commands a terminal or reorders what a person reads: the list of the library's contract, written
/// down again so that the library is not its own judge.
pub fn is_harmful(c: char) -> bool {
    let bidirectional = matches!(u32::from(c), 0x61c | 0x200e | 0x200f | 0x202a..=0x202e | 0x2066..=0x2069);
    let separators_and_tags = matches!(u32::from(c), 0x2028 | 0x2029 | 0xe0000..=0xe007f);
    c.is_control() && c != '\n' && c != '\t' || bidirectional || separators_and_tags
}

/// Whatever pieces bytes come in, the text is that of the whole; no harmful character comes out of the screen path;
/// and what can be encoded reads back.
pub fn check(bytes: &[u8]) {
    let mut choices = Choices::new(bytes);
    let charset: Charset = choices.of(&CHARSETS).parse().expect("a label");
    let pieces = choices.pieces();
    let whole = pieces.concat();
    let text = charset.decode(&whole).into_owned();
    assert_eq!(decoded(charset, &pieces), text, "in pieces");
    is_cut_between_characters(charset, &whole);
    is_harmless(&text);
    for escaped in [false, true] {
        let shown = passed(charset, escaped, &pieces);
        assert_eq!(shown, passed(charset, escaped, &[&whole]), "in pieces, escaped: {escaped}");
        if escaped {
            let shown = String::from_utf8(shown).expect("a terminal gets UTF-8");
            assert!(!shown.contains(is_harmful), "{shown:?}");
        } else if charset.is_utf8() {
            assert_eq!(shown, whole, "bytes pass unchanged");
        }
    }
    reads_back(charset, &text);
    reads_back(charset, &String::from_utf8_lossy(&whole));
}

fn decoded(charset: Charset, pieces: &[&[u8]]) -> String {
    let mut decoder = Decoder::new(charset);
    pieces.iter().map(|piece| decoder.push(piece)).collect::<String>() + &decoder.finish()
}

fn passed(charset: Charset, escaped: bool, pieces: &[&[u8]]) -> Vec<u8> {
    let mut passing = Passing::new(charset, escaped);
    let mut shown: Vec<u8> = pieces.iter().flat_map(|piece| passing.piece(piece).into_owned()).collect();
    shown.extend(passing.rest());
    shown
}

/// What is said to be whole characters decodes to the same with and without what follows.
fn is_cut_between_characters(charset: Charset, bytes: &[u8]) {
    let whole = charset.complete(bytes);
    assert!(bytes.len() - whole <= 3, "{} bytes wait", bytes.len() - whole);
    let (before, after) = bytes.split_at(whole);
    assert_eq!(charset.decode(before) + charset.decode(after), charset.decode(bytes));
    assert_eq!(charset.decode_cut(bytes), charset.decode(before), "the cut text is that of the whole characters");
}

fn is_harmless(text: &str) {
    let shown = escape(text);
    assert!(!shown.contains(is_harmful), "{shown:?}");
    assert_eq!(escape(&shown), shown, "escaping twice changes nothing");
    let kept: String = text.chars().filter(|c| !is_harmful(*c)).collect();
    assert!(is_within(&kept, &shown), "{text:?} became {shown:?}");
}

/// Whether all characters of `kept` stand in `shown`, in their order.
fn is_within(kept: &str, shown: &str) -> bool {
    let mut shown = shown.chars();
    kept.chars().all(|wanted| shown.any(|c| c == wanted))
}

/// A character that the encoding lacks is refused, never replaced.
fn reads_back(charset: Charset, text: &str) {
    match charset.encode(text) {
        Ok(bytes) => assert_eq!(charset.decode(&bytes), text, "{charset}"),
        Err(lacking) => assert!(text.contains(lacking.0), "{lacking:?} is not in {text:?}"),
    }
    charset.encode_lossy(text);
}
