//! The chat room: who is in it, and who hears what.
//!
//! Each client has a thread that reads from its socket and a [`Seat`] that takes the bytes. The room labels complete
//! lines and sends them on at once, from the thread of the client that said them: one non-blocking `send` for each
//! hearer, for all lines of one read, and for those of other threads that come together with them. One lock keeps the
//! order the same for everybody; nothing under it can block, but for a trace, which tells each call as it is made.
//!
//! A client that lags has its own queue and, while it lags, a thread that empties it. Nobody is sent out for lagging, only for
//! taking nothing for 5 s: whoever says more than the others take is not read from meanwhile (pace).
//!
//! A client's words pass through the files of this module in this order: seat (what `recv` gave, cut into lines), speech
//! (its turn comes by pace; words or a command), delivery (who hears it), outbox (`send`). What the lock guards is `Members`; the person at the
//! server takes part in host, and reads from the console.
//!
//! Who hears what:
//! - words go to every other client as `[name] words`, control characters escaped (nc on a terminal is a reader too);
//! - notices (`* name joined`) go to clients that speak in lines. A client that has never sent a newline is a
//!   textbook's program, which takes each `recv` for an answer: a notice would put it one behind;
//! - a client joins with its first line, so that a silent connection costs nobody anything.
//!
//! Since every line begins with a label or `* `, and one client's bytes never begin a line, neither can be forged.

mod command;
mod console;
mod delivery;
mod host;
mod members;
mod outbox;
mod pace;
mod seat;
mod speech;

use std::net::{Shutdown, SocketAddr};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use crate::lock::lock;
use crate::net::TcpStream;
use crate::t;
use crate::text::Charset;
use console::Console;
use members::{Member, Members};
use outbox::Outbox;
pub use outbox::SEND_BUFFER;
pub use seat::Seat;

/// How many clients a room takes unless told otherwise: a large lecture. Each costs a thread and a descriptor.
pub const DEFAULT_MAX_CLIENTS: usize = 256;

/// How long a room that ends waits for those who lag. A program must end within a second.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// The chat room. Its clients' threads and the person at the server share it.
pub struct Room {
    max_clients: usize,
    charset: Charset,
    /// Whether the byte 255 is a letter, and so does not begin an option of telnet.
    has_255: bool,
    members: Mutex<Members>,
    /// How many clients' threads wait for the members with more words.
    waiting: AtomicUsize,
    /// Somebody has come, has gone, or has taken what was in line for them.
    changed: Condvar,
    console: Arc<Console>,
}

/// Whether a client is still in the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stay {
    /// It is; go on reading.
    Yes,
    /// It has left with `q` or was sent out; close.
    No,
}

/// The room is full.
#[derive(Debug, PartialEq, Eq)]
pub struct Full;

impl Room {
    /// An empty room for `max_clients` that read and write `charset`; `host` is the person at the server.
    pub fn new(host: &str, max_clients: usize, charset: Charset) -> Arc<Self> {
        let console = Arc::new(console::queue());
        Arc::new(Self {
            max_clients,
            charset,
            has_255: charset.decode(b"\xff") != "\u{fffd}",
            members: Mutex::new(Members::new(host, charset, Arc::clone(&console))),
            waiting: AtomicUsize::new(0),
            changed: Condvar::new(),
            console,
        })
    }

    /// Gives a new connection a seat. It hears from now on, and is announced when it first says something.
    ///
    /// # Errors
    /// [`Full`] where `max_clients` have one.
    pub fn seat(self: &Arc<Self>, stream: &Arc<TcpStream>, peer: SocketAddr) -> Result<Seat, Full> {
        let outbox = |id| Outbox::new(Arc::clone(stream), Arc::downgrade(self), id);
        let mut members = self.members();
        let id = members.admit(self.max_clients, |id| Member::new(peer, outbox(id)))?;
        self.changed.notify_all();
        drop(members);
        Ok(Seat::new(Arc::clone(self), id))
    }

    /// What a client that finds the room full is told.
    pub fn full_notice(&self) -> Vec<u8> {
        let max = self.max_clients;
        self.charset.encode_lossy(&(t!("* the room is full ({max} clients)", "* 聊天室已满（{max} 个客户端）") + "\n"))
    }

    /// Ends the room and says so to everybody. Those who lag have 200 ms to hear it.
    pub fn close(&self) {
        let mut members = self.members();
        members.send_unsent();
        let goodbye = members.encode(&(t!("* the server is closing", "* 服务器即将关闭") + "\n"));
        let leaving = std::mem::take(&mut members.all);
        drop(members);
        self.changed.notify_all();
        for member in leaving.values() {
            member.outbox.close(member.speaks_lines.then_some(&goodbye), Shutdown::Write);
        }
        let deadline = Instant::now() + LAST_WORDS;
        for member in leaving.values() {
            member.outbox.wait_until_sent(deadline);
        }
    }

    /// Takes a client out, with last words for it and a notice for the others.
    fn remove(&self, id: u64, goodbye: Option<&str>, reason: Option<&str>) {
        self.members().remove(id, goodbye, reason);
        self.changed.notify_all();
    }

    /// Takes a client out that has taken nothing for too long.
    fn send_out(&self, id: u64) {
        self.members().send_out(id);
        self.changed.notify_all();
    }

    fn members(&self) -> MutexGuard<'_, Members> {
        lock(&self.members)
    }
}
