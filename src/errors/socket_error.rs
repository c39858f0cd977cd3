//! The errors of socket calls: their names, and their numbers on the three systems.

use std::io::{self, ErrorKind};

use super::sentences::sentences;

/// The errors of socket calls that people meet, under the names that they search for (errno(3), getaddrinfo(3); Windows
/// Sockets error codes).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is told by its name, its sentences and its cure")]
pub enum SocketError {
    Access,
    AddressInUse,
    AddressNotAvailable,
    AlreadyConnected,
    AlreadyInProgress,
    BadAddressOfMemory,
    BadDescriptor,
    BrokenPipe,
    ConnectionAborted,
    ConnectionRefused,
    ConnectionReset,
    DestinationMissing,
    FamilyNotSupported,
    HostDown,
    HostUnreachable,
    InProgress,
    Interrupted,
    Invalid,
    MessageTooLong,
    NameFamily,
    NameFlags,
    NameHasNoAddress,
    NameMemory,
    NameNeverFails,
    NameNotKnown,
    NameOtherFamily,
    NameServer,
    NameService,
    NameSocketType,
    NameSystem,
    NetworkDown,
    NetworkReset,
    NetworkUnreachable,
    NoBuffers,
    NoMemory,
    NoSuchOption,
    NotASocket,
    NotConnected,
    NotInitialised,
    NotPermitted,
    NotReady,
    NotSupported,
    PeerEnds,
    ProcessLimit,
    ProtocolBroken,
    ProtocolFamily,
    ProtocolNotSupported,
    ProtocolType,
    Shutdown,
    SocketType,
    TimedOut,
    TooManyFiles,
    TooManyFilesInAll,
    TooManyReferences,
    VersionNotSupported,
    WouldBlock,
}

/// An error's number on each system, where that has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbers {
    /// errno on Linux; below 0 what getaddrinfo returns.
    pub linux: Option<i32>,
    /// errno on macOS, or what getaddrinfo returns.
    pub macos: Option<i32>,
    /// What WSAGetLastError returns.
    pub windows: Option<i32>,
}

impl Numbers {
    /// The number on this system.
    pub fn here(self) -> Option<i32> {
        if cfg!(windows) {
            self.windows
        } else if cfg!(target_os = "linux") {
            self.linux
        } else {
            self.macos
        }
    }
}

impl SocketError {
    /// All of them.
    pub const ALL: [Self; 56] = [
        Self::Access,
        Self::AddressInUse,
        Self::AddressNotAvailable,
        Self::AlreadyConnected,
        Self::AlreadyInProgress,
        Self::BadAddressOfMemory,
        Self::BadDescriptor,
        Self::BrokenPipe,
        Self::ConnectionAborted,
        Self::ConnectionRefused,
        Self::ConnectionReset,
        Self::DestinationMissing,
        Self::FamilyNotSupported,
        Self::HostDown,
        Self::HostUnreachable,
        Self::InProgress,
        Self::Interrupted,
        Self::Invalid,
        Self::MessageTooLong,
        Self::NameFamily,
        Self::NameFlags,
        Self::NameHasNoAddress,
        Self::NameMemory,
        Self::NameNeverFails,
        Self::NameNotKnown,
        Self::NameOtherFamily,
        Self::NameServer,
        Self::NameService,
        Self::NameSocketType,
        Self::NameSystem,
        Self::NetworkDown,
        Self::NetworkReset,
        Self::NetworkUnreachable,
        Self::NoBuffers,
        Self::NoMemory,
        Self::NoSuchOption,
        Self::NotASocket,
        Self::NotConnected,
        Self::NotInitialised,
        Self::NotPermitted,
        Self::NotReady,
        Self::NotSupported,
        Self::PeerEnds,
        Self::ProcessLimit,
        Self::ProtocolBroken,
        Self::ProtocolFamily,
        Self::ProtocolNotSupported,
        Self::ProtocolType,
        Self::Shutdown,
        Self::SocketType,
        Self::TimedOut,
        Self::TooManyFiles,
        Self::TooManyFilesInAll,
        Self::TooManyReferences,
        Self::VersionNotSupported,
        Self::WouldBlock,
    ];

