//! What people bring, answered: an error as a system or a language prints it, or a symptom in their own words.
//!
//! The mechanism, small enough to be told: what a question names for sure comes first (`exact`: names, numbers,
//! sentences). Its words then choose among the topics by what they have in common (`index`: rare words decide, spelling
//! mistakes and synonyms are put right in `words`). An error leads to one topic first and counts a little for those
//! related to it, so that `10054` alone is a reset, and `UDP recvfrom 10054` something else. No word counts for a part of
//! another.
//!
//! What there is to say stands in `topics`, what languages print in `runtimes`; `answer` writes it for a screen, [`sheet`]
//! as docs/errors.md.

mod answer;
mod exact;
mod foreign;
mod index;
mod runtimes;
pub mod sheet;
mod topic;
pub mod topics;
mod words;

use std::sync::LazyLock;

use socket_demos::errors::SocketError;

use crate::experiments::{EXPERIMENTS, Experiment};
pub use answer::text;
use index::{Fit, Index};
pub use topic::{System, Topic};
use topics::TOPICS;

/// What a topic's own words count, and what the other words do that people have for it.
const OWN_WORDS: f64 = 2.0;
const OTHER_WORDS: f64 = 1.0;

/// How many answers are offered.
const MAX_ANSWERS: usize = 3;

/// The share of an error's weight that topics get that are related to it.
const RELATED: f64 = 0.7;

/// What the words of a question count where it names an error: among the topics of that error, and elsewhere.
const BESIDE_AN_ERROR: f64 = 0.7;
const ELSEWHERE: f64 = 0.3;

/// An answer that has less than this share of the best one's weight is none.
const WORTH_NAMING: f64 = 0.4;

/// The same share for an experiment in a list.
const WORTH_LISTING: f64 = 0.5;

/// What an experiment counts for the first of the answers, the share of a question that its own words must have to count,
/// and the one that stands for all of them.
const OF_FIRST_TOPIC: f64 = 8.0;
const OWN_SHARE: f64 = 0.3;
const ALL_WORDS: f64 = 0.95;

/// Below these an answer is told as the nearest, not as the one: how many of the question's words it is about, their score,
/// and the share of the question that they are. One rare word is enough where it is most of the question.
const SURE: [(usize, f64, f64); 2] = [(2, 4.0, 0.25), (1, 2.5, 0.6)];

/// The share that is wanted where an error is named that is none of sockets.
const SURE_BESIDE_FOREIGN: f64 = 0.6;

/// The answers to a question.
pub struct Answers {
    /// The topics, the best first.
    pub topics: Vec<&'static Topic>,
    /// The errors that the question names.
    pub errors: Vec<SocketError>,
    /// Whether the first of the topics fits, or is only the nearest.
    pub sure: bool,
    /// What a number in it is on another system.
    pub note: Option<String>,
    /// What an error that is none of sockets means.
    pub foreign: Option<String>,
}

static INDEX: LazyLock<Index> = LazyLock::new(|| {
    let parts = |topic: &&Topic| {
        [(format!("{} {}", topic.name, topic.words), OWN_WORDS), (topic.wordings.to_string(), OTHER_WORDS)]
    };
    Index::of(TOPICS.iter().map(parts))
});

