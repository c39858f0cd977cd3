//! What is on its way to one client.
//!
//! The kernel's send buffer is the queue: one non-blocking `send` for each piece. Only for a client that lags (the
//! buffer is full) do the bytes wait here, and a thread writes them until the client has caught up.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Write as _};
use std::net::Shutdown;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::lock::lock;
use crate::net::TcpStream;

/// How many bytes may wait for a client that lags: some thousand lines. One that is further behind does not read.
pub(super) const MAX_LAG: usize = 256 * 1024;

/// The kernel's send buffer for each client. Left alone, Linux lets it grow to 4 MB for a client that never reads.
pub const SEND_BUFFER: usize = 256 * 1024;

/// How long a client that has been sent out may take to read what is on its way.
const LAST_CHANCE: Duration = Duration::from_secs(5);

/// How often a writer that the client's full buffer blocks looks whether its last chance has passed.
const WRITE_TIMEOUT: Duration = Duration::from_secs(1);

/// How long a writer waits for more before it ends. Windows has no `send` that does not block, so all goes through
/// the writer there, and it stays.
const WRITER_STAYS: Duration = if cfg!(windows) { Duration::from_secs(3600) } else { Duration::ZERO };

/// A writer touches a page or two of its stack.
const WRITER_STACK: usize = 64 * 1024;

/// How a connection is to end when nothing waits any more.
#[derive(Clone, Copy)]
struct Closing {
    /// When it ends even if bytes still wait.
    deadline: Instant,
    how: Shutdown,
}

/// The client is too far behind.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooSlow;

/// The way to one client.
pub(super) struct Outbox {
    stream: Arc<TcpStream>,
    lag: Mutex<Lag>,
    changed: Condvar,
}

#[derive(Default)]
struct Lag {
    /// Pieces that wait, each with the number of its bytes that have gone already. Clients that lag share the pieces.
    waiting: VecDeque<(Arc<[u8]>, usize)>,
    /// Bytes that wait, the piece in the writer's hands included.
    bytes: usize,
    writing: bool,
    closing: Option<Closing>,
}

impl Outbox {
    pub(super) fn new(stream: Arc<TcpStream>) -> Arc<Self> {
        Arc::new(Self { stream, lag: Mutex::default(), changed: Condvar::new() })
    }

    /// Sends without waiting for anybody, in the order of the calls.
    ///
    /// # Errors
    /// [`TooSlow`] where more than [`MAX_LAG`] bytes would wait, or the system has no thread for those that do. A client
    /// that has gone is no error: its reader sees the same.
    pub(super) fn send(self: &Arc<Self>, piece: &Arc<[u8]>) -> Result<(), TooSlow> {
        let mut lag = self.lag();
        if lag.closing.is_some() {
            return Ok(());
        }
        let mut sent = 0;
        if !lag.writing {
            sent = match self.stream.try_send(piece) {
                Ok(sent) => sent,
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => 0,
                Err(_) => return Ok(()),
            };
            if sent == piece.len() {
                return Ok(());
            }
        }
        if lag.bytes + piece.len() - sent > MAX_LAG {
            return Err(TooSlow);
        }
        let waits = self.wait_in_line(&mut lag, piece, sent);
        if waits.is_err() && sent > 0 {
            // Half a piece has gone: whatever followed it would stand in the middle of a line.
            lag.closing = Some(Closing { deadline: Instant::now(), how: Shutdown::Both });
            self.end(Shutdown::Both);
        }
        waits
    }

    /// Sends a last piece, if any, and ends the connection as `how` says when all has gone, or altogether when the
    /// last chance has passed. `Shutdown::Both` wakes the thread that reads from the client, too.
    pub(super) fn close(self: &Arc<Self>, last: Option<&Arc<[u8]>>, how: Shutdown) {
        let mut lag = self.lag();
        if lag.closing.is_some() {
            return;
        }
        let unsent = last.map(|last| (last, if lag.writing { 0 } else { self.stream.try_send(last).unwrap_or(0) }));
        if let Some((last, sent)) = unsent.filter(|(last, sent)| *sent < last.len()) {
            // Without a writer the last words are lost, but the connection ends all the same.
            let _ = self.wait_in_line(&mut lag, last, sent);
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
        let waiting = self.changed.wait_timeout_while(self.lag(), left, |lag| lag.bytes > 0);
        drop(waiting.unwrap_or_else(PoisonError::into_inner));
    }

    fn wait_in_line(self: &Arc<Self>, lag: &mut Lag, piece: &Arc<[u8]>, sent: usize) -> Result<(), TooSlow> {
        if !lag.writing {
            let outbox = Arc::clone(self);
            let builder = thread::Builder::new().name("writer".into()).stack_size(WRITER_STACK);
            builder.spawn(move || outbox.write_until_caught_up()).map_err(|_| TooSlow)?;
            lag.writing = true;
        }
        lag.bytes += piece.len() - sent;
        lag.waiting.push_back((Arc::clone(piece), sent));
        self.changed.notify_all();
        Ok(())
    }

    fn write_until_caught_up(&self) {
        // It fails for a client that has gone, which the next write tells.
        let _ = self.stream.set_write_timeout(Some(WRITE_TIMEOUT));
        while let Some((piece, sent)) = self.next() {
            if self.write(&piece[sent..]).is_err() {
                let mut lag = self.lag();
                lag.waiting.clear();
                lag.bytes = 0;
                lag.closing = Some(Closing { deadline: Instant::now(), how: Shutdown::Both });
                self.changed.notify_all();
                return self.end(Shutdown::Both);
            }
            self.lag().bytes -= piece.len() - sent;
            self.changed.notify_all();
        }
    }

    /// The next piece to write; `None` when there is nothing more to do.
    fn next(&self) -> Option<(Arc<[u8]>, usize)> {
        let mut lag = self.lag();
        loop {
            if let Some(next) = lag.waiting.pop_front() {
                return Some(next);
            }
            if let Some(closing) = lag.closing {
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

    fn write(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match (&*self.stream).write(bytes) {
                Ok(sent) => bytes = &bytes[sent..],
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if crate::errors::is_timeout(&error) && !self.chance_has_passed() => {}
                Err(error) => return Err(error),
            }
            if self.chance_has_passed() {
                return Err(ErrorKind::TimedOut.into());
            }
        }
        Ok(())
    }

    fn chance_has_passed(&self) -> bool {
        self.lag().closing.is_some_and(|closing| Instant::now() > closing.deadline)
    }

    fn end(&self, how: Shutdown) {
        // It fails where the client has gone already.
        let _ = self.stream.shutdown(how);
    }

    fn lag(&self) -> MutexGuard<'_, Lag> {
        lock(&self.lag)
    }
}
