//! What the system says, in a sentence that a person can act on.

use std::io::{self, ErrorKind};

use crate::t;

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
    let name = match error.kind() {
        ErrorKind::AddrInUse => "EADDRINUSE",
        ErrorKind::AddrNotAvailable => "EADDRNOTAVAIL",
        ErrorKind::BrokenPipe => "EPIPE",
        ErrorKind::ConnectionAborted => "ECONNABORTED",
        ErrorKind::ConnectionRefused => "ECONNREFUSED",
        ErrorKind::ConnectionReset => "ECONNRESET",
        ErrorKind::HostUnreachable => "EHOSTUNREACH",
        ErrorKind::NetworkUnreachable => "ENETUNREACH",
        ErrorKind::Interrupted => "EINTR",
        ErrorKind::NotConnected => "ENOTCONN",
        ErrorKind::IsADirectory => "EISDIR",
        ErrorKind::NotFound => "ENOENT",
        ErrorKind::PermissionDenied => "EACCES",
        ErrorKind::StorageFull => "ENOSPC",
        ErrorKind::TimedOut => "ETIMEDOUT",
        ErrorKind::WouldBlock => "EWOULDBLOCK",
        // Those that the standard library has no kind for.
        _ => match error.raw_os_error() {
            Some(10_036) => "EINPROGRESS",
            Some(10_040) => "EMSGSIZE",
            _ => return error.to_string(),
        },
    };
    let family = if cfg!(windows) { "WSA" } else { "" };
    match error.raw_os_error() {
        Some(number) => format!("{family}{name} {number}"),
        None => format!("{family}{name}"),
    }
}

/// What went wrong, in words, with its [`code`].
pub fn reason(error: &io::Error) -> String {
    let words = match error.kind() {
        ErrorKind::AddrInUse => t!("the address is in use", "端口被占用"),
        ErrorKind::AddrNotAvailable => t!("this machine has no such address", "本机没有这个地址"),
        ErrorKind::BrokenPipe => t!("the other side has closed", "对方已关闭"),
        ErrorKind::ConnectionAborted => t!("the connection was aborted", "连接已中止"),
        ErrorKind::ConnectionRefused => t!("connection refused", "连接被拒绝"),
        ErrorKind::ConnectionReset => t!("the connection was reset", "连接被对方重置"),
        ErrorKind::HostUnreachable => t!("no route to that host", "无法到达目标主机"),
        ErrorKind::NetworkUnreachable => t!("no route to that network", "无法到达目标网络"),
        ErrorKind::IsADirectory => t!("it is a directory", "这是一个目录"),
        ErrorKind::NotFound => t!("no such file or directory", "没有这个文件或目录"),
        ErrorKind::PermissionDenied => t!("not allowed", "没有权限"),
        ErrorKind::StorageFull => t!("the disk is full", "磁盘已满"),
        ErrorKind::TimedOut | ErrorKind::WouldBlock => t!("no answer in time", "超时"),
        _ => return error.to_string(),
    };
    let code = code(error);
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
