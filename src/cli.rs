//! The manners of every program: arguments, help and errors in both languages, exit codes.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, ColorChoice, Command, ValueEnum};

use crate::address::{Address, lan_addresses};
use crate::lang::Lang;
use crate::screen::OutputFailed;
use crate::trace::Trace;
use crate::{ending, lang, room, screen, t};

/// The exit status of wrong usage.
const USAGE: u8 = 2;

/// The options that every program has.
#[derive(clap::Args, Clone, Debug)]
pub struct Shared {
    /// Looked at before the arguments are parsed; here so that a wrong value is refused.
    #[arg(long, global = true, value_name = "en|zh", value_parser = parse_lang, help = t!(
        "Language: en or zh (default: SOCKET_DEMOS_LANG, then the system's)",
        "语言：en 或 zh（默认看 SOCKET_DEMOS_LANG，再看系统语言）"
    ))]
    lang: Option<Lang>,
    #[arg(long, global = true, value_name = t!("WHEN", "何时"), default_value = "auto", help = t!(
        "Colours on standard error: auto, always, never",
        "标准错误上是否用颜色：auto 自动、always 总是、never 从不"
    ))]
    color: When,
    #[arg(long, global = true, help_heading = tracing_heading(), hide_short_help = true, help = t!(
        "Show every socket call on standard error as it happens",
        "把每一次套接字调用实时显示在标准错误上"
    ))]
    trace: bool,
    #[arg(long, global = true, value_name = t!("FILE", "文件"), help_heading = tracing_heading(), hide_short_help = true, help = t!(
        "Append every socket call to FILE as JSON lines",
        "把每一次套接字调用以 JSON 行追加到文件"
    ))]
    trace_file: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum When {
    Auto,
    Always,
    Never,
}

fn tracing_heading() -> String {
    t!("Seeing the socket calls", "观察套接字调用")
}

fn parse_lang(tag: &str) -> Result<Lang, String> {
    match Lang::of_tag(tag) {
        Lang::Zh => Ok(Lang::Zh),
        Lang::En if tag.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("en")) => Ok(Lang::En),
        Lang::En => Err(t!("the languages are en and zh", "语言只有 en 和 zh")),
    }
}

impl Shared {
    /// The trace that `--trace` and `--trace-file` ask for.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn trace(&self, program: &str) -> anyhow::Result<Trace> {
        Trace::to(program, self.trace, self.trace_file.as_deref()).map_err(|error| {
            let path = self.trace_file.clone().unwrap_or_default();
            anyhow::anyhow!(t!("cannot write the trace to {}: {error}", "无法把跟踪写入 {}：{error}", path.display()))
        })
    }

    fn wants_color(&self) -> bool {
        let auto = std::io::IsTerminal::is_terminal(&std::io::stderr())
            && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        match self.color {
            When::Auto => auto,
            When::Always => true,
            When::Never => false,
        }
    }
}

/// Where a server listens.
#[derive(clap::Args, Clone, Debug)]
pub struct ListenAddress {
    #[arg(value_name = t!("ADDRESS", "地址"), default_value = "127.0.0.1:8080", value_parser = parse_address, help = t!(
        "HOST:PORT, HOST, :PORT or PORT; port 0 takes a free one",
        "主机:端口、主机、:端口 或 端口；端口 0 表示任选一个空闲端口"
    ))]
    address: Address,
    #[arg(long, help = t!(
        "Listen on all addresses and say what others on the LAN type",
        "监听所有地址，并告诉局域网里的同学该输入什么"
    ))]
    lan: bool,
}

/// clap shows the message of whatever error its parser gives.
fn parse_address(typed: &str) -> Result<Address, String> {
    typed.parse()
}

impl ListenAddress {
    /// The address to bind; with `--lan` that of every interface.
    ///
    /// # Errors
    /// `--lan` together with a host.
    pub fn to_bind(&self) -> anyhow::Result<Address> {
        if !self.lan {
            return Ok(self.address.clone());
        }
        let default = Address::default();
        let host_given = self.address.host.is_some() && self.address.to_string() != default.to_string();
        if host_given {
            return Err(Usage(t!(
                "--lan listens on every address: give only a port",
                "--lan 监听所有地址：只写端口就行"
            ))
            .into());
        }
        Ok(Address { host: Some("0.0.0.0".into()), port: self.address.port })
    }

    /// Tells what others type to reach a server at `port`, where it is on the LAN.
    pub fn tell_others(&self, client: &str, port: u16) {
        if !self.lan {
            return;
        }
        let addresses = lan_addresses();
        if addresses.is_empty() {
            screen::talk(&t!("this machine has no address on a LAN yet", "这台机器还没有局域网地址"));
        }
        for ip in addresses {
            screen::talk(&t!("others type: {client} {ip}:{port}", "其他人输入：{client} {ip}:{port}"));
        }
    }
}

