//! The command line of `socket-lab`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};
use socket_demos::cli::effect::not_with;
use socket_demos::t;
use socket_demos::text::typed;
use socket_lab::completion;
use socket_lab::diagram::{Choice, Only};

#[derive(Parser)]
#[command(name = "socket-lab", version, about = t!("what TCP and UDP really do, on this system", "看看 TCP 和 UDP 在这台机器上的真实表现"), after_help = t!(
    "Without a command it runs every experiment, a line each.",
    "不写命令就运行全部实验，每个一行。"
))]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) manner: Manner,
    #[command(subcommand)]
    pub(crate) command: Option<Lab>,
}

/// How experiments are run and shown.
#[derive(clap::Args, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Manner {
    #[arg(long, help = t!(
        "Print one JSON document: {{\"experiments\": [...]}}",
        "输出一个 JSON 文档：{{\"experiments\": [...]}}"
    ))]
    pub(crate) json: bool,
    #[arg(long, help = t!("Wait for Enter before each socket call", "每次套接字调用之前都等回车"))]
    pub(crate) step: bool,
    #[arg(long, help = t!("Guess first what will happen, for a score", "先猜会发生什么，最后计分"))]
    pub(crate) predict: bool,
    #[arg(long = "port", value_name = t!("PORT", "端口"), value_parser = typed::parse_port, help = t!(
        "Use this port for the servers, and say how to watch it with tcpdump or Wireshark [default: a free one]",
        "服务器使用这个端口，并说明怎样用 tcpdump 或 Wireshark 观察它 [默认：任选一个空闲端口]"
    ))]
    pub(crate) server_port: Option<u16>,
    #[arg(long, value_name = t!("FILE.html", "文件.html"), help = t!(
        "Write all of it as one page too, with diagrams, for a projector, a phone or paper; goes with --json, --step and --predict",
        "另外把全部结果写成一个网页，带时序图，投影、手机、打印都能看；可以和 --json、--step、--predict 一起用"
    ))]
    pub(crate) report: Option<PathBuf>,
    #[arg(long, value_name = t!("TEXT", "文字"), help = t!(
        "Put this above the page of --report, such as a name and a class",
        "写在 --report 网页最上面的文字，比如姓名和班级"
    ))]
    pub(crate) title: Option<String>,
    #[arg(long, add = not_with(&["--json"], t!("JSON has no diagrams", "JSON 里没有时序图")), help = t!(
        "Draw with ASCII characters [default: where the console is not UTF-8]",
        "只用 ASCII 字符画 [默认：终端不是 UTF-8 时]"
    ))]
    pub(crate) ascii: bool,
}

