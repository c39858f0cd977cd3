//! Real programs as processes, and peers that are not ours.
//!
//! Nothing here sleeps for luck: every wait ends with what it waits for, or fails at a deadline with the command and
//! all that it printed.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part of it")]

#[cfg(target_os = "linux")]
pub mod completion;
pub mod exec;
#[cfg(target_os = "linux")]
pub mod forge;
pub mod help;
#[cfg(target_os = "linux")]
pub mod inject;
#[cfg(target_os = "linux")]
pub mod lan;
pub mod matrix;
pub mod pages;
mod programs;
pub mod relay;
#[cfg(unix)]
pub mod terminal;
pub mod textbook;

use std::ffi::OsStr;
use std::fmt::Debug;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
#[cfg(unix)]
use std::sync::LazyLock;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use socket_demos::terminal::input::charset_of_pipes;

pub use programs::*;

/// The longest wait of any test. Two busy cores under Wine need seconds where one program alone needs milliseconds.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// What a stream of the child has brought so far.
#[derive(Default)]
struct Collected {
    bytes: Mutex<(Vec<u8>, bool)>,
    changed: Condvar,
}

impl Collected {
    fn from(mut stream: impl Read + Send + 'static) -> Arc<Self> {
        let collected = Arc::new(Self::default());
        let filled = Arc::clone(&collected);
        thread::spawn(move || {
            let mut buffer = [0; 16384];
            loop {
                let read = stream.read(&mut buffer).unwrap_or(0);
                let mut bytes = filled.bytes.lock().unwrap();
                bytes.0.extend_from_slice(&buffer[..read]);
                bytes.1 = read == 0;
                filled.changed.notify_all();
                if read == 0 {
                    return;
                }
            }
        });
        collected
    }

    /// Waits until `enough` gives something, or the stream has ended, or the deadline is over.
    fn wait<T>(&self, mut enough: impl FnMut(&[u8], bool) -> Option<T>) -> Option<T> {
        let deadline = Instant::now() + DEADLINE;
        let mut bytes = self.bytes.lock().unwrap();
        loop {
            if let Some(found) = enough(&bytes.0, bytes.1) {
                return Some(found);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if bytes.1 || left.is_zero() {
                return None;
            }
            bytes = self.changed.wait_timeout(bytes, left).unwrap().0;
        }
    }

    fn now(&self) -> Vec<u8> {
        self.bytes.lock().unwrap().0.clone()
    }
}

/// Starts a program. Wine sometimes cannot at the first attempt when others have just been killed (internal error, 1359).
fn start(command: &mut Command) -> std::io::Result<Child> {
    const WINE_INTERNAL_ERROR: i32 = 1359;
    let attempts = if wine() { 10 } else { 1 };
    let mut started = command.spawn();
    for _ in 1..attempts {
        if !started.as_ref().is_err_and(|error| error.raw_os_error() == Some(WINE_INTERNAL_ERROR)) {
            break;
        }
        thread::sleep(Duration::from_millis(100));
        started = command.spawn();
    }
    started
}

/// A running program, killed when the test is done with it.
pub struct Running {
    command: String,
    child: Child,
    input: Option<ChildStdin>,
    out: Arc<Collected>,
    err: Arc<Collected>,
}

impl Running {
    /// Starts `program` in English with its three streams piped.
    pub fn start(program: impl AsRef<OsStr>, args: &[&str]) -> Self {
        let mut command = Command::new(program);
        command.args(args);
        Self::spawn(command)
    }

