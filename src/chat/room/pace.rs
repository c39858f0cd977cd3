//! The pace of the room: who says more than the others take waits until they have taken it.
//!
//! Who waits is not read from. The rest is TCP's: the receive buffer fills, the window closes, and the speaker's own
//! `send` blocks. Who says little does not wait with those who say much: more may be in line for a hearer that lags
//! before they have to.

use std::sync::{MutexGuard, PoisonError};

use super::Room;
use super::members::Members;

/// How much may wait for a client that lags before the others have to wait with what they say: some thousand lines.
pub(super) const MAX_LAG: usize = 256 * 1024;

/// How much may wait for it before also those who say little have to, and all that come.
pub(super) const MAX_LAG_OF_ALL: usize = 1024 * 1024;

/// How much somebody may say, while others lag, and still be one who says little: a full line.
const LITTLE: usize = 8 * 1024;

/// How much somebody has said since everybody kept up, in bytes as the others hear them.
#[derive(Clone, Copy, Default)]
pub(super) struct Pace(usize);

impl Room {
    /// Lets `who`, or the person at the server, say something as soon as nobody is too far behind for that, and without
    /// waiting where they are not in the room any more.
    pub(super) fn in_turn<T>(
        &self,
        who: Option<u64>,
        mut members: MutexGuard<'_, Members>,
        pace: &mut Pace,
        say: impl FnOnce(&mut Members) -> T,
    ) -> T {
        while members.are_behind(pace) && who.is_none_or(|id| members.all.contains_key(&id)) {
            // What others have left to this thread to send must not wait with it.
            members.send_unsent();
            members = self.changed.wait(members).unwrap_or_else(PoisonError::into_inner);
        }
        let before = members.told;
        let said = say(&mut members);
        pace.0 += members.told - before;
        said
    }

    /// Somebody has taken what was in line for them, or has gone: those who wait look again.
    pub(super) fn has_changed(&self) {
        // Whoever has looked already, and does not wait yet, has the members.
        drop(self.members());
        self.changed.notify_all();
    }
}

impl Members {
    /// Whether somebody is too far behind for one who speaks at this pace.
    fn are_behind(&mut self, pace: &mut Pace) -> bool {
        // Nothing is put in line without this being set, so that a room in which all keep up looks at nobody.
        if self.somebody_lags {
            let furthest = self.all.values().map(|member| member.outbox.lags_by()).max().unwrap_or(0);
            self.somebody_lags = furthest > MAX_LAG;
            return self.somebody_lags && furthest > if pace.0 < LITTLE { MAX_LAG_OF_ALL } else { MAX_LAG };
        }
        *pace = Pace::default();
        false
    }
}

#[cfg(test)]
mod tests {
    use std::net;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;
    use std::time::{Duration, Instant};

    use super::super::Seat;
    use super::*;
    use crate::chat::names::Shape;
    use crate::net::{Socket, TcpListener, TcpStream, Trace};
    use crate::text::Charset;

    fn listen() -> TcpListener {
        let socket = Socket::tcp("127.0.0.1:0".parse().unwrap(), &Trace::default()).unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        socket.listen(16).unwrap()
    }

    fn enter(room: &Arc<Room>, listener: &TcpListener) -> (net::TcpStream, Arc<TcpStream>, Seat) {
        let client = net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, peer) = listener.accept().unwrap();
        let stream = Arc::new(stream);
        let seat = room.seat(&stream, peer).unwrap();
        (client, stream, seat)
    }

    fn says(seat: &mut Seat, words: &[u8]) {
        seat.buffer()[..words.len()].copy_from_slice(words);
        seat.hears(words.len());
    }

    fn furthest(room: &Room) -> usize {
        room.members().all.values().map(|member| member.outbox.lags_by()).max().unwrap_or(0)
    }

    #[test]
    fn who_comes_says_a_little_and_goes_again_and_again_does_not_fill_the_room() {
        let (room, listener) = (Room::new("server", 100, Charset::default()), listen());
        let (_unread, stream, mut sleeper) = enter(&room, &listener);
        stream.set_send_buffer_size(4096).unwrap();
        says(&mut sleeper, b"/name sleeper\n");
        let asleep = || room.members().find(&Shape::of("sleeper")).is_some();
        let over = AtomicBool::new(false);
        let mut most = 0;
        thread::scope(|scope| {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    let (_client, _stream, mut newcomer) = enter(&room, &listener);
                    says(&mut newcomer, &b"x\n".repeat(256));
                }
            });
            // It goes after five seconds, and then whoever waits for it can end.
            let end = Instant::now() + Duration::from_secs(30);
            while asleep() && Instant::now() < end {
                most = most.max(furthest(&room));
                thread::yield_now();
            }
            over.store(true, Ordering::Relaxed);
        });
        assert!(!asleep());
        assert!(most > MAX_LAG_OF_ALL, "only {most} bytes waited: nobody had to");
        // One `recv` may come on top: 256 lines of one letter, each with an address in front.
        let one_read = 256 * "[127.0.0.1:50000] x\n".len();
        assert!(most < MAX_LAG_OF_ALL + 2 * one_read, "{most} bytes waited");
    }
}
