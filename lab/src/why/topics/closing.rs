//! How a conversation ends.

use crate::why::Topic;
use socket_demos::errors::SocketError;
use socket_demos::t;

pub(super) static RESET: Topic = Topic {
    name: "reset",
    title: || t!("the connection was reset", "连接被重置"),
    meaning: || {
        t!(
            "The other side sent RST: it knows this connection no more, or threw it away. What was on its way is lost.",
            "对方发来 RST：它已经不认识这个连接，或者把它丢掉了。路上的数据没有了。"
        )
    },
    causes: || {
        vec![
            t!(
                "it closed while data was unread, or its process was killed (Windows)",
                "对方还有数据没读就 close，或进程被杀（Windows）"
            ),
            t!("you sent to a connection that it had closed before", "你向它早已关闭的连接发数据"),
            t!(
                "it crashed or was restarted; SO_LINGER 0; a proxy or firewall cut it",
                "对方崩溃或重启；SO_LINGER 为 0；代理、防火墙切断"
            ),
            t!(
                "UDP on Windows: an earlier datagram was refused (see udp-refused)",
                "Windows 的 UDP：之前的数据报被拒（见 udp-refused）"
            ),
        ]
    },
    see: [
        "sudo tcpdump -i any 'tcp[tcpflags] & tcp-rst != 0'",
        "sudo tcpdump 'tcp[tcpflags] & tcp-rst != 0'",
        "pktmon start -c",
    ],
    cure: || {
        t!(
            "catch it as an end of the connection; at your side: shutdown, read to the end, then close",
            "捕获它，当作连接结束；自己这边：先 shutdown，读完，再 close"
        )
    },
    python: "except ConnectionResetError: break",
    rust: "Err(e) if e.kind() == ErrorKind::ConnectionReset => break,",
    experiments: &["farewell"],
    program: "",
    lesson: Some(2),
    related: &[],
    words: "reset connection reset by peer ECONNRESET RST ConnectionResetError forcibly closed remote \
            host aborted ECONNABORTED ConnectionAbortedError software caused abort crash killed 10054 \
            10053 connection aborted 重置 强迫关闭 强制关闭 现有的连接 中止 连接中断 被对方 断开",
    wordings: "suddenly disconnected in the middle of download transfer peer crashed why does the OS kernel \
            send RST packet abrupt termination unexpectedly closed connection lost proxy firewall game \
            server disconnects 突然断了 传输中断 崩溃 对方进程被杀 什么原因 连接断了 服务器重启 kicked out disconnected by game server \
            abruptly remote process crashed peer program died other side killed rst received read fails \
            after peer restarts ssl proxy load sudden 对方程序崩溃 对方崩了 我这边报错 异常断开 突然断开 被踢 被服务器断开 对端进程 强制结束 \
            任务管理器结束",
};

