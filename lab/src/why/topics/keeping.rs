//! A conversation that lasts, and loses what it needs.

use crate::why::Topic;
use socket_demos::errors::SocketError;
use socket_demos::t;

pub(super) static STALE: Topic = Topic {
    name: "stale",
    title: || t!("a kept connection was dead", "复用的连接已经断了"),
    meaning: || {
        t!(
            "The server closed an idle connection just before the client used it again: send succeeds, the answer is a reset or 0 bytes.",
            "客户端正要复用空闲连接时，服务器刚把它关了：send 成功，收到的却是重置或 0 字节。"
        )
    },
    causes: || {
        vec![
            t!("the server's keep-alive timeout is shorter than the client's", "服务器的 keep-alive 时间比客户端短"),
            t!("a proxy or load balancer in between has its own", "中间的代理、负载均衡另有一套时间"),
        ]
    },
    see: ["ss -tn state close-wait", "netstat -an | grep CLOSE_WAIT", "netstat -ano | findstr CLOSE_WAIT"],
    cure: || {
        t!(
            "make the client's idle time shorter than the server's; repeat requests that do no harm",
            "客户端的空闲时间要比服务器短；无害的请求失败就重试"
        )
    },
    python: "",
    rust: "",
    experiments: &["farewell"],
    program: "",
    lesson: None,
    related: &[SocketError::ConnectionReset],
    words: "stale keep-alive connection keep-alive socket hang up hangup keep alive keepalive connection \
            pool reused reuse idle first request after a pause fails sometimes random ECONNRESET proxy \
            nginx load balancer RemoteDisconnected remote end closed connection without response \
            prematurely closed http node axios 复用 连接池 长连接 偶尔 第一次请求 失败 空闲",
    wordings: "first query fails after idle then retry works database pool connection lost broken pooled \
            mysql gone away intermittent errors under low traffic reused socket already closed by server \
            第一次失败 重试就好 数据库连接池 偶发 服务器已关闭 复用的连接 pooled connection broken after quiet night first request in \
            the morning fails persistent http connection closed by server reuse retry on idle client \
            library 早上第一次 隔夜 连接失效 池里的连接 重用连接",
};

pub(super) static VANISHED: Topic = Topic {
    name: "vanished",
    title: || t!("the other side has vanished", "对方突然消失（断电、拔网线）"),
    meaning: || {
        t!(
            "Without power or cable nobody can send FIN: recv waits for ever, and send succeeds until TCP gives up after about 15 minutes. Only asking tells.",
            "断电或拔了网线，没人能发 FIN：recv 会一直等，send 照样成功，约 15 分钟后 TCP 才放弃。只有主动询问才知道。"
        )
    },
    causes: || {
        vec![t!(
            "power, cable, Wi-Fi, a laptop that sleeps, a NAT that forgot",
            "断电、拔线、Wi-Fi 断开、电脑睡眠、NAT 忘了"
        )]
    },
    see: ["ss -tno", "netstat -an -p tcp", "netstat -ano"],
    cure: || {
        t!(
            "a heartbeat with a timeout (best); SO_KEEPALIVE, 2 hours by default; TCP_USER_TIMEOUT on Linux",
            "应用层心跳加超时（最好）；SO_KEEPALIVE，默认 2 小时；Linux 还有 TCP_USER_TIMEOUT"
        )
    },
    python: "s.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1); s.settimeout(30)",
    rust: "stream.set_read_timeout(Some(Duration::from_secs(30)))?",
    experiments: &["farewell"],
    program: "",
    lesson: None,
    related: &[SocketError::TimedOut],
    words: "vanished vanishes lost power cable pulled unplugged unplug broken network dead peer detect \
            half open recv blocks forever no FIN keepalive SO_KEEPALIVE keep alive heartbeat ping \
            TCP_USER_TIMEOUT tcp_retries2 15 minutes crash wifi sleep 拔网线 断电 断网 死机 心跳 心跳包 保活 一直阻塞 检测 掉线 \
            半开连接 怎么实现 网线",
    wordings: "client device turned off unplugged laptop asleep out of range mobile loses signal server \
            still thinks it is online connected ghost zombie user still shows alive how often to ping \
            detect dead client crash power outage no notification 断网 手机断网 关机 服务器不知道 还显示在线 在线状态 检测不到 没有通知 \
            异常掉线 死连接 心跳间隔 someone pulls plug ethernet plug cable removed router reboot crash without \
            close never returns no error do I need heartbeat ping pong liveness is the other side still \
            there offline detection keepalive interval power failure suspend 断电 客户端断电 一直显示在线 是否在线 需要心跳吗 \
            心跳机制 死机检测 没有任何通知 突然断网 拔掉网线 假死",
};

