//! What stands behind the pages of the two clients of commands.
//!
//! [`prompt`] asks for commands and ends with their status, [`output`] shows what they write. [`sender`] is the way to a
//! server over TCP, [`conversation`] the one over UDP: both for two threads, the one that asks, and Ctrl-C.

pub mod conversation;
pub mod output;
pub mod prompt;
pub mod sender;
