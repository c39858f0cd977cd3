//! A client's place in the room: what its socket gives, cut into lines.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::pace::Pace;
use super::{Room, Stay};
use crate::chat::lines::{Line, Lines, MAX_LINE};
use crate::chat::telnet::{self, Telnet};
use crate::errors;
use crate::rate::RateLimit;

/// What one `recv` may take: little for the many who say little, more for whoever sends much.
const FIRST_READ: usize = 512;
const MAX_READ: usize = 16 * 1024;

/// A client's place in the room, for the thread that reads from its socket.
pub struct Seat {
    room: Arc<Room>,
    id: u64,
    buffer: Vec<u8>,
    lines: Lines,
    telnet: Telnet,
    /// Each command may cost a broadcast, so a flood of them would keep the room from everybody else.
    commands: RateLimit,
    /// How much it says while others lag.
    pace: Pace,
    left: bool,
}

impl Seat {
    pub(super) fn new(room: Arc<Room>, id: u64) -> Self {
        let (buffer, lines) = (vec![0; FIRST_READ], Lines::new(MAX_LINE));
        let (telnet, commands, pace) = (Telnet::default(), RateLimit::default(), Pace::default());
        Self { room, id, buffer, lines, telnet, commands, pace, left: false }
    }

    /// How long the next `recv` may wait before [`Seat::hears_silence`]; see [`Lines::patience`].
    pub fn patience(&self) -> Option<Duration> {
        self.lines.patience()
    }

    /// Where the next `recv` puts what it takes. It grows for a client that fills it.
    pub fn buffer(&mut self) -> &mut [u8] {
        &mut self.buffer
    }

    /// Takes what one `recv` has `received` into the [`Seat::buffer`]: complete lines go to the others, the rest waits for
    /// more.
    pub fn hears(&mut self, received: usize) -> Stay {
        let words = self.telnet.strip(&mut self.buffer[..received], self.room.has_255);
        if self.telnet.is_seen() {
            self.lines.speaks_lines();
        }
        if self.telnet.wants_mark() {
            self.room.members().send_raw(self.id, &telnet::MARK);
        }
        let stay = self.take(|lines, buffer, each| lines.push(&buffer[..words], each));
        if received == self.buffer.len() && received < MAX_READ {
            self.buffer.resize(2 * received, 0);
        }
        stay
    }

    /// The silence: what a textbook's client has sent is a message.
    pub fn hears_silence(&mut self) -> Stay {
        let charset = self.room.charset;
        self.take(|lines, _, each| lines.quiet(charset, each))
    }

    /// The client has left; `error` where it did not close in order. What it left unfinished is a message, unless it
    /// left with `q`. The place is kept until the seat is dropped.
    pub fn leaves(&mut self, error: Option<&io::Error>) {
        if !self.left {
            self.take(|lines, _, each| lines.flush(each));
        }
        let reason = error.map(errors::reason);
        self.room.remove(self.id, None, reason.as_deref());
    }

    fn take(&mut self, cut: impl FnOnce(&mut Lines, &[u8], &mut dyn FnMut(Line<'_>))) -> Stay {
        let Self { room, id, buffer, lines, commands, pace, left, .. } = self;
        room.waiting.fetch_add(1, Ordering::Relaxed);
        let members = room.members();
        room.waiting.fetch_sub(1, Ordering::Relaxed);
        let stay = room.in_turn(Some(*id), members, pace, |members| {
            let mut stay = Stay::Yes;
            cut(lines, buffer, &mut |line| {
                if stay == Stay::Yes {
                    stay = members.hear(*id, line, commands);
                }
            });
            // Where others wait with more words, the last of them sends all: one send for each hearer, not one for each
            // speaker and hearer.
            if room.waiting.load(Ordering::Relaxed) == 0 {
                members.send_unsent();
            }
            if members.all.contains_key(id) { stay } else { Stay::No }
        });
        *left |= stay == Stay::No;
        stay
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.room.remove(self.id, None, None);
        self.room.members().give_up_seat();
    }
}
