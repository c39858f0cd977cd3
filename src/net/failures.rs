//! Why a program has not got its address or its connection, with the cure (some look up who is in the way), and how it
//! lost one.

use std::fmt::Display;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use crate::errors::{SocketError, reason, reason_at_once};
use crate::net::address::{Address, Failed};
use crate::net::ports::{self, Transport};
use crate::{invocation, t};

/// Why a server cannot have its address, and the cure.
pub fn cannot_listen(transport: Transport, asked: &Address, failed: Failed) -> anyhow::Error {
    let Failed { address: Some(address), error } = failed else {
        return unknown_host(asked, &failed.error);
    };
    let cure = match SocketError::of(&error) {
        Some(SocketError::AddressInUse) => ports::who_uses(transport, address),
        Some(SocketError::Access | SocketError::NotPermitted) if cfg!(unix) && address.port() < 1024 => {
            t!(
                "ports below 1024 need root; take another, such as 8080",
                "1024 以下的端口需要 root 权限；换一个，比如 8080"
            )
        }
        Some(SocketError::AddressNotAvailable) => {
            t!(
                "without a host it is 127.0.0.1; 0.0.0.0 stands for every address",
                "不写主机就是 127.0.0.1；0.0.0.0 表示所有地址"
            )
        }
        _ => zone_is_missing(address).unwrap_or_default(),
    };
    explained(&sentence(t!("cannot listen on {address}", "无法监听 {address}"), &error, &cure), &error)
}

/// Why a client cannot connect to `server` (the name of the program that should be there), and the cure.
pub fn cannot_connect(asked: &Address, failed: Failed, server: &str, timeout: Duration) -> anyhow::Error {
    let Failed { address: Some(address), error } = failed else {
        return unknown_host(asked, &failed.error);
    };
    let server = invocation::typed(server);
    let cure = match SocketError::of(&error) {
        Some(SocketError::ConnectionRefused) => t!(
            "the host can be reached, but no server listens on this port; start one with: {server} {address}",
            "能到达主机，但这个端口上没有服务器在监听；先启动一个：{server} {address}"
        ),
        Some(SocketError::TimedOut) => {
            let seconds = timeout.as_secs_f32();
            t!(
                "nothing came back within {seconds} s: a wrong address, a firewall, or a Wi-Fi that isolates its clients",
                "{seconds} 秒内没有任何回应：地址写错、被防火墙拦住，或 Wi-Fi 隔离了各台设备"
            )
        }
        Some(SocketError::Access | SocketError::NotPermitted) => who_forbids(),
        _ if zone_is_missing(address).is_some() => zone_is_missing(address).unwrap_or_default(),
        Some(SocketError::NetworkUnreachable | SocketError::HostUnreachable) => {
            t!("check the address and that you are on the same network", "检查地址，并确认在同一个网络里")
        }
        _ => String::new(),
    };
    explained(&sentence(t!("cannot connect to {address}", "无法连接 {address}"), &error, &cure), &error)
}

/// A link-local address is one on each link, so the system wants to know which (RFC 4007).
fn zone_is_missing(address: SocketAddr) -> Option<String> {
    let SocketAddr::V6(v6) = address else { return None };
    (v6.ip().is_unicast_link_local() && v6.scope_id() == 0).then(|| {
        let (ip, port) = (v6.ip(), v6.port());
        t!(
            "a link-local address wants its interface, such as [{ip}%eth0]:{port}",
            "链路本地地址要写明网卡，比如 [{ip}%eth0]:{port}"
        )
    })
}

/// The system forbids UDP to a broadcast address unless SO_BROADCAST is set, and a firewall what it likes.
fn who_forbids() -> String {
    t!(
        "it is a broadcast address, for which SO_BROADCAST would have to be set (socket(7)), or a firewall forbids it: take the address of one host",
        "它是广播地址（要先设 SO_BROADCAST，见 socket(7)），或者被防火墙禁止：请写一台主机的地址"
    )
}

