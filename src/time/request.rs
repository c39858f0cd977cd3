//! The time as text and as the 4 bytes of RFC 868, and which datagrams a time server takes for a question.

use std::fmt;
use std::net::SocketAddr;
use std::time::SystemTime;

use jiff::Zoned;
use jiff::fmt::strtime;

use crate::t;
use crate::time::{sntp, strftime};

/// What a client sends to ask for the time.
pub const QUESTION: &str = "get time";

/// How the time is written unless told otherwise.
pub const DEFAULT_FORMAT: &str = "%Y-%m-%d %H:%M:%S";

/// The longest answer, in bytes: a format cannot make a server send more than a screen's line or two.
const MAX_ANSWER: usize = 512;

/// How many times as long as its question an answer to another machine may be, as packets: who asks can be forged, and a
/// server must not be worth much to whoever wants to flood somebody with its answers.
const MAX_RATIO: usize = 3;

/// The headers of IPv4 and UDP in front of both, in bytes.
const HEADERS: usize = 28;

/// The longest text that another machine gets for a question of so many bytes: 80 bytes for [`QUESTION`].
pub fn longest_answer(question: usize) -> usize {
    MAX_RATIO * (HEADERS + question) - HEADERS
}

/// The text of an answer to `client`, who asked with so many bytes.
///
/// # Errors
/// A sentence for the log: it is too long for another machine.
pub fn text_for(client: SocketAddr, question: usize, text: String) -> Result<String, String> {
    let (length, most) = (text.len(), longest_answer(question));
    if client.ip().to_canonical().is_loopback() || length <= most {
        return Ok(text);
    }
    Err(t!(
        "it has {length} bytes now, and another machine gets at most {most} for such a question (--format)",
        "现在有 {length} 字节，而这样的提问，别的机器最多得到 {most} 字节（--format）"
    ))
}

/// A way to write the time: strftime(3) in the C locale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Format {
    /// In jiff's notation.
    format: String,
    /// The time at which it was taken, written so.
    sample: String,
}

impl Format {
    /// Takes a format that can be written.
    ///
    /// # Errors
    /// A sentence for the person who typed it.
    pub fn parse(format: &str) -> Result<Self, String> {
        let format = strftime::in_jiffs_notation(format)?;
        let wrong =
            |_| t!("no time is written so; an example: {DEFAULT_FORMAT}", "时间写不成这样；例子：{DEFAULT_FORMAT}");
        let written = strtime::format(&format, &Zoned::now()).map_err(wrong)?;
        if written.is_empty() || written.len() > MAX_ANSWER {
            return Err(t!(
                "the time would have 0 or over {MAX_ANSWER} bytes; an example: {DEFAULT_FORMAT}",
                "写出来是空的，或超过 {MAX_ANSWER} 字节；例子：{DEFAULT_FORMAT}"
            ));
        }
        if asks(written.as_bytes()) {
            return Err(t!(
                "the answer would be a question: two servers would answer each other for ever",
                "这样回答出去又成了提问，两个服务器会互相回答个没完"
            ));
        }
        Ok(Self { format, sample: written })
    }

    /// Whether a server may answer on all of `addresses` in this format, as it is written now.
    ///
    /// # Errors
    /// A sentence for the person who typed it.
    pub fn may_go_to(&self, addresses: &[SocketAddr]) -> Result<(), String> {
        let (length, most) = (self.sample.len(), longest_answer(QUESTION.len()));
        if addresses.iter().all(|address| address.ip().to_canonical().is_loopback()) || length <= most {
            return Ok(());
        }
        Err(t!(
            "another machine gets at most {most} bytes of text, so that nobody can have others flooded; this --format makes {length}",
            "发给别的机器的文字最多 {most} 字节，免得被人利用来放大流量；这个 --format 写出来有 {length} 字节"
        ))
    }

    /// The time written so.
    pub fn write(&self, time: &Zoned) -> String {
        // It was written once already, in `parse`.
        strtime::format(&self.format, time).unwrap_or_default()
    }

