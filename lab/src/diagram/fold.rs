//! Long diagrams made short: what repeats is shown a few times, and what is too long even then has its middle left out.

use super::{Line, Row};
use socket_demos::t;

/// A diagram of so many rows is shown whole.
const WHOLE: usize = 200;

/// How many rows a pattern has at most: a whole connection with its handshake, a question, the answer and the end.
const LONGEST_PATTERN: usize = 32;

/// A pattern is folded from so many repetitions on.
const REPETITIONS: usize = 8;

/// How many repetitions are shown at the beginning, and how many at the end.
const SHOWN: (usize, usize) = (3, 1);

/// What is shown of a diagram without patterns, of at most so many rows: its beginning and its end.
const FIRST: usize = 200;
const LAST: usize = 100;

/// What is shown: a row, or a gap in place of so many.
#[derive(Clone, Copy)]
enum Shown<'a> {
    Row(&'a Row),
    Gap(&'a [Row]),
}

/// The rows, with gaps where there are too many.
pub(super) fn folded(rows: Vec<Row>) -> Vec<Row> {
    if rows.len() <= WHOLE {
        return rows;
    }
    let shown = without_repetitions(&rows);
    if shown.len() <= FIRST + LAST + 1 {
        return shown.iter().map(|shown| row(&[*shown])).collect();
    }
    let (first, rest) = shown.split_at(FIRST);
    let (middle, last) = rest.split_at(rest.len() - LAST);
    let parts = first.chunks(1).chain([middle]).chain(last.chunks(1));
    parts.map(row).collect()
}

fn without_repetitions(rows: &[Row]) -> Vec<Shown<'_>> {
    let shapes: Vec<String> = rows.iter().map(shape).collect();
    let mut shown = Vec::new();
    let mut start = 0;
    while start < rows.len() {
        let Some((length, times)) = pattern(&shapes[start..]) else {
            shown.push(Shown::Row(&rows[start]));
            start += 1;
            continue;
        };
        let run = &rows[start..start + length * times];
        let (first, rest) = run.split_at(length * SHOWN.0);
        let (middle, last) = rest.split_at(rest.len() - length * SHOWN.1);
        shown.extend(first.iter().map(Shown::Row));
        shown.push(Shown::Gap(middle));
        shown.extend(last.iter().map(Shown::Row));
        start += run.len();
    }
    shown
}

/// The shortest pattern at the beginning that repeats often enough: its length, and how often it is there.
fn pattern(shapes: &[String]) -> Option<(usize, usize)> {
    let times = |length: usize| {
        1 + shapes[length..].iter().zip(shapes).take_while(|(one, other)| one == other).count() / length
    };
    let lengths = 1..=LONGEST_PATTERN.min(shapes.len());
    lengths.map(|length| (length, times(length))).find(|&(_, times)| times >= REPETITIONS)
}

/// What rows have in common that differ in their words and numbers only.
fn shape(row: &Row) -> String {
    match row {
        Row::Call { lane, text } => format!("{lane} {}", kind(text)),
        Row::Arrow { from, to, label, beside, line } => {
            format!("{from} {to} {line:?} {} {}", kind(label), kind(beside))
        }
        Row::Folded(text) => text.clone(),
    }
}

/// The call without its socket's number, its arguments and words, and with its error if it has one.
fn kind(text: &str) -> String {
    let call = text.trim_start_matches('#').trim_start_matches(|c: char| c.is_ascii_digit()).trim_start();
    let name = call.split(['(', '"']).next().unwrap_or(call);
    let error = text.split_once(" = -1 ").map_or("", |(_, error)| error);
    name.to_string() + error
}

/// What is shown as one row: itself, or a gap that counts the rows of gaps in it too.
fn row(shown: &[Shown<'_>]) -> Row {
    if let [Shown::Row(row)] = shown {
        return (*row).clone();
    }
    let rows = shown.iter().flat_map(|shown| match shown {
        Shown::Row(row) => std::slice::from_ref(*row),
        Shown::Gap(rows) => rows,
    });
    let lines = |wanted: Line| {
        let arrow = |row: &&Row| matches!(row, Row::Arrow { line, .. } if *line == wanted);
        rows.clone().filter(arrow).count()
    };
    let count = rows.clone().count();
    let (arrived, lost) = (lines(Line::Arrived), lines(Line::Lost));
    Row::Folded(if arrived + lost == 0 {
        t!("… {count} more rows", "… 还有 {count} 行")
    } else {
        t!(
            "… {count} more rows: {arrived} messages sent and received, {lost} lost",
            "… 还有 {count} 行：收到的消息 {arrived} 条，丢失 {lost} 条"
        )
    })
}
