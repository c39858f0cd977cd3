//! A stream of bytes, and messages in it.

use crate::why::Topic;
use socket_demos::errors::SocketError;
use socket_demos::t;

pub(super) static LEFTOVER: Topic = Topic {
    name: "leftover",
    title: || t!("recv gives only a part", "recv 只收到一部分"),
    meaning: || {
        t!(
            "recv(n) gives what has arrived, at most n bytes: a part of a message is normal. The rest comes with the next recv.",
            "recv(n) 给的是已到的数据，最多 n 字节，只有一部分很正常，剩下的在下一次 recv。"
        )
    },
    causes: || {
        vec![
            t!("the message is longer than n, or than one segment", "消息比 n 长，或超过一个报文段"),
            t!("the code takes one recv for one message", "代码把一次 recv 当成一条消息"),
        ]
    },
    see: ["strace -e trace=network -p PID", "dtruss -p PID", "pktmon start -c"],
    cure: || {
        t!(
            "read until the message is complete: a length in front, or a newline at the end",
            "一直读到消息完整：前面带长度，或以换行结尾"
        )
    },
    python: "while len(data) < length and (part := s.recv(length - len(data))): data += part",
    rust: "stream.read_exact(&mut buffer)?",
    experiments: &["leftover", "sticky"],
    program: "",
    lesson: Some(5),
    related: &[],
    words: "recv 1024 4096 only part partial first incomplete not all whole complete message data bytes \
            receive all long answer response large big reply json cut rest missing next recv leftover \
            buffer size read exactly readexactly recvall loop assumes one read is one message 收不全 接收不完整 不完整 不全 \
            一部分 剩下 数据不全 接收 残留 大文件 大数据 循环接收 缓冲区大小",
    wordings: "only first 1460 bytes 1448 truncated response image picture download corrupted missing bytes \
            at the end incomplete file big message arrives in pieces chunks half of the data second half \
            later how many bytes to receive loop until everything html page cut string too long 图片 只收到一半 \
            一半 后半部分 分几次收到 收不完 截断 长消息 收到一部分 下载 文件损坏 long text arrives chopped piecewise incomplete json \
            xml recv gives less than sent one recv not enough must I loop receive exact number of bytes \
            big string cut in the middle 1024 bytes only 一次收不完 收不完 一次recv 长文本 只收1024 要循环收吗 断断续续 数据被截断 \
            分段到达",
};

pub(super) static STICKY: Topic = Topic {
    name: "sticky",
    title: || t!("messages come glued together (粘包)", "粘包（黏包）"),
    meaning: || {
        t!(
            "TCP is a stream of bytes without messages: what several sends gave may arrive in one recv, or one send in several. It is no fault, and neither TCP_NODELAY nor a pause cures it.",
            "TCP 是字节流，没有消息：几次 send 可能一次收到，一次 send 也可能分几次收到。这不是故障，TCP_NODELAY 和停顿都治不了，缺的是消息边界。"
        )
    },
    causes: || {
        vec![
            t!("the receiver was slower than the sender", "接收比发送慢"),
            t!("the protocol does not say where a message ends", "协议没有说明消息在哪里结束"),
        ]
    },
    see: ["strace -e trace=network -p PID", "dtruss -p PID", "pktmon start -c"],
    cure: || {
        t!(
            "put the length before each message (struct, 4 bytes), or end it with a newline",
            "每条消息前加长度（struct，4 字节），或以换行结尾"
        )
    },
    python: "s.sendall(struct.pack(\"!I\", len(data)) + data)",
    rust: "stream.write_all(&u32::try_from(data.len())?.to_be_bytes())?",
    experiments: &["sticky", "leftover", "boundaries"],
    program: "",
    lesson: Some(5),
    related: &[],
    words: "messages glued together stick sticky packets sticking two sends arrive one recv merged \
            concatenated joined combined separate split frame framing boundary boundaries delimiter \
            length prefix header protocol stream several at once struct pack 粘包 半包 拆包 分包 粘在一起 连在一起 消息边界 \
            边界 分开 报头 字节流 一次收到",
    wordings: "hello world helloworld together printed on one line as one string how does the server know \
            where a message ends and next begins stops boundaries separator multiple messages at a time \
            json objects concatenated delimiter newline length field protobuf 两条消息 连在一起 合在一起 合并 一起收到 分隔符 \
            怎么区分 拆开 长度字段 协议设计 多条 second message appended to first several messages read at once one recv \
            equal one send merged into one buffer consecutive sends run together need separator add \
            newline fixed length header packing unpacking 连续发 发两次 一次就收 一次收完 两次发送 合并成一次 前后两条 粘连 加分隔符 定长",
};

