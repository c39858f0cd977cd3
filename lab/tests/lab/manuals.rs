//! The manual pages of the lab and of its commands.

use crate::common::LAB;
use crate::common::manuals::{self, Page};

const PAGES: [Page; 6] = [
    ("socket-lab", LAB, None),
    ("socket-lab-run", LAB, Some("run")),
    ("socket-lab-list", LAB, Some("list")),
    ("socket-lab-port", LAB, Some("port")),
    ("socket-lab-diagram", LAB, Some("diagram")),
    ("socket-lab-sysctl", LAB, Some("sysctl")),
];

#[test]
fn there_is_a_page_for_every_program_and_command_and_no_other() {
    manuals::there_is_a_page_for_every_program_and_command_and_no_other(&PAGES);
}

#[test]
fn every_page_has_its_sections_and_every_option_with_its_meaning() {
    manuals::every_page_has_its_sections_and_every_option_with_its_meaning(&PAGES);
}

#[test]
fn no_page_is_wider_than_the_terminal() {
    manuals::no_page_is_wider_than_the_terminal(&PAGES);
}

#[test]
fn mandoc_has_no_warning() {
    manuals::mandoc_has_no_warning(&PAGES);
}

#[test]
fn the_index_of_manuals_knows_what_each_page_is_about() {
    manuals::the_index_of_manuals_knows_what_each_page_is_about(&PAGES);
}

#[test]
fn a_directory_that_cannot_be_written_is_told() {
    manuals::a_directory_that_cannot_be_written_is_told();
}
