//! Calls in the wrong order, or on the wrong thing.

use crate::why::Topic;
use socket_demos::t;

pub(super) static NOT_A_SOCKET: Topic = Topic {
    name: "not-a-socket",
    title: || t!("no socket any more: EBADF, ENOTSOCK", "已经不是套接字：EBADF、ENOTSOCK"),
    meaning: || {
        t!(
            "The number does not stand for an open socket: it was closed, perhaps by another thread, or it is a file.",
            "这个编号不是打开的套接字：已经 close 了（也许是别的线程），或者是个文件。"
        )
    },
    causes: || {
        vec![
            t!("used after close, or after the end of a with block", "close 之后还用，或 with 块结束之后"),
            t!("close in the loop of the server: accept on a closed listener", "在循环里关了监听套接字，又 accept"),
            t!(
                "select with a closed socket, on Windows with a file or stdin",
                "select 里有已关的套接字；Windows 上有文件或 stdin"
            ),
        ]
    },
    see: ["ls -l /proc/PID/fd", "lsof -p PID", "netstat -ano"],
    cure: || t!("close once, at the end, by whoever uses it last", "只在最后由最后使用的人 close 一次"),
    python: "if s.fileno() == -1: ...  # it is closed",
    rust: "drop(stream);  // used afterwards it would not compile",
    experiments: &[],
    program: "",
    lesson: None,
    related: &[],
    words: "bad file descriptor EBADF ENOTSOCK socket",
    wordings: "operation on non socket not a socket closed socket used after close already closed use of \
            closed network connection socket is closed WinError 10038 10009 select handle 错误的文件描述符 非套接字 \
            不是套接字 已经关闭 已关闭的 operation on closed socket used after close double close fd -1 negative \
            descriptor select error stdin windows closed in another thread with statement ended 关闭之后又用 \
            已关闭 重复关闭 描述符无效 文件不是套接字 socket already closed file number invalid handle closed twice accept \
            after close use after with thread closed it 10038 9 关闭后使用 无效句柄 已经被关闭",
};

pub(super) static INVALID: Topic = Topic {
    name: "invalid",
    title: || t!("an argument or the order is wrong: EINVAL", "参数或顺序不对：EINVAL"),
    meaning: || {
        t!(
            "The call does not fit the socket's state or its arguments are out of range.",
            "调用不符合套接字当前状态，或参数超出范围。"
        )
    },
    causes: || {
        vec![
            t!(
                "accept without listen; bind a second time; shutdown has woken accept",
                "没 listen 就 accept；bind 两次；accept 被 shutdown 叫醒"
            ),
            t!(
                "fe80:: without its interface (%eth0); a wrong length of the address in C",
                "fe80:: 没写网卡（%eth0）；C 里地址长度不对"
            ),
        ]
    },
    see: ["strace -e trace=network -p PID", "dtruss -p PID", "netstat -ano"],
    cure: || {
        t!(
            "the order of a server: socket, bind, listen, accept; of a client: socket, connect",
            "服务器的顺序：socket、bind、listen、accept；客户端：socket、connect"
        )
    },
    python: "s.bind(address); s.listen(); connection, peer = s.accept()",
    rust: "TcpListener::bind(address)?.accept()?",
    experiments: &["handshake"],
    program: "",
    lesson: Some(1),
    related: &[],
    words: "EINVAL EFAULT invalid argument accept without listen bind twice wrong order of calls sequence \
            socket bind listen accept order bad address length pointer 无效的参数 参数 顺序 先 listen 调用顺序 绑定两次",
    wordings: "forgot listen before accept call order server steps second bind sockaddr length link local \
            scope 少了listen 忘记listen 调用次序 步骤 参数错误 accept before listen order of socket calls missing bind \
            step argument wrong address structure 22 10022 connect after listen wrong sequence 步骤不对 先后顺序 \
            缺少listen",
};

pub(super) static WRONG_KIND: Topic = Topic {
    name: "wrong-kind",
    title: || t!("the wrong kind of socket, protocol or option", "套接字、协议或选项的种类不对"),
    meaning: || {
        t!(
            "Address family, type, protocol and option must fit each other, and the system must have them.",
            "地址族、类型、协议和选项要配套，而且系统要支持。"
        )
    },
    causes: || {
        vec![
            t!("an IPv6 address for an AF_INET socket, or the reverse", "AF_INET 套接字用了 IPv6 地址，或反过来"),
            t!("listen or accept on a UDP socket", "对 UDP 套接字 listen 或 accept"),
            t!(
                "an option of another system (SO_REUSEPORT on Windows) or level",
                "别的系统的选项（Windows 上的 SO_REUSEPORT），或层次写错"
            ),
        ]
    },
    see: ["ss -tuanp", "netstat -an", "netstat -an"],
    cure: || {
        t!(
            "AF_INET with 127.0.0.1, AF_INET6 with ::1; SOCK_STREAM for TCP, SOCK_DGRAM for UDP",
            "127.0.0.1 用 AF_INET，::1 用 AF_INET6；TCP 用 SOCK_STREAM，UDP 用 SOCK_DGRAM"
        )
    },
    python: "socket.socket(socket.AF_INET6, socket.SOCK_STREAM)",
    rust: "TcpStream::connect(\"[::1]:8080\")?",
    experiments: &[],
    program: "",
    lesson: None,
    related: &[],
    words: "address family not supported EAFNOSUPPORT protocol type wrong option not available EOPNOTSUPP \
            ENOPROTOOPT EPROTOTYPE EPROTONOSUPPORT not supported AF_INET AF_INET6 mismatch setsockopt \
            getsockopt listen on udp 地址族 协议 不支持 选项 类型",
    wordings: "ipv6 address with AF_INET socket SO_REUSEPORT missing on windows unknown option protocol \
            mismatch SOCK_RAW wrong constant 地址族不匹配 选项不存在 windows没有 ipv6 literal ipv4 socket unsupported \
            option family mismatch listen on datagram socket protocol unknown getaddrinfo hints type \
            地址和套接字不匹配 类型错误 udp不能listen",
};

pub(super) static WINSOCK: Topic = Topic {
    name: "winsock",
    title: || t!("Windows Sockets is not started", "Windows 套接字没有启动"),
    meaning: || {
        t!(
            "A C program on Windows must call WSAStartup before its first socket call. Python, Rust, Java do it themselves.",
            "Windows 上的 C 程序要先调用 WSAStartup 才能用套接字。Python、Rust、Java 会自己做。"
        )
    },
    causes: || {
        vec![t!(
            "WSAStartup missing, failed, or WSACleanup too early",
            "没调用 WSAStartup、调用失败，或太早 WSACleanup"
        )]
    },
    see: ["", "", "netsh winsock show catalog"],
    cure: || {
        t!(
            "WSAStartup(MAKEWORD(2, 2), &data) at the beginning; if the system is broken: netsh winsock reset",
            "一开始就 WSAStartup(MAKEWORD(2, 2), &data)；系统坏了：netsh winsock reset"
        )
    },
    python: "",
    rust: "",
    experiments: &[],
    program: "",
    lesson: None,
    related: &[],
    words: "WSAStartup WSANOTINITIALISED winsock winsock2 WSACleanup ws2_32 not called startup 10093 没有调用 \
            初始化 未初始化 启动",
    wordings: "error 10093 forgot WSAStartup c++ windows first socket call fails link ws2_32.lib vc 没有初始化 \
            忘记初始化 C++ 第一步 windows c program socket() returns INVALID_SOCKET 10093 initialise library \
            linker error unresolved external ws2_32 visual studio 返回INVALID_SOCKET 链接错误 vs",
};
