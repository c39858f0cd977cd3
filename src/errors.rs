//! What the system says, in a sentence that a person can act on.

use std::io::{self, ErrorKind};
use std::time::Duration;

use crate::address::{Address, Failed};
use crate::ports::{self, Transport};
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

/// Why a server cannot have its address, and the cure.
pub fn cannot_listen(transport: Transport, asked: &Address, failed: Failed) -> anyhow::Error {
    let Failed { address: Some(address), error } = failed else {
        return unknown_host(asked, &failed.error);
    };
    let cure = match error.kind() {
        ErrorKind::AddrInUse => ports::who_uses(transport, address),
        ErrorKind::PermissionDenied if cfg!(unix) && address.port() < 1024 => {
            t!(
                "ports below 1024 need root; take another, such as 8080",
                "1024 以下的端口需要 root 权限；换一个，比如 8080"
            )
        }
        ErrorKind::AddrNotAvailable => {
            t!(
                "without a host it is 127.0.0.1; 0.0.0.0 stands for every address",
                "不写主机就是 127.0.0.1；0.0.0.0 表示所有地址"
            )
        }
        _ => String::new(),
    };
    sentence(t!("cannot listen on {address}", "无法监听 {address}"), &error, &cure)
}

/// Why a client cannot connect to `server` (the name of the program that should be there), and the cure.
pub fn cannot_connect(asked: &Address, failed: Failed, server: &str, timeout: Duration) -> anyhow::Error {
    let Failed { address: Some(address), error } = failed else {
        return unknown_host(asked, &failed.error);
    };
    let cure = match error.kind() {
        ErrorKind::ConnectionRefused => t!(
            "the host can be reached, but no server listens on this port; start one with: {server} {address}",
            "能到达主机，但这个端口上没有服务器在监听；先启动一个：{server} {address}"
        ),
        ErrorKind::TimedOut => {
            let seconds = timeout.as_secs_f32();
            t!(
                "nothing came back within {seconds} s: a wrong address, a firewall, or a Wi-Fi that isolates its clients",
                "{seconds} 秒内没有任何回应：地址写错、被防火墙拦住，或 Wi-Fi 隔离了各台设备"
            )
        }
        ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable => {
            t!("check the address and that you are on the same network", "检查地址，并确认在同一个网络里")
        }
        _ => String::new(),
    };
    sentence(t!("cannot connect to {address}", "无法连接 {address}"), &error, &cure)
}

fn unknown_host(asked: &Address, error: &io::Error) -> anyhow::Error {
    let cure = t!("check the spelling and the network, or give the IP address", "检查拼写和网络，或直接写 IP 地址");
    anyhow::anyhow!(t!("cannot find the host of {asked}: {error}; {cure}", "找不到 {asked} 的主机；{cure}"))
}

fn sentence(what: String, error: &io::Error, cure: &str) -> anyhow::Error {
    let why = reason_at_once(error);
    if cure.is_empty() {
        return anyhow::anyhow!(t!("{what}: {why}", "{what}：{why}"));
    }
    anyhow::anyhow!(t!("{what}: {why}: {cure}", "{what}：{why}：{cure}"))
}
