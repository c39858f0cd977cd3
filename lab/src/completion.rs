//! What a shell offers at Tab: the experiments, and what they are found by.

use std::collections::BTreeSet;

use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};

use socket_demos::errors::SocketError;

use crate::experiments::EXPERIMENTS;
use crate::why::{self, topics::TOPICS};

/// The names of the experiments, each with its claim.
pub fn experiments() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        EXPERIMENTS
            .iter()
            .map(|experiment| CompletionCandidate::new(experiment.name).help(Some((experiment.claim)().into())))
            .collect()
    })
}

/// What experiments are found by: error names and numbers, symptoms in both languages.
pub fn symptoms() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let words = EXPERIMENTS.iter().flat_map(|experiment| experiment.keywords.split_whitespace());
        let words = words.filter(|word| why::is_told_apart(word));
        words.collect::<BTreeSet<_>>().into_iter().map(CompletionCandidate::new).collect()
    })
}

/// What can be asked without more words: the topics with their titles, and the errors by name.
pub fn questions() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let topics = TOPICS.iter().map(|topic| CompletionCandidate::new(topic.name).help(Some((topic.title)().into())));
        topics.chain(SocketError::ALL.iter().map(|error| CompletionCandidate::new(error.name()))).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_symptom_that_is_offered_finds_an_experiment() {
        for experiment in &EXPERIMENTS {
            for word in experiment.keywords.split_whitespace().filter(|word| why::is_told_apart(word)) {
                assert!(!crate::experiments::about(&[word.to_string()]).is_empty(), "{word}");
            }
        }
    }
}
