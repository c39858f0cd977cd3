//! A call of a trace, and what others notice of it.

use std::net::SocketAddr;

use socket_demos::net::event::{Call, Event, Outcome};

/// A call that was made, in its lane.
pub(super) struct Made {
    pub(super) event: Event,
    pub(super) lane: usize,
    /// The index of its socket.
    pub(super) socket: usize,
    /// The socket's peer at that time, or the one that the call names.
    pub(super) peer: Option<SocketAddr>,
}

/// What a call has done that other lanes notice.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Deed {
    Listens,
    /// The socket has a peer from now on.
    Connects,
    Sends,
    Receives,
    /// It has sent the last byte of its direction.
    Ends,
    /// Nobody has it any more.
    Closes,
}

/// What other programs also call to receive from a socket, and to send.
const READS: [&str; 1] = ["readv"];
const WRITES: [&str; 4] = ["write", "writev", "sendfile", "sendfile64"];

impl Made {
    /// Whether it failed with an error of that name, whatever the system calls it.
    pub(super) fn failed_with(&self, name: &str) -> bool {
        matches!(&self.event.result, Outcome::Error(error) if error.contains(name))
    }

    /// How many bytes it moved; `None` where it failed.
    pub(super) fn moved(&self) -> Option<u64> {
        if let Outcome::Ok(moved) = self.event.result { Some(moved) } else { None }
    }

    pub(super) fn is_send(&self) -> bool {
        self.deed() == Some(Deed::Sends)
    }

    pub(super) fn is_receive(&self) -> bool {
        self.deed() == Some(Deed::Receives)
    }

    pub(super) fn is_end(&self) -> bool {
        matches!(self.deed(), Some(Deed::Ends | Deed::Closes))
    }

    /// Whether it was told that the other end is no more.
    pub(super) fn was_reset(&self) -> bool {
        self.failed_with("ECONNRESET")
    }

    /// Whether it got the end of the other one's direction.
    pub(super) fn sees_end(&self) -> bool {
        self.is_receive() && self.event.argument != "0" && self.moved() == Some(0)
    }

    pub(super) fn deed(&self) -> Option<Deed> {
        let deed = match &self.event.call {
            Call::Listen => Some(Deed::Listens),
            Call::Connect | Call::Accept => Some(Deed::Connects),
            Call::Send | Call::Sendto | Call::Sendmsg => Some(Deed::Sends),
            Call::Recv | Call::Recvfrom | Call::Recvmsg => Some(Deed::Receives),
            Call::Shutdown => (self.event.argument != "SHUT_RD").then_some(Deed::Ends),
            // Another process still has it.
            Call::Close | Call::Exit if self.event.argument == "shared" => None,
            Call::Close | Call::Exit => Some(Deed::Closes),
            // What comes through a pipe has been sent by no other lane.
            Call::Read => self.peer.is_some().then_some(Deed::Receives),
            Call::Other(name) if READS.contains(&name.as_str()) => Some(Deed::Receives),
            Call::Other(name) if WRITES.contains(&name.as_str()) => Some(Deed::Sends),
            Call::Socket
            | Call::Setsockopt
            | Call::Fcntl
            | Call::Bind
            | Call::Pipe
            | Call::Fork
            | Call::State
            | Call::Other(_) => None,
        };
        // A `close` closes even where it fails.
        deed.filter(|_| self.moved().is_some() || self.event.call == Call::Close)
    }
}
