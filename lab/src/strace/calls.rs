//! What a call says that its socket, or the process, has to remember.

use std::net::SocketAddr;

use socket_demos::net::event::{Call as Name, Data};

use super::arguments::{self, Note};
use super::line::Call;

/// A call, as far as it is of sockets.
pub(super) enum Told {
    /// A socket is made, with this number of a descriptor.
    Socket {
        datagrams: bool,
        closes_at_exec: bool,
        nonblocking: bool,
    },
    Bind(SocketAddr),
    Listen(String),
    Connect(SocketAddr),
    Accept(Accepted),
    Moves(Vec<Moved>),
    Shutdown(String),
    Option(String),
    /// `SO_ERROR`: what became of a connection that was begun; `None` for "it stands".
    Outcome(Option<String>),
    OwnAddress(SocketAddr),
    /// Only who has a peer is told it.
    PeerAddress(SocketAddr),
    Nonblocking(bool),
    ClosesAtExec(bool),
    /// Another number for the same socket: the one that is returned.
    Copies {
        closes_at_exec: bool,
    },
    Close,
}

/// What `accept` tells of the new socket.
pub(super) struct Accepted {
    pub(super) peer: Option<SocketAddr>,
    pub(super) closes_at_exec: bool,
    pub(super) nonblocking: bool,
}

/// What is known of one message, or of a piece of a stream.
pub(super) struct Moved {
    pub(super) name: Name,
    /// The room that there was for it; of one that is sent, its length.
    pub(super) room: String,
    /// The address that the call names.
    pub(super) address: Option<SocketAddr>,
    /// `None` where the call failed.
    pub(super) data: Option<Data>,
    /// `MSG_DONTWAIT`.
    pub(super) waits: bool,
}

/// What a call on the descriptor that is its first argument says; `None` of one that is not about sockets.
pub(super) fn told(call: &Call<'_>, parts: &[&str]) -> Option<Told> {
    let part = |index: usize| parts.get(index).copied().unwrap_or_default();
    let has = |index: usize, flag: &str| part(index).split('|').any(|word| word.trim() == flag);
    Some(match call.name {
        "bind" => Told::Bind(arguments::address(part(1))?),
        "connect" => Told::Connect(arguments::address(part(1))?),
        "listen" => Told::Listen(part(1).into()),
        "accept" | "accept4" => Told::Accept(Accepted {
            peer: arguments::address(part(1)),
            closes_at_exec: has(3, "SOCK_CLOEXEC"),
            nonblocking: has(3, "SOCK_NONBLOCK"),
        }),
        "shutdown" => Told::Shutdown(part(1).into()),
        "setsockopt" => Told::Option(format!("{}, {}", part(2), part(3).trim_matches(['[', ']']))),
        "getsockopt" if part(2) == "SO_ERROR" && call.number() == Some(0) => {
            let error = part(3).trim_matches(['[', ']']);
            Told::Outcome((error != "0").then(|| error.into()))
        }
        "getsockname" if call.number() == Some(0) => Told::OwnAddress(arguments::address(part(1))?),
        "getpeername" if call.number() == Some(0) => Told::PeerAddress(arguments::address(part(1))?),
        "fcntl" | "fcntl64" => match part(1) {
            "F_SETFL" => Told::Nonblocking(has(2, "O_NONBLOCK")),
            "F_SETFD" => Told::ClosesAtExec(has(2, "FD_CLOEXEC")),
            "F_DUPFD" => Told::Copies { closes_at_exec: false },
            "F_DUPFD_CLOEXEC" => Told::Copies { closes_at_exec: true },
            _ => return None,
        },
        "ioctl" if part(1) == "FIONBIO" => Told::Nonblocking(part(2) != "[0]"),
        "dup" | "dup2" => Told::Copies { closes_at_exec: false },
        "dup3" => Told::Copies { closes_at_exec: has(2, "O_CLOEXEC") },
        "close" => Told::Close,
        _ => Told::Moves(moved(call, parts)?),
    })
}

