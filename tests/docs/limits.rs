//! The tables of limits say what the code says: each constant with its value, in both languages, and none is missing.

use std::collections::BTreeMap;
use std::fs;

use crate::common::{root, sources};

/// Numbers that are no limits: what a wire, a clock or a picture is made of, and exit statuses. Whoever adds a constant
/// puts it into the tables or here.
const NO_LIMITS: &[(&str, &[&str])] = &[
    ("text/typed.rs", &["ALIKE"]),
    ("bin/time-server/serve.rs", &["SHOWN_REQUEST"]),
    ("net/packet_info/unix.rs", &["ROOM"]),
    ("chat/lines.rs", &["MAX_CHARACTERS"]),
    ("chat/telnet.rs", &["IAC", "SB", "SE", "WILL", "DO", "DONT", "TIMING_MARK", "MARK"]),
    ("cli.rs", &["USAGE", "FAILURE"]),
    ("exec/client/prompt.rs", &["FAILURE", "UNKNOWN", "NOT_READ"]),
    (
        "exec/frames.rs",
        &[
            "LENGTH",
            "KIND",
            "GREETING",
            "HELLO",
            "WELCOME",
            "BUSY",
            "COMMAND",
            "STOP",
            "OUT",
            "ERR",
            "DIRECTORY",
            "OUTCOME",
        ],
    ),
    ("exec/handshake.rs", &["NONCE"]),
    ("exec/protocol.rs", &["OUTCOME_LENGTH"]),
    ("exec/reliable/asking.rs", &["SMALL_COMMAND"]),
    ("exec/reliable/cookie.rs", &["NOW"]),
    ("exec/reliable/memory.rs", &["SECOND"]),
    ("exec/reliable/sender/length.rs", &["SMALL_PIECE"]),
    (
        "exec/reliable/wire.rs",
        &["HELLO", "SHORT_HEADER", "DONE_HEADER", "PIECE_HEADER", "SESSION_HEADER", "REQUEST_HEADER"],
    ),
    ("exec/shell/unix/spawn.rs", &["SETSID"]),
    ("exec/tag.rs", &["KEY_LENGTH", "TAG_LENGTH", "DATAGRAM_TAG_LENGTH"]),
    ("file.rs", &["RANDOM"]),
    ("file/exclusive.rs", &["DELETE_ON_CLOSE", "SHARING_VIOLATION"]),
    ("net/address.rs", &["DEFAULT_PORT"]),
    ("net/event.rs", &["SHOWN_BYTES"]),
    ("terminal/exit.rs", &["INTERRUPTED"]),
    ("text/display.rs", &["TAB"]),
    ("time/request.rs", &["HEADERS"]),
    (
        "time/sntp.rs",
        &["PACKET", "UNIX_EPOCH_IN_NTP", "MAX_STRATUM", "VERSION", "MODE_CLIENT", "MODE_SERVER", "LEAP_UNKNOWN"],
    ),
];

/// A constant: its file below `src`, or of the lab's program from the root on, and its name.
type Name = (String, String);

/// Every constant that is a number or a time, with the expression that it is given.
fn constants() -> BTreeMap<Name, String> {
    const TYPES: [&str; 9] = ["usize", "u8", "u16", "u32", "u64", "i32", "f64", "Duration", "std::time::Duration"];
    // What the lab and its pictures measure, draw and count to is no limit; what its program waits for is.
    let files = [sources(&root().join("src")), sources(&root().join("lab/src/bin"))].concat();
    let mut constants = BTreeMap::new();
    for path in files {
        let file = path.strip_prefix(root().join("src")).or(path.strip_prefix(root())).unwrap();
        let file = file.to_str().unwrap().replace('\\', "/");
        for line in fs::read_to_string(&path).unwrap().lines() {
            let Some((before, rest)) = line.trim().split_once("const ") else { continue };
            let Some((name, rest)) = rest.split_once(": ") else { continue };
            let Some((kind, value)) = rest.split_once(" = ") else { continue };
            let is_constant = before.is_empty() || before.starts_with("pub");
            if is_constant && TYPES.contains(&kind) && !file.contains("tests") {
                constants.insert((file.clone(), name.to_string()), value.trim_end_matches(';').to_string());
            }
        }
    }
    assert!(constants.len() > 100, "the sources are read");
    constants
}

