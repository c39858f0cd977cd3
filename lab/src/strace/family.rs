//! Which thread belongs to which process, and who started whom: what clone(2) and fork(2) have returned.

use std::collections::HashMap;

use super::arguments;
use super::line::{Call, Line, Said};

/// Who was started by whom.
#[derive(Default)]
pub(super) struct Family(HashMap<u32, Birth>);

struct Birth {
    /// The thread that made the call.
    by: u32,
    /// In the same process.
    is_thread: bool,
}

impl Family {
    /// It is told when the call returns, which may be later than the first line of the child.
    pub(super) fn of(lines: &[Line<'_>]) -> Self {
        let (mut family, mut unfinished) = (Self::default(), HashMap::new());
        for line in lines {
            match line.said {
                Said::Call(call) => family.add(line.thread, &call),
                Said::Unfinished(begin) if starts_somebody(begin) => drop(unfinished.insert(line.thread, begin)),
                Said::Resumed(rest) => {
                    if let Some(begin) = unfinished.remove(&line.thread)
                        && let Some(call) = Call::read(&format!("{begin}{rest}"))
                    {
                        family.add(line.thread, &call);
                    }
                }
                _ => {}
            }
        }
        family
    }

    fn add(&mut self, by: u32, call: &Call<'_>) {
        let child = call.number().and_then(|number| u32::try_from(number).ok()).filter(|&number| number > 0);
        if let Some(child) = child.filter(|&child| starts_somebody(call.name) && child != by) {
            let is_thread = arguments::parts(call.arguments).iter().any(|part| part.contains("CLONE_THREAD"));
            self.0.entry(child).or_insert(Birth { by, is_thread });
        }
    }

    /// The process of a thread: the number of its first thread.
    pub(super) fn process(&self, thread: u32) -> u32 {
        let mut process = thread;
        // As many steps as there are threads: a broken file may name two that started each other.
        for _ in 0..=self.0.len() {
            match self.0.get(&process) {
                Some(Birth { by, is_thread: true }) => process = *by,
                _ => break,
            }
        }
        process
    }

    /// The process that has started this one.
    pub(super) fn parent(&self, process: u32) -> Option<u32> {
        self.0.get(&process).map(|birth| self.process(birth.by)).filter(|&parent| parent != process)
    }
}

/// Whether a call of this name, or the beginning of its line, starts a process or a thread.
pub(super) fn starts_somebody(call: &str) -> bool {
    ["clone", "fork", "vfork"].iter().any(|name| call.starts_with(name))
}