    /// Whether `text` could be an answer in this format. Some formats cannot be read back, always (`%q`) or on some days
    /// (`%e0`): then it is one that looks alike. Words alone look alike too easily.
    fn fits(&self, text: &str) -> bool {
        let reads = |text: &str| strtime::parse(&self.format, text).is_ok();
        let sample = shape(&self.sample);
        let alike = (sample.contains('0') || !reads(self.sample.trim())) && shape(text) == sample;
        alike || reads(text)
    }
}

/// What two times in one format have in common: where there are words and numbers, and what stands between them.
fn shape(text: &str) -> String {
    let mut shape: Vec<char> = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| {
            if c.is_alphabetic() {
                'a'
            } else if c.is_numeric() {
                '0'
            } else {
                c
            }
        })
        .collect();
    shape.dedup();
    shape.into_iter().collect()
}

/// Whether these bytes ask for the time as text.
fn asks(request: &[u8]) -> bool {
    request.trim_ascii().eq_ignore_ascii_case(QUESTION.as_bytes())
}

impl Default for Format {
    fn default() -> Self {
        Self { format: DEFAULT_FORMAT.into(), sample: "1970-01-01 00:00:00".into() }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.format)
    }
}

/// Which datagrams are taken for a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answers {
    /// What has the shape of a question: [`QUESTION`] in any case with white space around it, an SNTP packet, or the
    /// empty datagram of RFC 868.
    Questions,
    /// Anything, as the textbook's server; but never what is itself an answer of this format or the default one.
    Anything,
}

/// A question that is to be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// The time as text is wanted.
    Text,
    /// Whatever it is: the textbook's server answers it with text. It need not be a question, so not for ever (see
    /// [`may_be_an_answer`](Self::may_be_an_answer)).
    Anything,
    /// The packet of an NTP client.
    Sntp(sntp::Question),
    /// The seconds since 1900 as 4 bytes (RFC 868).
    Seconds,
}

impl Request {
    /// What `request` asks, by its shape; `None` for silence.
    pub fn read(request: &[u8], format: &Format, answers: Answers) -> Option<Self> {
        if asks(request) {
            return Some(Self::Text);
        }
        if answers == Answers::Anything {
            let text = String::from_utf8_lossy(request);
            let is_answer = format.fits(text.trim()) || Format::default().fits(text.trim());
            return (!is_answer).then_some(Self::Anything);
        }
        if let Some(question) = sntp::Question::read(request) {
            return Some(Self::Sntp(question));
        }
        request.is_empty().then_some(Self::Seconds)
    }

    /// Whether another server may have sent it, which answers whatever comes: each answer would bring the next.
    pub fn may_be_an_answer(&self) -> bool {
        matches!(self, Self::Anything | Self::Seconds)
    }
}

/// The time as RFC 868 has it: the seconds since 1900, in network byte order. They wrap on 2036-02-07, with NTP's era.
pub fn seconds(now: SystemTime) -> [u8; 4] {
    sntp::Timestamp::of(now).seconds().to_be_bytes()
}

