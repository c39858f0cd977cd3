//! The real programs as processes, a module for each subject: `cargo test --test programs tcp_chat::` is one.

#[path = "../common/mod.rs"]
mod common;

mod cli;
/// How a shell asks is the same everywhere, but these tests know the files of Linux.
#[cfg(target_os = "linux")]
mod completion;
mod exec;
/// Networks of their own are Linux's.
#[cfg(target_os = "linux")]
mod exec_lan;
/// What a command leaves behind, signals, and shells are those of Unix; on Windows `pairs` and `windows` have UDP too.
#[cfg(unix)]
mod exec_udp;
/// nc and Python are looked for with a shell of Unix.
#[cfg(unix)]
mod interop;
/// A name of its own needs a mount namespace of Linux.
#[cfg(target_os = "linux")]
mod names;
mod options;
mod pairs;
mod qq;
mod ready;
mod sntp;
mod strangers_words;
/// Job control is one of Unix's shells.
#[cfg(unix)]
mod suspending;
mod tcp_chat;
/// A pseudo-terminal is one of Unix.
#[cfg(unix)]
mod terminal;
mod time;
mod troubles;
mod udp_chat;
/// macOS has no 127.0.0.2, and Wine ignores from where an answer is to leave (docs/limits.md).
#[cfg(target_os = "linux")]
mod where_asked;
/// What only Windows has: its error numbers, code pages and shell.
#[cfg(windows)]
mod windows;
