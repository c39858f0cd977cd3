//! Peers that flood, stall, vanish, lie or forge: `cargo test --test hostile exec_udp::` is one subject.

#[path = "../common/mod.rs"]
mod common;

/// Other users, low ports and namespaces are made as on Linux.
#[cfg(target_os = "linux")]
mod code;
mod descriptors;
mod exec;
/// Forged senders are made as on Linux.
#[cfg(target_os = "linux")]
mod exec_udp;
mod flood;
mod room;
/// Terminals are made as on Unix.
#[cfg(unix)]
mod screens;
