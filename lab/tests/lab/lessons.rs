//! The lessons of docs/lessons are true: every command in them is run, from the Markdown itself, in both languages.

use std::path::{Path, PathBuf};

use crate::common::pages::{code, every_name_is_in_a_file_that_it_leads_to, links};
use crate::common::{self, have, root};
use crate::lesson::{Block, Classroom, blocks};

/// The lessons in their order, without `.md`.
const LESSONS: [&str; 10] = [
    "01-a-first-conversation",
    "02-a-message-of-no-bytes",
    "03-many-clients",
    "04-address-in-use",
    "05-a-stream-has-no-messages",
    "06-datagrams",
    "07-what-udp-loses",
    "08-characters-and-bytes",
    "09-what-time-is-it",
    "10-reliability-and-trust",
];

/// The languages, with what they add to a file's name and the parts that a lesson has in its order.
const LANGUAGES: [(&str, &str, [&str; 5]); 2] = [
    (
        "en",
        "",
        [
            "Steps",
            "A question to the class",
            "The page to read",
            "What the textbook says, and what is true",
            "Where to go on",
        ],
    ),
    ("zh", ".zh-CN", ["步骤", "课堂提问", "读源码", "课本的说法与实际", "接下来"]),
];

/// Programs that are not ours, and how a lesson that uses them can be told.
const PEERS: [(&str, &str); 4] = [("nc", "nc -"), ("faketime", "faketime -f"), ("iconv", "| iconv "), ("bash", "$ ")];

fn path(name: &str, suffix: &str) -> PathBuf {
    root().join(format!("docs/lessons/{name}{suffix}.md"))
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Plays a lesson in both languages.
fn play(name: &str) {
    for (lang, suffix, _) in LANGUAGES {
        let file = path(name, suffix);
        let text = read(&file);
        if PEERS.iter().any(|(peer, used)| text.contains(used) && !have(peer)) {
            return;
        }
        let Some(mut classroom) = Classroom::open(name, lang) else { return };
        for block in blocks(name, &text) {
            classroom.play(&block).unwrap_or_else(|(line, why)| panic!("{}:{line}: {why}", file.display()));
        }
        classroom.is_tidy().unwrap_or_else(|why| panic!("{}, at the end: {why}", file.display()));
    }
}

macro_rules! played {
    ($($number:literal $test:ident)*) => {
        $(#[test] fn $test() { play(LESSONS[$number - 1]) })*
    };
}

played! {
    1 a_first_conversation
    2 a_message_of_no_bytes
    3 many_clients
    4 address_in_use
    5 a_stream_has_no_messages
    6 datagrams
    7 what_udp_loses
    8 characters_and_bytes
    9 what_time_is_it
    10 reliability_and_trust
}

/// What is typed at the shell and which keys are pressed, each with its terminal.
fn commands(blocks: &[Block]) -> Vec<(char, &str)> {
    let lines = blocks.iter().flat_map(|block| block.lines.iter().map(|(_, line)| (block.terminal, line.as_str())));
    lines.filter(|(_, line)| line.starts_with("$ ") || ["^C", "^D"].contains(line)).collect()
}

#[test]
fn both_languages_have_the_same_commands() {
    for name in LESSONS {
        let [english, chinese] = LANGUAGES.map(|(_, suffix, _)| blocks(name, &read(&path(name, suffix))));
        assert!(commands(&english).len() >= 4, "{name}");
        assert_eq!(commands(&english), commands(&chinese), "{name}");
    }
}

#[test]
fn every_lesson_has_its_parts_and_15_to_30_minutes() {
    for (_, suffix, parts) in LANGUAGES {
        for name in LESSONS {
            let text = read(&path(name, suffix));
            let found: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("## ")).collect();
            assert_eq!(found, parts, "{name}{suffix}");
            assert_eq!(text.matches("<details>").count(), text.matches("</details>").count(), "{name}{suffix}");
            assert!(text.contains("<details>") && text.contains("](../../src/bin/"), "{name}{suffix}");
            let minutes = text.lines().find_map(|line| {
                let line = line.strip_prefix("**Minutes:** ").or_else(|| line.strip_prefix("**时间：** "))?;
                line.split(' ').next()?.parse::<u32>().ok()
            });
            assert!(minutes.is_some_and(|minutes| (15..=30).contains(&minutes)), "{name}{suffix}: {minutes:?}");
        }
    }
}

#[test]
fn the_index_lists_every_lesson_and_no_file_is_forgotten() {
    let folder = root().join("docs/lessons");
    let mut files: Vec<_> =
        std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    files.sort();
    let names = LESSONS.iter().chain(&["README"]);
    let mut expected: Vec<_> =
        names.flat_map(|name| LANGUAGES.map(|(_, suffix, _)| format!("{name}{suffix}.md"))).collect();
    expected.sort();
    assert_eq!(files, expected);
    for (_, suffix, _) in LANGUAGES {
        let index = read(&path("README", suffix));
        for name in LESSONS {
            assert!(index.contains(&format!("({name}{suffix}.md)")), "{name}{suffix}");
        }
        assert!(
            read(&root().join(format!("README{suffix}.md"))).contains(&format!("(docs/lessons/README{suffix}.md)"))
        );
    }
}

/// The programs that a text names, as `NAME ARGUMENTS` between backticks.
fn named_commands(text: &str) -> Vec<&str> {
    let ours =
        ["tcp-chat-", "udp-chat-", "udp-qq-", "time-client ", "time-server ", "tcp-exec-", "udp-exec-", "socket-lab "];
    code(text).filter(|code| code.contains(' ') && ours.iter().any(|name| code.starts_with(name))).collect()
}

#[test]
fn every_command_that_the_text_names_is_understood_and_every_link_leads_somewhere() {
    for (_, suffix, _) in LANGUAGES {
        for name in LESSONS.iter().chain(&["README"]) {
            let file = path(name, suffix);
            let text = read(&file);
            let prose: String = text.split("```").step_by(2).collect();
            for command in named_commands(&prose) {
                let mut words = command.split(' ');
                let program = common::folder().join(words.next().unwrap());
                let args: Vec<&str> = words.chain(["--help"]).collect();
                let (code, _, err) = common::run(program, &args, "");
                assert_eq!(code, Some(0), "{}: {command}: {err}", file.display());
                if let ["run", experiments @ .., "--help"] = &args[..] {
                    let experiments = experiments.iter().take_while(|word| !word.starts_with('-'));
                    experiments.for_each(|word| assert!(socket_lab::experiments::find(word).is_ok(), "{command}"));
                }
            }
            for link in links(&text) {
                let target = file.parent().unwrap().join(link.split('#').next().unwrap());
                assert!(link.starts_with("https://") || target.exists(), "{}: {link}", file.display());
            }
        }
    }
}

#[test]
fn what_the_page_to_read_is_to_show_is_on_it() {
    for (_, suffix, parts) in LANGUAGES {
        for name in LESSONS {
            let file = path(name, suffix);
            let text = read(&file);
            let part = text.split("\n## ").find_map(|part| part.strip_prefix(parts[2])).unwrap();
            every_name_is_in_a_file_that_it_leads_to(part, file.parent().unwrap());
        }
    }
}
