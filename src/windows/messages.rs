//! WSARecvMsg and WSASendMsg: a datagram, and beside it at which address it came or from which it is to leave.

use std::ffi::c_void;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::windows::io::{AsRawSocket, AsSocket};
use std::ptr::null_mut;
use std::sync::OnceLock;

use socket2::SockAddr;
use windows_sys::Win32::Networking::WinSock::{
    CMSGHDR, IN_ADDR, IN_ADDR_0, IN_PKTINFO, IN6_ADDR, IN6_ADDR_0, IN6_PKTINFO, IP_PKTINFO, IPPROTO_IP, IPPROTO_IPV6,
    IPV6_PKTINFO, LPFN_WSARECVMSG, MSG_TRUNC, SIO_GET_EXTENSION_FUNCTION_POINTER, SOCKET, WSABUF, WSAEMSGSIZE,
    WSAEOPNOTSUPP, WSAID_WSARECVMSG, WSAIoctl, WSAMSG, WSASendMsg, setsockopt,
};

/// An address of this machine, and the number of its interface.
type Ours = (IpAddr, u32);

/// What the system tells beside a datagram, as `WSA_CMSG_DATA` finds it: a header and one structure, 8 bytes aligned.
#[repr(C)]
struct Beside<T> {
    header: CMSGHDR,
    info: T,
}

impl<T> Beside<T> {
    fn new(level: i32, kind: i32, info: T) -> Self {
        let header = CMSGHDR { cmsg_len: Self::length_with::<T>(), cmsg_level: level, cmsg_type: kind };
        Self { header, info }
    }

    /// `WSA_CMSG_LEN`.
    const fn length_with<U>() -> usize {
        size_of::<CMSGHDR>() + size_of::<U>()
    }

    fn holds<U>(&self, level: i32, kind: i32) -> bool {
        let CMSGHDR { cmsg_len, cmsg_level, cmsg_type } = self.header;
        (cmsg_level, cmsg_type) == (level, kind) && cmsg_len >= Self::length_with::<U>()
    }

    fn as_buffer(&mut self) -> WSABUF {
        WSABUF { len: size_of::<Self>() as u32, buf: (&raw mut *self).cast() }
    }
}

fn handle(socket: &impl AsRawSocket) -> SOCKET {
    usize::try_from(socket.as_raw_socket()).expect("a socket's handle is a usize")
}

