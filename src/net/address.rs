//! Addresses as people type them: `HOST:PORT`, `HOST`, `:PORT`, `PORT`, `[::1]:8080`.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs as _, UdpSocket};
use std::str::FromStr;

use crate::t;
use crate::text::is_forbidden;
use crate::text::typed::half_width;

/// The port that every program uses unless told otherwise.
pub const DEFAULT_PORT: u16 = 8080;

/// A host and a port, not looked up yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// What was typed for the host; `None` where nothing was.
    pub host: Option<String>,
    /// The port; 0 lets a server's system choose one.
    pub port: u16,
}

impl Default for Address {
    fn default() -> Self {
        Self { host: None, port: DEFAULT_PORT }
    }
}

impl FromStr for Address {
    type Err = String;

    fn from_str(typed: &str) -> Result<Self, String> {
        let typed = half_width(typed);
        if typed.contains('/') {
            return Err(no_url(&typed));
        }
        let (host, port) = split(&typed)?;
        let port = port.map_or(Ok(DEFAULT_PORT), parse_port)?;
        Ok(Self { host: Some(host.to_string()).filter(|h| !h.is_empty()), port })
    }
}

/// The host, possibly empty, and the port, if there is one.
fn split(typed: &str) -> Result<(&str, Option<&str>), String> {
    if let Some((v6, rest)) = typed.strip_prefix('[').and_then(|inside| inside.split_once(']')) {
        let is_v6 = is_v6(v6);
        let port = if rest.is_empty() { Some(None) } else { rest.strip_prefix(':').map(Some) };
        return port.filter(|_| is_v6).map(|port| (v6, port)).ok_or_else(wrong_shape);
    }
    if is_v6(typed) {
        return Ok((typed, None));
    }
    if !typed.is_empty() && typed.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(("", Some(typed)));
    }
    let (host, port) = typed.rsplit_once(':').map_or((typed, None), |(host, port)| (host, Some(port)));
    check_host(host, port)?;
    Ok((host, port))
}

/// Whether `host` is an IPv6 address, perhaps with a zone (`fe80::1%eth0`): the name or number of an interface.
fn is_v6(host: &str) -> bool {
    let (address, zone) = host.split_once('%').unwrap_or((host, ""));
    // No interface has a colon in its name: what stands behind one was meant for the port.
    address.parse::<Ipv6Addr>().is_ok() && !zone.contains(is_unfit) && !zone.contains(':')
}

/// Whether `c` stands in no host. What is shown of an address must not command a terminal.
fn is_unfit(c: char) -> bool {
    c.is_whitespace() || is_forbidden(c) || "/[]@".contains(c)
}

fn wrong_shape() -> String {
    t!(
        "not HOST:PORT, HOST, :PORT or PORT, such as 127.0.0.1:8080",
        "应写成 主机:端口、主机、:端口 或 端口，比如 127.0.0.1:8080"
    )
}

/// What to write instead of `http://127.0.0.1:8080/`.
fn no_url(typed: &str) -> String {
    let (_, behind) = typed.split_once("://").unwrap_or(("", typed));
    let host = behind.split('/').next().unwrap_or_default();
    if host.is_empty() || check_host(host.split(':').next().unwrap_or_default(), None).is_err() {
        return wrong_shape();
    }
    t!("that is a URL; an address is only {host}", "这是网址；地址只写 {host}")
}

fn parse_port(port: &str) -> Result<u16, String> {
    if port.is_empty() {
        return Err(t!("the port is missing after the colon", "冒号后面缺端口号"));
    }
    let digits = port.bytes().all(|b| b.is_ascii_digit());
    port.parse()
        .ok()
        .filter(|_| digits)
        .ok_or_else(|| t!("a port is a number from 0 to 65535", "端口号应为 0 到 65535 的整数"))
}

/// An IPv6 address with a zone, and the port that was written behind it without brackets.
fn with_zone<'a>(host: &'a str, port: Option<&'a str>) -> Option<(&'a str, &'a str)> {
    port.filter(|port| !port.is_empty() && host.contains('%') && is_v6(host)).map(|port| (host, port))
}

