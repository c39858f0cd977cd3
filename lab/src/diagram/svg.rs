//! The diagram as a picture that needs nothing else: one SVG file, for light and dark.

use std::fmt::Write as _;
use std::ops::Range;

use super::fit::{cut, in_two, width, wrapped};
use super::{Diagram, Line, Row, tell_pids};
use crate::xml::escaped;
use socket_demos::lang::lang;
use socket_demos::t;

/// A column of text is taken for this wide, in pixels: the letters of a monospaced font at 13 pixels are 7.8, hanzi 13.
const COLUMN: usize = 8;

/// The room around everything.
const MARGIN: usize = 16;

/// From a lane's line to its text.
const GAP: usize = 8;

/// The heights of a row without and with something above its line, and of a line more.
const CALL: usize = 22;
const LINE: usize = 17;
const ARROW: usize = 38;

/// The height of a piece in a page, at most about this, in pixels: it fits a sheet of paper, where they are smaller.
const PIECE: usize = 960;

/// The fewest and the most columns of text beside a lane.
const LANE_COLUMNS: (usize, usize) = (24, 44);

/// How many rows the description for screen readers tells.
const TOLD: usize = 200;

/// Colours and fonts of every diagram on a page. The fonts of each system that have hanzi come behind its own
/// monospaced ones.
pub const STYLE: &str = "
.sequence{background:#fff;color:#1b1f24}
.sequence text{font:13px ui-monospace,Consolas,Menlo,'DejaVu Sans Mono','Noto Sans Mono CJK SC','Noto Sans CJK SC',\
'PingFang SC','Microsoft YaHei',monospace;fill:currentColor;white-space:pre}
.sequence .name{font-weight:bold}.sequence .label{text-anchor:middle}.sequence .more{fill:#57606a}
.sequence line,.sequence path{stroke-width:1.5;fill:none}
.sequence .lane{stroke:#8c959f}.sequence .arrived{stroke:#0a5dc2}.sequence .lost{stroke:#b3261e}
.sequence .inferred{stroke:#6e7781}.sequence line.inferred{stroke-dasharray:6 4}
@media screen and (prefers-color-scheme:dark){.sequence{background:#0d1117;color:#e6edf3}.sequence .more{fill:#9aa4af}
.sequence .lane{stroke:#6e7681}.sequence .arrived{stroke:#6cb0ff}.sequence .inferred{stroke:#9aa4af}
.sequence .lost{stroke:#ff7b72}}
";

/// Draws a diagram as a file of its own.
pub(super) fn draw(diagram: &Diagram) -> String {
    let picture = Picture::whole(diagram);
    // Several files may be pasted into one page, and ids must not be the same there.
    let name = format!("diagram-{}", &blake3::hash(picture.body.as_bytes()).to_hex()[..8]);
    let (width, height) = (picture.width(), picture.y);
    let size = format!("width=\"{width}\" height=\"{height}\"");
    picture.finish(&name, &title(diagram), &size, &format!("<style>{STYLE}</style>\n"))
}

/// Draws a diagram as elements of a page that has the style: as many as it takes for each to fit on paper and to show
/// its lanes' names on a screen.
pub(super) fn draw_in_page(diagram: &Diagram, name: &str) -> String {
    let pieces = pieces(diagram);
    let count = pieces.len();
    let drawn = pieces.into_iter().enumerate().map(|(index, piece)| {
        let (number, title, width) = (index + 1, title(diagram), piece.width());
        let title =
            if count == 1 { title } else { t!("{title} ({number} of {count})", "{title}（{number}/{count}）") };
        // As large as the page's letters; a phone scrolls.
        piece.finish(&format!("{name}-{number}"), &title, &format!("style=\"width:calc({width}rem/16)\""), "")
    });
    drawn.collect()
}

/// The diagram in pieces of about the same height.
fn pieces(diagram: &Diagram) -> Vec<Picture<'_>> {
    let height = Picture::whole(diagram).y;
    let count = height.div_ceil(PIECE);
    let mut pieces = Vec::new();
    let mut piece = Picture::begun(diagram, 0);
    for (index, row) in diagram.rows.iter().enumerate() {
        if piece.y > height / count && pieces.len() + 1 < count {
            piece.lanes();
            pieces.push(piece);
            piece = Picture::begun(diagram, index);
        }
        piece.row(row);
    }
    piece.lanes();
    piece.notes();
    pieces.push(piece);
    pieces
}

/// What is drawn so far, and how far down it reaches.
struct Picture<'a> {
    diagram: &'a Diagram,
    /// Which of the diagram's rows are in it.
    rows: Range<usize>,
    /// How many columns of text fit beside a lane.
    columns: usize,
    body: String,
    /// Where the lanes begin, and how far down everything reaches.
    top: usize,
    y: usize,
}

impl<'a> Picture<'a> {
    fn whole(diagram: &'a Diagram) -> Self {
        let mut picture = Self::begun(diagram, 0);
        diagram.rows.iter().for_each(|row| picture.row(row));
        picture.lanes();
        picture.notes();
        picture
    }

    /// The names of the lanes, with nothing below them yet.
    fn begun(diagram: &'a Diagram, first_row: usize) -> Self {
        let widths = diagram.rows.iter().map(|row| match row {
            Row::Call { text, .. } => width(text),
            Row::Arrow { label, beside, .. } => width(beside).max(width(label) + 2),
            Row::Folded(_) => 0,
        });
        let names = diagram.lanes.iter().map(|lane| width(&lane.program));
        let widest = widths.chain(names).max().unwrap_or(0);
        let (columns, rows) = (widest.clamp(LANE_COLUMNS.0, LANE_COLUMNS.1), first_row..first_row);
        let mut picture = Self { diagram, rows, columns, body: String::new(), top: 0, y: MARGIN };
        picture.heads();
        picture.top = picture.y;
        picture
    }

    fn lane_width(&self) -> usize {
        self.columns * COLUMN + 2 * GAP
    }

    /// Where a lane's line is.
    fn x(&self, lane: usize) -> usize {
        MARGIN + lane * self.lane_width()
    }

    fn width(&self) -> usize {
        self.x(self.diagram.lanes.len().max(2)) + MARGIN
    }

    fn text(&mut self, x: usize, y: usize, columns: usize, class: &str, text: &str) {
        if !text.is_empty() {
            let text = escaped(&cut(text, columns, "…"));
            let _ = writeln!(self.body, r#"<text class="{class}" x="{x}" y="{y}">{text}</text>"#);
        }
    }

    fn heads(&mut self) {
        for (index, lane) in self.diagram.lanes.iter().enumerate() {
            let (x, y) = (self.x(index), self.y);
            self.text(x, y + 12, self.columns, "name", &lane.program);
            if tell_pids(&self.diagram.lanes) {
                self.text(x, y + 30, self.columns, "more", &format!("pid {}", lane.pid));
            }
        }
        self.y += if tell_pids(&self.diagram.lanes) { 40 } else { 22 };
    }

    fn row(&mut self, row: &Row) {
        self.rows.end += 1;
        match row {
            Row::Call { lane, text } => {
                let x = self.x(*lane) + GAP;
                for (index, text) in in_two(text, self.columns, "…").iter().enumerate() {
                    self.y += if index == 0 { 0 } else { LINE };
                    self.text(x, self.y + 15, self.columns, "call", text);
                }
                self.y += CALL;
            }
            Row::Arrow { from, to, label, beside, line } => {
                self.arrow(*from, *to, label, *line);
                let right = self.x(*from.max(to)) + GAP;
                self.text(right, self.y + 28, self.columns, "call", beside);
                self.y += ARROW;
            }
            Row::Folded(text) => {
                let columns = self.columns * self.diagram.lanes.len();
                self.text(self.x(0) + GAP, self.y + 15, columns, "more", text);
                self.y += CALL;
            }
        }
    }

    fn arrow(&mut self, from: usize, to: usize, label: &str, line: Line) {
        let (start, full, y) = (self.x(from), self.x(to), self.y + 24);
        let length = start.abs_diff(full);
        let short = if line == Line::Lost { length / 6 } else { 0 };
        let (end, back) = if from < to { (full - short, full - short - 7) } else { (full + short, full + short + 7) };
        let class = match line {
            Line::Arrived => "arrived",
            Line::Lost => "lost",
            Line::Inferred => "inferred",
        };
        let (above, below) = (y - 5, y + 5);
        let head = if line == Line::Lost {
            format!("M{back} {above}L{end} {below}M{back} {below}L{end} {above}")
        } else {
            format!("M{back} {above}L{end} {y}L{back} {below}")
        };
        let _ = writeln!(self.body, r#"<line class="{class}" x1="{start}" y1="{y}" x2="{end}" y2="{y}"/>"#);
        let _ = writeln!(self.body, r#"<path class="{class}" d="{head}"/>"#);
        // Beside the sender, where no lane's line goes through it.
        let first = if from < to { start + self.lane_width() / 2 } else { start - self.lane_width() / 2 };
        self.text(first, self.y + 14, self.columns, "label", label);
    }

    /// The lanes' lines, behind everything else.
    fn lanes(&mut self) {
        let top = self.top;
        let lines: String = (0..self.diagram.lanes.len())
            .map(|lane| (self.x(lane), self.y))
            .map(|(x, y)| format!("<line class=\"lane\" x1=\"{x}\" y1=\"{top}\" x2=\"{x}\" y2=\"{y}\"/>\n"))
            .collect();
        self.body.insert_str(0, &lines);
    }

    fn notes(&mut self) {
        let columns = (self.width() - 2 * MARGIN) / COLUMN;
        for note in &self.diagram.notes {
            for line in wrapped(note, columns) {
                self.y += CALL;
                self.text(MARGIN, self.y, columns, "more", &line);
            }
        }
        self.y += MARGIN;
    }

    fn finish(self, name: &str, title: &str, size: &str, style: &str) -> String {
        let (width, height, tag) = (self.width(), self.y, lang().tag());
        let (title, told, body) = (escaped(title), escaped(&self.told()), &self.body);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"sequence\" lang=\"{tag}\" role=\"img\" \
             aria-labelledby=\"{name}-title\" aria-describedby=\"{name}-told\" {size} viewBox=\"0 0 {width} {height}\">\n\
             <title id=\"{name}-title\">{title}</title>\n<desc id=\"{name}-told\">{told}</desc>\n{style}{body}</svg>\n"
        )
    }

    /// The rows in words, at the end of the diagram its notes too.
    fn told(&self) -> String {
        let Diagram { lanes, rows, notes, .. } = self.diagram;
        let name = |lane: &usize| lanes[*lane].program.clone();
        let told = rows[self.rows.clone()].iter().take(TOLD).map(|row| match row {
            Row::Call { lane, text } => format!("{}: {text}", name(lane)),
            Row::Arrow { from, to, label, beside, .. } => format!("{} → {}: {label} {beside}", name(from), name(to)),
            Row::Folded(text) => text.clone(),
        });
        let is_last = self.rows.end == rows.len();
        let notes = notes.iter().filter(|_| is_last).cloned();
        told.chain(notes).map(|row| row.trim_end().to_string() + "\n").collect()
    }
}

fn title(diagram: &Diagram) -> String {
    let names = diagram.lanes.iter().map(|lane| lane.program.clone()).collect::<Vec<_>>();
    let names = names.join(&t!(", ", "、"));
    t!("Sequence diagram: {names}", "时序图：{names}")
}
