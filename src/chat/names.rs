//! Which names people may have in the room.

use unicode_normalization::UnicodeNormalization as _;
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory as _};
use unicode_script::{Script, UnicodeScript as _};
use unicode_security::skeleton;
use unicode_width::UnicodeWidthStr as _;

use crate::net::address::is_like_label;
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
    if name.contains(char::REPLACEMENT_CHARACTER) {
        return Err(t!("some bytes of this name are no text here", "这个名字里有些字节不是文字"));
    }
    if !is_seen(name) {
        return Err(t!(
            "a name has no spaces, control characters or invisible characters",
            "名字里不能有空格、控制字符或看不见的字符"
        ));
    }
    if name.width() > MAX_COLUMNS {
        return Err(too_wide());
    }
    if looks_like_the_rooms_own(name) {
        return Err(t!(
            "a name has no brackets but round ones, does not start with * or /, and is no address",
            "名字里除了圆括号不能有别的括号，不能以 * 或 / 开头，也不能是地址"
        ));
    }
    Ok(())
}

/// Reads a name from a command line.
///
/// # Errors
/// A sentence for the person who typed it.
pub fn parse_name(typed: &str) -> Result<String, String> {
    if typed.is_empty() {
        return Err(t!("a name has at least one character", "名字至少要有一个字"));
    }
    check(typed).map(|()| typed.to_string())
}

fn too_wide() -> String {
    t!("a name has at most {MAX_COLUMNS} columns (a hanzi takes two)", "名字最多占 {MAX_COLUMNS} 列（一个汉字占两列）")
}

/// Whether every character shows itself: two names that differ only in what does not would look the same. The joiner of
/// emoji families is among what does not, since it can stand between any two letters.
fn is_seen(name: &str) -> bool {
    let bases = name.chars().scan(Script::Common, |base, c| {
        let before = *base;
        if !is_mark(c) {
            *base = c.script();
        }
        Some((before, c))
    });
    bases.into_iter().all(|(base, c)| is_visible(c) && (!is_mark(c) || fits(c, base)))
}

/// Of these two Unicode does not say that they are blank: a pattern of Braille without dots, a note without a head.
const BLANK: [char; 2] = ['\u{2800}', '\u{1d159}'];

fn is_visible(c: char) -> bool {
    use GeneralCategoryGroup::{Other, Separator};
    // Controls, formats, private and unassigned characters are Other. A skeleton leaves out what may be ignored.
    !matches!(c.general_category_group(), Other | Separator)
        && skeleton(c.encode_utf8(&mut [0; 4])).next().is_some()
        && !is_forbidden(c)
        && !BLANK.contains(&c)
        && c != '\u{fffc}' // Stands for something that is not there.
}

fn is_mark(c: char) -> bool {
    c.general_category_group() == GeneralCategoryGroup::Mark
}

/// Whether a mark belongs to the script of what stands before it. Elsewhere some, which join or fill, show nothing.
fn fits(mark: char, base: Script) -> bool {
    matches!(mark.script(), Script::Inherited | Script::Common) || mark.script() == base
}

/// Whether a name could pass for what the room itself writes: a label, a notice, a command, somebody without a name, who
/// goes by the address.
fn looks_like_the_rooms_own(name: &str) -> bool {
    let name: String = name.nfkc().collect();
    let plain: String = skeleton(&name).collect();
    let is_bracket = |c: char| {
        use GeneralCategory::{ClosePunctuation, OpenPunctuation};
        matches!(c.general_category(), OpenPunctuation | ClosePunctuation) && !matches!(c, '(' | ')')
    };
    // In a skeleton the digits 1 and 0 are letters.
    let digits = plain.replace('l', "1").replace('O', "0");
    let starts = |text: &str| text.starts_with(['*', '/']);
    name.chars().any(is_bracket)
        || starts(&name)
        || starts(&plain)
        || [&name, &digits].into_iter().any(|name| is_like_label(name))
}

/// What a name looks like, whatever its case, its width, and which alphabet's letters it borrows (Unicode UTS #39): in two
/// forms, since some letters are borrowed as capitals (В is B) and some look alike only as they were typed (I is l).
#[derive(Debug)]
pub(super) struct Shape {
    seen_then_lowered: String,
    lowered_then_seen: String,
}

