//! What a server of commands logs: who ran what, and how it ended.

use std::net::SocketAddr;
use std::time::Instant;

use crate::exec::protocol::Outcome;
use crate::t;
use crate::terminal::log::log;
use crate::text::escape_line;

/// A command in the log whose end is still to come.
#[must_use]
pub struct Entry {
    peer: SocketAddr,
    since: Instant,
}

/// Logs that `peer` has a command run.
pub fn runs(peer: SocketAddr, command: &[u8]) -> Entry {
    let command = String::from_utf8_lossy(command);
    let command = escape_line(&command);
    log(t!("{peer} runs: {command}", "{peer} 执行：{command}"));
    Entry { peer, since: Instant::now() }
}

impl Entry {
    /// Logs how the command ended, and after what time.
    pub fn ended(self, outcome: Outcome) {
        let (peer, seconds) = (self.peer, self.since.elapsed().as_secs_f32());
        log(t!("{peer}: {outcome}, {seconds:.3} s", "{peer}：{outcome}，{seconds:.3} 秒"));
    }
}