/// The time that the 4 bytes of RFC 868 mean, of all their eras the one next to `near`.
pub fn time_of_seconds(bytes: [u8; 4], near: SystemTime) -> Option<SystemTime> {
    sntp::Timestamp::of_bits(u64::from(u32::from_be_bytes(bytes)) << 32).near(near)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn now() -> Zoned {
        "2026-01-02T03:04:05+08:00[Asia/Shanghai]".parse().unwrap()
    }

    fn asked(request: &[u8], answers: Answers) -> Option<Request> {
        Request::read(request, &Format::parse(DEFAULT_FORMAT).unwrap(), answers)
    }

    #[test]
    fn the_shape_of_a_request_decides() {
        for request in ["get time", "GET TIME\n", "  Get Time\r\n"] {
            assert_eq!(asked(request.as_bytes(), Answers::Questions), Some(Request::Text));
        }
        assert_eq!(asked(b"", Answers::Questions), Some(Request::Seconds));
        let packet = sntp::Asked::at(SystemTime::now(), [0; 8]).packet();
        assert!(matches!(asked(&packet, Answers::Questions), Some(Request::Sntp(_))));
        for request in [&b"get"[..], b"get  time", b" ", b"\0", b"2026-01-02 03:04:05", &packet[..47]] {
            assert_eq!(asked(request, Answers::Questions), None, "{request:?}");
        }
    }

    /// Every first byte at every length: an answer only where the table of PROTOCOL.md says so.
    #[test]
    fn nothing_else_is_answered() {
        for first in 0..=255_u8 {
            for length in 1..=100 {
                let mut request = vec![0; length];
                request[0] = first;
                let is_sntp = length >= 48 && first & 7 == 3 && (1..=4).contains(&(first >> 3 & 7));
                assert_eq!(asked(&request, Answers::Questions).is_some(), is_sntp, "{first:#04x}, {length} bytes");
            }
        }
    }

    #[test]
    fn the_textbooks_way_answers_anything_but_an_answer() {
        for request in [&b"hello"[..], b"", b"\xff\xfe"] {
            assert_eq!(asked(request, Answers::Anything), Some(Request::Anything));
        }
        let own = Format::parse("%H:%M").unwrap();
        for text in ["2026-01-02 03:04:05", "23:59"] {
            assert_eq!(Request::read(text.as_bytes(), &own, Answers::Anything), None, "{text}");
        }
        let one_way = Format::parse("%H:%M %q").unwrap();
        let asked = |text: &str| Request::read(text.as_bytes(), &one_way, Answers::Anything);
        assert_eq!(asked(&one_way.write(&now())), None, "a format that cannot be read back");
        assert_eq!(asked("get time"), Some(Request::Text));
        let ambiguous = Format::parse("%e0").unwrap();
        assert_eq!(Request::read(b" 30", &ambiguous, Answers::Anything), None, "the third, or the thirtieth");
    }

    #[test]
    fn four_bytes_are_the_seconds_since_1900() {
        // RFC 868's own example: 2,208,988,800 is 1970-01-01.
        assert_eq!(seconds(SystemTime::UNIX_EPOCH), 2_208_988_800_u32.to_be_bytes());
        let after_the_wrap = SystemTime::UNIX_EPOCH + Duration::from_secs(2_085_978_496 + 5);
        assert_eq!(seconds(after_the_wrap), [0, 0, 0, 5]);
        assert_eq!(time_of_seconds([0, 0, 0, 5], after_the_wrap), Some(after_the_wrap));
    }

    #[test]
    fn another_machine_gets_no_more_than_three_times_its_question() {
        let (here, there): (SocketAddr, SocketAddr) = ("127.0.0.1:4".parse().unwrap(), "192.0.2.1:4".parse().unwrap());
        for (client, question, length, goes) in [
            (here, 8, 512, true),
            ("[::1]:4".parse().unwrap(), 8, 512, true),
            ("[::ffff:127.0.0.1]:4".parse().unwrap(), 8, 512, true),
            (there, 8, 80, true),
            (there, 8, 81, false),
            (there, 20, 116, true),
            (there, 20, 117, false),
            ("[2001:db8::1]:4".parse().unwrap(), 8, 81, false),
        ] {
            let text = "x".repeat(length);
            assert_eq!(text_for(client, question, text.clone()).ok(), goes.then_some(text), "{client} {length}");
        }
        let usual = Format::parse("%Y年%m月%d日 %A %H:%M:%S %Z").unwrap();
        let long = Format::parse(&"%Y ".repeat(17)).unwrap();
        assert!(usual.may_go_to(&[there]).is_ok() && long.may_go_to(&[here]).is_ok());
        assert!(long.may_go_to(&[here, there]).unwrap_err().contains("85"));
        // The other two answers are never longer.
        assert!(seconds(SystemTime::UNIX_EPOCH).len() <= longest_answer(0));
    }

    #[test]
    fn formats_are_checked_at_the_start() {
        assert_eq!(Format::parse("%Y年%m月%d日 %H时").unwrap().write(&now()), "2026年01月02日 03时");
        assert!(Format::parse("%!").is_err());
        assert!(Format::parse("").is_err());
        assert!(Format::parse("Get time\n").is_err(), "an answer that is a question");
        assert!(Format::parse(&"%A".repeat(200)).is_err());
    }
}
