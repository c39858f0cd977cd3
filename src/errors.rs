//! What the system says, in a sentence that a person can act on.

mod cures;
mod sentences;
mod socket_error;

use std::io::{self, ErrorKind};

use crate::t;
pub use socket_error::{Numbers, SocketError};

impl SocketError {
    /// What it means, in a few words; `None` where the system's own say as much.
    pub fn words(self) -> Option<String> {
        Some(match self {
            Self::Access | Self::NotPermitted => t!("not allowed", "没有权限"),
            Self::AddressInUse => t!("the address is in use", "端口被占用"),
            Self::AddressNotAvailable => t!("this machine has no such address", "本机没有这个地址"),
            Self::BrokenPipe => t!("the other side has closed", "对方已关闭"),
            Self::ConnectionAborted => t!("the connection was aborted", "连接已中止"),
            Self::ConnectionRefused => t!("connection refused", "连接被拒绝"),
            Self::ConnectionReset => t!("the connection was reset", "连接被对方重置"),
            Self::HostUnreachable => t!("no route to that host", "无法到达目标主机"),
            Self::NetworkUnreachable => t!("no route to that network", "无法到达目标网络"),
            Self::TimedOut | Self::WouldBlock => t!("no answer in time", "超时"),
            _ => return None,
        })
    }
}

/// The name and number that people search for: `EADDRINUSE 98`, on Windows `WSAEADDRINUSE 10048`.
pub fn code(error: &io::Error) -> String {
    #[cfg(unix)]
    if let Some(number) = error.raw_os_error() {
        return format!("{:?} {number}", nix::errno::Errno::from_raw(number));
    }
    // What is no error of a socket has no such name: files have numbers of their own below.
    #[cfg(windows)]
    if let Some(number @ ..10_000) = error.raw_os_error() {
        return t!("error {number}", "错误 {number}");
    }
    let name = match (SocketError::of(error), error.kind()) {
        (Some(known), _) => known.name(),
        (None, ErrorKind::IsADirectory) => "EISDIR",
        (None, ErrorKind::NotFound) => "ENOENT",
        (None, ErrorKind::StorageFull) => "ENOSPC",
        _ => return error.to_string(),
    };
    let family = if cfg!(windows) && !name.starts_with("WSA") { "WSA" } else { "" };
    // A thread hands errors on by their kind: they have this system's number all the same.
    match error.raw_os_error().or_else(|| SocketError::of(error)?.numbers().here()) {
        Some(number) => format!("{family}{name} {number}"),
        None => format!("{family}{name}"),
    }
}

/// What went wrong, in words, with its [`code`].
pub fn reason(error: &io::Error) -> String {
    let words = match error.kind() {
        ErrorKind::IsADirectory => Some(t!("it is a directory", "这是一个目录")),
        ErrorKind::NotFound => Some(t!("no such file or directory", "没有这个文件或目录")),
        ErrorKind::StorageFull => Some(t!("the disk is full", "磁盘已满")),
        _ => SocketError::of(error).and_then(SocketError::words),
    };
    let code = code(error);
    let Some(words) = words else {
        // What the system says is English; what has no number was said by this program.
        let number = error.raw_os_error();
        return number.map_or_else(|| error.to_string(), |_| t!("{error}", "系统报错（{code}）"));
    };
    t!("{words} ({code})", "{words}（{code}）")
}

/// As [`reason`], where nothing has been waited for: then EAGAIN tells of a lack, of threads most of all.
pub fn reason_at_once(error: &io::Error) -> String {
    if error.kind() != ErrorKind::WouldBlock {
        return reason(error);
    }
    let code = code(error);
    t!("the system has no more threads or memory for now ({code})", "系统暂时没有更多的线程或内存（{code}）")
}

/// Whether a read only ran into its timeout: `WouldBlock` on Unix, `TimedOut` on Windows, and `TimedOut` without a number
/// where this program has watched the clock. On Unix ETIMEDOUT tells that the connection is lost: nothing sent was
/// acknowledged (tcp(7)).
pub fn is_timeout(error: &io::Error) -> bool {
    match error.kind() {
        ErrorKind::WouldBlock => true,
        ErrorKind::TimedOut => cfg!(windows) || error.raw_os_error().is_none(),
        _ => false,
    }
}

