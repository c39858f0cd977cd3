//! What is on its way to one client.
//!
//! The kernel's send buffer is the queue: one non-blocking `send` for each piece. Only for a client that lags (the
//! buffer is full) do the bytes wait here, and a thread writes them until the client has caught up, or has taken nothing
//! for too long. How much may wait is the business of those who speak (`pace.rs`).

use std::collections::VecDeque;
use std::io::{ErrorKind, Write as _};
use std::net::Shutdown;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use super::Room;
use super::pace::{MAX_LAG, MAX_LAG_OF_ALL};
use crate::errors;
use crate::lock::lock;
use crate::net::TcpStream;

/// The kernel's send buffer for each client. Left alone, Linux lets it grow to 4 MB for a client that never reads.
pub const SEND_BUFFER: usize = 256 * 1024;

/// How long a client may take nothing while bytes wait for it. It is what the kernel takes for it that can be seen: a
/// client that reads slowly makes the kernel wait for a whole segment's room, or a sixteenth of its receive buffer.
const SILENCE: Duration = Duration::from_secs(5);

/// How long a client that has been sent out may take to read what is on its way.
const LAST_CHANCE: Duration = Duration::from_secs(5);

/// How often a writer that the client's full buffer blocks tries again. Linux wakes it only when a third of the buffer
/// is free, but gives what there is to whoever asks.
const WRITE_TIMEOUT: Duration = Duration::from_millis(100);

/// What is sent at once on Windows. A `send` there takes all or nothing, so that only a small one tells whether the client
/// takes anything, and after a timeout nobody knows how much of it has gone.
const WINDOWS_SEND: usize = 4 * 1024;

/// How long a writer waits for more before it ends. Windows has no `send` that does not block, so all goes through
/// the writer there, and it stays.
const WRITER_STAYS: Duration = if cfg!(windows) { Duration::from_secs(3600) } else { Duration::ZERO };

/// A writer touches a page or two of its stack.
const WRITER_STACK: usize = 64 * 1024;

/// What a piece weighs besides its bytes: its place in line, and what the allocator adds. Lines of one letter would
/// weigh next to nothing otherwise.
const PIECE: usize = 64;

/// How a connection is to end when nothing waits any more.
#[derive(Clone, Copy)]
struct Closing {
    /// When it ends even if bytes still wait.
    deadline: Instant,
    how: Shutdown,
}

/// The way to one client.
pub(super) struct Outbox {
    stream: Arc<TcpStream>,
    room: Weak<Room>,
    /// The client's number there.
    id: u64,
    lag: Mutex<Lag>,
    changed: Condvar,
}

struct Lag {
    /// Pieces that wait, each with the number of its bytes that have gone already. Clients that lag share the pieces.
    waiting: VecDeque<(Arc<[u8]>, usize)>,
    /// Bytes that wait, and [`PIECE`] for each piece.
    weight: usize,
    /// When the client last took something, or nothing waited for it.
    taken: Instant,
    writing: bool,
    closing: Option<Closing>,
    /// It has taken nothing for too long, and its last words are still to come.
    silent: bool,
}

impl Outbox {
    pub(super) fn new(stream: Arc<TcpStream>, room: Weak<Room>, id: u64) -> Arc<Self> {
        let (waiting, taken) = (VecDeque::new(), Instant::now());
        let lag = Lag { waiting, weight: 0, taken, writing: false, closing: None, silent: false };
        Arc::new(Self { stream, room, id, lag: Mutex::new(lag), changed: Condvar::new() })
    }

    /// Sends without waiting for anybody, in the order of the calls, and tells whether the client lags by more than
    /// [`MAX_LAG`]: then little more should be said. A client that has gone does not lag: its reader sees that it has.
    pub(super) fn send(self: &Arc<Self>, piece: &Arc<[u8]>) -> bool {
        let mut lag = self.lag();
        if lag.closing.is_some() {
            return false;
        }
        let mut sent = 0;
        if !lag.writing {
            sent = match self.stream.try_send(piece) {
                Ok(sent) => sent,
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => 0,
                Err(_) => return false,
            };
        }
        if sent < piece.len() {
            self.wait_in_line(&mut lag, piece, sent);
        }
        lag.weight > MAX_LAG
    }

