//! The pictures against what was really on the wire: programs and experiments run in a network of their own, their packets
//! are captured, and what the diagram infers from the calls must be the same.
//!
//! `cargo test -p socket-lab --test wire NAME…` plays those whose name has one of these words in it; `FLOOD` plays each
//! twenty times. It is a program of its own, since only a process without threads may enter such a network.

#[cfg(target_os = "linux")]
#[path = "../../../tests/common/mod.rs"]
mod common;
#[cfg(target_os = "linux")]
mod compare;
#[cfg(target_os = "linux")]
mod datagrams;
#[cfg(target_os = "linux")]
mod scenes;
#[cfg(target_os = "linux")]
mod streams;

/// Only Linux has network namespaces, and raw sockets for them.
#[cfg(not(target_os = "linux"))]
fn main() {
    println!("NOT RUN: only Linux has networks of a process's own");
}

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    match socket_lab::namespace::enter() {
        Ok(()) if scenes::play_all() && as_ordinary_user() => std::process::ExitCode::SUCCESS,
        Ok(()) => std::process::ExitCode::FAILURE,
        Err(error) => {
            common::not_run(&format!("a network namespace of one's own cannot be had here ({error})"));
            std::process::ExitCode::SUCCESS
        }
    }
}

/// Root has one of the scenes played by somebody who is not, too.
#[cfg(target_os = "linux")]
fn as_ordinary_user() -> bool {
    use std::os::unix::process::CommandExt as _;
    const NOBODY: u32 = 65534;
    if !rustix::process::geteuid().is_root() || std::env::args().len() > 1 {
        return true;
    }
    let mut own = std::process::Command::new(std::env::current_exe().unwrap());
    let played = own.arg("experiment refused").uid(NOBODY).gid(NOBODY).status();
    played.map_or_else(
        |error| {
            common::not_run(&format!("nobody may not run this program ({error})"));
            true
        },
        |status| status.success(),
    )
}
