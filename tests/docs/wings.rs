//! The library's wings: each uses only those below it, in the order of the `mod` lines of `src/lib.rs`.

use std::collections::BTreeSet;
use std::fs;

use crate::common::{root, sources};

/// The wings, the topmost first.
fn order() -> Vec<String> {
    let lib = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let modules = lib.lines().filter_map(|line| line.trim_start_matches("pub ").strip_prefix("mod "));
    modules.map(|name| name.trim_end_matches(';').to_string()).collect()
}

/// What `text` names of the crate's root: `crate::net::…`, `crate::{errors, text::…}`, and as many `super::` as lead there.
fn named(text: &str, depth: usize) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for path in [String::from("crate::"), "super::".repeat(depth)] {
        let starts = text.match_indices(&path).filter(|(at, _)| !text[..*at].ends_with("super::"));
        for rest in starts.map(|(at, _)| &text[at + path.len()..]) {
            let (mut inside, mut word, group) = (0, String::new(), rest.starts_with('{'));
            for c in rest.chars() {
                match c {
                    '{' => inside += 1,
                    '}' => inside -= 1,
                    c if c.is_alphanumeric() || c == '_' => word.push(c),
                    _ if !group => break,
                    // Behind a path's first name in a group, and between the names.
                    ':' => inside += i32::from(inside == 1) * 100,
                    ',' if inside > 100 || inside == 1 => inside = 1,
                    _ => continue,
                }
                if group && inside != 1 || !group && !c.is_alphanumeric() && c != '_' {
                    names.insert(std::mem::take(&mut word));
                }
                if group && inside <= 0 {
                    break;
                }
            }
            names.insert(word);
        }
    }
    names
}
