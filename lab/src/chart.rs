//! A figure as an SVG element: horizontal bars over an axis, with every number written out.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr as _;

use crate::figure::{Bar, Figure};
use crate::xml::escaped;

/// A column of text is taken for this wide, in pixels; as in the sequence diagrams.
const COLUMN: usize = 8;

/// The room around everything.
const MARGIN: usize = 16;

/// The fewest columns of text in a row: so many fit the screen of a phone.
const MIN_COLUMNS: usize = 40;

/// The height of a row: its text, its bar, and the room below.
const ROW: usize = 44;

/// From the last bar to the numbers of the axis, and to its name.
const TICKS: usize = 18;
const AXIS: usize = 40;

/// How many parts an axis has at most.
const MOST_STEPS: f64 = 5.0;

/// Colours and fonts of every chart on a page.
pub(super) const STYLE: &str = "
.chart{background:#fff;color:#1b1f24}
.chart text{font:13px ui-monospace,Consolas,Menlo,'DejaVu Sans Mono','Noto Sans Mono CJK SC','Noto Sans CJK SC',\
'PingFang SC','Microsoft YaHei',monospace;fill:currentColor;white-space:pre}
.chart .tick{text-anchor:middle;fill:#57606a}.chart .value{text-anchor:end;font-weight:bold}
.chart rect{fill:#0a5dc2}.chart line{stroke:#8c959f}
@media screen and (prefers-color-scheme:dark){.chart{background:#0d1117;color:#e6edf3}.chart .tick{fill:#9aa4af}
.chart rect{fill:#6cb0ff}.chart line{stroke:#6e7681}}
";

/// Draws a figure, under a name that is unique in the page.
pub(super) fn draw(figure: &Figure, name: &str) -> String {
    let texts = figure.bars.iter().map(|bar| bar.label.width() + bar.shown.width() + 2);
    let columns = texts.chain([figure.axis.width()]).max().unwrap_or(0).max(MIN_COLUMNS);
    let (room, steps) = (columns * COLUMN, steps(figure));
    let bottom = MARGIN + figure.bars.len() * ROW;
    let scale = Scale { room, end: steps.last().copied().unwrap_or(1.0) };
    let rows = figure.bars.iter().enumerate().map(|(index, bar)| scale.row(bar, &steps, MARGIN + index * ROW));
    let body = rows.chain(steps.iter().map(|&step| scale.tick(step, bottom))).collect::<String>();
    let (width, height) = (room + 2 * MARGIN, bottom + AXIS + MARGIN);
    let (title, axis, y) = (escaped(&figure.title), escaped(&figure.axis), bottom + AXIS);
    let told: String = figure.bars.iter().map(|bar| escaped(&format!("{}: {}\n", bar.label, bar.shown))).collect();
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\" role=\"img\" aria-labelledby=\"{name}-title\" \
         aria-describedby=\"{name}-told\" style=\"width:calc({width}rem/16)\" viewBox=\"0 0 {width} {height}\">\n\
         <title id=\"{name}-title\">{title}</title>\n<desc id=\"{name}-told\">{told}</desc>\n{body}\
         <text x=\"{MARGIN}\" y=\"{y}\">{axis}</text>\n</svg>\n"
    )
}

/// The numbers at the axis: 0, and equal steps of 1, 2 or 5 times a power of ten.
fn steps(figure: &Figure) -> Vec<f64> {
    let longest = figure.bars.iter().map(|bar| bar.value).fold(0.0, f64::max);
    let end = figure.end.unwrap_or(longest).max(f64::MIN_POSITIVE);
    let power = 10_f64.powf((end / MOST_STEPS).log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|times| times * power).into_iter().find(|step| step * MOST_STEPS >= end);
    let step = step.unwrap_or(end);
    let count = (end / step - 1e-9).ceil() as usize;
    (0..=count).map(|index| index as f64 * step).collect()
}

/// From numbers to pixels.
struct Scale {
    room: usize,
    end: f64,
}

impl Scale {
    fn length(&self, value: f64) -> f64 {
        self.room as f64 * (value / self.end).clamp(0.0, 1.0)
    }

    fn tick(&self, step: f64, bottom: usize) -> String {
        let (x, y, number) = (MARGIN as f64 + self.length(step), bottom + TICKS, format!("{step:.3}"));
        let number = number.trim_end_matches('0').trim_end_matches('.');
        format!("<text class=\"tick\" x=\"{x:.1}\" y=\"{y}\">{number}</text>\n")
    }

    /// A bar with its words above it. The lines of the axis leave those out.
    fn row(&self, bar: &Bar, steps: &[f64], top: usize) -> String {
        let (label, shown, length) = (escaped(&bar.label), escaped(&bar.shown), self.length(bar.value));
        let (text, y, right) = (top + 14, top + 21, MARGIN + self.room);
        let mut drawn = format!("<text x=\"{MARGIN}\" y=\"{text}\">{label}</text>\n");
        let _ = writeln!(drawn, "<text class=\"value\" x=\"{right}\" y=\"{text}\">{shown}</text>");
        for step in steps {
            let (x, start, end) = (MARGIN as f64 + self.length(*step), top + 19, top + 37);
            let _ = writeln!(drawn, "<line x1=\"{x:.1}\" y1=\"{start}\" x2=\"{x:.1}\" y2=\"{end}\"/>");
        }
        drawn + &format!("<rect x=\"{MARGIN}\" y=\"{y}\" width=\"{length:.1}\" height=\"14\"/>\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(values: &[f64], end: Option<f64>) -> Figure {
        let bar = |value: &f64| Bar { label: "<a>".into(), value: *value, shown: format!("{value} \"ms\"") };
        Figure { title: "t&t".into(), axis: "ms".into(), end, bars: values.iter().map(bar).collect() }
    }

    #[test]
    fn the_axis_has_round_numbers_and_reaches_beyond_the_longest_bar() {
        assert_eq!(steps(&figure(&[8.3], Some(100.0))), [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]);
        assert_eq!(steps(&figure(&[0.1, 500.4], None)), [0.0, 200.0, 400.0, 600.0]);
        assert_eq!(steps(&figure(&[7.0], None)), [0.0, 2.0, 4.0, 6.0, 8.0]);
        assert!(steps(&figure(&[0.0], None)).len() > 1 && steps(&figure(&[], None)).len() > 1);
    }

    #[test]
    fn a_bar_is_as_long_as_its_number_and_its_words_are_harmless() {
        let svg = draw(&figure(&[50.0, 100.0, 400.0], Some(100.0)), "x");
        for part in ["width=\"160.0\"", "width=\"320.0\"", "&lt;a&gt;", "50 &quot;ms&quot;", "id=\"x-title\">t&amp;t<"]
        {
            assert!(svg.contains(part), "{part} is not in {svg}");
        }
        assert_eq!(svg.matches("width=\"320.0\"").count(), 2, "a number beyond the axis ends with it: {svg}");
    }
}
