//! What only the holders of one key can make: a tag on a message.
//!
//! Nothing here is secret but the key. A tag proves two things to whoever has the key too: the message comes from
//! another holder, and not one bit of it was changed. It does not hide the message.
//!
//! Every use of the key has a purpose of its own, so that what was made for one is worth nothing for another, and every
//! conversation a context that neither side has used before, so that a recording is worth nothing later. All of it is
//! the one keyed hash BLAKE3 (<https://github.com/BLAKE3-team/BLAKE3-specs>, sections 2.3 and 5.2).

use std::fmt;

/// The length of a key and of everything derived from it, in bytes.
pub const KEY_LENGTH: usize = 32;

/// The length of a tag, in bytes.
pub const TAG_LENGTH: usize = 32;

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
            Self::Datagrams => "socket-demos 2026-11-30 remote commands: datagrams of a UDP conversation",
            Self::Cookie => "socket-demos 2026-11-30 remote commands: cookie round of a UDP conversation",
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
        assert_eq!(format!("{:?} {:?}", Key::new([7; KEY_LENGTH]), tag_key()), "Key(secret) TagKey(secret)");
    }
}
