//! A program is a folder of pages, short enough to be read at one sitting, with the calls on them that it promises.

use std::fs;
use std::path::{Path, PathBuf};

use crate::common::{PROGRAMS, root, sources};

/// A page's longest, in lines.
const LONGEST: usize = 140;

/// The same for what clap is told: two languages of help.
const LONGEST_ARGS: usize = 220;

/// The calls of the manuals, and what a page has in their places.
const CALLS: [(&str, &[&str]); 12] = [
    ("socket", &["Socket::tcp(", "Socket::udp("]),
    ("setsockopt", &[".set_"]),
    ("bind", &[".bind("]),
    ("listen", &[".listen("]),
    ("accept", &[".accept()"]),
    ("connect", &[".connect(", ".connect_timeout("]),
    ("send", &[".write_all(", ".send(", ".send_all("]),
    ("sendto", &[".send_to(", ".send_each(", ".send_all("]),
    ("recv", &[".read(", ".recv(", ".recv_batch("]),
    ("recvfrom", &[".recv_from(", ".recv_crowd(", ".recv_batch("]),
    ("shutdown", &[".shutdown("]),
    ("SO_RCVTIMEO", &[".set_read_timeout("]),
];

fn folders() -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join("src/bin")).unwrap();
    let mut folders: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    folders
}

fn name(path: &Path) -> &str {
    path.file_name().unwrap().to_str().unwrap()
}

/// The words of the paragraph `Read it for:`, but not those behind a "no": there is no listen with UDP.
fn promised(main: &str) -> Vec<&str> {
    let doc = main.lines().skip_while(|line| !line.starts_with("//! Read it for:"));
    let doc = doc.take_while(|line| line.starts_with("//!") && *line != "//!");
    let words: Vec<_> = doc.flat_map(|line| line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')).collect();
    let words = words.into_iter().filter(|word| !word.is_empty());
    words.clone().zip(words.skip(1)).filter(|(before, _)| *before != "no").map(|(_, word)| word).collect()
}

#[test]
fn every_folder_is_a_program_and_every_program_a_folder() {
    let mut programs: Vec<_> = PROGRAMS.iter().map(|program| program.name).collect();
    programs.sort_unstable();
    assert_eq!(folders().iter().map(|folder| name(folder)).collect::<Vec<_>>(), programs);
    for folder in folders() {
        for page in ["main.rs", "args.rs"] {
            assert!(folder.join(page).is_file(), "{} has no {page}", folder.display());
        }
    }
}

#[test]
fn every_page_can_be_read_at_one_sitting() {
    let pages = folders().into_iter().flat_map(|folder| sources(&folder));
    let length = |page: &PathBuf| fs::read_to_string(page).unwrap().lines().count();
    let most = |page: &Path| if name(page) == "args.rs" { LONGEST_ARGS } else { LONGEST };
    let long: Vec<_> = pages.filter(|page| length(page) > most(page)).collect();
    assert!(long.is_empty(), "longer than {LONGEST} lines (args.rs {LONGEST_ARGS}): {long:#?}");
}

#[test]
fn the_calls_that_a_program_promises_stand_on_its_pages() {
    for folder in folders() {
        let pages: Vec<String> = sources(&folder).iter().map(|page| fs::read_to_string(page).unwrap()).collect();
        let main = fs::read_to_string(folder.join("main.rs")).unwrap();
        assert!(main.contains("//! Try it: "), "{}", folder.display());
        let words = promised(&main);
        let calls: Vec<_> = CALLS.iter().filter(|(call, _)| words.contains(call)).collect();
        assert!(calls.len() >= 2, "{} promises {words:?}", folder.display());
        for (call, written) in calls {
            let stands = pages.iter().any(|page| written.iter().any(|written| page.contains(written)));
            assert!(stands, "{} promises {call}, and no page has it", folder.display());
        }
    }
}
