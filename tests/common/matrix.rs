//! Many runs of the same kind: some at a time, and those that take long only where somebody has asked for them.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Mutex;
use std::thread;

/// Does `work` for each of `all`, so many at a time; the results are in their order.
pub fn each<T: Copy + Send + Sync, R: Send>(at_once: usize, all: &[T], work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let next = Mutex::new(all.iter().enumerate());
    let results = Mutex::new(BTreeMap::new());
    thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                loop {
                    let Some((number, one)) = next.lock().unwrap().next() else { return };
                    let result = work(*one);
                    results.lock().unwrap().insert(number, result);
                }
            });
        }
    });
    results.into_inner().unwrap().into_values().collect()
}

/// Whether all of a matrix is asked for (`.ci/nightly`): `variable` is `all`.
pub fn whole(variable: &str) -> bool {
    std::env::var(variable).is_ok_and(|which| which == "all")
}

/// Whether there is time for what takes long (`.ci/nightly`).
pub fn has_time() -> bool {
    std::env::var_os("FLOOD").is_some()
}

/// Says that a test has not run because it takes long, and which setting has it run.
pub fn wants_time(setting: &str) {
    says_not_run(&format!("it takes half a minute or more; set {setting}"));
}

/// Says it past the test harness, which keeps what a passing test prints to itself.
pub(super) fn says_not_run(why: &str) {
    let test = thread::current().name().unwrap_or("a test").to_string();
    std::io::stderr().write_all(format!("NOT RUN: {test}: {why}\n").as_bytes()).unwrap();
}