/// What `address` is called where brackets stand around it: IPv6 with `#` before the port (RFC 5952, section 6), and an IPv4
/// address that came over an IPv6 socket as IPv4.
pub fn label(address: SocketAddr) -> String {
    let (ip, port) = (address.ip().to_canonical(), address.port());
    match (ip, address) {
        (IpAddr::V6(ip), SocketAddr::V6(v6)) if v6.scope_id() != 0 => format!("{ip}%{}#{port}", v6.scope_id()),
        (IpAddr::V6(ip), _) => format!("{ip}#{port}"),
        (IpAddr::V4(ip), _) => format!("{ip}:{port}"),
    }
}

/// Whether `name` could be taken for a [`label`], or for an address in any other spelling.
pub fn is_like_label(name: &str) -> bool {
    let ip = name.rsplit_once('#').map_or(name, |(ip, _)| ip);
    let ip = ip.split_once('%').map_or(ip, |(ip, _)| ip);
    ip.parse::<IpAddr>().is_ok() || name.parse::<SocketAddr>().is_ok()
}

fn check_host(host: &str, port: Option<&str>) -> Result<(), String> {
    if let Some((zone, port)) = with_zone(host, port) {
        return Err(t!("with a port it is written [{zone}]:{port}", "带端口要写作 [{zone}]:{port}"));
    }
    if host.contains(':') {
        return Err(t!("an IPv6 address with a port is written [::1]:8080", "带端口的 IPv6 地址写作 [::1]:8080"));
    }
    if host.contains(is_unfit) {
        return Err(wrong_shape());
    }
    Ok(())
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.as_deref() {
            Some(v6) if v6.contains(':') => write!(f, "[{v6}]:{}", self.port),
            host => write!(f, "{}:{}", host.unwrap_or("127.0.0.1"), self.port),
        }
    }
}

impl Address {
    /// Every address that the host's name stands for. A missing host is 127.0.0.1, never all interfaces.
    ///
    /// # Errors
    /// The name cannot be resolved: [`Failed::address`] is `None`.
    pub fn resolve(&self) -> Result<Vec<SocketAddr>, Failed> {
        let host = self.host.as_deref().unwrap_or("127.0.0.1");
        let found = (host, self.port).to_socket_addrs().map_err(|error| Failed { address: None, error })?;
        let mut found: Vec<_> = found.collect();
        found.dedup();
        Ok(found)
    }

    /// Tries one address after the other and gives the first success, or the last failure with its address.
    ///
    /// # Errors
    /// [`Failed::address`] is `None` where the name could not be resolved.
    pub fn try_each<T>(&self, attempt: impl FnMut(SocketAddr) -> io::Result<T>) -> Result<T, Failed> {
        try_all(&self.resolve()?, attempt)
    }
}

/// As [`Address::try_each`], for addresses that have been looked up already.
///
/// # Errors
/// The last failure.
pub fn try_all<T>(addresses: &[SocketAddr], mut attempt: impl FnMut(SocketAddr) -> io::Result<T>) -> Result<T, Failed> {
    let mut last = Failed { address: None, error: io::ErrorKind::NotFound.into() };
    for &address in addresses {
        match attempt(address) {
            Ok(done) => return Ok(done),
            Err(error) => last = Failed { address: Some(address), error },
        }
    }
    Err(last)
}

/// Why none of the addresses worked.
#[derive(Debug)]
pub struct Failed {
    /// The address tried last; `None` where the name gave none.
    pub address: Option<SocketAddr>,
    /// What the system said about it.
    pub error: io::Error,
}

/// This machine's addresses that others on the LAN can reach, the one of the default route first.
pub fn lan_addresses() -> Vec<IpAddr> {
    let mut addresses: Vec<IpAddr> = default_route().into_iter().collect();
    for interface in if_addrs::get_if_addrs().unwrap_or_default() {
        let ip = interface.ip();
        if ip.is_ipv4() && !ip.is_loopback() && !addresses.contains(&ip) {
            addresses.push(ip);
        }
    }
    addresses
}

