//! The servers to measure: started, waited for until they serve, killed in the end.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};
use std::{fs, thread};

use anyhow::{Context, Result, bail, ensure};

use super::DEADLINE;
use super::cpus::{self, Cpus};

/// Our server.
pub(super) const OURS: &str = env!("CARGO_BIN_EXE_tcp-chat-server");

/// Our time server.
const TIME: &str = env!("CARGO_BIN_EXE_time-server");

/// Our server of remote commands.
const EXEC: &str = env!("CARGO_BIN_EXE_tcp-exec-server");

/// The same over UDP.
const UDP_EXEC: &str = env!("CARGO_BIN_EXE_udp-exec-server");

/// The peer: it relays bytes among all its clients (`--broker`).
pub(super) const NCAT: &str = "ncat";

/// How long a server is watched to see whether it still works.
const IDLE_WINDOW: Duration = Duration::from_millis(20);

/// The CPU time in that window that still counts as idle: a timer may tick.
const IDLE_CPU_TIME: Duration = Duration::from_micros(500);

/// Between two looks at whether a server serves.
const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// A child that does not outlive this value.
pub(super) struct Process(pub(super) Child);

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only where the child has ended and been waited for already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A server that serves.
pub(super) struct Server {
    process: Process,
    address: SocketAddr,
}

impl Server {
    /// Our chat room, for `seats` clients at most.
    pub(super) fn room(cpus: &Cpus, seats: u32) -> Result<Self> {
        let seats = seats.to_string();
        Self::start(cpus, Command::new(OURS).args(["127.0.0.1:0", "--max-clients", &seats, "--lang", "en"]))
    }

    /// ncat as a room: whatever one client sends, every other one gets, without a label.
    pub(super) fn broker(cpus: &Cpus, seats: u32) -> Result<Self> {
        // Its own limit is 100 clients; select ends it at 1,024 descriptors.
        Self::ncat(cpus, &["--broker", "--max-conns", &seats.to_string()])
    }

    /// ncat with `cat` behind it: an echo through two pipes.
    pub(super) fn ncat_cat(cpus: &Cpus) -> Result<Self> {
        Self::ncat(cpus, &["--keep-open", "--exec", "/bin/cat"])
    }

    /// Our time server.
    pub(super) fn time(cpus: &Cpus) -> Result<Self> {
        Self::start(cpus, Command::new(TIME).args(["127.0.0.1:0", "--lang", "en"]))
    }

    /// The C program of `benches/time.c`: recvfrom, sendto; with an argument recvmmsg, sendmmsg.
    pub(super) fn c_time(cpus: &Cpus, args: &[&str]) -> Result<Self> {
        Self::start(cpus, compiled("time")?.args(args))
    }

    /// Our server of remote commands, with a key that it makes at `key`. Its log goes to /dev/null.
    pub(super) fn exec(cpus: &Cpus, key: &Path) -> Result<Self> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
        let mut command = Command::new(EXEC);
        command.arg(address.to_string()).arg("--key-file").arg(key).args(["--lang", "en"]);
        let server = Self::silent(cpus, &mut command, address)?;
        server.wait_until_it_accepts()?;
        // The first one to serve makes the key, after it has begun to listen.
        let started = Instant::now();
        while !key.exists() {
            ensure!(started.elapsed() < DEADLINE, "no key at {}", key.display());
            thread::sleep(LOOK_AGAIN);
        }
        Ok(server)
    }

    /// The same over UDP, with the key at `key`.
    pub(super) fn udp_exec(cpus: &Cpus, key: &Path) -> Result<Self> {
        Self::start(cpus, Command::new(UDP_EXEC).args(["127.0.0.1:0", "--lang", "en", "--key-file"]).arg(key))
    }

    /// The C program of `benches/exec.c`: the output of `command` in frames without tags.
    pub(super) fn c_exec(cpus: &Cpus, command: &str) -> Result<Self> {
        Self::start(cpus, compiled("exec")?.args(["serve", command]))
    }

    /// ncat with a shell behind it, which runs `command` for each client.
    pub(super) fn ncat_exec(cpus: &Cpus, command: &str) -> Result<Self> {
        Self::ncat(cpus, &["--keep-open", "--sh-exec", command])
    }

    /// Waits for one that does not say when it serves.
    pub(super) fn wait_until_it_accepts(&self) -> Result<()> {
        let started = Instant::now();
        while let Err(error) = TcpStream::connect(self.address) {
            ensure!(started.elapsed() < DEADLINE, "nothing serves at {}: {error}", self.address);
            thread::sleep(LOOK_AGAIN);
        }
        Ok(())
    }

    /// A server that does not say when it serves, nor where: at `address`.
    pub(super) fn silent(cpus: &Cpus, command: &mut Command, address: SocketAddr) -> Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = cpus.on_server_cpu(|| command.spawn())?.with_context(|| format!("cannot start {command:?}"))?;
        Ok(Self { process: Process(child), address })
    }

    /// The C program of `benches/echo.c`: each line back to its sender.
    pub(super) fn c_echo(cpus: &Cpus) -> Result<Self> {
        Self::start(cpus, &mut compiled("echo")?)
    }

    /// The same between two clients: each line to the other one.
    pub(super) fn c_pair(cpus: &Cpus) -> Result<Self> {
        Self::start(cpus, compiled("echo")?.arg("pair"))
    }

    /// ncat does not tell which port it got for port 0, so the kernel is asked for one before.
    fn ncat(cpus: &Cpus, arguments: &[&str]) -> Result<Self> {
        let port = free_port()?.to_string();
        // -v makes it print a ready line; it says nothing more about single lines.
        let at = ["-v", "--listen", "127.0.0.1", &port];
        Self::start(cpus, Command::new(NCAT).args(at).args(arguments))
    }

    /// Starts `command` on the server's CPU and waits until it serves.
    ///
    /// Its input stays open and empty. What it prints for its own terminal goes to /dev/null, so that the load
    /// generator spends nothing on it.
    pub(super) fn start(cpus: &Cpus, command: &mut Command) -> Result<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let child = cpus.on_server_cpu(|| command.spawn())?.with_context(|| format!("cannot start {command:?}"))?;
        let mut process = Process(child);
        let stderr = process.0.stderr.take().context("stderr is a pipe")?;
        let address = wait_until_ready(stderr).with_context(|| format!("starting {command:?}"))?;
        Ok(Self { process, address })
    }

    /// Where it listens.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The CPU time it has used so far.
    pub(super) fn cpu_time(&self) -> Result<Duration> {
        cpus::cpu_time(self.process.0.id())
    }

    /// Its resident memory in KiB.
    pub(super) fn resident_kib(&self) -> Result<u32> {
        memory_kib(self.process.0.id(), "VmRSS:")
    }

    /// The most memory that it has held, in KiB.
    pub(super) fn peak_kib(&self) -> Result<u32> {
        memory_kib(self.id(), "VmHWM:")
    }

    /// The number of its process.
    pub(super) fn id(&self) -> u32 {
        self.process.0.id()
    }

    /// How many sockets it holds. By inode: a server may hold one twice, to read and to write.
    pub(super) fn sockets(&self) -> Result<usize> {
        let open = fs::read_dir(format!("/proc/{}/fd", self.process.0.id()))?;
        let sockets: HashSet<_> = open
            .filter_map(|entry| fs::read_link(entry.ok()?.path()).ok())
            .filter(|target| target.to_string_lossy().starts_with("socket:"))
            .collect();
        Ok(sockets.len())
    }

    /// Waits until it has nothing left to do, seen by its CPU clock.
    pub(super) fn wait_until_idle(&self) -> Result<()> {
        let started = Instant::now();
        while started.elapsed() < DEADLINE {
            let before = self.cpu_time()?;
            thread::sleep(IDLE_WINDOW);
            if self.cpu_time()?.saturating_sub(before) < IDLE_CPU_TIME {
                return Ok(());
            }
        }
        bail!("the server is still busy after {DEADLINE:?}");
    }
}

