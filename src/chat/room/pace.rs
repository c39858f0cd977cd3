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
