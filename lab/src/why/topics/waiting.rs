//! What a call waits for.

use crate::why::Topic;
use socket_demos::errors::SocketError;
use socket_demos::t;

pub(super) static TIMEOUT: Topic = Topic {
    name: "timeout",
    title: || t!("a time limit for recv, accept, connect", "给 recv、accept、connect 设超时"),
    meaning: || {
        t!(
            "Without one these calls wait for ever. After a timeout the connection is still alive: what comes late is given by the next recv.",
            "不设超时，这些调用会一直等。超时之后连接还活着：迟到的数据由下一次 recv 给出。"
        )
    },
    causes: || {
        vec![
            t!("the other side has nothing to say yet, or waits for you", "对方还没有要说的，或也在等你"),
            t!("it has vanished (see vanished)", "对方已消失（见 vanished）"),
        ]
    },
    see: ["ss -tno", "netstat -an -p tcp", "netstat -ano"],
    cure: || t!("set a timeout, and treat it as \"not yet\", not as an end", "设超时，并当作“还没来”，而不是结束"),
    python: "s.settimeout(5)  # then: except TimeoutError",
    rust: "stream.set_read_timeout(Some(Duration::from_secs(5)))?",
    experiments: &[],
    program: "",
    lesson: None,
    related: &[SocketError::WouldBlock, SocketError::TimedOut],
    words: "timeout time out set settimeout recv accept read receive limit how to make give up seconds \
            socket.timeout TimeoutError SocketTimeoutException SO_RCVTIMEO late answer after a timeout \
            expired timed out blocking forever i/o timeout 超时 超时时间 设置超时 设置 等待时间 怎么设置 一直等 阻塞 不返回",
    wordings: "do not wait forever for an answer abort after n seconds recv blocks program stuck waiting \
            limit waiting time how long timeouts connect read socket timeout python java settimeout \
            setSoTimeout 最多等 秒 不想一直等 防止卡死 限时 超时后 还能继续用吗 recv卡住 give up no answer within seconds abort \
            waiting recv with deadline setsockopt SO_RCVTIMEO how long to wait stop waiting read timeout \
            accept timeout limit wait time continue after 秒内没回复 放弃等待 多少秒 超时退出 等待回复 不要死等",
};

pub(super) static WOULD_BLOCK: Topic = Topic {
    name: "would-block",
    title: || t!("not ready now: EAGAIN, EWOULDBLOCK", "现在还没好：EAGAIN、EWOULDBLOCK"),
    meaning: || {
        t!(
            "A non-blocking call, or one whose timeout has passed, had nothing to do: no data to read, or no room to write. It is no failure.",
            "非阻塞调用，或超时已到的调用没事可做：没有数据可读，或没有空间可写。这不是故障。"
        )
    },
    causes: || {
        vec![
            t!(
                "the socket is non-blocking (setblocking(False), asyncio)",
                "套接字是非阻塞的（setblocking(False)、asyncio）"
            ),
            t!("a timeout was set and has passed", "设了超时，时间到了"),
            t!(
                "threads: the system has no more (fork, pthread_create)",
                "线程：系统暂时没有更多（fork、pthread_create）"
            ),
        ]
    },
    see: ["strace -e trace=network -p PID", "dtruss -p PID", "netstat -ano"],
    cure: || {
        t!("wait with select, poll or epoll until it is ready, then call again", "用 select、poll、epoll 等就绪再调用")
    },
    python: "select.select([s], [], [], 5)",
    rust: "Err(e) if e.kind() == ErrorKind::WouldBlock => {} // wait for the poll",
    experiments: &["flood"],
    program: "",
    lesson: None,
    related: &[],
    words: "resource temporarily unavailable EAGAIN EWOULDBLOCK BlockingIOError non blocking nonblocking \
            would block recv setblocking False not ready 资源暂时不可用 非阻塞 无法立即完成 非阻塞模式 暂时",
    wordings: "no data available yet try again later polling socket returns immediately with error 11 35 \
            10035 asyncio eagain nothing to read 没有数据 再试一次 立即返回 非阻塞recv loop busy returns error \
            immediately non-blocking read nothing there EWOULDBLOCK again try later socket not ready yet \
            windows 10035 忙等 循环报错 没准备好 稍后再试",
};