/// For a server that does not tell which port it got for port 0.
pub(super) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// The program of `benches/NAME.c`.
pub(super) fn compiled(name: &str) -> Result<Command> {
    let program = format!("{}/{name}", env!("CARGO_TARGET_TMPDIR"));
    let source = format!("{}/benches/{name}.c", env!("CARGO_MANIFEST_DIR"));
    let status = Command::new("cc").args(["-O2", "-o", &program, &source]).status()?;
    ensure!(status.success(), "cc -O2 -o {program} {source}: {status}");
    Ok(Command::new(program))
}

/// One value of `/proc/PID/status` in KiB, as `VmRSS:` or `VmHWM:`.
pub(super) fn memory_kib(pid: u32, field: &str) -> Result<u32> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let value = line.and_then(|rest| rest.split_whitespace().next());
    value.with_context(|| format!("no {field} in the status of {pid}"))?.parse().context("KiB")
}

/// The address in a server's ready line. What it says later is read and dropped, so that it never waits for us.
fn wait_until_ready(stderr: ChildStderr) -> Result<SocketAddr> {
    let (said, heard) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            // Nobody listens any more once the server is ready.
            let _ = said.send(line);
        }
    });
    let started = Instant::now();
    let mut before = String::new();
    loop {
        let left = DEADLINE.saturating_sub(started.elapsed());
        let Ok(line) = heard.recv_timeout(left) else {
            bail!("it did not print its ready line, but: {before:?}");
        };
        if let Some(address) = address_of_ready_line(&line) {
            return Ok(address);
        }
        before += &line;
    }
}

/// Ours says "listening on ADDRESS", ncat "Listening on ADDRESS".
fn address_of_ready_line(line: &str) -> Option<SocketAddr> {
    line.to_lowercase().contains("listening on").then_some(line)?.split(' ').next_back()?.parse().ok()
}

/// Whether a program can be started here at all.
pub(super) fn is_installed(program: &str) -> bool {
    first_line_of_version(program, "--version").is_some()
}

/// The peers of this run, with their versions, for the head of the table.
pub(super) fn peers() -> String {
    [("ncat", "--version"), ("cc", "--version"), ("chronyd", "--version"), ("ssh", "-V")]
        .map(|(name, flag)| first_line_of_version(name, flag).unwrap_or(format!("{name} NOT INSTALLED")))
        .join(", ")
}

fn first_line_of_version(program: &str, flag: &str) -> Option<String> {
    match Command::new(program).arg(flag).stdin(Stdio::null()).output() {
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => Some(format!("{program} ({error})")),
        Ok(output) => {
            // ncat and ssh print their versions on stderr.
            let said = [output.stdout, output.stderr].concat();
            String::from_utf8_lossy(&said).lines().next().map(str::to_owned)
        }
    }
}
