//! Closing a connection so that nothing is lost.
//!
//! A plain `close` with unread bytes sends a reset (RFC 2525, section 2.17), and a reset may destroy what is still on
//! its way to the peer. So: end our direction, read until the peer has ended too, then close.

use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::net::TcpStream;

/// How long a peer may take to close after we did. Over a LAN it is milliseconds; a program must end within a second.
pub const PATIENCE: Duration = Duration::from_millis(500);

/// After how long a peer that has vanished is given up.
pub const VANISHED: Duration = Duration::from_secs(140);

/// How many refused clients may be waited for at a time. A flood beyond that is closed at once.
const MAX_REFUSED: usize = 64;

static REFUSED: AtomicUsize = AtomicUsize::new(0);

/// A lingering close: shutdown(2) of our direction, so that what was sent before is delivered, then recv until the peer has
/// ended too; what still comes is thrown away. close(2) itself follows when the stream is dropped.
pub fn lingering(stream: &TcpStream) {
    // It fails for a peer that has gone already, and then there is nothing to wait for.
    if stream.shutdown(Shutdown::Write).is_ok() {
        drain(stream);
    }
}

/// The second half of [`lingering`], after our direction has ended: reads until the peer has ended too.
pub fn drain(mut stream: &TcpStream) {
    let deadline = Instant::now() + PATIENCE;
    let (mut left, mut discarded) = (PATIENCE, [0; 1024]);
    // Neither a peer that has gone nor one that talks on is waited for any longer.
    while stream.set_read_timeout(Some(left)).is_ok() && stream.read(&mut discarded).is_ok_and(|n| n > 0) {
        left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
    }
}

/// Sends a client away with `words`, and waits until it has closed, for the client's own thread.
pub fn refuse(mut stream: &TcpStream, words: &[u8]) {
    // A new connection's send buffer is empty, so this does not wait; a client that has gone does not need the words.
    let _ = stream.write_all(words);
    if REFUSED.fetch_add(1, Ordering::Relaxed) < MAX_REFUSED {
        lingering(stream);
    }
    REFUSED.fetch_sub(1, Ordering::Relaxed);
}
