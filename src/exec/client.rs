//! What stands behind the pages of the two clients of commands.
//!
//! [`prompt`] asks for commands and ends with their status, [`output`] shows what they write. [`sender`] is the way to a
//! server over TCP, [`conversation`] the one over UDP: for the thread that asks, for Ctrl-C, and over UDP
//! for the thread that hears too.

mod clock;
pub mod conversation;
pub mod output;
pub mod prompt;
pub mod script;
pub mod sender;
