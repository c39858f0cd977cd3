//! A line of strace's: who, when, and what.

/// A line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Line<'a> {
    /// The thread's number; 0 where it is not said.
    pub(super) thread: u32,
    /// When, in nanoseconds: of whatever clock was asked for.
    pub(super) time: i64,
    /// What kind of clock that is.
    stamp: Stamp,
    pub(super) said: Said<'a>,
}

/// What strace was asked to write in front of each line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stamp {
    None,
    /// Since the line before (`-r`).
    Relative,
    /// Of the day (`-t`, `-tt`), or since 1970 (`-ttt`).
    Absolute,
}

/// What a line says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Said<'a> {
    /// A call that has returned.
    Call(Call<'a>),
    /// The beginning of one, whose end comes in another line.
    Unfinished(&'a str),
    /// That end.
    Resumed(&'a str),
    /// The thread has ended.
    Ended,
    /// A signal, somebody attached: nothing of sockets; or no line of strace's at all.
    Other,
}

/// A call that has returned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Call<'a> {
    pub(super) name: &'a str,
    /// Between the parentheses.
    pub(super) arguments: &'a str,
    /// Behind the equals sign.
    pub(super) result: &'a str,
}

const SECOND: i64 = 1_000_000_000;

impl<'a> Line<'a> {
    /// `None` of a line that is no line of strace's.
    pub(super) fn read(text: &'a str) -> Option<Self> {
        let (thread, rest) = thread(text.trim_end_matches(['\r', '\n']));
        let (stamp, time, rest) = stamp(rest);
        let said = said(rest)?;
        Some(Self { thread, time, stamp, said })
    }

    /// Whether the line tells when a call began that may have waited, and not how long (`-T`): it had returned when the next
    /// line of its file was written.
    pub(super) fn has_waited(&self) -> bool {
        const WAITING: [&str; 11] = [
            "accept", "accept4", "connect", "read", "readv", "recv", "recvfrom", "recvmsg", "recvmmsg", "send",
            "sendto",
        ];
        matches!(self.said, Said::Call(Call { name, .. }) if WAITING.contains(&name)) && self.lasted() == 0
    }

    /// How many nanoseconds the call took (`-T`), where the line was begun with it.
    pub(super) fn lasted(&self) -> i64 {
        let Said::Call(Call { result, .. }) = self.said else { return 0 };
        let lasted = result.strip_suffix('>').and_then(|result| result.rsplit_once(" <"));
        lasted.and_then(|(_, lasted)| decimal(lasted)).unwrap_or(0)
    }
}

/// `1234 `, `[pid  1234] ` or nothing.
fn thread(text: &str) -> (u32, &str) {
    let (number, rest) = match text.strip_prefix("[pid") {
        Some(rest) => rest.split_once("] ").unwrap_or(("", text)),
        None => text.split_once(' ').unwrap_or(("", text)),
    };
    match number.trim().parse() {
        Ok(number) => (number, rest.trim_start()),
        Err(_) => (0, text),
    }
}

/// `12:00:00`, `12:00:00.000001`, `1700000000.000001`, `     0.000001` or nothing.
fn stamp(text: &str) -> (Stamp, i64, &str) {
    let Some((word, rest)) = text.trim_start().split_once(' ') else { return (Stamp::None, 0, text) };
    let rest = rest.trim_start();
    if let [hours, minutes, seconds] = word.split(':').collect::<Vec<_>>()[..]
        && let (Ok(hours), Ok(minutes), Some(nanoseconds)) =
            (hours.parse::<u8>(), minutes.parse::<u8>(), decimal(seconds))
    {
        let hour = i64::from(hours) * 3600 + i64::from(minutes) * 60;
        return (Stamp::Absolute, hour * SECOND + nanoseconds, rest);
    }
    match decimal(word) {
        // Nobody traces for a year, and nobody traced in 1970.
        Some(time) if word.contains('.') => {
            (if time < 31_536_000 * SECOND { Stamp::Relative } else { Stamp::Absolute }, time, rest)
        }
        Some(time) if time > 31_536_000 * SECOND => (Stamp::Absolute, time, rest),
        _ => (Stamp::None, 0, text),
    }
}

/// Seconds with up to nine decimals, in nanoseconds.
fn decimal(text: &str) -> Option<i64> {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 9 || !fraction.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let fraction: i64 = format!("{fraction:0<9}").parse().ok()?;
    seconds.parse::<u32>().ok().map(|seconds| i64::from(seconds) * SECOND + fraction)
}

fn said(text: &str) -> Option<Said<'_>> {
    if let Some(resumed) = text.strip_prefix("<... ") {
        let (_, rest) = resumed.split_once(" resumed>")?;
        return Some(Said::Resumed(rest));
    }
    if text.starts_with("+++ ") {
        return Some(Said::Ended);
    }
    if text.starts_with("--- ") || text.starts_with("strace: Process ") {
        return Some(Said::Other);
    }
    if let Some(begin) = text.strip_suffix("<unfinished ...>") {
        return name(begin).map(|_| Said::Unfinished(begin));
    }
    Call::read(text).map(Said::Call)
}

/// The name of the call that a line begins with, and what comes behind its parenthesis.
fn name(text: &str) -> Option<(&str, &str)> {
    let (name, rest) = text.split_once('(')?;
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    is_name.then_some((name, rest))
}

impl<'a> Call<'a> {
    /// `name(arguments) = result`.
    pub(super) fn read(text: &'a str) -> Option<Self> {
        let (name, rest) = name(text)?;
        // Strings have been read as such where one of them contains what ends the arguments.
        let end = super::arguments::end(rest)?;
        let result = rest[end + 1..].trim_start().strip_prefix('=')?.trim();
        Some(Self { name, arguments: &rest[..end], result })
    }

    /// The number that it returned, if it is one.
    pub(super) fn number(&self) -> Option<i64> {
        let digits = self.result.find(|c: char| !c.is_ascii_digit() && c != '-').unwrap_or(self.result.len());
        self.result[..digits].parse().ok()
    }

    /// `ECONNREFUSED` of `-1 ECONNREFUSED (Connection refused)`.
    pub(super) fn error(&self) -> Option<&'a str> {
        let error = self.result.strip_prefix("-1 ")?;
        Some(error.split_whitespace().next().unwrap_or(error))
    }
}

/// The clock of one file.
#[derive(Default)]
pub(super) struct Clock {
    last: i64,
}

impl Clock {
    /// When a line was written; without a clock, a microsecond after the line before.
    pub(super) fn of(&mut self, line: &Line<'_>) -> i64 {
        self.last = match line.stamp {
            Stamp::None => self.last + 1000,
            Stamp::Relative => self.last + line.time,
            Stamp::Absolute => line.time,
        };
        self.last
    }
}
