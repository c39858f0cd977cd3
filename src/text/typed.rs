//! Numbers, times and shares as people type them on a command line.

use std::time::Duration;

use crate::t;

/// The largest `--bufsize`: what one datagram could hold and more.
const MAX_BUFSIZE: usize = 1024 * 1024;

/// Reads `--bufsize`, in bytes.
///
/// # Errors
/// A sentence for the person who typed it.
pub fn parse_bufsize(typed: &str) -> Result<usize, String> {
    let size = typed.parse().ok().filter(|size| (1..=MAX_BUFSIZE).contains(size));
    size.ok_or_else(|| t!("a buffer has 1 to {MAX_BUFSIZE} bytes", "缓冲区是 1 到 {MAX_BUFSIZE} 字节"))
}

/// The largest number of anything on a command line: threads that a usual system lets one process have.
const MAX_COUNT: u16 = 30_000;

/// Reads a number of things, 0 included.
///
/// # Errors
/// A sentence for the person who typed it.
pub fn parse_count(typed: &str) -> Result<u16, String> {
    let count = typed.parse().ok().filter(|count| *count <= MAX_COUNT);
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
    let port = typed.parse().ok().filter(|port| *port > 0);
    port.ok_or_else(|| t!("a port is a number from 1 to 65535", "端口号应为 1 到 65535 的整数"))
}

/// Reads a stratum, 1 to 15.
///
/// # Errors
/// A sentence for the person who typed it.
pub fn parse_stratum(typed: &str) -> Result<u8, String> {
    let stratum = typed.parse().ok().filter(|stratum| (1..=15).contains(stratum));
    stratum.ok_or_else(|| t!("a stratum is 1 to 15", "层级应为 1 到 15 的整数"))
}

/// Reads a time: seconds, or with a unit (`5`, `0.5`, `500ms`, `5s`).
///
/// # Errors
/// A sentence for the person who typed it.
pub fn parse_duration(typed: &str) -> Result<Duration, String> {
    const MAX_SECONDS: f64 = 86_400.0;
    let (number, unit) = match typed.strip_suffix("ms") {
        Some(number) => (number, 0.001),
        None => (typed.strip_suffix('s').unwrap_or(typed), 1.0),
    };
    let seconds = number.parse::<f64>().ok().map(|number| number * unit);
    let seconds = seconds.filter(|seconds| *seconds >= 0.001 && *seconds <= MAX_SECONDS);
    let wrong =
        || t!("a time is seconds, such as 5, 0.5 or 500ms, up to a day", "时间以秒计，比如 5、0.5、500ms，最长一天");
    seconds.map(Duration::from_secs_f64).ok_or_else(wrong)
}

/// Reads a share: `20%`, or `0.2`.
///
/// # Errors
/// A sentence for the person who typed it.
pub fn parse_percent(typed: &str) -> Result<f64, String> {
    let share = match typed.strip_suffix(['%', '％']) {
        Some(percent) => percent.parse::<f64>().ok().map(|percent| percent / 100.0),
        None => typed.parse().ok(),
    };
    let wrong = || t!("a share is 0% to 100%", "比例是 0% 到 100%");
    share.filter(|share| (0.0..=1.0).contains(share)).ok_or_else(wrong)
}
