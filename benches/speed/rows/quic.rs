//! QUIC beside us: the program of `benches/quic`, a package of its own, so that those who build ours need not compile
//! quinn.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::cpus::Cpus;
use super::servers::Server;

/// The program, built. Cargo says on stderr what it does: the first time it takes a minute.
pub(super) fn build() -> Result<PathBuf> {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/quic/Cargo.toml");
    // A package that was downloaded has no package inside.
    ensure!(Path::new(manifest).exists(), "there is no {manifest}: it is in the repository");
    let target = concat!(env!("CARGO_TARGET_TMPDIR"), "/quic");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--release", "--locked", "--manifest-path", manifest, "--target-dir", target]);
    let status = cargo.stdin(Stdio::null()).status().with_context(|| format!("cannot start {cargo:?}"))?;
    ensure!(status.success(), "cannot build it (without a network?), {cargo:?}: {status}");
    Ok(Path::new(target).join("release/quic-bulk"))
}

/// A server that runs `command` for each client, and leaves its certificate in `scratch`.
pub(super) fn serve(cpus: &Cpus, program: &Path, scratch: &Path, command: &str) -> Result<Server> {
    Server::start(cpus, Command::new(program).arg("serve").arg(certificate(scratch)).arg(command))
}

/// A client that writes what comes from `server` on its stdout.
pub(super) fn client(program: &Path, scratch: &Path, server: &Server) -> Command {
    let mut client = Command::new(program);
    client.arg("read").arg(certificate(scratch)).arg(server.address().to_string()).stdin(Stdio::null());
    client
}

fn certificate(scratch: &Path) -> PathBuf {
    scratch.join("certificate")
}
