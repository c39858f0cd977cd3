//! A server's log on standard error: lines that never hold up whoever writes them.
//!
//! Whoever reads standard error may stop (a pager, Ctrl-S), and then a write waits. A server goes on: what does not fit
//! is counted and told later.

#[cfg(unix)]
use std::io;
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

/// How many lines may wait: those of a busy minute.
const MAX_WAITING: usize = 10_000;

/// How long the last lines may take at the end of the program.
const LAST_LINES: Duration = Duration::from_millis(100);

/// What a pipe takes whole where poll(2) says that it takes anything: the least PIPE_BUF of POSIX.
#[cfg(unix)]
const SURELY: usize = 512;

static LINES: Queue<String> = Queue::new(MAX_WAITING, |_| 1);

/// Whether the thread that writes has been started.
static STARTED: Mutex<bool> = Mutex::new(false);

/// Logs one line: at once where that cannot wait, since waking the thread costs more than writing.
pub fn log(line: String) {
    if LINES.pass(|| wrote_at_once(&line)) {
        return;
    }
    if is_started() { LINES.push([line]) } else { screen::talk(&line) }
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
