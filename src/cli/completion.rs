//! Completion on a command line: at Tab the shell asks the program itself what may stand there.
//!
//! `source <(COMPLETE=bash socket-lab)` teaches bash to run `COMPLETE=bash socket-lab -- WORD…` with the words typed so
//! far; zsh, fish, elvish and PowerShell alike. So a completion knows what the program knows, such as the names of
//! the experiments and what each of them is about, in the person's language. What it leaves to the shell are files
//! (`files`).

mod files;

use std::ffi::OsString;
use std::path::Path;

use clap::Command;
use clap_complete::CompleteEnv;
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};

use crate::cli::Usage;
use crate::t;

/// A shell asks by setting this variable to its name.
const VARIABLE: &str = "COMPLETE";

/// The labels worth offering: those of the systems that a class brings along. `--encoding` knows many more.
const ENCODINGS: [&str; 6] = ["utf-8", "gbk", "gb18030", "big5", "shift_jis", "windows-1252"];

/// The shell that asks, if one does. Empty and `0` mean no.
fn shell() -> Option<OsString> {
    std::env::var_os(VARIABLE).filter(|name| !name.is_empty() && name != "0")
}

/// The words that a person typed, of this program's own arguments: for a shell that asks they follow `--`.
pub(crate) fn typed(arguments: impl Iterator<Item = OsString>) -> Vec<OsString> {
    match shell() {
        None => arguments.skip(1).collect(),
        Some(_) => arguments.skip_while(|argument| argument != "--").skip(2).collect(),
    }
}

/// Answers a shell that asks; `false` where none does, which costs a look at the environment.
///
/// # Errors
/// A shell that we do not know, or standard output.
pub(crate) fn answer(command: &Command) -> anyhow::Result<bool> {
    let Some(shell) = shell() else { return Ok(false) };
    let name = Path::new(&shell).file_stem().unwrap_or_default().to_string_lossy();
    if files::SHELLS.completer(&name).is_none() {
        let known = files::SHELLS.names().collect::<Vec<_>>().join(", ");
        return Err(Usage(t!(
            "{VARIABLE} is set to {name:?}, which is no shell that completes; possible: {known}",
            "环境变量 {VARIABLE} 的值 {name:?} 不是支持补全的 shell；可以是：{known}"
        ))
        .into());
    }
    let here = std::env::current_dir().ok();
    CompleteEnv::with_factory(|| files::left_to_the_shell(command.clone()))
        .var(VARIABLE)
        .shells(files::SHELLS)
        .try_complete(std::env::args_os(), here.as_deref())
        .map_err(|error| anyhow::Error::msg(error.to_string().trim_start_matches("error: ").trim_end().to_string()))
}

/// The languages.
pub fn languages() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let named = |tag: &'static str, name: &'static str| CompletionCandidate::new(tag).help(Some(name.into()));
        vec![named("en", "English"), named("zh", "中文")]
    })
}

/// The usual encodings.
pub fn encodings() -> ArgValueCandidates {
    ArgValueCandidates::new(|| ENCODINGS.map(CompletionCandidate::new).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Charset;

    #[test]
    fn every_encoding_that_is_offered_is_accepted() {
        for label in ENCODINGS {
            label.parse::<Charset>().unwrap_or_else(|why| panic!("{label}: {why}"));
        }
    }
}
