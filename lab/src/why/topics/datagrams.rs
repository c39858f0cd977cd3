//! Datagrams: how large, how sure.

use crate::why::Topic;
use socket_demos::errors::SocketError;
use socket_demos::t;

pub(super) static MESSAGE_TOO_LONG: Topic = Topic {
    name: "message-too-long",
    title: || t!("how large a datagram can be", "数据报最大多大"),
    meaning: || {
        t!(
            "65,507 bytes over IPv4 (65,527 over IPv6); more is EMSGSIZE. Over about 1,472 it is sent in fragments on Ethernet, and one lost fragment loses all.",
            "IPv4 上最多 65507 字节（IPv6 65527），再多就是 EMSGSIZE。超过约 1472 字节在以太网上要分片，丢一片就全丢。"
        )
    },
    causes: || {
        vec![
            t!("a whole file or picture in one sendto", "一次 sendto 发整个文件或图片"),
            t!("macOS: 9,216 by default; \"do not fragment\" is set", "macOS 默认 9216；设了“不要分片”"),
            t!(
                "Windows 10040 at recvfrom: your buffer is smaller than the datagram",
                "Windows 在 recvfrom 报 10040：缓冲区比数据报小"
            ),
        ]
    },
    see: ["ip link show", "sysctl net.inet.udp.maxdgram", "netsh int ipv4 show subinterfaces"],
    cure: || t!("pieces of up to 1,200 bytes with numbers, or TCP", "切成最多 1200 字节并编号，或改用 TCP"),
    python: "for n in range(0, len(data), 1200): s.sendto(data[n:n + 1200], address)",
    rust: "for piece in data.chunks(1200) { socket.send_to(piece, address)?; }",
    experiments: &["largest", "truncation"],
    program: "",
    lesson: Some(6),
    related: &[],
    words: "EMSGSIZE message too long udp maximum max size packet datagram largest big large how much \
            65507 65535 64 KB 1472 1500 mtu fragment fragments fragmentation image file sendto biggest 最大 \
            最多 多少字节 多大 长度限制 一个包 分片 太长 太大 MTU 报文太长 数据报",
    wordings: "send big file image picture video over udp one packet split datagram limit 100 KB 64k 65536 \
            bytes udp payload size safe mtu avoid fragmentation 发送图片 大文件 udp 一次能发 拆分 上限 长度 分包 安全长度 safe \
            udp payload size bytes maximum how big may a datagram be large file over udp error when \
            sending huge buffer must split 1472 508 512 1400 recommended video frame 多大合适 发大文件 udp传文件 \
            安全大小 最大长度 超过限制 太大发不出去",
};

pub(super) static TRUNCATION: Topic = Topic {
    name: "truncation",
    title: || t!("the rest of a datagram is gone", "数据报的后半截没了"),
    meaning: || {
        t!(
            "recvfrom(n) gives at most n bytes of one datagram and throws the rest away; silently on Unix, with error 10040 on Windows.",
            "recvfrom(n) 最多给一个数据报的 n 字节，其余丢弃；Unix 上不声不响，Windows 报 10040。"
        )
    },
    causes: || vec![t!("the buffer is smaller than the datagram", "缓冲区比数据报小")],
    see: ["strace -e trace=network -p PID", "dtruss -p PID", "pktmon start -c"],
    cure: || t!("a buffer of 65,535 bytes", "缓冲区用 65535 字节"),
    python: "data, sender = s.recvfrom(65535)",
    rust: "let mut buffer = [0; 65535]; socket.recv_from(&mut buffer)?",
    experiments: &["truncation"],
    program: "",
    lesson: Some(6),
    related: &[SocketError::MessageTooLong],
    words: "truncated truncation cut rest remainder datagram udp packet gone lost missing recvfrom buffer \
            too small 1024 smaller MSG_TRUNC 10040 WSAEMSGSIZE half of the datagram 截断 数据报 后半 剩下 缓冲区太小 \
            udp 丢了 被截断 不完整",
    wordings: "receive smaller than sent only first bytes of udp packet rest discarded where are the other \
            bytes recvfrom buffer size 10 second recvfrom gives next packet 只收到前面 剩下的字节 其余的去哪了 缓冲区小于 \
            数据报被丢 datagram bigger than my buffer buffer set too small what happens excess bytes recvfrom \
            loses tail of packet partial datagram 缓冲区设小 设小了 会怎样 超出部分 后面的丢了 收不全 udp 收到一截",
};

