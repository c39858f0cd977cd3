//! What an answer is made of.

use socket_demos::errors::SocketError;

/// One thing that people ask about, and all there is to say about it.
pub struct Topic {
    /// The word behind `socket-lab why` that opens it.
    pub name: &'static str,
    /// What it is about, in a few words.
    pub title: fn() -> String,
    /// What it means, in a sentence or two.
    pub meaning: fn() -> String,
    /// The usual causes, the most usual first.
    pub causes: fn() -> Vec<String>,
    /// The command that shows it on Linux, macOS and Windows; empty where there is none.
    pub see: [&'static str; 3],
    /// What to do.
    pub cure: fn() -> String,
    /// The line that does it in Python, if there is one.
    pub python: &'static str,
    /// And in Rust.
    pub rust: &'static str,
    /// The experiments that show it.
    pub experiments: &'static [&'static str],
    /// A program of the toolkit that shows it, with its options.
    pub program: &'static str,
    /// The lesson that is about it.
    pub lesson: Option<u8>,
    /// Errors that may be about it, besides those that lead here first (`topics::first`).
    pub related: &'static [SocketError],
    /// What it is found by first: its own words, in both languages.
    pub words: &'static str,
    /// In what other words people ask about it; each counts half as much.
    pub wordings: &'static str,
}

/// A system, which decides about numbers and commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    /// Linux.
    Linux,
    /// macOS.
    MacOs,
    /// Windows.
    Windows,
}

impl System {
    /// All of them, as tables have them.
    pub const ALL: [Self; 3] = [Self::Linux, Self::MacOs, Self::Windows];

    /// This one; what is no other of them is told what Linux is told.
    pub fn here() -> Self {
        match std::env::consts::OS {
            "windows" => Self::Windows,
            "macos" => Self::MacOs,
            _ => Self::Linux,
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Linux => "Linux",
            Self::MacOs => "macOS",
            Self::Windows => "Windows",
        }
    }

    /// The number that it has for an error.
    pub fn number(self, error: SocketError) -> Option<i32> {
        let numbers = error.numbers();
        match self {
            Self::Linux => numbers.linux,
            Self::MacOs => numbers.macos,
            Self::Windows => numbers.windows,
        }
    }
}
