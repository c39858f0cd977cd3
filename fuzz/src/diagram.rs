//! Trace files, and the diagram of whatever they say.

use std::cell::RefCell;
use std::fs;
use std::path::PathBuf;

use jiff::Timestamp;
use socket_demos::net::event::{Data, Event, Fault, Outcome};
use socket_lab::diagram::{self, Diagram, Letters, Line, Row, Traces};
use unicode_width::UnicodeWidthChar as _;

use super::choices::Choices;
use super::text::is_harmful;

/// Of so few events every row is shown: none makes more than five.
const SHOWN_WHOLE: usize = 40;

const CALLS: [&str; 14] = [
    "socket",
    "bind",
    "listen",
    "connect",
    "accept",
    "send",
    "recv",
    "sendto",
    "recvfrom",
    "shutdown",
    "close",
    "setsockopt",
    "fcntl",
    "x\u{1b}[2J\n",
];

const ADDRESSES: [&str; 6] =
    ["127.0.0.1:8080", "127.0.0.1:50000", "[::1]:8080", "[::ffff:127.0.0.1]:8080", "0.0.0.0:8080", "127.0.0.1:0"];

/// A line of a trace reads back; a diagram has every event once, or counts it in a fold, each program's in their order; and
/// each row is one line of its width that commands no terminal, and one picture that is XML.
pub fn check(bytes: &[u8]) {
    let mut choices = Choices::new(bytes);
    let columns = choices.of(&[0, 20, 40, 80, 81, 200]);
    let letters = choices.of(&[Letters::Box, Letters::Ascii]);
    match choices.byte() % 4 {
        0 => files(choices.rest()).into_iter().for_each(|files| is_drawn(files, columns, letters)),
        1 => many_calls(&mut choices),
        _ => {
            let files = [events(&mut choices), events(&mut choices)];
            files.iter().flatten().for_each(reads_back);
            is_drawn(files.into(), columns, letters);
        }
    }
}

thread_local! {
    static FILE: RefCell<Traced> = RefCell::new(Traced(std::env::temp_dir().join(format!(
        "socket-demos-trace-{}-{:?}",
        std::process::id(),
        std::thread::current().id()
    ))));
}

/// A file for each thread, removed with it.
struct Traced(PathBuf);

impl Drop for Traced {
    fn drop(&mut self) {
        // What cannot be removed is left to whoever cleans the system's directory of temporary files.
        let _ = fs::remove_file(&self.0);
    }
}

/// The events of a file with these bytes, if it is a trace of ours or of strace's, as those of one file, and of two.
fn files(bytes: &[u8]) -> Vec<Vec<Vec<Event>>> {
    let read = FILE.with_borrow(|Traced(file)| {
        fs::write(file, bytes).expect("a file of one's own");
        diagram::read([file.as_path()])
    });
    match read {
        Ok(Traces { files, notes }) => {
            files.iter().flatten().for_each(reads_back);
            assert!(!notes.iter().any(|note| note.contains(is_harmful) || note.contains('\n')), "{notes:?}");
            vec![files.clone(), [files.clone(), files].concat()]
        }
        Err(why) => {
            assert!(!why.contains(is_harmful) && !why.contains('\n'), "{why:?}");
            Vec::new()
        }
    }
}

fn events(choices: &mut Choices<'_>) -> Vec<Event> {
    let count = usize::from(choices.byte()) % (SHOWN_WHOLE / 2);
    (0..count).map(|_| event(choices)).collect()
}

fn event(choices: &mut Choices<'_>) -> Event {
    let call = choices.of(&CALLS);
    let address = |choices: &mut Choices<'_>| {
        let index = usize::from(choices.byte());
        ADDRESSES.get(index % 8).and_then(|address| address.parse().ok())
    };
    let (local, peer) = (address(choices), address(choices));
    let argument = match choices.byte() % 8 {
        0 => String::new(),
        1 => choices.of(&ADDRESSES).to_string(),
        2 => format!("{}, {}", choices.byte(), choices.of(&ADDRESSES)),
        3 => "AF_INET, SOCK_DGRAM".into(),
        4 => "SHUT_WR".into(),
        5 => "SO_LINGER, 0".into(),
        6 => choices.byte().to_string(),
        _ => choices.text(),
    };
    let data = (choices.byte() % 2 == 1).then(|| data(choices));
    let moved = data.as_ref().map_or(0, |data| data.length as u64);
    Event {
        time: match choices.byte() {
            255 => Timestamp::MAX,
            254 => Timestamp::MIN,
            away => Timestamp::from_millisecond(1_700_000_000_000 + i64::from(away)).expect("a time in 2023"),
        },
        program: choices.of(&["a", "b", "七", "\u{202e}\n<b>&\u{ffff}"]).into(),
        pid: (choices.byte() % 2).into(),
        socket: (choices.byte() % 3).into(),
        call: call.into(),
        argument,
        local,
        peer,
        fault: choices.of(&[None, None, Some(Fault::Lost), Some(Fault::Duplicated), Some(Fault::Reordered)]),
        result: match choices.byte() % 8 {
            0 => Outcome::Error(choices.text()),
            1 => Outcome::Ok(u64::from_be_bytes(choices.array())),
            2 => Outcome::Error("ECONNRESET 104".into()),
            3 => Outcome::Ok((choices.byte() % 4).into()),
            _ => Outcome::Ok(moved),
        },
        data,
    }
}

