//! What Tab offers on a line that is being typed.

use rustyline::completion::Completer;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::validate::Validator;
use rustyline::{Context, Helper};

/// Whole lines, such as the names in a contact book; those that begin as the typed one does are offered.
#[derive(Default)]
pub(super) struct Offers(pub(super) Vec<String>);

impl Completer for Offers {
    type Candidate = String;

    fn complete(&self, line: &str, at: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        let begun = &line[..at];
        Ok((0, self.0.iter().filter(|offer| offer.starts_with(begun)).cloned().collect()))
    }
}

impl Hinter for Offers {
    type Hint = String;
}

impl Highlighter for Offers {}

impl Validator for Offers {}

impl Helper for Offers {}