/// Where a client finds its server.
#[derive(clap::Args, Clone, Debug)]
pub struct ServerAddress {
    #[arg(value_name = t!("ADDRESS", "地址"), default_value = "127.0.0.1:8080", value_parser = parse_address, help = t!(
        "The server: HOST:PORT, HOST, :PORT or PORT",
        "服务器：主机:端口、主机、:端口 或 端口"
    ))]
    /// The address as typed.
    pub address: Address,
}

/// The largest `--bufsize`: what one datagram could hold and more.
const MAX_BUFSIZE: usize = 1024 * 1024;

/// Reads `--bufsize`, in bytes.
///
/// # Errors
/// A sentence for the person who typed it.
pub fn parse_bufsize(typed: &str) -> Result<usize, String> {
    let size = typed.parse().ok().filter(|size| (1..=MAX_BUFSIZE).contains(size));
    size.ok_or_else(|| t!("a buffer has 1 to {MAX_BUFSIZE} bytes", "缓冲区是 1 到 {MAX_BUFSIZE} 字节"))
}

/// The largest number of anything on a command line: threads that a usual system lets one process have.
const MAX_COUNT: u16 = 30_000;

/// Reads a number of things, 0 included.
///
/// # Errors
/// A sentence for the person who typed it.
pub fn parse_count(typed: &str) -> Result<u16, String> {
    let count = typed.parse().ok().filter(|count| *count <= MAX_COUNT);
    count.ok_or_else(|| t!("a number up to {MAX_COUNT}", "要写不超过 {MAX_COUNT} 的数"))
}

/// Reads a number of clients, at least 1.
///
/// # Errors
/// A sentence for the person who typed it.
pub fn parse_clients(typed: &str) -> Result<usize, String> {
    let count = parse_count(typed).ok().filter(|count| *count > 0).map(usize::from);
    count.ok_or_else(|| t!("a number from 1 to {MAX_COUNT}", "要写 1 到 {MAX_COUNT} 的数"))
}

/// Reads a port, 1 to 65535.
///
/// # Errors
/// A sentence for the person who typed it.
pub fn parse_port(typed: &str) -> Result<u16, String> {
    let port = typed.parse().ok().filter(|port| *port > 0);
    port.ok_or_else(|| t!("a port is a number from 1 to 65535", "端口号是 1 到 65535 的数"))
}

/// Reads a time: seconds, or with a unit (`5`, `0.5`, `500ms`, `5s`).
///
/// # Errors
/// A sentence for the person who typed it.
pub fn parse_duration(typed: &str) -> Result<Duration, String> {
    const MAX_SECONDS: f64 = 86_400.0;
    let (number, unit) = match typed.strip_suffix("ms") {
        Some(number) => (number, 0.001),
        None => (typed.strip_suffix('s').unwrap_or(typed), 1.0),
    };
    let seconds = number.parse::<f64>().ok().map(|number| number * unit);
    let seconds = seconds.filter(|seconds| *seconds >= 0.001 && *seconds <= MAX_SECONDS);
    let wrong =
        || t!("a time is seconds, such as 5, 0.5 or 500ms, up to a day", "时间以秒计，比如 5、0.5、500ms，最长一天");
    seconds.map(Duration::from_secs_f64).ok_or_else(wrong)
}

/// Reads a name for the chat room.
///
/// # Errors
/// A sentence for the person who typed it.
pub fn parse_name(typed: &str) -> Result<String, String> {
    room::check_name(typed).map(|()| typed.to_string())
}

/// Wrong usage that only the program itself could notice.
#[derive(Debug)]
pub struct Usage(pub String);

impl std::fmt::Display for Usage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}

/// Runs a program: chooses the language, parses the arguments, catches Ctrl-C, and turns what comes out into an exit
/// code and at most one line: 0 fine, 1 an error, 2 wrong usage.
pub fn run<A>(body: impl FnOnce(&A) -> anyhow::Result<()>) -> ExitCode
where
    A: clap::Parser + AsRef<Shared>,
{
    lang::set(Lang::for_arguments(std::env::args_os().skip(1)));
    let version = Arg::new("version").short('V').long("version").action(ArgAction::Version);
    let command = localized(A::command().arg(version.help(t!("Print the version", "显示版本"))));
    let program = command.get_name().to_string();
    let args = match command.try_get_matches().and_then(|matches| A::from_arg_matches(&matches)) {
        Ok(args) => args,
        Err(error) => return usage(&program, &error),
    };
    screen::set_color(args.as_ref().wants_color());
    ending::prepare();
    let status = body(&args).map_or_else(|error| report(&program, &error), |()| 0);
    ending::finish();
    ExitCode::from(status)
}

/// Ends the program from a thread of its own for the reason given.
pub fn fail(program: &str, error: &anyhow::Error) -> ! {
    let status = report(program, error);
    ending::now(status)
}

