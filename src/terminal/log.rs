//! A server's log on standard error: lines that never hold up whoever writes them.
//!
//! Whoever reads standard error may stop (a pager, Ctrl-S), and then a write waits. A server goes on: what does not fit
//! is counted and told later.

use std::collections::VecDeque;
#[cfg(unix)]
use std::io;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime};

#[cfg(unix)]
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::lock::lock;
use crate::rate::RateLimit;
use crate::t;
use crate::terminal::screen;

/// How many lines may wait: those of a busy minute.
const MAX_WAITING: usize = 10_000;

/// How long the last lines may take at the end of the program.
const LAST_LINES: Duration = Duration::from_millis(100);

/// What a pipe takes whole where poll(2) says that it takes anything: the least PIPE_BUF of POSIX.
#[cfg(unix)]
const SURELY: usize = 512;

#[derive(Default)]
struct Waiting {
    lines: VecDeque<String>,
    untold: usize,
    writer: Writer,
}

/// The thread that writes.
#[derive(Default, PartialEq)]
enum Writer {
    #[default]
    NotStarted,
    Idle,
    Writing,
}

static WAITING: Mutex<Waiting> = Mutex::new(Waiting { lines: VecDeque::new(), untold: 0, writer: Writer::NotStarted });
static CHANGED: Condvar = Condvar::new();

/// Logs one line: at once where that cannot wait, since waking the thread costs more than writing.
pub fn log(line: String) {
    let mut waiting = waiting();
    if waiting.lines.is_empty() && waiting.writer != Writer::Writing && has_room_for(&line) {
        return screen::talk(&line);
    }
    if waiting.writer == Writer::NotStarted {
        if thread::Builder::new().name("log".into()).spawn(write).is_err() {
            drop(waiting);
            return screen::talk(&line);
        }
        waiting.writer = Writer::Idle;
    }
    if waiting.lines.len() < MAX_WAITING {
        waiting.lines.push_back(line);
    } else {
        waiting.untold += 1;
    }
    CHANGED.notify_all();
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
    let pending = |waiting: &mut Waiting| !waiting.lines.is_empty() || waiting.writer == Writer::Writing;
    // Whether they are all out or not: the program ends.
    let _ = CHANGED.wait_timeout_while(waiting(), LAST_LINES, pending);
}

fn write() {
    loop {
        let idle = CHANGED.wait_while(waiting(), |waiting| waiting.lines.is_empty());
        let mut waiting = idle.unwrap_or_else(PoisonError::into_inner);
        let untold = std::mem::take(&mut waiting.untold);
        let lines = std::mem::take(&mut waiting.lines);
        waiting.writer = Writer::Writing;
        drop(waiting);
        for line in lines {
            screen::talk(&line);
        }
        if untold > 0 {
            screen::talk(&t!(
                "({untold} lines of the log could not be written in time)",
                "（日志有 {untold} 行来不及写出）"
            ));
        }
        self::waiting().writer = Writer::Idle;
        CHANGED.notify_all();
    }
}

/// Whether standard error surely takes `line` now (poll(2)).
#[cfg(unix)]
fn has_room_for(line: &str) -> bool {
    let stderr = io::stderr();
    let mut fds = [PollFd::new(&stderr, PollFlags::OUT)];
    line.len() < SURELY && poll(&mut fds, Some(&Timespec::default())).is_ok_and(|ready| ready > 0)
}

/// Windows does not tell.
#[cfg(windows)]
fn has_room_for(_: &str) -> bool {
    false
}

fn waiting() -> MutexGuard<'static, Waiting> {
    lock(&WAITING)
}
