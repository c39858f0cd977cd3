//! Numbers, times and shares as people type them on a command line, also with a Chinese input method.

use std::time::Duration;

use crate::t;

/// What a Chinese input method makes of ASCII (`２`, `：`, `。`, `％`) as what was meant.
pub fn half_width(typed: &str) -> String {
    let half = |c: char| match c {
        '。' => '.',
        '！'..='～' => char::from_u32(u32::from(c) - u32::from('！') + u32::from('!')).unwrap_or(c),
        _ => c,
    };
    typed.trim().chars().map(half).collect()
}

/// How alike two words must be for the one to be meant by the other (Jaro similarity, 0 to 1).
const ALIKE: f64 = 0.75;

/// How many words are offered for one that is not known.
const MAX_OFFERED: usize = 3;

/// The words of `known` that may have been meant by `typed`, the nearest first.
pub fn nearest<'a>(typed: &str, known: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let plain = |word: &str| word.trim_start_matches('-').to_lowercase();
    let typed = plain(typed);
    let mut near: Vec<_> = known.map(|word| (strsim::jaro(&plain(word), &typed), word)).collect();
    near.retain(|(similarity, _)| *similarity > ALIKE);
    near.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    near.dedup();
    near.into_iter().map(|(_, word)| word).take(MAX_OFFERED).collect()
}

/// The largest `--bufsize`: what one datagram could hold and more.
const MAX_BUFSIZE: usize = 1024 * 1024;

/// Reads `--bufsize`, in bytes.
///
/// # Errors
/// A sentence for the person who typed it.
pub fn parse_bufsize(typed: &str) -> Result<usize, String> {
    let size = half_width(typed).parse().ok().filter(|size| (1..=MAX_BUFSIZE).contains(size));
    size.ok_or_else(|| t!("a buffer has 1 to {MAX_BUFSIZE} bytes", "缓冲区是 1 到 {MAX_BUFSIZE} 字节"))
}

/// The largest number of anything on a command line: threads that a usual system lets one process have.
const MAX_COUNT: u16 = 30_000;

/// Reads a number of things, 0 included.
///
/// # Errors
/// A sentence for the person who typed it.
pub fn parse_count(typed: &str) -> Result<u16, String> {
    let count = half_width(typed).parse().ok().filter(|count| *count <= MAX_COUNT);
    count.ok_or_else(|| t!("a number up to {MAX_COUNT}", "应为不超过 {MAX_COUNT} 的整数"))
}

/// Reads a number of clients, at least 1.
///
/// # Errors
/// A sentence for the person who typed it.
pub fn parse_clients(typed: &str) -> Result<usize, String> {
    parse_times(typed).map(usize::from)
}

/// Reads how many times, at least 1.
///
/// # Errors
/// A sentence for the person who typed it.
pub fn parse_times(typed: &str) -> Result<u16, String> {
    let count = parse_count(typed).ok().filter(|count| *count > 0);
    count.ok_or_else(|| t!("a number from 1 to {MAX_COUNT}", "应为 1 到 {MAX_COUNT} 的整数"))
}

/// Reads a port, 1 to 65535.
///
/// # Errors
/// A sentence for the person who typed it.
pub fn parse_port(typed: &str) -> Result<u16, String> {
    let port = half_width(typed).parse().ok().filter(|port| *port > 0);
    port.ok_or_else(|| t!("a port is a number from 1 to 65535", "端口号应为 1 到 65535 的整数"))
}

/// Reads a stratum, 1 to 15.
///
/// # Errors
/// A sentence for the person who typed it.
pub fn parse_stratum(typed: &str) -> Result<u8, String> {
    let stratum = half_width(typed).parse().ok().filter(|stratum| (1..=15).contains(stratum));
    stratum.ok_or_else(|| t!("a stratum is 1 to 15", "层级应为 1 到 15 的整数"))
}

/// Reads a time: seconds, or with a unit (`5`, `0.5`, `500ms`, `5s`).
///
/// # Errors
/// A sentence for the person who typed it.
pub fn parse_duration(typed: &str) -> Result<Duration, String> {
    const MAX_SECONDS: f64 = 86_400.0;
    let typed = half_width(typed);
    let (number, unit) = match typed.strip_suffix("ms") {
        Some(number) => (number, 0.001),
        None => (typed.strip_suffix('s').unwrap_or(&typed), 1.0),
    };
    let seconds = number.parse::<f64>().ok().map(|number| number * unit);
    let seconds = seconds.filter(|seconds| *seconds >= 0.001 && *seconds <= MAX_SECONDS);
    let wrong =
        || t!("a time is seconds, such as 5, 0.5 or 500ms, up to a day", "时间以秒计，比如 5、0.5、500ms，最长一天");
    seconds.map(Duration::from_secs_f64).ok_or_else(wrong)
}

/// Reads a time whose unit must be said (`50ms`, `0.5s`): of a delay people have both in mind.
///
/// # Errors
/// A sentence for the person who typed it.
pub fn parse_delay(typed: &str) -> Result<Duration, String> {
    let typed = half_width(typed);
    if typed.parse::<u32>().is_ok() {
        return Err(t!("the unit is missing: write {typed}ms or {typed}s", "缺少单位：请写 {typed}ms 或 {typed}s"));
    }
    if !typed.ends_with('s') {
        return Err(t!("a delay has a unit, such as 50ms or 0.5s", "延迟要带单位，比如 50ms 或 0.5s"));
    }
    parse_duration(&typed)
}

/// Reads the number that chance begins with.
///
/// # Errors
/// A sentence for the person who typed it.
pub fn parse_seed(typed: &str) -> Result<u64, String> {
    let most = u64::MAX;
    let wrong = || t!("a seed is a whole number from 0 to {most}", "种子应为 0 到 {most} 的整数");
    half_width(typed).parse().map_err(|_| wrong())
}

/// Reads a share: `20%`, or less than one, such as `0.2`. What `1` is to mean nobody can tell.
///
/// # Errors
/// A sentence for the person who typed it.
pub fn parse_percent(typed: &str) -> Result<f64, String> {
    let typed = half_width(typed);
    let wrong = || t!("a share is 0% to 100%", "比例是 0% 到 100%");
    if let Some(percent) = typed.strip_suffix('%') {
        let share = percent.parse::<f64>().ok().map(|percent| percent / 100.0);
        return share.filter(|share| (0.0..=1.0).contains(share)).ok_or_else(wrong);
    }
    match typed.parse::<f64>() {
        Ok(share) if (0.0..1.0).contains(&share) => Ok(share),
        Ok(number) if (1.0..=100.0).contains(&number) => {
            Err(t!("the % is missing: write {typed}%", "缺少百分号：请写 {typed}%"))
        }
        _ => Err(wrong()),
    }
}
