//! What the systems print for an error: strerror(3) of Linux and macOS, FormatMessage of Windows, in English and Chinese. Of a
//! long sentence its beginning, which no other has.

use super::SocketError;

/// The sentences of an error.
#[expect(clippy::too_many_lines, reason = "a table, a line for each error")]
pub(super) fn sentences(error: SocketError) -> &'static [&'static str] {
    use SocketError as E;
    match error {
        E::Access => &[
            "Permission denied",
            "An attempt was made to access a socket in a way forbidden by its access permissions",
            "以一种访问权限不允许的方式做了一个访问套接字的尝试",
            "权限不够",
            "权限被拒绝",
        ],
        E::AddressInUse => &[
            "Address already in use",
            "Only one usage of each socket address",
            "address in use",
            "通常每个套接字地址(协议/网络地址/端口)只允许使用一次",
            "地址已在使用",
            "地址已被使用",
        ],
        E::AddressNotAvailable => &[
            "Cannot assign requested address",
            "Can't assign requested address",
            "The requested address is not valid in its context",
            "在其上下文中，该请求的地址无效",
            "无法指定被请求的地址",
        ],
        E::AlreadyConnected => &[
            "Transport endpoint is already connected",
            "Socket is already connected",
            "A connect request was made on an already connected socket",
            "在一个已经连接的套接字上做了一个连接请求",
            "传输端点已连接",
        ],
        E::AlreadyInProgress => &[
            "Operation already in progress",
            "An operation was attempted on a non-blocking socket that already had an operation in progress",
            "在一个非阻止性套接字上尝试了一个已经在进行的操作",
            "操作已经在进行",
        ],
        E::BadAddressOfMemory => &[
            "Bad address",
            "The system detected an invalid pointer address",
            "系统检测到在一个调用中尝试使用指针参数时的无效指针地址",
            "错误的地址",
        ],
        E::BadDescriptor => &[
            "Bad file descriptor",
            "The file handle supplied is not valid",
            "提供的文件句柄无效",
            "错误的文件描述符",
            "坏的文件描述符",
        ],
        E::BrokenPipe => &["Broken pipe", "断开的管道"],
        E::ConnectionAborted => &[
            "Software caused connection abort",
            "An established connection was aborted by the software in your host machine",
            "你的主机中的软件中止了一个已建立的连接",
            "您的主机中的软件中止了一个已建立的连接",
            "由软件导致的连接断开",
            "软件导致连接中止",
        ],
        E::ConnectionRefused => &[
            "Connection refused",
            "No connection could be made because the target machine actively refused it",
            "target machine actively refused",
            "由于目标计算机积极拒绝，无法连接",
            "目标计算机积极拒绝",
            "拒绝连接",
            "连接被拒绝",
        ],
        E::ConnectionReset => &[
            "Connection reset by peer",
            "Connection reset",
            "An existing connection was forcibly closed by the remote host",
            "forcibly closed by the remote host",
            "远程主机强迫关闭了一个现有的连接",
            "连接被对方重设",
            "连接被对方重置",
            "连接被重置",
        ],
        E::DestinationMissing => &[
            "Destination address required",
            "A required address was omitted from an operation on a socket",
            "请求的地址在一个套接字中从操作中忽略",
            "需要目标地址",
        ],
        E::FamilyNotSupported => &[
            "Address family not supported by protocol",
            "An address incompatible with the requested protocol was used",
            "使用了与请求的协议不兼容的地址",
            "协议不支持的地址族",
        ],
        E::HostDown => &[
            "Host is down",
            "A socket operation failed because the destination host was down",
            "由于目标主机坏了，套接字操作失败",
            "主机关闭",
        ],
        E::HostUnreachable => &[
            "No route to host",
            "A socket operation was attempted to an unreachable host",
            "套接字操作尝试一个无法连接的主机",
            "没有到主机的路由",
        ],
        E::InProgress => &[
            "Operation now in progress",
            "A blocking operation is currently executing",
            "目前正在执行一个阻止性操作",
            "操作现在正在进行",
        ],
        E::Interrupted => &[
            "Interrupted system call",
            "A blocking operation was interrupted by a call to WSACancelBlockingCall",
            "一个封锁操作被对 WSACancelBlockingCall 的调用中断",
            "被中断的系统调用",
        ],
        E::Invalid => &["Invalid argument", "An invalid argument was supplied", "提供了一个无效的参数", "无效的参数"],
        E::MessageTooLong => &[
            "Message too long",
            "A message sent on a datagram socket was larger than the internal message buffer",
            "一个在数据报套接字上发送的消息大于内部消息缓冲区或其他一些网络限制",
            "消息过长",
        ],
        E::NameFamily => &["ai_family not supported", "不支持 ai_family"],
        E::NameFlags => &["Bad value for ai_flags", "Invalid value for ai_flags", "错误的 ai_flags 的值"],
        E::NameHasNoAddress => &[
            "No address associated with hostname",
            "No address associated with nodename",
            "The requested name is valid, but no data of the requested type was found",
            "请求的名称有效，但是找不到请求的类型的数据",
            "没有与主机名关联的地址",
        ],
        E::NameMemory => &["Memory allocation failure", "Memory allocation failed", "内存分配失败"],
        E::NameNeverFails => &[
            "Non-recoverable failure in name resolution",
            "A non-recoverable error occurred during a database lookup",
            "在数据库查找中出现一个不可恢复的错误",
            "域名解析中出现不可修复的失败",
        ],
        E::NameNotKnown => &[
            "Name or service not known",
            "nodename nor servname provided, or not known",
            "No such host is known",
            "no such host",
            "不知道这样的主机",
            "未知的名称或服务",
            "未知的主机名",
        ],
        E::NameOtherFamily => &[
            "Address family for hostname not supported",
            "Address family for nodename not supported",
            "不支持为主机名的地址族",
        ],
        E::NameServer => &[
            "Temporary failure in name resolution",
            "This is usually a temporary error during hostname resolution",
            "这是在主机名解析时通常出现的暂时错误",
            "域名解析暂时失败",
        ],
        E::NameService => &["Servname not supported for ai_socktype", "不支持 ai_socktype 的伺服名称"],
        E::NameSocketType => &["ai_socktype not supported", "不支持 ai_socktype"],
        E::NameSystem => &["System error returned in errno"],
        E::NetworkDown => &[
            "Network is down",
            "A socket operation encountered a dead network",
            "套接字操作遇到了一个已死的网络",
            "网络已关闭",
        ],
        E::NetworkReset => &[
            "Network dropped connection on reset",
            "The connection has been broken due to keep-alive activity",
            "当该操作在进行中，由于保持活动的操作检测到一个故障，该连接中断",
            "重置时断开网络连接",
        ],
        E::NetworkUnreachable => &[
            "Network is unreachable",
            "A socket operation was attempted to an unreachable network",
            "向一个无法连接的网络尝试了一个套接字操作",
            "网络不可达",
        ],
        E::NoBuffers => &[
            "No buffer space available",
            "An operation on a socket could not be performed because the system lacked sufficient buffer space",
            "由于系统缓冲区空间不足或队列已满，不能执行套接字上的操作",
            "没有可用的缓冲区空间",
            "无可用缓冲区空间",
        ],
        E::NoMemory => &["Cannot allocate memory", "无法分配内存"],
        E::NoSuchOption => &[
            "Protocol not available",
            "An unknown, invalid, or unsupported option or level was specified",
            "在 getsockopt 或 setsockopt 调用中指定的一个未知的、无效的或不受支持的选项或层次",
            "不可用的协议",
        ],
        E::NotASocket => &[
            "Socket operation on non-socket",
            "An operation was attempted on something that is not a socket",
            "在一个非套接字上尝试了一个操作",
            "对非套接字进行套接字操作",
        ],
        E::NotConnected => &[
            "Transport endpoint is not connected",
            "Socket is not connected",
            "A request to send or receive data was disallowed because the socket is not connected",
            "由于套接字没有连接并且(当使用一个 sendto 调用发送数据报套接字时)没有提供地址，发送或接收数据的请求没有被接受",
            "传输端点尚未连接",
        ],
        E::NotInitialised => &[
            "Either the application has not called WSAStartup, or WSAStartup failed",
            "应用程序没有调用 WSAStartup，或者 WSAStartup 失败",
        ],
        E::NotPermitted => &["Operation not permitted", "不允许的操作"],
        E::NotReady => &["WSAStartup cannot function at this time"],
        E::NotSupported => &[
            "Operation not supported",
            "Operation not supported on socket",
            "The attempted operation is not supported for the type of object referenced",
            "参考的对象类型不支持尝试的操作",
            "不支持的操作",
        ],
        E::PeerEnds => &["the remote party has initiated a graceful shutdown sequence"],
        E::ProcessLimit => {
            &["Too many processes", "A Windows Sockets implementation may have a limit on the number of applications"]
        }
        E::ProtocolBroken => &["Protocol error", "协议错误"],
        E::ProtocolFamily => &[
            "Protocol family not supported",
            "The protocol family has not been configured into the system",
            "协议家族尚未配置到系统中或没有它的存在迹象",
            "不支持的协议族",
        ],
        E::ProtocolNotSupported => &[
            "Protocol not supported",
            "The requested protocol has not been configured into the system",
            "请求的协议还没有在系统中配置，或者没有它存在的迹象",
            "不支持的协议",
        ],
        E::ProtocolType => &[
            "Protocol wrong type for socket",
            "A protocol was specified in the socket function call that does not support the semantics",
            "在套接字函数调用中指定的一个协议不支持请求的套接字类型的语法",
            "错误的 socket 协议类型",
        ],
        E::Shutdown => &[
            "Cannot send after transport endpoint shutdown",
            "Can't send after socket shutdown",
            "the socket had already been shut down in that direction with a previous shutdown call",
            "由于以前的关闭调用，套接字在那个方向已经关闭",
            "无法在传输端点关闭以后发送",
        ],
        E::SocketType => &[
            "Socket type not supported",
            "The support for the specified socket type does not exist in this address family",
            "在这个地址家族中不存在对指定的插槽类型的支持",
            "不支持的套接字类型",
        ],
        E::TimedOut => &[
            "Connection timed out",
            "Operation timed out",
            "A connection attempt failed because the connected party did not properly respond after a period of time",
            "由于连接方在一段时间后没有正确答复或连接的主机没有反应，连接尝试失败",
            "连接超时",
        ],
        E::TooManyFiles => &["Too many open files", "Too many open sockets", "打开的文件过多", "打开的套接字太多"],
        E::TooManyFilesInAll => &["Too many open files in system", "系统中打开的文件过多"],
        E::TooManyReferences => &[
            "Too many references: cannot splice",
            "Too many references: can't splice",
            "Too many references to some kernel object",
            "过多的引用：无法接合",
        ],
        E::VersionNotSupported => {
            &["The Windows Sockets version requested is not supported", "不支持请求的 Windows 套接字版本"]
        }
        E::WouldBlock => &[
            "Resource temporarily unavailable",
            "A non-blocking socket operation could not be completed immediately",
            "无法立即完成一个非阻止性套接字操作",
            "资源暂时不可用",
        ],
    }
}
