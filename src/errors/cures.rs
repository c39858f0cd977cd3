//! What to do about an error, in one line.

use super::SocketError;
use crate::t;

impl SocketError {
    /// What to do about it, whatever the program; the lab's `why` tells the rest.
    #[expect(clippy::too_many_lines, reason = "a table, a line for each error")]
    pub fn cure(self) -> String {
        match self {
            Self::Access => t!(
                "take a port above 1023; for 255.255.255.255 set SO_BROADCAST",
                "换 1023 以上的端口；发往广播地址要先设 SO_BROADCAST"
            ),
            Self::AddressInUse => t!(
                "end the program that holds the port, or set SO_REUSEADDR before bind",
                "结束占着端口的程序，或在 bind 之前设 SO_REUSEADDR"
            ),
            Self::AddressNotAvailable => {
                t!("bind an address of this machine, 127.0.0.1 or 0.0.0.0", "绑定本机有的地址：127.0.0.1 或 0.0.0.0")
            }
            Self::AlreadyConnected => t!(
                "connect a socket once; make a new one for a new connection",
                "一个套接字只 connect 一次，新连接用新套接字"
            ),
            Self::AlreadyInProgress => {
                t!("wait until the socket is writable, do not call connect again", "等套接字可写，不要再调用 connect")
            }
            Self::BadAddressOfMemory => {
                t!("pass a buffer that exists, with its own length", "传入真实存在的缓冲区和它自己的长度")
            }
            Self::BadDescriptor => t!("do not use a socket after its close", "close 之后不要再用这个套接字"),
            Self::BrokenPipe => {
                t!("treat it as the end of the connection, and stop sending", "当作连接已结束，停止发送")
            }
            Self::ConnectionAborted => {
                t!("connect again; a server just accepts the next one", "重新连接；服务器继续 accept 即可")
            }
            Self::ConnectionRefused => {
                t!("start the server first; compare address and port", "先启动服务器，核对地址和端口")
            }
            Self::ConnectionReset => t!(
                "treat it as an end; let both sides read all before they close",
                "当作连接已结束；两端都读完再 close"
            ),
            Self::DestinationMissing => {
                t!("use sendto with an address, or connect first", "用 sendto 带上地址，或先 connect")
            }
            Self::FamilyNotSupported => {
                t!("make the socket for the address: AF_INET6 for IPv6", "按地址建套接字：IPv6 用 AF_INET6")
            }
            Self::HostDown => t!("check that the host is on and in this network", "检查对方是否开机、是否在同一网络"),
            Self::HostUnreachable => t!("check the address, the cable and the firewall", "检查地址、网线和防火墙"),
            Self::InProgress => t!("wait until it is writable, then ask SO_ERROR", "等它可写，再看 SO_ERROR"),
            Self::Interrupted => t!("make the call again", "重新调用一次"),
            Self::Invalid => {
                t!("listen before accept; bind once; check lengths", "先 listen 再 accept，只 bind 一次，检查长度")
            }
            Self::MessageTooLong => t!(
                "send at most 65,507 bytes in a datagram; receive with a larger buffer",
                "一个数据报最多 65507 字节；接收缓冲区要够大"
            ),
            Self::NameFamily | Self::NameOtherFamily => t!("ask for any family", "不要限定地址族"),
            Self::NameFlags => t!("pass no flags to getaddrinfo", "getaddrinfo 不要传标志"),
            Self::NameHasNoAddress => t!("check the name with nslookup", "用 nslookup 检查域名"),
            Self::NameNeverFails => t!("try another resolver", "换一个 DNS 服务器"),
            Self::NameNotKnown => {
                t!("check the spelling, without http:// and without a port", "检查拼写，不要带 http:// 和端口")
            }
            Self::NameServer => t!("check the network, then try again", "检查网络，然后再试"),
            Self::NameService => t!("give the port as a number", "端口写成数字"),
            Self::NameSocketType => t!("ask for SOCK_STREAM or SOCK_DGRAM", "用 SOCK_STREAM 或 SOCK_DGRAM"),
            Self::NameSystem => t!("look at errno", "查看 errno"),
            Self::NetworkDown => t!("switch the interface on", "启用网卡"),
            Self::NetworkReset => t!("connect again", "重新连接"),
            Self::NetworkUnreachable => {
                t!("check that this machine has a network and the address is right", "检查本机是否联网、地址是否正确")
            }
            Self::NoBuffers => t!("send more slowly, close sockets that are not used", "放慢发送，关闭不用的套接字"),
            Self::NameMemory | Self::NoMemory => t!("close what is not used", "关闭不用的东西"),
            Self::NoSuchOption => {
                t!("set an option that this kind of socket and system has", "只设这种套接字、这个系统有的选项")
            }
            Self::NotASocket => {
                t!("use the socket, not a file, and not after its close", "用套接字而不是文件，close 之后不要再用")
            }
            Self::NotConnected => {
                t!("connect first; a server uses what accept returned", "先 connect；服务器要用 accept 返回的套接字")
            }
            Self::NotInitialised => t!("call WSAStartup first (C only)", "先调用 WSAStartup（只有 C 需要）"),
            Self::NotPermitted => {
                t!("ask the firewall's rules, or run with the rights it needs", "检查防火墙规则，或用有权限的用户运行")
            }
            Self::NotReady => t!("restart Windows' network", "重启 Windows 的网络"),
            Self::NotSupported => t!("listen and accept are for TCP sockets", "listen 和 accept 只用于 TCP 套接字"),
            Self::PeerEnds => t!("treat it as the end of the connection", "当作连接已结束"),
            Self::ProcessLimit => t!("end other network programs", "结束其他网络程序"),
            Self::ProtocolBroken => t!("make the connection again", "重新建立连接"),
            Self::ProtocolFamily => t!("use AF_INET or AF_INET6", "用 AF_INET 或 AF_INET6"),
            Self::ProtocolNotSupported => t!("pass 0 as the protocol", "协议参数传 0"),
            Self::ProtocolType => {
                t!("SOCK_STREAM goes with TCP, SOCK_DGRAM with UDP", "SOCK_STREAM 配 TCP，SOCK_DGRAM 配 UDP")
            }
            Self::Shutdown => t!("send before shutdown", "在 shutdown 之前发送"),
            Self::SocketType => t!("use SOCK_STREAM or SOCK_DGRAM", "用 SOCK_STREAM 或 SOCK_DGRAM"),
            Self::TimedOut => {
                t!("check address and firewall; set a timeout of your own", "检查地址和防火墙；自己设一个超时")
            }
            Self::TooManyFiles => t!("close each connection that has ended", "结束的连接都要 close"),
            Self::TooManyFilesInAll => t!("close what is not used, on the whole system", "关闭整个系统里不用的文件"),
            Self::TooManyReferences => t!("send fewer descriptors at once", "一次少传几个描述符"),
            Self::VersionNotSupported => t!("ask WSAStartup for 2.2", "WSAStartup 请求 2.2 版"),
            Self::WouldBlock => t!(
                "wait until the socket is ready (select, poll), then call again",
                "等套接字就绪（select、poll）再调用"
            ),
        }
    }
}