pub(super) static FLOOD: Topic = Topic {
    name: "flood",
    title: || t!("UDP loses datagrams, on one machine too", "UDP 丢包，本机也丢"),
    meaning: || {
        t!(
            "What finds the receiver's buffer full is dropped, without a word to anybody (RcvbufErrors). Every send succeeds.",
            "接收缓冲区满了，后来的就被丢掉，谁也不通知（RcvbufErrors）。每次 send 都成功。"
        )
    },
    causes: || {
        vec![
            t!("the reader is slower than the sender, or sleeps", "接收比发送慢，或在睡"),
            t!("a small buffer (212,992 on Linux counts overhead too)", "缓冲区小（Linux 的 212992 还包括开销）"),
            t!("Wi-Fi, a full queue on the way", "Wi-Fi，路上的队列满了"),
        ]
    },
    see: ["nstat -az UdpRcvbufErrors; ss -unm", "netstat -s -p udp", "netstat -s -p udp"],
    cure: || {
        t!(
            "read faster, SO_RCVBUF, acknowledge and send again; or TCP",
            "读快些，加大 SO_RCVBUF，自己确认重发；或用 TCP"
        )
    },
    python: "s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)",
    rust: "socket2::SockRef::from(&socket).set_recv_buffer_size(4 << 20)?",
    experiments: &["flood"],
    program: "",
    lesson: Some(7),
    related: &[SocketError::NoBuffers, SocketError::WouldBlock],
    words: "udp loses lost packets packet loss drop dropped drops datagrams localhost same machine \
            receive buffer errors RcvbufErrors SO_RCVBUF rmem too fast flood burst some missing not \
            received unreliable buffer overflow netstat 丢包 丢数据 本机 丢失 接收缓冲区 缓冲区 udp 发太快 收不到 不可靠",
    wordings: "never arrive even on loopback send 1000 receive 600 missing sequence numbers fast sender slow \
            consumer drops when sending quickly in a loop increase buffer lost datagrams percent 发1000个 \
            只收到 少了 收不全 循环发送 太快 丢了一些 少收 丢失率 加延时 tight loop loses most datagrams receiver cannot keep up \
            too slow drops quickly sending overflow kernel drop counter why lost on same computer burst \
            pacing sleep between sends 处理不过来 接收太慢 来不及收 丢得多 本机丢包 发快了 缓冲满 连续发丢",
};

pub(super) static UDP_REFUSED: Topic = Topic {
    name: "udp-refused",
    title: || t!("a UDP socket says refused or reset", "UDP 套接字报拒绝或重置"),
    meaning: || {
        t!(
            "An earlier datagram met no socket, and the host answered with ICMP port unreachable. Linux tells a connected socket (ECONNREFUSED), Windows fails the next recvfrom with 10054.",
            "先前的数据报没有套接字接收，主机回了 ICMP 端口不可达。Linux 告诉已 connect 的套接字（ECONNREFUSED），Windows 让下一次 recvfrom 报 10054。"
        )
    },
    causes: || vec![t!("the server does not run yet, or a client has gone", "服务器还没启动，或客户端走了")],
    see: ["sudo tcpdump -i lo icmp", "sudo tcpdump -i lo0 icmp", "pktmon start -c"],
    cure: || {
        t!(
            "ignore it and receive on (Windows: SIO_UDP_CONNRESET off)",
            "忽略它，继续接收（Windows：关掉 SIO_UDP_CONNRESET）"
        )
    },
    python: "except ConnectionResetError: continue",
    rust: "Err(e) if e.kind() == ErrorKind::ConnectionReset => continue,",
    experiments: &["refused"],
    program: "",
    lesson: Some(6),
    related: &[SocketError::ConnectionReset, SocketError::ConnectionRefused],
    words: "udp recvfrom icmp port unreachable connection reset refused though although udp has no \
            connection 10054 server windows SIO_UDP_CONNRESET error sendto 端口不可达 udp 没有连接 报错 为什么 重置",
    wordings: "udp client error connection refused no server running udp port closed icmp message windows \
            udp server crashes when client exits WSAECONNRESET on udp udp服务器 客户端退出后报错 udp 报 10054 目标端口没开 \
            icmp unreachable error on next send udp client exception server not started recvfrom crashes \
            windows udp exits when client leaves why does udp report refused udp没连接却报错 recvfrom 异常 10054 \
            udp 对方没开",
};

