//! Writes the manual pages: `cargo run --example man -- DIR`, then `man -M DIR tcp-chat-server`.
//!
//! English pages come into `DIR/man1`, Chinese ones into `DIR/zh_CN/man1`, as manual directories are laid out; one for each
//! program and for each command of a program. Options and their meaning are taken from the programs' own command lines,
//! so they cannot differ from `--help`. What a command line does not know is in `facts.rs`.

mod facts;
mod page;
mod programs;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail, ensure};
use socket_demos::lang::{self, Lang};

fn main() -> anyhow::Result<()> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    match &arguments[..] {
        [directory] => ["en", "zh"].iter().try_for_each(|lang| in_language(directory, lang)),
        [directory, lang] => write(directory, Lang::of_tag(&lang.to_string_lossy())),
        _ => bail!("usage: cargo run --example man -- DIR"),
    }
}

/// A process has one language, so each has a process of its own.
fn in_language(directory: &Path, lang: &str) -> anyhow::Result<()> {
    let status = Command::new(std::env::current_exe()?).arg(directory).arg(lang).status()?;
    ensure!(status.success(), "the pages in {lang}: {status}");
    Ok(())
}

fn write(directory: &Path, language: Lang) -> anyhow::Result<()> {
    lang::set(language);
    let section = match language {
        Lang::En => directory.join("man1"),
        Lang::Zh => directory.join("zh_CN").join("man1"),
    };
    std::fs::create_dir_all(&section).with_context(|| format!("cannot make {}", section.display()))?;
    for mut program in programs::all() {
        program.build();
        for command in std::iter::once(&program).chain(program.get_subcommands()) {
            let file = section.join(format!("{}.1", page::name(command)));
            std::fs::write(&file, page::of(command)?).with_context(|| format!("cannot write {}", file.display()))?;
        }
    }
    Ok(())
}
