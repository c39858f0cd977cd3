//! Chat: a room over TCP, messages over UDP, a contact book.
//!
//! Over TCP: [`telnet`] takes its options out, [`lines`] cuts the byte stream, the [`room`] decides who hears what, [`names`] who may be called what, and
//! the [`transcript`] is what is shown of a stream.
//! Over UDP: [`messages`] shows datagrams; [`senders`] is what a server knows of those who write to it, [`peer`] and
//! [`answers`] what a client knows of the other side, [`line`](mod@line) its way there; [`contacts`] is the book, and one is [chosen](choose) from it.

pub mod answers;
pub mod choose;
pub mod contacts;
pub mod line;
pub mod lines;
pub mod messages;
pub mod names;
pub mod peer;
pub mod room;
pub mod senders;
pub mod telnet;
pub mod transcript;
