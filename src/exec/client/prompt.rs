//! What a client of remote commands does around each of them, over TCP and over UDP alike: `-c`, the prompt, the pipe,
//! Ctrl-C, and the status that it ends with.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::exec::client::script;
use crate::exec::protocol::Outcome;
use crate::t;
use crate::terminal::input::{Keyboard, Typed};
use crate::terminal::screen::OutputFailed;
use crate::terminal::{exit, screen};
use crate::text::escape_line;

/// The exit status of a client's own failures, which no command of a usual system has.
pub const FAILURE: u8 = 255;

/// The exit status of a client that does not know whether its command has run.
pub const UNKNOWN: u8 = 254;

/// The exit status of a client whose output nobody reads any more (`| head`): its command was stopped on the way. 128 and
/// SIGPIPE, as a shell reports it of ssh; on Windows the same number.
pub const NOT_READ: u8 = 141;

/// The statuses that a client ends with, for its help.
pub fn exit_statuses() -> String {
    t!(
        "Exit status: the command's; 128+n signal n; 124 time limit; 130 Ctrl-C; 141 output not read to its end (| head); 254 nobody knows (UDP); 255 not run, or lost on the way.",
        "退出状态：命令自己的；128+n 被信号 n 终止；124 超时；130 按了 Ctrl-C；141 输出没有读完（如 | head）；254 结果未知（UDP）；255 没有执行，或通信出错。"
    )
}

/// Ctrl-C: the first stops the running command. Without one, and at the second, the client ends.
pub struct CtrlC {
    /// Whether a command runs that has not been told to stop yet.
    running: Arc<AtomicBool>,
}

impl CtrlC {
    /// From now on Ctrl-C has the running command stopped by `stop`, which says whether that could be asked for.
    pub fn stops(stop: impl Fn() -> bool + Send + 'static) -> Self {
        let running = Arc::new(AtomicBool::new(false));
        let wanted = Arc::clone(&running);
        exit::at_interrupt(move || wanted.swap(false, Ordering::Relaxed) && stop());
        Self { running }
    }

    /// A command runs.
    pub fn begin(&self) {
        self.running.store(true, Ordering::Relaxed);
    }

    /// It has ended so; where Ctrl-C was pressed meanwhile, that is why.
    pub fn end(&self, ran: Ran) -> Ran {
        match (self.running.swap(false, Ordering::Relaxed), ran) {
            (false, Ran::So(outcome)) => Ran::Interrupted(outcome),
            (_, ran) => ran,
        }
    }
}

/// What became of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ran {
    /// It ended so.
    So(Outcome),
    /// Ctrl-C was pressed, and it ended so.
    Interrupted(Outcome),
    /// It has not run, or nobody knows; the client has said so, and ends with this status.
    Not(u8),
}

impl Ran {
    fn exit_code(self) -> u8 {
        match self {
            Self::So(outcome) => outcome.exit_code(),
            Self::Interrupted(_) => exit::INTERRUPTED,
            Self::Not(status) => status,
        }
    }
}

/// What no system can run.
///
/// # Errors
/// A sentence for the person who typed it.
pub fn check(command: &str) -> Result<String, String> {
    if command.contains('\0') {
        return Err(t!("a command cannot hold a zero byte", "命令里不能有 0 字节"));
    }
    Ok(command.to_string())
}

/// Which shell runs the commands, as far as the client knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shell {
    /// One of Unix, or nobody knows: a line that goes on in the next is not sent.
    Unix,
    /// That of Windows, whose lines are whole.
    Windows,
}

impl Shell {
    /// The shell of a server whose directory this is: on Windows it begins with a drive or a share.
    pub fn at(directory: &str) -> Self {
        let drive = !directory.starts_with('/') && directory.as_bytes().get(1) == Some(&b':');
        let windows = drive || directory.starts_with(r"\\");
        if windows { Self::Windows } else { Self::Unix }
    }
}

/// Runs the `one` command of `-c`, or what is typed or piped, each line by a `shell` of its own. Gives the status that the
/// client ends with.
///
/// # Errors
/// What `check` says of the one command; those of reading the input, and of `run`.
pub fn run_all<S>(
    session: &mut S,
    one: Option<&str>,
    shell: Shell,
    prompt: impl Fn(&S) -> String,
    check: impl Fn(&str) -> Result<String, String>,
    run: impl FnMut(&mut S, &str) -> anyhow::Result<Ran>,
) -> anyhow::Result<u8> {
    let status = match one {
        Some(command) => run_one(session, &check(command).map_err(anyhow::Error::msg)?, run),
        None => run_each(session, shell, prompt, check, run),
    };
    status.or_else(unless_not_read)
}

