//! The person: what is typed ([`input`]), what is shown ([`screen`], [`log`]), and how a program ends with the terminal as
//! it was ([`exit`]). The line editor, rustyline, is called in `input` and `screen` alone; `modes` undoes those that it
//! sets, at the end and while the program is suspended (`suspend`). `queue` is what waits for a terminal that was stopped.

pub mod exit;
pub mod input;
pub mod log;
pub(crate) mod modes;
pub(crate) mod queue;
pub mod screen;
#[cfg(unix)]
mod suspend;
