//! Datagrams to many, and from anybody.

use crate::why::Topic;
use socket_demos::errors::SocketError;
use socket_demos::t;

pub(super) static BROADCAST: Topic = Topic {
    name: "broadcast",
    title: || t!("UDP broadcast", "UDP 广播"),
    meaning: || {
        t!(
            "A broadcast goes to all hosts of one network, never through a router. The socket must say SO_BROADCAST first, else EACCES.",
            "广播发给一个网络里的所有主机，不过路由器。要先设 SO_BROADCAST，否则 EACCES。"
        )
    },
    causes: || {
        vec![
            t!("SO_BROADCAST is not set", "没设 SO_BROADCAST"),
            t!(
                "the receiver is bound to 127.0.0.1 or one address: bind 0.0.0.0 and the port",
                "接收方绑定了 127.0.0.1 或某个地址：要绑定 0.0.0.0 和该端口"
            ),
            t!(
                "a firewall, a Wi-Fi that isolates, the wrong interface among several",
                "防火墙、Wi-Fi 隔离、多网卡走错"
            ),
        ]
    },
    see: ["ip -brief address", "ifconfig", "ipconfig"],
    cure: || {
        t!("set the option; send to 192.168.1.255 of your network", "设选项；发往本网段的广播地址，如 192.168.1.255")
    },
    python: "s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)",
    rust: "socket.set_broadcast(true)?",
    experiments: &["many-clients"],
    program: "",
    lesson: None,
    related: &[SocketError::Access],
    words: "udp broadcast broadcasting 255.255.255.255 SO_BROADCAST everybody all hosts lan discover \
            discovery permission denied sendto subnet 广播 udp广播 收不到 局域网 发现 所有人 广播地址",
    wordings: "discover devices find all servers in the lan with one datagram everyone receives send to \
            everyone 255 network announce not permitted 发现设备 发给所有人 局域网内所有 找到服务器 广播失败 send to all machines \
            in classroom everybody at once discover server automatically lan game 192.168.1.255 subnet \
            broadcast address not received firewall one to all announcement 所有电脑 全班 群发 给所有电脑发 自动发现 教室 \
            子网广播 局域网群发",
};

pub(super) static MULTICAST: Topic = Topic {
    name: "multicast",
    title: || t!("multicast", "组播（多播）"),
    meaning: || {
        t!(
            "A receiver must join the group on the right interface and be bound to the group's port; the sender's TTL is 1.",
            "接收方要在正确的网卡上加入组并绑定组的端口；发送方 TTL 默认 1。"
        )
    },
    causes: || {
        vec![
            t!("joined on another interface than the packets come in", "加入的网卡不是数据进来的那块"),
            t!(
                "bound to one address instead of 0.0.0.0; firewall; Wi-Fi",
                "绑定了某个地址而不是 0.0.0.0；防火墙；Wi-Fi"
            ),
        ]
    },
    see: ["ip maddress show", "netstat -gn", "netsh int ip show joins"],
    cure: || t!("name the interface's address when joining", "加入时写明网卡的地址"),
    python: "s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(\"224.1.1.1\") + socket.inet_aton(\"192.168.1.23\"))",
    rust: "socket.join_multicast_v4(&group, &interface)?",
    experiments: &[],
    program: "",
    lesson: None,
    related: &[],
    words: "multicast group join joined IP_ADD_MEMBERSHIP membership nothing arrives receive interface \
            ttl 224 239 igmp mdns 组播 多播 加入组 收不到 网卡",
    wordings: "receive no data from group igmp docker wifi two interfaces ttl ipv6 ff02 subscribe stream 订阅 \
            加入 收不到组播 视频流 多网卡 IGMP two hosts in group can't hear each other join group address 239 only \
            some receive igmp snooping switch interface selection loopback iptv sender ttl 组内收不到 加入多播 交换机 \
            网卡选择 组播地址",
};

pub(super) static STRANGER: Topic = Topic {
    name: "stranger",
    title: || t!("who sent this datagram", "这个数据报是谁发的"),
    meaning: || {
        t!(
            "Anybody who knows the port can send to an unconnected UDP socket, and a sender's address can be forged. A connected one takes its server's only (and what came before connect).",
            "没 connect 的 UDP 套接字谁都能发给它，发送地址还能伪造。connect 之后只收那一个地址的（connect 之前到的除外）。"
        )
    },
    causes: || vec![t!("the address that recvfrom gives is not looked at", "没看 recvfrom 给的地址")],
    see: ["ss -uan", "netstat -an -p udp", "netstat -an -p udp"],
    cure: || {
        t!(
            "connect the client's socket, or compare the sender; a key where it matters",
            "客户端 connect，或比较发送地址；要紧的地方用密钥"
        )
    },
    python: "s.connect(server)  # then s.send, s.recv",
    rust: "socket.connect(server)?",
    experiments: &["stranger", "many-clients"],
    program: "",
    lesson: Some(6),
    related: &[],
    words: "anyone anybody can send to my udp client stranger who sent sender address recvfrom spoof \
            spoofed forged filter connected udp connect other foreign datagrams security which client 陌生人 \
            别人 谁发的 伪造 冒充 过滤 收到别人 发送者 地址 客户端 udp connect",
    wordings: "prevent others from sending to my port fake source ip authenticate sender unknown address \
            packets from another host verify who is talking 防止别人 恶意 伪造源地址 验证 来源 不认识的地址 其他人的数据 安全 verify \
            source of udp packet filter by sender check address forged fake who sent accept only from \
            server ignore others attacker injected connect udp socket restrict 校验来源 只接收 某个地址 来路不明 攻击 \
            冒充服务器 限制发送者",
};
