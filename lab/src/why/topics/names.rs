//! Names, and which address a server is reached at.

use crate::why::Topic;
use socket_demos::errors::SocketError;
use socket_demos::t;

pub(super) static NAMES: Topic = Topic {
    name: "names",
    title: || t!("a name has no address", "域名解析不出地址"),
    meaning: || {
        t!(
            "connect wants an address; the resolver (DNS, hosts) did not give one for this name. No socket was involved yet.",
            "connect 需要地址，而解析器（DNS、hosts）没有给出这个名字的地址。这时还没用到套接字。"
        )
    },
    causes: || {
        vec![
            t!("a spelling mistake; http:// or :8080 inside the name", "名字拼错；名字里带了 http:// 或 :8080"),
            t!(
                "no network, or the DNS server does not answer (\"temporary failure\")",
                "没有网络，或 DNS 服务器没有回答（“暂时”）"
            ),
            t!(
                "a name that only another network knows (a container, a school)",
                "只有别的网络认识的名字（容器、校园网）"
            ),
        ]
    },
    see: ["getent hosts NAME", "dscacheutil -q host -a name NAME", "nslookup NAME"],
    cure: || {
        t!(
            "check the name, give the IP address instead, or 127.0.0.1 for this machine",
            "检查名字，或直接写 IP 地址，本机写 127.0.0.1"
        )
    },
    python: "socket.getaddrinfo(\"localhost\", 8080)",
    rust: "(\"localhost\", 8080).to_socket_addrs()?",
    experiments: &[],
    program: "",
    lesson: None,
    related: &[],
    words: "name names hostname host domain dns resolve resolver resolution lookup getaddrinfo gaierror \
            failed no such host unknown host UnknownHostException ENOTFOUND EAI_AGAIN not known could not \
            resolve nslookup 域名 主机名 解析 解析失败 找不到主机 未知主机 DNS",
    wordings: "unknown hostname typo website name cannot be resolved dns server down domain not found find \
            the server dns lookup fails container name ping by name 域名错误 网址 解析不了 找不到服务器 DNS失败 主机名解析 \
            server not found when typing hostname lookup of hosts url instead of host nslookup works \
            resolver timeout /etc/hosts mdns .local name unknown lan computer name 输入域名 找不到 计算机名 主机名连接 \
            hosts文件 网址不能",
};

pub(super) static LOCALHOST: Topic = Topic {
    name: "localhost",
    title: || t!("localhost is two addresses", "localhost 有两个地址"),
    meaning: || {
        t!(
            "localhost stands for ::1 and 127.0.0.1. A client may try ::1 first while the server is on 127.0.0.1 alone (Node since 17, browsers, Windows).",
            "localhost 同时是 ::1 和 127.0.0.1。客户端可能先试 ::1，而服务器只在 127.0.0.1 上（Node 17 以后、浏览器、Windows）。"
        )
    },
    causes: || {
        vec![
            t!(
                "the server is bound to one family, the client tries the other",
                "服务器只绑定一种地址族，客户端试的是另一种"
            ),
            t!("Windows waits 2 s for ::1 before it tries 127.0.0.1", "Windows 试 ::1 要等 2 秒才换 127.0.0.1"),
        ]
    },
    see: ["getent ahosts localhost", "dscacheutil -q host -a name localhost", "ping localhost"],
    cure: || t!("write 127.0.0.1 at both ends, or listen on both", "两边都写 127.0.0.1，或者两种都监听"),
    python: "s.connect((\"127.0.0.1\", 8080))",
    rust: "TcpStream::connect(\"127.0.0.1:8080\")?",
    experiments: &["refused"],
    program: "",
    lesson: None,
    related: &[SocketError::ConnectionRefused],
    words: "localhost ipv6loopback ipv6 resolves node 17 refused two addresses family fetch \
            slow 2 seconds v4 v6 本地主机 解析成 解析到",
    wordings: "ipv4 or ipv6 first works with but not with fails browser loopback resolves to hosts \
            file happy eyeballs 用IP可以 localhost不行 回环 difference between and loopback interface \
            prefers ipv6 vs ip number name of this machine ::1 connection only works with one of them \
             有什么不同 本机地址 回环地址",
};

