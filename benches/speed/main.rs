//! The programs beside their peers: one run, in turn, as ratios.
//!
//! Try it: `cargo bench --bench speed`, or one row: `cargo bench --bench speed -- idle`.
//!
//! Read it for: what makes two servers comparable. Both sit on one CPU and the load generator on another; they take
//! turns (A B A B), so that a slow second of the machine hits both; the same generator sends both the same bytes; and
//! its own CPU time is shown, since a generator that is the slower half measures nothing but itself.
//!
//! # Layout
//!
//! - `rows`: which rows there are and which were asked for
//! - `rows/cpus`: who runs where, and how much CPU time a process has used
//! - `rows/servers`: the program and its peers: started, waited for until they serve, killed in the end
//! - `rows/poller`: waits for many sockets at once
//! - `rows/client`: one person in a room, blocking
//! - `rows/crowd`: two hundred of them on one thread
//! - `rows/latency`, `rows/room`, `rows/idle`, `rows/time`, `rows/exec`, `rows/udp_exec`, `rows/version`: what the rows do
//! - `rows/ssh`: a server and a connection of ssh's
//! - `rows/quic`: the peer that speaks QUIC, built from `benches/quic`
//! - `rows/report`: turns, medians, the table

use std::process::ExitCode;

#[cfg(target_os = "linux")]
mod rows;

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    rows::main()
}

#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    println!("speed: NOT MEASURED: this benchmark reads /proc and pins CPUs, which is Linux only");
    ExitCode::SUCCESS
}
