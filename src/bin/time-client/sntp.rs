//! What text cannot tell: how far the two clocks are apart (SNTP, RFC 5905).
//!
//! Each side notes its own clock, when a question leaves and arrives and when the answer does: T1 to T4. The arithmetic is
//! in the library, the asking in `ask.rs`.

use std::cell::Cell;
use std::thread;
use std::time::SystemTime;

use socket_demos::terminal::screen;
use socket_demos::time::sntp::{self, Asked, Refusal, Sample};
use socket_demos::{random, t};

use crate::args::Args;
use crate::ask::until_answered;
use crate::server::Server;

/// `--samples` of them, and of those that succeed the one that the others agree with best. Without a first one there is
/// nobody to ask, and whom a server sends away asks no more.
pub(crate) fn best_sample(server: &mut Server<'_>, args: &Args) -> anyhow::Result<Sample> {
    let first = sample(server, args)?;
    let (mut samples, mut asked) = (vec![first], 1);
    for _ in 1..args.samples {
        thread::sleep(sntp::pause_between(server.address.ip()));
        asked += 1;
        match sample(server, args) {
            Ok(sample) => samples.push(sample),
            Err(error) => {
                screen::talk(&format!("{error:#}"));
                if error.downcast_ref().copied().is_some_and(Refusal::is_kiss) {
                    break;
                }
            }
        }
    }
    let failed = asked - samples.len();
    if failed > 0 {
        screen::talk(&t!("{failed} of {asked} samples failed", "问了 {asked} 次，{failed} 次没有测到"));
    }
    Ok(sntp::best(&samples).copied().unwrap_or(first))
}

/// One sample: T1 goes out with the question, T4 is taken when the answer is there.
fn sample(server: &mut Server<'_>, args: &Args) -> anyhow::Result<Sample> {
    let asked = Cell::new(None);
    let question = || {
        let random = random::bytes();
        let now = Asked::at(SystemTime::now(), random);
        asked.set(Some(now));
        Ok(now.packet().to_vec())
    };
    let read = |answer: &[u8], elapsed| {
        let asked = asked.get().ok_or(Refusal::NotOurQuestion)?;
        asked.measure(answer, SystemTime::now(), elapsed)
    };
    until_answered(server, args, question, read)
}
