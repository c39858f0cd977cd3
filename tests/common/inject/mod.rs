//! System calls that hardly ever fail, made to fail on purpose: `strace -e inject` gives each program one error at a
//! chosen call. Whatever fails, a program either does its job all the same or ends with one line that says why; and a
//! server that goes on serves the next client.
//!
//! `cargo test whatever_call_fails` tries a part of the matrix, `INJECT=all cargo test whatever_call_fails` every error at
//! the first and at the third call of every kind, for every program. What was not hit is told, and counts as nothing.

pub mod scene;
mod strace;
mod verdict;

use std::collections::BTreeMap;
use std::io::Write as _;

use crate::common::exec::Place;
use crate::common::matrix::{each, whole};
use crate::common::{have, not_run};
use scene::Scene;
use strace::{CALLS, ERRORS, Fault};
use verdict::Verdict;

/// Programs at work at a time: most of the time of most of them goes by with waiting.
const AT_ONCE: usize = 4;

/// Which calls of a thread fail: the first, and one in the middle of the work.
const WHICH: [usize; 2] = [1, 3];

struct Cell {
    scene: &'static Scene,
    fault: Fault,
}

/// Tries the scenes with every fault of the part, or of all of the matrix.
pub fn try_all(scenes: &'static [Scene]) {
    if !have("strace") {
        return;
    }
    let place = Place::new();
    if let Err(why) = strace::may_trace(&place) {
        return not_run(&why);
    }
    let made = each(AT_ONCE, &scenes.iter().collect::<Vec<_>>(), |scene| verdict::calls_of(scene, &place));
    let mut cells = Vec::new();
    let mut out_of_reach = BTreeMap::new();
    for (scene, made) in scenes.iter().zip(made) {
        let mut turn = 0;
        for (call, which) in CALLS.iter().flat_map(|call| WHICH.map(|which| (call, which))) {
            if made.count(call) < which {
                out_of_reach.entry((scene.name, which)).or_insert_with(String::new).extend([" ", call]);
                continue;
            }
            turn += 1;
            for (number, error) in ERRORS.iter().enumerate() {
                if whole("INJECT") || (which == 1 && number == turn % ERRORS.len()) {
                    let before = made.before_main(call);
                    cells.push(Cell { scene, fault: Fault { call, error, which, before } });
                }
            }
        }
    }
    let verdicts =
        each(AT_ONCE, &cells.iter().collect::<Vec<_>>(), |cell| verdict::of(cell.scene, &cell.fault, &place));
    report(&cells, &verdicts, &out_of_reach);
}

/// Tells how many cells were hit, and fails with those that went wrong.
fn report(cells: &[Cell], verdicts: &[Verdict], out_of_reach: &BTreeMap<(&str, usize), String>) {
    let (mut served, mut said, mut not_hit, mut wrong) = (0, 0, Vec::new(), Vec::new());
    for (cell, verdict) in cells.iter().zip(verdicts) {
        let name = format!("{}: {}", cell.scene.name, cell.fault);
        match verdict {
            Verdict::Served => served += 1,
            Verdict::Said => said += 1,
            Verdict::NotHit => not_hit.push(format!("not hit: {name}")),
            Verdict::Wrong(why) => wrong.push(format!("{name}: {why}")),
        }
    }
    let mut lines = vec![format!(
        "{} cells: {served} served, {said} ended with a line, {} not hit, {} wrong",
        cells.len(),
        not_hit.len(),
        wrong.len()
    )];
    lines.extend(not_hit.iter().cloned());
    if whole("INJECT") {
        let rarely = |((scene, which), calls): (&(&str, usize), _)| format!("{scene}: no call {which} of:{calls}");
        lines.extend(out_of_reach.iter().map(rarely));
    }
    // Past the test harness, which keeps what a passing test prints to itself.
    let lines: String = lines.iter().flat_map(|line| ["INJECT: ", line, "\n"]).collect();
    std::io::stderr().write_all(lines.as_bytes()).unwrap();
    assert!(wrong.is_empty(), "{} of {} cells went wrong:\n{}", wrong.len(), cells.len(), wrong.join("\n"));
    assert!(not_hit.len() * 10 < cells.len(), "too many cells were not hit");
}
