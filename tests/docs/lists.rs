//! The lists of programs that are kept by hand: whoever adds a program is told which of them lack it.

use std::fs;

use crate::common::pages::{READMES, code, read};
use crate::common::{LAB, PROGRAMS, root};

/// The program whose page, or whose first page, this file is.
pub(crate) fn program_of(file: &str) -> Option<&str> {
    let file = file.strip_prefix("src/bin/")?;
    let name = file.strip_suffix("/main.rs").or_else(|| file.strip_suffix(".rs"))?;
    (!name.contains('/')).then_some(name)
}

/// The programs that there are, sorted.
pub(crate) fn programs() -> Vec<String> {
    let entries = fs::read_dir(root().join("src/bin")).unwrap().map(|entry| entry.unwrap().file_name());
    let name = |entry: std::ffi::OsString| {
        let (file, folder) = (format!("src/bin/{}", entry.display()), format!("src/bin/{}/main.rs", entry.display()));
        let page = if root().join(&folder).exists() { folder } else { file };
        program_of(&page).map(str::to_string)
    };
    let mut names: Vec<_> = entries.filter_map(name).collect();
    names.sort();
    names
}

/// What the braces of a shell stand for: `{tcp,udp}-chat` is `tcp-chat udp-chat`.
fn expanded(word: &str) -> Vec<String> {
    let Some((before, rest)) = word.split_once('{') else { return vec![word.to_string()] };
    let Some((choices, after)) = rest.split_once('}') else { return vec![word.to_string()] };
    choices.split(',').flat_map(|choice| expanded(&format!("{before}{choice}{after}"))).collect()
}

/// Whether the table of programs of a README has it.
fn is_in_table(readme: &str, name: &str) -> bool {
    let text = read(readme);
    let mut first_cells = text.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    first_cells.any(|cell| code(cell).any(|program| program == name))
}

/// Whether every line that a README gives to a shell, PowerShell's too, has it.
fn is_completed(readme: &str, name: &str) -> bool {
    let text = read(readme);
    let mut lines = text.lines().filter(|line| line.starts_with("for p ") || line.starts_with("$env:COMPLETE"));
    let words = |line: &str| line.split([' ', '[', ']', ';', '"']).flat_map(expanded).collect::<Vec<_>>();
    lines.clone().count() == 5 && lines.all(|line| words(line).iter().any(|word| word == name))
}

/// The lists that have the programs of the package alone, each with whether it has this one.
fn lists_of_the_package(name: &str) -> Vec<(String, bool)> {
    let helps = ["en", "zh"].map(|lang| format!("tests/help/{name}.{lang}.txt"));
    let module = name.replace('-', "_");
    let mut lists = vec![
        ("Cargo.toml, bin".to_string(), read("Cargo.toml").contains(&format!("{{ name = \"{name}\", test = false }}"))),
        ("tests/common/programs.rs, PROGRAMS".to_string(), PROGRAMS.into_iter().any(|program| program.name == name)),
        (
            "tests/common/inject/scene.rs, SCENES".to_string(),
            read("tests/common/inject/scene.rs").contains(&format!("Scene {{ name: \"{name}")),
        ),
        (
            "lab/examples/man/programs.rs".to_string(),
            read("lab/examples/man/programs.rs").contains(&format!("<{module}::")),
        ),
        ("lab/examples/man/facts.rs".to_string(), read("lab/examples/man/facts.rs").contains(&format!("\"{name}\""))),
    ];
    lists.extend(helps.map(|help| (help.clone(), root().join(help).exists())));
    lists
}

/// The lists that have the programs of all packages.
fn lists_of_everything(name: &str) -> Vec<(String, bool)> {
    let packed = read("release/pack").split_whitespace().any(|word| word == name);
    let mut lists = vec![("release/pack".to_string(), packed)];
    for readme in READMES {
        lists.push((format!("{readme}, the table of programs"), is_in_table(readme, name)));
        lists.push((format!("{readme}, the lines that make shells complete"), is_completed(readme, name)));
    }
    lists
}

#[test]
fn every_list_has_every_program() {
    let mut of_the_package = programs();
    of_the_package.retain(|name| name != LAB.name);
    assert!(of_the_package.len() >= PROGRAMS.len(), "{of_the_package:?}");
    let mut lacking = Vec::new();
    for name in of_the_package.iter().map(String::as_str).chain([LAB.name]) {
        let mut lists = lists_of_everything(name);
        if name != LAB.name {
            lists.extend(lists_of_the_package(name));
        }
        let without = lists.into_iter().filter(|(_, has)| !has);
        lacking.extend(without.map(|(list, _)| format!("{list} lacks {name}")));
    }
    assert!(lacking.is_empty(), "{lacking:#?}");
}
