//! What the READMEs say is true: their commands exist, their links lead somewhere, and both say the same.

use crate::common::pages::{self, READMES, commands, read};
use crate::common::{PROGRAMS, root};

/// Pages that are there in both languages.
const TWINS: [&str; 7] =
    ["README", "CHANGELOG", "CONTRIBUTING", "PROTOCOL", "SECURITY", "docs/limits", "docs/performance"];

fn twins(page: &str) -> [String; 2] {
    ["", ".zh-CN"].map(|language| format!("{page}{language}.md"))
}

/// The numbers of a line, sorted: the languages may name them in another order.
fn numbers(line: &str) -> Vec<&str> {
    let words =
        line.split(|c: char| !c.is_ascii_digit() && !".,".contains(c)).map(|word| word.trim_matches(['.', ',']));
    let mut numbers: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    numbers.sort_unstable();
    numbers
}

#[test]
fn both_languages_show_the_same_commands() {
    let [english, chinese] = READMES.map(|name| commands(&read(name)));
    assert_eq!(english, chinese);
    assert!(english.len() >= 8, "{english:?}");
}

#[test]
fn both_languages_have_the_same_parts_and_the_same_figures_in_their_tables() {
    for page in TWINS.iter().filter(|page| **page != "README") {
        let [english, chinese] = twins(page).map(|name| read(&name));
        let [parts, twin_parts] =
            [&english, &chinese].map(|text| text.lines().filter(|line| line.starts_with('#')).count());
        assert_eq!(parts, twin_parts, "headings of {page}");
        let [table, twin_table] = [&english, &chinese].map(|text| text.lines().filter(|line| line.starts_with('|')));
        for (row, twin) in table.clone().zip(twin_table.clone()) {
            assert_eq!(numbers(row), numbers(twin), "{page}:\n{row}\n{twin}");
        }
        assert_eq!(table.count(), twin_table.count(), "rows of {page}");
    }
}

#[test]
fn every_command_is_one_that_our_programs_understand() {
    pages::every_command_is_understood(&PROGRAMS);
}

#[test]
fn every_link_leads_to_a_file() {
    for name in TWINS.iter().flat_map(|page| twins(page)) {
        let folder = root().join(&name).with_file_name("");
        for link in read(&name).split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
            assert!(folder.join(link).exists(), "{name}: {link}");
        }
    }
}
