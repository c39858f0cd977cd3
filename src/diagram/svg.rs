//! The diagram as a picture that needs nothing else: one SVG file, for light and dark.

use std::fmt::Write as _;

use super::fit::{cut, width, wrapped};
use super::{Diagram, Line, Row};
use crate::lang::{Lang, lang};
use crate::t;

/// A column of text is taken for this wide, in pixels: the letters of a monospaced font at 13 pixels are 7.8, hanzi 13.
const COLUMN: usize = 8;

/// The room around everything.
const MARGIN: usize = 16;

/// From a lane's line to its text.
const GAP: usize = 8;

/// The heights of a row without and with something above its line.
const CALL: usize = 22;
const ARROW: usize = 38;

/// The fewest and the most columns of text beside a lane.
const LANE_COLUMNS: (usize, usize) = (24, 44);

/// How many rows the description for screen readers tells.
const TOLD: usize = 200;

/// Colours and fonts. The fonts of each system that have hanzi come behind its own monospaced ones.
const STYLE: &str = "
svg{background:#fff;color:#1b1f24}
text{font:13px ui-monospace,Consolas,Menlo,'DejaVu Sans Mono','Noto Sans Mono CJK SC','Noto Sans CJK SC','PingFang SC',\
'Microsoft YaHei',monospace;fill:currentColor;white-space:pre}
.name{font-weight:bold}.more{fill:#57606a}
.lane{stroke:#8c959f}.arrived{stroke:#0a5dc2}.inferred{stroke:#6e7781;stroke-dasharray:6 4}.lost{stroke:#b3261e}
line,path{stroke-width:1.5;fill:none}
@media(prefers-color-scheme:dark){svg{background:#0d1117;color:#e6edf3}.more{fill:#9aa4af}.lane{stroke:#6e7681}
.arrived{stroke:#6cb0ff}.inferred{stroke:#9aa4af}.lost{stroke:#ff7b72}}
@media print{svg{background:#fff;color:#000}}
";

/// Draws a diagram.
pub(super) fn draw(diagram: &Diagram) -> String {
    let mut picture = Picture::of(diagram);
    picture.heads();
    let top = picture.y;
    for row in &diagram.rows {
        picture.row(row);
    }
    picture.lanes(top);
    picture.notes();
    picture.finish()
}

/// What is drawn so far, and how far down it reaches.
struct Picture<'a> {
    diagram: &'a Diagram,
    /// How many columns of text fit beside a lane.
    columns: usize,
    body: String,
    y: usize,
}

impl<'a> Picture<'a> {
    fn of(diagram: &'a Diagram) -> Self {
        let widths = diagram.rows.iter().map(|row| match row {
            Row::Call { text, .. } => width(text),
            Row::Arrow { from, to, label, beside, .. } => width(beside).max(width(label) / from.abs_diff(*to) + 2),
            Row::Folded(_) => 0,
        });
        let names = diagram.lanes.iter().map(|lane| width(&lane.program));
        let widest = widths.chain(names).max().unwrap_or(0);
        Self { diagram, columns: widest.clamp(LANE_COLUMNS.0, LANE_COLUMNS.1), body: String::new(), y: MARGIN }
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
            self.text(x, y + 30, self.columns, "more", &format!("pid {}", lane.pid));
        }
        self.y += 40;
    }

    fn row(&mut self, row: &Row) {
        match row {
            Row::Call { lane, text } => {
                self.text(self.x(*lane) + GAP, self.y + 15, self.columns, "call", text);
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
        let _ = writeln!(self.body, r#"<path class="{class}" style="stroke-dasharray:none" d="{head}"/>"#);
        let room = length / COLUMN - 2;
        self.text(start.min(full) + GAP, self.y + 14, room, "label", label);
    }

    /// The lanes' lines, behind everything else.
    fn lanes(&mut self, top: usize) {
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

    fn finish(self) -> String {
        let (width, height) = (self.width(), self.y);
        let tag = if lang() == Lang::Zh { "zh-CN" } else { "en" };
        let (title, told) = (escaped(&title(self.diagram)), escaped(&told(self.diagram)));
        let body = self.body;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" lang=\"{tag}\" role=\"img\" aria-labelledby=\"title told\" \
             width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">\n\
             <title id=\"title\">{title}</title>\n<desc id=\"told\">{told}</desc>\n<style>{STYLE}</style>\n{body}</svg>\n"
        )
    }
}

fn title(diagram: &Diagram) -> String {
    let names = diagram.lanes.iter().map(|lane| lane.program.clone()).collect::<Vec<_>>();
    let names = names.join(&t!(", ", "、"));
    t!("Sequence diagram: {names}", "时序图：{names}")
}

/// The rows and notes in words.
fn told(diagram: &Diagram) -> String {
    let name = |lane: &usize| diagram.lanes[*lane].program.clone();
    let rows = diagram.rows.iter().take(TOLD).map(|row| match row {
        Row::Call { lane, text } => format!("{}: {text}", name(lane)),
        Row::Arrow { from, to, label, beside, .. } => format!("{} → {}: {label} {beside}", name(from), name(to)),
        Row::Folded(text) => text.clone(),
    });
    rows.chain(diagram.notes.iter().cloned()).map(|row| row.trim_end().to_string() + "\n").collect()
}

/// Text as XML has it. What XML forbids altogether is left out.
fn escaped(text: &str) -> String {
    let harmless = crate::text::escape(text);
    let mut shown = String::with_capacity(harmless.len());
    for c in harmless.chars() {
        match c {
            '&' => shown.push_str("&amp;"),
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '"' => shown.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => {}
            _ => shown.push(c),
        }
    }
    shown
}
