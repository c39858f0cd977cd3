//! System calls that hardly ever fail, made to fail on purpose: every program but the lab, whose own tests do it with the
//! lab. How it is done stands in `tests/common/inject`. `strace` is a program of Linux, so elsewhere there is nothing here.
#![cfg(target_os = "linux")]

#[path = "../common/mod.rs"]
mod common;

use common::inject::{self, scene::SCENES};

#[test]
fn whatever_call_fails_a_program_does_its_job_or_says_why_it_cannot() {
    inject::try_all(SCENES);
}
