//! A client's place in the room: what its socket gives, cut into lines.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{Room, Stay};
use crate::chat::lines::{Line, Lines};
use crate::errors;
use crate::rate::RateLimit;

/// A client's place in the room, for the thread that reads from its socket.
pub struct Seat {
    pub(super) room: Arc<Room>,
    pub(super) id: u64,
    pub(super) lines: Lines,
    /// Each command may cost a broadcast, so a flood of them would keep the room from everybody else.
    pub(super) commands: RateLimit,
    pub(super) left: bool,
}

impl Seat {
    /// Takes what one `recv` gave: complete lines go to the others, the rest waits for more.
    pub fn hears(&mut self, bytes: &[u8]) -> Stay {
        self.take(|lines, each| lines.push(bytes, each))
    }

    /// How long the next `recv` may wait before [`Seat::hears_silence`]; see [`Lines::patience`].
    pub fn patience(&self) -> Option<Duration> {
        self.lines.patience()
    }

    /// The silence: what a textbook's client has sent is a message.
    pub fn hears_silence(&mut self) -> Stay {
        let charset = self.room.charset;
        self.take(|lines, each| lines.quiet(charset, each))
    }

    /// The client has left; `error` where it did not close in order. What it left unfinished is a message, unless it
    /// left with `q`. The place is kept until the seat is dropped.
    pub fn leaves(&mut self, error: Option<&io::Error>) {
        if !self.left {
            self.take(|lines, each| lines.flush(each));
        }
        let reason = error.map(errors::reason);
        let mut state = self.room.state();
        self.room.remove(&mut state, self.id, None, reason.as_deref());
    }

    fn take(&mut self, cut: impl FnOnce(&mut Lines, &mut dyn FnMut(Line<'_>))) -> Stay {
        let room = Arc::clone(&self.room);
        room.waiting.fetch_add(1, Ordering::Relaxed);
        let mut state = room.state();
        room.waiting.fetch_sub(1, Ordering::Relaxed);
        let mut stay = Stay::Yes;
        let (id, commands) = (self.id, &mut self.commands);
        cut(&mut self.lines, &mut |line| {
            if stay == Stay::Yes {
                stay = room.hears(&mut state, id, line, commands);
            }
        });
        // Where others wait with more words, the last of them sends all: one send for each hearer, not one for each
        // speaker and hearer.
        if room.waiting.load(Ordering::Relaxed) == 0 {
            room.send_unsent(&mut state);
        }
        if !state.members.contains_key(&id) {
            stay = Stay::No;
        }
        self.left |= stay == Stay::No;
        stay
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut state = self.room.state();
        self.room.remove(&mut state, self.id, None, None);
        state.seats -= 1;
    }
}
