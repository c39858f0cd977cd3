//! The shared parts of Socket Demos: what every program of the toolkit would otherwise write again.
//!
//! A program is a folder in `src/bin`: pages that show its socket calls in order. What would hide them lives here.
//!
//! # Layout
//!
//! The tree is the architecture: each wing uses only those below it in this list, and a test holds them to it
//! (`tests/docs/wings.rs`). The lab, which explains all of it, is a package of its own (`lab/`).
//!
//! - [`chat`]: the room, a byte stream cut into lines, datagrams as messages, the contact book
//! - [`exec`]: remote commands: key, handshake, frames, the shell, and the same reliable over datagrams
//! - [`time`]: the time as text, as SNTP, as 4 bytes
//! - [`cli`]: what every program begins and ends with: options, help in both languages, completion, exit codes
//! - [`net`]: the sockets, with every call told; addresses, ports, what fails and why; a bad network on purpose
//! - [`terminal`]: the screen, the keyboard, the log, and how a program ends
//! - [`text`]: bytes and characters, escaping, numbers as people type them
//! - [`errors`]: what the system says, in words (the cures are in [`net::failures`] and [`net::ports`])
//! - [`file`](mod@file): files that are never half written
//! - at the bottom: [`invocation`], what to type next; [`lang`], English or Chinese, `t!`; [`lock`]; [`random`]; [`rate`], what a flood could make happen; what
//!   only Windows answers (`windows`)

pub mod chat;
pub mod exec;
pub mod time;

pub mod cli;
pub mod net;
pub mod terminal;
pub mod text;

pub mod errors;
pub mod file;
pub mod invocation;
pub mod lang;
pub mod lock;
pub mod random;
pub mod rate;
#[cfg(windows)]
mod windows;
