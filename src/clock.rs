//! The time as text, and which requests a text time server answers.

use std::fmt;

use jiff::Zoned;
use jiff::fmt::strtime;

use crate::t;

/// What a client sends to ask for the time.
pub const QUESTION: &str = "get time";

/// How the time is written unless told otherwise.
pub const DEFAULT_FORMAT: &str = "%Y-%m-%d %H:%M:%S";

/// The longest answer, in bytes: a format cannot make a server send more than a screen's line or two.
const MAX_ANSWER: usize = 512;

/// A way to write the time: strftime(3), as far as jiff has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Format(String);

impl Format {
    /// Takes a format that can be written.
    ///
    /// # Errors
    /// A sentence for the person who typed it.
    pub fn parse(format: &str) -> Result<Self, String> {
        let wrong = |why: String| t!("not a strftime format: {why}", "不是 strftime 格式：{why}");
        let written = strtime::format(format, &Zoned::now()).map_err(|error| wrong(error.to_string()))?;
        if written.is_empty() || written.len() > MAX_ANSWER {
            return Err(t!(
                "the time would have 0 or over {MAX_ANSWER} bytes",
                "写出来是空的，或超过 {MAX_ANSWER} 字节"
            ));
        }
        Ok(Self(format.to_string()))
    }

    /// The time written so.
    pub fn write(&self, time: &Zoned) -> String {
        // It was written once already, in `parse`.
        strtime::format(&self.0, time).unwrap_or_default()
    }

    /// Whether `text` could be an answer in this format.
    fn fits(&self, text: &str) -> bool {
        strtime::parse(&self.0, text).is_ok()
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which datagrams are taken for a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answers {
    /// [`QUESTION`], in any case, with white space around it.
    Questions,
    /// Anything, as the textbook's server; but never what is itself an answer, or two servers would answer each other
    /// for ever.
    Anything,
}

/// The answer to `request` at `now`; `None` for silence.
pub fn answer(request: &[u8], now: &Zoned, format: &Format, answers: Answers) -> Option<String> {
    let text = String::from_utf8_lossy(request);
    let text = text.trim();
    let is_question = match answers {
        Answers::Questions => text.eq_ignore_ascii_case(QUESTION),
        Answers::Anything => !format.fits(text) && !Format(DEFAULT_FORMAT.into()).fits(text),
    };
    is_question.then(|| format.write(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Zoned {
        "2026-01-02T03:04:05+08:00[Asia/Shanghai]".parse().unwrap()
    }

    fn asked(request: &[u8], answers: Answers) -> Option<String> {
        answer(request, &now(), &Format::parse(DEFAULT_FORMAT).unwrap(), answers)
    }

    #[test]
    fn the_question_is_answered_whatever_its_case_and_the_space_around_it() {
        for request in ["get time", "GET TIME\n", "  Get Time\r\n"] {
            assert_eq!(asked(request.as_bytes(), Answers::Questions).as_deref(), Some("2026-01-02 03:04:05"));
        }
        for request in ["", "get", "get  time", "time", "\u{0}", "2026-01-02 03:04:05"] {
            assert_eq!(asked(request.as_bytes(), Answers::Questions), None, "{request:?}");
        }
    }

    #[test]
    fn the_textbooks_way_answers_anything_but_an_answer() {
        for request in [&b"hello"[..], b"", b"\xff\xfe"] {
            assert!(asked(request, Answers::Anything).is_some());
        }
        let own = Format::parse("%H:%M").unwrap();
        for text in ["2026-01-02 03:04:05", "23:59"] {
            assert_eq!(answer(text.as_bytes(), &now(), &own, Answers::Anything), None, "{text}");
        }
    }

    #[test]
    fn formats_are_checked_at_the_start() {
        assert_eq!(Format::parse("%Y年%m月%d日 %H时").unwrap().write(&now()), "2026年01月02日 03时");
        assert!(Format::parse("%!").is_err());
        assert!(Format::parse("").is_err());
        assert!(Format::parse(&"%A".repeat(200)).is_err());
    }
}
