//! Files that are never half written.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use tempfile::{Builder, NamedTempFile};

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
    let new = beside(&file)?;
    if let Some(existing) = existing {
        new.as_file().set_permissions(existing.permissions())?;
    }
    new.as_file().write_all(bytes)?;
    new.as_file().sync_all()?;
    // Not with `persist`: on Windows only this one replaces a file that somebody has open.
    fs::rename(new.into_temp_path(), &file)
}

/// A file that was not there, beside `file` until it is complete; what is dropped before its renaming is removed.
fn beside(file: &Path) -> io::Result<NamedTempFile> {
    let (folder, name) = (file.parent().unwrap_or(file), file.file_name().unwrap_or_default());
    Builder::new().prefix(name).suffix(".new").make_in(folder, |path| File::create_new(path))
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

    #[cfg(unix)]
    #[test]
    fn a_link_planted_beside_it_is_not_followed() {
        let folder = folder("planted");
        let (page, victim) = (folder.join("page"), folder.join("victim"));
        fs::write(&victim, "precious").unwrap();
        // The name that comes next, for whoever knows what the random numbers begin with.
        let next = || {
            fastrand::seed(1);
            let name = beside(&page).unwrap().path().to_path_buf();
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