/// The address that packets to the outside would carry. `connect` on a UDP socket chooses the route and sends nothing;
/// 192.0.2.1 is reserved for documentation (RFC 5737), so nobody is there.
fn default_route() -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    let ip = socket.local_addr().ok()?.ip();
    (!ip.is_unspecified() && !ip.is_loopback()).then_some(ip)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(typed: &str) -> String {
        typed.parse::<Address>().map_or_else(|error| format!("error: {error}"), |address| address.to_string())
    }

    #[test]
    fn every_spelling_is_understood() {
        let table = [
            ("", "127.0.0.1:8080"),
            ("9000", "127.0.0.1:9000"),
            (":9000", "127.0.0.1:9000"),
            ("10.0.0.7", "10.0.0.7:8080"),
            ("example.org:1", "example.org:1"),
            ("[::1]:8081", "[::1]:8081"),
            ("[::1]", "[::1]:8080"),
            ("::1", "[::1]:8080"),
            ("[fe80::1%lo]:9", "[fe80::1%lo]:9"),
            ("127。0。0。1：９０００", "127.0.0.1:9000"),
        ];
        for (typed, meant) in table {
            assert_eq!(shown(typed), meant, "{typed}");
        }
    }

    #[test]
    fn a_wrong_address_says_what_is_wrong() {
        let table = [
            ("127.0.0.1:", "port is missing"),
            ("host:http", "0 to 65535"),
            (":65536", "0 to 65535"),
            ("99999", "0 to 65535"),
            (":+80", "0 to 65535"),
            ("a b:80", "not HOST:PORT"),
            ("http://x:80", "a URL; an address is only x:80"),
            ("127.0.0.1:80/index.html", "only 127.0.0.1:80"),
            ("://", "not HOST:PORT"),
            ("[[::1]]", "not HOST:PORT"),
            ("[::1", "[::1]:8080"),
            ("[::1]80", "not HOST:PORT"),
            ("[bob]:80", "not HOST:PORT"),
            ("[fe80::1%\x1b[2J]:80", "not HOST:PORT"),
            ("fe80::1%x]y", "[::1]:8080"),
            ("fe80::1%lo:9999", "with a port it is written [fe80::1%lo]:9999"),
            ("fe80::1%lo:", "[::1]:8080"),
            ("\u{202e}gro.elpmaxe", "not HOST:PORT"),
        ];
        for (typed, why) in table {
            assert!(shown(typed).starts_with("error") && shown(typed).contains(why), "{typed}: {}", shown(typed));
        }
    }

    #[test]
    fn a_label_has_no_brackets_and_no_name_is_like_one() {
        let table = [
            ("127.0.0.1:80", "127.0.0.1:80"),
            ("[::1]:58462", "::1#58462"),
            ("[fe80::1%3]:80", "fe80::1%3#80"),
            ("[::ffff:10.0.0.7]:80", "10.0.0.7:80"),
        ];
        for (address, shown) in table {
            assert_eq!(label(address.parse().unwrap()), shown);
            assert!(is_like_label(shown) && is_like_label(address));
        }
        for name in ["fe80::1%eth0#80", "::1", "::1#", "127.0.0.1", "127.0.0.1#80"] {
            assert!(is_like_label(name), "{name}");
        }
        for name in ["bob", "C#", "#1", "100%", "bob#1"] {
            assert!(!is_like_label(name), "{name}");
        }
    }

    #[test]
    fn every_address_of_a_name_is_tried_and_the_last_failure_kept() {
        let address = Address { host: Some("127.0.0.1".into()), port: 7 };
        let failed = address.try_each::<()>(|_| Err(io::ErrorKind::ConnectionRefused.into())).unwrap_err();
        assert_eq!(failed.address, Some("127.0.0.1:7".parse().unwrap()));
        assert_eq!(failed.error.kind(), io::ErrorKind::ConnectionRefused);
    }
}
