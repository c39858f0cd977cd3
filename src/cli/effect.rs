//! Options that have an effect only in some of a program's ways: elsewhere they are refused and told why, never ignored.
//!
//! Each says so where it is declared, as in `#[arg(long, add = only_with(&["--once", "--classic"]))]`.

use clap::builder::ArgExt;
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command};

use crate::cli::Usage;
use crate::t;

/// Beside which others an option has an effect. Those are written as they are typed: `--once`, `--protocol sntp`.
#[derive(Clone, Debug)]
pub struct Effect {
    others: &'static [&'static str],
    /// Why there is none beside one of them; without it there is one beside each of them, and nowhere else.
    why_not: Option<String>,
}

impl ArgExt for Effect {}

/// An option that does something only beside one of `others`.
pub fn only_with(others: &'static [&'static str]) -> Effect {
    Effect { others, why_not: None }
}

/// An option that does nothing beside any of `others`: `why` says why.
pub fn not_with(others: &'static [&'static str], why: String) -> Effect {
    Effect { others, why_not: Some(why) }
}

/// An option that always does something, whatever was said of it before.
pub fn always() -> Effect {
    not_with(&[], String::new())
}

/// Refuses what was typed and has no effect.
///
/// # Errors
/// The sentence for the first such option.
pub(super) fn check(command: &Command, typed: &ArgMatches) -> Result<(), Usage> {
    let is_typed = |option: &&Arg| typed.value_source(option.get_id().as_str()) == Some(ValueSource::CommandLine);
    let useless = command.get_arguments().filter(is_typed).find_map(|option| {
        let effect = option.get::<Effect>()?;
        effect.is_missing(command, typed).map(|why| why_none(option.get_long().unwrap_or_default(), effect, why))
    });
    if let Some(sentence) = useless {
        return Err(Usage(sentence));
    }
    let below = typed.subcommand().and_then(|(name, typed)| Some((command.find_subcommand(name)?, typed)));
    below.map_or(Ok(()), |(command, typed)| check(command, typed))
}

impl Effect {
    /// The other option that is missing, or in the way.
    fn is_missing(&self, command: &Command, typed: &ArgMatches) -> Option<&'static str> {
        let there = self.others.iter().find(|other| is_there(other, command, typed));
        match (&self.why_not, there) {
            (None, None) => self.others.first().copied(),
            (Some(_), Some(other)) => Some(other),
            _ => None,
        }
    }
}

/// Whether `other` was typed; with a value, whether it has that one.
fn is_there(other: &str, command: &Command, typed: &ArgMatches) -> bool {
    let (name, value) = other.split_once(' ').map_or((other, None), |(name, value)| (name, Some(value)));
    let is_named = |option: &&Arg| option.get_long() == Some(name.trim_start_matches('-'));
    let Some(option) = command.get_arguments().find(is_named).map(|option| option.get_id().as_str()) else {
        return false;
    };
    match value {
        None => typed.value_source(option) == Some(ValueSource::CommandLine),
        Some(value) => typed.get_raw(option).is_some_and(|mut typed| typed.any(|typed| typed == value)),
    }
}

fn why_none(option: &str, effect: &Effect, other: &str) -> String {
    if let Some(why) = &effect.why_not {
        return t!("--{option} does nothing with {other}: {why}", "--{option} 和 {other} 一起用不起作用：{why}");
    }
    let others = effect.others.join(&t!(" or ", " 或 "));
    t!("--{option} works only with {others}", "--{option} 要和 {others} 一起用才有作用")
}
