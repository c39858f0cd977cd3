//! What the READMEs say of the lab is true.

use crate::common::LAB;
use crate::common::pages::{self, READMES, read};

#[test]
fn every_command_is_one_that_our_programs_understand() {
    pages::every_command_is_understood(&[LAB]);
}

#[test]
fn every_experiment_is_among_the_lessons() {
    for name in READMES {
        let text = read(name);
        for experiment in &socket_lab::experiments::EXPERIMENTS {
            let row = format!("| `{}`", experiment.name);
            assert!(text.lines().any(|line| line.contains(&row)), "{name}: {row}");
        }
    }
}