fn unless_not_read(error: anyhow::Error) -> anyhow::Result<u8> {
    let not_read = error.downcast_ref::<OutputFailed>().is_some_and(OutputFailed::is_closed_pipe);
    if not_read { Ok(NOT_READ) } else { Err(error) }
}

/// `-c`: one command, whose status becomes the client's.
fn run_one<S>(
    session: &mut S,
    command: &str,
    mut run: impl FnMut(&mut S, &str) -> anyhow::Result<Ran>,
) -> anyhow::Result<u8> {
    let ran = run(session, command)?;
    if let Ran::So(outcome) = ran {
        tell(outcome, false);
    }
    Ok(ran.exit_code())
}

/// One command after the other, typed or piped, until `q`. At the end of a pipe the last one's status becomes the
/// client's. Empty lines are nothing. A script ends before a line that is not whole.
fn run_each<S>(
    session: &mut S,
    shell: Shell,
    prompt: impl Fn(&S) -> String,
    check: impl Fn(&str) -> Result<String, String>,
    mut run: impl FnMut(&mut S, &str) -> anyhow::Result<Ran>,
) -> anyhow::Result<u8> {
    let mut keyboard = Keyboard::in_turn();
    if keyboard.is_terminal() {
        screen::talk(&t!("q leaves, Ctrl-C stops the running command", "输入 q 离开，Ctrl-C 中止正在执行的命令"));
    }
    let (mut status, mut refused) = (0, 0);
    loop {
        let typed = keyboard.ask_any(&prompt(session), &check)?;
        if keyboard.refused() > refused {
            // A line that was not sent is a command that has failed.
            (status, refused) = (FAILURE, keyboard.refused());
        }
        let command = match typed {
            Typed::Line(command) if command.trim().is_empty() => continue,
            Typed::Line(command) => command,
            Typed::Quit => return Ok(0),
            Typed::End => return Ok(if keyboard.is_terminal() { 0 } else { status }),
        };
        if shell == Shell::Unix && !script::is_whole(&command) {
            tell_not_whole(&command, keyboard.is_terminal());
            if keyboard.is_terminal() {
                continue;
            }
            return Ok(FAILURE);
        }
        let ran = run(session, &command)?;
        status = ran.exit_code();
        if matches!(ran, Ran::Not(_)) && !keyboard.is_terminal() {
            // What a script has next may rest on this one.
            return Ok(status);
        }
        if let Ran::So(outcome) | Ran::Interrupted(outcome) = ran {
            tell(outcome, keyboard.is_terminal());
        }
    }
}

/// How much of a line is quoted, in characters.
const QUOTED: usize = 40;

/// Tells why a line was not run. Behind it in a script may be the text of a here-document, which is no command.
fn tell_not_whole(command: &str, to_a_person: bool) {
    let mut quoted = escape_line(command).into_owned();
    if let Some((end, _)) = quoted.char_indices().nth(QUOTED) {
        quoted.truncate(end);
        quoted.push('…');
    }
    screen::talk(&if to_a_person {
        t!(
            "not run: this goes on in another line, and each line is run alone: {quoted} (paste all its lines at once)",
            "没有执行：这一行还没写完，而每一行是单独执行的：{quoted}（请把几行一次粘贴进来）"
        )
    } else {
        t!(
            "stopped here: this line goes on in the next, and each is run alone: {quoted} (for a whole script: -c \"$(cat FILE)\")",
            "到此为止：这一行到下一行才写完，而每一行是单独执行的：{quoted}（要执行整个脚本：-c \"$(cat 文件)\"）"
        )
    });
}

/// Tells what no output tells: that something else than the command ended it; to a person also a status that is not 0.
fn tell(outcome: Outcome, to_a_person: bool) {
    match outcome {
        Outcome::Exited(0) => {}
        Outcome::Exited(_) if !to_a_person => {}
        outcome => screen::talk(&outcome.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drive_or_a_share_is_a_directory_of_windows() {
        for windows in [r"C:\", r"z:\home", r"\\server\share"] {
            assert_eq!(Shell::at(windows), Shell::Windows, "{windows}");
        }
        for unix in ["/", "/home/a:b", "", "/:"] {
            assert_eq!(Shell::at(unix), Shell::Unix, "{unix}");
        }
    }
}
