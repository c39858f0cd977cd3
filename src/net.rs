//! Sockets as `std::net` has them, with every call told, and what one needs around them.
//!
//! [`Socket`] is a socket until it is something: options, bind, and then `listen`, `connect_timeout` or `over` makes it a
//! [`TcpListener`], a [`TcpStream`] or a [`UdpSocket`]. Each of their calls, but for those that only ask, is one [`event`] of the [`trace`].
//!
//! Around them: [`address`] reads `HOST:PORT`; [`failures`] says why there is no socket, [`ports`] who is in the way,
//! [`loops`] keeps two that answer anything apart; [`backoff`] and [`close`](mod@close) are how to go on and how to end, [`deadline`] a limit for
//! all that a peer says; [`faults`] makes a network bad on purpose, and [`datagrams`] sends and receives through it; [`batches`]
//! moves several datagrams in one call. A pipe is read like a
//! socket (`pipe`). A trace goes to a `recorder`; what it says of a program's end comes from `in_progress`.
//!
//! Addresses are those of IP throughout, up to the format of the trace. Whoever wants another family begins with
//! [`std::net::SocketAddr`] here and in `chat` (members, names, peer, answers, senders, choose), and with [`TcpStream`] in
//! `close` and `chat/room/outbox.rs`.

pub mod address;
pub mod backoff;
pub mod batches;
pub mod close;
pub mod datagrams;
pub mod deadline;
pub mod event;
pub mod failures;
pub mod faults;
mod in_progress;
pub mod loops;
#[cfg(target_os = "linux")]
mod messages;
mod packet_info;
mod peer;
mod pipe;
pub mod ports;
mod recorder;
#[cfg(target_os = "linux")]
mod segments;
mod socket;
mod tcp;
pub mod trace;
mod udp;

pub use self::peer::Peer;
pub use self::trace::{Trace, Traced};
pub use self::udp::UdpSocket;

/// A socket between `socket()` and its being anything: the time for options.
pub type Socket = Traced<socket2::Socket>;

/// A TCP socket that listens, as [`std::net::TcpListener`].
pub type TcpListener = Traced<std::net::TcpListener>;

/// A TCP connection, as [`std::net::TcpStream`].
pub type TcpStream = Traced<std::net::TcpStream>;

/// The end of a pipe that is read from, as [`std::io::PipeReader`].
pub type PipeReader = Traced<std::io::PipeReader>;
