//! What a line in the room means: something said, or a command.

use std::borrow::Cow;

use crate::t;
use crate::terminal::input;

/// A line of the room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said<'a> {
    /// Words for everybody. `//x` says `/x`, and `//q` says `q`.
    Words(Cow<'a, str>),
    /// `/name NAME`
    Name(&'a str),
    /// `/who`
    Who,
    /// `/help`
    Help,
    /// `/kick NAME`: for the person at the server.
    Kick(&'a str),
    /// `q` alone: the sender leaves.
    Quit,
    /// Another word behind `/`.
    Unknown(&'a str),
}

impl<'a> Said<'a> {
    /// Reads a line. A Chinese input method's full-width `／` and `ｑ` count as `/` and `q`.
    pub(super) fn read(line: &'a str) -> Self {
        if input::is_q(line) {
            return Self::Quit;
        }
        let Some(command) = line.strip_prefix(['/', '／']) else { return Self::Words(line.into()) };
        if let Some(q) = input::escaped_q(line) {
            return Self::Words(q.into());
        }
        if command.starts_with(['/', '／']) {
            return Self::Words(command.into());
        }
        let (word, rest) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
        match word {
            "name" => Self::Name(rest.trim()),
            "who" => Self::Who,
            "help" => Self::Help,
            "kick" => Self::Kick(rest.trim()),
            _ => Self::Unknown(word),
        }
    }
}

/// The answer to [`Said::Unknown`].
pub(super) fn unknown() -> String {
    t!(
        "unknown command; /help lists them (to say /words, type //words)",
        "没有这个命令；/help 列出全部（要发送以 / 开头的内容，请多打一个 /）"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_has_one_meaning() {
        let table = [
            ("hello /who", Said::Words("hello /who".into())),
            ("//who", Said::Words("/who".into())),
            ("//q", Said::Words("q".into())),
            ("//q.", Said::Words("/q.".into())),
            (" q", Said::Quit),
            ("q", Said::Quit),
            ("Ｑ", Said::Quit),
            ("/name  小明 ", Said::Name("小明")),
            ("／name\u{3000}小明", Said::Name("小明")),
            ("/name", Said::Name("")),
            ("/name a b", Said::Name("a b")),
            ("/who", Said::Who),
            ("/help me", Said::Help),
            ("/kick bob", Said::Kick("bob")),
            ("/whoami", Said::Unknown("whoami")),
            ("/", Said::Unknown("")),
        ];
        for (line, meaning) in table {
            assert_eq!(Said::read(line), meaning, "{line:?}");
        }
    }
}
