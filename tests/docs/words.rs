//! A stranger's word in a sentence is escaped as one line: `escape`, which leaves newlines, is for texts of their own.

use std::fs;

use crate::common::{root, sources};

/// Who shows or relays whole texts.
const TEXTS: [&str; 6] = [
    "src/chat/room/host.rs",
    "src/chat/room/speech.rs",
    "src/terminal/screen.rs",
    "src/text.rs",
    "src/text/display.rs",
    "lab/src/xml.rs",
];

#[test]
fn only_whole_texts_keep_their_newlines() {
    let mut users = Vec::new();
    for path in [sources(&root().join("src")), sources(&root().join("lab/src"))].concat() {
        let file = path.strip_prefix(root()).unwrap().to_str().unwrap().replace('\\', "/");
        let text = fs::read_to_string(&path).unwrap();
        let mut code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        if !file.contains("tests") && code.any(|line| line.replace("without_escape(", "").contains("escape(")) {
            users.push(file);
        }
    }
    users.sort();
    let mut texts = TEXTS.map(str::to_string);
    texts.sort();
    assert_eq!(users, texts, "what stands in a sentence goes through escape_line, a file's name through text::path");
}
