//! What both clients of commands share: the prompt around a command, and its outputs.

pub mod output;
pub mod prompt;