pub(super) static IDLE: Topic = Topic {
    name: "idle",
    title: || t!("an idle connection dies", "空闲的连接断了"),
    meaning: || {
        t!(
            "NATs, firewalls and load balancers forget a connection on which nothing goes (350 s at some clouds, minutes at home), without telling either end.",
            "NAT、防火墙、负载均衡会忘掉很久没有数据的连接（有的云 350 秒，家里几分钟），而且不告诉任何一端。"
        )
    },
    causes: || vec![t!("nothing was sent for longer than the middle box remembers", "空闲时间超过了中间设备的记忆")],
    see: ["ss -tno", "netstat -an -p tcp", "netstat -ano"],
    cure: || {
        t!(
            "send something more often than that: a heartbeat, or keepalive every 60 s",
            "更勤地发点东西：心跳，或每 60 秒一次 keepalive"
        )
    },
    python: "s.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60)",
    rust: "socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(Duration::from_secs(60)))?  // socket2",
    experiments: &[],
    program: "",
    lesson: None,
    related: &[SocketError::ConnectionReset, SocketError::TimedOut],
    words: "idle connection drops dies disconnected after minutes hours inactivity NAT firewall load \
            balancer forgets 350 seconds keepalive ssh freezes timeout middle box silently 空闲 一段时间 几分钟 断开 \
            掉线 长时间 不活动 NAT 负载均衡 保活",
    wordings: "connection dead after lunch break overnight long pause quiet session cut off after 5 minutes \
            inactive ssh session freezes when idle database websocket disconnects every minutes aws elb \
            timeout 午休 放一会儿 过一段时间 自动断开 闲置 长时间没有数据 websocket断开 NAT drops connection when nothing sent for \
            a while quiet router mapping expires silent timeout keep connection open long lived chat \
            disconnects if nobody types 没人说话 就断了 长连接断开 路由器 映射过期 没发数据就断",
};

pub(super) static LOST: Topic = Topic {
    name: "lost",
    title: || t!("what TCP does about loss", "TCP 丢包了怎么办"),
    meaning: || {
        t!(
            "What is not acknowledged is sent again: after a timeout (200 ms and doubling), or at once after three duplicate ACKs. The program sees nothing but a delay.",
            "没被确认的会重传：超时后（200 毫秒起，逐次翻倍），或收到三个重复 ACK 就立即重传。程序只觉得慢了一下。"
        )
    },
    causes: || vec![t!("a full queue on the way, Wi-Fi, a bad cable", "路上的队列满了、Wi-Fi、网线不好")],
    see: ["ss -tni; nstat -az TcpRetransSegs", "netstat -s -p tcp", "netstat -s -p tcp"],
    cure: || {
        t!(
            "nothing in your program; a timeout for the case that nothing gets through",
            "程序不用管；只要为完全不通的情况设超时"
        )
    },
    python: "",
    rust: "",
    experiments: &[],
    program: "udp-exec-client -c uname --loss 30% --trace",
    lesson: Some(7),
    related: &[],
    words: "tcp retransmit retransmits retransmission lost packet segment loss sliding window congestion \
            control slow start fast retransmit duplicate ACK cwnd RTO rtt reno cubic reliable how resend \
            重传 丢包 超时重传 快速重传 慢启动 拥塞控制 拥塞 滑动窗口 可靠传输 重复确认",
    wordings: "what happens if a segment is dropped tcp recovery selective ack sack timeout retransmission \
            timer backoff network loss percent throughput falls guarantee delivery acknowledges sequence \
            numbers 丢失 报文段丢失 怎么保证可靠 确认 序号 重发 丢包率 what if an ACK gets lost segment dropped duplicate \
            resent packet loss tcp behavior timer retransmit wireshark dup ack out-of-order window halved \
            congestion avoidance 确认丢了 ACK丢了 会怎样 重发机制 丢了一个包 拥塞",
};

