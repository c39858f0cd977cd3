//! Both ends of a connection prove to each other that they have the key, without showing it.
//!
//! ```text
//!  client                                              server
//!    |   GREETING  who I am, my encoding, 32 random bytes |
//!    | <------------------------------------------------- |
//!    |   HELLO     32 random bytes, their tag             |
//!    | -------------------------------------------------> |  the tag fits: the client has the key
//!    |   WELCOME   the directory, with a tag              |
//!    | <------------------------------------------------- |
//!    |  the tag fits: so has the server                   |
//! ```
//!
//! The seal of a connection comes from the key, the whole greeting and the client's random bytes: each end brings
//! something new, so nothing that was recorded fits again.

use crate::frames::Direction;
use crate::remote::kind;
use crate::seal::{self, Key, Purpose, Seal, TAG_LENGTH};
use crate::text::Charset;

/// How many random bytes each side brings.
const NONCE: usize = 32;

/// What every greeting of this version begins with.
const MAGIC: &[u8] = b"socket-demos remote commands 1\n";

/// The longest greeting, in bytes: the name of an encoding is far shorter than what is left for it.
pub const MAX_GREETING: usize = 128;

/// The length of a hello, in bytes. Anything longer from a stranger is not read.
pub const HELLO_LENGTH: usize = NONCE + TAG_LENGTH;

/// Whether a connection begins with the greeting of a server of commands, for clients of another kind that got there.
pub fn is_greeting(first: &[u8]) -> bool {
    first
        .get(5..)
        .is_some_and(|payload| !payload.is_empty() && MAGIC.starts_with(&payload[..payload.len().min(MAGIC.len())]))
}

/// What a server says first.
pub struct Greeting {
    /// The encoding of the outputs.
    pub charset: Charset,
    bytes: Vec<u8>,
}

impl Greeting {
    /// A new one for each connection.
    pub fn new(charset: Charset) -> Self {
        let nonce: [u8; NONCE] = seal::random();
        Self { charset, bytes: [MAGIC, &nonce, charset.to_string().as_bytes()].concat() }
    }

    /// What a client received; `None` where that is no greeting.
    pub fn read(payload: &[u8]) -> Option<Self> {
        let (_, label) = payload.strip_prefix(MAGIC)?.split_at_checked(NONCE)?;
        let charset = std::str::from_utf8(label).ok()?.parse().ok()?;
        Some(Self { charset, bytes: payload.to_vec() })
    }

    /// The payload of its frame.
    pub fn payload(&self) -> &[u8] {
        &self.bytes
    }

    /// The client's answer: the payload of its hello, and the seal of all that follows.
    pub fn answer(&self, key: &Key) -> (Vec<u8>, Seal) {
        let nonce: [u8; NONCE] = seal::random();
        let seal = self.seal(key, &nonce);
        let tag = seal.tag(&nonce, PLACE);
        ([&nonce[..], &tag].concat(), seal)
    }

    /// The seal of all that follows, if `hello` comes from somebody with the key.
    pub fn admit(&self, key: &Key, hello: &[u8]) -> Option<Seal> {
        let (nonce, tag) = hello.split_first_chunk::<NONCE>()?;
        let seal = self.seal(key, nonce);
        seal.matches(nonce, PLACE, tag).then_some(seal)
    }

    fn seal(&self, key: &Key, nonce: &[u8; NONCE]) -> Seal {
        key.seal(Purpose::Stream, &[&self.bytes[..], nonce].concat())
    }
}

/// A hello's place in the conversation: as a frame's, with a kind that no frame with a tag has.
const PLACE: &[u8] = &[kind::HELLO, Direction::ToServer as u8, 0, 0, 0, 0, 0, 0, 0, 0];

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> (Key, Key) {
        (Key::new([7; 32]), Key::new([8; 32]))
    }

    #[test]
    fn two_holders_of_the_key_agree_on_a_seal() {
        let (key, _) = keys();
        let greeting = Greeting::new("gbk".parse().unwrap());
        let heard = Greeting::read(greeting.payload()).unwrap();
        assert_eq!(heard.charset.to_string(), "GBK");
        let (hello, client) = heard.answer(&key);
        let server = greeting.admit(&key, &hello).unwrap();
        assert_eq!(client.tag(b"x", b"y"), server.tag(b"x", b"y"));
        assert_eq!(hello.len(), HELLO_LENGTH);
        assert!(greeting.payload().len() <= MAX_GREETING);
    }

    #[test]
    fn another_key_another_greeting_or_a_changed_bit_is_not_admitted() {
        let (key, other) = keys();
        let greeting = Greeting::new(Charset::default());
        let (hello, _) = greeting.answer(&key);
        assert!(greeting.admit(&other, &hello).is_none());
        assert!(Greeting::new(Charset::default()).admit(&key, &hello).is_none(), "a recorded hello");
        for bit in 0..8 * hello.len() {
            let mut changed = hello.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(greeting.admit(&key, &changed).is_none(), "bit {bit}");
        }
        for length in 0..hello.len() {
            assert!(greeting.admit(&key, &hello[..length]).is_none(), "{length}");
        }
    }

    #[test]
    fn what_is_no_greeting_is_refused() {
        let good = Greeting::new(Charset::default()).payload().to_vec();
        for length in 0..good.len() {
            assert!(Greeting::read(&good[..length]).is_none(), "{length}");
        }
        assert!(Greeting::read(&[&good[..], b"x"].concat()).is_none());
        assert!(Greeting::read(&[b"S", &good[1..]].concat()).is_none());
        let frame = [b"\0\0\0\x45\x01", &good[..]].concat();
        assert!(is_greeting(&frame) && is_greeting(&frame[..20]));
        assert!(!is_greeting(&frame[..5]) && !is_greeting(&frame[1..]) && !is_greeting(b"[bob] hello"));
    }
}
