//! Addresses: what a socket is bound to, and who holds it.

use crate::why::Topic;
use socket_demos::errors::SocketError;
use socket_demos::t;

pub(super) static ADDRESS_IN_USE: Topic = Topic {
    name: "address-in-use",
    title: || t!("the address is in use", "端口被占用"),
    meaning: || {
        t!(
            "bind found that another socket has this address and port: of a running program, or a rest that TCP keeps for a while.",
            "bind 时发现这个地址和端口已经有别的套接字：某个程序正在用，或者是 TCP 还要保留一会儿的残留。"
        )
    },
    causes: || {
        vec![
            t!("an earlier copy of the server still runs", "服务器的上一个进程还在运行"),
            t!(
                "TIME_WAIT: your server closed a connection first and was restarted within a minute",
                "TIME_WAIT：服务器先关闭了连接，一分钟内又重启"
            ),
            t!("a child process has inherited the listening socket", "子进程继承了监听套接字"),
            t!("another program has the port, or :: and 0.0.0.0 meet on it", "别的程序占用，或 :: 与 0.0.0.0 撞在一起"),
        ]
    },
    see: ["ss -tanp 'sport = :8080'", "lsof -nP -iTCP:8080", "netstat -ano | findstr :8080"],
    cure: || {
        t!(
            "end whoever listens; else set the option before bind, or take another port",
            "结束正在监听的程序；没有的话在 bind 之前设选项，或换一个端口"
        )
    },
    python: "s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)",
    rust: "TcpListener::bind(address)?  // std sets SO_REUSEADDR on Unix",
    experiments: &["time-wait", "sharing"],
    program: "socket-lab port 8080",
    lesson: Some(4),
    related: &[],
    words: "bind address port already in use used taken occupied restart server again quickly kill start \
            fix OSError BindException EADDRINUSE listen failed 端口 被占用 占用 地址 已被使用 已在使用 重启 重新启动 绑定 失败 端口冲突 \
            unable to start cannot bind",
    wordings: "flask django node express tomcat spring uvicorn gunicorn webpack port 3000 5000 8080 busy \
            conflict already running another instance second instance cannot start crashed previous run \
            still bound EADDRINUSE bind failed 启动失败 起不来 程序崩溃 再次启动 端口冲突 已经被占 bind失败 busy socket twice in a \
            row start two times run again error on second start listen tcp bind port conflict with other \
            application eclipse pycharm debug rerun port in use by another program docker container \
            publish stop old process 第二次运行 再运行 报错端口 同时开两个 提示地址 调试 重新运行",
};

pub(super) static TIME_WAIT: Topic = Topic {
    name: "time-wait",
    title: || t!("TIME_WAIT and a restart", "TIME_WAIT 与重启"),
    meaning: || {
        t!(
            "The side that closes first keeps the connection in TIME_WAIT (2 MSL: 60 s on Linux, 30 s on macOS), so that late segments meet no new connection. Many of them are normal.",
            "先关闭的一方要在 TIME_WAIT 里等 2MSL（Linux 60 秒，macOS 30 秒），免得迟到的报文段闯进新连接。数量多一般是正常的。"
        )
    },
    causes: || {
        vec![
            t!("a server that closes first and is started again at once", "服务器先关闭，马上又启动"),
            t!("a client that makes a new connection for each request", "客户端每次请求都新建连接"),
        ]
    },
    see: ["ss -tan state time-wait", "netstat -an | grep TIME_WAIT", "netstat -ano | findstr TIME_WAIT"],
    cure: || {
        t!(
            "SO_REUSEADDR before bind (in the earlier run too); let the client close first; keep connections open. tcp_tw_recycle is gone, tcp_fin_timeout is another state's",
            "bind 之前设 SO_REUSEADDR（上一次运行也要设）；让客户端先关；用长连接。tcp_tw_recycle 已删除，tcp_fin_timeout 管的是别的状态"
        )
    },
    python: "s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)",
    rust: "TcpListener::bind(address)?  // std sets SO_REUSEADDR on Unix",
    experiments: &["time-wait", "states"],
    program: "socket-lab sysctl",
    lesson: Some(4),
    related: &[SocketError::AddressInUse],
    words: "TIME_WAIT time wait timewait many too many connections restart server again right after \
            nobody listening port still taken netstat 2MSL MSL tcp_tw_reuse tcp_tw_recycle \
            tcp_fin_timeout sysctl SO_REUSEADDR reuse wait a minute 过多 太多 大量 重启 马上 一分钟 为什么要有 等待 优化 内核参数",
    wordings: "closing restart immediately minute seconds rebind previous connection lingering sockets \
            remain after close linux netstat shows why does exist purpose reduce number of two times \
            maximum segment lifetime 关闭之后 立刻重启 立即 起不来 等一分钟 两分钟 大量 残留 存在的意义 端口 释放 come back up after \
            ctrl-c stop and start again quickly minute later works how long active closer waits why does \
            the side that closes wait skip avoid shorten 主动关闭 主动关闭方 等一段时间 为什么等 等多久 缩短 避免 ctrl+c 之后 再启动",
};

