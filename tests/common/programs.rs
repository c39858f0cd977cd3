//! Our programs, and where they are.

use std::collections::BTreeMap;
use std::env::consts::EXE_SUFFIX;
use std::ffi::OsStr;
use std::fmt;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use super::root;

/// A program of ours. In a command, and wherever it is shown, it is the path of its file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Program {
    pub name: &'static str,
    /// Its file, in the tests of its own package: cargo has built it for them, and tells where.
    built: Option<&'static str>,
}

macro_rules! program {
    ($name:literal) => {
        Program { name: $name, built: option_env!(concat!("CARGO_BIN_EXE_", $name)) }
    };
}

pub const SERVER: Program = program!("tcp-chat-server");
pub const CLIENT: Program = program!("tcp-chat-client");
pub const UDP_SERVER: Program = program!("udp-chat-server");
pub const UDP_CLIENT: Program = program!("udp-chat-client");
pub const QQ_SERVER: Program = program!("udp-qq-server");
pub const QQ_CLIENT: Program = program!("udp-qq-client");
pub const TIME_SERVER: Program = program!("time-server");
pub const TIME_CLIENT: Program = program!("time-client");
pub const TCP_EXEC_SERVER: Program = program!("tcp-exec-server");
pub const TCP_EXEC_CLIENT: Program = program!("tcp-exec-client");
pub const UDP_EXEC_SERVER: Program = program!("udp-exec-server");
pub const UDP_EXEC_CLIENT: Program = program!("udp-exec-client");

/// All programs but the lab.
pub const PROGRAMS: [Program; 12] = [
    SERVER,
    CLIENT,
    UDP_SERVER,
    UDP_CLIENT,
    QQ_SERVER,
    QQ_CLIENT,
    TIME_SERVER,
    TIME_CLIENT,
    TCP_EXEC_SERVER,
    TCP_EXEC_CLIENT,
    UDP_EXEC_SERVER,
    UDP_EXEC_CLIENT,
];

/// The lab. Only its own tests (`lab/tests/lab`) know where it is.
pub const LAB: Program = program!("socket-lab");

impl Program {
    pub fn path(self) -> &'static str {
        self.built.unwrap_or_else(|| beside_the_lab(self.name))
    }
}

impl AsRef<OsStr> for Program {
    fn as_ref(&self) -> &OsStr {
        self.path().as_ref()
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.path())
    }
}

/// The lab's tests take the programs from beside the lab, where a `cargo test` of everything has just built them.
fn beside_the_lab(name: &str) -> &'static str {
    static PATHS: LazyLock<BTreeMap<&str, String>> = LazyLock::new(|| {
        let lab = LAB.built.expect("these tests are of the package of all programs but the lab, or of the lab's");
        let folder = Path::new(lab).parent().unwrap();
        let paths = PROGRAMS.map(|program| folder.join(format!("{}{EXE_SUFFIX}", program.name)));
        if !paths.iter().all(|path| path.exists()) {
            build_into(folder);
        }
        let names = PROGRAMS.iter().map(|program| program.name);
        names.zip(paths).map(|(name, path)| (name, path.to_str().unwrap().to_string())).collect()
    });
    &PATHS[name]
}

/// Builds the programs for tests of the lab alone (`cargo test -p socket-lab`), as the lab was built.
fn build_into(folder: &Path) {
    let profile = folder.file_name().unwrap().to_str().unwrap();
    let profile = if profile == "debug" { "dev" } else { profile };
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(root()).args(["build", "--quiet", "--package", "socket-demos", "--bins", "--profile", profile]);
    cargo.arg("--target-dir").arg(folder.parent().unwrap());
    // On Windows, which may be Wine, it is not for a test to know how programs are built.
    let built = cfg!(unix) && cargo.status().is_ok_and(|status| status.success());
    assert!(built, "{} lacks programs: `cargo test` of all packages builds them", folder.display());
}

/// The folder with every program in it, for a shell's `PATH`.
pub fn folder() -> &'static Path {
    let folders = PROGRAMS.map(|program| Path::new(program.path()).parent().unwrap());
    assert!(folders.iter().all(|folder| *folder == folders[0]), "{folders:?}");
    folders[0]
}
