//! What came of an experiment, for a person as text, for a program as JSON.

use std::borrow::Cow;
use std::time::Instant;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use unicode_width::UnicodeWidthStr as _;

use crate::diagram::{Diagram, Letters};
use crate::experiments::{Experiment, Findings, Kind, Verdict};
use crate::figure::Figure;
use crate::stage::{Side, Stage};
use socket_demos::net::event::Event;
use socket_demos::t;
use socket_demos::terminal::screen::{self, Color, Output};

/// How many bytes of a call its line shows.
const SHOWN_BYTES: usize = 24;

/// What stands before a heading, and before a diagram, which wants all columns there are.
const MARGIN: &str = "  ";

/// What stands before the lines of a section.
const INDENT: &str = "    ";

/// How many columns the names of the experiments take.
const NAME_COLUMNS: usize = 13;

/// And the kinds of verdict.
const KIND_COLUMNS: usize = 12;

/// One experiment and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The experiment's name.
    pub name: String,
    /// What tutorials say.
    pub claim: String,
    /// Whether that holds here.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// What the sockets did, in sentences.
    pub observations: Vec<String>,
    /// The same as numbers.
    pub measured: serde_json::Value,
    /// Which answer of the experiment's question came true, from 0.
    pub answer: Option<usize>,
    /// The socket calls in the order of their returns; the JSON document has [`Report::calls`].
    #[serde(rename = "calls", serialize_with = "folded", deserialize_with = "unfolded")]
    pub events: Vec<Event>,
    /// Where it is written how it should be.
    pub source: String,
    /// How long the run took.
    pub milliseconds: u64,
    /// Numbers that a chart tells better; a program finds all numbers in `measured`.
    #[serde(skip)]
    pub figure: Option<Figure>,
}

/// A call, and how often it was made in a row with the same bytes and the same result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repeated<'a> {
    /// The first of them.
    #[serde(flatten)]
    pub event: Cow<'a, Event>,
    /// How many there were.
    pub times: u64,
}

impl Report {
    /// Of an experiment that runs on `stage` now.
    pub fn of(experiment: &Experiment, stage: &Stage) -> Self {
        let start = Instant::now();
        let Findings { observations, measured, answer, verdict, figure } = experiment.perform(stage);
        let time = start.elapsed();
        Self {
            name: experiment.name.to_string(),
            claim: (experiment.claim)(),
            verdict,
            observations,
            measured,
            answer,
            events: stage.events(),
            source: experiment.source.to_string(),
            milliseconds: u64::try_from(time.as_millis()).unwrap_or(u64::MAX),
            figure,
        }
    }

    /// What the sockets said to each other, and in which order; `None` where none talks to another.
    pub fn diagram(&self) -> Option<Diagram> {
        let shown = |event: &Event| Event { program: Side::shown(&event.program), ..event.clone() };
        let events = self.events.iter().map(shown).collect();
        Some(Diagram::of(vec![events])).filter(Diagram::has_arrows)
    }

    /// The calls, equal ones in a row as one.
    pub fn calls(&self) -> Vec<Repeated<'_>> {
        fold(&self.events)
    }

    /// Name, verdict and claim on one line.
    pub fn line(&self) -> String {
        let (name, kind) = (padded(&self.name, NAME_COLUMNS), padded(&self.verdict.kind.to_string(), KIND_COLUMNS));
        format!("{name} {} {}", colored(self.verdict.kind, &kind), self.claim)
    }

    /// Everything, the calls too where they have not been seen while they happened, the diagram drawn with `letters`.
    pub fn full(&self, calls_seen: bool, letters: Letters) -> String {
        let Self { name, claim, verdict: Verdict { kind, why }, source, .. } = self;
        let mut text = screen::in_rows(&t!("{name}: {claim}\n", "{name}：{claim}\n")).into_owned();
        if !calls_seen {
            text += &section(&t!("the calls", "调用过程"), INDENT, self.calls().iter().map(Repeated::line));
        }
        if let Some(diagram) = self.diagram() {
            let heading = t!("as a sequence diagram", "时序图");
            let drawn = diagram.text(screen::columns().saturating_sub(MARGIN.len()), letters);
            text += &section(&heading, MARGIN, drawn.lines().map(str::to_string));
        }
        let observed = section(&t!("observed", "现象"), INDENT, self.observations.iter().cloned());
        let kind = colored(*kind, &kind.to_string()).into_owned();
        let verdict =
            t!("  verdict: {kind}\n    {why}\n  source: {source}\n", "  结论：{kind}\n    {why}\n  出处：{source}\n");
        text + &screen::in_rows(&(observed + &verdict))
    }
}

/// The verdict in the colour that goes with it.
fn colored(kind: Kind, shown: &str) -> Cow<'_, str> {
    let color = match kind {
        Kind::AsTaught => Color::Green,
        Kind::Different | Kind::Partly | Kind::CannotShow => Color::Yellow,
        Kind::Contradicted | Kind::Failed => Color::Red,
    };
    screen::colored(Output::Out, color, shown)
}

fn section(heading: &str, indent: &str, lines: impl Iterator<Item = String>) -> String {
    let lines: String = lines.map(|line| format!("{indent}{line}\n")).collect();
    if lines.is_empty() { lines } else { format!("{MARGIN}{heading}\n{lines}") }
}

impl Repeated<'_> {
    /// The call on one line: who, and what.
    pub(super) fn line(&self) -> String {
        let side = padded(&Side::shown(&self.event.program), 8);
        let (call, times) = (self.event.told(SHOWN_BYTES), self.times);
        if times == 1 { format!("{side} {call}") } else { format!("{side} {call} ×{times}") }
    }
}

