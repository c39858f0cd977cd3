//! The key file: whoever can read it may run commands, and nobody else.
//!
//! It holds 256 random bits as 64 hexadecimal digits and a newline. The system's own file permissions keep other users
//! of the machine out; so a file that they could read, or could have put there, is refused.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use crate::exec::tag::{KEY_LENGTH, Key};
use crate::{errors, file, random, t, text};

/// The longest key file, in bytes: the digits and a line end. More is no key file.
const MAX_FILE: u64 = 2 * KEY_LENGTH as u64 + 2;

/// Where the key is unless a program is told otherwise: `SOCKET_DEMOS_KEY_FILE`, else `socket-demos/exec.key` in the
/// user's state directory (XDG Base Directory Specification; on Windows under `LOCALAPPDATA`).
///
/// # Errors
/// The user has no such directory.
pub fn default_path() -> anyhow::Result<PathBuf> {
    if let Some(path) = variable("SOCKET_DEMOS_KEY_FILE") {
        return Ok(path);
    }
    let state = if cfg!(windows) {
        variable("LOCALAPPDATA")
    } else {
        // The specification ignores relative paths.
        let state = variable("XDG_STATE_HOME").filter(|path| path.is_absolute());
        let home = std::env::home_dir().filter(|home| home.is_absolute());
        state.or_else(|| home.map(|home| home.join(".local/state")))
    };
    state.map(|state| state.join("socket-demos").join("exec.key")).ok_or_else(|| {
        anyhow::anyhow!(t!(
            "this user has no directory for the key: name a file with --key-file",
            "这个用户没有放密钥的目录：请用 --key-file 指定文件"
        ))
    })
}

fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// The key in the file at `path`, for a client.
///
/// # Errors
/// There is no such file, it is no key file, or somebody else could have read or written it.
pub fn read(path: &Path) -> anyhow::Result<Key> {
    let shown = text::path(path);
    let key = open(path).and_then(|file| {
        check(&file)?;
        parse(file)
    });
    key.map_err(|why| match why {
        Unfit::Missing => anyhow::anyhow!(t!(
            "there is no key file {shown}: a server of the same user makes it at its first start; from another machine, copy it over (scp) and name it with --key-file",
            "没有密钥文件 {shown}：同一用户第一次启动服务器时会生成它；要从别的机器连接，就把它复制过来（scp），再用 --key-file 指定"
        )),
        why => anyhow::anyhow!(t!("cannot use the key file {shown}: {why}", "不能使用密钥文件 {shown}：{why}")),
    })
}

/// The key in the file at `path`, which is made if it is missing, for a server. Two servers that start at the same time
/// agree on one.
///
/// # Errors
/// As [`read`], and those of making the file.
pub fn read_or_make(path: &Path) -> anyhow::Result<Key> {
    if fs::symlink_metadata(path).is_err_and(|error| error.kind() == ErrorKind::NotFound) {
        make(path).map_err(|error| {
            let (shown, why) = (text::path(path), errors::reason(&error));
            anyhow::anyhow!(t!("cannot make the key file {shown}: {why}", "无法生成密钥文件 {shown}：{why}"))
        })?;
    }
    read(path)
}

/// Why a file gives no key.
#[derive(Debug)]
enum Unfit {
    Missing,
    Link,
    NoFile,
    #[cfg(unix)]
    Foreign(u32),
    #[cfg(unix)]
    Open(u32),
    NoKey,
    System(io::Error),
}

impl std::fmt::Display for Unfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&match self {
            Self::Missing => t!("there is none", "文件不存在"),
            Self::Link => t!("it is a symbolic link: name the file itself", "它是符号链接：请直接写真正的文件"),
            Self::NoFile => t!("it is no plain file: name another", "它不是普通文件：请换一个"),
            #[cfg(unix)]
            Self::Foreign(uid) => t!(
                "it belongs to another user (uid {uid}): make a copy of your own, with chmod 600",
                "它属于别的用户（uid {uid}）：复制一份自己的，并执行 chmod 600"
            ),
            #[cfg(unix)]
            Self::Open(mode) => t!(
                "others can read or change it (mode {mode:04o}), so it may have leaked. If it is the server's key: end the servers, remove it, start again. If it is a copy: copy it again, then chmod 600",
                "别人能读写它（权限 {mode:04o}），可能已经泄露。如果是服务器的密钥：停掉服务器，删除它，再启动；如果是复制来的：重新复制，并执行 chmod 600"
            ),
            Self::NoKey => t!(
                "it does not hold 64 hexadecimal digits: copy it again, or remove it, and a server makes a new one",
                "里面不是 64 位十六进制数字：重新复制；或者删除它，服务器会生成新的"
            ),
            Self::System(error) => errors::reason(error),
        })
    }
}

impl From<io::Error> for Unfit {
    fn from(error: io::Error) -> Self {
        if error.kind() == ErrorKind::NotFound { Self::Missing } else { Self::System(error) }
    }
}

/// Opens the file itself, not what a link leads to, and without waiting for the other end of a named pipe.
#[cfg(unix)]
fn open(path: &Path) -> Result<File, Unfit> {
    use std::os::unix::fs::OpenOptionsExt as _;

    use rustix::fs::OFlags;

    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
    let opened = File::options().read(true).custom_flags(flags.cast_signed()).open(path);
    opened.map_err(|error| {
        let link = fs::symlink_metadata(path).is_ok_and(|file| file.is_symlink());
        if link { Unfit::Link } else { error.into() }
    })
}

