//! Many clients, many sockets.

use crate::why::Topic;
use socket_demos::errors::SocketError;
use socket_demos::t;

pub(super) static MANY_CLIENTS: Topic = Topic {
    name: "many-clients",
    title: || t!("serving many clients", "同时服务多个客户端"),
    meaning: || {
        t!(
            "accept gives one socket for each client. While the program serves one, the others wait in the queue, unless there is a thread, a process or an event loop for them.",
            "accept 给每个客户端一个套接字。程序只服务一个时，别人就在队列里等，除非用线程、进程或事件循环。"
        )
    },
    causes: || {
        vec![
            t!("accept is called once, or only after the first client has left", "accept 只调一次，或第一个走了才再调"),
            t!("recv of the first client blocks the loop", "第一个客户端的 recv 堵住了循环"),
        ]
    },
    see: ["ss -tn sport = :8080", "netstat -an -p tcp", "netstat -ano"],
    cure: || {
        t!(
            "a thread for each client (simple), or asyncio, select, epoll",
            "每个客户端一个线程（简单），或 asyncio、select、epoll"
        )
    },
    python: "threading.Thread(target=serve, args=(connection,)).start()",
    rust: "thread::spawn(move || serve(stream));",
    experiments: &["many-clients", "backlog"],
    program: "tcp-chat-server",
    lesson: Some(3),
    related: &[],
    words: "many multiple several clients client handle serve simultaneously concurrent same time second \
            client waits has to wait until first leaves only one thread per client threading socketserver \
            broadcast message to all chat room accept loop ConcurrentHashMap 多个客户端 多客户端 同时 并发 多线程 第二个客户端 \
            只能 一个 连接 服务端 聊天室 群聊 处理",
    wordings: "only talks to one person at a time handle 2 clients both multi user chat room accept more \
            than one connection parallel requests server blocks on first client thread pool asyncio \
            forward messages to other clients group 多人 多人聊天 一对多 第二个人 连不上 只能连一个 线程池 广播给所有人 转发 多个用户 accept \
            more than one client two clients at once chat between clients room server for several players \
            multi threaded server fork second connection hangs no response until other disconnects 好几个客户端 \
            多玩家 几个人 聊天 一个服务器 第二个客户端没反应 同时连接 多线程服务器 fork 两个客户端互发",
};

pub(super) static SELECT_LIMIT: Topic = Topic {
    name: "select-limit",
    title: || t!("select takes no descriptor over 1,023", "select 不能用 1023 以上的描述符"),
    meaning: || {
        t!(
            "An fd_set has 1,024 bits (Windows: 64 sockets). A higher descriptor cannot be in it, whatever ulimit says.",
            "fd_set 只有 1024 位（Windows：64 个套接字）。更大的描述符放不进去，和 ulimit 无关。"
        )
    },
    causes: || {
        vec![t!("more than about a thousand connections, or descriptors that leak", "连接超过一千个左右，或描述符泄漏")]
    },
    see: ["ls /proc/PID/fd | wc -l", "lsof -p PID | wc -l", "netstat -ano"],
    cure: || t!("poll, epoll, kqueue; in Python selectors", "用 poll、epoll、kqueue；Python 用 selectors"),
    python: "selector = selectors.DefaultSelector()",
    rust: "mio::Poll::new()?  // or a thread for each client",
    experiments: &["many-clients"],
    program: "",
    lesson: None,
    related: &[SocketError::TooManyFiles],
    words: "select filedescriptor file descriptor out of range in select FD_SETSIZE fd_set 1024 1023 64 \
            sockets limit maximum poll epoll ValueError too many file descriptors in select 限制 上限 描述符 超过 \
            1024 个",
    wordings: "1024 connections limit select windows 64 sockets fd too big FD_SET crash out of range large \
            number of connections 超过1024 连接数上限 select限制 descriptor above 1023 FD_SETSIZE raise more than \
            1024 sockets in select crash buffer overflow 64 on windows 最多1024 突破限制",
};

pub(super) static TOO_MANY: Topic = Topic {
    name: "too-many",
    title: || t!("too many open files", "打开的文件太多"),
    meaning: || {
        t!(
            "Each socket is a descriptor, and the process has reached its limit (often 1,024; 256 on macOS). accept then fails at once, again and again, and the loop spins.",
            "每个套接字是一个描述符，进程到了上限（常为 1024，macOS 256）。accept 马上失败，反复失败，循环空转。"
        )
    },
    causes: || {
        vec![
            t!("connections that ended are not closed (CLOSE_WAIT)", "结束的连接没有 close（CLOSE_WAIT）"),
            t!("really that many clients", "客户端真的有这么多"),
        ]
    },
    see: ["ls /proc/PID/fd | wc -l; ulimit -n", "lsof -p PID | wc -l; ulimit -n", "netstat -ano"],
    cure: || {
        t!(
            "close what has ended; then raise the limit; pause before the next accept",
            "先把结束的都 close；再提高上限；accept 失败时停一停"
        )
    },
    python: "resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))",
    rust: "Err(error) => thread::sleep(Duration::from_millis(100)),  // in the loop of accept",
    experiments: &["many-clients"],
    program: "",
    lesson: None,
    related: &[],
    words: "too many open files EMFILE ENFILE ulimit nofile descriptor descriptors limit accept fails \
            spins leak fd 100 cpu file handles 打开的文件过多 文件描述符 句柄 上限 泄漏 过多 打开文件 太多",
    wordings: "after 1000 clients cannot accept more file handle leak raise limit ulimit -n sockets not \
            closed open descriptors exhausted OSError 24 1024 连接 一千个客户端 描述符用完 不能再连接 句柄泄漏 fd limit reached \
            descriptor exhausted accept error 24 EMFILE how to raise ulimit file handles out of cannot \
            open socket resource limit process 达到上限 fd用完 文件句柄数 打开太多 限制 提高限制",
};

pub(super) static NO_BUFFERS: Topic = Topic {
    name: "no-buffers",
    title: || t!("the system has no room", "系统没有空间了"),
    meaning: || t!("The kernel has no memory, no queue or no place for one more.", "内核没有内存、队列或名额了。"),
    causes: || {
        vec![
            t!(
                "UDP sent faster than the interface; a VPN that is down; Windows: ports or non-paged memory used up",
                "UDP 发得比网卡快；VPN 断开；Windows：端口或内存用完"
            ),
            t!("descriptors sent over a Unix socket and not received", "通过 Unix 套接字传描述符却没人收"),
        ]
    },
    see: ["free -m; ss -s", "netstat -m", "netstat -ano"],
    cure: || {
        t!(
            "send more slowly, close what is not used, and find out who keeps so many",
            "放慢发送，关掉不用的，找出谁占了这么多"
        )
    },
    python: "except OSError: time.sleep(0.1)",
    rust: "Err(_) => thread::sleep(Duration::from_millis(100)),",
    experiments: &["flood"],
    program: "",
    lesson: None,
    related: &[],
    words: "ENOBUFS ENOMEM no buffer space available cannot allocate memory queue full lacked sufficient \
            out of memory 10055 缓冲区空间不足 队列已满 没有内存 无法分配内存",
    wordings: "sendto fails no memory kernel memory exhausted vpn interface queue 发送失败 内存不足 10055 windows \
            buffer space queue full network memory pressure send udp fast ENOBUFS macos 系统内存 队列满",
};
