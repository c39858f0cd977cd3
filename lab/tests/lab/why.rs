//! `socket-lab why`: what people ask, in their words, and what terminals print.

use socket_lab::why::{self, System, topics};

/// How many of so many questions have a right answer among the three, and how many a wrong one at first.
#[derive(Debug, Default)]
struct Score {
    asked: usize,
    right: usize,
    wrong_first: usize,
    failures: Vec<String>,
}

/// Asks each line of a file: `topic, topic | words`.
fn score(file: &str) -> Score {
    let mut score = Score::default();
    for line in file.lines().filter(|line| !line.starts_with('#')) {
        let (wanted, words) = line.split_once(" | ").unwrap_or_else(|| panic!("{line}"));
        let wanted: Vec<_> = wanted.split(", ").collect();
        assert!(wanted.iter().any(|name| topics::named(name).is_some()), "there is no such topic: {line}");
        let answers: Vec<_> = why::ask(words, System::Linux).topics.iter().map(|topic| topic.name).collect();
        let is_right = answers.iter().any(|name| wanted.contains(name));
        let first_is_wrong = !answers.first().is_some_and(|name| wanted.contains(name));
        score.asked += 1;
        score.right += usize::from(is_right);
        score.wrong_first += usize::from(first_is_wrong);
        if first_is_wrong {
            score.failures.push(format!("{words} -> {answers:?}, not {wanted:?}"));
        }
    }
    score
}

#[test]
fn the_wordings_that_were_there_before_the_table_are_answered() {
    let score = score(include_str!("why/wordings.txt"));
    println!("{score:#?}");
    assert!(
        score.asked > 100 && score.right * 10 >= score.asked * 9 && score.wrong_first * 20 <= score.asked,
        "{score:#?}"
    );
}