fn checked(result: i32) -> io::Result<()> {
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Whether the system has WSARecvMsg, which is found only by asking a socket for it.
pub(crate) fn has_messages(socket: &(impl AsRawSocket + AsSocket)) -> bool {
    receiver(socket).is_some()
}

fn receiver(socket: &impl AsRawSocket) -> LPFN_WSARECVMSG {
    static RECEIVER: OnceLock<LPFN_WSARECVMSG> = OnceLock::new();
    *RECEIVER.get_or_init(|| ask_for_receiver(handle(socket)))
}

fn ask_for_receiver(socket: SOCKET) -> LPFN_WSARECVMSG {
    let (question, mut receiver, mut written) = (WSAID_WSARECVMSG, LPFN_WSARECVMSG::None, 0);
    let sizes = (size_of_val(&question) as u32, size_of_val(&receiver) as u32);
    let asked = (&raw const question).cast::<c_void>();
    let answer = (&raw mut receiver).cast::<c_void>();
    // SAFETY: all pointers are to locals of the sizes given; an `Option` of a function is a pointer, null for `None`,
    // and the GUID is that of a function of this type.
    let result = unsafe {
        let question = SIO_GET_EXTENSION_FUNCTION_POINTER;
        WSAIoctl(socket, question, asked, sizes.0, answer, sizes.1, &raw mut written, null_mut(), None)
    };
    receiver.filter(|_| result == 0)
}

/// Every datagram is to tell at which address it came.
pub(crate) fn set_packet_info(socket: &socket2::Socket, address: SocketAddr) -> io::Result<()> {
    let on = 1_u32;
    let (level, option) = if address.is_ipv4() { (IPPROTO_IP, IP_PKTINFO) } else { (IPPROTO_IPV6, IPV6_PKTINFO) };
    let size = size_of_val(&on) as i32;
    // SAFETY: the handle is open while `socket` is borrowed; the value is a DWORD of the size given.
    checked(unsafe { setsockopt(handle(socket), level, option, (&raw const on).cast(), size) })
}

/// One datagram, its sender, and at which address it came. What does not fit `buffer` is error 10040.
pub(crate) fn receive_message(socket: &UdpSocket, buffer: &mut [u8]) -> io::Result<(usize, SockAddr, Option<Ours>)> {
    let receive = receiver(socket).ok_or_else(|| io::Error::from_raw_os_error(WSAEOPNOTSUPP))?;
    let mut beside = Beside::new(0, 0, IN6_PKTINFO::default());
    let mut bytes = WSABUF { len: length(buffer), buf: buffer.as_mut_ptr() };
    let (mut received, mut flags) = (0, 0);
    let fill = |name: *mut socket2::SockAddrStorage, namelen: *mut i32| {
        // SAFETY: `namelen` is a valid pointer to the size of `name`.
        let size = unsafe { *namelen };
        let mut message = WSAMSG {
            name: name.cast(),
            namelen: size,
            lpBuffers: &raw mut bytes,
            dwBufferCount: 1,
            Control: beside.as_buffer(),
            dwFlags: 0,
        };
        // SAFETY: the message points to the storage of an address, to `buffer` and to `beside`, each with its size; without
        // an OVERLAPPED the call has ended when it returns.
        let result = unsafe { receive(handle(socket), &raw mut message, &raw mut received, null_mut(), None) };
        checked(result)?;
        flags = message.dwFlags;
        // SAFETY: as above.
        unsafe { *namelen = message.namelen };
        // A system that tells nothing leaves no length.
        Ok(message.Control.len as usize >= size_of::<CMSGHDR>())
    };
    // SAFETY: the call has written an address, and its length.
    let (told, sender) = unsafe { SockAddr::try_init(fill) }?;
    if flags & MSG_TRUNC != 0 {
        return Err(io::Error::from_raw_os_error(WSAEMSGSIZE));
    }
    Ok((received as usize, sender, if told { ours(&beside) } else { None }))
}

fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

/// At which address of ours a datagram came, of either family: the room is that of the larger one.
fn ours(beside: &Beside<IN6_PKTINFO>) -> Option<Ours> {
    if beside.holds::<IN6_PKTINFO>(IPPROTO_IPV6, IPV6_PKTINFO) {
        let IN6_PKTINFO { ipi6_addr, ipi6_ifindex } = beside.info;
        // SAFETY: an address is 16 bytes, whichever way it is looked at.
        let octets = unsafe { ipi6_addr.u.Byte };
        return Some((Ipv6Addr::from(octets).into(), ipi6_ifindex));
    }
    beside.holds::<IN_PKTINFO>(IPPROTO_IP, IP_PKTINFO).then(|| {
        // SAFETY: the header says that an IN_PKTINFO is here; it is smaller than the room and aligned alike.
        let info = unsafe { (&raw const beside.info).cast::<IN_PKTINFO>().read() };
        // SAFETY: an address is 4 bytes, in the order of the network, whichever way it is looked at.
        let octets = unsafe { info.ipi_addr.S_un.S_addr }.to_ne_bytes();
        (Ipv4Addr::from(octets).into(), info.ipi_ifindex)
    })
}

/// One datagram, from an address of ours.
pub(crate) fn send_message(socket: &UdpSocket, bytes: &[u8], to: SocketAddr, ours: Ours) -> io::Result<usize> {
    match ours {
        (IpAddr::V4(ip), interface) => {
            let address = IN_ADDR { S_un: IN_ADDR_0 { S_addr: u32::from_ne_bytes(ip.octets()) } };
            let info = IN_PKTINFO { ipi_addr: address, ipi_ifindex: interface };
            send_beside(socket, bytes, to, Beside::new(IPPROTO_IP, IP_PKTINFO, info))
        }
        (IpAddr::V6(ip), interface) => {
            let address = IN6_ADDR { u: IN6_ADDR_0 { Byte: ip.octets() } };
            let info = IN6_PKTINFO { ipi6_addr: address, ipi6_ifindex: interface };
            send_beside(socket, bytes, to, Beside::new(IPPROTO_IPV6, IPV6_PKTINFO, info))
        }
    }
}

fn send_beside<T>(socket: &UdpSocket, bytes: &[u8], to: SocketAddr, mut beside: Beside<T>) -> io::Result<usize> {
    let (to, mut sent) = (SockAddr::from(to), 0);
    let mut buffer = WSABUF { len: length(bytes), buf: bytes.as_ptr().cast_mut() };
    let message = WSAMSG {
        name: to.as_ptr().cast_mut().cast(),
        namelen: to.len(),
        lpBuffers: &raw mut buffer,
        dwBufferCount: 1,
        Control: beside.as_buffer(),
        dwFlags: 0,
    };
    // SAFETY: the message points to an address, to `bytes` and to `beside`, each with its size, all of which the call only
    // reads; without an OVERLAPPED it has ended when it returns.
    checked(unsafe { WSASendMsg(handle(socket), &raw const message, 0, &raw mut sent, null_mut(), None) })?;
    Ok(sent as usize)
}
