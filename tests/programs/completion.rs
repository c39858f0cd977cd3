//! Completion at Tab: asked for as shells ask. Real shells on a terminal are asked in the lab's tests, since what the READMEs
//! give them is for all programs.

use crate::common::completion::{self, values};
use crate::common::{PROGRAMS, QQ_CLIENT, TIME_CLIENT, UDP_EXEC_CLIENT};

#[test]
fn every_program_introduces_itself_to_every_shell() {
    completion::every_program_introduces_itself_to_every_shell(&PROGRAMS);
}

#[test]
fn every_option_is_offered_with_its_help_in_the_chosen_language() {
    completion::every_option_is_offered_with_its_help_in_the_chosen_language(&PROGRAMS);
}

#[test]
fn values_are_offered_where_they_are_known() {
    assert_eq!(values(TIME_CLIENT, &["--protocol", ""]), ["text", "sntp", "time"]);
    assert_eq!(values(TIME_CLIENT, &["--color", "al"]), ["always"]);
    assert_eq!(values(QQ_CLIENT, &["--lang", ""]), ["en", "zh"]);
    assert_eq!(values(QQ_CLIENT, &["--encoding", "gb"]), ["gbk", "gb18030"]);
    assert_eq!(values(UDP_EXEC_CLIENT, &["--encoding=gbk"]), ["--encoding=gbk"]);
}

#[test]
fn files_are_left_to_the_shell() {
    let typed = [(QQ_CLIENT, &["--contacts"][..]), (UDP_EXEC_CLIENT, &["--key-file"])];
    completion::files_are_left_to_the_shell(&typed);
}
