//! A contact book as people write it: with an editor that puts a byte order mark first, and with a Chinese input method,
//! whose quotes and equals sign are not those of TOML. Hanzi need no quotes.

/// The text in TOML, line for line. What TOML understands stays as it is.
pub(super) fn in_toml(text: &str) -> String {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.split_inclusive('\n').map(line_in_toml).collect()
}

fn line_in_toml(line: &str) -> String {
    if line.parse::<toml::Table>().is_ok() {
        return line.to_string();
    }
    let line: String = line.chars().map(ascii).collect();
    let Some((name, address)) = line.split_once('=') else { return line };
    let name = name.trim();
    if name.is_empty() || name.contains(['"', '\'', '\\', '#', '[']) {
        return line;
    }
    format!("\"{name}\" ={address}")
}

fn ascii(c: char) -> char {
    match c {
        '“' | '”' | '＂' => '"',
        '‘' | '’' | '＇' => '\'',
        '＝' => '=',
        _ => c,
    }
}
