//! The pages for readers, and their commands.

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

/// Each command of the README that starts one of `programs` is one that it understands; one that starts a program nobody
/// knows is wrong for all.
pub fn every_command_is_understood(programs: &[Program]) {
    for command in commands(&read("README.md")) {
        let words: Vec<&str> = command.split(' ').collect();
        let ["cargo", "run", "--bin", name, rest @ ..] = &words[..] else {
            assert!(["cargo test", "cargo run"].contains(&command.as_str()), "unknown kind of command: {command}");
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
