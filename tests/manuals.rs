//! The manual pages, written by the command that the READMEs give, and read by three programs that know the format.
#![cfg(target_os = "linux")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use common::exec::Place;
use common::{LAB, PROGRAMS, have, run};

/// The commands of the lab, which have pages of their own.
const COMMANDS: [&str; 5] =
    ["socket-lab-run", "socket-lab-list", "socket-lab-port", "socket-lab-diagram", "socket-lab-sysctl"];

/// One page for each program and each command of a program.
fn names() -> impl Iterator<Item = &'static str> {
    PROGRAMS.into_iter().map(|(name, _)| name).chain(COMMANDS)
}

/// The two languages: where their pages are, and the headings that every page has.
const LANGUAGES: [(&str, &str, [&str; 7]); 2] = [
    ("en", "man1", ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS", "ENVIRONMENT", "SEE ALSO"]),
    ("zh", "zh_CN/man1", ["名称", "概要", "描述", "选项", "退出状态", "环境变量", "参见"]),
];

/// The directory with all pages, written once.
fn manuals() -> &'static Path {
    static WRITTEN: OnceLock<Place> = OnceLock::new();
    let place = WRITTEN.get_or_init(|| {
        let place = Place::new();
        let output = write(place.path());
        assert!(output.status.success(), "{output:?}");
        place
    });
    place.path()
}

fn write(directory: &Path) -> Output {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(env!("CARGO_MANIFEST_DIR")).args(["run", "--quiet", "--locked", "--example", "man", "--"]);
    cargo.arg(directory).env("SOURCE_DATE_EPOCH", "1000000000").output().unwrap()
}

/// Every page: its name, its file, the language.
fn pages() -> impl Iterator<Item = (&'static str, PathBuf, &'static str, [&'static str; 7])> {
    let of_language = |(lang, directory, headings)| {
        names().map(move |page| (page, manuals().join(directory).join(format!("{page}.1")), lang, headings))
    };
    LANGUAGES.into_iter().flat_map(of_language)
}

/// What a program that knows the format says about a page: standard output, standard error.
fn read_by(command: &[&str], page: &Path) -> (String, String) {
    let output = Command::new(command[0]).args(&command[1..]).arg(page).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr))
}

/// What `--help` prints for a page's program.
fn help(page: &str, lang: &str) -> String {
    let (program, command) = match page.strip_prefix("socket-lab-") {
        Some(command) => ("socket-lab", Some(command)),
        None => (page, None),
    };
    let path = Path::new(LAB).parent().unwrap().join(program);
    let args: Vec<&str> = command.into_iter().chain(["--help", "--lang", lang]).collect();
    run(path.to_str().unwrap(), &args, "").1
}

#[test]
fn there_is_a_page_for_every_program_and_command_and_no_other() {
    for (_, directory, _) in LANGUAGES {
        let mut found: Vec<String> = fs::read_dir(manuals().join(directory))
            .unwrap()
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect();
        let mut wanted: Vec<_> = names().map(|page| format!("{page}.1")).collect();
        found.sort();
        wanted.sort();
        assert_eq!(found, wanted);
    }
    let text = fs::read_to_string(manuals().join("man1/socket-lab.1")).unwrap();
    assert!(text.contains("2001-09-09") && text.contains(env!("CARGO_PKG_VERSION")), "{text}");
}

#[test]
fn every_page_has_its_sections_and_every_option_with_its_meaning() {
    if !have("groff") {
        return;
    }
    for (page, file, lang, headings) in pages() {
        let (shown, warnings) = read_by(&["groff", "-man", "-Tutf8", "-Kutf8", "-P-cbou", "-rLL=500n", "-ww"], &file);
        assert_eq!(warnings, "", "{}", file.display());
        for heading in headings {
            assert!(shown.lines().any(|line| line == heading), "{}: {heading}\n{shown}", file.display());
        }
        let help = help(page, lang);
        let options: Vec<&str> = help.lines().map(str::trim).filter(|line| line.starts_with('-')).collect();
        assert!(options.len() >= 5, "{page}: {help}");
        for option in options {
            assert!(shown.contains(option), "{}: {option}\n{shown}", file.display());
            let meaning = help.split(&format!("{option}\n")).nth(1).unwrap().lines().next().unwrap().trim();
            assert!(shown.contains(meaning), "{}: {meaning}\n{shown}", file.display());
        }
    }
}

#[test]
fn no_page_is_wider_than_the_terminal() {
    if !have("groff") {
        return;
    }
    for (_, file, _, _) in pages() {
        // "can't break line" is among these warnings.
        let (shown, warnings) = read_by(&["groff", "-man", "-Tutf8", "-Kutf8", "-P-cbou", "-rLL=78n", "-ww"], &file);
        assert_eq!(warnings, "", "{}", file.display());
        for line in shown.lines() {
            let columns: usize = line.chars().map(|c| if c >= '\u{2e80}' { 2 } else { 1 }).sum();
            assert!(columns <= 80, "{}: {line}", file.display());
        }
    }
}

#[test]
fn mandoc_has_no_warning() {
    if !have("mandoc") {
        return;
    }
    for (_, file, _, _) in pages() {
        let warnings = read_by(&["mandoc", "-Kutf-8", "-Tlint", "-Wwarning"], &file);
        assert_eq!(warnings, (String::new(), String::new()), "{}", file.display());
    }
}

#[test]
fn the_index_of_manuals_knows_what_each_page_is_about() {
    if !have("lexgrog") {
        return;
    }
    for (page, file, lang, _) in pages() {
        let (said, _) = read_by(&["lexgrog"], &file);
        let help = help(page, lang);
        let about = help.split([':', '：']).nth(1).unwrap().trim().lines().next().unwrap().to_string();
        assert!(said.contains(&format!("{page} - {about}")), "{said} {about}");
    }
}

#[test]
fn a_directory_that_cannot_be_written_is_told() {
    let place = Place::new();
    fs::write(place.file("taken"), "").unwrap();
    let output = write(&place.path().join("taken"));
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot make"), "{output:?}");
}
