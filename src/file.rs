//! Files that are never half written, and what two programs write without losing a word of either.

mod exclusive;

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::path::Path;

use tempfile::{Builder, TempPath};

use self::exclusive::{Exclusive, patiently};
use crate::t;

/// What a draft's name ends with; it begins with a dot and the name of the file that it is to replace.
const DRAFT: &str = ".new";

/// How many characters tempfile puts between them.
const RANDOM: usize = 6;

/// The text of a plain file of at most `max` bytes. What is no plain file (a pipe, `/dev/zero`) may have no end, and is
/// not read.
///
/// # Errors
/// Those of reading; no plain file; more than `max` bytes; no UTF-8.
pub fn read(file: &Path, max: u64) -> io::Result<String> {
    if fs::metadata(file)?.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    }
    let file = patiently(|| open(file).map(Some))?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other(t!("it is no plain file", "它不是普通文件")));
    }
    let mut text = Vec::new();
    // The size that the system tells is not asked: files of /proc have none.
    file.take(max + 1).read_to_end(&mut text)?;
    fits(&text, max)?;
    String::from_utf8(text).map_err(|_| {
        io::Error::new(
            ErrorKind::InvalidData,
            t!("it is not UTF-8: save it as UTF-8", "它不是 UTF-8 编码：请另存为 UTF-8"),
        )
    })
}

/// Opens a file without waiting for the other end of a named pipe.
fn open(file: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
    options.open(file)
}

fn fits(bytes: &[u8], max: u64) -> io::Result<()> {
    if bytes.len() as u64 <= max {
        return Ok(());
    }
    Err(io::Error::new(ErrorKind::FileTooLarge, t!("larger than {max} bytes", "超过 {max} 字节")))
}

/// Reads `file`, at most `max` bytes of it, and makes what `change` gives for that its content, while no other program
/// does the same.
///
/// # Errors
/// Those of [`read`], `change` and [`replace`], and another program that holds the file all the time; the content is then as
/// it was.
pub fn update<E: From<io::Error>>(
    file: &Path,
    max: u64,
    change: impl FnOnce(String) -> Result<String, E>,
) -> Result<(), E> {
    let file = file.canonicalize()?;
    let _exclusive = Exclusive::access(&file)?;
    // Who has left a draft was killed: nobody else is at work here.
    remove_drafts(&file);
    let text = change(read(&file, max)?)?;
    fits(text.as_bytes(), max)?;
    Ok(replace(&file, text.as_bytes())?)
}

/// Makes `bytes` the content of `file`: written beside it, forced to the disk, then renamed over it. Whoever reads it
/// finds the old content or the new one, and after an error the old one. Owner and permissions stay.
pub fn replace(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let existing = match fs::metadata(file) {
        Ok(existing) if existing.is_dir() => return Err(ErrorKind::IsADirectory.into()),
        // Nothing can take the place of a terminal or a pipe.
        Ok(existing) if !existing.is_file() => return fs::write(file, bytes),
        Ok(existing) => Some(existing),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    // A link stays a link: what it points to is replaced.
    let file = if existing.is_some() { file.canonicalize()? } else { file.to_path_buf() };
    let draft = draft(&file, 0o666, |draft| {
        if let Some(existing) = &existing {
            make_alike(draft, existing)?;
        }
        fill(draft, bytes)
    })?;
    // Not with `persist`: on Windows only this one replaces a file that somebody has open.
    patiently(|| fs::rename(&draft, &file).map(Some))
}

/// Makes `file`, for its owner alone, with `bytes` in it, unless there is one: whoever looks finds none or all of it.
pub fn create(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let made = draft(file, 0o600, |draft| fill(draft, bytes))?.persist_noclobber(file);
    made.or_else(|failed| if failed.error.kind() == ErrorKind::AlreadyExists { Ok(()) } else { Err(failed.error) })
}

fn fill(mut draft: &File, bytes: &[u8]) -> io::Result<()> {
    draft.write_all(bytes)?;
    draft.sync_all()
}

/// A file that was not there, beside `file`, made complete by `write`; what is dropped before its renaming is removed.
fn draft(file: &Path, mode: u32, write: impl FnOnce(&File) -> io::Result<()>) -> io::Result<TempPath> {
    let (folder, prefix) = (folder(file), prefix(file));
    let mut names = Builder::new();
    names.prefix(&prefix).suffix(DRAFT).rand_bytes(RANDOM);
    #[cfg(target_os = "linux")]
    if let Some(unnamed) = unnamed(folder, mode) {
        write(&unnamed)?;
        return Ok(names.make_in(folder, |path| link(&unnamed, path))?.into_temp_path());
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    let draft = names.make_in(folder, |path| options.open(path))?;
    write(draft.as_file())?;
    Ok(draft.into_temp_path())
}

/// A file without a name (open(2), `O_TMPFILE`), of which nothing is left when the program is killed; `None` where the file
/// system has none, or where /proc is missing, through which it gets its name.
#[cfg(target_os = "linux")]
fn unnamed(folder: &Path, mode: u32) -> Option<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let flags = rustix::fs::OFlags::TMPFILE.bits().cast_signed();
    let file = OpenOptions::new().write(true).mode(mode).custom_flags(flags).open(folder).ok()?;
    own_path(&file).exists().then_some(file)
}

#[cfg(target_os = "linux")]
fn link(file: &File, path: &Path) -> io::Result<()> {
    use rustix::fs::{AtFlags, CWD, linkat};
    Ok(linkat(CWD, own_path(file), CWD, path, AtFlags::SYMLINK_FOLLOW)?)
}

#[cfg(target_os = "linux")]
fn own_path(file: &File) -> std::path::PathBuf {
    use std::os::fd::AsRawFd as _;
    format!("/proc/self/fd/{}", file.as_raw_fd()).into()
}

/// Gives a draft the owner and the permissions of the file that it replaces: root may add to somebody else's.
fn make_alike(draft: &File, existing: &Metadata) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt as _, fchown};
        let own = draft.metadata()?;
        if (own.uid(), own.gid()) != (existing.uid(), existing.gid()) {
            // Only root may give files away. Another user whom the folder lets replace it makes it his own.
            let _ = fchown(draft, Some(existing.uid()), Some(existing.gid()));
        }
    }
    draft.set_permissions(existing.permissions())
}