/// Equal calls in a row as one: a flood has thousands.
fn fold(events: &[Event]) -> Vec<Repeated<'_>> {
    let mut folded: Vec<Repeated<'_>> = Vec::new();
    for event in events {
        match folded.last_mut() {
            Some(last) if Event { time: last.event.time, ..event.clone() } == *last.event => last.times += 1,
            _ => folded.push(Repeated { event: Cow::Borrowed(event), times: 1 }),
        }
    }
    folded
}

fn folded<S: Serializer>(events: &[Event], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(fold(events))
}

fn unfolded<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Event>, D::Error> {
    let calls = Vec::<Repeated<'_>>::deserialize(deserializer)?;
    let times = |times: u64| usize::try_from(times).unwrap_or(usize::MAX);
    Ok(calls.into_iter().flat_map(|call| std::iter::repeat_n(call.event.into_owned(), times(call.times))).collect())
}

/// `text` filled up to `columns` of the screen; a hanzi takes two.
fn padded(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(text.width())))
}

/// An experiment's name and claim on one line.
pub fn entry(experiment: &Experiment) -> String {
    padded(experiment.name, NAME_COLUMNS) + " " + &(experiment.claim)()
}

/// The one JSON document of a run.
#[derive(Serialize)]
struct Document<'a> {
    experiments: &'a [Report],
}

/// The reports as one JSON document.
#[expect(clippy::missing_panics_doc, reason = "strings, numbers and lists always become JSON")]
pub fn json(experiments: &[Report]) -> String {
    serde_json::to_string(&Document { experiments }).expect("strings, numbers and lists")
}

/// How the verdicts are spread, in a sentence.
pub fn summary(reports: &[Report]) -> String {
    let all = reports.len();
    let seconds = reports.iter().map(|report| report.milliseconds).sum::<u64>() as f64 / 1000.0;
    let kinds = [Kind::AsTaught, Kind::Partly, Kind::Different, Kind::CannotShow, Kind::Contradicted, Kind::Failed];
    let counted = kinds.map(|kind| (kind, reports.iter().filter(|report| report.verdict.kind == kind).count()));
    let counted = counted.iter().filter(|(_, count)| *count > 0);
    let counts = counted.map(|(kind, count)| t!("{count} {kind}", "{count} 个{kind}")).collect::<Vec<_>>();
    let counts = counts.join(&t!(", ", "，"));
    let plural = if all == 1 { "" } else { "s" };
    t!("{all} experiment{plural} in {seconds:.1} s: {counts}", "{all} 个实验，用时 {seconds:.1} 秒：{counts}")
}

/// Every trouble among the reports, as the line of an error; `None` without one.
pub fn trouble(reports: &[Report]) -> Option<String> {
    let troubled = reports.iter().filter(|report| report.verdict.kind.is_trouble());
    let told = troubled.map(|Report { name, verdict, .. }| {
        let Verdict { kind, why } = verdict;
        t!("{name} {kind}: {why}", "{name} {kind}：{why}")
    });
    let told = told.collect::<Vec<_>>().join("; ");
    (!told.is_empty()).then_some(told)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiments::find;
    use socket_demos::net::event::Call;

    fn report(kind: Kind) -> Report {
        let verdict = Verdict { kind, why: "because".into() };
        Report { verdict, ..Report::of(find("truncation").unwrap(), &Stage::silent()) }
    }

    #[test]
    fn equal_calls_in_a_row_are_told_once_with_their_number() {
        let mut events = report(Kind::AsTaught).events;
        let sent = events.iter().position(|event| event.call == Call::Sendto).unwrap();
        for _ in 0..1999 {
            events.insert(sent, Event { time: jiff::Timestamp::UNIX_EPOCH, ..events[sent].clone() });
        }
        let count = events.len();
        let folded = fold(&events);
        assert_eq!((folded[sent].times, folded.len()), (2000, count - 1999));
        assert!(folded[sent].line().starts_with("client   #2 sendto(2000, 127.0.0.1:"), "{}", folded[sent].line());
        assert!(folded[sent].line().ends_with(" ×2000"), "{}", folded[sent].line());
    }

    #[test]
    fn the_json_document_reads_back() {
        #[derive(Deserialize)]
        struct Read {
            experiments: Vec<Report>,
        }
        let reports = [report(Kind::AsTaught), report(Kind::CannotShow)];
        let json = json(&reports);
        assert!(json.starts_with(r#"{"experiments":[{"name":"truncation","claim":"#), "{json:.200}");
        assert!(json.contains(r#""verdict":"cannot-show","why":"because""#), "{json:.500}");
        assert_eq!(serde_json::from_str::<Read>(&json).unwrap().experiments, reports);
    }

    #[test]
    fn trouble_is_told_by_name_and_nothing_else_is() {
        assert_eq!(trouble(&[report(Kind::Different), report(Kind::CannotShow)]), None);
        let told = trouble(&[report(Kind::AsTaught), report(Kind::Contradicted), report(Kind::Failed)]);
        assert_eq!(told.unwrap(), "truncation contradicted: because; truncation failed: because");
    }

    #[test]
    fn the_summary_counts_what_there_is() {
        let reports = [Kind::AsTaught, Kind::Different, Kind::Different].map(report);
        let told = summary(&reports);
        assert!(told.starts_with("3 experiments in ") && told.ends_with(" s: 1 as taught, 2 different"), "{told}");
    }
}
