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
const WORTH_NAMING: f64 = 0.3;

/// The same share for an experiment in a list.
const WORTH_LISTING: f64 = 0.5;

/// Below these an answer is told as the nearest, not as the one: its score, and the share of the question's words that it
/// is about. One rare word is enough where it is all of the question.
const SURE: [(f64, f64); 2] = [(4.0, 0.25), (2.5, 0.9)];

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
    let fits_well = |(score, share): (f64, f64)| best >= score && fits[first].share >= share;
    let sure = names_one || foreign.is_none() && SURE.into_iter().any(fits_well);
    scored.retain(|(score, _)| *score > 0.0 && *score >= best * WORTH_NAMING);
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

/// The experiments about a question, the best first: those of its topics, and those whose own words it has.
pub fn experiments(question: &str, here: System) -> Vec<&'static Experiment> {
    let answers = ask(question, here);
    let fits = EXPERIMENT_INDEX.fits(question);
    let of_topics = |name: &str| {
        let topics = answers.topics.iter().filter(|_| answers.sure);
        topics
            .enumerate()
            .find(|(_, topic)| topic.experiments.contains(&name))
            .map_or(0.0, |(place, _)| 8.0 / (1 + place) as f64)
    };
    let own = |number: usize| if fits[number].share > 0.3 { fits[number].score } else { 0.0 };
    let scored = EXPERIMENTS.iter().enumerate().map(|(number, e)| (of_topics(e.name) + own(number), e));
    let mut scored: Vec<_> = scored.filter(|(score, _)| *score > 0.0).collect();
    scored.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let best = scored.first().map_or(0.0, |(score, _)| *score);
    scored.retain(|(score, _)| *score >= best * WORTH_LISTING);
    scored.into_iter().map(|(_, experiment)| experiment).collect()
}
