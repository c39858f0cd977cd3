//! The manual pages, written by the command that the READMEs give, and read by three programs that know the format.
//!
//! The lab makes those of all programs: it is the one package that knows them all.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use crate::common::exec::Place;
use crate::common::{LAB, PROGRAMS, Program, have, root, run};

/// A page: its name, and the program and the command of it that it is about.
type Page = (&'static str, Program, Option<&'static str>);

/// Every page.
fn pages() -> Vec<Page> {
    let mut pages: Vec<Page> = PROGRAMS.iter().map(|program| (program.name, *program, None)).collect();
    pages.push((LAB.name, LAB, None));
    let of_lab = [
        ("socket-lab-run", "run"),
        ("socket-lab-list", "list"),
        ("socket-lab-why", "why"),
        ("socket-lab-port", "port"),
        ("socket-lab-diagram", "diagram"),
        ("socket-lab-sysctl", "sysctl"),
    ];
    pages.extend(of_lab.map(|(page, command)| (page, LAB, Some(command))));
    pages
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
    cargo.current_dir(root()).args(["run", "--quiet", "--locked", "--example", "man", "--"]);
    cargo.arg(directory).env("SOURCE_DATE_EPOCH", "1000000000").output().unwrap()
}

/// Every page: what it is about, its file, the language.
fn files() -> impl Iterator<Item = (Page, PathBuf, &'static str, [&'static str; 7])> {
    let of_language = |(lang, directory, headings)| {
        let file = move |page: &Page| manuals().join(directory).join(format!("{}.1", page.0));
        pages().into_iter().map(move |page| (page, file(&page), lang, headings))
    };
    LANGUAGES.into_iter().flat_map(of_language)
}

/// What a program that knows the format says about a page: standard output, standard error. It takes from the locale
/// how wide a hanzi is and where its bytes end, and not every machine has one; this one is always there.
fn read_by(command: &[&str], page: &Path) -> (String, String) {
    let output = Command::new(command[0]).args(&command[1..]).arg(page).env("LC_ALL", "C.UTF-8").output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr))
}

/// What `--help` prints for a page's program.
fn help((_, program, command): Page, lang: &str) -> String {
    let args: Vec<&str> = command.into_iter().chain(["--help", "--lang", lang]).collect();
    run(program, &args, "").1
}

#[test]
fn there_is_a_page_for_every_program_and_command_and_no_other() {
    for (_, directory, _) in LANGUAGES {
        let files = fs::read_dir(manuals().join(directory)).unwrap();
        let mut found: Vec<String> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        let mut wanted: Vec<_> = pages().iter().map(|(page, ..)| format!("{page}.1")).collect();
        found.sort();
        wanted.sort();
        assert_eq!(found, wanted);
    }
    let text = fs::read_to_string(manuals().join("man1/tcp-chat-server.1")).unwrap();
    assert!(text.contains("2001-09-09") && text.contains(env!("CARGO_PKG_VERSION")), "{text}");
}

#[test]
fn every_page_has_its_sections_and_every_option_with_its_meaning() {
    if !have("groff") {
        return;
    }
    for (page @ (name, ..), file, lang, headings) in files() {
        let (shown, warnings) = read_by(&["groff", "-man", "-Tutf8", "-Kutf8", "-P-cbou", "-rLL=500n", "-ww"], &file);
        assert_eq!(warnings, "", "{}", file.display());
        for heading in headings {
            assert!(shown.lines().any(|line| line == heading), "{}: {heading}\n{shown}", file.display());
        }
        let help = help(page, lang);
        let options: Vec<&str> = help.lines().map(str::trim).filter(|line| line.starts_with('-')).collect();
        assert!(options.len() >= 5, "{name}: {help}");
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
    for (_, file, _, _) in files() {
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
    for (_, file, _, _) in files() {
        let warnings = read_by(&["mandoc", "-Kutf-8", "-Tlint", "-Wwarning"], &file);
        assert_eq!(warnings, (String::new(), String::new()), "{}", file.display());
    }
}

#[test]
fn the_index_of_manuals_knows_what_each_page_is_about() {
    if !have("lexgrog") {
        return;
    }
    for (page @ (name, ..), file, lang, _) in files() {
        let (said, _) = read_by(&["lexgrog"], &file);
        let help = help(page, lang);
        let about = help.split([':', '：']).nth(1).unwrap().trim().lines().next().unwrap().to_string();
        assert!(said.contains(&format!("{name} - {about}")), "{said} {about}");
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
