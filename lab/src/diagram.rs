//! Sequence diagrams from the traces of several programs, also from machines whose clocks differ.
//!
//! Each program is a lane, each message an arrow from the call that sent it to the call that received it. What the calls
//! alone do not show (SYN, ACK, FIN, the TCP states) is inferred from them, and drawn so that it looks different.
//!
//! # Layout
//! - `read`: files of different kinds as calls; `choose`: some of them
//! - `made`: a call, and what others notice of it; `sockets`: which calls belong to one socket, which sockets are the ends of one connection
//! - `links`: which receive got what which send sent; `datagrams`: over UDP
//! - `merge`: the clocks, and one order of all calls
//! - `states`: the TCP states, and the segments that end a connection; `ports`: what becomes of datagrams that nobody takes
//! - `lay`: from calls to `rows`; `inferred`: those for segments and states that nobody saw
//! - `terminal`: the rows as text; `svg`: as a picture; `fit`: text in its room; `fold`: long ones made short

mod choose;
mod datagrams;
mod fit;
mod fold;
mod inferred;
mod lay;
mod links;
mod made;
mod merge;
mod ports;
mod read;
mod rows;
mod sockets;
mod states;
mod svg;
mod terminal;
#[cfg(test)]
mod tests;

pub use self::choose::{Choice, Only, programs};
pub use self::read::{Traces, read};
pub use self::rows::{Line, Passed, Row, What};
pub use self::sockets::Lane;
pub use self::svg::STYLE as SVG_STYLE;
pub use self::terminal::Letters;
use socket_demos::net::event::Event;
use socket_demos::t;

/// Clocks that differ by less are not worth a line, in nanoseconds: a busy program writes a call down that much late.
const NOTABLE: i128 = 100_000_000;

/// A diagram, ready to be drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagram {
    /// Who takes part, from left to right.
    pub lanes: Vec<Lane>,
    /// What happened, from top to bottom; a gap where there is much of it.
    pub rows: Vec<Row>,
    /// What went from one lane to another: a capture of the same run shows it too.
    pub passed: Vec<Passed>,
    /// What must be said about it: clocks, and what is inferred.
    pub notes: Vec<String>,
}

impl Diagram {
    /// Merges the events of several files, each in its own order, into one diagram.
    pub fn of(files: Vec<Vec<Event>>) -> Self {
        Self::of_busiest(files, sockets::MOST_LANES)
    }

    /// As [`Diagram::of`], with as many lanes as so many columns of a terminal have room for.
    pub fn of_columns(files: Vec<Vec<Event>>, columns: usize) -> Self {
        Self::of_busiest(files, (columns / terminal::MIN_LANE).clamp(2, sockets::MOST_LANES))
    }

    fn of_busiest(files: Vec<Vec<Event>>, most_lanes: usize) -> Self {
        let traces = sockets::Traces::of(files, most_lanes);
        let links = links::links(&traces);
        let clocks = merge::clocks(&traces, &links);
        let order = merge::order(&traces, &links, &clocks);
        let (rows, passed) = lay::Layout::rows(&traces, &links, &order);
        let clocks = if traces.have_clocks() { clocks } else { Vec::new() };
        let notes = notes(&clocks, traces.left_out, &rows);
        let rows = fold::folded(rows);
        Self { lanes: traces.lanes, rows, passed, notes }
    }

    /// The diagram as text for so many columns.
    pub fn text(&self, columns: usize, letters: Letters) -> String {
        terminal::draw(self, columns, letters)
    }

    /// Whether anything went from one lane to another: without that a list of the calls says as much.
    pub fn has_arrows(&self) -> bool {
        self.rows.iter().any(|row| matches!(row, Row::Arrow { .. }))
    }

    /// The diagram as an SVG picture that needs no other file.
    pub fn svg(&self) -> String {
        svg::draw(self)
    }

    /// The diagram as elements of a page that has [`SVG_STYLE`] once, a long one in pieces. `name` is unique there, and
    /// a word that an attribute `id` can begin with.
    pub fn svg_in_page(&self, name: &str) -> String {
        svg::draw_in_page(self, name)
    }
}

/// Whether the lanes have their process ids: those of one process alone, as in the lab, would all have the same.
fn tell_pids(lanes: &[Lane]) -> bool {
    lanes.len() < 2 || lanes.iter().any(|lane| lane.pid != lanes[0].pid)
}

fn notes(clocks: &[i128], left_out: usize, rows: &[Row]) -> Vec<String> {
    let ahead = clocks.iter().max().zip(clocks.iter().min()).map_or(0, |(most, least)| most - least);
    let mut notes = Vec::new();
    if left_out > 0 {
        notes.push(t!(
            "{left_out} more programs are left out: those with the fewest calls (--only chooses, a picture with -o has room for 64)",
            "还有 {left_out} 个程序没有画出来：它们的调用最少（用 --only 挑选；用 -o 写成图片，能画 64 个）"
        ));
    }
    if ahead >= NOTABLE {
        let seconds = ahead as f64 / 1e9;
        notes.push(t!("the clocks differ by {seconds:.1} s", "几台机器的时钟相差 {seconds:.1} 秒"));
    }
    if rows.iter().any(|row| matches!(row, Row::Arrow { line: Line::Inferred, .. })) {
        notes.push(t!(
            "dashed and [in brackets]: segments and TCP states inferred from the calls, not captured; the ACKs of data are left out, and an ACK may travel with the FIN behind it",
            "虚线和 [方括号]：根据调用推断出的报文段和 TCP 状态，不是抓包所得；数据的 ACK 省略，ACK 也可能和后面的 FIN 合在一起"
        ));
    }
    if rows.iter().any(|row| matches!(row, Row::Arrow { line: Line::Lost, .. })) {
        notes.push(t!("arrows with an X: datagrams that were not received", "带叉的箭头：没有收到的数据报"));
    }
    notes
}