pub(super) static PORT: Topic = Topic {
    name: "port",
    title: || t!("which program holds a port", "谁占着端口"),
    meaning: || {
        t!(
            "Each bound port belongs to a socket of some process; the system tells which.",
            "每个端口背后都有某个进程的套接字，系统能告诉你是谁。"
        )
    },
    causes: || {
        vec![
            t!("the program is yours: you see its name and number", "是你自己的程序：能看到名字和进程号"),
            t!("it is another user's: only root sees it", "是别人的程序：只有 root 能看到"),
            t!("nobody: then it is TIME_WAIT", "没有进程：那就是 TIME_WAIT"),
        ]
    },
    see: ["sudo ss -tulnp 'sport = :8080'", "sudo lsof -nP -i :8080", "netstat -ano | findstr :8080"],
    cure: || {
        t!(
            "end it by its process number: kill PID, on Windows taskkill /PID PID",
            "按进程号结束它：kill PID，Windows 用 taskkill /PID PID"
        )
    },
    python: "",
    rust: "",
    experiments: &["time-wait"],
    program: "socket-lab port 8080 --watch",
    lesson: Some(4),
    related: &[SocketError::AddressInUse],
    words: "which what program process application who uses using holds listening listens on port find \
            pid kill lsof netstat ss fuser taskkill free up 谁 哪个 程序 进程 占用 端口 查看 查端口 占着 监听 端口号 杀掉 结束进程 \
            释放端口",
    wordings: "what is listening who owns port owner identify see check open ports list command to find \
            occupying 被谁占用 谁在用 查出 哪个进程 占用端口的程序 命令 查询端口 pid that has port number task manager software \
            using service on port show owner find out who identify program netstat -ano ss -ltnp lsof -i \
            哪个软件 软件在用 哪个服务 端口对应 查进程 PID 被什么占用",
};

