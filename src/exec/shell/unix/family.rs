//! Who belongs to whom, from `/proc/*/stat` (proc(5)). Where that cannot be read, those who have left the group are not
//! found, and nobody counts as gone.

use std::collections::HashSet;
use std::io;
use std::os::fd::OwnedFd;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

struct Process {
    id: i32,
    parent: i32,
    group: i32,
    dead: bool,
}

/// Every process that may be seen; an error where the list would have gaps.
fn all() -> io::Result<Vec<Process>> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir("/proc")? {
        let Some(id) = entry?.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else { continue };
        match std::fs::read_to_string(format!("/proc/{id}/stat")) {
            Ok(stat) => all.extend(parse(id, &stat)),
            // It has ended meanwhile, or is another user's (`hidepid`).
            Err(error) if has_ended(&error) || error.kind() == io::ErrorKind::PermissionDenied => {}
            Err(error) => return Err(error),
        }
    }
    Ok(all)
}

fn has_ended(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(rustix::io::Errno::SRCH.raw_os_error())
}

/// `7 (name) S 1 7 …`: the name may hold anything, so what counts begins behind the last parenthesis.
fn parse(id: i32, stat: &str) -> Option<Process> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    let parent = fields.next()?.parse().ok()?;
    let group = fields.next()?.parse().ok()?;
    Some(Process { id, parent, group, dead: matches!(state, "Z" | "X") })
}

/// A process outside of the group, held so that its number cannot become another's (pidfd_open(2)).
pub(super) struct Stray(i32, OwnedFd);

impl Stray {
    /// It fails for one that has ended, which is what is wanted.
    pub(super) fn signal(&self, signal: Signal) {
        let _ = pidfd_send_signal(&self.1, signal);
    }

    pub(super) fn is_gone(&self) -> bool {
        let mut fds = [PollFd::new(&self.1, PollFlags::IN)];
        poll(&mut fds, Some(&Timespec::default())).is_ok_and(|ready| ready > 0)
    }
}

/// Finds those that descend from the leader and have left its group.
pub(super) fn add_strays(leader: Pid, known: &mut Vec<Stray>) {
    let leader = leader.as_raw_nonzero().get();
    let all = all().unwrap_or_default();
    let mut family = HashSet::from([leader]);
    family.extend(known.iter().map(|stray| stray.0));
    // A child may stand before its parent in the list.
    loop {
        let size = family.len();
        family.extend(all.iter().filter(|p| family.contains(&p.parent)).map(|p| p.id).collect::<Vec<_>>());
        if family.len() == size {
            break;
        }
    }
    let strays = all.iter().filter(|p| family.contains(&p.id) && p.group != leader && !p.dead);
    for stray in strays {
        if known.iter().any(|known| known.0 == stray.id) {
            continue;
        }
        let held = Pid::from_raw(stray.id).map(|id| pidfd_open(id, PidfdFlags::empty()));
        // One that has just ended needs nothing; without this call (before Linux 5.3) it is not followed.
        known.extend(held.and_then(Result::ok).map(|held| Stray(stray.id, held)));
    }
}

/// Whether the group has nobody left but the dead. The leader is among them until it is waited for: a list without it
/// tells nothing.
pub(super) fn is_gone(leader: Pid) -> bool {
    let number = leader.as_raw_nonzero().get();
    let Ok(mut group) = all() else { return false };
    group.retain(|process| process.group == number);
    group.iter().any(|process| process.id == number) && group.iter().all(|process| process.dead)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_and_spaces_confuses_nothing() {
        let process = parse(7, "7 (a) S 9 (b c)) Z 3 5 5 0 -1").unwrap();
        assert_eq!((process.id, process.parent, process.group, process.dead), (7, 3, 5, true));
    }
}
