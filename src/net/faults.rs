//! A bad network on purpose: loss, duplication, reordering and delay, the same each time for the same seed.
//!
//! UDP promises nothing, but loopback and a classroom's cable hardly ever show it. [`Line`] is one direction of such a
//! network: datagrams go in, and come out when they are due, or never, or twice. It has no socket and no clock inside.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::net::event::Fault;
use crate::t;
use crate::text::typed::{parse_delay, parse_percent, parse_seed};

/// How long a datagram that is to be overtaken waits for the next one.
const HOLD: Duration = Duration::from_millis(50);

/// How many datagrams may be on the way. A router's queue is shorter; what does not fit is lost.
const MAX_ON_THE_WAY: usize = 1024;

/// What the network is to do to this program's datagrams, those it sends and those it receives.
#[derive(clap::Args, Clone, Debug, Default, PartialEq)]
pub struct BadNetwork {
    /// The share that never arrives, from 0 to 1.
    #[arg(long, value_name = "20%", default_value = "0%", value_parser = parse_percent, help_heading = heading(),
        hide_short_help = true, help = t!("Lose this share of the datagrams", "按此比例丢弃数据报"))]
    pub loss: f64,
    /// The share that arrives twice.
    #[arg(long, value_name = "10%", default_value = "0%", value_parser = parse_percent, help_heading = heading(),
        hide_short_help = true, help = t!("Deliver this share twice", "按此比例重复投递"))]
    pub duplicate: f64,
    /// The share that the next one overtakes.
    #[arg(long, value_name = "10%", default_value = "0%", value_parser = parse_percent, help_heading = heading(),
        hide_short_help = true, help = t!("Let the next one overtake this share", "按此比例乱序（后一个先到）"))]
    pub reorder: f64,
    /// How much longer each is on the way.
    #[arg(long, value_name = "50ms", value_parser = parse_delay, help_heading = heading(),
        hide_short_help = true, help = t!("Delay every datagram", "每个数据报都晚到这么久"))]
    pub delay: Option<Duration>,
    /// The same number treats the same datagrams in the same way.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = parse_seed, help_heading = heading(),
        hide_short_help = true, help = t!("The same seed loses the same ones", "种子相同，丢的就相同"))]
    pub seed: u64,
}

fn heading() -> String {
    t!("A bad network on purpose (what this program sends and receives)", "故意弄坏网络（影响本程序的收发）")
}

impl BadNetwork {
    /// Whether nothing is to be done.
    pub fn is_good(&self) -> bool {
        self.loss == 0.0 && self.duplicate == 0.0 && self.reorder == 0.0 && self.delay.is_none()
    }
}

/// A datagram on its way, or delivered.
#[derive(Clone, Debug, PartialEq)]
pub struct Passing<T> {
    /// The datagram.
    pub datagram: T,
    /// What was done to it.
    pub fault: Option<Fault>,
    due: Instant,
}

/// One direction of a bad network.
pub struct Line<T> {
    network: BadNetwork,
    random: fastrand::Rng,
    /// In the order of delivery.
    on_the_way: VecDeque<Passing<T>>,
}

impl<T: Clone> Line<T> {
    /// An empty line. `direction` tells the two of one socket apart, so that the traffic of one does not change the
    /// fate of the other's.
    pub fn new(network: &BadNetwork, direction: u64) -> Self {
        let random = fastrand::Rng::with_seed(network.seed.wrapping_mul(2).wrapping_add(direction));
        Self { network: network.clone(), random, on_the_way: VecDeque::new() }
    }

    /// Takes a datagram at `now`, and gives it back where it is lost. Each takes three random numbers whatever its
    /// fate, so that one's fate does not depend on another's.
    pub fn put(&mut self, datagram: T, now: Instant) -> Option<T> {
        let [lost, twice, overtaken] =
            [self.network.loss, self.network.duplicate, self.network.reorder].map(|share| self.random.f64() < share);
        if lost || self.on_the_way.len() >= MAX_ON_THE_WAY {
            return Some(datagram);
        }
        let due = now + self.network.delay.unwrap_or_default();
        let copy = twice.then(|| Passing { datagram: datagram.clone(), fault: Some(Fault::Duplicated), due });
        if overtaken {
            self.insert(Passing { datagram, fault: Some(Fault::Reordered), due: due + HOLD });
        } else {
            self.insert(Passing { datagram, fault: None, due });
            self.release(due);
        }
        if let Some(copy) = copy {
            self.insert(copy);
        }
        None
    }

