//! The lab: what TCP and UDP really do, on this system.
//!
//! Try it: `cargo run`, then `cargo run -- run sticky`
//!
//! Read it for: how the experiments are run. Each of them is a page of its own: `src/lab/sticky.rs` and the others.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use anyhow::bail;
use clap::{Parser, Subcommand};
use socket_demos::cli::{self, Usage};
use socket_demos::net::Trace;
use socket_demos::net::ports::{self, Holder, Socket, State, Transport};
use socket_demos::terminal::screen;
use socket_demos::text::{self, typed};
use socket_demos::{errors, file, t};
use socket_lab::diagram::{self, Diagram, Letters};
use socket_lab::experiments::{EXPERIMENTS, Experiment, about, find};
use socket_lab::page::{self, Setting};
use socket_lab::report::{self, Report};
use socket_lab::viewer::{self, Viewer};
use socket_lab::{completion, sysctl};

const PROGRAM: &str = "socket-lab";

/// How often `port --watch` looks.
const LOOK_EVERY: Duration = Duration::from_secs(1);

#[derive(Parser)]
#[command(name = PROGRAM, version, about = t!("what TCP and UDP really do, on this system", "看看 TCP 和 UDP 在这台机器上的真实表现"), after_help = t!(
    "Without a command it runs every experiment, a line each.",
    "不写命令就运行全部实验，每个一行。"
))]
pub(crate) struct Args {
    #[command(flatten)]
    manner: Manner,
    #[command(subcommand)]
    command: Option<Lab>,
}

/// How experiments are run and shown.
#[derive(clap::Args, Clone)]
struct Manner {
    #[arg(long, help = t!(
        "Print one JSON document: {{\"experiments\": [...]}}",
        "输出一个 JSON 文档：{{\"experiments\": [...]}}"
    ))]
    json: bool,
    #[arg(long, help = t!("Wait for Enter before each socket call", "每次套接字调用之前都等回车"))]
    step: bool,
    #[arg(long, help = t!("Guess first what will happen, for a score", "先猜会发生什么，最后计分"))]
    predict: bool,
    #[arg(long = "port", value_name = t!("PORT", "端口"), value_parser = typed::parse_port, help = t!(
        "Use this port for the servers, and say how to watch it with tcpdump or Wireshark [default: a free one]",
        "服务器使用这个端口，并说明怎样用 tcpdump 或 Wireshark 观察它 [默认：任选一个空闲端口]"
    ))]
    server_port: Option<u16>,
    #[arg(long, value_name = t!("FILE.html", "文件.html"), help = t!(
        "Write all of it as one page too, with diagrams, for a projector, a phone or paper; goes with --json, --step and --predict",
        "另外把全部结果写成一个网页，带时序图，投影、手机、打印都能看；可以和 --json、--step、--predict 一起用"
    ))]
    report: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Lab {
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
    #[command(about = t!("Who holds a port, and every TCP state on it", "谁占着一个端口，上面有哪些 TCP 状态"))]
    Port {
        #[arg(value_name = t!("PORT", "端口"), value_parser = typed::parse_port, help = t!("The port's number", "端口号"))]
        port: u16,
        #[arg(long, help = t!("Look again each second until Ctrl-C", "每秒重新看一次，直到 Ctrl-C"))]
        watch: bool,
    },
    #[command(about = t!("Merge trace files into one sequence diagram", "把几个跟踪文件合成一张时序图"))]
    Diagram {
        #[arg(required = true, value_name = t!("TRACE", "跟踪文件"), help = t!(
            "What the programs wrote with --trace-file, also on machines whose clocks differ",
            "各程序用 --trace-file 写出的文件，可以来自时钟不同的几台机器"
        ))]
        traces: Vec<PathBuf>,
        #[arg(short, long, value_name = t!("FILE.svg", "文件.svg"), help = t!(
            "Write an SVG picture instead",
            "改为写一张 SVG 图"
        ))]
        output: Option<PathBuf>,
        #[arg(long, help = t!(
            "Draw with ASCII characters [default: where the console is not UTF-8]",
            "只用 ASCII 字符画 [默认：终端不是 UTF-8 时]"
        ))]
        ascii: bool,
    },
    #[command(about = t!("The kernel parameters that tutorials tell you to change", "教程让人修改的那些内核参数"))]
    Sysctl,
}

