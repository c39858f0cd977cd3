//! What the READMEs say is true: their commands exist, their links lead somewhere, and both say the same.

use crate::common::pages::{self, READMES, code, commands, links, read};
use crate::common::{PROGRAMS, root};

/// Where the files of this repository are. What a page names there exists, unless `NAME` in it stands for another word.
const FOLDERS: [&str; 9] = ["src/", "tests/", "lab/", "docs/", "benches/", "fuzz/", "release/", ".ci/", ".github/"];

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
        for link in links(&read(&name)) {
            assert!(folder.join(link).exists(), "{name}: {link}");
        }
    }
}

#[test]
fn every_file_that_a_page_names_is_there() {
    for name in TWINS.iter().flat_map(|page| twins(page)) {
        let text = read(&name);
        let words = code(&text).flat_map(str::split_whitespace).map(|word| word.trim_end_matches([',', ';', ':']));
        let files = words.filter(|word| word.is_ascii() && FOLDERS.iter().any(|folder| word.starts_with(folder)));
        for file in files.filter(|file| !file.contains("NAME")) {
            assert!(root().join(file).exists(), "{name}: {file}");
        }
    }
}

#[test]
fn what_a_row_of_the_readme_names_is_in_the_file_that_it_leads_to() {
    for name in READMES {
        let text = read(name);
        let leading = text.lines().filter(|line| line.starts_with("| ") && line.contains(".rs)"));
        let places: Vec<_> = leading.filter_map(|row| row.trim_end_matches(" |").rsplit_once(" | ")).collect();
        assert!(places.len() > 30, "{places:?}");
        for (_, place) in places {
            pages::every_name_is_in_a_file_that_it_leads_to(place, root());
        }
    }
}