    /// Puts something through without harm, behind what is due by `now`. What does not fit is lost all the same.
    pub fn put_unharmed(&mut self, datagram: T, now: Instant) {
        if self.on_the_way.len() < MAX_ON_THE_WAY {
            self.insert(Passing { datagram, fault: None, due: now });
        }
    }

    /// The next datagram that is due by `now`.
    pub fn take(&mut self, now: Instant) -> Option<Passing<T>> {
        if self.next_due()? > now {
            return None;
        }
        self.on_the_way.pop_front()
    }

    /// When the next datagram is due.
    pub fn next_due(&self) -> Option<Instant> {
        self.on_the_way.front().map(|passing| passing.due)
    }

    fn insert(&mut self, passing: Passing<T>) {
        let place = self.on_the_way.partition_point(|other| other.due <= passing.due);
        self.on_the_way.insert(place, passing);
    }

    /// Those that waited to be overtaken follow what was due at `due`.
    fn release(&mut self, due: Instant) {
        for passing in &mut self.on_the_way {
            if passing.fault == Some(Fault::Reordered) {
                passing.due = passing.due.min(due);
            }
        }
        self.on_the_way.make_contiguous().sort_by_key(|passing| passing.due);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What becomes of the numbers 0 to 999, one a millisecond.
    fn delivered(network: &BadNetwork) -> Vec<u32> {
        let mut line = Line::new(network, 0);
        let start = Instant::now();
        let mut out = Vec::new();
        for number in 0..1000_u32 {
            let now = start + Duration::from_millis(number.into());
            line.put(number, now);
            out.extend(std::iter::from_fn(|| line.take(now)).map(|passing| passing.datagram));
        }
        out.extend(std::iter::from_fn(|| line.take(start + Duration::from_secs(60))).map(|passing| passing.datagram));
        out
    }

    #[test]
    fn a_good_network_changes_nothing() {
        assert!(BadNetwork::default().is_good());
        assert_eq!(delivered(&BadNetwork::default()), (0..1000).collect::<Vec<_>>());
    }

    #[test]
    fn the_same_seed_loses_the_same_and_another_loses_others() {
        let network = |seed| BadNetwork { loss: 0.5, seed, ..BadNetwork::default() };
        let kept = delivered(&network(3));
        assert_eq!(kept, delivered(&network(3)));
        assert_ne!(kept, delivered(&network(4)));
        assert!((400..600).contains(&kept.len()), "{}", kept.len());
    }

    #[test]
    fn loss_decides_about_the_same_datagrams_whatever_else_is_bad() {
        let loss = BadNetwork { loss: 0.2, seed: 7, ..BadNetwork::default() };
        let all = BadNetwork { duplicate: 0.3, reorder: 0.3, delay: Some(Duration::from_millis(5)), ..loss.clone() };
        let mut kept = delivered(&all);
        kept.sort_unstable();
        kept.dedup();
        assert_eq!(kept, delivered(&loss));
    }

    #[test]
    fn duplicates_come_twice_and_reordered_ones_behind_the_next() {
        let twice = delivered(&BadNetwork { duplicate: 1.0, ..BadNetwork::default() });
        assert_eq!(&twice[..6], [0, 0, 1, 1, 2, 2]);
        let mixed = delivered(&BadNetwork { reorder: 0.1, ..BadNetwork::default() });
        assert_eq!(mixed.len(), 1000);
        let late: Vec<_> = mixed.windows(2).filter(|pair| pair[0] > pair[1]).collect();
        assert!((50..150).contains(&late.len()), "{}", late.len());
        assert!(late.iter().all(|pair| pair[0] - pair[1] <= 3), "{late:?}");
    }

    #[test]
    fn a_delayed_datagram_is_not_there_before_its_time() {
        let mut line = Line::new(&BadNetwork { delay: Some(HOLD), ..BadNetwork::default() }, 0);
        let now = Instant::now();
        line.put('x', now);
        assert_eq!(line.take(now + HOLD / 2), None);
        assert_eq!(line.take(now + HOLD).map(|passing| passing.datagram), Some('x'));
    }

    #[test]
    fn what_does_not_fit_is_lost() {
        let mut line = Line::new(&BadNetwork { delay: Some(HOLD), ..BadNetwork::default() }, 0);
        let now = Instant::now();
        let lost = (0..MAX_ON_THE_WAY + 10).filter_map(|number| line.put(number, now)).count();
        assert_eq!(lost, 10);
        (0..10).for_each(|number| line.put_unharmed(number, now));
        assert_eq!(line.on_the_way.len(), MAX_ON_THE_WAY, "nor do errors");
    }
}
