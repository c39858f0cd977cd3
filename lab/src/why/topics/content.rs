//! What is sent: text, numbers, output, nothing.

use crate::why::Topic;
use socket_demos::errors::SocketError;
use socket_demos::t;

pub(super) static CHARACTERS: Topic = Topic {
    name: "characters",
    title: || t!("text and bytes; garbled characters", "文本与字节；乱码"),
    meaning: || {
        t!(
            "Sockets carry bytes. Text must be encoded before send and decoded after recv, with the same encoding at both ends; and a recv may cut a character in two.",
            "套接字传的是字节。发送前要编码，收到后要解码，两端用同一种编码；一次 recv 还可能把一个汉字切成两半。"
        )
    },
    causes: || {
        vec![
            t!("a str was given to send: encode it", "把 str 直接给了 send：要先 encode"),
            t!(
                "UTF-8 at one end, GBK at the other (Windows): 浣犲ソ, 锟斤拷",
                "一端 UTF-8，一端 GBK（Windows）：浣犲ソ、锟斤拷"
            ),
            t!("decode on half a character", "对半个汉字做了 decode"),
        ]
    },
    see: ["locale charmap", "locale charmap", "chcp"],
    cure: || {
        t!(
            "UTF-8 at both ends; decode whole lines, or with an incremental decoder",
            "两端都用 UTF-8；整行再解码，或用增量解码器"
        )
    },
    python: "s.sendall(text.encode(\"utf-8\")); data.decode(\"utf-8\")",
    rust: "stream.write_all(text.as_bytes())?; String::from_utf8(data)?",
    experiments: &["characters"],
    program: "tcp-chat-client --encoding gbk",
    lesson: Some(8),
    related: &[],
    words: "TypeError a bytes like object is required not str string unicode encode decode \
            UnicodeDecodeError UnicodeEncodeError codec can't decode byte utf-8 utf8 gbk gb2312 garbled \
            mojibake gibberish strange characters chinese text b prefix question marks encoding invalid \
            start byte 乱码 中文 编码 解码 汉字 字符串 字节 锟斤拷 浣犲ソ 问号 转换",
    wordings: "emoji unicode question marks boxes weird symbols windows linux encoding mismatch half a \
            character utf-8 decode error str bytes convert cannot send string 中文变成问号 编码不一致 半个字 windows \
            linux 传中文 解码错误 字节串 emoji 显示不正常 gbk utf8 umlauts accents chinese come out wrong characters \
            displayed incorrectly hieroglyphs cannot concatenate str to bytes must be bytes encoding \
            unknown gb18030 console 显示不出来 显示错误 汉字显示 方块 encode 报错 bytes 和 str 字符集 编码问题",
};

pub(super) static BYTE_ORDER: Topic = Topic {
    name: "byte-order",
    title: || t!("byte order: htons, network order", "字节序：htons 与网络字节序"),
    meaning: || {
        t!(
            "Numbers on the wire have their highest byte first. Without htons port 8080 becomes 36895; a length prefix read the other way round becomes huge.",
            "网络上的数字高位字节在前。忘了 htons，8080 端口就成了 36895；长度读反了会变成天文数字。"
        )
    },
    causes: || {
        vec![t!("C without htons/htonl; struct.pack without \"!\"", "C 里没用 htons/htonl；struct.pack 没加 \"!\"")]
    },
    see: ["ss -tln", "netstat -an", "netstat -an"],
    cure: || {
        t!(
            "htons and ntohs in C, \"!\" in struct, to_be_bytes in Rust",
            "C 用 htons、ntohs，struct 用 \"!\"，Rust 用 to_be_bytes"
        )
    },
    python: "struct.pack(\"!H\", 8080)",
    rust: "8080_u16.to_be_bytes()",
    experiments: &[],
    program: "",
    lesson: None,
    related: &[],
    words: "byte order endian endianness big little htons htonl ntohs ntohl network host order 36895 \
            wrong port struct pack unpack why need swapped length prefix huge 字节序 网络字节序 主机字节序 大端 小端 为什么 \
            端口号不对 转换",
    wordings: "gigantic length huge number struct unpack wrong value integers over network little endian \
            machine big endian 2 bytes 4 bytes int swap port number shows wrong 数字不对 长度特别大 整数 解包 反了 结构体 \
            port comes out as 20480 36895 instead of number scrambled reversed bytes what is htons for \
            integer over socket wrong int32 big-endian conversion struct.pack format 干什么的 作用 数字变了 端口变成 \
            整数传输 高低位",
};

pub(super) static PIPES: Topic = Topic {
    name: "pipes",
    title: || t!("a command's output over a socket", "通过套接字传命令的输出"),
    meaning: || {
        t!(
            "The output is a stream too: it comes in pieces, of any length, or not at all (cd). Without a length or an end mark the rest comes with the next answer.",
            "命令的输出也是流：分段到达、长度不定，也可能为空（cd）。没有长度或结束标记，剩下的就跟着下一条回答来。"
        )
    },
    causes: || {
        vec![
            t!("one recv(1024) for the whole output", "用一次 recv(1024) 收全部输出"),
            t!("a command without output: nothing is sent, the client waits", "命令没有输出：什么都没发，客户端一直等"),
            t!(
                "reading stdout to the end before stderr: the pipe fills, deadlock",
                "先读完 stdout 再读 stderr：管道满了就死锁"
            ),
        ]
    },
    see: ["strace -f -e trace=read,write -p PID", "dtruss -f -p PID", "pktmon start -c"],
    cure: || t!("send length and exit status with the output", "连同长度和退出状态一起发"),
    python: "out = subprocess.run(command, shell=True, capture_output=True)",
    rust: "Command::new(\"sh\").args([\"-c\", command]).output()?",
    experiments: &["pipes", "leftover", "empty"],
    program: "tcp-exec-server --classic",
    lesson: Some(10),
    related: &[],
    words: "command commands output remote shell execute subprocess Popen stdout stderr last command \
            comes with next one pipe pipes ssh cmd run 命令 远程执行命令 远程命令 执行结果 结果 输出 上一条 下一条 管道 cd",
    wordings: "command line tool over tcp output cut remote shell shows previous result cd has no output \
            hangs interactive program subprocess with socket reverse shell long output ls dir 结果错位 回显 ls \
            dir 没有输出的命令 长输出 命令结果 远程控制 卡住 run commands on another computer and return output telnet like \
            remote control executes dir ls result appears one command late stderr missing output of \
            command only half 执行系统命令 上一条命令的结果 只显示一部分 错误输出 返回结果 慢一拍",
};

