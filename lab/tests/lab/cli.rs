//! The lab's command line: its help, and what it does not understand.

use crate::common::{LAB, Program, failure, help, quick};

/// The lab, and its commands that have options of their own.
const HELPED: [(&str, Program, &str); 3] =
    [("socket-lab", LAB, "--help"), ("socket-lab-run", LAB, "run"), ("socket-lab-diagram", LAB, "diagram")];

#[test]
fn help_is_as_written_down_in_both_languages() {
    help::is_as_written_down_in_both_languages(&HELPED, "tests/lab/help");
}

#[test]
fn chinese_help_has_no_english_of_claps() {
    help::chinese_has_no_english_of_claps(&[LAB]);
}

#[test]
fn a_command_of_the_lab_has_help_in_both_languages() {
    for (lang, usage) in
        [("en", "Usage: socket-lab port [OPTIONS] <PORT>"), ("zh", "用法：socket-lab port [选项] <端口>")]
    {
        let (code, help, err) = quick(LAB, &["port", "--help", "--lang", lang]);
        assert!(code == Some(0) && help.replace(".exe", "").contains(usage), "{help}{err}");
    }
}

#[test]
fn wrong_usage_is_one_line_and_exit_code_2() {
    let (code, err) = failure(LAB, &["port", "0"]);
    assert!(code == Some(2) && err.contains("1 to 65535"), "{err}");
}
