//! The diagram as text.

use super::fit::{cut, in_two, padded, width, wrapped};
use super::{Diagram, Lane, Line, Row};
use socket_demos::text::Charset;

/// The fewest columns of a lane. More lanes than fit make the lines longer than the terminal.
pub(super) const MIN_LANE: usize = 20;

/// What the lines are drawn with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Letters {
    /// Box-drawing characters.
    Box,
    /// For consoles on which those are double width, or missing.
    Ascii,
}

/// The characters of a drawing, in the order of [`Brush`].
struct Brush {
    lane: char,
    solid: char,
    dashed: char,
    right: char,
    left: char,
    lost: char,
    start_right: char,
    start_left: char,
    more: &'static str,
    from: &'static str,
    to: &'static str,
}

impl Letters {
    /// Those that the console can show.
    pub fn of_console() -> Self {
        if Charset::of_system().is_utf8() { Self::Box } else { Self::Ascii }
    }

    fn brush(self) -> Brush {
        match self {
            Self::Box => Brush {
                lane: '│',
                solid: '─',
                dashed: '╌',
                right: '▶',
                left: '◀',
                lost: '✗',
                start_right: '├',
                start_left: '┤',
                more: "…",
                from: "←",
                to: "→",
            },
            Self::Ascii => Brush {
                lane: '|',
                solid: '-',
                dashed: '.',
                right: '>',
                left: '<',
                lost: 'X',
                start_right: '+',
                start_left: '+',
                more: "...",
                from: "<-",
                to: "->",
            },
        }
    }
}

/// Draws a diagram for a terminal of so many columns.
pub(super) fn draw(diagram: &Diagram, columns: usize, letters: Letters) -> String {
    let lanes = diagram.lanes.len().max(1);
    let page = Page { brush: letters.brush(), lanes, lane: (columns.saturating_sub(1) / lanes).max(MIN_LANE) };
    let columns = columns.max(MIN_LANE);
    let mut drawn = page.heads(&diagram.lanes);
    drawn.extend(diagram.rows.iter().flat_map(|row| page.row(row)));
    drawn.extend(diagram.notes.iter().flat_map(|note| wrapped(&page.plain(note), columns)));
    drawn.join("\n")
}

/// How much room there is.
struct Page {
    brush: Brush,
    lanes: usize,
    /// Columns of a lane; its line is in the first.
    lane: usize,
}

impl Page {
    fn heads(&self, lanes: &[Lane]) -> Vec<String> {
        let head = |text: fn(&Lane) -> String| {
            let cells = lanes.iter().map(|lane| padded(&cut(&text(lane), self.lane - 2, self.brush.more), self.lane));
            cells.collect::<String>().trim_end().to_string()
        };
        let mut heads = vec![head(|lane| socket_demos::text::escape_line(&lane.program).into_owned())];
        if super::tell_pids(lanes) {
            heads.push(head(|lane| format!("pid {}", lane.pid)));
        }
        heads
    }

    fn row(&self, row: &Row) -> Vec<String> {
        match row {
            Row::Call { lane, text } => {
                let lines = in_two(&self.plain(text), self.lane - 3, self.brush.more);
                let drawn = lines.iter().map(|text| self.lines_until(*lane) + &self.beside(*lane, text));
                drawn.map(|line| line.trim_end().to_string()).collect()
            }
            Row::Arrow { from, to, label, beside, line } => {
                let (left, right) = (*from.min(to), *from.max(to));
                let arrow = self.arrow((right - left) * self.lane, from < to, label, *line);
                let beside: String = self.beside(right, beside).chars().skip(1).collect();
                vec![(self.lines_until(left) + &arrow + &beside).trim_end().to_string()]
            }
            Row::Folded(text) => vec![format!("  {}", self.plain(text))],
        }
    }

    /// The lines of the lanes left of `lane`.
    fn lines_until(&self, lane: usize) -> String {
        padded(&self.brush.lane.to_string(), self.lane).repeat(lane)
    }

    /// The line of `lane` with a text behind it, and the lines of the lanes right of it.
    fn beside(&self, lane: usize, text: &str) -> String {
        let text = cut(&self.plain(text), self.lane - 3, self.brush.more);
        let own = padded(&format!("{} {text}", self.brush.lane), self.lane);
        own + &padded(&self.brush.lane.to_string(), self.lane).repeat(self.lanes - lane - 1)
    }

    /// From one lane's line to the other's, both included.
    fn arrow(&self, columns: usize, rightwards: bool, label: &str, line: Line) -> String {
        let Brush { solid, dashed, lost, lane, .. } = self.brush;
        let shaft = if line == Line::Inferred { dashed } else { solid };
        let room = columns.saturating_sub(6);
        let label = cut(&self.plain(label), room, self.brush.more);
        let rest = room - width(&label);
        let drawn = |count: usize| shaft.to_string().repeat(count);
        // What is lost ends short of where it was to arrive.
        let (end, gap) = if line == Line::Lost { (lost, rest / 4) } else { (self.head(rightwards), 0) };
        let (shaft, gap) = (drawn(rest - gap + 1), " ".repeat(gap));
        if rightwards {
            format!("{}{shaft_start} {label} {shaft}{end}{gap}{lane}", self.brush.start_right, shaft_start = drawn(1))
        } else {
            format!("{lane}{gap}{end}{shaft} {label} {}{}", drawn(1), self.brush.start_left)
        }
    }

    fn head(&self, rightwards: bool) -> char {
        if rightwards { self.brush.right } else { self.brush.left }
    }

    /// Our own signs in the letters chosen.
    fn plain(&self, text: &str) -> String {
        text.replace('…', self.brush.more).replace('←', self.brush.from).replace('→', self.brush.to)
    }
}
