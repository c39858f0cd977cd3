//! Where commands run: `cd DIR` alone is for all that follow, and the shell is the judge of DIR.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;

use super::system;
use crate::text::Charset;

/// Where commands run, and where they ran before (`cd -`).
#[derive(Clone, Debug, Default)]
pub struct WorkingDirectory {
    /// Where it is; `None` is the server's own.
    pub path: Option<PathBuf>,
    pub(super) before: Option<PathBuf>,
}

impl WorkingDirectory {
    /// The server's own working directory.
    ///
    /// # Errors
    /// It has gone, or may not be seen.
    pub fn here() -> io::Result<Self> {
        Ok(Self { path: Some(std::env::current_dir()?), before: None })
    }

    /// The top of all directories, with the shell told that it is still where it was: for a `cd` away from a directory
    /// that has gone.
    #[must_use]
    pub fn top(&self) -> Self {
        Self { path: Some("/".into()), before: self.path.clone() }
    }

    /// Goes to `directory`.
    pub fn go(&mut self, directory: PathBuf) {
        self.before = self.path.replace(directory);
    }
}

/// What the shell is given to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// A command.
    Command(OsString),
    /// `cd DIR` alone: then the shell says where it is.
    ChangeDirectory(OsString),
}

/// A command as the shell takes it: `None` for bytes that no command can have. `cd DIR` alone is for where the next
/// commands run; the `cd` of any other command is its own business.
pub fn as_line(command: &[u8]) -> Option<Line> {
    let line = system::as_text(command)?;
    Some(if is_cd_alone(command.trim_ascii()) { Line::ChangeDirectory(line) } else { Line::Command(line) })
}

/// As [`as_line`], for servers where every command begins in the server's own directory.
pub fn as_command(command: &[u8]) -> Option<Line> {
    system::as_text(command).map(Line::Command)
}

fn is_cd_alone(command: &[u8]) -> bool {
    let Some(arguments) = command.strip_prefix(b"cd") else { return false };
    let next = arguments.first();
    let alone = next.is_none_or(|next| b" \t".contains(next) || cfg!(windows) && b".\\/".contains(next));
    alone && !has_operator(arguments)
}

/// Whether an unquoted character makes this more than one simple command.
fn has_operator(arguments: &[u8]) -> bool {
    let (mut quote, mut escaped) = (None, false);
    for &c in arguments {
        match (quote, c) {
            _ if escaped => escaped = false,
            (Some(b'"') | None, b'\\') if cfg!(unix) => escaped = true,
            (Some(open), _) => quote = Some(open).filter(|open| *open != c),
            (None, b'"' | b'\'') => quote = Some(c),
            (None, b';' | b'&' | b'|' | b'<' | b'>' | b'\n') => return true,
            (None, _) => {}
        }
    }
    false
}

/// The directory that a [`Line::ChangeDirectory`] has said.
pub fn said_directory(said: &[u8]) -> Option<PathBuf> {
    system::as_path(said).filter(|path| path.is_absolute())
}

/// The path of `directory` as bytes in `charset`.
#[cfg_attr(unix, expect(unused_variables, reason = "on Unix a path is bytes already"))]
pub fn as_bytes(directory: &WorkingDirectory, charset: Charset) -> Vec<u8> {
    let path = directory.path.clone().unwrap_or_default();
    #[cfg(unix)]
    let bytes = std::os::unix::ffi::OsStringExt::into_vec(path.into_os_string());
    #[cfg(windows)]
    let bytes = charset.encode_lossy(&path.to_string_lossy());
    bytes
}

#[cfg(all(test, unix))]
mod tests {
    use super::super::Job;
    use super::*;
    use crate::exec::protocol::Outcome;
    use crate::terminal::screen::Output;

    #[test]
    fn cd_alone_is_told_from_other_commands() {
        let is_cd = |command: &str| matches!(as_line(command.as_bytes()), Some(Line::ChangeDirectory(_)));
        for alone in ["cd", " cd  /tmp ", "cd 'a;b'", "cd \"x & y\"", "cd a\\;b", "cd -", "cd $(pwd)/x", "cd a # b"] {
            assert!(is_cd(alone), "{alone}");
        }
        let others = ["cdx", "cd a; ls", "cd a && ls", "ls; cd /", "cd a | b", "echo cd", "cd 'a' ;b", "cd a\nls"];
        for other in others {
            assert!(!is_cd(other), "{other}");
        }
        assert_eq!(as_line(b"a\0b"), None);
    }

    /// Where `cd` leads, and what it says on standard error.
    fn go(command: &[u8], place: &WorkingDirectory) -> (Option<PathBuf>, String) {
        let (job, pipes) = Job::start(&as_line(command).unwrap(), place).unwrap();
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let outcome = job.pump(pipes, |output, piece| {
            if output == Output::Out {
                out.extend_from_slice(piece);
            } else {
                err.extend_from_slice(piece);
            }
            Ok(())
        });
        let went = said_directory(&out).filter(|_| outcome == Outcome::Exited(0));
        (went, String::from_utf8_lossy(&err).into_owned())
    }

    #[test]
    fn the_shell_judges_the_directory_and_says_where_it_is() {
        let here = WorkingDirectory::here().unwrap();
        assert_eq!(go(b"cd /usr/../tmp # there", &here).0, Some("/tmp".into()));
        assert_eq!(go(b"cd \"$(echo /)tmp\"", &here).0, Some("/tmp".into()));
        let (went, err) = go(b"cd /nowhere", &here);
        assert!(went.is_none() && err.contains("/nowhere"), "{err}");
        for broken in [&b"cd 'open"[..], b"cd nowhere\\", b"cd \xff\xfe"] {
            let (went, err) = go(broken, &here);
            assert!(went.is_none() && !err.is_empty(), "{err}");
        }
        let mut there = here.clone();
        there.go("/tmp".into());
        assert_eq!(go(b"cd -", &there).0, here.path);
        assert_eq!(go(b"cd /", &there.top()).0, Some("/".into()));
    }
}