pub(super) static SHARING: Topic = Topic {
    name: "sharing",
    title: || {
        t!("two sockets on one port: SO_REUSEADDR, SO_REUSEPORT", "一个端口两个套接字：SO_REUSEADDR 与 SO_REUSEPORT")
    },
    meaning: || {
        t!(
            "SO_REUSEADDR lets bind pass over TIME_WAIT; on Linux it never lets two TCP servers listen. SO_REUSEPORT does, and spreads the clients. Over UDP both let the sockets share. On Windows SO_REUSEADDR takes the port away from another.",
            "SO_REUSEADDR 让 bind 不顾 TIME_WAIT；在 Linux 上它不会让两个 TCP 服务器同时监听。SO_REUSEPORT 会，并分摊客户端。UDP 两者都能共用。Windows 的 SO_REUSEADDR 会抢走别人的端口。"
        )
    },
    causes: || {
        vec![
            t!("Linux, UDP: who was bound last gets the datagrams", "Linux UDP：后绑定的收到数据报"),
            t!(
                "Windows: set SO_EXCLUSIVEADDRUSE so that nobody shares",
                "Windows：设 SO_EXCLUSIVEADDRUSE 就没人能共用"
            ),
        ]
    },
    see: ["ss -tulnp", "lsof -nP -i", "netstat -ano"],
    cure: || {
        t!(
            "one process accepts and hands on; SO_REUSEPORT only for several workers of one server",
            "由一个进程 accept 再分发；SO_REUSEPORT 只用于同一服务器的多个工作进程"
        )
    },
    python: "s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)",
    rust: "socket2::Socket::set_reuse_port(&socket, true)?",
    experiments: &["sharing"],
    program: "",
    lesson: Some(4),
    related: &[SocketError::AddressInUse],
    words: "SO_REUSEADDR SO_REUSEPORT SO_EXCLUSIVEADDRUSE reuseaddr reuseport difference versus vs two \
            programs servers processes same port share sharing bind one port twice both hijack steal 两个 \
            程序 进程 同一个端口 同一端口 绑定 共用 共享 复用 端口复用 区别 同时监听",
    wordings: "multiple processes workers load balance same port simultaneously listen option meaning of \
            takes over second copy of my server starts without error 重用地址 端口重用 多个进程 监听同一 作用 两个服务器 two \
            copies instances of listener udp same time both bound who receives load balancing kernel \
            reuse address option effects 两个副本 同时绑定 谁收到 复用选项",
};

pub(super) static DUAL_STACK: Topic = Topic {
    name: "dual-stack",
    title: || t!("IPv4 and IPv6 with one socket", "一个套接字同时收 IPv4 和 IPv6"),
    meaning: || {
        t!(
            "A socket on :: takes IPv4 clients too (as ::ffff:1.2.3.4), unless IPV6_V6ONLY is set: off on Linux and macOS, on on Windows. So :: and 0.0.0.0 collide on one port.",
            "绑定 :: 的套接字也收 IPv4（显示为 ::ffff:1.2.3.4），除非设了 IPV6_V6ONLY：Linux、macOS 默认关，Windows 默认开。所以 :: 和 0.0.0.0 在同一端口会冲突。"
        )
    },
    causes: || vec![t!("two servers, one on :: and one on 0.0.0.0", "两个服务器，一个绑定 ::，一个绑定 0.0.0.0")],
    see: ["ss -tln6", "netstat -an -f inet6", "netstat -an -p tcpv6"],
    cure: || {
        t!(
            "one socket on :: with V6ONLY off, or two sockets with V6ONLY on",
            "一个 :: 套接字并关掉 V6ONLY，或两个套接字都打开 V6ONLY"
        )
    },
    python: "s = socket.create_server((\"::\", 8080), family=socket.AF_INET6, dualstack_ipv6=True)",
    rust: "socket.set_only_v6(false)?  // socket2, before bind",
    experiments: &[],
    program: "",
    lesson: None,
    related: &[SocketError::AddressInUse],
    words: "dual stack :: and 0.0.0.0 dualstack ipv4 ipv6 both one socket IPV6_V6ONLY v6only ::ffff \
            mapped address listen :: 0.0.0.0 collide together 双栈 同时 监听 支持 IPv6 IPv4",
    wordings: "ipv6 client to ipv4 server accept both protocols in6addr_any mapped support ipv6 and ipv4 at \
            once 同时支持 兼容 IPv6客户端 single listener for v4 v6 clients AF_INET6 server ipv4-mapped prefix \
            一个监听 兼容两种 IPv6 服务器接受 IPv4",
};

