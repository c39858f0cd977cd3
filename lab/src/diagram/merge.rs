//! One order of all calls: each program's own, no receive before its send, and the clocks where both leave it open.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};

use super::links::Link;
use super::sockets::Traces;

/// How far the clock of each file is ahead of the first one's, in nanoseconds.
pub(super) fn clocks(traces: &Traces, links: &[Link]) -> Vec<i128> {
    let file = |call: usize| traces.lanes[traces.calls[call].lane].file;
    let mut bounds: HashMap<(usize, usize), i128> = HashMap::new();
    for link in links.iter().filter(|link| file(link.from) != file(link.to)) {
        let later = time(traces, link.to) - time(traces, link.from);
        let least = bounds.entry((file(link.from), file(link.to))).or_insert(later);
        *least = later.min(*least);
    }
    let files = traces.lanes.iter().map(|lane| lane.file + 1).max().unwrap_or(0);
    let mut ahead: Vec<Option<i128>> = vec![None; files];
    for first in 0..files {
        let mut known = VecDeque::new();
        if ahead[first].is_none() {
            ahead[first] = Some(0);
            known.push_back(first);
        }
        while let Some(here) = known.pop_front() {
            for there in 0..files {
                if let (None, Some(more)) = (ahead[there], difference(&bounds, here, there)) {
                    ahead[there] = ahead[here].map(|here| here + more);
                    known.push_back(there);
                }
            }
        }
    }
    ahead.into_iter().map(Option::unwrap_or_default).collect()
}

/// How far the clock `there` is ahead of the one `here`. A message is on its way for 0 or more: each direction gives a
/// bound. Clocks that may be the same are taken for the same.
fn difference(bounds: &HashMap<(usize, usize), i128>, here: usize, there: usize) -> Option<i128> {
    let most = bounds.get(&(here, there)).copied();
    let least = bounds.get(&(there, here)).map(|back| -back);
    match (least, most) {
        (None, None) => None,
        (Some(least), Some(most)) if least > 0 || most < 0 => Some(i128::midpoint(least, most)),
        (Some(least), None) => Some(least.max(0)),
        (None, Some(most)) => Some(most.min(0)),
        (Some(_), Some(_)) => Some(0),
    }
}

fn time(traces: &Traces, call: usize) -> i128 {
    traces.calls[call].event.time.as_nanosecond()
}

/// The calls in one order.
pub(super) fn order(traces: &Traces, links: &[Link], clocks: &[i128]) -> Vec<usize> {
    Merge::of(traces, links, clocks).order()
}

/// The calls while they are put in order.
struct Merge<'a> {
    traces: &'a Traces,
    clocks: &'a [i128],
    /// The calls that must come before each call, and how many of them are missing.
    waits: Vec<Vec<usize>>,
    missing: Vec<usize>,
    /// The calls that wait for each call.
    awaited_by: Vec<Vec<usize>>,
    /// What is left of each lane; its head comes next.
    lanes: Vec<VecDeque<usize>>,
    /// The heads that wait for nothing, the one with the earliest clock first, then the one in the first lane.
    ready: BinaryHeap<Reverse<(i128, usize, usize)>>,
    placed: Vec<bool>,
}

impl<'a> Merge<'a> {
    fn of(traces: &'a Traces, links: &[Link], clocks: &'a [i128]) -> Self {
        let count = traces.calls.len();
        let (mut waits, mut awaited_by) = (vec![Vec::new(); count], vec![Vec::new(); count]);
        for link in links {
            waits[link.to].push(link.from);
            awaited_by[link.from].push(link.to);
        }
        let mut lanes = vec![VecDeque::new(); traces.lanes.len()];
        for (index, call) in traces.calls.iter().enumerate() {
            lanes[call.lane].push_back(index);
        }
        let (missing, placed) = (waits.iter().map(Vec::len).collect(), vec![false; count]);
        let mut merge = Self { traces, clocks, waits, missing, awaited_by, lanes, ready: BinaryHeap::new(), placed };
        for lane in 0..merge.lanes.len() {
            merge.offer_head(lane);
        }
        merge
    }

    fn order(mut self) -> Vec<usize> {
        let mut order = Vec::with_capacity(self.placed.len());
        while let Some(next) = self.next() {
            self.placed[next] = true;
            order.push(next);
            for waiting in std::mem::take(&mut self.awaited_by[next]) {
                self.missing[waiting] -= 1;
                let lane = self.traces.calls[waiting].lane;
                if self.missing[waiting] == 0 && self.lanes[lane].front() == Some(&waiting) {
                    self.offer(waiting);
                }
            }
            self.offer_next(self.traces.calls[next].lane);
        }
        order
    }

    fn next(&mut self) -> Option<usize> {
        while let Some(Reverse((_, _, call))) = self.ready.pop() {
            if !self.placed[call] {
                return Some(call);
            }
        }
        let heads: Vec<usize> = self.lanes.iter().filter_map(|lane| lane.front().copied()).collect();
        first_awaited(self.traces, &heads, &self.waits, &self.placed)
    }

    /// Drops what is placed from the beginning of a lane, and offers what comes next there.
    fn offer_next(&mut self, lane: usize) {
        let before = self.lanes[lane].front().copied();
        while self.lanes[lane].front().is_some_and(|&call| self.placed[call]) {
            self.lanes[lane].pop_front();
        }
        if self.lanes[lane].front().copied() != before {
            self.offer_head(lane);
        }
    }

    fn offer_head(&mut self, lane: usize) {
        if let Some(&head) = self.lanes[lane].front().filter(|&&head| self.missing[head] == 0) {
            self.offer(head);
        }
    }

    fn offer(&mut self, call: usize) {
        let lane = self.traces.calls[call].lane;
        let clock = time(self.traces, call) - self.clocks[self.traces.lanes[lane].file];
        self.ready.push(Reverse((clock, lane, call)));
    }
}

/// Threads write their calls down when they return, so a send may stand behind the answer to it: then it comes first.
/// Where several could, it is the one that would have to be written down least late.
fn first_awaited(traces: &Traces, heads: &[usize], waits: &[Vec<usize>], placed: &[bool]) -> Option<usize> {
    let awaited = heads.iter().flat_map(|&head| waits[head].iter().copied()).filter(|&before| !placed[before]);
    let heads: HashMap<usize, usize> = heads.iter().map(|&head| (traces.calls[head].lane, head)).collect();
    let late = |&call: &usize| heads.get(&traces.calls[call].lane).map(|&head| time(traces, call) - time(traces, head));
    awaited.min_by_key(late)
}
