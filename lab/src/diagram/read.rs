//! Files of different kinds as calls: our own traces, what `strace(1)` wrote. Their content tells which is which.
//!
//! A file that ends in the middle of a line, that still grows, or that has a strange line in it, gives what it has, and a word
//! about the rest.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use socket_demos::net::event::Event;
use socket_demos::{errors, t, text};

use crate::strace;

/// The most that is read of a file, in bytes: what has no end is no trace.
const MAX_FILE: u64 = 512 * 1024 * 1024;

/// The longest line at the beginning of a trace, in bytes: many times what a call with its bytes takes.
const MAX_LINE: u64 = 1024 * 1024;

/// How many lines at the beginning may be none of strace's: what the program itself has printed.
const LINES_TO_JUDGE: usize = 200;

/// The calls of each file, in the order of its lines, and what must be said about the files.
#[derive(Debug, Default)]
pub struct Traces {
    /// The calls. What was written together by one clock is one.
    pub files: Vec<Vec<Event>>,
    /// Lines that could not be read.
    pub notes: Vec<String>,
}

/// The calls in several files.
///
/// # Errors
/// A sentence with the file's name: it cannot be read, or there is no line of a trace in it.
pub fn read<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Result<Traces, String> {
    let mut traces = Traces::default();
    let texts = paths.into_iter().map(|path| Ok((path, whole(path)?))).collect::<Result<Vec<_>, String>>()?;
    let mut together: Vec<(&Path, Vec<strace::File<'_>>)> = Vec::new();
    for (path, text) in &texts {
        match kind(text) {
            Kind::Strace => {
                let thread = thread_of(path);
                let file = strace::File { lines: text.lines().collect(), thread };
                let of = together.iter_mut().find(|(first, _)| thread.is_some() && siblings(first, path));
                match of {
                    Some((_, files)) => files.push(file),
                    None => together.push((path, vec![file])),
                }
            }
            Kind::Own => traces.read_own(path, text)?,
        }
    }
    for (path, files) in together {
        let read = strace::read(&files);
        traces.note(path, read.strange);
        traces.files.push(read.events);
    }
    strace::tell_callers(&mut traces.files);
    Ok(traces)
}

impl Traces {
    /// JSON lines, as `--trace-file` writes them.
    fn read_own(&mut self, path: &Path, text: &str) -> Result<(), String> {
        let (mut events, mut strange) = (Vec::new(), Vec::new());
        for (number, line) in (1_usize..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
            match serde_json::from_str(line) {
                Ok(event) => events.push(event),
                Err(_) => strange.push(number),
            }
        }
        if let (true, Some(number)) = (events.is_empty(), strange.first()) {
            let shown = text::path(path);
            return Err(t!(
                "{shown}, line {number}: this is no line of a trace, as --trace-file or strace writes it",
                "{shown} 第 {number} 行：不是 --trace-file 或 strace 写出的跟踪记录"
            ));
        }
        self.note(path, strange.len());
        self.files.push(events);
        Ok(())
    }

    fn note(&mut self, path: &Path, strange: usize) {
        if strange > 0 {
            let shown = text::path(path);
            self.notes.push(t!(
                "{shown}: {strange} lines are none of a trace, or cut; they are left out",
                "{shown}：有 {strange} 行不是跟踪记录，或者被截断，已略去"
            ));
        }
    }
}

enum Kind {
    Own,
    Strace,
}

fn kind(text: &str) -> Kind {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty()).take(LINES_TO_JUDGE);
    let first = lines.clone().next().unwrap_or_default();
    if !first.trim_start().starts_with('{') && lines.any(strace::is_line) { Kind::Strace } else { Kind::Own }
}

/// A file as text, without a byte order mark.
fn whole(path: &Path) -> Result<String, String> {
    let shown = text::path(path);
    let cannot = |error: io::Error| {
        let why = errors::reason(&error);
        t!("cannot read {shown}: {why}", "无法读取 {shown}：{why}")
    };
    let mut bytes = Vec::new();
    let mut file = File::open(path).map_err(cannot)?.take(MAX_LINE);
    file.read_to_end(&mut bytes).map_err(cannot)?;
    if bytes.contains(&b'\n') {
        file.set_limit(MAX_FILE);
        file.read_to_end(&mut bytes).map_err(cannot)?;
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    Ok(String::from_utf8_lossy(bytes).into_owned())
}

/// With `-ff` each thread has a file of its own, whose name ends with its number.
fn thread_of(path: &Path) -> Option<u32> {
    path.extension()?.to_str()?.parse().ok()
}

fn siblings(one: &Path, other: &Path) -> bool {
    one.with_extension("") == other.with_extension("") && thread_of(one).is_some()
}
