//! Who runs a program compiles nothing for the lab: not a crate, and not a feature of one.

use std::collections::BTreeSet;
use std::process::Command;

use crate::common::root;

/// Every crate of a build, each also with each of its features, as cargo has them for these packages together.
fn built(packages: &[&str]) -> BTreeSet<String> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(root()).args(["tree", "--locked", "--edges", "features,no-dev", "--prefix", "none"]);
    let output = cargo.args(packages.iter().flat_map(|package| ["--package", package])).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| line.trim_end_matches(" (*)").to_string()).filter(|line| !line.is_empty()).collect()
}

/// `clap` of `clap v4.5.0` and of `clap feature "derive"`.
fn crate_of(line: &str) -> &str {
    line.split(' ').next().unwrap()
}

#[test]
fn the_lab_adds_no_feature_to_what_the_programs_use() {
    let (programs, both) = (built(&["socket-demos"]), built(&["socket-demos", "socket-lab"]));
    assert!(programs.len() > 100, "{programs:?}");
    let shared: BTreeSet<&str> = programs.iter().map(|line| crate_of(line)).collect();
    // The programs' library is what the lab uses of them: it has no features to add.
    let added = both.difference(&programs).filter(|line| shared.contains(crate_of(line)));
    let added: Vec<_> = added.filter(|line| crate_of(line) != "socket-demos").collect();
    assert!(added.is_empty(), "`cargo run --bin` would compile these for the lab: {added:#?}");
}
