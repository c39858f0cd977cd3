//! The person: what is typed ([`input`]), what is shown ([`screen`], [`log`]), and how a program ends with the terminal as
//! it was ([`exit`]).

pub mod exit;
pub mod input;
pub mod log;
pub(crate) mod queue;
pub mod screen;
