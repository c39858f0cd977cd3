//! Who is in the room, by which name, and what they have said that is not sent on yet: all that its lock guards.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;

use super::Full;
use super::console::{Console, Shown};
use super::outbox::Outbox;
use super::pace::Pace;
use crate::chat::names::{self, Shape};
use crate::net::address::label;
use crate::t;
use crate::text::Charset;

/// How many names stand on one line of the answer to `/who`.
const NAMES_A_LINE: usize = 8;

/// Everybody in the room.
pub(super) struct Members {
    /// The name of the person at the server.
    pub(super) host: String,
    host_shape: Shape,
    pub(super) charset: Charset,
    pub(super) console: Arc<Console>,
    pub(super) all: BTreeMap<u64, Member>,
    next: u64,
    /// Threads that read from a client, those of clients that have been sent out included.
    seats: usize,
    /// Words that are still to be sent on, in the order in which they were said.
    pub(super) unsent: Vec<Words>,
    pub(super) unsent_bytes: usize,
    /// The same words for the person at the server.
    pub(super) unshown: Vec<Shown>,
    /// How many bytes have been said and told, ever.
    pub(super) told: usize,
    /// Whether somebody may lag by more than the others should wait for.
    pub(super) somebody_lags: bool,
    /// The pace of the person at the server.
    pub(super) host_pace: Pace,
}

/// Labelled lines of one client.
pub(super) struct Words {
    pub(super) speaker: u64,
    pub(super) lines: String,
}

/// A client as the others know it.
pub(super) struct Member {
    /// Its name, or its address.
    pub(super) name: String,
    /// What that looks like, so that a name that somebody wants is compared with each and nothing more.
    pub(super) shape: Shape,
    pub(super) joined: bool,
    /// It has chosen its name.
    pub(super) named: bool,
    /// It has sent a newline, so notices do not confuse it.
    pub(super) speaks_lines: bool,
    pub(super) outbox: Arc<Outbox>,
}

impl Member {
    /// A client at the address `peer`, which has said nothing yet.
    pub(super) fn new(peer: SocketAddr, outbox: Arc<Outbox>) -> Self {
        let name = label(peer);
        Self { shape: Shape::of(&name), name, joined: false, named: false, speaks_lines: false, outbox }
    }
}

impl Members {
    /// Nobody but the `host`.
    pub(super) fn new(host: &str, charset: Charset, console: Arc<Console>) -> Self {
        Self {
            host: host.to_string(),
            host_shape: Shape::of(host),
            charset,
            console,
            all: BTreeMap::new(),
            next: 0,
            seats: 0,
            unsent: Vec::new(),
            unsent_bytes: 0,
            unshown: Vec::new(),
            told: 0,
            somebody_lags: false,
            host_pace: Pace::default(),
        }
    }

    /// Lets somebody in, as one of `max` at the most, and gives their number.
    pub(super) fn admit(&mut self, max: usize, member: impl FnOnce(u64) -> Member) -> Result<u64, Full> {
        if self.seats >= max {
            return Err(Full);
        }
        self.seats += 1;
        self.next += 1;
        self.all.insert(self.next, member(self.next));
        Ok(self.next)
    }

    /// Takes back a place: nobody reads from that client any more.
    pub(super) fn give_up_seat(&mut self) {
        self.seats -= 1;
    }

    /// The number of the one whose name has this shape.
    pub(super) fn find(&self, shape: &Shape) -> Option<u64> {
        self.all.iter().find(|(_, member)| member.shape.resembles(shape)).map(|(id, _)| *id)
    }

    /// The shape of a name that client `id` may take. The check comes first: it bounds the name, and with it the work.
    ///
    /// # Errors
    /// A sentence for the client: nobody may have that name, or somebody has it.
    pub(super) fn shape_of_free(&self, id: u64, name: &str) -> Result<Shape, String> {
        names::check(name)?;
        let shape = Shape::of(name);
        if shape.resembles(&self.host_shape) || self.find(&shape).is_some_and(|other| other != id) {
            return Err(t!("that name is taken", "这个名字已经有人用了"));
        }
        Ok(shape)
    }

    /// The answer to `/who`.
    pub(super) fn who(&self) -> String {
        let mut names = vec![self.host.as_str()];
        names.extend(self.all.values().filter(|member| member.joined).map(|member| member.name.as_str()));
        let silent = self.silent().count();
        let mut answer = t!("* {} here:", "* 在线 {} 人：", names.len());
        for names in names.chunks(NAMES_A_LINE) {
            let _ = write!(answer, "\n*   {}", names.join("  "));
        }
        if silent > 0 {
            answer += &t!("\n*   and {silent} who have said nothing yet", "\n*   还有 {silent} 人没说过话");
        }
        answer
    }

    /// Those who have said nothing, and so have not joined.
    pub(super) fn silent(&self) -> impl Iterator<Item = &Member> {
        self.all.values().filter(|member| !member.joined)
    }
}
