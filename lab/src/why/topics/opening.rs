//! How a conversation begins, or does not.

use crate::why::Topic;
use socket_demos::errors::SocketError;
use socket_demos::t;

pub(super) static REFUSED: Topic = Topic {
    name: "refused",
    title: || t!("the connection is refused", "连接被拒绝"),
    meaning: || {
        t!(
            "The host was reached and answered with RST: nobody listens on this port at this address.",
            "已经到达主机，它回了 RST：这个地址的这个端口上没有人在监听。"
        )
    },
    causes: || {
        vec![
            t!("the server does not run, or has ended with an error", "服务器没启动，或已出错退出"),
            t!("another port or address than the server prints", "端口或地址与服务器的不一致"),
            t!(
                "the server listens on 127.0.0.1 only and you come from elsewhere; or localhost is ::1",
                "服务器只监听 127.0.0.1 而你从别处连；或 localhost 是 ::1"
            ),
            t!("a firewall that rejects; on Windows a full backlog", "防火墙拒绝；Windows 上 backlog 已满"),
        ]
    },
    see: ["ss -tln", "netstat -an -p tcp | grep LISTEN", "netstat -ano | findstr LISTENING"],
    cure: || {
        t!(
            "start the server first, compare address and port, try 127.0.0.1 on its own machine",
            "先启动服务器，核对地址和端口，在服务器本机用 127.0.0.1 试"
        )
    },
    python: "socket.create_connection((\"127.0.0.1\", 8080), timeout=5)",
    rust: "TcpStream::connect_timeout(&address, Duration::from_secs(5))?",
    experiments: &["refused"],
    program: "socket-lab port 8080",
    lesson: Some(1),
    related: &[],
    words: "refused connection refused ECONNREFUSED cannot connect server running not running actively \
            refused failed to connect could not connect unable to connect connect error tcp client start \
            first nobody listens refused to connect localhost docker redis mysql 拒绝 连接被拒绝 积极拒绝 连不上 连接不上 \
            无法连接 服务器没启动 连接失败",
    wordings: "telnet could not open connection to the host server not started wrong port nothing is running \
            there connection fails immediately at once docker container database cannot connect client \
            error target machine 服务没开 端口没开 马上失败 立刻失败 telnet 数据库连不上 服务器没开 报错 rejected instantly nobody \
            listening at port immediately fails error 111 61 10061 target refuses server down closed port \
            no server on that port wrong host remote rejects could not establish connection host \
            reachable 一连就被拒绝 立刻报错 没人监听 服务端没运行 端口关闭 目标拒绝 拒绝访问连接",
};

pub(super) static TIMED_OUT: Topic = Topic {
    name: "timed-out",
    title: || t!("connect hangs, or times out", "连接一直没有回应、超时"),
    meaning: || {
        t!(
            "Nobody answered: neither yes (SYN ACK) nor no (RST). Refused means a host said no at once; a timeout means silence. Linux tries for about 127 s, macOS 75, Windows 21.",
            "没有任何回答：既不是同意（SYN ACK），也不是拒绝（RST）。被拒绝是主机马上说不，超时是一片沉默。Linux 约 127 秒，macOS 75 秒，Windows 21 秒。"
        )
    },
    causes: || {
        vec![
            t!(
                "a firewall that drops (DROP; REJECT would refuse), a cloud's security group",
                "防火墙丢弃（DROP；REJECT 则是拒绝），云服务器的安全组"
            ),
            t!(
                "a wrong address, a host that is off, a Wi-Fi that isolates its clients",
                "地址写错、主机没开、Wi-Fi 隔离了设备"
            ),
            t!("Linux: the server's accept queue is full", "Linux：服务器的全连接队列满了"),
            t!(
                "in the middle of a connection: what was sent is not acknowledged for about 15 minutes",
                "连接中途：发出的数据约 15 分钟没有确认"
            ),
        ]
    },
    see: ["ss -tan state syn-sent", "netstat -an | grep SYN_SENT", "netstat -ano | findstr SYN_SENT"],
    cure: || {
        t!(
            "set your own timeout for connect; then check address and firewall",
            "给 connect 设自己的超时；再检查地址和防火墙"
        )
    },
    python: "socket.create_connection((host, 8080), timeout=5)",
    rust: "TcpStream::connect_timeout(&address, Duration::from_secs(5))?",
    experiments: &["backlog", "refused"],
    program: "",
    lesson: Some(3),
    related: &[],
    words: "connect connection timed out timeout time out hangs takes long forever minutes two minutes no \
            answer no response firewall drop DROP REJECT iptables ufw security group shorten give up \
            sooner difference refused ETIMEDOUT SYN_SENT syn unreachable took too long to respond slow \
            connect 连接超时 超时 没有回应 没反应 防火墙 安全组 一直连接 卡住 连接 区别 拒绝 很久 连不上 云服务器",
    wordings: "ping works but connect hangs no reply silent stuck at connect SYN sent aws ec2 azure cloud vm \
            security rules port blocked filtered packets dropped retries forever waiting to connect \
            router 能ping通 端口不通 半天没反应 阿里云 腾讯云 端口没放行 一直卡在connect 无响应 wrong ip address waits ages hangs long \
            before error firewall silently drops ignores SYN server off machine not there vm cloud \
            network acl no reply handshake never completes unreachable host connect blocking how long \
            default reduce 防火墙没放行 等很久 才报错 IP写错 对方没开机 一直等到超时 SYN没有回应 默认多久 被防火墙拦",
};