pub(super) static REORDER: Topic = Topic {
    name: "reorder",
    title: || t!("UDP: order and duplicates", "UDP 的顺序与重复"),
    meaning: || {
        t!(
            "UDP promises neither order nor arrival nor that a datagram comes once. On one machine it nearly always does, on a network not. TCP puts all in order.",
            "UDP 不保证顺序、不保证到达，也不保证只到一次。本机上几乎总是对的，网络上就未必。TCP 会排好序。"
        )
    },
    causes: || vec![t!("several ways through the network, Wi-Fi sending again", "网络里走了不同的路，Wi-Fi 重发")],
    see: ["sudo tcpdump -i any udp port 8080", "sudo tcpdump udp port 8080", "pktmon start -c"],
    cure: || {
        t!("number the datagrams, acknowledge, drop what was there; or TCP", "给数据报编号、确认、丢掉重复的；或用 TCP")
    },
    python: "s.sendto(struct.pack(\"!I\", number) + data, address)",
    rust: "socket.send_to(&[&number.to_be_bytes()[..], data].concat(), address)?",
    experiments: &["boundaries", "flood"],
    program: "udp-chat-client --loss 50% --duplicate 10% --reorder 10%",
    lesson: Some(7),
    related: &[],
    words: "udp order ordered out of order reorder in order delivered sequence duplicate duplicates twice \
            reliable reliability guarantee guaranteed unreliable make udp reliable ack difference tcp 乱序 \
            顺序 重复 按顺序 可靠 可靠性 不可靠 区别 保证",
    wordings: "how to make udp reliable packets arrive in wrong sequence same packet received twice sequence \
            number resend video game retransmission over udp quic kcp 怎么让udp可靠 包序号 先发后到 收到两次 重传 可靠udp \
            packet comes before earlier wrong order arrives late twice duplicated number packets \
            guaranteed delivery retransmit yourself acknowledge udp reliable transmission file over udp \
            without loss 先到 后到 次序 重复收到 不丢 保证送达 udp可靠传输 乱序到达",
};

pub(super) static BOUNDARIES: Topic = Topic {
    name: "boundaries",
    title: || t!("UDP keeps messages apart, TCP does not", "UDP 有消息边界，TCP 没有"),
    meaning: || {
        t!(
            "One sendto is one datagram is one recvfrom, or it is lost. TCP keeps the order of bytes and nothing else.",
            "一次 sendto 就是一个数据报、一次 recvfrom，要么就丢了。TCP 只保证字节的顺序。"
        )
    },
    causes: || {
        vec![t!(
            "TCP: stream, order, arrival, flow control; UDP: datagrams, no promise, no connection",
            "TCP：流、有序、必达、流量控制；UDP：数据报、无保证、无连接"
        )]
    },
    see: ["ss -tuan", "netstat -an", "netstat -an"],
    cure: || {
        t!("TCP unless you want datagrams: games, voice, DNS, broadcast", "一般用 TCP；游戏、语音、DNS、广播用 UDP")
    },
    python: "",
    rust: "",
    experiments: &["boundaries"],
    program: "",
    lesson: Some(6),
    related: &[],
    words: "difference between tcp and udp versus vs which one should i use when message boundaries \
            preserve stream datagram SOCK_STREAM SOCK_DGRAM 区别 tcp和udp tcp udp 哪个 选择 面向连接 无连接 数据报 流",
    wordings: "should I use tcp or udp for game video voice chat pros cons one send one receive which \
            protocol is faster connection oriented 游戏用 直播 语音 tcp还是udp 优缺点 选哪个 哪个快 适用场景 不同点 when to choose \
            udp over tcp main differences connection less which to use chat streaming sensor advantage \
            disadvantages faster than does udp keep message boundaries 什么时候用udp 选tcp还是udp 优点 缺点 区别 面向字节流 \
            面向报文",
};
