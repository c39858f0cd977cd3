//! What the lab says of Windows, on Windows, or under Wine as far as Wine is faithful.

use crate::common::{LAB, run};

#[test]
fn a_datagram_over_the_buffer_is_10040_with_what_fits() {
    let (_, out, err) = run(LAB, &["run", "truncation"], "");
    assert!(out.contains("10040"), "{out}{err}");
}