pub(super) static BROKEN_PIPE: Topic = Topic {
    name: "broken-pipe",
    title: || {
        t!(
            "writing to a connection that the other side has closed (EPIPE, SIGPIPE)",
            "对方已关闭还在写（EPIPE、SIGPIPE）"
        )
    },
    meaning: || {
        t!(
            "The first send after the other side's close still succeeds and is answered with RST; the next one fails with EPIPE. On Unix it also sends the signal SIGPIPE, which ends a C program without a word.",
            "对方 close 后第一次 send 还会成功，换来一个 RST；下一次就是 EPIPE。Unix 上同时发信号 SIGPIPE，C 程序会一声不响地结束。"
        )
    },
    causes: || {
        vec![
            t!(
                "the client has gone (closed tab, Ctrl-C, timeout) while you were sending",
                "你还在发，客户端已走（关网页、Ctrl-C、超时）"
            ),
            t!("you sent after your own shutdown", "自己 shutdown 之后还发"),
            t!("a pipe: head or less has ended", "管道：head、less 已结束"),
        ]
    },
    see: ["strace -f -e trace=network,signal -p PID", "dtruss -p PID", "netstat -ano | findstr CLOSE_WAIT"],
    cure: || {
        t!(
            "treat it as the end of the connection; in C ignore SIGPIPE or pass MSG_NOSIGNAL (Python and Rust ignore it)",
            "当作连接已结束；C 里忽略 SIGPIPE 或用 MSG_NOSIGNAL（Python、Rust 已忽略）"
        )
    },
    python: "except BrokenPipeError: break",
    rust: "Err(e) if e.kind() == ErrorKind::BrokenPipe => break,",
    experiments: &["farewell"],
    program: "",
    lesson: Some(2),
    related: &[],
    words: "broken pipe EPIPE BrokenPipeError SIGPIPE signal 13 write writing send after peer closed \
            server dies silently without message exits client disconnects killed MSG_NOSIGNAL shutdown \
            ESHUTDOWN 管道破裂 断开的管道 对方关闭 还在写 服务器 没有报错 退出 信号",
    wordings: "process killed by signal exit code 141 ignore SIGPIPE writing to a closed socket client \
            closed browser tab yes head 写已关闭的连接 忽略 进程退出 客户端关了 程序直接退出 崩溃 没有任何提示 program quits without any \
            error when other end hangs up disappears send after disconnect crash on write c process \
            terminated silently writing twice exit code 141 client gone while sending server stops \
            对方断了还在发 服务器莫名退出 没有错误信息 直接结束 send 时崩溃 发给已断开",
};

pub(super) static FAREWELL: Topic = Topic {
    name: "farewell",
    title: || t!("recv gives 0 bytes: the other side has closed", "recv 返回空：对方已关闭"),
    meaning: || {
        t!(
            "0 bytes (b'') is the end of the stream: the other side sent FIN. It comes back at once, again and again, so a loop that goes on spins at 100 % CPU.",
            "0 字节（b''）就是流的结尾：对方发了 FIN。之后每次都立刻返回空，不退出循环就会死循环、CPU 100%。"
        )
    },
    causes: || {
        vec![
            t!(
                "the other program closed, ended or was killed (Linux sends FIN for it)",
                "对方程序关闭、结束或被杀（Linux 会替它发 FIN）"
            ),
            t!("it is never an empty message: TCP cannot send one", "它不是空消息：TCP 发不出空消息"),
        ]
    },
    see: ["ss -tn state close-wait", "netstat -an | grep CLOSE_WAIT", "netstat -ano | findstr CLOSE_WAIT"],
    cure: || t!("end the loop where recv is empty, then close", "recv 为空就退出循环，再 close"),
    python: "if not data: break",
    rust: "if stream.read(&mut buffer)? == 0 { break }",
    experiments: &["farewell"],
    program: "tcp-chat-server --classic",
    lesson: Some(2),
    related: &[],
    words: "recv read receive returns empty bytes emptybytes zero 0 bytes forever again loop spins 100 \
            cpu EOF end of stream end of file nothing client disconnected disconnect disconnects know \
            detect gone left peer closed closes suddenly EOFError unexpected eof empty reply 收空 返回空 空 一直 \
            死循环 对方已关闭 断开 突然断开 客户端断开 怎么知道 检测 下线 退出 0 字节",
    wordings: "infinite loop after client exits prints empty lines endlessly read returns 0 meaning zero \
            length blank data keeps returning immediately how to know peer closed connection ended detect \
            disconnect client quit server crazy loop readable select returns 打印空行 不停打印 疯狂 无限循环 客户端关闭后 \
            read返回0 对端关闭 怎样判断断开 loop never ends once client closed user closes window terminal closes app \
            how can server tell leave logout quit message read returns immediately blank nothing received \
            over and over zero bytes end detect closing graceful exit 关窗口 关掉窗口 退出程序 用户退出 一直循环 空字符串 空数据 \
            判断对方 对方断开 断开连接 怎么判断 知道 客户端离开 收到空",
};

