//! System calls of the lab, made to fail on purpose, as `tests/inject` does it with the other programs.

use crate::common::LAB;
use crate::common::inject::scene::{Peer, Role, Scene};

#[rustfmt::skip]
const SCENES: &[Scene] = &[
    Scene { name: "socket-lab run sticky half-close", program: LAB, args: &["run", "sticky", "half-close"], role: Role::Asks(Peer::Nobody, "", "half-close") },
    Scene { name: "socket-lab run pipes stranger", program: LAB, args: &["run", "pipes", "stranger"], role: Role::Asks(Peer::Nobody, "", "stranger") },
    Scene { name: "socket-lab port 8080", program: LAB, args: &["port", "8080"], role: Role::Asks(Peer::Nobody, "", "8080") },
];

#[test]
fn whatever_call_fails_a_program_does_its_job_or_says_why_it_cannot() {
    crate::common::inject::try_all(SCENES);
}
