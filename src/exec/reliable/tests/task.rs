//! What people have run, and what they have of it.

use std::time::Duration;

use super::super::Event;
use crate::exec::protocol::Outcome;
use crate::terminal::screen::Output;

/// A command, as the simulated shell understands it: it runs for some time, writes, and ends with its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Task {
    pub(crate) number: u32,
    pub(crate) millis: u64,
    /// So many bytes to standard output and a tenth of them to standard error.
    pub(crate) bytes: usize,
    /// How long its own text is, at least.
    pub(crate) command: usize,
}

impl Task {
    pub(crate) fn text(self) -> String {
        let Self { number, millis, bytes, command } = self;
        format!("{number} {millis} {bytes} {command:0command$}")
    }

    pub(crate) fn read(command: &[u8]) -> Self {
        let text = std::str::from_utf8(command).expect("a command");
        let numbers: Vec<u64> = text.split(' ').map(|word| word.parse().expect("a number")).collect();
        Self { number: numbers[0] as u32, millis: numbers[1], bytes: numbers[2] as usize, command: numbers[3] as usize }
    }

    /// What it writes: bytes that tell their place, so that none can be missing or stand elsewhere.
    pub(crate) fn output(self, output: Output) -> Vec<u8> {
        let (length, salt) = if output == Output::Out { (self.bytes, 0) } else { (self.bytes / 10, 0x55) };
        (0..length).map(|at| (at ^ at >> 8 ^ self.number as usize ^ salt) as u8).collect()
    }
}

/// What a client has of its command.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Report {
    pub(crate) task: Task,
    pub(crate) out: Vec<u8>,
    pub(crate) err: Vec<u8>,
    pub(crate) end: Event,
    pub(crate) at: Duration,
}

impl Report {
    pub(crate) fn is_exact(&self) -> bool {
        self.end == Event::Ended(Outcome::Exited(self.task.number))
            && self.out == self.task.output(Output::Out)
            && self.err == self.task.output(Output::Err)
    }
}
