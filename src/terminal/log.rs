//! A server's log on standard error: lines that never hold up whoever writes them.
//!
//! Whoever reads standard error may stop (a pager, Ctrl-S), and then a write waits. A server goes on: what does not fit
//! is counted and told later.

#[cfg(unix)]
use std::io;
use std::mem;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, SystemTime};

#[cfg(unix)]
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::lock::lock;
use crate::rate::RateLimit;
use crate::t;
use crate::terminal::queue::Queue;
use crate::terminal::screen;
use crate::text::escape_line;

/// How many bytes of lines may wait: some ten thousand lines, those of a busy minute.
const MAX_WAITING: usize = 1024 * 1024;

/// How long a line may be, in bytes: some pages. A command, or what a peer has written, may be sixteen times as long.
const MAX_LINE: usize = 4 * 1024;

/// How long the last lines may take at the end of the program.
const LAST_LINES: Duration = Duration::from_millis(100);

/// What a pipe takes whole where poll(2) says that it takes anything: the least PIPE_BUF of POSIX.
#[cfg(unix)]
const SURELY: usize = 512;

static LINES: Queue<String> = Queue::new(MAX_WAITING, |line| line.capacity() + mem::size_of::<String>());

/// Whether the thread that writes has been started.
static STARTED: Mutex<bool> = Mutex::new(false);

/// Logs one line: at once where that cannot wait, since waking the thread costs more than writing. A newline in it is
/// escaped, or whoever's words are in it could forge the next line.
pub fn log(line: String) {
    let line = as_logged(line);
    if LINES.pass(|| wrote_at_once(&line)) {
        return;
    }
    if is_started() { LINES.push([line]) } else { screen::talk(&line) }
}

/// The line as it is written: one line, and no longer than [`MAX_LINE`].
fn as_logged(line: String) -> String {
    let line = escape_line(&line);
    let end = (0..=line.len().min(MAX_LINE)).rev().find(|&at| line.is_char_boundary(at)).unwrap_or(0);
    let left_out = line.len() - end;
    if left_out == 0 {
        return line.into_owned();
    }
    let line = &line[..end];
    t!("{line}… (and {left_out} bytes more)", "{line}…（还有 {left_out} 字节）")
}

fn is_started() -> bool {
    let mut started = lock(&STARTED);
    *started = *started || thread::Builder::new().name("log".into()).spawn(write).is_ok();
    *started
}

/// Logs what strangers can make happen as often as they like: now and then, with a count of the others.
pub fn log_rarely(bucket: &Mutex<RateLimit>, line: String) {
    log_now_and_then(&mut lock(bucket), SystemTime::now(), || line);
}

/// As [`log_rarely`], at `now`, for a line that is made only where it is logged.
pub fn log_now_and_then(bucket: &mut RateLimit, now: SystemTime, line: impl FnOnce() -> String) {
    match bucket.may(now) {
        None => {}
        Some(0) => log(line()),
        Some(others) => log(t!("{} (and {others} more like it)", "{}（类似的还有 {others} 条）", line())),
    }
}

/// Waits a moment for the last lines.
pub(crate) fn finish() {
    // Whether they are all out or not: the program ends.
    LINES.finish(LAST_LINES);
}

fn write() {
    loop {
        let (lines, untold) = LINES.take();
        for line in lines {
            screen::talk(&line);
        }
        if untold > 0 {
            screen::talk(&t!(
                "({untold} lines of the log could not be written in time)",
                "（日志有 {untold} 行来不及写出）"
            ));
        }
    }
}

/// Writes `line` where standard error surely takes it now (poll(2)).
#[cfg(unix)]
fn wrote_at_once(line: &str) -> bool {
    let stderr = io::stderr();
    let mut fds = [PollFd::new(&stderr, PollFlags::OUT)];
    let takes_it = line.len() < SURELY && poll(&mut fds, Some(&Timespec::default())).is_ok_and(|ready| ready > 0);
    if takes_it {
        screen::talk(line);
    }
    takes_it
}

/// Windows does not tell.
#[cfg(windows)]
fn wrote_at_once(_: &str) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_line_and_has_an_end() {
        assert_eq!(as_logged("one\nforged\t\x1b[2J".into()), "one\\nforged\\t\\x1b[2J");
        let fits = "汉".repeat(MAX_LINE / 3);
        assert_eq!(as_logged(fits.clone()), fits);
        let long = as_logged("汉".repeat(MAX_LINE));
        assert!(long.starts_with(&fits) && long.len() < MAX_LINE + 64, "{}", long.len());
        assert!(
            long.ends_with(&format!("… (and {} bytes more)", 3 * MAX_LINE - fits.len())),
            "{}",
            &long[fits.len()..]
        );
    }
}