    /// Starts a prepared command.
    pub fn spawn(mut command: Command) -> Self {
        let shown = format!("{command:?}");
        command.env("SOCKET_DEMOS_LANG", "en").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = start(&mut command).unwrap_or_else(|error| panic!("{shown}: {error}"));
        let out = Collected::from(child.stdout.take().unwrap());
        let err = Collected::from(child.stderr.take().unwrap());
        Self { command: shown, input: child.stdin.take(), child, out, err }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Types a line, in the encoding that pipes have here.
    pub fn types(&mut self, line: &str) {
        let bytes = charset_of_pipes().encode(line).unwrap();
        self.feeds(&[&bytes[..], b"\n"].concat());
    }

    /// Gives bytes to standard input. A program that has ended already does not want them.
    pub fn feeds(&mut self, bytes: &[u8]) {
        let _ = self.input.as_mut().expect("the input is open").write_all(bytes);
    }

    /// Ends standard input.
    pub fn ends_input(&mut self) {
        self.input = None;
    }

    /// Waits until standard output holds `text`, and gives all of it.
    pub fn says(&self, text: &str) -> String {
        self.find(&self.out, text)
    }

    /// Waits until standard error holds `text`, and gives all of it.
    pub fn notes(&self, text: &str) -> String {
        self.find(&self.err, text)
    }

    /// What follows `text` on a line of standard error.
    pub fn word_after(&self, text: &str) -> String {
        let found = self.err.wait(|bytes, _| {
            let so_far = String::from_utf8_lossy(bytes).into_owned();
            let (word, _) = so_far.split_once(text)?.1.split_once('\n')?;
            Some(word.trim_end().to_string())
        });
        found.unwrap_or_else(|| self.fail(&format!("nothing came after {text:?}")))
    }

    fn find(&self, stream: &Collected, text: &str) -> String {
        let found = stream.wait(|bytes, _| {
            let so_far = String::from_utf8_lossy(bytes);
            so_far.contains(text).then(|| so_far.into_owned())
        });
        found.unwrap_or_else(|| self.fail(&format!("{text:?} did not come")))
    }

    /// What standard output holds by now.
    pub fn out(&self) -> Vec<u8> {
        self.out.now()
    }

    /// What standard error holds by now.
    pub fn err(&self) -> String {
        String::from_utf8_lossy(&self.err.now()).into_owned()
    }

    /// Waits for the end, and gives the status, all of standard output, and all of standard error.
    pub fn ended(&mut self) -> (ExitStatus, Vec<u8>, String) {
        self.ended_within(DEADLINE)
    }

    /// The same for a program that may take longer.
    pub fn ended_within(&mut self, limit: Duration) -> (ExitStatus, Vec<u8>, String) {
        let deadline = Instant::now() + limit;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if Instant::now() > deadline {
                self.fail("it did not end");
            }
            // Not for luck: the standard library cannot wait for a child with a deadline.
            thread::sleep(Duration::from_millis(5));
        };
        self.out.wait(|_, ended| ended.then_some(()));
        self.err.wait(|_, ended| ended.then_some(()));
        (status, self.out(), self.err())
    }

    /// Ends the input, waits for the end, and asserts that all went well.
    pub fn ended_well(&mut self) -> String {
        let (status, out, _) = self.ended();
        if !status.success() {
            self.fail(&format!("ended with {status}"));
        }
        String::from_utf8(out).expect("UTF-8")
    }

    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends a signal by its name, as `kill -NAME` does.
    #[cfg(unix)]
    pub fn signal(&self, name: &str) {
        send_signal(self.pid(), name);
    }

    pub fn fail(&self, why: &str) -> ! {
        let (out, err) = (String::from_utf8_lossy(&self.out.now()).into_owned(), self.err());
        let short = |text: &str| text.chars().take(4000).collect::<String>();
        panic!("{why}\ncommand: {}\nstdout: {}\nstderr: {}", self.command, short(&out), short(&err));
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(unix)]
pub fn send_signal(pid: u32, name: &str) {
    let status = Command::new("kill").args([format!("-{name}"), pid.to_string()]).status().unwrap();
    assert!(status.success(), "kill -{name} {pid}");
}

/// The library of `faketime`. Its program makes a semaphore with the number of its process in the name, and fails where one
/// of an earlier process of that number was left behind: the next one has another number.
#[cfg(unix)]
static FAKETIME: LazyLock<String> = LazyLock::new(|| {
    let ask = || Command::new("faketime").args(["-f", "+0s", "printenv", "LD_PRELOAD"]).output().unwrap();
    let asked = std::iter::repeat_with(ask).take(20).find(|asked| asked.status.success() && !asked.stdout.is_empty());
    String::from_utf8(asked.expect("faketime tells its library").stdout).unwrap().trim().to_string()
});

/// A program on a machine whose clock shows another time, by the library of `faketime`; only the calendar, not the waits.
/// `faketime` itself would run it as a child of its own, which outlives it when a test ends it.
#[cfg(unix)]
pub fn at_another_time(program: impl AsRef<OsStr>, clock: &str) -> Command {
    let mut command = Command::new(program);
    command.env("LD_PRELOAD", FAKETIME.as_str()).env("FAKETIME", clock);
    command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1").env("DONT_FAKE_MONOTONIC", "1");
    command
}

/// Runs a program to its end with `input`; gives the exit code, standard output and standard error.
pub fn run(program: impl AsRef<OsStr>, args: &[&str], input: &str) -> (Option<i32>, String, String) {
    let mut running = Running::start(program, args);
    running.feeds(&charset_of_pipes().encode(input).unwrap());
    running.ends_input();
    let (status, out, err) = running.ended();
    (status.code(), String::from_utf8_lossy(&out).into_owned(), err)
}

/// Runs a program to its end with nothing to read.
pub fn quick(program: Program, args: &[&str]) -> (Option<i32>, String, String) {
    run(program, args, "")
}

/// A failure: its exit code and its one line.
pub fn failure(program: Program, args: &[&str]) -> (Option<i32>, String) {
    let (code, out, err) = quick(program, args);
    assert_eq!((out.as_str(), err.lines().count()), ("", 1), "{args:?}: {err}");
    (code, err)
}

/// A chat server on a port of the system's choice.
pub struct Server {
    pub running: Running,
    pub address: SocketAddr,
}

impl Server {
    pub fn start(args: &[&str]) -> Self {
        Self::of_program(SERVER, args)
    }

