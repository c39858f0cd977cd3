//! The lab: every claim of the course as an experiment that runs here and now, and says what this system does.
//!
//! An experiment is one file of `lab/src/experiments`, with a folder for what more it takes, all alike: its `World` has the
//! settings, `run` makes the calls in their order with real sockets on the loopback address, `Saw` is what the sockets did,
//! and `Judge` turns that into sentences and a verdict. The verdict comes from what was seen in this run, so another world
//! gets another verdict: the test at the end of each file alters one setting to show it.
//!
//! No experiment knows how it is shown: `report` has it as text and JSON, `page` as a page for a browser, with the
//! sequence diagram of its calls and, where it has a `Figure`, a `chart`.

mod backlog;
mod boundaries;
mod characters;
mod empty;
mod farewell;
mod flood;
mod half_close;
mod handshake;
mod largest;
mod leftover;
mod many_clients;
mod pipes;
mod refused;
mod sharing;
mod states;
mod sticky;
mod stranger;
mod time_wait;
mod truncation;

use std::fmt;
use std::io;

use serde::{Deserialize, Serialize};

use crate::figure::Figure;
use crate::stage::Stage;
use crate::why::{self, System};
use socket_demos::text::typed::nearest;
use socket_demos::{errors, invocation, t};

/// Every experiment, in the order of a course.
pub const EXPERIMENTS: [Experiment; 19] = [
    refused::EXPERIMENT,
    handshake::EXPERIMENT,
    states::EXPERIMENT,
    backlog::EXPERIMENT,
    sticky::EXPERIMENT,
    leftover::EXPERIMENT,
    truncation::EXPERIMENT,
    empty::EXPERIMENT,
    farewell::EXPERIMENT,
    half_close::EXPERIMENT,
    time_wait::EXPERIMENT,
    sharing::EXPERIMENT,
    many_clients::EXPERIMENT,
    boundaries::EXPERIMENT,
    largest::EXPERIMENT,
    flood::EXPERIMENT,
    stranger::EXPERIMENT,
    characters::EXPERIMENT,
    pipes::EXPERIMENT,
];

/// One claim of the course, and the program that tries it.
pub struct Experiment {
    /// The name on the command line.
    pub name: &'static str,
    /// What tutorials say.
    pub claim: fn() -> String,
    /// What it is found by, besides name and claim: the words of both languages, error names and numbers.
    pub keywords: &'static str,
    /// What a viewer is asked before the run.
    pub question: fn() -> Question,
    /// Where it is written how it should be.
    pub source: &'static str,
    run: fn(&Stage) -> io::Result<Findings>,
}

/// A question with its possible answers, for `--predict`.
pub struct Question {
    /// The question.
    pub asked: String,
    /// What may happen; the run tells which of them did.
    pub answers: Vec<String>,
}

/// What came of a run.
pub struct Findings {
    /// What the sockets did, in sentences.
    pub(crate) observations: Vec<String>,
    /// The same as numbers.
    pub(crate) measured: serde_json::Value,
    /// Which answer of the question came true, from 0.
    pub(crate) answer: Option<usize>,
    pub(crate) verdict: Verdict,
    /// Numbers that a chart tells better, if there are any.
    pub(crate) figure: Option<Figure>,
}

/// Whether the claim holds on this system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Yes, no, or neither.
    #[serde(rename = "verdict")]
    pub kind: Kind,
    /// The reason, in a sentence.
    pub why: String,
}

/// The kinds of verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The sockets did what the claim says.
    AsTaught,
    /// They did something else.
    Different,
    /// What it says was seen, but not always, or for another reason.
    Partly,
    /// This system, or this world, cannot show it.
    CannotShow,
    /// The run contradicts itself, or what holds on this system.
    Contradicted,
    /// A call failed that should not.
    Failed,
}

impl Kind {
    /// Whether it means that something is wrong with the lab or the system, and not with the claim.
    pub fn is_trouble(self) -> bool {
        matches!(self, Self::Contradicted | Self::Failed)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&match self {
            Self::AsTaught => t!("as taught", "与课本一致"),
            Self::Different => t!("different", "与课本不同"),
            Self::Partly => t!("partly", "说对一半"),
            Self::CannotShow => t!("not shown", "这里看不到"),
            Self::Contradicted => t!("contradicted", "前后矛盾"),
            Self::Failed => t!("failed", "运行失败"),
        })
    }
}

impl Verdict {
    fn as_taught(why: String) -> Self {
        Self { kind: Kind::AsTaught, why }
    }

    fn different(why: String) -> Self {
        Self { kind: Kind::Different, why }
    }

    fn partly(why: String) -> Self {
        Self { kind: Kind::Partly, why }
    }

    /// For a run that an error has ended.
    fn of(error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::Unsupported {
            return Self::cannot_show(error.to_string());
        }
        let why = errors::reason(error);
        Self {
            kind: Kind::Failed,
            why: t!("a call failed that should not: {why}", "有一次调用不该失败却失败了：{why}"),
        }
    }