pub(super) static CLOSE_WAIT: Topic = Topic {
    name: "close-wait",
    title: || t!("CLOSE_WAIT piles up", "CLOSE_WAIT 越来越多"),
    meaning: || {
        t!(
            "The other side has closed, your program has not. No timer ends CLOSE_WAIT: it is always a close missing in this program.",
            "对方已关闭，你的程序还没有。CLOSE_WAIT 没有定时器，一定是本程序少了 close。"
        )
    },
    causes: || {
        vec![
            t!(
                "the loop does not leave at recv 0, or an exception goes past close",
                "recv 返回 0 时没退出循环，或异常跳过了 close"
            ),
            t!("a thread is stuck elsewhere; a pool keeps dead connections", "线程卡在别处；连接池留着死连接"),
            t!("a child process holds a copy", "子进程拿着一份副本"),
        ]
    },
    see: ["ss -tnp state close-wait", "lsof -nP -iTCP -sTCP:CLOSE_WAIT", "netstat -ano | findstr CLOSE_WAIT"],
    cure: || t!("close in every way out", "每条出路上都要 close"),
    python: "with connection: ...  # closes whatever happens",
    rust: "drop(stream);  // or let it go out of scope",
    experiments: &["states"],
    program: "socket-lab port 8080 --watch",
    lesson: None,
    related: &[],
    words: "CLOSE_WAIT close wait closewait sockets connections pile up many hundreds leak never closed \
            not closed stuck state get rid 大量 很多 堆积 过多 服务器 没有 关闭 泄漏 状态",
    wordings: "server stops responding after some time many half closed sockets forgot to call close \
            descriptors grow does not go away application bug remain 一直不消失 不释放 忘记close 没调用close 越来越多 服务卡死 \
            stuck half closed server side not released connections pile leak forgot close() sockets \
            remain thousands monitoring 不释放 连接泄漏 连接越积越多 没有释放 关不掉",
};

pub(super) static LAST_WORDS: Topic = Topic {
    name: "last-words",
    title: || t!("close loses data; SO_LINGER", "close 丢数据；SO_LINGER"),
    meaning: || {
        t!(
            "close hands over what is unsent and returns. But with unread data, or SO_LINGER 0, it sends RST, and the other side may lose even what had arrived.",
            "close 会把没发完的交给内核就返回。但如果还有数据没读，或 SO_LINGER 为 0，就发 RST，对方连已到的数据也可能丢。"
        )
    },
    causes: || {
        vec![
            t!("the server answers and closes without reading all of the question", "服务器没读完请求就回答并关闭"),
            t!("the process ends before another thread has sent", "别的线程还没发完，进程就结束了"),
        ]
    },
    see: ["sudo tcpdump -i lo tcp port 8080", "sudo tcpdump -i lo0 tcp port 8080", "pktmon start -c"],
    cure: || {
        t!(
            "shutdown(SHUT_WR), read until 0, then close; leave SO_LINGER alone",
            "shutdown(SHUT_WR)，读到 0，再 close；不要动 SO_LINGER"
        )
    },
    python: "s.shutdown(socket.SHUT_WR); s.recv(1024); s.close()",
    rust: "stream.shutdown(Shutdown::Write)?;  // then read to the end",
    experiments: &["farewell", "half-close"],
    program: "",
    lesson: None,
    related: &[SocketError::ConnectionReset],
    words: "last message answer lost close loses data before close SO_LINGER linger unsent not arrive \
            missing client gets reset instead of response lingering close graceful 最后 一条消息 丢失 关闭 丢数据 没收到 \
            优雅关闭 延迟关闭",
    wordings: "response truncated when server closes immediately after sending data lost at the end exit \
            right after send abortive close client misses the answer 发完马上关闭 立刻close 最后的数据 对方没收到 程序退出太快 \
            reply gets lost right away after send close immediately data not delivered client sees reset \
            instead of message sleep before close flush goodbye message 回复丢失 没收全就断 马上关 提前关闭 发送后关闭",
};