    /// What waits for the client, in bytes.
    pub(super) fn lags_by(&self) -> usize {
        self.lag().weight
    }

    /// Sends a last piece, if any, and ends the connection as `how` says when all has gone, or altogether when the
    /// last chance has passed. `Shutdown::Both` wakes the thread that reads from the client, too.
    pub(super) fn close(self: &Arc<Self>, last: Option<&Arc<[u8]>>, how: Shutdown) {
        let mut lag = self.lag();
        if lag.closing.is_some() && !lag.silent {
            return;
        }
        lag.silent = false;
        let unsent = last.map(|last| (last, if lag.writing { 0 } else { self.stream.try_send(last).unwrap_or(0) }));
        if let Some((last, sent)) = unsent.filter(|(last, sent)| *sent < last.len()) {
            self.wait_in_line(&mut lag, last, sent);
        }
        lag.closing = Some(Closing { deadline: Instant::now() + LAST_CHANCE, how });
        if !lag.writing {
            self.end(how);
        }
        self.changed.notify_all();
    }

    /// Waits until everything has gone, or until `deadline`.
    pub(super) fn wait_until_sent(&self, deadline: Instant) {
        let left = deadline.saturating_duration_since(Instant::now());
        let waiting = self.changed.wait_timeout_while(self.lag(), left, |lag| !lag.waiting.is_empty());
        drop(waiting.unwrap_or_else(PoisonError::into_inner));
    }

    /// Puts a piece in line for the writer. Where the system has no thread for one, the connection ends: what followed
    /// half a piece would stand in the middle of a line.
    fn wait_in_line(self: &Arc<Self>, lag: &mut Lag, piece: &Arc<[u8]>, sent: usize) {
        if !lag.writing {
            let outbox = Arc::clone(self);
            let builder = thread::Builder::new().name("writer".into()).stack_size(WRITER_STACK);
            if builder.spawn(move || outbox.write_until_caught_up()).is_err() {
                lag.closing = Some(Closing { deadline: Instant::now(), how: Shutdown::Both });
                return self.end(Shutdown::Both);
            }
            lag.writing = true;
        }
        lag.push(piece, sent);
        self.changed.notify_all();
    }

    fn write_until_caught_up(&self) {
        let (timeout, most) = if cfg!(windows) { (SILENCE, WINDOWS_SEND) } else { (WRITE_TIMEOUT, usize::MAX) };
        // It fails for a client that has gone, which the next write tells.
        let _ = self.stream.set_write_timeout(Some(timeout));
        while let Some((piece, sent)) = self.first() {
            let rest = &piece[sent..];
            match (&*self.stream).write(&rest[..rest.len().min(most)]) {
                Ok(taken) => self.takes(taken),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if errors::is_timeout(&error) => self.takes_nothing(),
                Err(_) => self.has_gone(),
            }
        }
    }

    /// What is to be written next, with the number of its bytes that have gone; `None` when there is nothing more to do.
    fn first(&self) -> Option<(Arc<[u8]>, usize)> {
        let mut lag = self.lag();
        loop {
            if lag.closing.is_some_and(|closing| Instant::now() > closing.deadline) {
                lag.forget_all();
            }
            if let Some(first) = lag.waiting.front() {
                return Some(first.clone());
            }
            if let Some(closing) = lag.closing {
                self.changed.notify_all();
                self.end(closing.how);
                return None;
            }
            let (after, waited) = self.changed.wait_timeout(lag, WRITER_STAYS).unwrap_or_else(PoisonError::into_inner);
            lag = after;
            if waited.timed_out() && lag.waiting.is_empty() && lag.closing.is_none() {
                lag.writing = false;
                return None;
            }
        }
    }

    fn takes(&self, bytes: usize) {
        let mut lag = self.lag();
        let before = lag.weight;
        lag.takes(bytes);
        let now = lag.weight;
        if lag.waiting.is_empty() {
            self.changed.notify_all();
        }
        drop(lag);
        if [MAX_LAG, MAX_LAG_OF_ALL].iter().any(|limit| (now..before).contains(limit)) {
            self.tell(|room, _| room.has_changed());
        }
    }