pub(super) static EVERYWHERE: Topic = Topic {
    name: "everywhere",
    title: || t!("works here, not from another computer", "本机可以，别的电脑连不上"),
    meaning: || {
        t!(
            "A server bound to 127.0.0.1 hears its own machine only; 0.0.0.0 stands for all its addresses. The client must use the server's address in their common network.",
            "绑定 127.0.0.1 的服务器只听本机；0.0.0.0 代表本机所有地址。客户端要用服务器在共同网络里的地址。"
        )
    },
    causes: || {
        vec![
            t!(
                "the server is bound to 127.0.0.1 or localhost; in a container that is the container alone",
                "服务器绑定在 127.0.0.1 或 localhost；在容器里就只有容器自己"
            ),
            t!("a firewall on the server, or a Wi-Fi that isolates its clients", "服务器的防火墙，或 Wi-Fi 隔离设备"),
            t!("another network: a public address needs port forwarding", "不在同一网络：公网访问要端口转发"),
        ]
    },
    see: ["ss -tln", "netstat -an -p tcp | grep LISTEN", "netstat -an | findstr LISTENING"],
    cure: || {
        t!(
            "bind 0.0.0.0, allow the port in the firewall, connect to the address in the LAN",
            "绑定 0.0.0.0，防火墙放行端口，客户端用局域网地址"
        )
    },
    python: "s.bind((\"0.0.0.0\", 8080))",
    rust: "TcpListener::bind(\"0.0.0.0:8080\")?",
    experiments: &["refused"],
    program: "tcp-chat-server --lan",
    lesson: Some(1),
    related: &[SocketError::ConnectionRefused],
    words: "works on localhost not from another other computer machine phone laptop device lan local \
            network wifi remote outside container docker 0.0.0.0 127.0.0.1 difference bind address which \
            all interfaces reachable only locally cannot reach my server firewall 别的电脑 另一台电脑 其他电脑 手机 局域网 \
            连不上 访问不了 本机可以 绑定哪个地址 区别 容器 外网",
    wordings: "phone mobile friend roommate classmate same wifi open page home network port forwarding \
            virtual machine vm wsl external access from internet cannot be reached from outside listen on \
            all interfaces lan ip 室友 同学 同一个wifi 手机访问 虚拟机 内网 公网 外部访问 访问不到 两台电脑 teammate colleague same \
            network cannot reach app other machines laptop to laptop hotspot campus network test from \
            phone only myself can connect listen address host parameter 0.0.0.0 bind all classmates join \
            my server 同学连不上 同事 同一网络 热点 校园网 只有自己能连 换台电脑 其他机器 两台机器 互相连接",
};

pub(super) static UNREACHABLE: Topic = Topic {
    name: "unreachable",
    title: || t!("no route to the host or network", "到不了那台主机或那个网络"),
    meaning: || {
        t!(
            "A router, a firewall or your own system says that there is no way to that address.",
            "路由器、防火墙或你自己的系统说：没有去那个地址的路。"
        )
    },
    causes: || {
        vec![
            t!(
                "no network on this machine, or the host is off (no ARP answer)",
                "本机没有网络，或对方没开机（ARP 没有回答）"
            ),
            t!(
                "another network than you think: a wrong address, VPN, IPv6 without a way",
                "不在同一网络：地址写错、VPN、没有 IPv6 出口"
            ),
            t!(
                "firewalld on the server answers \"no route to host\" for a closed port",
                "服务器上的 firewalld 用“没有到主机的路由”来回答关着的端口"
            ),
        ]
    },
    see: ["ip route get 192.168.1.23", "route -n get 192.168.1.23", "route print"],
    cure: || {
        t!(
            "ping the host, compare both addresses, open the port in the firewall",
            "ping 对方，对比两边的地址，在防火墙里放行端口"
        )
    },
    python: "",
    rust: "",
    experiments: &[],
    program: "",
    lesson: None,
    related: &[],
    words: "no route to host network unreachable host unreachable EHOSTUNREACH ENETUNREACH \
            NoRouteToHostException network down host down ping cable not same network wifi interface \
            offline no internet vpn 无法到达 不可达 没有路由 网络不通 ping 不通 同一网络 断网 网卡 没有网络",
    wordings: "destination host unreachable gateway router subnet different network cannot ping route \
            missing airplane mode 网关 路由 子网 不通 ping不通 没网 cannot get to that address other subnet different \
            vlan vmware bridge host only network disconnected cable unplugged at connect ip route no \
            gateway adapter off 不同网段 虚拟网卡 桥接 网线没插 连不到那台主机",
};

pub(super) static SELF_CONNECT: Topic = Topic {
    name: "self-connect",
    title: || t!("connected to itself", "连到了自己"),
    meaning: || {
        t!(
            "A client that tries a dead port of the ephemeral range again and again may get the same port as its own: both SYNs cross, and it reads what it wrote.",
            "客户端反复连接临时端口范围里没人监听的端口，可能分到同一个本地端口：自己连上自己，读到自己写的话。"
        )
    },
    causes: || {
        vec![t!(
            "the server's port lies in the ephemeral range (from 32768 on Linux)",
            "服务器端口在临时端口范围内（Linux 从 32768 起）"
        )]
    },
    see: ["ss -tn", "netstat -an -p tcp", "netstat -an"],
    cure: || {
        t!(
            "give the server a port below 32768; compare both addresses after connect",
            "服务器用 32768 以下的端口；connect 之后比较两端地址"
        )
    },
    python: "if s.getsockname() == s.getpeername(): s.close()",
    rust: "if stream.local_addr()? == stream.peer_addr()? { /* close */ }",
    experiments: &["refused"],
    program: "",
    lesson: None,
    related: &[],
    words: "self connect selfconnect itself connects to itself own bytes echo dead port succeeds although \
            no server reads what it wrote 自连接 自己连自己 连到自己 没有服务器 也能连上",
    wordings: "connecting to closed port succeeds sometimes simultaneous open localhost loop same source and \
            destination port 源端口 目的端口 相同 自己和自己 connects without any server running client talks to itself \
            echo of own messages same port both sides retry loop reconnect localhost weird success \
            没开服务器却连上 自己收到自己发的",
};

