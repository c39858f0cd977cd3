//! A command's shell as a process: posix_spawn(3), which neither copies the server's memory nor stops its threads.
//!
//! It gets a session of its own (setsid(2)), and with it no controlling terminal: what asks on /dev/tty (a password, `less`)
//! fails at once. In the server's session it would be stopped for ever, since it is no group of the foreground (SIGTTIN).
//! The session's leader leads a group too, and is what the others of the command are found and stopped by.
//!
//! posix_spawn(3) has no portable way to begin elsewhere, so where that is wanted a first shell goes there and becomes the
//! second (exec).

use std::env;
use std::ffi::{CString, OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, PipeWriter};
use std::os::fd::AsRawFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawn};
use nix::sys::signal::{SigSet, Signal};
use rustix::process::Pid;

use crate::exec::shell::Line;

const SHELL: &str = "/bin/sh";

/// `POSIX_SPAWN_SETSID` of <spawn.h>, which is younger than the standard and has another number on each system.
#[cfg(target_os = "linux")]
const SETSID: i32 = 0x80;
#[cfg(target_vendor = "apple")]
const SETSID: i32 = 0x400;

/// What this program may have set aside, or was started with so; a command has its usual effect of each.
const USUAL: [Signal; 5] = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGQUIT, Signal::SIGHUP, Signal::SIGPIPE];

/// Goes to a directory, by the name that it was reached by, and becomes the shell that is wanted.
const GO_THERE: &str = r#"cd -- "$1" || exit
export PWD="$1"
if [ -n "$2" ]; then export OLDPWD="$2"; else unset OLDPWD; fi
shift 2
exec /bin/sh "$@""#;

/// Starts the shell with `line` in `directory` (the server's own, where there is none), with an empty input and these for
/// standard output and standard error. `before` is where `cd -` goes.
pub(super) fn shell(
    line: &Line,
    directory: Option<&Path>,
    before: Option<&Path>,
    outputs: [PipeWriter; 2],
) -> io::Result<Pid> {
    let elsewhere = directory.filter(|directory| Some(*directory) != HERE.as_deref() || before.is_some());
    let words = match line {
        Line::Command(command) => vec!["-c".as_ref(), command.as_os_str()],
        // The command is an argument of the script and no part of it, so that nothing in it can end the script early.
        Line::ChangeDirectory(command) => {
            vec!["-c".as_ref(), r#"eval "$1" >/dev/null && pwd"#.as_ref(), "sh".as_ref(), command.as_os_str()]
        }
    };
    let mut arguments: Vec<&OsStr> = vec!["sh".as_ref()];
    if let Some(directory) = elsewhere {
        // A directory that has gone, or may not be entered, is an error of ours and not the first shell's.
        fs::metadata(directory.join("."))?;
        let before = before.map_or("".as_ref(), Path::as_os_str);
        arguments.extend(["-c".as_ref(), GO_THERE.as_ref(), "sh".as_ref(), directory.as_os_str(), before]);
    }
    arguments.extend(words);
    let arguments: Vec<CString> = arguments.into_iter().map(text).collect::<io::Result<_>>()?;
    let started = posix_spawn(SHELL, &descriptors(&outputs)?, &attributes()?, &arguments, &ENVIRONMENT)?;
    Pid::from_raw(started.as_raw()).ok_or_else(|| io::ErrorKind::Other.into())
}

/// Standard input, output and error. Everything else that the server has open closes itself (O_CLOEXEC).
fn descriptors(outputs: &[PipeWriter; 2]) -> io::Result<PosixSpawnFileActions> {
    let mut actions = PosixSpawnFileActions::init()?;
    let nothing = NOTHING.as_ref().map_err(|error| io::Error::from(error.kind()))?;
    actions.add_dup2(nothing.as_raw_fd(), 0)?;
    actions.add_dup2(outputs[0].as_raw_fd(), 1)?;
    actions.add_dup2(outputs[1].as_raw_fd(), 2)?;
    Ok(actions)
}

fn attributes() -> io::Result<PosixSpawnAttr> {
    let mut attributes = PosixSpawnAttr::init()?;
    let signals = PosixSpawnFlags::POSIX_SPAWN_SETSIGMASK | PosixSpawnFlags::POSIX_SPAWN_SETSIGDEF;
    #[cfg(any(target_os = "linux", target_vendor = "apple"))]
    let place = PosixSpawnFlags::from_bits_retain(SETSID);
    // Elsewhere a group of its own has to do.
    #[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
    let place = PosixSpawnFlags::POSIX_SPAWN_SETPGROUP;
    attributes.set_flags(signals | place)?;
    attributes.set_sigmask(&SigSet::empty())?;
    attributes.set_sigdefault(&USUAL.into_iter().collect())?;
    Ok(attributes)
}

fn text(word: &OsStr) -> io::Result<CString> {
    Ok(CString::new(word.as_bytes())?)
}

/// The empty input, opened once for all commands.
static NOTHING: LazyLock<io::Result<File>> = LazyLock::new(|| File::open("/dev/null"));

/// Where the server is.
static HERE: LazyLock<Option<PathBuf>> = LazyLock::new(|| env::current_dir().ok());

/// The server's own, with where it is under that name: it changes neither.
static ENVIRONMENT: LazyLock<Vec<CString>> = LazyLock::new(|| {
    let here: Option<(OsString, OsString)> = HERE.as_ref().map(|here| ("PWD".into(), here.into()));
    let others = env::vars_os().filter(|(name, _)| name != "PWD" || here.is_none());
    let all = others.chain(here.clone());
    all.filter_map(|(name, value)| CString::new([name.as_bytes(), b"=", value.as_bytes()].concat()).ok()).collect()
});
