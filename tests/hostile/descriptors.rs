//! Descriptors for all the peers of all tests, which share a process and may run at the same time.

use std::sync::Mutex;

/// What tests that ask for none need together: a program takes three.
const OTHERS: usize = 200;

/// Lets a test open so many sockets more than a few, whatever the others have open. None are given back: what all tests
/// ask for together is still less than every system allows.
pub(crate) fn make_room_for(sockets: usize) {
    static ALL: Mutex<usize> = Mutex::new(OTHERS);
    let mut all = ALL.lock().unwrap();
    *all += sockets;
    let (wanted, given) = (*all, socket_demos::net::backoff::make_room_for(*all));
    drop(all);
    assert_eq!(given, wanted, "the hard limit of descriptors is too low for this test");
}
