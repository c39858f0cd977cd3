//! How a person has the programs started here, for the commands that a program tells to type next.

use std::env;
use std::io::{self, IsTerminal as _};

/// What to type for `program`: its name, or Cargo's words where Cargo has started this one, which puts nothing on the PATH.
pub fn typed(program: &str) -> String {
    // Cargo sets it for what it runs. Where nobody types, in scripts and in tests, a name is a name.
    let by_cargo = env::var_os("CARGO").is_some() && io::stderr().is_terminal();
    match program {
        _ if !by_cargo => program.into(),
        // The program that `cargo run` means.
        "socket-lab" => "cargo run --".into(),
        _ => format!("cargo run --bin {program} --"),
    }
}
