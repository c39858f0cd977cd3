//! Who is on the other side of a datagram, and at which of this machine's addresses it came.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::{IpAddr, SocketAddr};

/// The other side of a datagram. An answer to it leaves from where it was asked (RFC 1122, section 4.1.3.5), as far as the
/// socket tells where that was ([`set_packet_info`](super::Traced::set_packet_info)). Two are the same where their
/// addresses are.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    /// Its address.
    pub address: SocketAddr,
    /// The address of ours that it wrote to.
    pub(super) at: Option<At>,
}

impl Peer {
    /// Whether its datagram has told at which address of ours it came.
    pub(crate) fn has_told_where(&self) -> bool {
        self.at.is_some()
    }

    #[cfg(test)]
    pub(crate) fn asking_at(address: SocketAddr, ours: IpAddr) -> Self {
        Self { address, at: At::new(ours, 0) }
    }
}

/// One of this machine's addresses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct At {
    pub(super) ip: IpAddr,
    /// The number of its interface where the address alone is not enough (fe80::/10), 0 elsewhere.
    pub(super) interface: u32,
}

impl At {
    #[cfg_attr(
        not(any(target_os = "linux", target_vendor = "apple", windows)),
        allow(dead_code, reason = "the system tells it nowhere else")
    )]
    /// `None` for what nothing can be sent from: an address of many machines.
    pub(super) fn new(ip: IpAddr, interface: u32) -> Option<Self> {
        let canonical = ip.to_canonical();
        if canonical.is_multicast() || canonical.is_unspecified() {
            return None;
        }
        let needs_interface = matches!(ip, IpAddr::V6(ip) if ip.is_unicast_link_local());
        Some(Self { ip, interface: if needs_interface { interface } else { 0 } })
    }
}

/// Somebody who has not written yet: what is sent there leaves from where the system chooses.
impl From<SocketAddr> for Peer {
    fn from(address: SocketAddr) -> Self {
        Self { address, at: None }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address.fmt(f)
    }
}

impl PartialEq for Peer {
    fn eq(&self, other: &Self) -> bool {
        self.address == other.address
    }
}

impl Eq for Peer {}

impl Hash for Peer {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.address.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_sent_from_an_address_of_many() {
        let at = |ip: &str| At::new(ip.parse().unwrap(), 7);
        assert_eq!(at("127.0.0.2").map(|at| at.interface), Some(0));
        assert_eq!(at("2001:db8::1").map(|at| at.interface), Some(0));
        assert_eq!(at("fe80::1").map(|at| at.interface), Some(7));
        for many in ["224.0.0.1", "ff02::1", "::ffff:224.0.0.1", "0.0.0.0", "::"] {
            assert_eq!(at(many), None, "{many}");
        }
    }
}