pub(super) static SHORT_SEND: Topic = Topic {
    name: "short-send",
    title: || t!("send takes only a part", "send 只发出一部分"),
    meaning: || {
        t!(
            "send returns how many bytes the kernel took; with a full buffer, or non-blocking, that is fewer than given. The rest is yours to send.",
            "send 返回内核收下的字节数；缓冲区满或非阻塞时会比给的少，剩下的要自己再发。"
        )
    },
    causes: || {
        vec![
            t!("a non-blocking socket, or one with a timeout", "非阻塞，或设了超时的套接字"),
            t!("the result of send is not looked at", "没看 send 的返回值"),
        ]
    },
    see: ["ss -tnm", "netstat -an -p tcp", "netstat -an"],
    cure: || t!("sendall sends all, or go on from where send stopped", "用 sendall，或从停下的地方接着发"),
    python: "s.sendall(data)",
    rust: "stream.write_all(&data)?",
    experiments: &["flood"],
    program: "",
    lesson: None,
    related: &[],
    words: "send sends sendall write write_all returned less fewer bytes than gave partial only part \
            short count not everything difference between send and sendall sent 发送 不完整 一部分 少发 返回值 发不完 区别 \
            没发完",
    wordings: "wrote only half of my buffer return value smaller partial write non blocking send remaining \
            bytes loop until everything sent big buffer 只发了一半 剩余 没发出去 部分发送 返回值比长度小 loop around send must \
            I does send send everything sends part return count big array rest lost send large buffer \
            returns smaller number 只发一部分 会不会只发 循环发送 发送返回值 全部发完",
};

pub(super) static BOTH_SEND: Topic = Topic {
    name: "both-send",
    title: || t!("both ends are stuck in send", "两端都卡在 send"),
    meaning: || {
        t!(
            "Each end sends and nobody reads: both buffers fill (window 0) and both wait for ever. TCP makes a sender wait for a slow reader.",
            "两边都在发、没人在读：缓冲区都满了（窗口为 0），都永远等下去。TCP 会让发送方等慢的接收方。"
        )
    },
    causes: || {
        vec![
            t!("all is sent before the first answer is read", "全部发完才开始读回答"),
            t!("the reader is slow, or stopped in a debugger", "读的一方很慢，或停在调试器里"),
        ]
    },
    see: ["ss -tn", "netstat -an -p tcp", "netstat -an"],
    cure: || {
        t!(
            "read while you send: a thread for each direction, or select; set a timeout",
            "边发边读：每个方向一个线程，或用 select；并设超时"
        )
    },
    python: "threading.Thread(target=receive, args=(s,)).start()",
    rust: "let mut reader = stream.try_clone()?; thread::spawn(move || receive(&mut reader));",
    experiments: &["flood"],
    program: "",
    lesson: None,
    related: &[SocketError::WouldBlock],
    words: "both stuck send hang deadlock nobody reads slow receiver reader zero window window full \
            backpressure flow control sender waits blocks blocked buffer full both client and server send \
            互相等待 死锁 都在发送 卡在 窗口 零窗口 慢 流量控制 滑动窗口 阻塞在 send 缓冲区满",
    wordings: "large upload deadlocks both programs wait for each other pipeline echo server big data hangs \
            when data is large works with small data stuck writing sender faster than receiver 双方 互相等 都卡住 \
            数据大就卡 小数据正常 发送太快 接收太慢 freezes when sending very large data echo server both blocking write \
            simultaneously nobody receiving stuck transfer big file both directions pipe full window size \
            zero 发大数据 卡死 echo 大文件 双向 同时发送大量",
};

