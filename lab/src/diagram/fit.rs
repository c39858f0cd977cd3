//! Text in a room of so many columns; a hanzi takes two.

use unicode_width::UnicodeWidthChar as _;

/// How many columns `text` takes: those of its characters one by one, so that the width of a text is never more than that
/// of its parts. Terminals disagree about characters that change their neighbours (emoji).
pub(super) fn width(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}

/// `text` in at most `columns`, with `more` at its end where something is left out.
pub(super) fn cut(text: &str, columns: usize, more: &str) -> String {
    if width(text) <= columns {
        return text.to_string();
    }
    first(text, columns.saturating_sub(width(more))).to_string() + more
}

/// `text` filled up to `columns`.
pub(super) fn padded(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

/// `text` in lines of at most `columns`, cut between words where there are any.
pub(super) fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut rest = text.trim();
    while width(rest) > columns {
        let fits = first(rest, columns);
        let end = fits.rfind(' ').filter(|&end| end > fits.len() / 2).unwrap_or(fits.len());
        let end = end.max(rest.chars().next().map_or(0, char::len_utf8));
        lines.push(rest[..end].trim_end().to_string());
        rest = rest[end..].trim_start();
    }
    if !rest.is_empty() {
        lines.push(rest.to_string());
    }
    lines
}

/// A call on a line of at most `columns`, or on two: what it returned is often at its end. The second is indented.
pub(super) fn in_two(text: &str, columns: usize, more: &str) -> Vec<String> {
    if width(text) <= columns {
        return vec![text.to_string()];
    }
    let text = text.trim();
    let at_result = text.find(" = ").filter(|&at| width(&text[..at]) <= columns && width(&text[at..]) < columns);
    let end = at_result.unwrap_or_else(|| wrapped(text, columns)[0].len());
    let rest = format!("  {}", text[end..].trim_start());
    vec![text[..end].to_string(), cut(&rest, columns, more)]
}

/// The beginning of `text` that fits.
fn first(text: &str, columns: usize) -> &str {
    let mut used = 0;
    let too_much = |c: char| {
        used += c.width().unwrap_or(0);
        used > columns
    };
    &text[..text.find(too_much).unwrap_or(text.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_count_twice() {
        assert_eq!(cut("你好世界", 8, "…"), "你好世界");
        assert_eq!(cut("你好世界", 7, "…"), "你好世…");
        assert_eq!(cut("你好世界", 6, "…"), "你好…");
        assert_eq!(padded("你好", 6), "你好  ");
        // An emoji of two characters is wider than both of them for some, but what is cut must be what is counted.
        assert_eq!(width(&cut(&"❤\u{fe0f}".repeat(30), 10, "…")), 10);
    }

    #[test]
    fn a_long_call_has_a_second_line_and_no_third() {
        let call = "connect(127.0.0.1:8080) = -1 ECONNREFUSED 111";
        assert_eq!(in_two(call, 45, "…"), [call]);
        assert_eq!(in_two(call, 44, "…"), ["connect(127.0.0.1:8080)", "  = -1 ECONNREFUSED 111"]);
        assert_eq!(in_two("recv(1024) = 9 \"one two\"", 20, "…"), ["recv(1024)", "  = 9 \"one two\""]);
        assert_eq!(in_two("recv(1024) = 9 \"one two\"", 14, "…"), ["recv(1024) =", "  9 \"one two\""]);
        assert_eq!(in_two(call, 12, "…"), ["connect(127.", "  0.0.1:808…"]);
    }

    #[test]
    fn long_text_is_wrapped_between_words_or_anywhere() {
        assert_eq!(wrapped("one two three", 8), ["one two", "three"]);
        assert_eq!(wrapped("一二三四五", 4), ["一二", "三四", "五"]);
        assert_eq!(wrapped("你", 1), ["你"]);
    }
}
