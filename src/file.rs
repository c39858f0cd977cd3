//! Files that are never half written.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process;

/// Makes `bytes` the content of `file`: written beside it, forced to the disk, then renamed over it. Whoever reads it
/// finds the old content or the new one, and after an error the old one.
pub fn replace(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let existing = match fs::metadata(file) {
        Ok(existing) if existing.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
        // Nothing can take the place of a terminal or a pipe.
        Ok(existing) if !existing.is_file() => return fs::write(file, bytes),
        Ok(existing) => Some(existing),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    // A link stays a link: what it points to is replaced.
    let file = if existing.is_some() { file.canonicalize()? } else { file.to_path_buf() };
    let beside = beside(&file);
    let written = create(&beside).and_then(|mut new| {
        if let Some(existing) = existing {
            new.set_permissions(existing.permissions())?;
        }
        new.write_all(bytes)?;
        new.sync_all()
    });
    let replaced = written.and_then(|()| fs::rename(&beside, &file));
    if replaced.is_err() {
        // What is left of the new file is of no use; that it could not be removed changes nothing about the error.
        let _ = fs::remove_file(&beside);
    }
    replaced
}

/// Creates a file that was not there. What stands there already, a killed program has left or somebody has planted: it
/// is removed, and a link not followed.
fn create(beside: &Path) -> io::Result<File> {
    let create = || OpenOptions::new().write(true).create_new(true).open(beside);
    match create() {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            fs::remove_file(beside)?;
            create()
        }
        created => created,
    }
}

/// The name of the new file until it is complete. Each program has its own, so that two never write to one.
fn beside(file: &Path) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}.new", process::id()));
    file.with_file_name(name)
}

#[cfg(test)]
mod tests {
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

    #[cfg(unix)]
    #[test]
    fn a_link_planted_beside_it_is_not_followed() {
        let folder = folder("planted");
        let (page, victim) = (folder.join("page"), folder.join("victim"));
        fs::write(&victim, "precious").unwrap();
        std::os::unix::fs::symlink(&victim, beside(&page)).unwrap();
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
        let page = folder.join("page");
        fs::write(&page, "old").unwrap();
        // A folder where the new file is to be.
        fs::create_dir(beside(&page)).unwrap();
        assert!(replace(&page, b"new").is_err());
        assert_eq!(fs::read(&page).unwrap(), b"old");
        fs::remove_dir_all(&folder).unwrap();
    }
}