pub(super) static EMPTY: Topic = Topic {
    name: "empty",
    title: || t!("an empty message", "空消息"),
    meaning: || {
        t!(
            "Over TCP a send of 0 bytes sends nothing, and the other side goes on waiting; recv of 0 bytes means the end. Over UDP an empty datagram is a real one.",
            "TCP 上发 0 字节等于没发，对方继续等；recv 得到 0 字节表示结束。UDP 上空数据报是真的会到的。"
        )
    },
    causes: || {
        vec![t!(
            "the person pressed Enter only, and the client then waits for an answer",
            "只按了回车，客户端接着等回答"
        )]
    },
    see: ["strace -e trace=network -p PID", "dtruss -p PID", "pktmon start -c"],
    cure: || t!("do not send an empty message, or send a newline with each", "不发空消息，或每条都带换行"),
    python: "if message: s.sendall(message)",
    rust: "writeln!(stream, \"{message}\")?",
    experiments: &["empty"],
    program: "",
    lesson: Some(2),
    related: &[],
    words: "empty message string send nothing enter zero bytes 0 client hangs waits stuck blank input 空消息 \
            发空 空字符串 回车 发送空 卡住 直接回车 客户端卡住",
    wordings: "pressing enter without text hangs client freezes zero length packet send empty string \
            heartbeat of no bytes blank line 什么都不输入 直接按回车 空字符 零长度 空行 what happens if I send zero bytes \
            nothing typed enter key empty string hangs chat blank send('') client waits forever after \
            blank message 发送空字符 发零字节 什么都没输入 空数据包",
};

pub(super) static TIME: Topic = Topic {
    name: "time",
    title: || t!("asking for the time", "询问时间"),
    meaning: || {
        t!(
            "A text like \"get time\" has no zone, no delay and no offset; SNTP sends four times and computes how far the clocks are apart.",
            "“get time” 这样的文本没有时区、延迟和偏差；SNTP 用四个时间算出两个钟差多少。"
        )
    },
    causes: || {
        vec![t!(
            "port 123 wants root; time.windows.com or pool.ntp.org answer UDP only",
            "123 端口要 root；time.windows.com、pool.ntp.org 只回答 UDP"
        )]
    },
    see: ["timedatectl", "sntp pool.ntp.org", "w32tm /query /status"],
    cure: || t!("time-client --protocol sntp shows the arithmetic", "time-client --protocol sntp 会显示怎么算"),
    python: "",
    rust: "",
    experiments: &[],
    program: "time-client --protocol sntp --samples 4",
    lesson: Some(9),
    related: &[],
    words: "time server clock ntp sntp ask offset synchronize sync clocks get time 123 pool.ntp.org \
            chrony rdate utc what time 时间 时间服务器 对时 时钟 同步 几点 时间同步 偏差",
    wordings: "unix timestamp ntp server protocol how far apart clocks difference drift time protocol 37 \
            clock wrong 时间不准 获取时间 时间戳 校准 ntp协议 sync clock python ntp query get internet time daytime port \
            13 37 offset round trip server date network time 网络时间 同步时钟 授时 取时间",
};

pub(super) static UNIX_SOCKET: Topic = Topic {
    name: "unix-socket",
    title: || t!("Unix sockets: a file that stays", "Unix 套接字：留下的文件"),
    meaning: || {
        t!(
            "A Unix socket's name is a file. It stays when the server ends, and bind then says \"address already in use\", whoever is there or not.",
            "Unix 套接字的名字是个文件。服务器结束后文件还在，bind 就报“地址已在使用”，不管有没有人在用。"
        )
    },
    causes: || {
        vec![
            t!("the file of an earlier run", "上一次运行留下的文件"),
            t!(
                "no such file: the server does not run, or the path is another",
                "没有这个文件：服务器没启动，或路径不对"
            ),
        ]
    },
    see: ["ss -xlp; ls -l PATH", "lsof -U; ls -l PATH", "dir PATH"],
    cure: || t!("connect first: if refused, remove the file, then bind", "先 connect 试试：被拒绝就删掉文件再 bind"),
    python: "os.unlink(path)",
    rust: "std::fs::remove_file(path)?",
    experiments: &[],
    program: "",
    lesson: None,
    related: &[SocketError::AddressInUse],
    words: "unix domain socket AF_UNIX path file stale sock .sock /tmp address already in use unlink \
            docker.sock mysql.sock local unix套接字 域套接字 文件 残留 套接字文件",
    wordings: ".sock file left behind socket file exists local ipc path connection refused no such file \
            docker daemon bind on path 本地套接字 sock文件 已存在 进程间通信 sock file prevents start leftover /tmp \
            app.sock stale socket path remove file nginx uwsgi gunicorn php-fpm sock permission /var/run \
            残留文件 sock 删除文件",
};
