//! Reliable requests over datagrams: a command is run at most once, and its whole output arrives, over a network that
//! loses, repeats, reorders and alters.
//!
//! UDP promises nothing, so each promise has to be made by somebody. Here is who makes it, from one end to the other:
//!
//! ```text
//!      client                                                          server
//!        |  HELLO (nonce)                                                |
//!        | ------------------------------------------------------------> |  keeps nothing
//!        |                                                COOKIE (bound  |
//!        | <------------------------------------------ to this address)  |
//!        |  REQUEST 1 "make" (cookie)                                    |
//!        | ------------------------------------------------------------> |  new: runs it, remembers 1
//!        |                                                 OUT 0 "cc a"  |
//!        | <------------------------------------------------------------ |
//!        |                                                 OUT 1 "cc b"  |
//!        |                          lost  X ---------------------------- |
//!        |                                                 OUT 2 "cc c"  |
//!        | <------------------------------------------------------------ |
//!        |  ACK 1 is missing, 2 is here                                  |
//!        | ------------------------------------------------------------> |
//!        |                                         OUT 3, OUT 4, DONE 5  |
//!        | <------------------------------------------------------------ |
//!        |  ACK 1 is missing; 2, 3, 4 and 5 are here                     |
//!        | ------------------------------------------------------------> |  three later ones: 1 is lost
//!        |                                          OUT 1 "cc b", again  |
//!        | <------------------------------------------------------------ |
//!        |  ACK all before 6, three times                                |
//!        | ------------------------------------------------------------> |  forgets the answer, not the number
//! ```
//!
//! - **From whom?** Every datagram carries a tag that only the holders of the key can make ([`crate::exec::tag`]); what has none
//!   is dropped before anything changes. Flipped bits end there too. (`wire.rs`)
//! - **Is that really its address?** An address proves by a cookie that it hears what is sent to it, before the server keeps
//!   or runs anything; until then no answer is longer than its question. (`cookie.rs`)
//! - **Lost?** The client repeats a request until something answers it; the server repeats a piece when three later ones
//!   have arrived, or when nothing came back for a while that follows the measured round trip. (`timer.rs`, `sender.rs`)
//! - **Twice? Out of order?** Pieces have numbers; the receiver puts each in its place. (`receiver.rs`)
//! - **Too fast?** For the network: a window that a loss halves (`congestion.rs`). For the reader: a limit that each
//!   acknowledgement carries; the command waits at a full pipe.
//! - **Run twice?** Requests have numbers that only rise. The server remembers each session for longer than a cookie opens
//!   one, so that a repeated or recorded request finds its number used. (`memory.rs`)
//! - **And when nothing comes at all, or nothing new?** Only time tells: after [`GIVE_UP`] without progress a side stops
//!   waiting. Progress is a piece that was missing, or to hear that the command runs and all it has written is here. Whether
//!   the command ran is then, over any network, impossible to know, and the client says so instead of trying again.
//!   ([`NotRun`], [`Unknown`])
//!
//! No socket and no clock inside: [`Client`] and [`Server`] take datagrams and the time since some start, and give what is
//! to be sent and told. So a thousand commands over a bad network take their tests a quarter of a second. The program's loop
//! is always the same: receive until `next_deadline`, hand over what came, `tick` if it is time, then do what they ask for.
//! A server's other threads lock it, call [`Server::offer`] or [`Server::finish`], and do what it asks for then; while there
//! are any, nobody waits longer than [`LONGEST_SLEEP`].
//!
//! ```
//! use socket_demos::exec::protocol::Outcome;
//! use socket_demos::exec::reliable::{Action, Client, Event, Server};
//! use socket_demos::exec::tag::Key;
//! use socket_demos::random;
//! use socket_demos::terminal::screen::Output;
//! use socket_demos::text::Charset;
//!
//! let key = Key::new(random::bytes());
//! let (mut client, mut server) = (Client::new(key.clone()), Server::new(key, random::bytes(), 16, Charset::default()));
//! let (address, now) = ("127.0.0.1:4000".parse().unwrap(), std::time::Duration::ZERO);
//! client.request(b"echo hello", random::bytes(), now).unwrap();
//! let mut heard = Vec::new();
//! while heard.len() < 2 {
//!     for datagram in client.datagrams() {
//!         server.receive(address, &datagram, now); // over a socket, of course
//!     }
//!     for action in server.actions() {
//!         match action {
//!             Action::Send(_, datagram) => client.receive(&datagram, now),
//!             Action::Start { job, .. } => {
//!                 server.offer(job, Output::Out, b"hello\n", now);
//!                 server.finish(job, Outcome::Exited(0), now);
//!             }
//!             Action::Stop(_) | Action::Space(_) => {}
//!         }
//!     }
//!     heard.extend(client.event(now));
//! }
//! assert_eq!(heard, [Event::Show(Output::Out, b"hello\n".to_vec()), Event::Ended(Outcome::Exited(0))]);
//! ```

mod action;
mod asking;
mod client;
mod congestion;
mod cookie;
mod event;
mod memory;
mod message;
mod parts;
mod receiver;
mod sender;
mod server;
mod timer;
mod wire;

use std::time::Duration;

pub use action::{Action, Job};
pub use client::Client;
pub use event::{Event, NotRun, TooLong, Unknown};
pub use message::Nonce;
pub use server::Server;
pub use wire::{MAX_COMMAND, MAX_PAYLOAD};

/// How long a side waits that hears nothing, at least: over a long way it is four retransmission timeouts. Who asks makes
/// fifteen attempts meanwhile: with half of all datagrams lost in either direction, one of 75 such waits is in vain.
pub const GIVE_UP: Duration = Duration::from_secs(30);

/// How long a client that was to stop its command waits for something of its answer: a command that resists is killed after
/// 2.5 s, and there are three attempts more to say so. Whoever pressed Ctrl-C waits for it.
pub const STOPS_WITHIN: Duration = Duration::from_secs(10);

/// How long it waits where nothing has come for a while before, and nothing does: there is little hope, and a person who
/// waits.
pub const LETS_GO_WITHIN: Duration = Duration::from_millis(800);

/// How long the thread that receives may sleep while other threads use the same machine: they may bring its deadline
/// forward, and half the shortest retransmission timeout is nearly in time.
pub const LONGEST_SLEEP: Duration = Duration::from_millis(50);

/// How long it sleeps at least: half of the shortest wait of the protocol, so that its deadlines are nearly met without
/// a timeout of its own for each.
pub const SHORTEST_SLEEP: Duration = Duration::from_millis(5);

/// How long to receive when the next deadline is `due`: one of two, so that the socket's timeout hardly ever changes.
pub fn sleep_until(due: Duration, now: Duration) -> Duration {
    if due.saturating_sub(now) < LONGEST_SLEEP { SHORTEST_SLEEP } else { LONGEST_SLEEP }
}

#[cfg(test)]
mod tests;
