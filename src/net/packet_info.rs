//! At which address a datagram came, and from which an answer leaves: `IP_PKTINFO` (ip(7)) and `IPV6_PKTINFO` (RFC 3542,
//! section 6) beside the bytes of recvmsg and sendmsg.

#[cfg(not(any(target_os = "linux", target_vendor = "apple", windows)))]
mod none;
#[cfg(any(target_os = "linux", target_vendor = "apple"))]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(not(any(target_os = "linux", target_vendor = "apple", windows)))]
pub(super) use none::{ask_for, option, receive, send};
#[cfg(target_os = "linux")]
pub(super) use unix::{Info, ROOM, peer};
#[cfg(any(target_os = "linux", target_vendor = "apple"))]
pub(super) use unix::{ask_for, option, receive, send};
#[cfg(windows)]
pub(super) use windows::{ask_for, option, receive, send};
