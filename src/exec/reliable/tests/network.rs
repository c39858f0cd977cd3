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

/// With one of the bits of one byte changed.
fn flipped(datagram: &[u8], at: usize, random: &mut Rng) -> Vec<u8> {
    let mut flipped = datagram.to_vec();
    flipped[at] ^= 1 << random.u8(..8);
    flipped
}