pub(super) static PORTS_OUT: Topic = Topic {
    name: "ports-out",
    title: || t!("the client's ports have run out", "客户端的本地端口用完了"),
    meaning: || {
        t!(
            "Each connection to one server takes a local port of the ephemeral range (28,232 on Linux, 16,384 on Windows), and TIME_WAIT keeps it for a minute.",
            "到同一服务器的每个连接要占一个临时端口（Linux 28232 个，Windows 16384 个），TIME_WAIT 还要占一分钟。"
        )
    },
    causes: || {
        vec![
            t!("a new connection for each request, closed by the client first", "每个请求都新建连接，并由客户端先关"),
            t!("connections that are never closed", "连接一直不关"),
        ]
    },
    see: [
        "ss -s; cat /proc/sys/net/ipv4/ip_local_port_range",
        "sysctl net.inet.ip.portrange.first net.inet.ip.portrange.last",
        "netsh int ipv4 show dynamicport tcp",
    ],
    cure: || {
        t!(
            "keep connections and use them again (a pool, keep-alive); tcp_tw_reuse=1 helps connect on Linux",
            "保持连接重复使用（连接池、keep-alive）；Linux 上 tcp_tw_reuse=1 对 connect 有用"
        )
    },
    python: "session = requests.Session()  # one connection, many requests",
    rust: "let mut stream = TcpStream::connect(address)?;  // once, outside the loop",
    experiments: &["time-wait"],
    program: "",
    lesson: None,
    related: &[SocketError::AddressNotAvailable, SocketError::AddressInUse],
    words: "ports out run runs exhausted exhaustion ephemeral local port range load test stress 28232 \
            16384 many connects connections fail client outgoing TIME_WAIT connect EADDRNOTAVAIL \
            EADDRINUSE ip_local_port_range pool 端口耗尽 本地端口 临时端口 用完 不够用 压测 压力测试 短连接 高并发",
    wordings: "benchmark load generator wrk ab jmeter stops after thousands connections about 28000 30000 \
            short lived connections exhausted source ports cannot open more connections client side 压测 \
            几万个连接 开不了新连接 客户端端口 源端口 短连接太多 cannot open any more outgoing connections proxy nat exhaustion \
            crawler scraper each request new socket fails after tens of thousands works again later \
            cannot create connection local address 爬虫 代理 大量请求 新建连接失败 过一会又好了 对外连接",
};

pub(super) static INHERITED: Topic = Topic {
    name: "inherited",
    title: || t!("a child process holds the socket", "子进程拿着套接字"),
    meaning: || {
        t!(
            "A process started from the server inherits its sockets unless they are close-on-exec: the port stays in use until the child ends too.",
            "服务器启动的子进程会继承套接字，除非设了 close-on-exec：子进程不结束，端口就一直被占用。"
        )
    },
    causes: || {
        vec![
            t!(
                "fork, or a C program without SOCK_CLOEXEC (Python 3.4, Rust, Go set it)",
                "fork，或没设 SOCK_CLOEXEC 的 C 程序（Python 3.4 起、Rust、Go 会设）"
            ),
            t!("Python with pass_fds or close_fds=False", "Python 用了 pass_fds 或 close_fds=False"),
        ]
    },
    see: ["ss -tlnp 'sport = :8080'", "lsof -nP -iTCP:8080", "netstat -ano | findstr :8080"],
    cure: || t!("end the child; make sockets close-on-exec", "结束子进程；让套接字 close-on-exec"),
    python: "s.set_inheritable(False)",
    rust: "TcpListener::bind(address)?  // close-on-exec already",
    experiments: &["time-wait"],
    program: "",
    lesson: None,
    related: &[SocketError::AddressInUse],
    words: "child process subprocess fork inherited inherits inherit port stays in use after exit exited \
            program ended still CLOEXEC FD_CLOEXEC close on exec daemon orphan 子进程 继承 退出后 端口 仍然 占用 程序结束",
    wordings: "parent exits daemon restarted service worker still listening after crash popen background \
            process keeps the listening socket open kill parent 父进程 后台进程 仍在监听 杀掉后 端口没释放 old worker still \
            owns socket after parent restart child keeps port exec spawn shell command started by server \
            holds handle inheritance windows reload supervisor 子进程占着 启动的命令 没有释放监听 重启后旧进程",
};
