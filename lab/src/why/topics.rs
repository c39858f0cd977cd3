//! Every topic, and to which of them each error leads.

mod addresses;
mod closing;
mod content;
mod datagrams;
mod keeping;
mod many;
mod mistakes;
mod names;
mod opening;
mod senders;
mod stream;
mod waiting;

use super::Topic;
use socket_demos::errors::SocketError;
use socket_demos::t;

/// Every topic, in the order of the files.
pub static TOPICS: [&Topic; 68] = [
    &addresses::ADDRESS_IN_USE,
    &addresses::TIME_WAIT,
    &addresses::PORT,
    &addresses::SHARING,
    &addresses::DUAL_STACK,
    &addresses::NO_PERMISSION,
    &addresses::NO_SUCH_ADDRESS,
    &names::NAMES,
    &names::LOCALHOST,
    &names::EVERYWHERE,
    &names::UNREACHABLE,
    &names::SELF_CONNECT,
    &names::PORTS_OUT,
    &names::INHERITED,
    &opening::REFUSED,
    &opening::TIMED_OUT,
    &opening::BACKLOG,
    &opening::HANDSHAKE,
    &opening::NOT_CONNECTED,
    &opening::NONBLOCKING,
    &closing::RESET,
    &closing::BROKEN_PIPE,
    &closing::FAREWELL,
    &closing::CLOSE_WAIT,
    &closing::LAST_WORDS,
    &closing::HALF_CLOSE,
    &closing::STATES,
    &keeping::STALE,
    &keeping::VANISHED,
    &keeping::IDLE,
    &keeping::LOST,
    &keeping::SLOW,
    &keeping::NAGLE,
    &stream::LEFTOVER,
    &stream::STICKY,
    &stream::SHORT_SEND,
    &stream::BOTH_SEND,
    &stream::TWO_WRITERS,
    &stream::NO_NEWLINE,
    &content::CHARACTERS,
    &content::BYTE_ORDER,
    &content::PIPES,
    &content::EMPTY,
    &content::TIME,
    &content::UNIX_SOCKET,
    &waiting::TIMEOUT,
    &waiting::WOULD_BLOCK,
    &waiting::INTERRUPTED,
    &waiting::WAKE,
    &waiting::INPUT,
    &waiting::EVENT_LOOP,
    &many::MANY_CLIENTS,
    &many::SELECT_LIMIT,
    &many::TOO_MANY,
    &many::NO_BUFFERS,
    &datagrams::MESSAGE_TOO_LONG,
    &datagrams::TRUNCATION,
    &datagrams::FLOOD,
    &datagrams::UDP_REFUSED,
    &datagrams::REORDER,
    &datagrams::BOUNDARIES,
    &senders::BROADCAST,
    &senders::MULTICAST,
    &senders::STRANGER,
    &mistakes::NOT_A_SOCKET,
    &mistakes::INVALID,
    &mistakes::WRONG_KIND,
    &mistakes::WINSOCK,
];

