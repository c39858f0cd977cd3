//! What the manual tells besides the options: what each program is for, its exit statuses, files, examples.

use socket_demos::t;

/// A thing and what it means.
type Entry = (String, String);

/// The sections of one page, each empty where there is nothing to tell.
#[derive(Default)]
pub(crate) struct Facts {
    pub(crate) description: Vec<String>,
    pub(crate) exit_statuses: Vec<Entry>,
    pub(crate) environment: Vec<Entry>,
    pub(crate) files: Vec<Entry>,
    pub(crate) examples: Vec<Entry>,
    pub(crate) see_also: Vec<&'static str>,
}

fn entry(what: &str, meaning: String) -> Entry {
    (what.to_string(), meaning)
}

/// The facts about the page `name`.
pub(crate) fn of(name: &str) -> Facts {
    let own = match name {
        "tcp-chat-server" | "tcp-chat-client" => tcp_chat(name),
        "udp-chat-server" | "udp-chat-client" => udp_chat(name),
        "udp-qq-server" | "udp-qq-client" => qq(name),
        "time-server" => time_server(),
        "time-client" => time_client(),
        "tcp-exec-server" | "udp-exec-server" => exec_server(name),
        "tcp-exec-client" | "udp-exec-client" => exec_client(name),
        _ => lab(name),
    };
    let mut exit_statuses = own.exit_statuses;
    if exit_statuses.is_empty() {
        exit_statuses = usual_statuses();
    }
    let environment = [usual_environment(), own.environment].concat();
    Facts { exit_statuses, environment, ..own }
}

fn usual_statuses() -> Vec<Entry> {
    vec![
        entry("0", t!("all went well", "一切正常")),
        entry("1", t!("an error, told in one line on standard error", "出错，标准错误上有一行说明")),
        entry("2", t!("wrong usage", "用法错误")),
    ]
}

fn usual_environment() -> Vec<Entry> {
    vec![
        entry(
            "SOCKET_DEMOS_LANG",
            t!(
                "the language, where --lang does not say: zh for Chinese, anything else for English; without it the system's language",
                "没有写 --lang 时用的语言：zh 开头是中文，其他是英文；不设则用系统语言"
            ),
        ),
        entry("NO_COLOR", t!("if not empty, errors have no colour", "只要不为空，报错就不用颜色")),
        entry(
            "COMPLETE",
            t!(
                "the name of a shell (bash, zsh, fish, elvish, powershell): instead of running, the program prints what the shell needs to complete its command line",
                "shell 的名字（bash、zsh、fish、elvish、powershell）：程序不运行，而是输出该 shell 补全命令行所需的脚本"
            ),
        ),
    ]
}

fn tcp_chat(name: &str) -> Facts {
    let mut facts = Facts {
        description: vec![
            t!(
                "A chat over TCP. By default the server is a room where everybody hears everybody, and the person at the server takes part; the wire is lines of text, so that nc and telnet can join.",
                "基于 TCP 的聊天。默认情况下服务器就是一个聊天室，每个人说的话大家都能看到，坐在服务器前的人也能参加；网络上传的是一行行文字，所以 nc 和 telnet 也能加入。"
            ),
            t!(
                "With --once each side says one thing, the client first. With --classic both take turns as the textbook has it; a second client waits until the first has left.",
                "加 --once，双方各说一句，客户端先说。加 --classic 就是课本原样：双方轮流各发一条，第二个客户端要等第一个离开。"
            ),
            t!(
                "q alone leaves. /who lists who is here, /name NAME renames, /help tells the rest.",
                "单独输入 q 离开。/who 列出在场的人，/name 名字 改名，/help 看其他命令。"
            ),
        ],
        ..Facts::default()
    };
    if name == "tcp-chat-server" {
        facts.examples = vec![
            entry(
                "tcp-chat-server",
                t!("a chat room for this machine, on 127.0.0.1:8080", "给本机开一个聊天室，地址 127.0.0.1:8080"),
            ),
            entry(
                "tcp-chat-server --lan",
                t!("for everybody on the LAN; it prints what they type", "给整个局域网用；它会告诉同学们该输入什么"),
            ),
        ];
        facts.see_also = vec!["tcp-chat-client(1)", "udp-chat-server(1)", "socket-lab(1)", "nc(1)"];
    } else {
        facts.examples = vec![
            entry(
                "tcp-chat-client --name 小明",
                t!("joins the room on this machine under a name", "用这个名字加入本机的聊天室"),
            ),
            entry(
                "tcp-chat-client 192.168.1.23:8080",
                t!("joins the room on another machine", "加入另一台机器上的聊天室"),
            ),
        ];
        facts.see_also = vec!["tcp-chat-server(1)", "udp-chat-client(1)", "socket-lab(1)", "nc(1)"];
    }
    facts
}