impl Shape {
    /// Of a name that is no longer than one may be.
    pub(super) fn of(name: &str) -> Self {
        let name: String = name.nfkc().collect();
        let seen = |name: &str| skeleton(name).collect::<String>();
        Self { seen_then_lowered: seen(&seen(&name).to_lowercase()), lowered_then_seen: seen(&name.to_lowercase()) }
    }

    /// Whether the two names would be taken for each other.
    pub(super) fn resembles(&self, other: &Self) -> bool {
        let both = [&self.seen_then_lowered, &self.lowered_then_seen];
        both.contains(&&other.seen_then_lowered) || both.contains(&&other.lowered_then_seen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_names_pass() {
        let usual = [
            "bob",
            "小明",
            "O'Neil-2",
            "🌕",
            "q",
            "server2",
            "bob(home)",
            "小红（二班）",
            "Zoë",
            "Zoe\u{308}",
            "Łukasz",
        ];
        let elsewhere =
            ["Нина", "Ελένη", "محمد", "मोहन", "สมชาย", "ខ្មែរ", "さくら", "か\u{3099}", "ー", "한국", "👍🏽", "👨‍👩"];
        for name in usual.into_iter().chain(elsewhere) {
            let joined = name.contains('\u{200d}');
            assert_eq!(check(name).is_ok(), !joined, "{name}");
        }
        assert_eq!(check(&"名".repeat(16)), Ok(()));
    }

    #[test]
    fn no_name_has_what_is_not_seen() {
        let blank =
            ["\u{fff9}", "\u{fffb}", "\u{fffc}", "\u{13430}", "\u{1343f}", "\u{2d7f}", "\u{16fe4}", "\u{1d159}"];
        let more =
            ["\u{ad}", "\u{34f}", "\u{115f}", "\u{17b4}", "\u{180b}", "\u{1107f}", "\u{2800}", "\u{200d}", "\u{2065}"];
        let unassigned =
            ["\u{378}", "\u{2fffe}", "\u{50000}", "\u{e000}", "\u{fff0}", "\u{fdd0}", "\u{3164}", "\u{fe0f}"];
        for c in blank.into_iter().chain(more).chain(unassigned) {
            for name in [format!("ali{c}ce"), format!("小{c}明"), format!("1{c}"), c.to_string()] {
                assert!(check(&name).is_err(), "{name:?}");
            }
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
            "＊alice",
            "∗alice",
            "∕x",
            "⟦alice⟧",
            "【alice】",
            "127.0.0.1∶5000",
            "l27.O.O.1:5000",
            "::1#5000",
            "::１＃5000",
            "fe80::1%eth0#5000",
        ] {
            let why = check(name).unwrap_err();
            assert!(!why.contains("welcome") && (name.len() < 3 || !why.contains(name)), "{name:?}: {why}");
        }
    }

    #[test]
    fn names_that_look_the_same_have_one_shape() {
        let alike = [("Bob", "bOB"), ("小明", "小明"), ("server", "sеrver"), ("é", "e\u{301}"), ("ｂｏｂ", "bob")];
        let borrowed = [("Вob", "Bob"), ("Εve", "Eve"), ("Кim", "Kim"), ("Мax", "Max"), ("Νed", "Ned"), ("Тim", "Tim")];
        let more = [("Нans", "Hans"), ("Ζoe", "Zoe"), ("0lga", "Olga")];
        let capitals = [("AIi", "Ali"), ("ALI", "ali"), ("Вася", "вася"), ("Вob", "bob"), ("paypaI", "PayPal")];
        for (a, b) in alike.into_iter().chain(borrowed).chain(more).chain(capitals) {
            assert!(Shape::of(a).resembles(&Shape::of(b)), "{a} {b}");
            assert!(Shape::of(b).resembles(&Shape::of(a)), "{b} {a}");
        }
        for (a, b) in
            [("bob", "rob"), ("小明", "小红"), ("victim", "victi\u{301}m"), ("Нина", "Инна"), ("Lili", "Lola")]
        {
            assert!(!Shape::of(a).resembles(&Shape::of(b)), "{a} {b}");
        }
    }
}