    fn entry(self) -> (&'static str, [Option<i32>; 3]) {
        match self {
            Self::Access => ("EACCES", [Some(13), Some(13), Some(10_013)]),
            Self::AddressInUse => ("EADDRINUSE", [Some(98), Some(48), Some(10_048)]),
            Self::AddressNotAvailable => ("EADDRNOTAVAIL", [Some(99), Some(49), Some(10_049)]),
            Self::AlreadyConnected => ("EISCONN", [Some(106), Some(56), Some(10_056)]),
            Self::AlreadyInProgress => ("EALREADY", [Some(114), Some(37), Some(10_037)]),
            Self::BadAddressOfMemory => ("EFAULT", [Some(14), Some(14), Some(10_014)]),
            Self::BadDescriptor => ("EBADF", [Some(9), Some(9), Some(10_009)]),
            Self::BrokenPipe => ("EPIPE", [Some(32), Some(32), None]),
            Self::ConnectionAborted => ("ECONNABORTED", [Some(103), Some(53), Some(10_053)]),
            Self::ConnectionRefused => ("ECONNREFUSED", [Some(111), Some(61), Some(10_061)]),
            Self::ConnectionReset => ("ECONNRESET", [Some(104), Some(54), Some(10_054)]),
            Self::DestinationMissing => ("EDESTADDRREQ", [Some(89), Some(39), Some(10_039)]),
            Self::FamilyNotSupported => ("EAFNOSUPPORT", [Some(97), Some(47), Some(10_047)]),
            Self::HostDown => ("EHOSTDOWN", [Some(112), Some(64), Some(10_064)]),
            Self::HostUnreachable => ("EHOSTUNREACH", [Some(113), Some(65), Some(10_065)]),
            Self::InProgress => ("EINPROGRESS", [Some(115), Some(36), Some(10_036)]),
            Self::Interrupted => ("EINTR", [Some(4), Some(4), Some(10_004)]),
            Self::Invalid => ("EINVAL", [Some(22), Some(22), Some(10_022)]),
            Self::MessageTooLong => ("EMSGSIZE", [Some(90), Some(40), Some(10_040)]),
            Self::NameFamily => ("EAI_FAMILY", [Some(-6), Some(5), None]),
            Self::NameFlags => ("EAI_BADFLAGS", [Some(-1), Some(3), None]),
            Self::NameHasNoAddress => ("EAI_NODATA", [Some(-5), Some(7), Some(11_004)]),
            Self::NameMemory => ("EAI_MEMORY", [Some(-10), Some(6), None]),
            Self::NameNeverFails => ("EAI_FAIL", [Some(-4), Some(4), Some(11_003)]),
            Self::NameNotKnown => ("EAI_NONAME", [Some(-2), Some(8), Some(11_001)]),
            Self::NameOtherFamily => ("EAI_ADDRFAMILY", [Some(-9), Some(1), None]),
            Self::NameServer => ("EAI_AGAIN", [Some(-3), Some(2), Some(11_002)]),
            Self::NameService => ("EAI_SERVICE", [Some(-8), Some(9), Some(10_109)]),
            Self::NameSocketType => ("EAI_SOCKTYPE", [Some(-7), Some(10), None]),
            Self::NameSystem => ("EAI_SYSTEM", [Some(-11), Some(11), None]),
            Self::NetworkDown => ("ENETDOWN", [Some(100), Some(50), Some(10_050)]),
            Self::NetworkReset => ("ENETRESET", [Some(102), Some(52), Some(10_052)]),
            Self::NetworkUnreachable => ("ENETUNREACH", [Some(101), Some(51), Some(10_051)]),
            Self::NoBuffers => ("ENOBUFS", [Some(105), Some(55), Some(10_055)]),
            Self::NoMemory => ("ENOMEM", [Some(12), Some(12), None]),
            Self::NoSuchOption => ("ENOPROTOOPT", [Some(92), Some(42), Some(10_042)]),
            Self::NotASocket => ("ENOTSOCK", [Some(88), Some(38), Some(10_038)]),
            Self::NotConnected => ("ENOTCONN", [Some(107), Some(57), Some(10_057)]),
            Self::NotInitialised => ("WSANOTINITIALISED", [None, None, Some(10_093)]),
            Self::NotPermitted => ("EPERM", [Some(1), Some(1), None]),
            Self::NotReady => ("WSASYSNOTREADY", [None, None, Some(10_091)]),
            Self::NotSupported => ("EOPNOTSUPP", [Some(95), Some(102), Some(10_045)]),
            Self::PeerEnds => ("WSAEDISCON", [None, None, Some(10_101)]),
            Self::ProcessLimit => ("EPROCLIM", [None, Some(67), Some(10_067)]),
            Self::ProtocolBroken => ("EPROTO", [Some(71), Some(100), None]),
            Self::ProtocolFamily => ("EPFNOSUPPORT", [Some(96), Some(46), Some(10_046)]),
            Self::ProtocolNotSupported => ("EPROTONOSUPPORT", [Some(93), Some(43), Some(10_043)]),
            Self::ProtocolType => ("EPROTOTYPE", [Some(91), Some(41), Some(10_041)]),
            Self::Shutdown => ("ESHUTDOWN", [Some(108), Some(58), Some(10_058)]),
            Self::SocketType => ("ESOCKTNOSUPPORT", [Some(94), Some(44), Some(10_044)]),
            Self::TimedOut => ("ETIMEDOUT", [Some(110), Some(60), Some(10_060)]),
            Self::TooManyFiles => ("EMFILE", [Some(24), Some(24), Some(10_024)]),
            Self::TooManyFilesInAll => ("ENFILE", [Some(23), Some(23), None]),
            Self::TooManyReferences => ("ETOOMANYREFS", [Some(109), Some(59), Some(10_059)]),
            Self::VersionNotSupported => ("WSAVERNOTSUPPORTED", [None, None, Some(10_092)]),
            Self::WouldBlock => ("EWOULDBLOCK", [Some(11), Some(35), Some(10_035)]),
        }
    }