pub(super) static TWO_WRITERS: Topic = Topic {
    name: "two-writers",
    title: || t!("two threads write to one socket", "两个线程写同一个套接字"),
    meaning: || {
        t!(
            "Calls of send from two threads may be cut into each other, since a large one is taken in pieces: messages get mixed.",
            "两个线程的 send 可能互相插队，因为大的要分几次写入：消息就混在一起了。"
        )
    },
    causes: || vec![t!("no lock around the whole message", "没有把整条消息锁住")],
    see: ["strace -f -e trace=network -p PID", "dtruss -f -p PID", "pktmon start -c"],
    cure: || t!("one writer with a queue, or a lock held for the whole message", "由一个写线程加队列，或整条消息加锁"),
    python: "with lock: s.sendall(message)",
    rust: "writer.lock().unwrap().write_all(&message)?",
    experiments: &[],
    program: "",
    lesson: None,
    related: &[],
    words: "two threads several multiple threads same socket write send concurrently mixed interleaved \
            mix garbled messages thread safe lock mutex race share socket 多线程 两个线程 同一个 socket 混在一起 错乱 交错 \
            线程安全 加锁 同时写",
    wordings: "is socket send thread safe concurrent sends from many threads messages overlap corrupted \
            order interleaving need a lock lua goroutines write same connection 线程安全吗 同时发送 并发写 交叉 需要加锁吗 \
            goroutines one conn multiple threads call send at once mutex per socket output garbled \
            interleaves asynchronous writers broadcast thread and reply thread 多个线程 同一个连接 写 乱掉 并发发送 加互斥锁",
};

pub(super) static NO_NEWLINE: Topic = Topic {
    name: "no-newline",
    title: || t!("readLine waits for ever", "readLine 一直等"),
    meaning: || {
        t!(
            "A reader of lines waits for the newline. Without it, or while the writer's buffer is not flushed, nothing comes out.",
            "按行读要等换行符。没发换行，或对方的缓冲没有 flush，就什么也读不到。"
        )
    },
    causes: || {
        vec![
            t!("send without \\n", "发送时没带 \\n"),
            t!(
                "a buffered writer that is not flushed (Java PrintWriter, Go bufio, Python makefile)",
                "带缓冲的写没有 flush（Java PrintWriter、Go bufio、Python makefile）"
            ),
        ]
    },
    see: ["strace -e trace=network -p PID", "dtruss -p PID", "pktmon start -c"],
    cure: || t!("end each line with \\n and flush", "每行以 \\n 结尾并 flush"),
    python: "s.sendall(line.encode() + b\"\\n\")",
    rust: "writeln!(writer, \"{line}\")?; writer.flush()?;",
    experiments: &["leftover"],
    program: "",
    lesson: Some(5),
    related: &[],
    words: "readLine readline read line reader blocks waits forever never returns newline \\n flush \
            println print PrintWriter BufferedReader bufio makefile buffered scanner input stream \
            InputStream java 换行 换行符 一直等 阻塞 按行 读一行 刷新 缓冲 java",
    wordings: "server waits until client closes then gets all line never received BufferedReader stuck until \
            connection closed forgot newline flush the stream sends nothing until buffer full 关闭后才收到 没有换行 \
            忘了flush 缓冲区 收不到一行 readline不返回 nothing shows up until client closes input only appears at end \
            reading lines blocks buffered print flush missing \\n fgets scanner nextLine readline hangs \
            直到关闭才显示 没有回车符 fgets 一直不返回 println 少了换行",
};
