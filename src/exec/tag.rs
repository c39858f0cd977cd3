//! What only the holders of one key can make: a tag on a message.
//!
//! Nothing here is secret but the key. A tag proves two things to whoever has the key too: the message comes from
//! another holder, and not one bit of it was changed. It does not hide the message.
//!
//! Every use of the key has a purpose of its own, so that what was made for one is worth nothing for another, and every
//! conversation a context that neither side has used before, so that a recording is worth nothing later. Keys are derived,
//! and frames tagged, with the one keyed hash BLAKE3 (<https://github.com/BLAKE3-team/BLAKE3-specs>, sections 2.3 and 5.2).
//!
//! A datagram is short, and BLAKE3 is at its best with 16 KiB or more: 0.9 GB/s on one of 1,200 bytes. So datagrams are
//! tagged with SipHash-2-4 of 128 bits (<https://cr.yp.to/siphash/siphash-20120918.pdf>), made for short messages: 2 GB/s.

use std::fmt;
use std::hash::Hasher as _;

use siphasher::sip128::{Hasher128 as _, SipHasher24};

/// The length of a key and of everything derived from it, in bytes.
pub const KEY_LENGTH: usize = 32;

/// The length of a tag, in bytes.
pub const TAG_LENGTH: usize = 32;

/// The length of a datagram's tag, in bytes.
pub const DATAGRAM_TAG_LENGTH: usize = 16;

/// A secret of 256 bits that its holders share.
#[derive(Clone, PartialEq, Eq)]
pub struct Key([u8; KEY_LENGTH]);

/// What a key is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The frames of one TCP connection.
    Stream,
    /// The datagrams of one UDP conversation.
    Datagrams,
    /// The first two datagrams of a UDP conversation, before it has a context.
    Cookie,
}

impl Purpose {
    /// The context string of BLAKE3's key derivation: never used elsewhere, never changed.
    fn label(self) -> &'static str {
        match self {
            Self::Stream => "socket-demos 2026-11-22 remote commands: frames of a TCP connection",
            Self::Datagrams => "socket-demos 2026-12-01 remote commands: datagrams of a UDP conversation",
            Self::Cookie => "socket-demos 2026-12-01 remote commands: cookie round of a UDP conversation",
        }
    }
}

impl Key {
    /// The key with these bytes.
    pub fn new(bytes: [u8; KEY_LENGTH]) -> Self {
        Self(bytes)
    }

    /// The key's bytes, for the key file alone.
    pub(crate) fn bytes(&self) -> &[u8; KEY_LENGTH] {
        &self.0
    }

    /// What makes and checks tags for one `purpose` in one `context` (the random numbers of both sides).
    pub fn tag_key(&self, purpose: Purpose, context: &[u8]) -> TagKey {
        let for_purpose = blake3::derive_key(purpose.label(), &self.0);
        TagKey(*blake3::keyed_hash(&for_purpose, context).as_bytes())
    }
}

impl Key {
    /// What makes and checks the tags of datagrams: the first half of the tag key.
    pub fn datagram_key(&self, purpose: Purpose, context: &[u8]) -> DatagramKey {
        let TagKey(bytes) = self.tag_key(purpose, context);
        DatagramKey(std::array::from_fn(|at| bytes[at]))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(secret)")
    }
}

/// A key that is good for one purpose in one conversation.
#[derive(Clone)]
pub struct TagKey([u8; KEY_LENGTH]);

impl TagKey {
    /// The tag of `message` at its `place` in the conversation: direction, number, whatever tells it from an equal
    /// message elsewhere. All places of a purpose have one length, so that message and place cannot be confused; the
    /// place comes last, so that a large message begins at a boundary of the hash's blocks.
    pub fn tag(&self, message: &[u8], place: &[u8]) -> [u8; TAG_LENGTH] {
        *self.hash(message, place).as_bytes()
    }

    /// Whether `tag` is the tag of `message` at `place`. It takes as long for a wrong tag as for a right one, so the
    /// time tells a forger nothing.
    pub fn matches(&self, message: &[u8], place: &[u8], tag: &[u8]) -> bool {
        // `Hash` compares in constant time; the length of a tag is no secret.
        <[u8; TAG_LENGTH]>::try_from(tag).is_ok_and(|tag| self.hash(message, place) == blake3::Hash::from_bytes(tag))
    }

    fn hash(&self, message: &[u8], place: &[u8]) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(message).update(place);
        hasher.finalize()
    }
}

/// A key for the tags of datagrams, good for one purpose in one conversation.
#[derive(Clone)]
pub struct DatagramKey([u8; 16]);

