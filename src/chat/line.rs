//! A UDP client's way to its peer, where the peer's name has several addresses: what one refuses goes to the next, while
//! nothing has been heard. On silence nothing is sent twice.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use crate::chat::peer::Peer;
use crate::errors;
use crate::lock::lock;
use crate::net::address::{Failed, try_all};

/// How many messages may be sent without a refusal until an address is taken for the right one: a refusal comes within a
/// round trip.
const MAX_UNHEARD: usize = 100;

/// [`Calls::connect`].
type Connect<S> = dyn Fn(SocketAddr) -> io::Result<S> + Send + Sync;

/// [`Calls::hear`].
type Hear<S> = dyn Fn(&Arc<Line<S>>, Arc<S>) -> io::Result<()> + Send + Sync;

/// How the page makes the calls on a socket of its own kind.
pub struct Calls<S> {
    /// socket and connect, to one of the addresses.
    pub connect: Box<Connect<S>>,
    /// send.
    pub send: fn(&S, &[u8]) -> io::Result<usize>,
    /// Starts a thread for recv on a socket of the line: of each, since a `recv` that waits cannot be called off.
    pub hear: Box<Hear<S>>,
}

/// The socket that is connected to the peer now, and what to do where it is refused.
pub struct Line<S> {
    /// Who is at the other end.
    pub peer: Arc<Peer>,
    calls: Calls<S>,
    now: Mutex<Now<S>>,
}

struct Now<S> {
    socket: Arc<S>,
    others: VecDeque<SocketAddr>,
    /// What was sent, for as long as there are others.
    unheard: Vec<Vec<u8>>,
}

impl<S> Line<S> {
    /// A line to the first of `addresses` that a socket can be connected to. `called` says who is there.
    ///
    /// # Errors
    /// None of them can be connected to, or there is no thread to hear with.
    pub fn open(
        addresses: &[SocketAddr],
        calls: Calls<S>,
        called: impl FnOnce(SocketAddr) -> Arc<Peer>,
    ) -> Result<Arc<Self>, Failed> {
        let mut others = VecDeque::from(addresses.to_vec());
        let (socket, address) = try_all(addresses, |address| {
            others.pop_front();
            (calls.connect)(address).map(|socket| (Arc::new(socket), address))
        })?;
        let now = Now { socket: Arc::clone(&socket), others, unheard: Vec::new() };
        let line = Arc::new(Self { peer: called(address), calls, now: Mutex::new(now) });
        (line.calls.hear)(&line, socket).map_err(|error| Failed { address: Some(address), error })?;
        Ok(line)
    }

    /// Sends a message to whoever is there now; where that is refused, to the next.
    ///
    /// # Errors
    /// Those of the call; a refusal where there is no other address.
    pub fn send(self: &Arc<Self>, message: &[u8]) -> io::Result<usize> {
        let mut now = lock(&self.now);
        loop {
            let socket = Arc::clone(&now.socket);
            match (self.calls.send)(&socket, message) {
                Err(error) if errors::is_not_there(&error) && self.leave(&mut now, &socket, &error) => {}
                Ok(sent) => {
                    now.keep(message);
                    return Ok(sent);
                }
                failed => return failed,
            }
        }
    }

    /// Something has come: this is the right address.
    pub fn heard(&self) {
        lock(&self.now).settle();
    }

    /// `socket` was refused. Goes on to the next address, and sends there what was refused; `false` where there is none.
    pub fn goes_on(self: &Arc<Self>, socket: &Arc<S>, error: &io::Error) -> bool {
        errors::is_not_there(error) && self.leave(&mut lock(&self.now), socket, error)
    }

    fn leave(self: &Arc<Self>, now: &mut Now<S>, refused: &Arc<S>, error: &io::Error) -> bool {
        if !Arc::ptr_eq(&now.socket, refused) {
            return true;
        }
        while let Some(address) = now.others.pop_front() {
            let Ok(socket) = (self.calls.connect)(address).map(Arc::new) else { continue };
            if (self.calls.hear)(self, Arc::clone(&socket)).is_err() {
                continue;
            }
            self.peer.moves_to(address, error);
            now.socket = socket;
            let unheard = std::mem::take(&mut now.unheard);
            // On one machine the second of them is told of the first one's refusal already.
            if unheard.iter().all(|message| (self.calls.send)(&now.socket, message).is_ok()) {
                now.unheard = if now.others.is_empty() { Vec::new() } else { unheard };
                return true;
            }
            now.unheard = unheard;
        }
        now.settle();
        false
    }
}

impl<S> Now<S> {
    fn keep(&mut self, message: &[u8]) {
        if self.unheard.len() >= MAX_UNHEARD {
            self.settle();
        } else if !self.others.is_empty() {
            self.unheard.push(message.to_vec());
        }
    }

    fn settle(&mut self) {
        self.others.clear();
        self.unheard.clear();
    }
}
