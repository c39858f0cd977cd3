//! What the line editor asks while a line is being typed: what Tab offers, and whether to draw.

use std::borrow::Cow;

use rustyline::completion::Completer;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::validate::Validator;
use rustyline::{Context, Helper};

use crate::terminal::screen;

/// What Tab offers: whole lines, such as the names in a contact book; those that begin as the typed one does are offered.
#[derive(Default)]
pub(super) struct LineHelper(pub(super) Vec<String>);

impl Completer for LineHelper {
    type Candidate = String;

    fn complete(&self, line: &str, at: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        let begun = &line[..at];
        Ok((0, self.0.iter().filter(|offer| offer.starts_with(begun)).cloned().collect()))
    }
}

impl Hinter for LineHelper {
    type Hint = String;
}

/// Nothing is highlighted: it is called before the line is drawn, and the screen may be about to close.
impl Highlighter for LineHelper {
    fn highlight<'l>(&self, line: &'l str, cursor: usize) -> Cow<'l, str> {
        screen::typing_is_drawn(line, cursor);
        line.into()
    }
}

impl Validator for LineHelper {}

impl Helper for LineHelper {}