pub(super) static NO_PERMISSION: Topic = Topic {
    name: "no-permission",
    title: || t!("no permission", "没有权限"),
    meaning: || {
        t!(
            "The system does not let this user do that: mostly bind a port below 1024, or send to a broadcast address without saying so.",
            "系统不让这个用户这样做：多半是绑定 1024 以下的端口，或没声明就发广播。"
        )
    },
    causes: || {
        vec![
            t!(
                "a port below 1024 without root (Linux: ip_unprivileged_port_start)",
                "没有 root 权限却用 1024 以下的端口（Linux：ip_unprivileged_port_start）"
            ),
            t!("Windows: the port is reserved or held exclusively (10013)", "Windows：端口被保留或被独占（10013）"),
            t!("sendto 255.255.255.255 without SO_BROADCAST", "没设 SO_BROADCAST 就 sendto 255.255.255.255"),
            t!("a firewall or antivirus; raw sockets and ping", "防火墙、杀毒软件；原始套接字、ping"),
        ]
    },
    see: ["sysctl net.ipv4.ip_unprivileged_port_start", "id", "netsh int ipv4 show excludedportrange protocol=tcp"],
    cure: || t!("take a port above 1023, such as 8080", "换一个 1023 以上的端口，比如 8080"),
    python: "s.bind((\"127.0.0.1\", 8080))",
    rust: "TcpListener::bind(\"127.0.0.1:8080\")?",
    experiments: &[],
    program: "",
    lesson: None,
    related: &[SocketError::NotPermitted],
    words: "permission denied PermissionError EACCES EPERM access forbidden not allowed bind port 80 443 \
            below 1024 root sudo admin administrator privileged reserved raw socket 权限 没有权限 权限不够 不允许 拒绝访问 \
            绑定 80 端口 1024 以下 管理员 特权端口",
    wordings: "low port privileged ports nonroot without root linux 443 22 21 bind as normal user setcap \
            cap_net_bind_service administrator antivirus blocks 普通用户 低端口 需要root 拒绝 防病毒 443端口 不用root sudo \
            only root may low numbers ports ftp http reserved raw sockets ping needs privileges denied \
            when listening firewall blocked by windows 只有root 小于1024 端口受限 被拒绝访问 以管理员身份 防火墙阻止",
};

pub(super) static NO_SUCH_ADDRESS: Topic = Topic {
    name: "no-such-address",
    title: || t!("this machine has no such address", "本机没有这个地址"),
    meaning: || {
        t!(
            "bind was asked for an address that is on no interface here, or connect found no free port of its own.",
            "bind 的地址不在本机任何网卡上，或者 connect 找不到空闲的本地端口。"
        )
    },
    causes: || {
        vec![
            t!(
                "bind got the router's, the public or another machine's address",
                "bind 写成了路由器、公网或别的机器的地址"
            ),
            t!("the address has changed (DHCP, VPN off)", "地址变了（DHCP、VPN 断开）"),
            t!(
                "connect under load: all local ports are taken (see ports-out)",
                "大量 connect：本地端口用完了（见 ports-out）"
            ),
            t!("connect to port 0 or to 0.0.0.0 on Windows", "在 Windows 上连接端口 0 或 0.0.0.0"),
        ]
    },
    see: ["ip -brief address", "ifconfig", "ipconfig"],
    cure: || {
        t!(
            "bind 127.0.0.1 for this machine alone, 0.0.0.0 for all networks",
            "只给本机用就绑定 127.0.0.1，给所有网络用绑定 0.0.0.0"
        )
    },
    python: "s.bind((\"0.0.0.0\", 8080))",
    rust: "TcpListener::bind(\"0.0.0.0:8080\")?",
    experiments: &[],
    program: "",
    lesson: None,
    related: &[],
    words: "cannot assign requested address EADDRNOTAVAIL bind public ip cloud aws not valid in its \
            context no such address interface wrong ip bind error 无法指定 请求的地址 公网IP 绑定 本机没有 地址无效",
    wordings: "cannot bind to my external ip elastic address assigned not on this interface wrong host in \
            bind server on virtual machine moved network 外网地址 云主机 换了网络 IP变了 绑定失败 ip of other host used in \
            bind copy paste tutorial address 192.168 example docker host ip wrong interface requested \
            address invalid 填错IP 教程里的地址 写别人的IP 绑定IP不对",
};