/// The answers to `question` for somebody who sits at `here`.
pub fn ask(question: &str, here: System) -> Answers {
    if let Some(topic) = topics::named(question.trim()) {
        return Answers { topics: vec![topic], errors: Vec::new(), sure: true, note: None, foreign: None };
    }
    let named = exact::named(question, here);
    let fits = INDEX.fits(&named.rest);
    let mut scored: Vec<(f64, usize)> =
        (0..TOPICS.len()).map(|number| (score(TOPICS[number], fits[number], &named), number)).collect();
    scored.sort_by(|(a, one), (b, other)| b.total_cmp(a).then(one.cmp(other)));
    let (best, first) = scored[0];
    let names_one = !named.errors.is_empty() || !named.topics.is_empty();
    let foreign = foreign::meaning(question).filter(|_| !names_one && fits[first].share < SURE_BESIDE_FOREIGN);
    let fits_well = |(tokens, score, share): (usize, f64, f64)| {
        fits[first].tokens >= tokens && best >= score && fits[first].share >= share
    };
    let sure = names_one || foreign.is_none() && SURE.into_iter().any(fits_well);
    // To an error that is none of sockets nothing is invented.
    scored.retain(|(score, _)| foreign.is_none() && *score > 0.0 && *score >= best * WORTH_NAMING);
    let mut errors: Vec<_> = named.errors.into_iter().collect();
    errors.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    Answers {
        topics: scored.iter().take(MAX_ANSWERS).map(|(_, number)| TOPICS[*number]).collect(),
        errors: errors.into_iter().map(|(error, _)| error).collect(),
        sure,
        note: named.note,
        foreign,
    }
}

fn score(topic: &Topic, fit: Fit, named: &exact::Named) -> f64 {
    let first = |error: SocketError| topics::first(error).name == topic.name;
    let of_error = |(error, weight): (&SocketError, &f64)| {
        let share = if first(*error) { 1.0 } else { f64::from(u8::from(topic.related.contains(error))) * RELATED };
        weight * share
    };
    let given = named.errors.iter().map(of_error).fold(0.0, f64::max) + named.topics.get(topic.name).unwrap_or(&0.0);
    let worth = match given {
        _ if named.errors.is_empty() && named.topics.is_empty() => 1.0,
        0.0 => ELSEWHERE,
        _ => BESIDE_AN_ERROR,
    };
    given + worth * fit.score
}

/// Whether a word says anything to a search: `out` and `the` do not.
pub fn is_told_apart(word: &str) -> bool {
    !words::tokens(word).is_empty()
}

static EXPERIMENT_INDEX: LazyLock<Index> = LazyLock::new(|| {
    let topics = |name| TOPICS.iter().filter(move |topic| topic.experiments.contains(&name));
    let words = |experiment: &Experiment| {
        let of_topics = topics(experiment.name).filter(|topic| topic.experiments[0] == experiment.name);
        let of_topics = of_topics.map(|topic| topic.words).collect::<Vec<_>>().join(" ");
        format!("{} {0} {} {} {of_topics}", experiment.name, (experiment.claim)(), experiment.keywords)
    };
    Index::of(EXPERIMENTS.iter().map(|experiment| [(words(experiment), OWN_WORDS)]))
});

/// The experiments about a question, in the order of the course: those of its topics, and those whose own words it has. One
/// that has all of its words is never left out.
pub fn experiments(question: &str, here: System) -> Vec<&'static Experiment> {
    let answers = ask(question, here);
    let fits = EXPERIMENT_INDEX.fits(question);
    let scored = EXPERIMENTS.iter().zip(&fits).map(|(experiment, fit)| {
        let own = if fit.share > OWN_SHARE { fit.score } else { 0.0 };
        (of_topics(experiment, &answers) + own, fit.share > ALL_WORDS, experiment)
    });
    let scored: Vec<_> = scored.filter(|(score, ..)| *score > 0.0).collect();
    let best = scored.iter().map(|(score, ..)| *score).fold(0.0, f64::max);
    let is_worth = |(score, has_all, _): &(f64, bool, _)| *has_all || *score >= best * WORTH_LISTING;
    scored.into_iter().filter(is_worth).map(|(.., experiment)| experiment).collect()
}

/// What an experiment counts because an answer names it: the less, the later that stands.
fn of_topics(experiment: &Experiment, answers: &Answers) -> f64 {
    let place = answers.topics.iter().position(|topic| topic.experiments.contains(&experiment.name));
    place.filter(|_| answers.sure).map_or(0.0, |place| OF_FIRST_TOPIC / (1 + place) as f64)
}
