//! ssh beside us: a server of our own on a port of its own, and one connection to it that has been made already.
//!
//! Without that connection (`ControlMaster`) every command would pay for the exchange of keys, a tenth of a second.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::DEADLINE;
use super::cpus::{Cpus, Seats};
use super::servers::{Process, Server, free_port, memory_kib};

/// It wants to be started by its whole path.
const SSHD: &str = "/usr/sbin/sshd";

/// The fastest of its ciphers that also authenticates.
const CIPHER: &str = "aes128-gcm@openssh.com";

/// An empty directory that it insists on when it runs as root. Its package makes it when the service starts.
const PRIVILEGE_SEPARATION: &str = "/run/sshd";

/// Between two looks at whether the connection is there.
const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// A server and the connection to it.
pub(super) struct Ssh {
    control: PathBuf,
    _connection: Process,
    server: Server,
}

/// Whether it can be measured here.
pub(super) fn is_installed() -> bool {
    Path::new(SSHD).exists() && super::servers::is_installed("ssh")
}

impl Ssh {
    /// Starts both, with a key in `directory` that is the server's and the user's at once.
    pub(super) fn start(cpus: &Cpus, seats: Seats, directory: &Path) -> Result<Self> {
        let (key, control) = (directory.join("ssh"), directory.join("control"));
        if !key.exists() {
            let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).status()?;
            ensure!(made.success(), "ssh-keygen: {made}");
        }
        let server = serve(cpus, directory, &key)?;
        let port = server.address().port().to_string();
        let mut connect = Command::new("ssh");
        connect.args(["-F", "none", "-N", "-M", "-c", CIPHER, "-p", &port, "-i"]).arg(&key).arg("-S").arg(&control);
        for option in ["BatchMode=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR"] {
            connect.args(["-o", option]);
        }
        connect.arg("127.0.0.1").stdin(Stdio::null());
        let connection = cpus.on_client_cpu(seats, || connect.spawn())?.context("cannot start ssh")?;
        let ssh = Self { control, _connection: Process(connection), server };
        let started = Instant::now();
        while !ssh.command("true").output()?.status.success() {
            ensure!(started.elapsed() < DEADLINE, "ssh does not connect");
            thread::sleep(LOOK_AGAIN);
        }
        Ok(ssh)
    }

    /// The client that has `command` run over the connection.
    pub(super) fn command(&self, command: &str) -> Command {
        let mut client = Command::new("ssh");
        client.args(["-F", "none", "-S"]).arg(&self.control).args(["127.0.0.1", command]).stdin(Stdio::null());
        client
    }

    /// The most memory that the process of the connection has held, in KiB: of those that the server has started, the
    /// largest, since a user's connection has two or three.
    pub(super) fn peak_kib(&self) -> Result<u32> {
        largest_kib(self.server.id())
    }
}

impl Drop for Ssh {
    fn drop(&mut self) {
        // The next connection needs the name.
        let _ = fs::remove_file(&self.control);
    }
}

/// What sshd is told. The user's shell is given another home: what it does when it starts (`~/.bashrc`) is not what is
/// measured.
fn settings(port: u16, directory: &Path, key: &Path) -> String {
    let (directory, key) = (directory.display(), key.display());
    format!(
        "ListenAddress 127.0.0.1\nPort {port}\nHostKey {key}\nAuthorizedKeysFile {key}.pub\nSetEnv HOME={directory}\n\
         PidFile none\nStrictModes no\nUsePAM no\n"
    )
}

fn serve(cpus: &Cpus, directory: &Path, key: &Path) -> Result<Server> {
    let (port, file) = (free_port()?, directory.join("sshd_config"));
    fs::write(&file, settings(port, directory, key))?;
    // Where it is needed and may not be made, sshd ends, and the row says that nothing serves.
    let _ = fs::create_dir(PRIVILEGE_SEPARATION);
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let server = Server::silent(cpus, Command::new(SSHD).arg("-D").arg("-f").arg(&file), address)?;
    server.wait_until_it_accepts().with_context(|| format!("{SSHD} does not serve"))?;
    Ok(server)
}

fn largest_kib(pid: u32) -> Result<u32> {
    let mut largest = memory_kib(pid, "VmHWM:")?;
    for child in fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))?.split_whitespace() {
        let is_sshd = fs::read_to_string(format!("/proc/{child}/comm")).is_ok_and(|name| name == "sshd\n");
        if is_sshd {
            largest = largest.max(largest_kib(child.parse()?)?);
        }
    }
    Ok(largest)
}
