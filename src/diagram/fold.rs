//! Long diagrams made short: what repeats is shown a few times, and what is too long even then has its middle left out.

use super::{Line, Row};
use crate::t;

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

/// The rows, with gaps where there are too many.
pub(super) fn folded(rows: Vec<Row>) -> Vec<Row> {
    if rows.len() <= WHOLE {
        return rows;
    }
    let rows = without_repetitions(&rows);
    if rows.len() <= FIRST + LAST + 1 {
        return rows;
    }
    let (first, rest) = rows.split_at(FIRST);
    let (middle, last) = rest.split_at(rest.len() - LAST);
    [first, &[gap(middle)], last].concat()
}

fn without_repetitions(rows: &[Row]) -> Vec<Row> {
    let shapes: Vec<String> = rows.iter().map(shape).collect();
    let mut shown = Vec::new();
    let mut start = 0;
    while start < rows.len() {
        let Some((length, times)) = pattern(&shapes[start..]) else {
            shown.push(rows[start].clone());
            start += 1;
            continue;
        };
        let run = &rows[start..start + length * times];
        let (first, rest) = run.split_at(length * SHOWN.0);
        let (middle, last) = rest.split_at(rest.len() - length * SHOWN.1);
        shown.extend_from_slice(first);
        shown.push(gap(middle));
        shown.extend_from_slice(last);
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

/// What is left out, in a row.
fn gap(rows: &[Row]) -> Row {
    let lines = |wanted: Line| {
        let arrow = |row: &&Row| matches!(row, Row::Arrow { line, .. } if *line == wanted);
        rows.iter().filter(arrow).count()
    };
    let count = rows.len();
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
