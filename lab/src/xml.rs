//! Text inside HTML and SVG.

/// `text` as elements and attributes of XML and HTML have it: nothing in it can be markup, and what could fool a reader
/// (control and bidi characters) is escaped as on a terminal. What XML forbids altogether is left out.
pub(crate) fn escaped(text: &str) -> String {
    let harmless = socket_demos::text::escape(text);
    let mut shown = String::with_capacity(harmless.len());
    for c in harmless.chars() {
        match c {
            '&' => shown.push_str("&amp;"),
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '"' => shown.push_str("&quot;"),
            '\'' => shown.push_str("&#39;"),
            '\u{fffe}' | '\u{ffff}' => {}
            _ => shown.push(c),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_it_is_markup_any_more() {
        assert_eq!(escaped("<b title='a\"b'>&amp;你好"), "&lt;b title=&#39;a&quot;b&#39;&gt;&amp;amp;你好");
        assert_eq!(escaped("\u{1b}[2J\u{202e}\u{ffff}"), "\\x1b[2J\\u{202e}");
    }
}
