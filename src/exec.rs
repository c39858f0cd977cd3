//! Remote commands, over TCP in [`frames`] and over UDP with the [`reliable`] protocol: the same [`protocol`] of commands,
//! outputs and outcomes.
//!
//! Who may: [`key`] is the file, [`tag`] what its holders can make, [`handshake`] how both ends prove that they have it.
//! What happens: [`shell`] runs a command within limits. [`server`] and [`client`] are what the two programs of a side share,
//! [`options`] what all four are told.
//!
//! A kind of frame is in [`frames`], a kind of datagram in `reliable/wire.rs`; PROTOCOL.md has both tables.

pub mod client;
pub mod frames;
pub mod handshake;
pub mod key;
pub mod options;
pub mod protocol;
pub mod reliable;
pub mod server;
pub mod shell;
pub mod tag;