fn udp_chat(name: &str) -> Facts {
    let mut facts = Facts {
        description: vec![
            t!(
                "A chat over UDP: one datagram is one message, an empty one too. There is no connection; the server hears anybody and answers whoever wrote last, or with @N number N of /who.",
                "基于 UDP 的聊天：一个数据报就是一条消息，空消息也算。没有连接；谁发来的服务器都收，回复最后说话的人，或者用 @N 回复 /who 里的第 N 个。"
            ),
            t!(
                "UDP cannot tell lost from slow: the client says once that there is no answer, and late answers still show. With --classic both take turns as the textbook has it.",
                "UDP 分不清是丢了还是慢：客户端只提示一次没有回复，迟到的回复照样显示。加 --classic 就是课本原样，双方轮流收发。"
            ),
        ],
        ..Facts::default()
    };
    if name == "udp-chat-server" {
        facts.examples =
            vec![entry("udp-chat-server :9000", t!("hears on port 9000 of this machine", "在本机 9000 端口上收消息"))];
        facts.see_also = vec!["udp-chat-client(1)", "udp-qq-server(1)", "tcp-chat-server(1)", "socket-lab(1)"];
    } else {
        facts.examples = vec![entry(
            "udp-chat-client --loss 50% --seed 3 --trace",
            t!(
                "loses half of the datagrams, always the same ones, and shows which",
                "丢掉一半数据报，每次丢的都一样，并显示是哪些"
            ),
        )];
        facts.see_also = vec!["udp-chat-server(1)", "udp-qq-client(1)", "tcp-chat-client(1)", "socket-lab(1)"];
    }
    facts
}

fn qq(name: &str) -> Facts {
    if name == "udp-qq-server" {
        return Facts {
            description: vec![t!(
                "One person who can be reached at an address: hears anybody, at any time, and answers whoever wrote last, or with @N number N of /who.",
                "守在一个地址上的人：谁的消息都收，随时可以说话，回复最后说话的人，或者用 @N 回复 /who 里的第 N 个。"
            )],
            examples: vec![entry("udp-qq-server --lan", t!("can be reached from the LAN", "局域网里都能找到"))],
            see_also: vec!["udp-qq-client(1)", "udp-chat-server(1)"],
            ..Facts::default()
        };
    }
    Facts {
        description: vec![t!(
            "A contact book: choose somebody by name or number, talk, and go back to the book with q; the conversation goes on. Without a book of one's own there are three poets at one address. /add NAME ADDRESS adds a contact, /list shows all.",
            "一本通讯录：按名字或编号选人，聊天，输入 q 回到通讯录，对话不会断。没有自己的通讯录时，里面是同一个地址上的三位诗人。/add 名字 地址 添加联系人，/list 列出全部。"
        )],
        files: vec![entry(
            "FILE",
            t!(
                "of --contacts: TOML, one contact a line, \"NAME\" = \"HOST:PORT\"; replaced at once when a contact is added",
                "由 --contacts 指定的 TOML 文件，每行一个联系人：\"名字\" = \"主机:端口\"；添加联系人时整个文件一次替换"
            ),
        )],
        examples: vec![entry("udp-qq-client --contacts friends.toml", t!("with one's own book", "用自己的通讯录"))],
        see_also: vec!["udp-qq-server(1)", "udp-chat-client(1)"],
        ..Facts::default()
    }
}