pub(super) static BACKLOG: Topic = Topic {
    name: "backlog",
    title: || t!("backlog, SYN queue, accept queue", "backlog、半连接队列、全连接队列"),
    meaning: || {
        t!(
            "listen(n) is the length of the accept queue: finished connections that accept has not taken (全连接队列). Half-open ones wait in the SYN queue, on Linux limited by the same number. It is not the number of clients.",
            "listen(n) 是全连接队列的长度：握手已完成、还没被 accept 取走的连接。半连接（常说的“半连接池”）在 SYN 队列里，Linux 上也受这个数限制。它不是客户端的个数。"
        )
    },
    causes: || {
        vec![
            t!(
                "accept is too slow, or not called: Linux lets further clients wait and time out, Windows refuses",
                "accept 太慢或没有调用：Linux 让后来的等到超时，Windows 拒绝"
            ),
            t!("a SYN flood: SYN cookies answer it", "SYN 洪水：由 SYN cookie 应付"),
        ]
    },
    see: ["ss -ltn", "netstat -Lan", "netstat -ano -p tcp"],
    cure: || {
        t!(
            "accept at once and work elsewhere; a larger backlog (capped by somaxconn) for bursts",
            "马上 accept，活儿放到别处干；突发多时加大 backlog（受 somaxconn 限制）"
        )
    },
    python: "s.listen(128)",
    rust: "socket.listen(1024)?  // socket2; std listens with 128",
    experiments: &["backlog", "handshake"],
    program: "",
    lesson: Some(3),
    related: &[],
    words: "backlog listen parameter argument queue accept queue SYN queue half open pool somaxconn full \
            overflow SYN_RECV SYN flood cookies tcp_max_syn_backlog second argument 半连接 半连接池 半连接队列 全连接 \
            全连接队列 队列 半打开 队列满 洪水攻击",
    wordings: "what does the number in listen mean listen(5) 5 128 value of how many pending connections \
            waiting queue size limit connections waiting to be accepted clients connect before accept 参数 \
            listen的参数 listen参数 作用 等待队列 多少个连接 第二个参数 设多大 how many people clients can queue wait before \
            accept pending length full what happens set to 0 1 maximum connections parameter meaning of \
            argument refuse extra ones drops SYN when full listen number 设成1 设为0 会怎么样 排队 最多排多少 队列长度 满了会怎样 \
            同时多少人",
};

pub(super) static HANDSHAKE: Topic = Topic {
    name: "handshake",
    title: || t!("the three-way handshake", "三次握手"),
    meaning: || {
        t!(
            "SYN, SYN ACK, ACK: each side tells its first sequence number and has it acknowledged. The kernel does it alone: connect returns before the server calls accept.",
            "SYN、SYN ACK、ACK：双方各报自己的初始序号并得到确认。这是内核独自完成的：服务器还没 accept，connect 就已返回。"
        )
    },
    causes: || {
        vec![t!(
            "two would not do: the server would not know that its number arrived",
            "两次不够：服务器不知道自己的序号对方收到没有"
        )]
    },
    see: ["sudo tcpdump -i lo tcp port 8080", "sudo tcpdump -i lo0 tcp port 8080", "pktmon start -c"],
    cure: || {
        t!(
            "nothing to cure; a success of connect does not mean that the server's program has noticed you",
            "无须解决；connect 成功不代表服务器程序已经注意到你"
        )
    },
    python: "",
    rust: "",
    experiments: &["handshake", "states"],
    program: "",
    lesson: Some(1),
    related: &[],
    words: "handshake three way 3 way threeway SYN ACK connect accept who does it why three establish \
            connection sequence number isn 三次握手 握手 建立连接 过程 为什么是三次 两次 序号",
    wordings: "when is a connection established does accept perform finished before accept called kernel \
            completes syn-ack explained steps why not two wireshark capture opening 谁完成的 内核 accept之前 \
            建立连接的过程 抓包 who sends first SYN three packets first packet ACK sequence synchronize open \
            connection steps what happens during connect why three not two initial sequence tcpdump flags \
            谁先发 第一次 第二次 第三次 过程 首先发 SYN包 三个包",
};

