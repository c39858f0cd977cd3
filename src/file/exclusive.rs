//! Being the only program that changes a file.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::t;

/// How long another program may keep a file to itself: many times what reading and writing it takes.
const PATIENCE: Duration = Duration::from_secs(5);

/// Between two looks whether it still does.
const BETWEEN_LOOKS: Duration = Duration::from_millis(2);

/// While it lives no other program of ours changes the file, and nothing of it stays, however the program ends.
pub(super) struct Exclusive(#[expect(dead_code, reason = "it is held, and let go when it is closed")] File);

impl Exclusive {
    /// Waits until no other program has it.
    ///
    /// # Errors
    /// Somebody keeps it for longer than [`PATIENCE`]; those of opening the file.
    pub(super) fn access(file: &Path) -> io::Result<Self> {
        patiently(|| try_to_hold(file)).map(Self)
    }
}

/// Tries until there is something. On Windows a file that another program has just let go, or is about to replace, is
/// refused for a moment (error 5).
///
/// # Errors
/// That of the last attempt; nothing came of any for [`PATIENCE`].
pub(super) fn patiently<T>(mut attempt: impl FnMut() -> io::Result<Option<T>>) -> io::Result<T> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let over = Instant::now() >= deadline;
        match attempt() {
            Ok(Some(done)) => return Ok(done),
            Ok(None) if over => return Err(kept()),
            Err(error) if over || cfg!(unix) || error.kind() != ErrorKind::PermissionDenied => return Err(error),
            Ok(None) | Err(_) => thread::sleep(BETWEEN_LOOKS),
        }
    }
}

fn kept() -> io::Error {
    let seconds = PATIENCE.as_secs();
    let why = t!("another program has kept it for {seconds} s", "别的程序已经占用它 {seconds} 秒");
    io::Error::new(ErrorKind::ResourceBusy, why)
}

/// The file itself, locked (flock(2)); `None` while somebody else has it.
#[cfg(unix)]
fn try_to_hold(file: &Path) -> io::Result<Option<File>> {
    use rustix::fs::{FlockOperation, flock, fstat, stat};
    use rustix::io::Errno;

    let open = super::open(file)?;
    // Where the file system has no locks there is none to wait for.
    if flock(&open, FlockOperation::NonBlockingLockExclusive) == Err(Errno::WOULDBLOCK) {
        return Ok(None);
    }
    // Who had it before may have put another file in its place: that one is to be locked.
    let (locked, there) = (fstat(&open)?, stat(file)?);
    Ok(((locked.st_dev, locked.st_ino) == (there.st_dev, there.st_ino)).then_some(open))
}

/// A file beside it that nobody else can open, and that Windows removes when it is closed, however that happens: a lock of
/// the file itself would forbid to replace it.
#[cfg(windows)]
fn try_to_hold(file: &Path) -> io::Result<Option<File>> {
    use std::os::windows::fs::OpenOptionsExt as _;

    const DELETE_ON_CLOSE: u32 = 0x0400_0000;
    const SHARING_VIOLATION: i32 = 32;

    let mut name = file.file_name().unwrap_or_default().to_os_string();
    name.push(".lock");
    let mut options = File::options();
    options.write(true).create(true).truncate(true).share_mode(0).custom_flags(DELETE_ON_CLOSE);
    match options.open(file.with_file_name(name)) {
        Err(error) if error.raw_os_error() == Some(SHARING_VIOLATION) => Ok(None),
        held => held.map(Some),
    }
}
