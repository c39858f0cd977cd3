//! The pages for readers, and their commands.

use std::path::Path;

use super::{LAB, PROGRAMS, Program, root, run};

pub const READMES: [&str; 2] = ["README.md", "README.zh-CN.md"];

pub fn read(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap()
}

/// The lines of the shell blocks.
pub fn commands(text: &str) -> Vec<String> {
    let blocks = text.split("```sh\n").skip(1).map(|block| block.split("```").next().unwrap());
    blocks.flat_map(str::lines).map(str::to_string).collect()
}

/// What a part of a page leads to.
pub fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap())
}

/// What stands between backticks.
pub fn code(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// Every name that a part of a page has between backticks is that of a function, a type or a constant of one of the
/// files of Rust that this part leads to. `folder` is the page's.
pub fn every_name_is_in_a_file_that_it_leads_to(text: &str, folder: &Path) {
    let files: Vec<_> =
        links(text).filter(|link| Path::new(link).extension().is_some_and(|kind| kind == "rs")).collect();
    let sources: String = files.iter().map(|file| std::fs::read_to_string(folder.join(file)).unwrap()).collect();
    let is_name = |code: &&str| code.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    for name in code(text).filter(is_name) {
        let stands = |kind| {
            sources.match_indices(&format!("{kind} {name}")).any(|(at, found)| {
                !sources[at + found.len()..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
            })
        };
        assert!(["fn", "struct", "enum", "const"].into_iter().any(stands), "{name} is in none of {files:?}");
    }
}

/// Each command of the README that starts one of `programs` is one that it understands; one that starts a program nobody
/// knows is wrong for all.
pub fn every_command_is_understood(programs: &[Program]) {
    for command in commands(&read("README.md")) {
        let words: Vec<&str> = command.split(' ').collect();
        let ["cargo", "run", "--bin", name, rest @ ..] = &words[..] else {
            // What strace writes with these options, the lab's tests read.
            let is_known = ["cargo test", "cargo run"].contains(&command.as_str()) || words[0] == "strace";
            assert!(is_known, "unknown kind of command: {command}");
            continue;
        };
        let known = PROGRAMS.into_iter().chain([LAB]).find(|known| known.name == *name);
        let program = known.unwrap_or_else(|| panic!("no program {name}"));
        if !programs.contains(&program) {
            continue;
        }
        // With --help behind them the arguments are still checked, and nothing is left running.
        let args = [&rest[rest.len().min(1)..], &["--help"]].concat();
        let (status, _, err) = run(program, &args, "");
        assert_eq!(status, Some(0), "{command}: {err}");
    }
}