pub(super) static NOT_CONNECTED: Topic = Topic {
    name: "not-connected",
    title: || t!("the socket is not connected", "套接字没有连接"),
    meaning: || {
        t!(
            "recv, send or shutdown on a socket that has no peer. A server must use the socket that accept returned, not the listening one.",
            "对没有对端的套接字调用 recv、send 或 shutdown。服务器要用 accept 返回的套接字，不是监听的那个。"
        )
    },
    causes: || {
        vec![
            t!("recv on the listening socket", "对监听套接字调用 recv"),
            t!(
                "connect has not been called, has failed, or was not waited for",
                "没有 connect、connect 失败或没等完成"
            ),
            t!("the peer has reset it before getpeername or shutdown", "getpeername、shutdown 之前对方已重置"),
        ]
    },
    see: ["ss -tanp", "lsof -nP -iTCP", "netstat -ano"],
    cure: || {
        t!(
            "connection, address = s.accept(), and go on with connection",
            "connection, address = s.accept()，之后都用 connection"
        )
    },
    python: "connection, address = s.accept(); connection.recv(1024)",
    rust: "let (mut stream, address) = listener.accept()?;",
    experiments: &["handshake"],
    program: "",
    lesson: Some(1),
    related: &[],
    words: "not connected socket is not connected ENOTCONN transport endpoint recv on listening socket \
            send before connect without address destination required EDESTADDRREQ sendto accept returns \
            wrong socket 没有连接 尚未连接 未连接 监听套接字 没有提供地址",
    wordings: "calling recv on the server socket instead of client socket send on unconnected forgot to \
            connect getpeername fails listener used wrong variable 忘记connect 用错套接字 服务器套接字 没有accept used \
            the listening socket by mistake instead of accepted one send before connect shutdown error \
            peer already gone 107 57 10057 not associated no peer address 没连上就发 用错了socket accept返回 没有对端",
};

pub(super) static NONBLOCKING: Topic = Topic {
    name: "nonblocking",
    title: || t!("connect on a non-blocking socket", "非阻塞套接字的 connect"),
    meaning: || {
        t!(
            "connect returns at once with EINPROGRESS (Windows 10035) and goes on. When the socket is writable it is over, and SO_ERROR tells how.",
            "connect 立刻返回 EINPROGRESS（Windows 10035），连接还在进行。套接字可写时就有了结果，SO_ERROR 说明成败。"
        )
    },
    causes: || {
        vec![
            t!("it is no error: the handshake takes a round trip", "这不是错误：握手要一个往返"),
            t!("connect again meanwhile: EALREADY, then EISCONN", "期间再 connect：EALREADY，之后 EISCONN"),
        ]
    },
    see: ["ss -tan state syn-sent", "netstat -an | grep SYN_SENT", "netstat -ano | findstr SYN_SENT"],
    cure: || {
        t!("wait until it is writable, then ask SO_ERROR: 0 is connected", "等它可写，再看 SO_ERROR：0 就是连上了")
    },
    python: "s.connect_ex(address); select.select([], [s], []); s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)",
    rust: "TcpStream::connect_timeout(&address, limit)?  // does all of it",
    experiments: &["handshake"],
    program: "",
    lesson: None,
    related: &[SocketError::WouldBlock],
    words: "non blocking nonblocking connect EINPROGRESS operation now in progress SO_ERROR select \
            writable asynchronous async connect_ex EALREADY EISCONN already connected setblocking finish \
            非阻塞 异步 连接 正在进行 可写",
    wordings: "connect_ex returns 115 10035 36 asynchronous connection in progress how do I know when \
            connected poll for write check result 异步连接 怎么知道连上了 非阻塞connect connect returns immediately \
            setblocking false before connect wait until connected select write set asyncio own event loop \
            立即返回 没连上 怎么判断连接成功 异步",
};