#[cfg(windows)]
fn open(path: &Path) -> Result<File, Unfit> {
    if fs::symlink_metadata(path)?.is_symlink() {
        return Err(Unfit::Link);
    }
    Ok(File::open(path)?)
}

/// Nobody but this user can read the open file, or could have put it there.
fn check(file: &File) -> Result<(), Unfit> {
    let found = file.metadata()?;
    if !found.is_file() {
        return Err(Unfit::NoFile);
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        if found.uid() != rustix::process::geteuid().as_raw() {
            return Err(Unfit::Foreign(found.uid()));
        }
        if found.mode() & 0o077 != 0 {
            return Err(Unfit::Open(found.mode() & 0o7777));
        }
    }
    Ok(())
}

fn parse(file: File) -> Result<Key, Unfit> {
    let mut text = Vec::new();
    file.take(MAX_FILE + 1).read_to_end(&mut text)?;
    let digits = text.strip_suffix(b"\n").unwrap_or(&text);
    let digits = digits.strip_suffix(b"\r").unwrap_or(digits);
    let value = |digit: u8| char::from(digit).to_digit(16);
    let byte = |pair: &[u8]| Some((value(pair[0])? * 16 + value(pair[1])?) as u8);
    if digits.len() != 2 * KEY_LENGTH {
        return Err(Unfit::NoKey);
    }
    let bytes: Option<Vec<u8>> = digits.chunks(2).map(byte).collect();
    let bytes = bytes.and_then(|bytes| bytes.try_into().ok()).ok_or(Unfit::NoKey)?;
    Ok(Key::new(bytes))
}

/// Puts a whole new file at `path` in one step, unless there is one by then: whoever looks finds none or all of it.
fn make(path: &Path) -> io::Result<()> {
    make_directory(file::folder(path))?;
    let key = Key::new(random::bytes());
    let digits: String = key.bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    file::create(path, format!("{digits}\n").as_bytes())
}

fn make_directory(directory: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(directory)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A directory of its own for each test, removed at the end.
    struct Place(PathBuf);

    impl Place {
        fn new() -> Self {
            let place = std::env::temp_dir().join(format!("key-test-{:x}", u64::from_ne_bytes(random::bytes())));
            fs::create_dir(&place).unwrap();
            Self(place)
        }

        fn file(&self, name: &str) -> PathBuf {
            self.0.join(name)
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn refusal(path: &Path) -> String {
        read(path).unwrap_err().to_string()
    }

    #[test]
    fn a_server_makes_the_file_and_a_client_reads_the_same_key() {
        let place = Place::new();
        let path = place.file("new/deep/exec.key");
        assert!(refusal(&path).contains("there is no key file"));
        let made = read_or_make(&path).unwrap();
        assert_eq!(read(&path).unwrap(), made);
        assert_eq!(read_or_make(&path).unwrap(), made);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "no draft is left");
        assert_ne!(read_or_make(&place.file("other")).unwrap(), made);
    }

    #[test]
    fn servers_that_start_at_the_same_time_agree_on_one_key() {
        let place = Place::new();
        for round in 0..20 {
            let path = place.file(&format!("{round}"));
            let start = std::sync::Barrier::new(4);
            let keys: Vec<Key> = std::thread::scope(|scope| {
                let one = || {
                    start.wait();
                    read_or_make(&path).unwrap()
                };
                let starts: Vec<_> = (0..4).map(|_| scope.spawn(one)).collect();
                starts.into_iter().map(|start| start.join().unwrap()).collect()
            });
            assert!(keys.windows(2).all(|pair| pair[0] == pair[1]), "round {round}");
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let place = Place::new();
        let good = "0123456789abcdefABCDEF".to_string() + &"0".repeat(42);
        let table: [(String, bool); 7] = [
            (good.clone(), true),
            (format!("{good}\r\n"), true),
            (String::new(), false),
            (good[1..].to_string(), false),
            (format!("{good}0"), false),
            (format!("{good}\n\n"), false),
            (good.replace('a', "g"), false),
        ];
        for (number, (text, is_key)) in table.iter().enumerate() {
            let path = place.file(&number.to_string());
            make(&path).unwrap();
            fs::write(&path, text).unwrap();
            assert_eq!(read(&path).is_ok(), *is_key, "{text:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_could_have_read_or_made_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;

        let place = Place::new();
        let path = place.file("key");
        read_or_make(&path).unwrap();
        for mode in [0o644, 0o640, 0o604, 0o620, 0o601] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert!(refusal(&path).contains(&format!("(mode {mode:04o})")), "{}", refusal(&path));
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
        read(&path).unwrap();
        std::os::unix::fs::symlink(&path, place.file("link")).unwrap();
        assert!(refusal(&place.file("link")).contains("a symbolic link"));
        assert!(refusal(&place.0).contains("no plain file"));
        std::os::unix::fs::symlink("/nowhere", place.file("dangling")).unwrap();
        let made = read_or_make(&place.file("dangling")).unwrap_err().to_string();
        assert!(made.contains("a symbolic link"), "{made}");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_of_another_user_is_refused() {
        let place = Place::new();
        let path = place.file("key");
        read_or_make(&path).unwrap();
        // Only root can give a file away; the system's own files are others' for everybody else.
        let path = match std::os::unix::fs::chown(&path, Some(65_534), None) {
            Ok(()) => path,
            Err(_) => PathBuf::from("/etc/passwd"),
        };
        assert!(refusal(&path).contains("another user (uid "), "{}", refusal(&path));
    }
}