    /// The name of errno(3) or getaddrinfo(3), without Windows' `WSA` where the others have it too.
    pub fn name(self) -> &'static str {
        self.entry().0
    }

    /// The numbers that Linux, macOS and Windows have for it.
    pub fn numbers(self) -> Numbers {
        let [linux, macos, windows] = self.entry().1;
        Numbers { linux, macos, windows }
    }

    /// Whether it is one of getaddrinfo, whose numbers are not those of errno.
    pub fn is_of_names(self) -> bool {
        self.name().starts_with("EAI_")
    }

    /// What the systems print for it, in English and Chinese.
    pub fn sentences(self) -> &'static [&'static str] {
        sentences(self)
    }

    /// Which of them `error` is: by its number, or by its kind where a program has made it or a system has several.
    pub fn of(error: &io::Error) -> Option<Self> {
        let numbered = error.raw_os_error();
        let is_it = |known: &Self| !known.is_of_names() && numbered.is_some() && known.numbers().here() == numbered;
        Self::ALL.into_iter().find(is_it).or_else(|| Self::of_kind(error.kind()))
    }

    fn of_kind(kind: ErrorKind) -> Option<Self> {
        Some(match kind {
            ErrorKind::AddrInUse => Self::AddressInUse,
            ErrorKind::AddrNotAvailable => Self::AddressNotAvailable,
            ErrorKind::BrokenPipe => Self::BrokenPipe,
            ErrorKind::ConnectionAborted => Self::ConnectionAborted,
            ErrorKind::ConnectionRefused => Self::ConnectionRefused,
            ErrorKind::ConnectionReset => Self::ConnectionReset,
            ErrorKind::HostUnreachable => Self::HostUnreachable,
            ErrorKind::Interrupted => Self::Interrupted,
            ErrorKind::NetworkUnreachable => Self::NetworkUnreachable,
            ErrorKind::NotConnected => Self::NotConnected,
            ErrorKind::PermissionDenied => Self::Access,
            ErrorKind::TimedOut => Self::TimedOut,
            ErrorKind::WouldBlock => Self::WouldBlock,
            _ => return None,
        })
    }
}
