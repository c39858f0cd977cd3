//! A bad network in virtual time.

use std::time::Duration;

use fastrand::Rng;

/// A millisecond, the unit of these worlds.
pub(crate) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A second.
pub(crate) const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// What the network does to each datagram.
#[derive(Clone, Copy)]
pub(crate) struct Network {
    pub(crate) loss: f64,
    pub(crate) duplicate: f64,
    pub(crate) reorder: f64,
    /// The share of datagrams of which one bit is flipped.
    pub(crate) flip: f64,
    /// How often each is delivered.
    pub(crate) copies: usize,
    /// The longest that it takes, in bytes; others vanish, and nobody is told.
    pub(crate) largest: usize,
    /// How long each is on its way.
    pub(crate) delay: Duration,
    /// How many bytes a second it carries in each direction, and how many may wait for that; one more is dropped.
    pub(crate) rate: u32,
    pub(crate) queue: u32,
    /// When nothing gets from the server to the clients.
    pub(crate) deaf: (Duration, Duration),
    pub(crate) mutants: Mutants,
}

/// Whether each datagram is preceded by copies with one bit changed, at every byte.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mutants {
    None,
    AtEveryByte,
}

/// A network that does nothing but take a millisecond.
pub(crate) const GOOD: Network = Network {
    loss: 0.0,
    duplicate: 0.0,
    reorder: 0.0,
    flip: 0.0,
    copies: 1,
    largest: usize::MAX,
    delay: ms(1),
    rate: u32::MAX,
    queue: u32::MAX,
    deaf: (Duration::MAX, Duration::MAX),
    mutants: Mutants::None,
};

/// How much longer one is on its way that others are to overtake.
const HOLD: Duration = ms(3);

impl Network {
    /// What becomes of a datagram: how long each copy of it is on its way, and its bytes then.
    pub(crate) fn carry(&self, datagram: &[u8], random: &mut Rng) -> Vec<(Duration, Vec<u8>)> {
        let mut arrivals = Vec::new();
        if self.mutants == Mutants::AtEveryByte {
            arrivals.extend((0..datagram.len()).map(|at| (self.delay, flipped(datagram, at, random))));
        }
        for _ in 0..self.copies {
            let copies = 1 + usize::from(random.f64() < self.duplicate);
            for _ in 0..copies {
                arrivals.extend(self.carry_one(datagram, random));
            }
        }
        arrivals
    }

    fn carry_one(&self, datagram: &[u8], random: &mut Rng) -> Option<(Duration, Vec<u8>)> {
        if random.f64() < self.loss || datagram.len() > self.largest {
            return None;
        }
        let hold = if random.f64() < self.reorder { HOLD } else { Duration::ZERO };
        let flip = random.f64() < self.flip;
        let at = random.usize(..datagram.len());
        Some((self.delay + hold, if flip { flipped(datagram, at, random) } else { datagram.to_vec() }))
    }
}

/// The narrowest place of one direction, which everybody shares: what has come before goes before.
#[derive(Default)]
pub(crate) struct Bottleneck {
    /// When all that waits will be through.
    free: Duration,
}

/// What IPv4 and UDP add to a datagram.
const HEADERS: u32 = 28;

impl Bottleneck {
    /// How long a datagram of this length waits until it is through; `None` if there is no place for it.
    pub(crate) fn pass(&mut self, network: &Network, length: usize, now: Duration) -> Option<Duration> {
        let lasts = |bytes: u32| Duration::from_secs_f64(f64::from(bytes) / f64::from(network.rate));
        let bytes = u32::try_from(length).expect("a datagram") + HEADERS;
        let waits = self.free.saturating_sub(now);
        if waits + lasts(bytes) > lasts(network.queue) {
            return None;
        }
        self.free = now + waits + lasts(bytes);
        Some(self.free.saturating_sub(now))
    }
}

/// With one of the bits of one byte changed.
fn flipped(datagram: &[u8], at: usize, random: &mut Rng) -> Vec<u8> {
    let mut flipped = datagram.to_vec();
    flipped[at] ^= 1 << random.u8(..8);
    flipped
}
