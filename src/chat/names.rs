//! Which names people may have in the room.

use std::net::{IpAddr, SocketAddr};

use unicode_normalization::UnicodeNormalization as _;
use unicode_security::skeleton;
use unicode_width::UnicodeWidthStr as _;

use crate::t;
use crate::text::is_forbidden;

/// The widest name, in columns of a terminal: sixteen hanzi. A label must leave room for the words.
const MAX_COLUMNS: usize = 32;

/// The longest name, in bytes: marks that combine with a letter take no columns, and there is no end of them.
const MAX_BYTES: usize = 4 * MAX_COLUMNS;

/// Whether `name` may stand in a label.
///
/// # Errors
/// A sentence for the person who wanted it. The name itself is not in it.
pub fn check(name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err(t!("a name is missing: /name NAME", "缺少名字：/name 名字"));
    }
    // The length first: what follows looks at every character, and the room waits meanwhile.
    if name.len() > MAX_BYTES {
        return Err(too_wide());
    }
    if name.chars().any(|c| c.is_whitespace() || is_forbidden(c) || is_invisible(c)) {
        return Err(t!(
            "a name has no spaces, control characters or invisible characters",
            "名字里不能有空格、控制字符或看不见的字符"
        ));
    }
    if name.width() > MAX_COLUMNS {
        return Err(too_wide());
    }
    if name.nfkc().any(|c| matches!(c, '[' | ']')) || name.starts_with(['*', '/', '／']) || looks_like_an_address(name)
    {
        return Err(t!(
            "a name has no brackets, does not start with * or /, and is no address",
            "名字里不能有方括号，不能以 * 或 / 开头，也不能是地址"
        ));
    }
    Ok(())
}

/// Reads a name from a command line.
///
/// # Errors
/// A sentence for the person who typed it.
pub fn parse_name(typed: &str) -> Result<String, String> {
    check(typed).map(|()| typed.to_string())
}

fn too_wide() -> String {
    t!("a name has at most {MAX_COLUMNS} columns (a hanzi takes two)", "名字最多占 {MAX_COLUMNS} 列（一个汉字占两列）")
}

/// Somebody without a name goes by the address, so nobody may take one for a name.
fn looks_like_an_address(name: &str) -> bool {
    let name: String = name.nfkc().collect();
    name.parse::<SocketAddr>().is_ok() || name.parse::<IpAddr>().is_ok()
}

/// Characters that take no room: two names that differ only in them look the same.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{2800}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{206f}')
        || matches!(c, '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

/// What a name looks like: two of one shape would be taken for each other, whatever their case, their width, and which
/// alphabet's letters they borrow (Unicode UTS #39).
pub(super) fn shape(name: &str) -> String {
    skeleton(&name.nfkc().collect::<String>().to_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_names_pass() {
        for name in ["bob", "小明", "O'Neil-2", "名".repeat(16).as_str(), "🌕", "q", "server2"] {
            assert_eq!(check(name), Ok(()), "{name}");
        }
    }

    #[test]
    fn names_that_could_deceive_are_refused_without_being_repeated() {
        let wide = "名".repeat(16) + "x";
        let zalgo = "a\u{301}".repeat(60);
        for name in [
            "",
            "a b",
            "a\u{3000}b",
            "a\tb",
            "a\x1b[2J",
            "\u{202e}bob",
            "bo\u{200b}b",
            &wide,
            "a]",
            "［server］",
            "server\u{2800}",
            "ser\u{180b}ver",
            "127.0.0.1：80",
            &zalgo,
            "*",
            "/x",
            "127.0.0.1:1",
            "::1",
        ] {
            let why = check(name).unwrap_err();
            assert!(!why.contains("welcome") && (name.len() < 3 || !why.contains(name)), "{name:?}: {why}");
        }
    }

    #[test]
    fn names_that_look_the_same_have_one_shape() {
        for (a, b) in [("Bob", "bOB"), ("小明", "小明"), ("server", "sеrver"), ("é", "e\u{301}"), ("ｂｏｂ", "bob")]
        {
            assert_eq!(shape(a), shape(b), "{a} {b}");
        }
        for (a, b) in [("bob", "rob"), ("小明", "小红"), ("victim", "victi\u{301}m")] {
            assert_ne!(shape(a), shape(b), "{a} {b}");
        }
    }
}
