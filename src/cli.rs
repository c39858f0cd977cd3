//! What every program begins and ends with: the language, its arguments, the trace, Ctrl-C, one line for an error, an exit
//! code.
//!
//! [`options`] are those that programs share, [`effect`] says where one does something, [`completion`] is what a shell
//! offers at Tab; clap's help and errors are put into both languages in `help`; what only a program finds wrong is a [`Usage`].

pub mod completion;
pub mod effect;
mod help;
pub mod options;
mod usage;

use std::io;
use std::process::ExitCode;
use std::thread;

use clap::error::ErrorKind;
use clap::{Arg, ArgAction, Args as _, Command, FromArgMatches as _};

use self::help::{localized, one_dash_too_few, what_is_wrong};
use self::options::Shared;
pub use self::usage::Usage;
use crate::lang::{self, Lang};
use crate::net::Trace;
use crate::terminal::exit;
use crate::terminal::screen::{self, OutputFailed};
use crate::{errors, invocation, t};

/// The exit status of wrong usage.
const USAGE: u8 = 2;

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
    if let Some(what) = one_dash_too_few(&command, &completion::typed(std::env::args_os())) {
        return wrong_usage(&program, &what);
    }
    let matches = match command.clone().try_get_matches() {
        Ok(matches) => matches,
        Err(error) => return usage(&command, &error),
    };
    if let Err(useless) = effect::check(&command, &matches) {
        return wrong_usage(&program, &useless.0);
    }
    let parsed = A::from_arg_matches(&matches).and_then(|args| Ok((args, Shared::from_arg_matches(&matches)?)));
    let (args, shared) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => return usage(&command, &error),
    };
    shared.choose_colors();
    exit::prepare();
    let status = shared.trace(&program).and_then(|trace| body(&args, &trace));
    let status = status.unwrap_or_else(|error| report(&program, &error, failure));
    exit::now(status)
}

/// What a program understands, its own arguments and those that all programs share, in the chosen language.
pub fn command<A: clap::CommandFactory>() -> Command {
    let version = Arg::new("version").short('V').long("version").action(ArgAction::Version);
    let command = Shared::augment_args(A::command()).arg(version.help(t!("Print the version", "显示版本")));
    let program = command.get_name().to_string();
    localized(command.mut_args(options::seed_for_chance), &program)
}

/// Ends the program from a thread of its own for the reason given.
pub fn fail(program: &str, error: &anyhow::Error) -> ! {
    let status = report(program, error, FAILURE);
    exit::now(status)
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
    let what = error.downcast_ref::<io::Error>().map_or_else(|| format!("{error:#}"), errors::reason_at_once);
    screen::error(program, &what);
    if error.is::<Usage>() { USAGE } else { failure }
}

/// Prints help or the version to standard output, a usage error as one line to standard error.
fn usage(command: &Command, error: &clap::Error) -> ExitCode {
    let program = command.get_name();
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        let mut text = error.render().to_string();
        if lang::lang() == Lang::Zh {
            // clap puts an ASCII colon behind every heading.
            text = text.replace(":\n", "：\n");
        }
        return match screen::print(text.trim_end().as_bytes()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(failed) => ExitCode::from(report(program, &failed.into(), FAILURE)),
        };
    }
    wrong_usage(program, &what_is_wrong(command, error))
}

fn wrong_usage(program: &str, what: &str) -> ExitCode {
    let typed = invocation::typed(program);
    screen::error(program, &t!("{what}; see {typed} --help", "{what}；用法见 {typed} --help"));
    ExitCode::from(USAGE)
}