fn report(program: &str, error: &anyhow::Error) -> u8 {
    if error.downcast_ref::<OutputFailed>().is_some_and(OutputFailed::is_closed_pipe) {
        return 0;
    }
    screen::error(program, &format!("{error:#}"));
    if error.is::<Usage>() { USAGE } else { 1 }
}

/// clap's help and errors come in English only; this puts ours in their places.
fn localized(command: Command) -> Command {
    let (arguments, options) = (t!("Arguments", "参数"), t!("Options", "选项"));
    let mut command = command
        .color(ColorChoice::Never)
        .next_line_help(false)
        .disable_help_flag(true)
        .disable_version_flag(true)
        .disable_help_subcommand(true)
        .subcommand_help_heading(t!("Commands", "命令"))
        .help_template(t!(
            "{{name}}: {{about}}\n\nUsage: {{usage}}\n\n{{all-args}}{{after-help}}",
            "{{name}}：{{about}}\n\n用法：{{usage}}\n\n{{all-args}}{{after-help}}"
        ))
        .arg(Arg::new("help").short('h').long("help").action(ArgAction::Help).help(t!(
            "Print help: -h the usual options, --help all of them",
            "显示帮助：-h 只列常用选项，--help 列出全部"
        )))
        .mut_args(|argument| {
            let heading = match argument.get_help_heading() {
                Some(own) => own.to_string(),
                None if argument.is_positional() => arguments.clone(),
                None => options.clone(),
            };
            with_values(argument).help_heading(heading)
        });
    for name in command.get_subcommands().map(|sub| sub.get_name().to_string()).collect::<Vec<_>>() {
        command = command.mut_subcommand(name, localized);
    }
    if lang::lang() == Lang::Zh {
        let usage = command.render_usage().to_string();
        let usage = usage.trim_start_matches("Usage: ").replace("[OPTIONS]", "[选项]").replace("<COMMAND>", "<命令>");
        command = command.override_usage(usage);
    }
    command
}

/// The argument's help with its default at the end.
fn with_values(argument: Arg) -> Arg {
    let defaults: Vec<_> =
        argument.get_default_values().iter().map(|value| value.to_string_lossy().into_owned()).collect();
    if !argument.get_action().takes_values() {
        return argument;
    }
    let argument = argument.hide_default_value(true).hide_possible_values(true);
    if defaults.is_empty() {
        return argument;
    }
    let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
    let default = defaults.join(" ");
    argument.help(t!("{help} [default: {default}]", "{help} [默认：{default}]"))
}

/// Prints help or the version to standard output, a usage error as one line to standard error.
fn usage(program: &str, error: &clap::Error) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        let text = error.render().to_string();
        return match screen::show(text.trim_end().as_bytes()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(failed) => ExitCode::from(report(program, &failed.into())),
        };
    }
    let what = what_is_wrong(error);
    screen::error(program, &t!("{what}; see {program} --help", "{what}；用法见 {program} --help"));
    ExitCode::from(USAGE)
}

fn what_is_wrong(error: &clap::Error) -> String {
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(one)) => one.clone(),
        Some(ContextValue::Strings(some)) => some.join(" "),
        _ => String::new(),
    };
    let (argument, value) = (context(ContextKind::InvalidArg), context(ContextKind::InvalidValue));
    let value = crate::text::escape(&value).into_owned();
    match error.kind() {
        ErrorKind::UnknownArgument => t!("there is no {argument}", "没有 {argument} 这个选项或参数"),
        ErrorKind::ValueValidation => {
            let why = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
            t!("{value:?} is not possible for {argument}: {why}", "{argument} 不能是 {value:?}：{why}")
        }
        ErrorKind::InvalidValue if value.is_empty() => t!("{argument} needs a value", "{argument} 后面要有值"),
        ErrorKind::InvalidValue => {
            let valid = context(ContextKind::ValidValue);
            t!(
                "{value:?} is not possible for {argument}; possible: {valid}",
                "{argument} 不能是 {value:?}；可以是：{valid}"
            )
        }
        ErrorKind::ArgumentConflict => {
            let prior = context(ContextKind::PriorArg);
            if prior.is_empty() || prior == argument {
                t!("{argument} is given twice", "{argument} 写了两次")
            } else {
                t!("{argument} and {prior} do not go together", "{argument} 和 {prior} 不能一起用")
            }
        }
        ErrorKind::MissingRequiredArgument => t!("missing: {argument}", "缺少：{argument}"),
        ErrorKind::InvalidSubcommand => {
            let wrong = crate::text::escape(&context(ContextKind::InvalidSubcommand)).into_owned();
            t!("there is no command {wrong:?}", "没有 {wrong:?} 这个命令")
        }
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            t!("a command is missing", "缺少命令")
        }
        ErrorKind::InvalidUtf8 => t!("an argument is not valid text", "有一个参数不是有效的文字"),
        _ => error.to_string().lines().next().unwrap_or_default().trim_start_matches("error: ").to_string(),
    }
}
