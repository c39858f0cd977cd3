//! What a server has done by its program.

use std::net::SocketAddr;

/// A command that was started; no two have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Job(pub(super) u64);

/// What the server's program is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send this datagram to this address.
    Send(SocketAddr, Vec<u8>),
    /// Run `command`; then [`offer`](super::Server::offer) its output and, once and in any case,
    /// [`finish`](super::Server::finish) it.
    Start {
        /// What it is called from now on.
        job: Job,
        /// As the client sent it.
        command: Vec<u8>,
        /// Who wants it.
        from: SocketAddr,
    },
    /// Stop this command: its client wants that, or is gone. It is finished as any other.
    Stop(Job),
    /// There is room again for the output of this command, of which not all was taken.
    Space(Job),
}