fn time_server() -> Facts {
    Facts {
        description: vec![t!(
            "Tells the time on one UDP port, by the shape of the request: the text \"get time\" gets the local time as text, a client packet of NTP an SNTP answer (RFC 5905), an empty datagram the 4 bytes of RFC 868. Anything else gets nothing, because two servers that answer anything can be set to answer each other for ever.",
            "在一个 UDP 端口上报时，按请求的样子回答：文字 “get time” 得到文字形式的本地时间，NTP 客户端的包得到 SNTP 回答（RFC 5905），空数据报得到 RFC 868 的 4 个字节。其他一概不答：两台有问必答的服务器，可以被人挑拨得互相回答个没完。"
        )],
        examples: vec![
            entry("time-server --lan", t!("for everybody on the LAN", "给整个局域网用")),
            entry(
                "chronyd -Q 'server 127.0.0.1 port 8080 iburst maxsamples 1'",
                t!("a real NTP client asks it", "让真正的 NTP 客户端来问它"),
            ),
        ],
        see_also: vec!["time-client(1)", "strftime(3)", "chronyd(8)", "rdate(8)"],
        ..Facts::default()
    }
}

fn time_client() -> Facts {
    Facts {
        description: vec![t!(
            "Asks for the time over UDP, again where no answer comes, and prints it. With --protocol sntp it measures how far the two clocks are apart and how long the way was, and shows the arithmetic; it works with real NTP servers too, and never sets a clock.",
            "用 UDP 询问时间，没有回答就再问，然后显示出来。加 --protocol sntp 会量出两边的时钟差多少、路上花了多久，并列出算式；真正的 NTP 服务器也能问。它从不改动时钟。"
        )],
        exit_statuses: vec![
            entry("0", t!("there was an answer", "得到了回答")),
            entry("1", t!("there was none that could be used", "没有得到能用的回答")),
            entry("2", t!("wrong usage", "用法错误")),
        ],
        examples: vec![
            entry(
                "time-client",
                t!("the time as text, from this machine's time-server", "向本机的 time-server 要文字时间"),
            ),
            entry(
                "time-client --protocol sntp --samples 4 --json",
                t!("offset, delay and stratum for a program, in seconds", "以秒为单位给程序用的偏移、时延和层级"),
            ),
        ],
        see_also: vec!["time-server(1)", "chronyc(1)"],
        ..Facts::default()
    }
}

/// Where the key is, for both ends of remote commands.
fn key(mut facts: Facts) -> Facts {
    facts.environment = vec![
        entry(
            "SOCKET_DEMOS_KEY_FILE",
            t!("the key file, where --key-file does not say", "没有写 --key-file 时用的密钥文件"),
        ),
        entry(
            "XDG_STATE_HOME",
            t!("where the key is kept [default: ~/.local/state]", "密钥放在哪里 [默认：~/.local/state]"),
        ),
    ];
    facts.files = vec![entry(
        "~/.local/state/socket-demos/exec.key",
        t!(
            "the key, made by the server at its first start, for its user alone (on Windows in LOCALAPPDATA)",
            "密钥，服务器第一次启动时生成，只有该用户能读（Windows 上在 LOCALAPPDATA 里）"
        ),
    )];
    facts
}

fn exec_server(name: &str) -> Facts {
    let tcp = name == "tcp-exec-server";
    let mut facts = key(Facts {
        description: vec![
            t!(
                "Runs commands for whoever has the key, and for nobody else, and sends back standard output, standard error and the exit status. Nothing is encrypted: over a network that you do not trust use ssh(1).",
                "替持有密钥的人执行命令，别人一概不行；送回标准输出、标准错误和退出状态。内容不加密：网络不可信时请用 ssh(1)。"
            ),
            t!(
                "On any address but loopback it starts only with --key-file. With --classic it is the textbook's remote shell, on this machine only, for whoever says the code that it shows.",
                "监听回环地址以外的地址时，必须写明 --key-file。加 --classic 就是课本上的远程执行，只限本机，先输入它显示的口令才能用。"
            ),
        ],
        examples: vec![entry(
            &format!("{name} --key-file ~/.local/state/socket-demos/exec.key 0.0.0.0"),
            t!("for other machines that have a copy of the key", "给有密钥副本的其他机器用"),
        )],
        see_also: if tcp {
            vec!["tcp-exec-client(1)", "udp-exec-server(1)", "sshd(8)"]
        } else {
            vec!["udp-exec-client(1)", "tcp-exec-server(1)", "sshd(8)"]
        },
        ..Facts::default()
    });
    facts.environment.push(entry(
        "SOCKET_DEMOS_CODE",
        t!(
            "the code that has to be said first with --classic, for scripts [default: another one at each start, shown]",
            "加 --classic 时要先说的口令，供脚本使用 [默认：每次启动生成一个，并显示出来]"
        ),
    ));
    facts
}

