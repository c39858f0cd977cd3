//! The library's wings: each uses only those below it, in the order of the `mod` lines of `src/lib.rs`.

use std::fs;
use std::path::Path;

use crate::common::{root, sources};

/// The wings, the topmost first.
fn order() -> Vec<String> {
    let lib = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let modules = lib.lines().filter_map(|line| line.trim_start_matches("pub ").strip_prefix("mod "));
    modules.map(|name| name.trim_end_matches(';').to_string()).collect()
}

/// The first names of `path::…`, or of each path in a `{group}`.
fn first_names(paths: &str) -> Vec<String> {
    let ident = |path: &str| path.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    let Some(group) = paths.strip_prefix('{') else { return vec![ident(paths)] };
    let outermost = group.chars().scan(1, |depth, c| {
        *depth += i32::from(c == '{') - i32::from(c == '}');
        (*depth > 0).then_some((*depth, c))
    });
    let outermost: String = outermost.filter(|(depth, _)| *depth == 1).map(|(_, c)| c).collect();
    outermost.split(',').map(ident).collect()
}

/// The wings that a file names: below `crate::`, or below as many `super::` as lead from its place to the root.
fn named(file: &str, text: &str) -> Vec<String> {
    let to_root = "super::".repeat(file.split('/').count());
    let starts = text.match_indices("crate::").chain(text.match_indices(&to_root));
    starts.flat_map(|(at, path)| first_names(&text[at + path.len()..])).collect()
}

/// What a file names that stands above its own wing.
fn upward(file: &str, text: &str, order: &[String]) -> Vec<String> {
    let place = |wing: &str| order.iter().position(|known| known == wing);
    let own = file.split('/').next().unwrap().trim_end_matches(".rs");
    let own = place(own).unwrap_or_else(|| panic!("src/lib.rs knows no wing {own}"));
    let mut above = named(file, text);
    above.retain(|wing| place(wing).is_some_and(|place| place < own));
    above
}

#[test]
fn each_wing_uses_only_those_below_it() {
    let (order, src) = (order(), root().join("src"));
    let files =
        sources(&src).into_iter().filter(|path| !path.starts_with(src.join("bin")) && *path != src.join("lib.rs"));
    let mut wrong = Vec::new();
    for path in files {
        let file = path.strip_prefix(&src).unwrap().to_str().unwrap().replace('\\', "/");
        let above = upward(&file, &fs::read_to_string(&path).unwrap(), &order);
        wrong.extend(above.into_iter().map(|wing| format!("src/{file} uses {wing}, which is above it")));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn an_arrow_against_the_order_is_seen_however_it_is_written() {
    let order = ["chat", "net", "text", "errors"].map(str::to_string);
    let table = [
        ("net/tcp.rs", "use crate::chat::room::Room;", vec!["chat"]),
        ("net/tcp.rs", "use crate::{errors, t, text::{self, chat}};", vec![]),
        ("net/tcp.rs", "use crate::{\n    errors,\n    chat::{Room, net},\n};", vec!["chat"]),
        ("errors.rs", "fn why() -> String { crate::text::escape(super::net::x()) }", vec!["text", "net"]),
        ("net/tcp.rs", "use super::super::chat::room;", vec!["chat"]),
        ("chat/room.rs", "use crate::net::TcpStream;\nuse super::errors;", vec![]),
    ];
    for (file, text, above) in table {
        assert_eq!(upward(file, text, &order), above, "{file}: {text}");
    }
}

#[test]
fn no_file_of_the_programs_is_named_by_its_path() {
    for path in sources(&root().join("src")) {
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.contains("#[path"), "{}", Path::new(&path).display());
    }
}