pub(super) static INTERRUPTED: Topic = Topic {
    name: "interrupted",
    title: || t!("a signal has interrupted the call", "调用被信号打断"),
    meaning: || {
        t!(
            "A signal handler ran while the call waited. Nothing is lost: call again. Python since 3.5, Go and Rust's read_exact do so by themselves.",
            "等待时来了信号、运行了处理函数。什么也没丢：再调一次。Python 3.5 起、Go、Rust 的 read_exact 会自己重试。"
        )
    },
    causes: || {
        vec![t!(
            "Ctrl-C, SIGCHLD of a child, a timer; a debugger that stopped the program",
            "Ctrl-C、子进程的 SIGCHLD、定时器；调试器停过程序"
        )]
    },
    see: ["strace -e trace=network,signal -p PID", "dtruss -p PID", "netstat -ano"],
    cure: || {
        t!(
            "repeat the call, or install the handler with SA_RESTART (not for select, poll)",
            "重新调用，或用 SA_RESTART 安装处理函数（对 select、poll 无效）"
        )
    },
    python: "signal.siginterrupt(signal.SIGCHLD, False)",
    rust: "Err(e) if e.kind() == ErrorKind::Interrupted => continue,",
    experiments: &[],
    program: "",
    lesson: None,
    related: &[],
    words: "EINTR interrupted InterruptedError system call signal SIGCHLD SIGALRM SA_RESTART select \
            returns accept falls out handler 信号 中断 被中断 打断 系统调用",
    wordings: "ctrl-z resume gdb attach signals restart syscall sleep retries python 2 系统调用被中断 调试器 重试 accept \
            returns -1 after child signal SIGCHLD handler zombie select EINTR restart read ctrl-z fg \
            子进程结束 accept 返回 -1 信号处理",
};

pub(super) static WAKE: Topic = Topic {
    name: "wake",
    title: || t!("how to end a blocked accept or recv", "怎么结束阻塞的 accept 或 recv"),
    meaning: || {
        t!(
            "On Linux close from another thread wakes nobody; shutdown does. On Windows Ctrl-C is not seen by Python while a call blocks.",
            "Linux 上别的线程 close 叫不醒它，shutdown 可以。Windows 上 Python 阻塞在调用里时看不到 Ctrl-C。"
        )
    },
    causes: || vec![t!("the blocked call holds the socket until it returns", "阻塞的调用没返回前一直拿着套接字")],
    see: ["ss -tlnp", "lsof -nP -iTCP", "netstat -ano"],
    cure: || {
        t!(
            "shutdown(SHUT_RDWR) on a connection; a timeout in the loop of accept, or connect to yourself",
            "对连接用 shutdown(SHUT_RDWR)；accept 循环里设超时，或自己连一下自己"
        )
    },
    python: "s.settimeout(1)  # in the loop, so that Ctrl-C gets through",
    rust: "stream.shutdown(Shutdown::Both)?",
    experiments: &["half-close"],
    program: "",
    lesson: None,
    related: &[],
    words: "close from another thread does not wake stop end accept recv recvfrom blocked blocking ctrl-c \
            ctrl c ctrlc keyboardinterrupt does not work nothing windows quit exit cancel interrupt stop \
            server cleanly graceful 另一个线程 关闭 唤醒 停止 退出 结束 accept 阻塞 Ctrl+C 没反应 无法退出 停不下来",
    wordings: "thread blocked in accept quit stop server thread gracefully shut down program hangs on exit \
            cannot kill waiting accept interrupt join never returns stop listening loop pressing ctrl c \
            has no effect 线程停不下来 关闭服务器 优雅退出 结束线程 ctrl+c 没用 accept 退不出 终止 server can't be stopped with \
            ctrl+c ctrl c ignored keyboard interrupt hangs in accept recv how to exit blocked thread stop \
            button gui close server from other thread cancel read 退不出来 按ctrl+c 关不掉程序 结束不了 停止服务器 阻塞住退不出",
};