impl Manner {
    fn and(&self, other: &Self) -> Self {
        Self {
            json: self.json || other.json,
            step: self.step || other.step,
            predict: self.predict || other.predict,
            server_port: self.server_port.or(other.server_port),
            report: self.report.clone().or_else(|| other.report.clone()),
        }
    }

    fn is_asked_for(&self) -> bool {
        self.json || self.step || self.predict || self.server_port.is_some() || self.report.is_some()
    }
}

/// How much is told of each experiment.
#[derive(PartialEq)]
enum Form {
    Line,
    Full,
}

fn main() -> ExitCode {
    cli::run(lab)
}

fn lab(args: &Args, trace: &Trace) -> anyhow::Result<()> {
    let Args { manner, command } = args;
    match command {
        None => run(&EXPERIMENTS.iter().collect::<Vec<_>>(), &Form::Line, manner, trace),
        Some(Lab::Run { names, manner: own }) => {
            let chosen = names.iter().map(|name| find(name)).collect::<Result<Vec<_>, _>>().map_err(Usage)?;
            let manner = manner.and(own);
            // Where all of it goes into a page, a line for each says enough here.
            let form = if chosen.is_empty() && manner.report.is_some() { Form::Line } else { Form::Full };
            let chosen = if chosen.is_empty() { EXPERIMENTS.iter().collect() } else { chosen };
            run(&chosen, &form, &manner, trace)
        }
        Some(_) if manner.is_asked_for() => bail!(Usage(t!(
            "--json, --step, --predict, --port and --report are for running experiments",
            "--json、--step、--predict、--port、--report 只在运行实验时有用"
        ))),
        Some(Lab::List { words }) => list(words),
        Some(Lab::Port { port, watch: false }) => show_port(*port),
        Some(Lab::Port { port, watch: true }) => watch_port(*port),
        Some(Lab::Diagram { traces, output, ascii }) => draw(traces, output.as_deref(), *ascii),
        Some(Lab::Sysctl) => sysctl::lines()?.iter().try_for_each(|line| show(line)),
    }
}

/// Runs the experiments one after the other, and fails where one of them is in trouble.
fn run(chosen: &[&Experiment], form: &Form, manner: &Manner, trace: &Trace) -> anyhow::Result<()> {
    if manner.json && (manner.step || manner.predict) {
        bail!(Usage(t!("--json does not go with --step or --predict", "--json 不能和 --step、--predict 一起用")));
    }
    if let Some(port) = manner.server_port {
        screen::talk(&viewer::how_to_watch(port));
    }
    let mut viewer = Viewer::new(manner.step, manner.predict);
    let mut reports = Vec::new();
    for experiment in chosen {
        let report = viewer.watch(experiment, trace, manner.server_port);
        if !manner.json {
            show(&match form {
                Form::Full => report.full(manner.step),
                Form::Line if manner.step || manner.predict => report.full(true),
                Form::Line => report.line(),
            })?;
        }
        reports.push(report);
    }
    if let Some(file) = &manner.report {
        write(file, &page::page(&reports, &Setting::here()))?;
    }
    sum_up(&reports, form, manner)?;
    if let Some(score) = viewer.score() {
        screen::talk(&score);
    }
    report::trouble(&reports).map_or(Ok(()), |trouble| bail!(trouble))
}

fn sum_up(reports: &[Report], form: &Form, manner: &Manner) -> anyhow::Result<()> {
    if manner.json {
        return show(&report::json(reports));
    }
    if reports.len() > 1 {
        show(&report::summary(reports))?;
    }
    if let Some(file) = &manner.report {
        let file = text::path(file);
        screen::talk(&t!("the page is {file}", "网页已写入 {file}"));
    } else if *form == Form::Line {
        screen::talk(&t!("one in full: {PROGRAM} run sticky", "详细看一个：{PROGRAM} run sticky"));
    }
    Ok(())
}

