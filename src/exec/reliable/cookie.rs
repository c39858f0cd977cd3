//! Proof that an address can be reached, without a note of it: the cookie.
//!
//! The sender of a datagram can be forged. So before a server does or keeps anything for an address it sends a cookie
//! there, and only who gets what is sent there can send the cookie back. The server keeps no list: it recognises its own
//! cookies by a mark that nobody else can make (the SYN cookies of TCP, RFC 4987 section 3.6; QUIC's Retry, RFC 9000
//! section 8.1).
//!
//! ```text
//! issued 8 (milliseconds since the server's start) | mark 32 (over address, port, nonce and issued)
//! ```

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::message::{Cookie, Nonce, SessionId};
use crate::exec::tag::{KEY_LENGTH, Key, Purpose, TagKey};

/// How long a cookie opens a session. A client uses it at once, but its first request may be lost for as long as it
/// asks (30 s).
pub(super) const OPENS_FOR: Duration = Duration::from_secs(60);

/// Not a direction of any datagram: a mark is never a datagram's tag.
const PLACE: &[u8] = &[2];

/// Makes cookies, and knows its own.
pub(super) struct Issuer(TagKey);

impl Issuer {
    /// With a `secret` drawn at the server's start, so that no cookie outlives a server.
    pub(super) fn new(secret: [u8; KEY_LENGTH]) -> Self {
        Self(Key::new(secret).tag_key(Purpose::Cookie, &[]))
    }

    /// A cookie for who sent `nonce` from `address`.
    pub(super) fn issue(&self, address: SocketAddr, nonce: &Nonce, now: Duration) -> Cookie {
        let issued = (now.as_millis() as u64).to_be_bytes();
        let mut cookie = [0; size_of::<Cookie>()];
        cookie[..issued.len()].copy_from_slice(&issued);
        cookie[issued.len()..].copy_from_slice(&self.0.tag(&bound(address, nonce, issued), PLACE));
        cookie
    }

    /// When the cookie of this session was issued to this address; `None` for one that never was.
    pub(super) fn issued(&self, session: &SessionId, address: SocketAddr) -> Option<Duration> {
        let (issued, mark) = session.cookie.split_first_chunk()?;
        let ours = self.0.matches(&bound(address, &session.nonce, *issued), PLACE, mark);
        ours.then(|| Duration::from_millis(u64::from_be_bytes(*issued)))
    }
}

/// What a mark binds together. IPv4 stands as IPv6 writes it, so that every field has one length.
fn bound(address: SocketAddr, nonce: &Nonce, issued: [u8; 8]) -> Vec<u8> {
    let ip = match address.ip() {
        IpAddr::V4(ip) => ip.to_ipv6_mapped(),
        IpAddr::V6(ip) => ip,
    };
    [&ip.octets()[..], &address.port().to_be_bytes(), nonce, &issued].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_millis(0x0102_0304);

    #[test]
    fn a_cookie_is_good_for_its_address_and_nonce_and_server_alone() {
        let address: SocketAddr = "192.168.1.5:4000".parse().unwrap();
        let issuer = Issuer::new([1; 32]);
        let cookie = issuer.issue(address, &[7; 16], NOW);
        assert_eq!(cookie[..8], [0, 0, 0, 0, 1, 2, 3, 4]);
        let session = SessionId { nonce: [7; 16], cookie };
        assert_eq!(issuer.issued(&session, address), Some(NOW));

        for other in ["192.168.1.5:4001", "192.168.1.6:4000", "[::1]:4000"] {
            assert_eq!(issuer.issued(&session, other.parse().unwrap()), None, "{other}");
        }
        assert_eq!(issuer.issued(&SessionId { nonce: [8; 16], cookie }, address), None);
        assert_eq!(Issuer::new([2; 32]).issued(&session, address), None);
        for at in 0..cookie.len() {
            let mut forged = session;
            forged.cookie[at] ^= 1;
            assert_eq!(issuer.issued(&forged, address), None, "byte {at}");
        }
    }
}
