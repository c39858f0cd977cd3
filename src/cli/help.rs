//! Help and usage errors in both languages, in place of what clap says in English.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, ColorChoice, Command};

use crate::t;
use crate::text::escape_line;
use crate::text::typed::nearest;

/// clap's help and errors come in English only; this puts ours in their places. `path` is what is typed to get here.
pub(super) fn localized(command: Command, path: &str) -> Command {
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
    let argument = argument.hide_default_value(true).hide_possible_values(true).allow_negative_numbers(true);
    if defaults.is_empty() {
        return argument;
    }
    let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
    let default = defaults.join(" ");
    argument.help(t!("{help} [default: {default}]", "{help} [默认：{default}]"))
}

/// What is wrong with what was typed after `command`'s name, and the cure.
pub(super) fn what_is_wrong(command: &Command, error: &clap::Error) -> String {
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(one)) => one.clone(),
        Some(ContextValue::Strings(some)) => some.join(" "),
        _ => String::new(),
    };
    // Values are shown as Rust writes strings, which escapes them.
    let (argument, value) = (context(ContextKind::InvalidArg), context(ContextKind::InvalidValue));
    let argument = escape_line(&argument);
    match error.kind() {
        ErrorKind::UnknownArgument if !argument.starts_with('-') => {
            t!("one argument too many: {argument}", "多了一个参数：{argument}")
        }
        ErrorKind::UnknownArgument if is_negative(&argument) => {
            t!("no number here is negative: {argument}", "这里没有负数：{argument}")
        }
        ErrorKind::UnknownArgument => {
            let meant = did_you_mean(&argument, options(command));
            t!("there is no option {argument}{meant}", "没有 {argument} 这个选项{meant}")
        }
        ErrorKind::ValueValidation => {
            let why = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
            t!("{argument} cannot be {value:?}: {why}", "{argument} 不能是 {value:?}：{why}")
        }
        ErrorKind::InvalidValue => {
            let valid = match error.get(ContextKind::ValidValue) {
                Some(ContextValue::Strings(values)) if !values.is_empty() => values.join(&t!(", ", "、")),
                _ => return t!("{argument} needs a value", "{argument} 后面要有值"),
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
            let wrong = context(ContextKind::InvalidSubcommand);
            let meant = did_you_mean(&wrong, command.get_subcommands().map(|sub| sub.get_name().to_string()));
            t!("there is no command {wrong:?}{meant}", "没有 {wrong:?} 这个命令{meant}")
        }
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            t!("a command is missing", "缺少命令")
        }
        ErrorKind::InvalidUtf8 => t!("an argument is not valid text", "有一个参数不是有效的文字"),
        _ => error.to_string().lines().next().unwrap_or_default().trim_start_matches("error: ").to_string(),
    }
}

/// Whether somebody wanted a negative number: clap takes it for an option.
fn is_negative(argument: &str) -> bool {
    argument.strip_prefix('-').is_some_and(|number| number.starts_with(|c: char| c.is_ascii_digit() || c == '.'))
}

/// An option of this name with one dash: for a program with `-c` it would be `-c` and a command (`-classic`: `lassic`).
pub(super) fn one_dash_too_few(command: &Command, typed: &[OsString]) -> Option<String> {
    let options = options(command);
    let named = typed.iter().take_while(|word| *word != "--").filter_map(|word| word.to_str());
    let lacking = named.filter(|word| word.len() > 2 && !word.starts_with("--"));
    lacking.map(|word| format!("-{word}")).find(|word| options.contains(word)).map(|meant| {
        let typed = &meant[1..];
        t!("{typed} has one dash too few: {meant}", "{typed} 少写了一个短横：{meant}")
    })
}

/// Every option of a command and of those below it.
fn options(command: &Command) -> Vec<String> {
    let own = command.get_arguments().filter_map(Arg::get_long).map(|long| format!("--{long}"));
    own.chain(command.get_subcommands().flat_map(options)).collect()
}

/// `; did you mean: --classic`, or nothing where nothing is near.
fn did_you_mean(typed: &str, known: impl IntoIterator<Item = String>) -> String {
    let known: Vec<_> = known.into_iter().collect();
    let near = nearest(typed, known.iter().map(String::as_str));
    if near.is_empty() {
        return near.concat();
    }
    let near = near.join(&t!(", ", "、"));
    t!("; did you mean: {near}", "；相近的有：{near}")
}
