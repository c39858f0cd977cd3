//! What `accept` and `recvfrom` may fail with, and room for many clients: a server goes on.

use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

use crate::{errors, t};

/// How long a server without descriptors or memory waits before it tries again: `accept` and `recvfrom` would fail at
/// once for ever, at a million times a second.
const PAUSE: Duration = Duration::from_millis(100);

/// How often the same failure is told.
const TELL_EVERY: Duration = Duration::from_secs(10);

/// Descriptors besides the clients': standard streams, listener, trace, and some who are sent away. A flood of those runs
/// out of them, and then `accept` waits until they have gone.
#[cfg(unix)]
const RESERVED_DESCRIPTORS: usize = 16;

/// How a server goes on when `accept` or `recvfrom` fails.
#[derive(Default)]
pub struct Backoff {
    told: Option<Instant>,
}

impl Backoff {
    /// Waits after a server's call that failed, and tells it.
    pub fn after(&mut self, error: &io::Error, tell: impl FnOnce(String)) {
        if let Some(why) = self.pause(error) {
            tell(t!("cannot serve for now, the next client waits: {why}", "暂时无法服务，后来的客户端要等一等：{why}"));
        }
    }

    /// Waits after a client's `recv` that failed, and tells it.
    pub fn after_recv(&mut self, error: &io::Error, tell: impl FnOnce(String)) {
        if let Some(why) = self.pause(error) {
            tell(t!("cannot receive for now, trying again: {why}", "暂时收不到数据，接着再试：{why}"));
        }
    }

    /// A connection that its client gave up needs nothing, all else needs patience, since it may fail again at once. It
    /// is told once, then every ten seconds at most.
    fn pause(&mut self, error: &io::Error) -> Option<String> {
        use ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
        if matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted) {
            return None;
        }
        std::thread::sleep(PAUSE);
        if self.told.is_some_and(|told| told.elapsed() < TELL_EVERY) {
            return None;
        }
        self.told = Some(Instant::now());
        Some(errors::reason_at_once(error))
    }
}

/// Whether the system lacks what the end of another connection may give back: descriptors, threads, memory.
pub fn is_lack_of_room(error: &io::Error) -> bool {
    #[cfg(unix)]
    {
        use rustix::io::Errno;
        let lacks = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM, Errno::AGAIN];
        Errno::from_io_error(error).is_some_and(|errno| lacks.contains(&errno))
    }
    // WSAEMFILE and WSAENOBUFS (Windows Sockets error codes), and ERROR_NOT_ENOUGH_MEMORY for a thread.
    #[cfg(windows)]
    matches!(error.raw_os_error(), Some(10024 | 10055 | 8))
}

/// Raises this process's soft limit of descriptors as far as `clients` need it and the hard limit lets it, and gives
/// the number of clients there is room for.
#[cfg(unix)]
pub fn make_room_for(clients: usize) -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let wanted = (clients + RESERVED_DESCRIPTORS) as u64;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let Some(soft) = current.filter(|&soft| soft < wanted) else { return clients };
    let raised = maximum.map_or(wanted, |hard| wanted.min(hard));
    let limit = setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum }).map_or(soft, |()| raised);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    limit.saturating_sub(RESERVED_DESCRIPTORS).clamp(1, clients)
}

/// Windows has no such limit.
#[cfg(windows)]
pub fn make_room_for(clients: usize) -> usize {
    clients
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_speaks_of_receiving_and_a_server_of_its_clients() {
        let error = io::Error::other("no memory");
        let (mut told, mut of_server) = (Vec::new(), String::new());
        Backoff::default().after(&error, |notice| of_server = notice);
        assert!(of_server.contains("the next client waits: no memory"), "{of_server}");
        let mut client = Backoff::default();
        for _ in 0..2 {
            client.after_recv(&error, |notice| told.push(notice));
        }
        assert_eq!(told, ["cannot receive for now, trying again: no memory"], "told once");
    }
}