    /// Any server of ours, on a port of the system's choice.
    pub fn of_program(program: Program, args: &[&str]) -> Self {
        Self::of(Running::start(program, &[&["127.0.0.1:0"], args].concat()))
    }

    /// Takes a server that has just been started: the last word of its ready line is its address.
    pub fn of(running: Running) -> Self {
        let ready = |bytes: &[u8], _| {
            let text = String::from_utf8_lossy(bytes);
            let end = text.find('\n')?;
            text[..end].rsplit(' ').next()?.parse().ok()
        };
        let address = running.err.wait(ready).unwrap_or_else(|| running.fail("no ready line"));
        Self { running, address }
    }

    /// A raw connection.
    pub fn connect(&self) -> Peer {
        Peer::connect(self.address)
    }

    /// A raw connection that is in the room under `name`.
    pub fn join(&self, name: &str) -> Peer {
        let mut peer = self.connect();
        peer.sends(&format!("/name {name}\n"));
        peer.hears_until(&format!("welcome, {name}\n"));
        peer
    }

    pub fn port(&self) -> String {
        self.address.port().to_string()
    }

    pub fn address(&self) -> String {
        self.address.to_string()
    }
}

/// A raw TCP connection, read by lines or by bytes.
pub struct Peer {
    pub reader: BufReader<TcpStream>,
}

impl Peer {
    pub fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        Self::of(stream)
    }

    pub fn of(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.set_write_timeout(Some(DEADLINE)).unwrap();
        Self { reader: BufReader::new(stream) }
    }

    pub fn stream(&self) -> &TcpStream {
        self.reader.get_ref()
    }

    pub fn sends(&mut self, text: &str) {
        self.stream().write_all(text.as_bytes()).unwrap();
    }

    /// The next line, with its newline; empty at the end of the stream.
    pub fn line(&mut self) -> String {
        let mut line = Vec::new();
        self.reader.read_until(b'\n', &mut line).unwrap_or_else(|error| panic!("no line: {error}"));
        String::from_utf8(line).unwrap()
    }

    /// All that comes up to and with `text`.
    pub fn hears_until(&mut self, text: &str) -> String {
        let mut heard = String::new();
        while !heard.contains(text) {
            let line = self.line();
            assert!(!line.is_empty(), "the stream ended before {text:?}; heard {heard:?}");
            heard += &line;
        }
        heard
    }

    /// All that comes until the end of the stream; a reset counts as the end.
    pub fn rest(&mut self) -> String {
        let mut rest = Vec::new();
        let mut buffer = [0; 16384];
        loop {
            match self.reader.read(&mut buffer) {
                Ok(read @ 1..) => rest.extend_from_slice(&buffer[..read]),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Ok(_) | Err(_) => break,
            }
        }
        String::from_utf8(rest).unwrap()
    }

    pub fn address(&self) -> SocketAddr {
        self.stream().local_addr().unwrap()
    }
}

/// The resident memory of a process in bytes; 0 where it cannot be seen.
pub fn memory(pid: u32) -> usize {
    memory_of(pid, "VmRSS:")
}

/// The most that a process has had of it.
pub fn peak_memory(pid: u32) -> usize {
    memory_of(pid, "VmHWM:")
}

fn memory_of(pid: u32, what: &str) -> usize {
    // Under Wine the file exists, but is that of some process of the system below.
    if !cfg!(target_os = "linux") {
        return 0;
    }
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(what)).unwrap_or("0 kB");
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
}

/// Waits until `probe` gives what is wanted, asking again and again.
pub fn eventually<T: Debug + PartialEq>(wanted: T, mut probe: impl FnMut() -> T) {
    let deadline = Instant::now() + DEADLINE;
    loop {
        let found = probe();
        if found == wanted {
            return;
        }
        assert!(Instant::now() < deadline, "wanted {wanted:?}, found {found:?}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Whether a peer is installed; where it is not, [`not_run`] says so.
pub fn have(peer: &str) -> bool {
    let search = || Command::new("sh").args(["-c", &format!("command -v {peer}")]).output();
    let found = cfg!(unix) && search().is_ok_and(|output| output.status.success());
    if !found {
        not_run(&format!("{peer} is not installed"));
    }
    found
}

/// Says that a test cannot run here. With `REQUIRE_PEERS`, as in `.ci/run`, it is a failure; under Wine and on Windows some peers cannot be had.
pub fn not_run(why: &str) {
    assert!(!cfg!(unix) || std::env::var_os("REQUIRE_PEERS").is_none(), "this test is to run here, but {why}");
    matrix::says_not_run(why);
}

/// The folder of the whole, with the READMEs and the docs in it.
pub fn root() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.ancestors().find(|folder| folder.join("README.md").exists() && folder.join("docs").exists()).unwrap()
}

/// Every Rust file in a folder and below it.
pub fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Whether the tests run under Wine, where some things are not as on Windows.
pub fn wine() -> bool {
    std::env::var_os("SOCKET_DEMOS_WINE").is_some()
}