    /// The kernel has not taken anything for the client for a while. After [`SILENCE`] it is sent out, and of what waits for
    /// it nothing is sent any more but the rest of a line that it has the beginning of.
    fn takes_nothing(&self) {
        let mut lag = self.lag();
        if lag.closing.is_none() && (cfg!(windows) || lag.taken.elapsed() >= SILENCE) {
            lag.keep_begun_line();
            lag.silent = true;
            lag.closing = Some(Closing { deadline: Instant::now() + LAST_CHANCE, how: Shutdown::Both });
            drop(lag);
            self.tell(Room::send_out);
        }
    }

    fn has_gone(&self) {
        let mut lag = self.lag();
        lag.forget_all();
        lag.closing = Some(Closing { deadline: Instant::now(), how: Shutdown::Both });
        drop(lag);
        self.tell(|room, _| room.has_changed());
    }

    fn tell(&self, what: impl FnOnce(&Room, u64)) {
        if let Some(room) = self.room.upgrade() {
            what(&room, self.id);
        }
    }

    fn end(&self, how: Shutdown) {
        // It fails where the client has gone already.
        let _ = self.stream.shutdown(how);
    }

    fn lag(&self) -> MutexGuard<'_, Lag> {
        lock(&self.lag)
    }
}

impl Lag {
    fn push(&mut self, piece: &Arc<[u8]>, sent: usize) {
        if self.waiting.is_empty() {
            self.taken = Instant::now();
        }
        self.weight += piece.len() - sent + PIECE;
        self.waiting.push_back((Arc::clone(piece), sent));
    }

    fn takes(&mut self, bytes: usize) {
        self.taken = Instant::now();
        let Some((piece, sent)) = self.waiting.front_mut() else { return };
        *sent += bytes;
        self.weight -= bytes;
        if *sent == piece.len() {
            self.weight -= PIECE;
            self.waiting.pop_front();
        }
    }

    fn keep_begun_line(&mut self) {
        let first = self.waiting.pop_front();
        self.forget_all();
        // Every piece ends with a newline, so that only the first can have a line that has been begun.
        if let Some((piece, sent)) = first.filter(|(piece, sent)| *sent > 0 && piece[sent - 1] != b'\n') {
            let end = piece[sent..].iter().position(|&b| b == b'\n').map_or(piece.len(), |end| sent + end + 1);
            self.push(&piece[..end].into(), sent);
        }
    }

    fn forget_all(&mut self) {
        self.waiting.clear();
        self.weight = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lag() -> Lag {
        let (waiting, taken) = (VecDeque::new(), Instant::now());
        Lag { waiting, weight: 0, taken, writing: false, closing: None, silent: false }
    }

    fn line_of(pieces: &[&str], sent: usize) -> Lag {
        let mut lag = lag();
        for piece in pieces {
            lag.push(&piece.as_bytes().into(), 0);
        }
        if sent > 0 {
            lag.takes(sent);
        }
        lag
    }

    #[test]
    fn pieces_of_no_bytes_weigh_something_and_nothing_is_left_of_what_was_taken() {
        let mut lag = line_of(&["", "ab\n", ""], 0);
        assert_eq!(lag.weight, 3 + 3 * PIECE);
        for taken in [0, 1, 2, 0] {
            lag.takes(taken);
        }
        assert_eq!((lag.waiting.len(), lag.weight), (0, 0));
    }

    #[test]
    fn of_what_waits_for_one_who_reads_nothing_only_a_begun_line_is_kept() {
        let pieces = ["one\ntwo\nthree\n", "four\n"];
        for (sent, kept) in [(0, ""), (1, "ne\n"), (4, ""), (6, "o\n"), (8, ""), (9, "hree\n"), (14, "")] {
            let mut lag = line_of(&pieces, sent);
            lag.keep_begun_line();
            let left = lag
                .waiting
                .pop_front()
                .map_or(String::new(), |(piece, sent)| String::from_utf8(piece[sent..].to_vec()).unwrap());
            assert_eq!((&left[..], lag.waiting.len()), (kept, 0), "after {sent} bytes");
            assert_eq!(lag.weight, if kept.is_empty() { 0 } else { kept.len() + PIECE });
        }
    }
}
