//! A server of remote commands with a key of its own, and its clients.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use socket_demos::exec::key;
use socket_demos::exec::tag::Key;
use socket_demos::terminal::input::charset_of_pipes;

use super::textbook::{Datagram, Textbook};
use super::{DEADLINE, Program, Running, Server, TCP_EXEC_CLIENT, TCP_EXEC_SERVER, UDP_EXEC_CLIENT, UDP_EXEC_SERVER};

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

/// How long an answer to the code is waited for before it is said again.
const AGAIN: Duration = Duration::from_millis(200);

/// What a server of the textbook's way says before its code.
const FIRST: &str = "type this first: ";

/// The answer to the code.
pub const RIGHT: &str = "* the code is right: now the commands\n";

/// The answer to anything else before it.
pub const WRONG: &str = "* first the code that the server's terminal shows, alone: nothing was run\n";

pub const UDP: Pair = Pair { server: UDP_EXEC_SERVER, client: UDP_EXEC_CLIENT };

/// A server of the textbook's way in a directory of its own, and the code that it shows.
pub struct Classic {
    pub server: Server,
    pub place: Place,
    pub code: String,
}

impl Classic {
    pub fn start(pair: Pair, args: &[&str]) -> Self {
        let mut command = Command::new(pair.server);
        command.args(["127.0.0.1:0", "--classic"]).args(args);
        Self::spawn(command)
    }

    /// A server by a prepared command, which has to put it into its place.
    pub fn spawn(mut command: Command) -> Self {
        let place = Place::new();
        command.current_dir(place.path()).env("LC_ALL", "C.UTF-8");
        let server = Server::of(Running::spawn(command));
        let code = server.running.word_after(FIRST);
        Self { server, place, code }
    }

    /// How many lines the commands of this test have left in the file `ran`.
    pub fn executions(&self) -> usize {
        fs::read_to_string(self.place.file("ran")).map_or(0, |ran| ran.lines().count())
    }

    /// Our own client in the textbook's way, in the server's encoding: that of the system, where it is not told another.
    pub fn client(pair: Pair, address: &str) -> Running {
        let mut command = Command::new(pair.client);
        command.args([address, "--classic"]).env("LC_ALL", "C.UTF-8");
        Running::spawn(command)
    }

    /// A textbook's client that has said the code.
    pub fn calls(&self) -> Textbook {
        let mut owner = Textbook::calls(self.server.address);
        owner.send(&self.code);
        assert_eq!(owner.recv_text(), RIGHT);
        owner
    }

    /// A textbook's client over UDP that has said the code, as often as a flooded server needs it.
    pub fn writes(&self) -> Datagram {
        let owner = Datagram::unbound_for(self.server.address);
        owner.0.set_read_timeout(Some(AGAIN)).unwrap();
        let (mut buffer, until) = ([0; 1024], Instant::now() + DEADLINE);
        loop {
            owner.send(&self.code, self.server.address);
            let answered = owner.0.recv(&mut buffer).is_ok_and(|received| &buffer[..received] == RIGHT.as_bytes());
            if answered {
                break;
            }
            assert!(Instant::now() < until, "no answer to the code: {}", self.server.running.err());
        }
        owner.0.set_read_timeout(Some(DEADLINE)).unwrap();
        owner
    }
}

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
