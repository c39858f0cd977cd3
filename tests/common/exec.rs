//! A server of remote commands with a key of its own, and its clients.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use socket_demos::exec::key;
use socket_demos::exec::tag::Key;
use socket_demos::terminal::input::charset_of_pipes;

use super::{Program, Running, Server, TCP_EXEC_CLIENT, TCP_EXEC_SERVER, UDP_EXEC_CLIENT, UDP_EXEC_SERVER};

/// A directory of its own for each test, removed at the end.
pub struct Place(PathBuf);

impl Place {
    pub fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        loop {
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            let path = std::env::temp_dir().join(format!("socket-demos-exec-{}-{number}", std::process::id()));
            match fs::create_dir(&path) {
                // One of an earlier run: Windows removes none that a program is still in, and Wine counts processes anew.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                made => {
                    made.unwrap();
                    return Self(path.canonicalize().unwrap());
                }
            }
        }
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_string()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The two programs of a transport.
#[derive(Clone, Copy, Debug)]
pub struct Pair {
    pub server: Program,
    pub client: Program,
}

pub const TCP: Pair = Pair { server: TCP_EXEC_SERVER, client: TCP_EXEC_CLIENT };

pub const UDP: Pair = Pair { server: UDP_EXEC_SERVER, client: UDP_EXEC_CLIENT };

/// A server in a directory of its own, with a key of its own in `key`.
pub struct Exec {
    pub server: Server,
    pub place: Place,
    pair: Pair,
}

impl Exec {
    pub fn start(pair: Pair, args: &[&str]) -> Self {
        Self::prepared(pair, args, |_| {})
    }

    /// A server that sees no /proc.
    #[cfg(target_os = "linux")]
    pub fn without_proc(pair: Pair, args: &[&str]) -> Option<Self> {
        without_proc(&Command::new("true"))?;
        let hide = |command: &mut Command| *command = without_proc(command).expect("it went well just now");
        Some(Self::prepared(pair, args, hide))
    }

    /// A server that is started a little differently.
    pub fn prepared(pair: Pair, args: &[&str], prepare: impl Fn(&mut Command)) -> Self {
        let place = Place::new();
        let mut command = Command::new(pair.server);
        command.arg("127.0.0.1:0").args(args).current_dir(place.path());
        command.env("SOCKET_DEMOS_KEY_FILE", place.file("key")).env("LC_ALL", "C.UTF-8");
        prepare(&mut command);
        Self { server: Server::of(Running::spawn(command)), place, pair }
    }

    pub fn key(&self) -> Key {
        key::read(Path::new(&self.place.file("key"))).unwrap()
    }

    /// A client that has the key.
    pub fn client(&self, args: &[&str]) -> Running {
        Running::spawn(self.client_command(args))
    }

    pub fn client_command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(self.pair.client);
        command.arg(self.server.address()).args(args).env("SOCKET_DEMOS_KEY_FILE", self.place.file("key"));
        command
    }

    /// Runs one command to its end: exit status, standard output, standard error.
    pub fn run(&self, command: &str) -> (Option<i32>, String, String) {
        let (status, out, err) = self.client(&["-c", command]).ended();
        (status.code(), String::from_utf8(out).unwrap(), err)
    }

    /// Feeds lines to a client and gives what comes of them.
    pub fn piped(&self, args: &[&str], lines: &str) -> (Option<i32>, String, String) {
        let mut client = self.client(args);
        client.feeds(&charset_of_pipes().encode(lines).unwrap());
        client.ends_input();
        let (status, out, err) = client.ended();
        (status.code(), String::from_utf8(out).unwrap(), err)
    }
}

/// Lets a prepared command run where /proc is empty. `None`, said aloud, where the right to do so is missing.
#[cfg(target_os = "linux")]
pub fn without_proc(command: &Command) -> Option<Command> {
    let unshare = || {
        let mut unshare = Command::new("unshare");
        unshare.args(["-rm", "sh", "-c", "mount -t tmpfs none /proc && exec \"$@\"", "sh"]);
        unshare
    };
    if !unshare().arg("true").output().is_ok_and(|tried| tried.status.success()) {
        super::not_run("unshare (util-linux), or the right to hide /proc with it, is missing");
        return None;
    }
    let mut hidden = unshare();
    hidden.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        hidden.env(name, value.unwrap());
    }
    if let Some(directory) = command.get_current_dir() {
        hidden.current_dir(directory);
    }
    Some(hidden)
}