#[derive(Subcommand)]
/// What there is to do besides running every experiment.
pub(crate) enum Lab {
    #[command(about = t!("Run experiments and tell all: claim, calls, diagram, verdict", "运行实验并详细说明：说法、调用过程、时序图、结论"))]
    Run {
        #[arg(value_name = t!("NAME", "名字"), add = completion::experiments(), help = t!("The experiments' names [default: all]", "实验的名字 [默认：全部]"))]
        names: Vec<String>,
        #[command(flatten)]
        manner: Manner,
    },
    #[command(about = t!("Find experiments by name, symptom or error number", "按名字、现象或错误号查找实验"))]
    List {
        #[arg(value_name = t!("WORD", "关键词"), add = completion::symptoms(), help = t!("What to look for: 10054, EADDRINUSE, 粘包, …", "要找的词：10054、EADDRINUSE、粘包 等"))]
        words: Vec<String>,
    },
    #[command(about = t!("Answer an error or a symptom: what it means, how to see it, the cure", "解答报错和现象：什么意思、怎么看、怎么解决"))]
    Why {
        #[arg(required_unless_present = "sheet", value_name = t!("WORD", "关键词"), add = completion::questions(), help = t!(
            "An error's name, number or sentence, a line from a terminal, or what you see, in your own words",
            "错误名、错误号、报错原文、终端里的一整行，或用自己的话描述现象"
        ))]
        words: Vec<String>,
        #[arg(long, hide = true, help = t!("Print all answers as Markdown", "把全部回答输出成 Markdown"))]
        sheet: bool,
    },
    #[command(about = t!("Who holds a port, and every TCP state on it", "谁占着一个端口，上面有哪些 TCP 状态"))]
    Port {
        #[arg(value_name = t!("PORT", "端口"), value_parser = typed::parse_port, help = t!("The port's number", "端口号"))]
        port: u16,
        #[arg(long, help = t!("Look again each second until Ctrl-C", "每秒重新看一次，直到 Ctrl-C"))]
        watch: bool,
    },
    #[command(about = t!("Merge traces, also strace's, into one sequence diagram", "把几个跟踪文件（也可以是 strace 的）合成一张时序图"))]
    Diagram {
        #[arg(required = true, value_name = t!("TRACE", "跟踪文件"), help = t!(
            "What the programs wrote with --trace-file, or strace about programs in any language; also on machines whose clocks \
             differ",
            "各程序用 --trace-file 写出的文件，或者 strace 对任何语言的程序写出的文件，可以来自时钟不同的几台机器"
        ))]
        traces: Vec<PathBuf>,
        #[arg(short, long, value_name = t!("FILE.svg", "文件.svg"), help = t!(
            "Write an SVG picture instead",
            "改为写一张 SVG 图"
        ))]
        output: Option<PathBuf>,
        #[arg(long, add = not_with(&["--output"], t!("a picture has no characters", "图片里没有字符画")), help = t!(
            "Draw with ASCII characters [default: where the console is not UTF-8]",
            "只用 ASCII 字符画 [默认：终端不是 UTF-8 时]"
        ))]
        ascii: bool,
        #[command(flatten)]
        choice: Chosen,
    },
    #[command(about = t!("The kernel parameters that tutorials tell you to change", "教程让人修改的那些内核参数"))]
    Sysctl,
}

/// What of the traces is drawn.
#[derive(clap::Args)]
pub(crate) struct Chosen {
    #[arg(long, value_name = t!("8080,server", "8080,server"), value_delimiter = ',', help = t!(
        "Draw only sockets with one of these ports, and programs with one of these words in their name",
        "只画用到这些端口的套接字、名字里含有这些词的程序"
    ))]
    only: Vec<String>,
    #[arg(long, value_name = t!("SECONDS", "秒"), value_parser = typed::parse_duration, help = t!(
        "Begin so long after the first call",
        "从第一次调用之后这么久开始画"
    ))]
    from: Option<Duration>,
    #[arg(long, value_name = t!("SECONDS", "秒"), value_parser = typed::parse_duration, help = t!(
        "End so long after the first call",
        "画到第一次调用之后这么久为止"
    ))]
    to: Option<Duration>,
}

impl Chosen {
    pub(crate) fn choice(&self) -> Choice {
        let only = self.only.iter().filter(|word| !word.is_empty()).map(|word| Only::from(word.as_str()));
        Choice { only: only.collect(), from: self.from, to: self.to }
    }
}

impl Manner {
    /// The options before a command and those behind it.
    pub(crate) fn and(&self, other: &Self) -> Self {
        Self {
            json: self.json || other.json,
            step: self.step || other.step,
            predict: self.predict || other.predict,
            server_port: self.server_port.or(other.server_port),
            report: self.report.clone().or_else(|| other.report.clone()),
            title: self.title.clone().or_else(|| other.title.clone()),
            ascii: self.ascii || other.ascii,
        }
    }

    /// Whether there are any.
    pub(crate) fn is_asked_for(&self) -> bool {
        let Self { json, step, predict, server_port, report, title, ascii } = self;
        *json || *step || *predict || server_port.is_some() || report.is_some() || title.is_some() || *ascii
    }
}