/// The topic that an error leads to first.
pub fn first(error: SocketError) -> &'static Topic {
    use SocketError as E;
    match error {
        E::Access | E::NotPermitted => &addresses::NO_PERMISSION,
        E::AddressInUse => &addresses::ADDRESS_IN_USE,
        E::AddressNotAvailable => &addresses::NO_SUCH_ADDRESS,
        E::AlreadyConnected | E::AlreadyInProgress | E::InProgress => &opening::NONBLOCKING,
        E::BadAddressOfMemory | E::Invalid => &mistakes::INVALID,
        E::BadDescriptor | E::NotASocket => &mistakes::NOT_A_SOCKET,
        E::BrokenPipe | E::Shutdown => &closing::BROKEN_PIPE,
        E::ConnectionAborted | E::ConnectionReset | E::NetworkReset => &closing::RESET,
        E::ConnectionRefused => &opening::REFUSED,
        E::DestinationMissing | E::NotConnected => &opening::NOT_CONNECTED,
        E::FamilyNotSupported
        | E::NoSuchOption
        | E::NotSupported
        | E::ProtocolBroken
        | E::ProtocolFamily
        | E::ProtocolNotSupported
        | E::ProtocolType
        | E::SocketType => &mistakes::WRONG_KIND,
        E::HostDown | E::HostUnreachable | E::NetworkDown | E::NetworkUnreachable => &names::UNREACHABLE,
        E::Interrupted => &waiting::INTERRUPTED,
        E::MessageTooLong => &datagrams::MESSAGE_TOO_LONG,
        E::NameFamily
        | E::NameFlags
        | E::NameHasNoAddress
        | E::NameMemory
        | E::NameNeverFails
        | E::NameNotKnown
        | E::NameOtherFamily
        | E::NameServer
        | E::NameService
        | E::NameSocketType
        | E::NameSystem => &names::NAMES,
        E::NoBuffers | E::NoMemory | E::ProcessLimit | E::TooManyReferences => &many::NO_BUFFERS,
        E::NotInitialised | E::NotReady | E::VersionNotSupported => &mistakes::WINSOCK,
        E::PeerEnds => &closing::FAREWELL,
        E::TimedOut => &opening::TIMED_OUT,
        E::TooManyFiles | E::TooManyFilesInAll => &many::TOO_MANY,
        E::WouldBlock => &waiting::WOULD_BLOCK,
    }
}

/// What an error means where that is not all that its topic is about.
pub fn note(error: SocketError) -> Option<String> {
    use SocketError as E;
    Some(match error {
        E::AlreadyConnected => {
            t!("connect was called on a socket that is connected", "对已连接的套接字又调用了 connect")
        }
        E::AlreadyInProgress => {
            t!("an earlier connect on this socket is still going on", "这个套接字上次的 connect 还没结束")
        }
        E::BadAddressOfMemory => {
            t!("a pointer given to the call leads nowhere (C only)", "传给调用的指针无效（只有 C 会遇到）")
        }
        E::ConnectionAborted => t!(
            "this machine gave the connection up (Windows: nothing was acknowledged, or a firewall did it), or the client left before accept",
            "本机放弃了连接（Windows：一直没有确认，或被防火墙中止），或客户端在 accept 之前就走了"
        ),
        E::DestinationMissing => t!("send on a UDP socket without an address", "UDP 套接字没给地址就 send"),
        E::NetworkReset => {
            t!("keepalive, or the network itself, has ended the connection", "keepalive 或网络本身结束了连接")
        }
        E::NoMemory => t!("the kernel has no memory for it", "内核没有内存了"),
        E::NotPermitted => t!("mostly a firewall rule on this machine", "多半是本机的防火墙规则"),
        E::NotSupported => t!(
            "this kind of socket has no such call: listen on UDP, for example",
            "这种套接字没有这个调用，比如对 UDP 调用 listen"
        ),
        E::NameHasNoAddress => t!("the name exists, but has no address of this kind", "名字存在，但没有这种地址"),
        E::NameServer => t!("the DNS server did not answer: try again", "DNS 服务器没有回答：可以再试"),
        E::NameService => {
            t!("the port's name is not known for this kind of socket", "这种套接字没有这个服务名（端口名）")
        }
        E::PeerEnds => t!("the other side has ended in order", "对方正常结束"),
        E::ProtocolBroken => {
            t!("the other side broke the protocol, or left before accept", "对方违反协议，或在 accept 之前就走了")
        }
        E::Shutdown => t!("sent after shutdown of this direction", "这个方向已经 shutdown，之后又发"),
        E::TooManyFilesInAll => {
            t!("the whole system has reached its limit, not this process", "是整个系统到了上限，不是这个进程")
        }
        _ => return None,
    })
}

/// The topic of that name.
pub fn named(name: &str) -> Option<&'static Topic> {
    TOPICS.into_iter().find(|topic| topic.name == name)
}