pub(super) static INPUT: Topic = Topic {
    name: "input",
    title: || t!("input() and recv at the same time", "同时等 input() 和 recv"),
    meaning: || {
        t!(
            "A program that waits for the keyboard hears nothing from the socket, and the other way round.",
            "程序等键盘的时候收不到套接字的数据，反过来也一样。"
        )
    },
    causes: || vec![t!("one thread, two calls that block", "只有一个线程，却有两个会阻塞的调用")],
    see: ["strace -f -p PID", "sample PID", "netstat -ano"],
    cure: || {
        t!(
            "a second thread that receives, or select on both (not on Windows)",
            "另开一个线程接收，或用 select 同时等（Windows 不行）"
        )
    },
    python: "threading.Thread(target=receive, args=(s,), daemon=True).start()",
    rust: "let mut reader = stream.try_clone()?; thread::spawn(move || receive(&mut reader));",
    experiments: &["many-clients"],
    program: "tcp-chat-client",
    lesson: Some(3),
    related: &[],
    words: "input keyboard stdin typing chat client receive while waiting at the same time simultaneously \
            both send and receive cannot until enter blocks prints thread full duplex 输入 键盘 同时 收不到消息 聊天 \
            边输入边接收 接收消息 输入的时候 收发 全双工",
    wordings: "message only appears after I press enter prompt blocks incoming messages asynchronous input \
            two things at once read keyboard while receiving messages overwrite what I am typing 按回车后才显示 \
            等待键盘 阻塞住 同时接收 打字的时候 一边输入一边 才能看到消息 type and receive at once terminal chat two tasks same time \
            stdin and socket receiving thread waiting for keyboard misses messages shows late \
            simultaneous read write console interactive 边打字边 同时收发 两件事 控制台 键盘输入和接收 消息来了看不到 接收线程",
};

pub(super) static EVENT_LOOP: Topic = Topic {
    name: "event-loop",
    title: || t!("event loops: level and edge", "事件循环：水平触发与边缘触发"),
    meaning: || {
        t!(
            "\"Readable\" means that one read will not block, not that a message is complete. Edge-triggered epoll tells a change once: read until EAGAIN, or you never hear again.",
            "“可读”只表示读一次不会阻塞，不表示消息完整。边缘触发的 epoll 只报一次变化：要读到 EAGAIN，否则再也没有通知。"
        )
    },
    causes: || {
        vec![
            t!("edge-triggered, and the reader stopped before EAGAIN", "边缘触发，却没读到 EAGAIN"),
            t!(
                "waiting for \"writable\" all the time: it is always so, the loop spins",
                "一直等“可写”：几乎总是可写，循环空转"
            ),
        ]
    },
    see: ["strace -e trace=epoll_wait,recvfrom -p PID", "dtruss -p PID", "netstat -ano"],
    cure: || {
        t!(
            "level-triggered unless you must; writable only while there is something to write",
            "没有必要就用水平触发；有东西要写时才等可写"
        )
    },
    python: "asyncio.run(asyncio.start_server(serve, \"127.0.0.1\", 8080))",
    rust: "tokio::net::TcpListener::bind(address).await?",
    experiments: &["leftover"],
    program: "",
    lesson: None,
    related: &[SocketError::WouldBlock],
    words: "epoll edge triggered level event loop select poll kqueue IO multiplexing readable writable \
            EPOLLET EPOLLIN EPOLLOUT hangs connection asyncio selectors difference 事件循环 边缘触发 水平触发 多路复用 \
            IO多路复用 区别 epoll select poll",
    wordings: "epoll wait not triggered again edge trigger missed event readable but read blocks proactor \
            reactor asyncio server design scalable busy loop writable cpu 100 ET LT 模式 不再触发 丢事件 reactor \
            反应堆 区别 select versus poll versus epoll which is better libevent libuv nodejs async server \
            C10K thousands connections one thread notification readiness 单线程 高并发服务器 哪个好 C10K 异步服务器",
};