fn exec_client(name: &str) -> Facts {
    let tcp = name == "tcp-exec-client";
    let cd = if tcp {
        t!(
            "Without -c it reads commands from the prompt or the pipe; cd alone changes the directory that the prompt shows, Ctrl-C stops the running command, q leaves.",
            "不写 -c 就从提示符或管道读命令；单独的 cd 会改变提示符里显示的目录，Ctrl-C 停止正在执行的命令，q 离开。"
        )
    } else {
        t!(
            "Without -c it reads commands from the prompt or the pipe; each begins in the server's directory and runs at most once. Ctrl-C stops the running command, q leaves.",
            "不写 -c 就从提示符或管道读命令；每条都从服务器的目录开始，最多执行一次。Ctrl-C 停止正在执行的命令，q 离开。"
        )
    };
    key(Facts {
        description: vec![
            t!(
                "Has commands run by the server and shows their standard output and standard error, apart and to the last byte. Nothing is encrypted: over a network that you do not trust use ssh(1).",
                "让服务器执行命令，并显示它的标准输出和标准错误，两者分开，一个字节也不少。内容不加密：网络不可信时请用 ssh(1)。"
            ),
            cd,
        ],
        exit_statuses: command_statuses(tcp),
        examples: vec![
            entry(
                &format!("{name} -c uname"),
                t!("runs one command and ends with its status", "执行一条命令，并以它的退出状态结束"),
            ),
            entry(
                &format!("{name} --key-file exec.key 192.168.1.23"),
                t!("on another machine, with a copy of its key", "在另一台机器上执行，用它的密钥副本"),
            ),
        ],
        see_also: if tcp {
            vec!["tcp-exec-server(1)", "udp-exec-client(1)", "ssh(1)"]
        } else {
            vec!["udp-exec-server(1)", "tcp-exec-client(1)", "ssh(1)"]
        },
        ..Facts::default()
    })
}

fn command_statuses(tcp: bool) -> Vec<Entry> {
    let mut statuses = vec![
        entry("0-123", t!("that of the command; 2 is wrong usage too", "命令自己的退出状态；用法错误也是 2")),
        entry("124", t!("the command was stopped at the server's time limit", "命令超过服务器的时限，被停止")),
        entry("128+N", t!("the command was ended by signal N", "命令被信号 N 终止")),
        entry("130", t!("Ctrl-C", "按了 Ctrl-C")),
        entry(
            "141",
            t!(
                "nobody read the output to its end (| head): the command was stopped",
                "输出没有读完（如 | head）：命令被停止"
            ),
        ),
    ];
    if !tcp {
        statuses.push(entry(
            "254",
            t!(
                "nobody knows whether the command ran: the server went silent or was restarted",
                "不知道命令有没有执行：服务器没有了回应，或者重启过"
            ),
        ));
    }
    statuses.push(entry(
        "255",
        t!("the command did not run, or its answer was lost on the way", "命令没有执行，或者回答在路上丢了"),
    ));
    statuses
}

