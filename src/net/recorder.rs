//! Where the events of a trace go: standard error, a file, whoever asks for them, a watcher.

use std::fs::File;
use std::io::Write as _;
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex, OnceLock};

use super::event::{Event, Watcher};
use super::in_progress::InProgress;
use crate::lock::lock;
use crate::terminal::screen;
use crate::{errors, t};

/// Where the calls of a program are told.
#[derive(Default)]
pub(super) struct Recorder {
    pub(super) sockets: AtomicU32,
    pub(super) outlet: Arc<Outlet>,
    pub(super) in_progress: InProgress,
    /// Kept for whoever asks: the lab's verdicts, the tests.
    pub(super) kept: Option<Mutex<Vec<Event>>>,
    pub(super) watcher: Option<Arc<dyn Watcher>>,
}

/// Where events are written.
#[derive(Default)]
pub(super) struct Outlet {
    pub(super) to_stderr: bool,
    pub(super) file: Option<Mutex<File>>,
    pub(super) file_failed: OnceLock<()>,
}

impl Recorder {
    pub(super) fn record(&self, event: Event) {
        self.outlet.write(&event);
        if let Some(watcher) = &self.watcher {
            watcher.after(&event);
        }
        if let Some(kept) = &self.kept {
            lock(kept).push(event);
        }
    }
}

impl Outlet {
    fn write(&self, event: &Event) {
        if self.to_stderr {
            screen::talk(&event.to_string());
        }
        if let Some(file) = &self.file {
            self.write_to(file, event);
        }
    }

    /// One write a line, since programs get killed.
    fn write_to(&self, file: &Mutex<File>, event: &Event) {
        let mut line = serde_json::to_vec(event).expect("an event has only strings and numbers");
        line.push(b'\n');
        if let Err(error) = lock(file).write_all(&line) {
            let why = errors::reason(&error);
            self.file_failed
                .get_or_init(|| screen::talk(&t!("the trace file has gaps: {why}", "跟踪文件不完整：{why}")));
        }
    }
}