/// Why nothing can be sent to somebody over UDP.
pub fn cannot_write(to: impl Display, error: io::Error) -> anyhow::Error {
    let cure = match (SocketError::of(&error), error.kind()) {
        (Some(SocketError::Access | SocketError::NotPermitted), _) => who_forbids(),
        // Of all that a sendto here may have wrong only its address is the person's.
        (_, io::ErrorKind::InvalidInput) => t!(
            "an address such as fe80::1 wants its interface: fe80::1%eth0",
            "fe80::1 这样的地址要写明网卡：fe80::1%eth0"
        ),
        _ => String::new(),
    };
    anyhow::anyhow!(sentence(t!("cannot write to {to}", "没法发给 {to}"), &error, &cure))
}

/// Why a message has not gone into a connection.
pub fn not_sent(error: io::Error) -> anyhow::Error {
    let why = reason(&error);
    anyhow::anyhow!(t!("the message was not sent: {why}", "消息没有发出：{why}"))
}

/// Why there is no connection any more.
pub fn lost(error: io::Error) -> anyhow::Error {
    let why = reason(&error);
    explained(&t!("the connection is lost: {why}", "连接断了：{why}"), &error)
}

/// What a client tells when its server has ended in order.
pub fn closed() -> String {
    t!("the server has closed the connection (recv returned 0 bytes)", "服务器已关闭连接（recv 返回 0 字节）")
}

/// What a client tells when it ends the connection itself.
pub fn closes() -> String {
    t!("the input has ended, so this client closes the connection", "输入结束，由本客户端关闭连接")
}

/// What a server tells when a `client` has left: in order, or with an error.
pub fn gone(client: SocketAddr, error: Option<&io::Error>) -> String {
    match error.map(reason) {
        None => {
            t!("{client} has closed the connection (recv returned 0 bytes)", "{client} 已关闭连接（recv 返回 0 字节）")
        }
        Some(why) => t!("{client} has gone: {why}", "{client} 断开了：{why}"),
    }
}

fn unknown_host(asked: &Address, error: &io::Error) -> anyhow::Error {
    let cure = t!("check the spelling and the network, or give the IP address", "检查拼写和网络，或直接写 IP 地址");
    anyhow::anyhow!(t!("cannot find the host of {asked}: {error}; {cure}", "找不到 {asked} 的主机；{cure}"))
}

fn sentence(what: String, error: &io::Error, cure: &str) -> String {
    let why = reason_at_once(error);
    if cure.is_empty() {
        return t!("{what}: {why}", "{what}：{why}");
    }
    t!("{what}: {why}: {cure}", "{what}：{why}：{cure}")
}

/// The sentence, and where there is more to read about an error that beginners meet.
fn explained(sentence: &str, error: &io::Error) -> anyhow::Error {
    use SocketError as E;
    let Some(
        known @ (E::Access
        | E::AddressInUse
        | E::AddressNotAvailable
        | E::BrokenPipe
        | E::ConnectionAborted
        | E::ConnectionRefused
        | E::ConnectionReset
        | E::HostUnreachable
        | E::NetworkUnreachable
        | E::NotPermitted
        | E::TimedOut),
    ) = SocketError::of(error)
    else {
        return anyhow::anyhow!("{sentence}");
    };
    let (lab, name) = (invocation::typed("socket-lab"), known.name());
    anyhow::anyhow!(t!("{sentence} ({lab} why {name})", "{sentence}（{lab} why {name}）"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listens_in_vain(kind: io::ErrorKind) -> String {
        let address: Address = "192.0.2.1:8080".parse().unwrap();
        let failed = Failed { address: "192.0.2.1:8080".parse().ok(), error: kind.into() };
        cannot_listen(Transport::Tcp, &address, failed).to_string()
    }

    #[test]
    fn what_beginners_meet_ends_with_where_more_is_said() {
        let told = listens_in_vain(io::ErrorKind::AddrNotAvailable);
        assert!(told.ends_with(" (socket-lab why EADDRNOTAVAIL)"), "{told}");
        assert!(lost(io::ErrorKind::ConnectionReset.into()).to_string().ends_with(" (socket-lab why ECONNRESET)"));
        let told = listens_in_vain(io::ErrorKind::OutOfMemory);
        assert!(!told.contains("why"), "{told}");
    }
}
