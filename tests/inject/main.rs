//! System calls that hardly ever fail, made to fail on purpose: every program but the lab, whose own tests do it with the
//! lab. How it is done stands in `tests/common/inject`.

#[path = "../common/mod.rs"]
mod common;

/// `strace` is a program of Linux.
#[cfg(target_os = "linux")]
#[test]
fn whatever_call_fails_a_program_does_its_job_or_says_why_it_cannot() {
    use common::inject::{self, scene::SCENES};
    inject::try_all(SCENES);
}
