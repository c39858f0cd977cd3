//! What `strace(1)` has written, read as the calls of our own traces: so any program in any language can be drawn.
//!
//! It takes what there is: with and without `-f`, `-ff`, `-t`, `-tt`, `-ttt`, `-r`, `-T`, `-y`, `-yy`, `-x`, `-xx`, in one file
//! or a file for each thread. What a line leaves out (the address of a socket, which thread belongs to which process) is
//! taken from other lines, where those tell.
//!
//! # Layout
//! - `line`: a line into who, when, and what; `arguments`: the parts between the parentheses
//! - `calls`: what a call of a socket says
//! - `tables`: who has which socket under which number; `sockets`: what a call does to one; `events`: what comes of it
//! - `pairs`: the addresses that nobody told
//! - `family`: which thread belongs to which process, and who started whom

mod arguments;
mod calls;
mod events;
mod family;
mod line;
mod pairs;
mod sockets;
mod tables;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use socket_demos::net::event::Event;

pub use self::pairs::tell_callers;

use self::family::Family;
use self::line::{Line, Said};
use self::tables::Tables;

/// One file of strace's: its lines, and the number of the thread whose lines they are, where its name tells (`-ff`).
pub struct File<'a> {
    /// The lines, without what ends them.
    pub lines: Vec<&'a str>,
    /// Whose lines they are, where they do not say so.
    pub thread: Option<u32>,
}

/// Whether a line looks like one of strace's.
pub fn is_line(line: &str) -> bool {
    Line::read(line).is_some_and(|line| !matches!(line.said, Said::Other))
}

/// What came of reading.
pub struct Read {
    /// The calls on sockets, in the order in which they returned.
    pub events: Vec<Event>,
    /// How many lines were none of strace's: what the program itself has printed, or half a line.
    pub strange: usize,
}

/// The calls of several files that were written together, `-ff`, or of one.
pub fn read(files: &[File<'_>]) -> Read {
    let (lines, strange) = in_order(files);
    let family = Family::of(&lines);
    let mut tables = Tables::new(&family);
    let mut unfinished: HashMap<u32, &str> = HashMap::new();
    for line in &lines {
        match line.said {
            Said::Unfinished(begin) => {
                unfinished.insert(line.thread, begin);
                tables.hears(line.thread);
            }
            Said::Resumed(rest) => {
                let whole = unfinished.remove(&line.thread).map(|begin| format!("{begin}{rest}"));
                if let Some(call) = whole.as_deref().and_then(line::Call::read) {
                    tables.returns(line, &call);
                }
            }
            Said::Call(call) => tables.returns(line, &call),
            Said::Ended => tables.ends(line),
            Said::Other => {}
        }
    }
    let mut events = tables.events();
    pairs::tell_ends_apart(&mut events);
    Read { events, strange }
}

/// All lines in one order: that of the file, or of their clocks where there are several files.
fn in_order<'a>(files: &[File<'a>]) -> (Vec<Line<'a>>, usize) {
    let (mut all, mut strange) = (Vec::new(), 0);
    for file in files {
        let (mut clock, begin) = (line::Clock::default(), all.len());
        for text in &file.lines {
            match Line::read(text) {
                None => strange += usize::from(!text.trim().is_empty()),
                Some(mut line) => {
                    line.thread = if line.thread == 0 { file.thread.unwrap_or(0) } else { line.thread };
                    line.time = clock.of(&line);
                    if let Some(before) = all[begin..].last_mut().filter(|before: &&mut Line<'_>| before.has_waited()) {
                        before.time = line.time;
                    }
                    line.time += line.lasted();
                    all.push(line);
                }
            }
        }
    }
    if files.len() > 1 {
        all.sort_by_key(|line| line.time);
    }
    (all, strange)
}
