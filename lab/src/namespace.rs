//! A network of this process's own, in which nobody else is and nothing is in use: a network namespace with its loopback.

use std::io;

use nix::sched::{CloneFlags, unshare};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socket_with};
use rustix::process::{getgid, getuid};

/// Leaves the system's network for a new one, where this process, and whatever it starts, is alone with a loopback that is
/// up. It must come before any other thread: the kernel lets only a process without threads have a user namespace, which
/// whoever is not root needs (`user_namespaces(7)`). In it one is root, of this network alone.
///
/// # Errors
/// EINVAL in a process with threads; EPERM, ENOSPC or the like where the system allows no namespaces.
pub fn enter() -> io::Result<()> {
    // Whoever may do it as it is keeps what it may do besides.
    if unshare(CloneFlags::CLONE_NEWNET).is_err() {
        let (uid, gid) = (getuid().as_raw(), getgid().as_raw());
        unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNET)?;
        std::fs::write("/proc/self/setgroups", "deny")?;
        std::fs::write("/proc/self/uid_map", format!("0 {uid} 1"))?;
        std::fs::write("/proc/self/gid_map", format!("0 {gid} 1"))?;
    }
    set_up(LOOPBACK)
}

/// The loopback is the first interface of every network.
const LOOPBACK: i32 = 1;

/// Brings an interface up: one message of rtnetlink(7) and the kernel's answer.
fn set_up(interface: i32) -> io::Result<()> {
    const RTM_NEWLINK: u16 = 16;
    const NLM_F_REQUEST_AND_ACK: u16 = 1 | 4;
    const IFF_UP: u32 = 1;
    let mut message = Vec::with_capacity(32);
    // struct nlmsghdr: length, type, flags, sequence number, port.
    message.extend(32_u32.to_ne_bytes());
    message.extend(RTM_NEWLINK.to_ne_bytes());
    message.extend(NLM_F_REQUEST_AND_ACK.to_ne_bytes());
    message.extend([0; 8]);
    // struct ifinfomsg: family, type, index, flags, which of them to change.
    message.extend([0; 4]);
    message.extend(interface.to_ne_bytes());
    message.extend(IFF_UP.to_ne_bytes());
    message.extend(IFF_UP.to_ne_bytes());
    // Without a protocol it is NETLINK_ROUTE, 0.
    let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, None)?;
    send(&socket, &message, SendFlags::empty())?;
    let mut answer = [0; 256];
    let (received, _) = recv(&socket, &mut answer[..], RecvFlags::empty())?;
    // struct nlmsgerr behind the header: an error's number, negative, or 0.
    let error = answer[..received].get(16..20).and_then(|bytes| bytes.try_into().ok()).map(i32::from_ne_bytes);
    match error {
        Some(0) => Ok(()),
        Some(error) => Err(io::Error::from_raw_os_error(-error)),
        None => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}