/// The value of a constant, in bytes, seconds, or what it counts.
fn value(name: &Name, constants: &BTreeMap<Name, String>) -> f64 {
    if (&name.0[..], &name.1[..]) == ("exec/reliable/wire.rs", "MAX_COMMAND") {
        // It comes from the sizes of types, which only the compiler knows.
        return f64::from(u32::try_from(socket_demos::exec::reliable::MAX_COMMAND).unwrap());
    }
    let expression = &constants[name];
    sum(expression, &|word| {
        let own = (name.0.clone(), word.to_string());
        let elsewhere = constants.keys().find(|(_, name)| name == word);
        let found = if constants.contains_key(&own) { Some(&own) } else { elsewhere };
        value(found.unwrap_or_else(|| panic!("{name:?}: what is {word}?")), constants)
    })
}

/// `a * b + c - d`, with numbers, times and names.
fn sum(expression: &str, named: &impl Fn(&str) -> f64) -> f64 {
    let expression = expression.replace(" as u64", "").replace("std::time::", "");
    if let Some((left, right)) = expression.rsplit_once(" - ") {
        return sum(left, named) - sum(right, named);
    }
    expression
        .split(" + ")
        .map(|product| product.split(" * ").map(|factor| factor_of(factor, named)).product::<f64>())
        .sum()
}

fn factor_of(factor: &str, named: &impl Fn(&str) -> f64) -> f64 {
    if let Some((half, divisor)) = factor.split_once(" / ") {
        return factor_of(half, named) / factor_of(divisor, named);
    }
    let time = |unit: &str| factor.strip_prefix(unit)?.strip_suffix(')');
    let number = |text: &str| text.replace('_', "").parse::<f64>().ok();
    if let Some(seconds) = time("Duration::from_secs(").and_then(number) {
        return seconds;
    }
    if let Some(milliseconds) = time("Duration::from_millis(").and_then(number) {
        return milliseconds / 1000.0;
    }
    number(factor).unwrap_or_else(|| named(factor))
}

/// The rows of a page: each constant with the value that is written there.
fn rows(page: &str) -> BTreeMap<Name, f64> {
    let text = fs::read_to_string(root().join("docs").join(page)).unwrap();
    let mut rows = BTreeMap::new();
    for line in text.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [name, value, why, place] = cells[..] else { panic!("{page}: {line}") };
        let file = place.split_once("](../").and_then(|(_, file)| file.strip_suffix(')')).expect(line);
        let file = file.strip_prefix("src/").unwrap_or(file);
        assert!(!why.is_empty() && place.starts_with(&format!("[{file}]")), "{page}: {line}");
        let before = rows.insert((file.to_string(), name.trim_matches('`').to_string()), written(value));
        assert_eq!(before, None, "{page} has it twice: {line}");
    }
    rows
}

/// `64 KiB`, `1,200 bytes`, `5 s`, `5 秒`, `3 times`.
fn written(value: &str) -> f64 {
    let (number, unit) = value.split_once(' ').unwrap_or((value, ""));
    let factor = match unit {
        "KiB" => 1024.0,
        "MiB" => 1024.0 * 1024.0,
        "ms" | "毫秒" => 0.001,
        _ => 1.0,
    };
    number.replace(',', "").parse::<f64>().unwrap_or_else(|_| panic!("{value:?} is no value")) * factor
}

#[test]
fn the_tables_say_what_the_code_says() {
    let constants = constants();
    for page in ["limits.md", "limits.zh-CN.md"] {
        for (name, written) in rows(page) {
            assert!(constants.contains_key(&name), "{page}: there is no {name:?}");
            let real = value(&name, &constants);
            assert!((real - written).abs() < 1e-9, "{page}: {name:?} is {real}, not {written}");
        }
    }
}

#[test]
fn every_limit_is_in_both_tables() {
    let [english, chinese] = ["limits.md", "limits.zh-CN.md"].map(rows);
    assert_eq!(english, chinese);
    for (file, name) in constants().keys() {
        let is_none = NO_LIMITS.iter().any(|(of, names)| of == file && names.contains(&&name[..]));
        let listed = english.contains_key(&(file.clone(), name.clone())) || name == "WRITER_STAYS";
        assert!(
            listed != is_none,
            "{file}: {name} belongs into docs/limits.md and docs/limits.zh-CN.md, or to NO_LIMITS"
        );
    }
}
