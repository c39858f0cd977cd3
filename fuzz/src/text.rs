//! Decoding, encoding and escaping: what reaches a person's screen.

use socket_demos::text::{Charset, Decoder, Passing, escape, is_forbidden};

use super::choices::Choices;

/// Encodings of every construction: of one, two and four bytes, with shifts and without.
pub const CHARSETS: [&str; 10] =
    ["utf-8", "gbk", "gb18030", "big5", "shift_jis", "euc-jp", "euc-kr", "windows-1252", "ibm866", "x-user-defined"];

/// Whatever pieces bytes come in, the text is that of the whole; no forbidden character comes out of the screen path;
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
            assert!(!shown.contains(is_forbidden), "{shown:?}");
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
    assert!(!shown.contains(is_forbidden), "{shown:?}");
    assert_eq!(escape(&shown), shown, "escaping twice changes nothing");
    let kept: String = text.chars().filter(|c| !is_forbidden(*c)).collect();
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
