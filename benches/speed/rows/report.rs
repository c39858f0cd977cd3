//! Turns, medians, and the table.

use std::fs;

use anyhow::{Error, Result};

/// Lets each of `contestants` have a turn in every round, A B A B, and gives the values of each. A first round warms
/// caches and is not counted.
pub(super) fn take_turns<T>(
    rounds: usize,
    contestants: usize,
    mut turn: impl FnMut(usize) -> Result<T>,
) -> Result<Vec<Vec<T>>> {
    for contestant in 0..contestants {
        turn(contestant)?;
    }
    let mut values: Vec<Vec<T>> = (0..contestants).map(|_| Vec::new()).collect();
    for _ in 0..rounds {
        for (contestant, values) in values.iter_mut().enumerate() {
            values.push(turn(contestant)?);
        }
    }
    Ok(values)
}

/// The middle one; of an even number the upper one of the two.
pub(super) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

/// What one program did in each round.
pub(super) struct Series<'a> {
    /// The program.
    pub(super) name: &'a str,
    /// The unit of the values.
    pub(super) unit: &'a str,
    /// One value for each round.
    pub(super) values: &'a [f64],
}

/// What a row is to reach.
#[derive(Clone, Copy)]
pub(super) enum Target {
    /// This much or less.
    AtMost(f64),
    /// This much or more.
    AtLeast(f64),
    /// Shown for information.
    None,
}

#[derive(Clone, Copy, PartialEq)]
enum Verdict {
    Met,
    Missed,
    Information,
    NotMeasured,
    Failed,
}

/// One line of the table.
pub(super) struct Line {
    what: String,
    ours: String,
    beside: String,
    ratio: String,
    target: String,
    verdict: Verdict,
    note: Option<String>,
}

const HEAD: [&str; 6] = ["what", "median (min..max)", "beside it", "ratio", "target", "reached"];

impl Line {
    /// A series beside that of a peer, whose rounds took turns with it. The target is for the ratio: the median of the
    /// rounds' ratios, since the two turns of a round are neighbours.
    pub(super) fn compared(what: &str, ours: &Series<'_>, peer: &Series<'_>, target: Target) -> Self {
        let ratios: Vec<f64> = ours.values.iter().zip(peer.values).map(|(a, b)| a / b).collect();
        Self {
            ratio: spread(&ratios, "x"),
            beside: format!("{}: {}", peer.name, spread(peer.values, peer.unit)),
            target: target.describe("x"),
            verdict: target.judge(median(&ratios)),
            ..Self::of(what, ours)
        }
    }

    /// A series by itself. The target is for its median.
    pub(super) fn absolute(what: &str, ours: &Series<'_>, target: Target) -> Self {
        let verdict = target.judge(median(ours.values));
        Self { target: target.describe(ours.unit), verdict, ..Self::of(what, ours) }
    }

    /// A row that this machine cannot measure.
    pub(super) fn not_measured(what: &str, why: &str) -> Self {
        Self { note: Some(why.to_owned()), ..Self::empty(what, Verdict::NotMeasured) }
    }

    /// A row whose measurement went wrong.
    pub(super) fn failed(what: &str, error: &Error) -> Self {
        Self { note: Some(format!("{error:#}")), ..Self::empty(what, Verdict::Failed) }
    }

    /// The same line, explained below the table.
    pub(super) fn with_note(self, note: String) -> Self {
        Self { note: Some(note), ..self }
    }

    /// Whether the measurement itself went wrong. A target that is missed is a result.
    pub(super) fn is_failure(&self) -> bool {
        self.verdict == Verdict::Failed
    }

    fn of(what: &str, series: &Series<'_>) -> Self {
        let ours = format!("{}: {}", series.name, spread(series.values, series.unit));
        Self { ours, ..Self::empty(what, Verdict::Information) }
    }

    fn empty(what: &str, verdict: Verdict) -> Self {
        let nothing = String::new;
        Self {
            what: what.to_owned(),
            ours: nothing(),
            beside: nothing(),
            ratio: nothing(),
            target: nothing(),
            verdict,
            note: None,
        }
    }

    fn cells(&self) -> [String; 6] {
        let Self { what, ours, beside, ratio, target, .. } = self;
        let cells = [what, ours, beside, ratio, target].map(String::clone);
        let [what, ours, beside, ratio, target] = cells;
        [what, ours, beside, ratio, target, self.verdict.describe().to_owned()]
    }
}

impl Target {
    fn describe(self, unit: &str) -> String {
        match self {
            Self::AtMost(limit) => format!("at most {}", with_unit(limit, unit)),
            Self::AtLeast(limit) => format!("at least {}", with_unit(limit, unit)),
            Self::None => String::new(),
        }
    }

    fn judge(self, value: f64) -> Verdict {
        let met = match self {
            Self::AtMost(limit) => value <= limit,
            Self::AtLeast(limit) => value >= limit,
            Self::None => return Verdict::Information,
        };
        if met { Verdict::Met } else { Verdict::Missed }
    }
}

impl Verdict {
    fn describe(self) -> &'static str {
        match self {
            Self::Met => "yes",
            Self::Missed => "NO",
            Self::Information => "",
            Self::NotMeasured => "NOT MEASURED",
            Self::Failed => "FAILED",
        }
    }
}

/// The median with the range that it stands in.
fn spread(values: &[f64], unit: &str) -> String {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    format!("{} ({}..{})", with_unit(median(values), unit), number(least), number(most))
}

fn with_unit(value: f64, unit: &str) -> String {
    let space = if unit == "x" { "" } else { " " };
    format!("{}{space}{unit}", number(value))
}

/// Three digits or so: what a benchmark can stand behind.
fn number(value: f64) -> String {
    let decimals = match value.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        _ => 2,
    };
    format!("{value:.decimals$}")
}

/// The machine, for the head of the table. With its load: on a busy one the ratios still tell something, but the rows
/// without a peer do not.
pub(super) fn machine() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let cpus = read("/proc/cpuinfo");
    let models: Vec<&str> = cpus.lines().filter_map(|line| line.strip_prefix("model name\t: ")).collect();
    let model = models.first().unwrap_or(&"unknown CPU");
    let (kernel, load) = (read("/proc/sys/kernel/osrelease"), read("/proc/loadavg"));
    let load = load.split(' ').next().unwrap_or("unknown");
    format!("{model}, {} CPUs, Linux {}, load before this run {load}", models.len(), kernel.trim())
}

/// Prints the table in Markdown, and the notes below it.
pub(super) fn print(lines: &[Line]) {
    let rows: Vec<[String; 6]> = [HEAD.map(str::to_owned)].into_iter().chain(lines.iter().map(Line::cells)).collect();
    let widths: [usize; 6] =
        std::array::from_fn(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default());
    for (number, row) in rows.iter().enumerate() {
        println!("| {} |", padded(row, &widths).join(" | "));
        if number == 0 {
            println!("| {} |", widths.map(|width| "-".repeat(width)).join(" | "));
        }
    }
    for line in lines {
        if let Some(note) = &line.note {
            let alarm = match line.verdict {
                Verdict::NotMeasured | Verdict::Failed => line.verdict.describe(),
                Verdict::Met | Verdict::Missed | Verdict::Information => "Behind it,",
            };
            println!("\n{alarm} {}: {note}", line.what);
        }
    }
}

fn padded(row: &[String; 6], widths: &[usize; 6]) -> [String; 6] {
    std::array::from_fn(|column| format!("{:width$}", row[column], width = widths[column]))
}
