//! Chat: a room over TCP, messages over UDP, a contact book.
//!
//! Over TCP: [`lines`] cuts the byte stream, the [`room`] decides who hears what, [`names`] who may be called what.
//! Over UDP: [`messages`] shows datagrams, [`senders`] and [`answers`] are what a server and a client know of the other
//! side, [`contacts`] is the book.

pub mod answers;
pub mod contacts;
pub mod lines;
pub mod messages;
pub mod names;
pub mod room;
pub mod senders;