    fn cannot_show(why: String) -> Self {
        Self { kind: Kind::CannotShow, why }
    }

    fn contradicted(why: String) -> Self {
        Self { kind: Kind::Contradicted, why }
    }

    /// For a run in which something got lost on the way.
    fn not_arrived() -> Self {
        Self::cannot_show(t!(
            "what was sent did not arrive, as where a firewall drops it",
            "发出去的没有收到，可能被防火墙丢了"
        ))
    }
}

/// What follows from what the sockets did.
trait Judge: Serialize {
    /// It in sentences, with the numbers seen.
    fn observations(&self) -> Vec<String>;
    /// Which answer of the experiment's question came true, from 0; none of them, where something else happened.
    fn answer(&self) -> Option<usize>;
    /// Whether the claim holds.
    fn verdict(&self) -> Verdict;
    /// Numbers that a chart tells better than a sentence.
    fn figure(&self) -> Option<Figure> {
        None
    }
}

impl Findings {
    fn of(saw: impl Judge) -> Self {
        let measured = serde_json::to_value(&saw).expect("numbers, strings and lists");
        let (observations, answer, verdict, figure) = (saw.observations(), saw.answer(), saw.verdict(), saw.figure());
        Self { observations, measured, answer, verdict, figure }
    }

    /// Of a run that an error has ended.
    fn failed(error: &io::Error) -> Self {
        let verdict = Verdict::of(error);
        Self { observations: Vec::new(), measured: serde_json::Value::Null, answer: None, verdict, figure: None }
    }
}

impl Experiment {
    /// Runs it on `stage`; an error is a finding too.
    pub fn perform(&self, stage: &Stage) -> Findings {
        (self.run)(stage).unwrap_or_else(|error| Findings::failed(&error))
    }
}

/// The experiment of that name.
///
/// # Errors
/// A sentence with the names that may have been meant.
pub fn find(name: &str) -> Result<&'static Experiment, String> {
    if let Some(found) = EXPERIMENTS.iter().find(|experiment| experiment.name == name) {
        return Ok(found);
    }
    let mut near = nearest(name, EXPERIMENTS.iter().map(|experiment| experiment.name));
    if near.is_empty() {
        near = about(&[name.to_string()]).into_iter().map(|experiment| experiment.name).take(3).collect();
    }
    let near = near.join(&t!(", ", "、"));
    let name = socket_demos::text::escape_line(name);
    Err(if near.is_empty() {
        let lab = invocation::typed("socket-lab");
        t!(
            "there is no experiment {name:?}; list them with: {lab} list",
            "没有名叫 {name:?} 的实验；全部实验：{lab} list"
        )
    } else {
        t!("there is no experiment {name:?}; did you mean: {near}", "没有名叫 {name:?} 的实验；相近的有：{near}")
    })
}

/// The experiments that are about `words`, in the order of the course; all of them where there are none.
pub fn about(words: &[String]) -> Vec<&'static Experiment> {
    if words.is_empty() {
        return EXPERIMENTS.iter().collect();
    }
    why::experiments(&words.join(" "), System::here())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_names_those_that_are_near() {
        assert_eq!(find("sticky").map(|experiment| experiment.name), Ok("sticky"));
        let near = |name: &str| find(name).err().unwrap();
        assert!(near("halfclose").ends_with("did you mean: half-close"), "{}", near("halfclose"));
        assert!(near("10054").contains("refused") && near("10054").contains("farewell"), "{}", near("10054"));
        assert!(near("zzz\u{1b}[2J").contains(r"socket-lab list") && !near("zzz\u{1b}").contains('\u{1b}'));
    }

    #[test]
    fn every_experiment_has_its_own_name_and_a_question_with_a_choice() {
        let mut names: Vec<_> = EXPERIMENTS.iter().map(|experiment| experiment.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), EXPERIMENTS.len());
        assert!(EXPERIMENTS.iter().all(|experiment| (experiment.question)().answers.len() > 1));
    }

    #[test]
    fn words_are_looked_for_together() {
        let names = |words: &[&str]| {
            let words: Vec<_> = words.iter().map(ToString::to_string).collect();
            about(&words).iter().map(|experiment| experiment.name).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(names(&["粘包", "nagle"]), "sticky");
        assert_eq!(names(&["nothing like it"]), "");
    }

    #[test]
    fn an_error_is_a_failure_unless_the_system_cannot() {
        let kind = |kind: io::ErrorKind| Verdict::of(&kind.into()).kind;
        assert_eq!(kind(io::ErrorKind::AddrInUse), Kind::Failed);
        assert_eq!(kind(io::ErrorKind::Unsupported), Kind::CannotShow);
        assert!(Kind::Failed.is_trouble() && Kind::Contradicted.is_trouble() && !Kind::CannotShow.is_trouble());
    }
}
