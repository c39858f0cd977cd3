//! The reliable protocol: what a server and a client do with datagrams of strangers, and of holders of the key who do not
//! keep to it.

pub mod client;
pub mod server;

use std::time::Duration;

use socket_demos::exec::tag::{DatagramKey, Key, Purpose};

use super::choices::Choices;

/// How long may pass between two acts, in milliseconds: nothing, less and more than each wait of the protocol.
const PAUSES: [u64; 10] = [0, 1, 5, 11, 99, 101, 250, 2_001, 30_001, 121_000];

fn key() -> Key {
    Key::new([7; 32])
}

/// What tag keys HELLO and COOKIE.
fn opening() -> DatagramKey {
    key().datagram_key(Purpose::Cookie, &[])
}

/// What tag keys everything in the session of a nonce and a cookie.
fn session(nonce: &[u8], cookie: &[u8]) -> DatagramKey {
    key().datagram_key(Purpose::Datagrams, &[nonce, cookie].concat())
}

/// A datagram with its tag: `side` is 0 for a client's and 1 for a server's.
fn tagged(message: &[u8], tag_key: &DatagramKey, side: u8) -> Vec<u8> {
    [message, &tag_key.tag(message, side)].concat()
}

/// A datagram from the choices: as it is, or with one bit changed.
fn perhaps_harmed(mut datagram: Vec<u8>, choices: &mut Choices<'_>) -> Vec<u8> {
    let at = usize::from(u16::from_be_bytes(choices.array()));
    if let Some(byte) = datagram.get_mut(at / 8) {
        *byte ^= 1 << (at % 8);
    }
    datagram
}

fn later(now: Duration, choices: &mut Choices<'_>) -> Duration {
    now + Duration::from_millis(choices.of(&PAUSES))
}