pub(super) static SLOW: Topic = Topic {
    name: "slow",
    title: || t!("a slow transfer", "传输很慢"),
    meaning: || {
        t!(
            "Speed is at most window / round trip: a long line needs large buffers, and bytes in flight. Many tiny calls cost more than the network.",
            "速度最多是“窗口 ÷ 往返时间”：线路长就要大缓冲区。调用太零碎，开销比网络还大。"
        )
    },
    causes: || {
        vec![
            t!("tiny reads and writes, a flush or an answer for each", "读写太碎，每次都 flush 或等回答"),
            t!("loss (Wi-Fi): each costs a halved window", "丢包（Wi-Fi）：每次窗口减半"),
            t!("SO_RCVBUF set by hand: that switches the automatic size off", "手动设了 SO_RCVBUF：自动调整就被关掉"),
        ]
    },
    see: ["ss -tnim", "nettop -m tcp", "netsh int tcp show global"],
    cure: || {
        t!(
            "64 KiB at a time, no waiting for answers in between, buffers left alone",
            "每次 64 KiB，中间不等回答，别动缓冲区大小"
        )
    },
    python: "s.sendfile(open(name, \"rb\"))",
    rust: "io::copy(&mut file, &mut stream)?",
    experiments: &[],
    program: "",
    lesson: None,
    related: &[],
    words: "slow speed throughput transfer bandwidth performance SO_SNDBUF SO_RCVBUF buffer size window \
            BDP bufferbloat faster bottleneck latency high ping under load 很慢 速度 慢 传输 吞吐量 带宽 性能 太慢 缓冲区大小 \
            提速",
    wordings: "download upload only few megabytes per second gigabit link file copy takes long over vpn high \
            latency increase speed optimize buffer small chunks python slow receive 下载慢 上传慢 跑不满 带宽利用率 \
            提高速度 优化 传文件慢 内网 copying file over tcp only reaches MB/s megabytes bandwidth not used wifi far \
            server throughput low chunk size buffer larger sending byte by byte rate mbps 只有几兆 几MB 拷贝文件 \
            传得慢 逐字节 速率",
};

pub(super) static NAGLE: Topic = Topic {
    name: "nagle",
    title: || t!("40 ms for each small message (Nagle, delayed ACK)", "每条小消息要 40 毫秒（Nagle 与延迟确认）"),
    meaning: || {
        t!(
            "Nagle's algorithm holds back a small segment until the last one is acknowledged, and the receiver delays that ACK (40 ms on Linux, up to 200 elsewhere): write, write, read pays it each time.",
            "Nagle 算法要等上一个小报文段被确认才发下一个，而接收方会推迟 ACK（Linux 40 毫秒，别处最多 200）：写、写、读每次都要付这个代价。"
        )
    },
    causes: || vec![t!("a message in two writes: header, then body", "一条消息分两次写：先头后体")],
    see: ["ss -tni", "sudo tcpdump -i lo0 tcp port 8080", "pktmon start -c"],
    cure: || {
        t!(
            "one write for each message, or TCP_NODELAY. It does not cure 粘包",
            "一条消息一次写完，或设 TCP_NODELAY。它治不了粘包"
        )
    },
    python: "s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)",
    rust: "stream.set_nodelay(true)?",
    experiments: &["sticky"],
    program: "",
    lesson: None,
    related: &[],
    words: "nagle TCP_NODELAY nodelay delayed ACK 40ms 40 200ms 200 ms milliseconds latency small packet \
            request every slow each takes algorithm what does delay 毫秒 延迟 40毫秒 小包 延迟确认 算法 响应慢 每次",
    wordings: "game lag laggy interactive input delay 200 milliseconds small writes ping pong request \
            response slow on loopback disable tcp_quickack 小数据 游戏 卡顿 有什么用 禁用 实时性 每次请求 200毫秒 作用 two small \
            writes followed by read slow tiny messages delay 40 milliseconds remote desktop keystrokes \
            robot control real time 小数据包 发送有延迟 实时控制 两次写 按键延迟",
};