fn lab(name: &str) -> Facts {
    let description = match name {
        "socket-lab-run" => t!(
            "Runs the named experiments, or all, and tells for each the claim in the tutorials' own terms, every socket call in its order, what was observed, the verdict for this system with its reason, and a source.",
            "运行指定的实验（不写就是全部），每个都说明：教程的说法、按顺序的每一次套接字调用、观察到什么、对这台机器的结论和理由、出处。"
        ),
        "socket-lab-list" => t!(
            "Lists the experiments that the words are about, in the order of the course: names, symptoms, error names and numbers, in both languages. Whole words count, and spelling mistakes are put right.",
            "按课程顺序列出与关键词有关的实验：名字、现象、错误名、错误号都可以，中英文都行。按整个词查找，允许拼写错误。"
        ),
        "socket-lab-why" => t!(
            "Answers an error, by its name, number or sentence or with a whole line from a terminal of any system or language, or a symptom in one's own words: what it means, the usual causes, how to see it on this system, the cure in Python and in Rust, and what shows it. The best answer is told in full, at most two others in a line each.",
            "解答一个报错或现象：错误名、错误号、报错原文、从任何系统或语言的终端里粘贴的一整行，或用自己的话描述都行。说明是什么意思、常见原因、在本机上怎么看、用 Python 和 Rust 怎么解决、哪里能看到。最合适的回答写全，另外最多两个各占一行。"
        ),
        "socket-lab-port" => t!(
            "Tells which process holds a TCP port, every TCP state on it, TIME_WAIT included, and how full the accept queue is.",
            "说明哪个进程占着一个 TCP 端口、上面有哪些 TCP 状态（包括 TIME_WAIT）、全连接队列里有多少连接。"
        ),
        "socket-lab-diagram" => t!(
            "Merges the traces of several programs, also of machines whose clocks differ, into one sequence diagram. Lost datagrams are shown as lost; segments that nobody saw (SYN, ACK, FIN) are inferred, and dashed.",
            "把几个程序的跟踪合成一张时序图，它们所在机器的时钟可以不同。丢掉的数据报画成丢掉的样子；没人看见的报文段（SYN、ACK、FIN）是推断的，用虚线画。"
        ),
        "socket-lab-sysctl" => t!(
            "Shows the kernel parameters that tutorials tell you to change when an address is in use: their values here, the tutorial's, and what each really does.",
            "列出教程里遇到地址被占用时让人修改的内核参数：本机的值、教程的值，以及每个参数真正的作用。"
        ),
        _ => t!(
            "Every claim of the course about TCP and UDP as an experiment that runs here and now, with real sockets on the loopback address, each with a verdict: as taught, partly so, different, or impossible to show here. It needs no root, no network and no second terminal.",
            "课上关于 TCP 和 UDP 的每个说法都是一个实验，用回环地址上真正的套接字当场运行，各有一个结论：与课本一致、说对一半、与课本不同，或者这里看不到。不需要 root、网络或第二个终端。"
        ),
    };
    Facts {
        description: vec![description],
        exit_statuses: vec![
            entry("0", t!("all went well, whatever the verdicts", "一切正常，结论是什么都算")),
            entry(
                "1",
                t!(
                    "an experiment contradicted itself or failed, or another error",
                    "有实验自相矛盾或运行失败，或者其他错误"
                ),
            ),
            entry("2", t!("wrong usage, an unknown experiment included", "用法错误，包括没有这个实验")),
        ],
        examples: lab_examples(name),
        see_also: vec!["socket-lab(1)", "tcp(7)", "udp(7)", "ss(8)", "tcpdump(8)"],
        ..Facts::default()
    }
}

fn lab_examples(name: &str) -> Vec<Entry> {
    match name {
        "socket-lab-run" => vec![entry(
            "socket-lab run sticky --step",
            t!("one experiment, Enter before each call", "一个实验，每次调用之前按回车"),
        )],
        "socket-lab-list" => {
            vec![entry("socket-lab list EADDRINUSE", t!("what is about an address in use", "与地址被占用有关的实验"))]
        }
        "socket-lab-why" => vec![
            entry("socket-lab why EADDRINUSE", t!("an error by its name", "按错误名问")),
            entry("socket-lab why recv returns empty", t!("a symptom", "按现象问")),
        ],
        "socket-lab-port" => {
            vec![entry("socket-lab port 8080 --watch", t!("looks again each second", "每秒重新看一次"))]
        }
        "socket-lab-diagram" => vec![entry(
            "socket-lab diagram client.jsonl server.jsonl -o chat.svg",
            t!("both ends of a chat as a picture", "把聊天的两端画成一张图"),
        )],
        "socket-lab-sysctl" => Vec::new(),
        _ => vec![
            entry("socket-lab", t!("all experiments, a line each", "全部实验，每个一行")),
            entry("socket-lab --predict", t!("a guessing game for the class", "全班一起猜结果的游戏")),
        ],
    }
}
