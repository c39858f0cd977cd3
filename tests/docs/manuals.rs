//! The manual pages of all programs but the lab.

use crate::common::PROGRAMS;
use crate::common::manuals::{self, Page};

fn pages() -> [Page; PROGRAMS.len()] {
    PROGRAMS.map(|program| (program.name, program, None))
}

#[test]
fn there_is_a_page_for_every_program_and_command_and_no_other() {
    manuals::there_is_a_page_for_every_program_and_command_and_no_other(&pages());
}

#[test]
fn every_page_has_its_sections_and_every_option_with_its_meaning() {
    manuals::every_page_has_its_sections_and_every_option_with_its_meaning(&pages());
}

#[test]
fn no_page_is_wider_than_the_terminal() {
    manuals::no_page_is_wider_than_the_terminal(&pages());
}

#[test]
fn mandoc_has_no_warning() {
    manuals::mandoc_has_no_warning(&pages());
}

#[test]
fn the_index_of_manuals_knows_what_each_page_is_about() {
    manuals::the_index_of_manuals_knows_what_each_page_is_about(&pages());
}

#[test]
fn a_directory_that_cannot_be_written_is_told() {
    manuals::a_directory_that_cannot_be_written_is_told();
}