fn data(choices: &mut Choices<'_>) -> Data {
    let count = choices.byte();
    let bytes = choices.bytes(count.into());
    let hex = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let lying = choices.byte() == 255;
    let length = if lying { usize::from(u16::from_be_bytes(choices.array())) } else { bytes.len() };
    let text = String::from_utf8_lossy(bytes).into_owned();
    Data { length, hex: if lying { text.clone() } else { hex }, text }
}

/// An event is one line of JSON, and one line on a terminal.
fn reads_back(event: &Event) {
    let line = serde_json::to_string(event).expect("JSON");
    assert!(!line.contains('\n'));
    assert_eq!(serde_json::from_str::<Event>(&line).expect("a line of a trace"), *event);
    let shown = event.to_string();
    assert!(!shown.contains(is_harmful) && !shown.contains('\n'), "{shown:?}");
}

fn is_drawn(files: Vec<Vec<Event>>, columns: usize, letters: Letters) {
    let count = files.iter().map(Vec::len).sum::<usize>();
    let diagram = Diagram::of(files);
    for row in &diagram.rows {
        match row {
            Row::Call { lane, .. } => assert!(*lane < diagram.lanes.len()),
            Row::Arrow { from, to, .. } => assert!(from != to && *from.max(to) < diagram.lanes.len()),
            Row::Folded(_) => assert!(diagram.rows.len() > SHOWN_WHOLE),
        }
    }
    if count <= SHOWN_WHOLE {
        assert_eq!(diagram.rows.iter().map(events_of).sum::<usize>(), count, "{:#?}", diagram.rows);
    }
    is_a_line_or_two_a_row(&diagram, &diagram.text(columns, letters), columns);
    is_a_picture(&diagram.svg());
}

/// How many calls a row shows.
fn events_of(row: &Row) -> usize {
    match row {
        Row::Call { text, .. } => usize::from(!text.starts_with('[')),
        Row::Arrow { line: Line::Inferred, .. } => 0,
        // Right of a sent message stands its fate, or the call that received it.
        Row::Arrow { from, to, beside, .. } => 1 + usize::from(from < to && beside.contains('(')),
        Row::Folded(_) => panic!("a fold in so short a diagram"),
    }
}

/// A row is a line, or two where a call is too long for its lane; names and notes stand above and below.
fn is_a_line_or_two_a_row(diagram: &Diagram, text: &str, columns: usize) {
    assert!(!text.contains(is_harmful) && !text.contains('\t'), "{text:?}");
    let lanes = diagram.lanes.len().max(1);
    let width = lanes * (columns.saturating_sub(1) / lanes).max(20);
    let is_of_a_row = |line: &&str| line.starts_with(['│', '├', '|', '+', ' ']);
    let drawn: Vec<&str> = text.split('\n').skip(1).filter(is_of_a_row).collect();
    let calls = diagram.rows.iter().filter(|row| matches!(row, Row::Call { .. })).count();
    // The second of the names' lines, their process ids, may begin with a space, and so may a note.
    let most = diagram.rows.len() + calls + 1 + 2 * diagram.notes.len();
    assert!(
        (diagram.rows.len()..=most).contains(&drawn.len()),
        "{} of {}..={most}: {text}",
        drawn.len(),
        diagram.rows.len()
    );
    for line in drawn {
        let columns: usize = line.chars().filter_map(char::width).sum();
        assert!(line.starts_with(' ') || columns <= width, "{columns} > {width}: {line}");
    }
}

/// Tags are ours alone, and no character is one that XML lacks.
fn is_a_picture(svg: &str) {
    assert!(!svg.contains(is_harmful) && !svg.contains(['\u{fffe}', '\u{ffff}']));
    let mut open = Vec::new();
    for tag in svg.split('<').skip(1) {
        let (tag, text) = tag.split_once('>').expect("the end of a tag");
        assert!(!text.contains('>'), "{text:?}");
        let name = tag.split([' ', '/']).find(|word| !word.is_empty()).unwrap_or_default();
        assert!(["svg", "title", "desc", "style", "text", "line", "path"].contains(&name), "<{tag}>");
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name));
        } else if !tag.ends_with('/') {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

/// Long diagrams: every call has a row or is counted, and the rows of a program stand in the order of its calls.
fn many_calls(choices: &mut Choices<'_>) {
    let count = usize::from(u16::from_be_bytes(choices.array())) % 1500;
    let file = (0..count).map(|number| Event {
        call: choices.of(&["fcntl", "read", "pipe", "setsockopt"]).into(),
        argument: number.to_string(),
        data: None,
        fault: None,
        peer: None,
        local: None,
        result: Outcome::Ok(0),
        ..event(&mut Choices::new(&[]))
    });
    let diagram = Diagram::of(vec![file.collect()]);
    let mut next = 0;
    for row in &diagram.rows {
        match row {
            Row::Call { text, .. } => {
                assert_eq!(number_in(text), next, "{text}");
                next += 1;
            }
            Row::Folded(text) => next += number_in(text),
            Row::Arrow { .. } => panic!("{row:?}"),
        }
    }
    assert_eq!(next, count, "shown and counted");
}

/// The first number in a text.
fn number_in(text: &str) -> usize {
    let digits: String = text.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or_else(|_| panic!("no number in {text:?}"))
}