impl DatagramKey {
    /// The tag of `message` from the side that this byte stands for.
    pub fn tag(&self, message: &[u8], side: u8) -> [u8; DATAGRAM_TAG_LENGTH] {
        let mut hasher = SipHasher24::new_with_key(&self.0);
        hasher.write(message);
        hasher.write(&[side]);
        hasher.finish128().as_bytes()
    }

    /// Whether `tag` is the tag of `message` from that side.
    pub fn matches(&self, message: &[u8], side: u8, tag: &[u8]) -> bool {
        let right = self.tag(message, side);
        // All bytes are looked at, whichever is the first wrong one: the time tells a forger nothing.
        let wrong = |tag: [u8; DATAGRAM_TAG_LENGTH]| u128::from_ne_bytes(tag) ^ u128::from_ne_bytes(right);
        tag.try_into().is_ok_and(|tag| std::hint::black_box(wrong(tag)) == 0)
    }
}

impl fmt::Debug for DatagramKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatagramKey(secret)")
    }
}

impl fmt::Debug for TagKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TagKey(secret)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag_key() -> TagKey {
        Key::new([7; KEY_LENGTH]).tag_key(Purpose::Stream, b"context")
    }

    #[test]
    fn a_tag_holds_for_its_message_at_its_place_and_nowhere_else() {
        let tag = tag_key().tag(b"message", b"place");
        assert!(tag_key().matches(b"message", b"place", &tag));
        assert!(!tag_key().matches(b"messagf", b"place", &tag));
        assert!(!tag_key().matches(b"message", b"plade", &tag));
        assert!(!tag_key().matches(b"message", b"place", &tag[..TAG_LENGTH - 1]));
        for bit in 0..8 * TAG_LENGTH {
            let mut wrong = tag;
            wrong[bit / 8] ^= 1 << (bit % 8);
            assert!(!tag_key().matches(b"message", b"place", &wrong), "bit {bit}");
        }
    }

    #[test]
    fn another_key_purpose_or_context_makes_another_tag() {
        let (key, other) = (Key::new([7; KEY_LENGTH]), Key::new([8; KEY_LENGTH]));
        let tag_keys = [
            tag_key(),
            other.tag_key(Purpose::Stream, b"context"),
            key.tag_key(Purpose::Datagrams, b"context"),
            key.tag_key(Purpose::Cookie, b"context"),
            key.tag_key(Purpose::Stream, b"contexu"),
        ];
        let tags: std::collections::HashSet<_> =
            tag_keys.iter().map(|tag_key| tag_key.tag(b"message", b"place")).collect();
        assert_eq!(tags.len(), tag_keys.len());
    }

    /// Made with `b3sum`, with `--derive-key` and twice with `--keyed`.
    #[test]
    fn a_tag_is_pinned() {
        let hex: String = tag_key().tag(b"message", b"place").iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "483b1c4ddf38e611589fdef66e85a46c99e1481b5beaedddf5d90fbdd01c2a86");
    }

    #[test]
    fn neither_key_nor_tag_key_shows_itself() {
        let datagram_key = Key::new([7; KEY_LENGTH]).datagram_key(Purpose::Datagrams, b"");
        let shown = format!("{:?} {:?} {datagram_key:?}", Key::new([7; KEY_LENGTH]), tag_key());
        assert_eq!(shown, "Key(secret) TagKey(secret) DatagramKey(secret)");
    }

    /// The authors' own: key and message count up from 0 (vectors.h, `vectors_sip128`).
    #[test]
    fn a_datagrams_tag_is_siphash_2_4_with_128_bits() {
        let key = DatagramKey(std::array::from_fn(|at| at as u8));
        let hex: String = key.tag(&[], 0).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "da87c1d86b99af44347659119b22fc45", "of one zero byte");
        let hex: String = key.tag(&[0], 1).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "8177228da4a45dc7fca38bdef60affe4", "of 0 and 1");
    }

    #[test]
    fn a_datagrams_tag_holds_for_its_bytes_and_side_alone() {
        let key = Key::new([7; KEY_LENGTH]).datagram_key(Purpose::Datagrams, b"context");
        let tag = key.tag(b"message", 0);
        assert!(key.matches(b"message", 0, &tag));
        assert!(!key.matches(b"messagf", 0, &tag) && !key.matches(b"message", 1, &tag));
        assert!(!key.matches(b"message", 0, &tag[1..]) && !key.matches(b"message", 0, &[]));
        for bit in 0..8 * DATAGRAM_TAG_LENGTH {
            let mut wrong = tag;
            wrong[bit / 8] ^= 1 << (bit % 8);
            assert!(!key.matches(b"message", 0, &wrong), "bit {bit}");
        }
    }
}