/// `socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, …)`; `None` of other families.
pub(super) fn socket(parts: &[&str]) -> Option<Told> {
    let [family, kind, ..] = parts else { return None };
    let has = |flag: &str| kind.split('|').any(|word| word.trim() == flag);
    if !matches!(*family, "AF_INET" | "AF_INET6" | "PF_INET" | "PF_INET6") {
        return None;
    }
    let datagrams = match kind.split('|').next()?.trim() {
        "SOCK_STREAM" => false,
        "SOCK_DGRAM" => true,
        _ => return None,
    };
    Some(Told::Socket { datagrams, closes_at_exec: has("SOCK_CLOEXEC"), nonblocking: has("SOCK_NONBLOCK") })
}

/// The messages that a call has moved, or wanted to.
fn moved(call: &Call<'_>, parts: &[&str]) -> Option<Vec<Moved>> {
    let part = |index: usize| parts.get(index).copied().unwrap_or_default();
    let count = call.number().and_then(|count| usize::try_from(count).ok());
    let waits = |index: usize| !part(index).split('|').any(|flag| flag == "MSG_DONTWAIT");
    let one = |name: &str, bytes: Vec<u8>, room: &str, address: &str, waits| {
        let data = count.map(|count| Data::beginning(count, &bytes));
        vec![Moved { name: name.into(), room: room.into(), address: arguments::address(address), data, waits }]
    };
    let bytes = |index: usize| arguments::string(part(index)).unwrap_or_default().0;
    Some(match call.name {
        "read" | "write" => one(call.name, bytes(1), part(2), "", true),
        "readv" | "writev" => {
            let vectors = vectors(part(1));
            one(call.name, vectors.bytes, &vectors.room.to_string(), "", true)
        }
        "send" | "sendto" => {
            let name = if arguments::address(part(4)).is_some() { "sendto" } else { "send" };
            one(name, bytes(1), part(2), part(4), waits(3))
        }
        "recv" | "recvfrom" => {
            let name = if part(4).starts_with('{') { "recvfrom" } else { "recv" };
            one(name, bytes(1), part(2), part(4), waits(3))
        }
        "sendmsg" | "recvmsg" => vec![message(call.name, part(1), count, waits(2))],
        "sendmmsg" | "recvmmsg" => {
            let name = if call.name == "sendmmsg" { "sendmsg" } else { "recvmsg" };
            let each = |element: &&str| {
                let length = arguments::field(element, "msg_len").and_then(|length| length.parse().ok());
                message(name, arguments::field(element, "msg_hdr").unwrap_or_default(), length, waits(3))
            };
            let elements = arguments::elements(part(1));
            elements.iter().take(count.unwrap_or(1)).map(each).collect()
        }
        "sendfile" | "sendfile64" => one(call.name, Vec::new(), part(3), "", true),
        _ => return None,
    })
}

/// A `struct msghdr`.
fn message(name: &str, header: &str, count: Option<usize>, waits: bool) -> Moved {
    let vectors = vectors(arguments::field(header, "msg_iov").unwrap_or_default());
    let address = arguments::field(header, "msg_name").and_then(arguments::address);
    let data = count.map(|count| Data::beginning(count, &vectors.bytes));
    Moved { name: name.into(), room: vectors.room.to_string(), address, data, waits }
}

#[derive(Default)]
struct Vectors {
    bytes: Vec<u8>,
    room: usize,
}

/// An array of `struct iovec`.
fn vectors(array: &str) -> Vectors {
    let mut all = Vectors::default();
    for element in arguments::elements(array) {
        let bytes = arguments::field(element, "iov_base").and_then(arguments::string);
        let room = arguments::field(element, "iov_len").and_then(|length| length.parse::<usize>().ok());
        all.room = all.room.saturating_add(room.unwrap_or(0));
        all.bytes.extend(bytes.unwrap_or_default().0);
    }
    all
}

/// What `-yy` writes behind the descriptor that a call returns.
pub(super) fn note_of_result(call: &Call<'_>) -> Option<Note> {
    let (_, note) = arguments::descriptor(call.result.split(" <").next().unwrap_or(call.result))?;
    note.and_then(Note::read)
}