pub(super) static HALF_CLOSE: Topic = Topic {
    name: "half-close",
    title: || t!("how the receiver knows the end; shutdown and close", "怎么知道发完了；shutdown 与 close"),
    meaning: || {
        t!(
            "A stream has no end of a message. Either send the length first, or end your direction with shutdown: the other side reads to 0 bytes and can still answer. close ends both.",
            "字节流没有消息结尾。要么先发长度，要么用 shutdown 结束自己这个方向：对方读到 0 字节，还能回答。close 两个方向都结束。"
        )
    },
    causes: || {
        vec![
            t!(
                "the sender keeps the connection open, so the receiver waits for more",
                "发送方没关连接，接收方就一直等"
            ),
            t!(
                "the receiver stops at the first short recv, so the file is cut",
                "接收方遇到一次短的 recv 就停，文件不全"
            ),
        ]
    },
    see: ["ss -tn state fin-wait-2", "netstat -an | grep FIN_WAIT", "netstat -an | findstr FIN_WAIT"],
    cure: || {
        t!(
            "send the length before the file and read exactly that, or shutdown and read to the end",
            "先发长度再按长度读，或 shutdown 后读到结尾"
        )
    },
    python: "s.shutdown(socket.SHUT_WR)",
    rust: "stream.shutdown(Shutdown::Write)?",
    experiments: &["half-close", "leftover"],
    program: "",
    lesson: Some(5),
    related: &[],
    words: "half close halfclose shutdown SHUT_WR SHUT_RDWR difference between close and shutdown end of \
            file transfer finished done complete hangs receiver waits keeps waiting know when file is \
            sent EOF send file image download stops at the end cut upload 半关闭 区别 关闭 文件传输 传文件 发送文件 大文件 结束 \
            发完 收完 怎么判断 不全 卡住 最后",
    wordings: "tell the other side I am done sending but still receive signal end of data half of transfer \
            how to end stream without closing one direction only file complete message end recv loop \
            never ends after file upload finished 告诉对方 发完了 文件发完 结束标志 传完 接收端不知道 什么时候结束 关闭一个方向 只关写 一直等待 \
            receiver know upload over finished sending end marker close write side keep reading eof how \
            to signal all data sent file name size then content progress hangs at 100 percent when does \
            the file end 传完了 传输完成 接收完毕 怎么知道 文件大小 先发大小 结束符 接收方 收完文件 卡在最后",
};

pub(super) static STATES: Topic = Topic {
    name: "states",
    title: || t!("four-way close and the TCP states", "四次挥手与 TCP 状态"),
    meaning: || {
        t!(
            "Each direction is closed by its own FIN and acknowledged: four steps, often three segments since ACK and FIN travel together. Who closes first goes FIN_WAIT1, FIN_WAIT2, TIME_WAIT; the other CLOSE_WAIT, LAST_ACK.",
            "两个方向各发一个 FIN 并被确认：四步，实际常是三个报文段（ACK 和 FIN 合在一起）。先关的一方：FIN_WAIT1、FIN_WAIT2、TIME_WAIT；另一方：CLOSE_WAIT、LAST_ACK。"
        )
    },
    causes: || {
        vec![t!(
            "four, because the other side may still have something to say (half close)",
            "要四次，因为对方可能还有话要说（半关闭）"
        )]
    },
    see: ["ss -tan", "netstat -an -p tcp", "netstat -ano -p tcp"],
    cure: || {
        t!(
            "nothing to cure; let the client close first, then TIME_WAIT is there",
            "无须解决；让客户端先关，TIME_WAIT 就留在客户端"
        )
    },
    python: "",
    rust: "",
    experiments: &["states", "half-close"],
    program: "socket-lab port 8080 --watch",
    lesson: Some(4),
    related: &[],
    words: "states state diagram four way close fourway FIN ACK FIN_WAIT FIN_WAIT1 FIN_WAIT2 LAST_ACK \
            ESTABLISHED CLOSING LISTEN termination teardown why four 四次挥手 挥手 断开连接 状态 状态图 为什么是四次 过程",
    wordings: "meaning of FIN_WAIT_2 FIN_WAIT_1 SYN_RECV netstat state column explained closing handshake \
            who closes first why four segments transitions 状态含义 各个状态 主动关闭 被动关闭 状态转换 what does LAST_ACK \
            FIN_WAIT SYN_SENT mean explain tcp state machine socket status listing closing sequence 四次 \
            断开过程 各状态意思 状态机",
};
