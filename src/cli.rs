//! The manners of every program: help and usage errors in both languages, one-line errors, exit codes.

use std::io;
use std::process::ExitCode;
use std::thread;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, Args as _, ColorChoice, Command, FromArgMatches as _};

use crate::lang::Lang;
use crate::options::Shared;
use crate::screen::OutputFailed;
use crate::trace::Trace;
use crate::{completion, ending, errors, lang, screen, t};

/// The exit status of wrong usage.
const USAGE: u8 = 2;

/// Wrong usage that only the program itself could notice.
#[derive(Debug)]
pub struct Usage(pub String);

impl std::fmt::Display for Usage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}

/// The exit status of an error, unless a program has its own.
const FAILURE: u8 = 1;

/// Runs a program: chooses the language, parses the arguments, opens the trace that they ask for, catches Ctrl-C, and
/// turns what comes out into an exit code and at most one line: 0 fine, 1 an error, 2 wrong usage.
pub fn run<A: clap::Parser>(body: impl FnOnce(&A, &Trace) -> anyhow::Result<()>) -> ExitCode {
    run_for_status(FAILURE, |args, trace| body(args, trace).map(|()| 0))
}

/// As [`run`], for a program whose exit code is somebody else's: its own errors end it with `failure`.
pub fn run_for_status<A: clap::Parser>(failure: u8, body: impl FnOnce(&A, &Trace) -> anyhow::Result<u8>) -> ExitCode {
    lang::set(Lang::for_arguments(completion::typed(std::env::args_os()).into_iter()));
    let command = command::<A>();
    let program = command.get_name().to_string();
    match completion::answer(&command) {
        Ok(true) => return ExitCode::SUCCESS,
        Ok(false) => {}
        Err(error) => return ExitCode::from(report(&program, &error, failure)),
    }
    let parsed = command.try_get_matches();
    let parsed = parsed.and_then(|matches| Ok((A::from_arg_matches(&matches)?, Shared::from_arg_matches(&matches)?)));
    let (args, shared) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => return usage(&program, &error),
    };
    screen::set_color(shared.wants_color());
    ending::prepare();
    let status = shared.trace(&program).and_then(|trace| body(&args, &trace));
    let status = status.unwrap_or_else(|error| report(&program, &error, failure));
    ending::now(status)
}

/// What a program understands, its own arguments and those that all programs share, in the chosen language.
pub fn command<A: clap::CommandFactory>() -> Command {
    let version = Arg::new("version").short('V').long("version").action(ArgAction::Version);
    let command = Shared::augment_args(A::command()).arg(version.help(t!("Print the version", "显示版本")));
    let program = command.get_name().to_string();
    localized(command, &program)
}

/// Ends the program from a thread of its own for the reason given.
pub fn fail(program: &str, error: &anyhow::Error) -> ! {
    let status = report(program, error, FAILURE);
    ending::now(status)
}

/// A thread of its own for `body`, whose failure ends the program. (`std::thread::spawn` would panic without one.)
///
/// # Errors
/// The system gives no thread.
pub fn spawn<F>(program: &'static str, body: F) -> anyhow::Result<()>
where
    F: FnOnce() -> anyhow::Result<()> + Send + 'static,
{
    let thread = thread::Builder::new().spawn(move || body().unwrap_or_else(|error| fail(program, &error)));
    thread.map(drop).map_err(|error| {
        let why = errors::reason_at_once(&error);
        anyhow::anyhow!(t!("cannot start a thread: {why}", "无法启动线程：{why}"))
    })
}

fn report(program: &str, error: &anyhow::Error, failure: u8) -> u8 {
    if error.downcast_ref::<OutputFailed>().is_some_and(OutputFailed::is_closed_pipe) {
        return 0;
    }
    // The system's own words are English, and have no cure.
    let what = error.downcast_ref::<io::Error>().map_or_else(|| format!("{error:#}"), errors::reason);
    screen::error(program, &what);
    if error.is::<Usage>() { USAGE } else { failure }
}

/// clap's help and errors come in English only; this puts ours in their places. `path` is what is typed to get here.
fn localized(command: Command, path: &str) -> Command {
    let (arguments, options) = (t!("Arguments", "参数"), t!("Options", "选项"));
    let mut command = command
        .color(ColorChoice::Never)
        .disable_help_flag(true)
        .disable_version_flag(true)
        .disable_help_subcommand(true)
        .subcommand_help_heading(t!("Commands", "命令"))
        .help_template(t!(
            "{path}: {{about}}\n\nUsage: {{usage}}\n\n{{all-args}}{{after-help}}",
            "{path}：{{about}}\n\n用法：{{usage}}\n\n{{all-args}}{{after-help}}"
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
        let path = format!("{path} {name}");
        command = command.mut_subcommand(name, |sub| localized(sub, &path));
    }
    let usage = usage_line(&command, path);
    command.override_usage(usage)
}

/// `NAME [OPTIONS] [ADDRESS]`, in our words.
fn usage_line(command: &Command, path: &str) -> String {
    let mut usage = t!("{path} [OPTIONS]", "{path} [选项]");
    for argument in command.get_positionals() {
        let name =
            argument.get_value_names().and_then(|names| names.first()).map(ToString::to_string).unwrap_or_default();
        let (before, behind) = if argument.is_required_set() { (" <", ">") } else { (" [", "]") };
        let several = if matches!(argument.get_action(), ArgAction::Append) { "..." } else { "" };
        usage = usage + before + &name + behind + several;
    }
    if command.is_subcommand_required_set() {
        usage += &t!(" <COMMAND>", " <命令>");
    } else if command.has_subcommands() {
        usage += &t!(" [COMMAND]", " [命令]");
    }
    usage
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
        let mut text = error.render().to_string();
        if lang::lang() == Lang::Zh {
            // clap puts an ASCII colon behind every heading.
            text = text.replace(":\n", "：\n");
        }
        return match screen::show(text.trim_end().as_bytes()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(failed) => ExitCode::from(report(program, &failed.into(), FAILURE)),
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
        ErrorKind::UnknownArgument if !argument.starts_with('-') => {
            t!("one argument too many: {argument}", "多了一个参数：{argument}")
        }
        ErrorKind::UnknownArgument => t!("there is no option {argument}", "没有 {argument} 这个选项"),
        ErrorKind::ValueValidation => {
            let why = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
            t!("{argument} cannot be {value:?}: {why}", "{argument} 不能是 {value:?}：{why}")
        }
        ErrorKind::InvalidValue if value.is_empty() => t!("{argument} needs a value", "{argument} 后面要有值"),
        ErrorKind::InvalidValue => {
            let valid = match error.get(ContextKind::ValidValue) {
                Some(ContextValue::Strings(values)) => values.join(&t!(", ", "、")),
                _ => String::new(),
            };
            t!("{argument} cannot be {value:?}; choose from: {valid}", "{argument} 不能是 {value:?}；可以是：{valid}")
        }
        ErrorKind::ArgumentConflict => {
            let prior = context(ContextKind::PriorArg);
            if prior.is_empty() || prior == argument {
                t!("{argument} is given twice", "{argument} 写了两次")
            } else {
                t!("{argument} and {prior} do not go together", "{argument} 和 {prior} 不能一起用")
            }
        }
        ErrorKind::TooManyValues => t!("{argument} takes no value", "{argument} 后面不能写值"),
        ErrorKind::MissingRequiredArgument => t!("missing: {argument}", "缺少参数：{argument}"),
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