fn list(words: &[String]) -> anyhow::Result<()> {
    let found = about(words);
    if found.is_empty() {
        bail!(t!(
            "no experiment matches; list them all with: {PROGRAM} list",
            "没有相关的实验；全部实验：{PROGRAM} list"
        ));
    }
    found.into_iter().try_for_each(|experiment| show(&report::entry(experiment)))?;
    screen::talk(&t!(
        "these are claims, some of them wrong; try one: {PROGRAM} run NAME",
        "以上是课上的说法，有些并不对；动手验证：{PROGRAM} run 名字"
    ));
    Ok(())
}

/// Again and again: on a terminal in place of what was there, else below it.
fn watch_port(port: u16) -> anyhow::Result<()> {
    loop {
        if std::io::stdout().is_terminal() {
            show("\x1b[H\x1b[2J")?;
        }
        show_port(port)?;
        thread::sleep(LOOK_EVERY);
    }
}

/// The holder first, then a line for each socket as `ss` and `netstat` would show it.
fn show_port(port: u16) -> anyhow::Result<()> {
    let holders = ports::holders_of(Transport::Tcp, port, None);
    if holders.is_empty() {
        show(&t!("TCP port {port}: nobody listens, as far as you may see", "TCP 端口 {port}：没有看到在监听的进程"))?;
    }
    for Holder { pid, name } in holders {
        show(&t!("TCP port {port}: {name} (pid {pid}) listens", "TCP 端口 {port}：{name}（pid {pid}）在监听"))?;
    }
    for Holder { pid, name } in ports::holders_of(Transport::Udp, port, None) {
        show(&t!("UDP port {port}: {name} (pid {pid}) receives", "UDP 端口 {port}：{name}（pid {pid}）在接收"))?;
    }
    match ports::tcp_sockets(port) {
        Ok(sockets) => sockets.iter().try_for_each(|socket| show(&line(socket))),
        Err(error) if error.kind() == std::io::ErrorKind::Unsupported => show(&error.to_string()),
        Err(error) => Err(error.into()),
    }
}

/// Several programs' traces as one diagram.
fn draw(traces: &[PathBuf], output: Option<&Path>, ascii: bool) -> anyhow::Result<()> {
    let files = traces.iter().map(|path| diagram::read(path)).collect::<Result<Vec<_>, _>>();
    let diagram = Diagram::of(files.map_err(anyhow::Error::msg)?);
    if diagram.lanes.is_empty() {
        bail!(t!("there is no call in these traces", "这些跟踪文件里没有任何调用"));
    }
    if let Some(file) = output {
        return write(file, &diagram.svg());
    }
    let letters = if ascii { Letters::Ascii } else { Letters::of_console() };
    show(&diagram.text(screen::columns(), letters))
}

fn write(file: &Path, text: &str) -> anyhow::Result<()> {
    file::replace(file, text.as_bytes()).map_err(|error| {
        let (shown, why) = (text::path(file), errors::reason(&error));
        anyhow::anyhow!(t!("cannot write {shown}: {why}", "无法写 {shown}：{why}"))
    })
}

fn line(Socket { local, remote, state, receive_queue, .. }: &Socket) -> String {
    let meaning = match state {
        State::Listen => {
            t!("{receive_queue} finished connections wait for accept", "{receive_queue} 个已完成的连接在等 accept")
        }
        State::TimeWait => t!("this side closed first; at most 60 s", "本端先关闭；最多 60 秒"),
        State::CloseWait => t!("the other side has closed, this one has not", "对方已关闭，本端还没有"),
        State::FinWait2 => t!("this side has closed, the other one has not", "本端已关闭，对方还没有"),
        _ => String::new(),
    };
    format!("  {state:<12} {local} ↔ {remote}  {meaning}").trim_end().to_string()
}

fn show(line: &str) -> anyhow::Result<()> {
    Ok(screen::show(line.as_bytes())?)
}
