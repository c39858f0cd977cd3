//! `socket-lab`, and what needs its library: `cargo test --test lab lessons::` is one subject.

#[path = "../../../tests/common/mod.rs"]
mod common;

/// Chromium is asked over descriptors that a shell of Unix hands on.
#[cfg(target_os = "linux")]
mod browser;
mod cli;
/// The shells that complete stand on a terminal of Unix.
#[cfg(target_os = "linux")]
mod completion;
mod diagram;
mod experiments;
/// `strace` is a program of Linux.
#[cfg(target_os = "linux")]
mod inject;
/// The lessons are played in network namespaces, which Linux has.
#[cfg(target_os = "linux")]
mod lesson;
#[cfg(target_os = "linux")]
mod lessons;
/// groff, mandoc and lexgrog read the pages as on Linux.
#[cfg(target_os = "linux")]
mod manuals;
mod pages;
mod ports;
mod properties;
mod report;
#[cfg(target_os = "linux")]
mod strace;
/// A pseudo-terminal is one of Unix.
#[cfg(unix)]
mod terminal;
mod why;
/// What only Windows has: its error numbers.
#[cfg(windows)]
mod windows;
#[cfg(target_os = "linux")]
mod worlds;
