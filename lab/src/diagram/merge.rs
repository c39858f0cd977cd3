//! One order of all calls: each program's own, no receive before its send, and the clocks where both leave it open.

use std::collections::{HashMap, VecDeque};

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
    let mut waits = vec![Vec::new(); traces.calls.len()];
    for link in links {
        waits[link.to].push(link.from);
    }
    let mut lanes = vec![VecDeque::new(); traces.lanes.len()];
    for (index, call) in traces.calls.iter().enumerate() {
        lanes[call.lane].push_back(index);
    }
    let clock = |call: usize| time(traces, call) - clocks[traces.lanes[traces.calls[call].lane].file];
    let mut placed = vec![false; traces.calls.len()];
    let mut order = Vec::with_capacity(placed.len());
    loop {
        for lane in &mut lanes {
            while lane.front().is_some_and(|&call| placed[call]) {
                lane.pop_front();
            }
        }
        let heads: Vec<usize> = lanes.iter().filter_map(|lane| lane.front().copied()).collect();
        let ready = heads.iter().copied().filter(|&call| waits[call].iter().all(|&before| placed[before]));
        let next = ready.min_by_key(|&call| clock(call));
        let Some(next) = next.or_else(|| first_awaited(traces, &heads, &waits, &placed)) else { return order };
        placed[next] = true;
        order.push(next);
    }
}

/// Threads write their calls down when they return, so a send may stand behind the answer to it: then it comes first.
/// Where several could, it is the one that would have to be written down least late.
fn first_awaited(traces: &Traces, heads: &[usize], waits: &[Vec<usize>], placed: &[bool]) -> Option<usize> {
    let awaited = heads.iter().flat_map(|&head| waits[head].iter().copied()).filter(|&before| !placed[before]);
    let late = |&call: &usize| {
        let head = heads.iter().find(|&&head| traces.calls[head].lane == traces.calls[call].lane);
        head.map(|&head| time(traces, call) - time(traces, head))
    };
    awaited.min_by_key(late)
}