/// Whether a UDP socket tells that something sent before was refused: ICMP's "port unreachable" comes back as
/// ECONNREFUSED, on Windows as 10054.
pub fn is_refusal(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset)
}

/// Whether a datagram did not fit the buffer: an error on Windows alone, 10040 (WSAEMSGSIZE).
pub fn is_cut_datagram(error: &io::Error) -> bool {
    cfg!(windows) && error.raw_os_error() == Some(10040)
}

/// Whether a connected socket tells that a datagram sent before could not be delivered: refused, or an ICMP message about
/// the host, its network, a filter on the way or a host without UDP (RFC 1122, section 4.1.3.3). It tells that once for
/// each such message.
pub fn is_not_there(error: &io::Error) -> bool {
    use ErrorKind::{HostUnreachable, NetworkUnreachable, PermissionDenied};
    #[cfg(unix)]
    let no_udp = Some(rustix::io::Errno::NOPROTOOPT.raw_os_error());
    #[cfg(windows)]
    let no_udp = Some(10042);
    is_refusal(error)
        || matches!(error.kind(), HostUnreachable | NetworkUnreachable | PermissionDenied)
        || error.raw_os_error() == no_udp
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By name, from the system's own list.
    #[cfg(any(target_os = "linux", target_os = "macos"))]
    #[test]
    fn every_number_is_this_systems() {
        for known in SocketError::ALL.into_iter().filter(|known| !known.is_of_names()) {
            let Some(number) = known.numbers().here() else { continue };
            let named = nix::errno::Errno::from_raw(number);
            // Linux and macOS call it EAGAIN too.
            let same = if known == SocketError::WouldBlock { "EAGAIN" } else { known.name() };
            assert_eq!(format!("{named:?}"), same, "{number}");
            assert_eq!(SocketError::of(&io::Error::from_raw_os_error(number)), Some(known));
        }
    }

    /// A number or a sentence that two had would tell the wrong one.
    #[test]
    fn no_two_have_a_name_number_or_sentence_in_common() {
        let all = SocketError::ALL;
        for (index, one) in all.into_iter().enumerate() {
            for other in &all[..index] {
                let (a, b) = (one.numbers(), other.numbers());
                let same = |a: Option<i32>, b| a.is_some() && a == b && one.is_of_names() == other.is_of_names();
                assert_ne!(one.name(), other.name());
                assert!(!same(a.linux, b.linux) && !same(a.macos, b.macos), "{one:?} {other:?}");
                assert!(a.windows.is_none() || a.windows != b.windows, "{one:?} {other:?}");
                assert!(one.sentences().iter().all(|sentence| !other.sentences().contains(sentence)), "{one:?}");
            }
        }
    }

    /// The system's own words for its number are among ours.
    #[cfg(target_os = "linux")]
    #[test]
    fn the_sentence_of_this_system_is_known() {
        for known in SocketError::ALL.into_iter().filter(|known| !known.is_of_names()) {
            let Some(number) = known.numbers().linux else { continue };
            let said = io::Error::from_raw_os_error(number).to_string();
            let said = said.split(" (os error").next().unwrap();
            assert!(known.sentences().iter().any(|ours| said.starts_with(ours)), "{said}");
        }
    }

    #[test]
    fn an_error_that_a_program_has_made_is_told_by_its_kind() {
        let made = |kind: ErrorKind| SocketError::of(&io::Error::from(kind));
        assert_eq!(made(ErrorKind::TimedOut), Some(SocketError::TimedOut));
        assert_eq!(made(ErrorKind::PermissionDenied), Some(SocketError::Access));
        assert_eq!(made(ErrorKind::NotFound), None, "that is a file's");
        let refused = SocketError::ConnectionRefused.numbers().here().unwrap();
        assert!(code(&ErrorKind::ConnectionRefused.into()).ends_with(&format!("ECONNREFUSED {refused}")));
    }
}
