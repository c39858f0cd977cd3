//! The person: what is typed ([`input`]), what is shown ([`screen`], [`log`]), and how a program ends with the terminal as
//! it was ([`exit`]). The line editor, rustyline, is called in `input` and `screen` alone, and `exit`
//! undoes the modes that it sets; `queue` is what waits for a terminal that was
//! stopped.

pub mod exit;
pub mod input;
pub mod log;
pub(crate) mod queue;
pub mod screen;
