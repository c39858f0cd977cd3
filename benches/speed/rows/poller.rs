//! Waits for many sockets at once.

use std::os::fd::AsFd;
use std::time::Instant;

use anyhow::{Result, bail};
use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};

use super::DEADLINE;

/// How many sockets that are ready one call tells of: a whole room.
const READY_AT_ONCE: usize = 256;

/// Sockets, each by a number that its owner has given it.
pub(super) struct Poller {
    epoll: Epoll,
    ready: [EpollEvent; READY_AT_ONCE],
}

impl Poller {
    pub(super) fn new() -> Result<Self> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        Ok(Self { epoll, ready: [EpollEvent::empty(); READY_AT_ONCE] })
    }

    /// Watches `socket`, for as long as it is open, for text that has come.
    pub(super) fn add_reader(&self, socket: impl AsFd, number: usize) -> Result<()> {
        self.add(socket, EpollFlags::EPOLLIN, number)
    }

    /// Watches `socket` for the end of a connect that was begun: writable, once.
    pub(super) fn add_connecting(&self, socket: impl AsFd, number: usize) -> Result<()> {
        self.add(socket, EpollFlags::EPOLLOUT | EpollFlags::EPOLLONESHOT, number)
    }

    fn add(&self, socket: impl AsFd, flags: EpollFlags, number: usize) -> Result<()> {
        Ok(self.epoll.add(socket, EpollEvent::new(flags, u64::try_from(number)?))?)
    }

    /// The numbers of those that are ready, one at least. An error if that takes until the deadline of something that
    /// was `started` then.
    pub(super) fn wait(&mut self, started: Instant) -> Result<impl Iterator<Item = usize>> {
        loop {
            let left = DEADLINE.saturating_sub(started.elapsed());
            match self.epoll.wait(&mut self.ready, EpollTimeout::try_from(left)?) {
                Ok(0) => bail!("nothing more came within {DEADLINE:?}"),
                Ok(count) => return Ok(self.ready[..count].iter().filter_map(|event| event.data().try_into().ok())),
                // A debugger has looked in.
                Err(Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}