/// Removes what is left of programs that were killed while they had a draft beside `file`.
fn remove_drafts(file: &Path) {
    let prefix = prefix(file);
    for entry in fs::read_dir(folder(file)).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let random = name.strip_prefix(&prefix).and_then(|rest| rest.strip_suffix(DRAFT)).unwrap_or_default();
        if random.len() == RANDOM && random.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            // One that is somebody else's stays.
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// The folder that a file is in.
pub fn folder(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn prefix(file: &Path) -> String {
    format!(".{}.", file.file_name().unwrap_or_default().to_string_lossy())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    /// A folder of its own for one test.
    fn folder(test: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("socket-demos-replace-{test}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn what_is_replaced_is_whole_and_nothing_is_left_beside_it() {
        let folder = folder("whole");
        let page = folder.join("page");
        for text in ["long, long ago", "new"] {
            replace(&page, text.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&page).unwrap(), text);
        }
        assert_eq!(replace(&folder, b"x").unwrap_err().kind(), io::ErrorKind::IsADirectory);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn what_a_killed_program_has_left_is_removed_by_the_next_one() {
        let folder = folder("left");
        let (book, dead, other) = (folder.join("book"), folder.join(".book.a1B2c3.new"), folder.join(".book.new"));
        for file in [&book, &dead, &other] {
            fs::write(file, "old").unwrap();
        }
        update(&book, 100, |old| Ok::<_, io::Error>(old + " and new")).unwrap();
        assert_eq!(fs::read_to_string(&book).unwrap(), "old and new");
        assert!(!dead.exists() && other.exists(), "and nothing else");
        let refused = update(&book, 12, |old| Ok::<_, io::Error>(old + "!!")).unwrap_err();
        assert_eq!(
            (refused.kind(), fs::read_to_string(&book).unwrap()),
            (ErrorKind::FileTooLarge, "old and new".into())
        );
        fs::remove_dir_all(&folder).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_link_planted_beside_it_is_not_followed() {
        let folder = folder("planted");
        let (page, victim) = (folder.join("page"), folder.join("victim"));
        fs::write(&victim, "precious").unwrap();
        // The name that comes next, for whoever knows what the random numbers begin with.
        let next = || {
            fastrand::seed(1);
            let name = draft(&page, 0o600, |_| Ok(())).unwrap().to_path_buf();
            fastrand::seed(1);
            name
        };
        let planted = next();
        assert_eq!(planted, next());
        std::os::unix::fs::symlink(&victim, &planted).unwrap();
        replace(&page, b"new").unwrap();
        assert_eq!(fs::read(&victim).unwrap(), b"precious");
        assert!(fs::symlink_metadata(&page).unwrap().is_file());
        assert_eq!(fs::read(&page).unwrap(), b"new");
        fs::remove_dir_all(&folder).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn links_and_permissions_stay_and_a_device_is_written_to() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let folder = folder("links");
        let (page, link) = (folder.join("page"), folder.join("link"));
        fs::write(&page, "old").unwrap();
        fs::set_permissions(&page, fs::Permissions::from_mode(0o640)).unwrap();
        symlink(&page, &link).unwrap();
        replace(&link, b"new").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&page).unwrap(), b"new");
        assert_eq!(fs::metadata(&page).unwrap().permissions().mode() & 0o777, 0o640);
        replace(Path::new("/dev/null"), b"gone").unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
        fs::remove_dir_all(&folder).unwrap();
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_cannot_be_written_leaves_the_old_file() {
        let folder = folder("full");
        // So long that nothing fits behind it.
        let page = folder.join("p".repeat(255));
        fs::write(&page, "old").unwrap();
        assert_eq!(replace(&page, b"new").unwrap_err().raw_os_error(), Some(36), "ENAMETOOLONG");
        assert_eq!(fs::read(&page).unwrap(), b"old");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        fs::remove_dir_all(&folder).unwrap();
    }
}
