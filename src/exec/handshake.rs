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
//! The tag key of a connection comes from the key, the whole greeting and the client's random bytes: each end brings
//! something new, so nothing that was recorded fits again.

use std::io::{Read, Write};

use crate::exec::frames::{self, Broken, Direction, Frame, FrameReader, FrameWriter, kind};
use crate::exec::tag::{Key, Purpose, TAG_LENGTH, TagKey};
use crate::text::Charset;
use crate::{errors, random, t};

/// How many random bytes each side brings.
const NONCE: usize = 32;

/// What every greeting of this version begins with.
const MAGIC: &[u8] = b"socket-demos remote commands 1\n";

/// The longest greeting, in bytes: the name of an encoding is far shorter than what is left for it.
pub const MAX_GREETING: usize = 128;

/// The length of a hello, in bytes. Anything longer from a stranger is not read.
pub const HELLO_LENGTH: usize = NONCE + TAG_LENGTH;

/// The server's side, up to the proof: from here on every frame has a tag, and what comes next is WELCOME, or BUSY.
///
/// # Errors
/// [`Broken::Forged`] for a client that has not proved itself, and whatever else it sent instead.
pub fn admit<R: Read, W: Write>(
    reader: &mut FrameReader<R>,
    writer: &mut FrameWriter<W>,
    key: &Key,
    charset: Charset,
) -> Result<(), Broken> {
    let greeting = Greeting::new(charset);
    writer.send(kind::GREETING, &greeting.bytes).map_err(Broken::Io)?;
    let tag_key = match reader.receive()? {
        Some(Frame { kind: kind::HELLO, payload }) => greeting.admit(key, payload),
        Some(_) => None,
        None => return Err(Broken::Ended),
    };
    let tag_key = tag_key.ok_or(Broken::Forged)?;
    reader.tag_key(tag_key.clone(), Direction::ToServer);
    writer.tag_key(tag_key, Direction::ToClient);
    Ok(())
}

/// What a server says that lets a client in.
pub struct Welcome {
    /// The encoding of the outputs.
    pub charset: Charset,
    /// The working directory, in that encoding.
    pub directory: Vec<u8>,
}

/// The client's side: from here on every frame has a tag, and the server is known to have the key.
///
/// # Errors
/// [`NotMet`].
pub fn meet<R: Read, W: Write>(
    reader: &mut FrameReader<R>,
    writer: &mut FrameWriter<W>,
    key: &Key,
) -> Result<Welcome, NotMet> {
    let greeting = match reader.receive() {
        Ok(Some(Frame { kind: kind::GREETING, payload })) => Greeting::read(payload).ok_or(NotMet::OtherGreeting)?,
        Ok(None | Some(Frame { kind: kind::BUSY, .. })) | Err(Broken::Cut) => return Err(NotMet::Crowd),
        Err(Broken::Io(error)) => {
            return Err(if errors::is_timeout(&error) { NotMet::NoGreeting } else { NotMet::Crowd });
        }
        Ok(_) | Err(_) => return Err(NotMet::OtherGreeting),
    };
    let (hello, tag_key) = greeting.answer(key);
    writer.send(kind::HELLO, &hello).map_err(|_| NotMet::Crowd)?;
    reader.tag_key(tag_key.clone(), Direction::ToClient);
    writer.tag_key(tag_key, Direction::ToServer);
    match reader.receive() {
        Ok(Some(Frame { kind: kind::WELCOME, payload })) => {
            Ok(Welcome { charset: greeting.charset, directory: payload.to_vec() })
        }
        Ok(Some(Frame { kind: kind::BUSY, .. })) => Err(NotMet::Busy),
        // BUSY without a tag: the server does not know yet whom it sends away.
        Err(broken) if broken.is_empty_frame() => Err(NotMet::Crowd),
        Err(Broken::Io(error)) => Err(if errors::is_timeout(&error) { NotMet::NoWelcome } else { NotMet::Crowd }),
        // A server that finds the proof wrong closes.
        Ok(None) => Err(NotMet::AnotherKey),
        Ok(_) | Err(_) => Err(NotMet::NoProof),
    }
}

/// Why a client has not met its server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotMet {
    /// It says nothing.
    NoGreeting,
    /// It says something else.
    OtherGreeting,
    /// It greets, and then says nothing more.
    NoWelcome,
    /// Too many others had proved nothing yet: it may be tried again.
    Crowd,
    /// It serves as many as it may.
    Busy,
    /// It has another key.
    AnotherKey,
    /// What it answers proves nothing.
    NoProof,
}

impl std::fmt::Display for NotMet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&match self {
            Self::NoGreeting => t!(
                "no greeting came: perhaps it is not a tcp-exec-server; if it is a textbook's server, add --classic",
                "没有收到问候帧：那里可能不是 tcp-exec-server；如果是课本写法的服务器，请加 --classic"
            ),
            Self::OtherGreeting => t!(
                "it does not greet as a tcp-exec-server does; if it is a textbook's server, add --classic",
                "对方发来的不是 tcp-exec-server 的问候帧；如果是课本写法的服务器，请加 --classic"
            ),
            Self::NoWelcome => t!(
                "it greeted, but has not answered in time",
                "收到了问候帧，但服务器没有按时应答"
            ),
            Self::Crowd => t!(
                "the server closed before either side had proved anything: too many others are at its door; try again later",
                "双方还没来得及认证，服务器就关闭了连接：等待认证的连接太多，请稍后再试"
            ),
            Self::Busy => t!(
                "the server is busy (BUSY): it serves as many clients as it may; try again later",
                "服务器正忙（BUSY）：同时服务的客户端已达上限；请稍后再试"
            ),
            Self::AnotherKey => t!(
                "the server closed after our proof: most likely it does not have the same key",
                "服务器核对认证信息后关闭了连接：多半是两边的密钥不一致"
            ),
            Self::NoProof => t!(
                "what it answered is no proof that it has this key (another key, or bytes that were changed on the way)",
                "服务器的应答不能证明它持有这个密钥（密钥不同，或者数据在路上被改过）"
            ),
        })
    }
}

impl std::error::Error for NotMet {}

/// Whether a connection begins with the greeting of a server of commands, for clients of another kind that got there.
pub fn is_greeting(first: &[u8]) -> bool {
    let Some(Frame { kind: kind::GREETING, payload }) = frames::beginning(first) else { return false };
    !payload.is_empty() && MAGIC.starts_with(&payload[..payload.len().min(MAGIC.len())])
}

/// What a server says first.
struct Greeting {
    /// The encoding of the outputs.
    charset: Charset,
    bytes: Vec<u8>,
}

impl Greeting {
    /// A new one for each connection.
    fn new(charset: Charset) -> Self {
        let nonce: [u8; NONCE] = random::bytes();
        Self { charset, bytes: [MAGIC, &nonce, charset.to_string().as_bytes()].concat() }
    }

    /// What a client received; `None` where that is no greeting.
    fn read(payload: &[u8]) -> Option<Self> {
        let (_, label) = payload.strip_prefix(MAGIC)?.split_at_checked(NONCE)?;
        let charset = std::str::from_utf8(label).ok()?.parse().ok()?;
        Some(Self { charset, bytes: payload.to_vec() })
    }

    /// The client's answer: the payload of its hello, and the tag key of all that follows.
    fn answer(&self, key: &Key) -> (Vec<u8>, TagKey) {
        let nonce: [u8; NONCE] = random::bytes();
        let tag_key = self.tag_key(key, &nonce);
        let tag = tag_key.tag(&nonce, PLACE);
        ([&nonce[..], &tag].concat(), tag_key)
    }

    /// The tag key of all that follows, if `hello` comes from somebody with the key.
    fn admit(&self, key: &Key, hello: &[u8]) -> Option<TagKey> {
        let (nonce, tag) = hello.split_first_chunk::<NONCE>()?;
        let tag_key = self.tag_key(key, nonce);
        tag_key.matches(nonce, PLACE, tag).then_some(tag_key)
    }

    fn tag_key(&self, key: &Key, nonce: &[u8; NONCE]) -> TagKey {
        key.tag_key(Purpose::Stream, &[&self.bytes[..], nonce].concat())
    }
}

/// A hello's place in the conversation: a frame's, with a kind that no frame with a tag has.
const PLACE: &[u8] = &frames::place(kind::HELLO, Direction::ToServer, 0);

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    fn keys() -> (Key, Key) {
        (Key::new([7; 32]), Key::new([8; 32]))
    }

    #[test]
    fn two_holders_of_the_key_agree_on_a_tag_key() {
        let (key, _) = keys();
        let greeting = Greeting::new("gbk".parse().unwrap());
        let heard = Greeting::read(&greeting.bytes).unwrap();
        assert_eq!(heard.charset.to_string(), "GBK");
        let (hello, client) = heard.answer(&key);
        let server = greeting.admit(&key, &hello).unwrap();
        assert_eq!(client.tag(b"x", b"y"), server.tag(b"x", b"y"));
        assert_eq!(hello.len(), HELLO_LENGTH);
        assert!(greeting.bytes.len() <= MAX_GREETING);
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

    struct Silent;

    impl Read for Silent {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::WouldBlock.into())
        }
    }

    #[test]
    fn a_client_knows_what_it_has_met() {
        let (key, _) = keys();
        let met = |server: &[u8]| {
            let mut sent = Vec::new();
            meet(&mut FrameReader::new(server, MAX_GREETING), &mut FrameWriter::new(&mut sent), &key)
                .map(|_| ())
                .unwrap_err()
        };
        let mut greeting = Vec::new();
        FrameWriter::new(&mut greeting).send(kind::GREETING, &Greeting::new(Charset::default()).bytes).unwrap();
        assert_eq!(met(b""), NotMet::Crowd, "closed before its greeting");
        assert_eq!(met(b"\0\0\0\x01\x04"), NotMet::Crowd, "sent away before its greeting");
        assert_eq!(met(b"220 ready\r\n"), NotMet::OtherGreeting);
        assert_eq!(met(&greeting), NotMet::AnotherKey, "closed behind its greeting");
        assert_eq!(met(&[&greeting[..], b"\0\0\0\x01\x04"].concat()), NotMet::Crowd);
        assert_eq!(met(&[&greeting[..], b"\0\0\0\x22\x03", &[0; 33]].concat()), NotMet::NoProof, "a forged welcome");
        let silence = meet(&mut FrameReader::new(Silent, MAX_GREETING), &mut FrameWriter::new(Vec::new()), &key);
        assert_eq!(silence.map(|_| ()).unwrap_err(), NotMet::NoGreeting);
    }

    #[test]
    fn what_is_no_greeting_is_refused() {
        let good = Greeting::new(Charset::default()).bytes;
        for length in 0..good.len() {
            assert!(Greeting::read(&good[..length]).is_none(), "{length}");
        }
        assert!(Greeting::read(&[&good[..], b"x"].concat()).is_none());
        assert!(Greeting::read(&[b"S", &good[1..]].concat()).is_none());
        let frame = [b"\0\0\0\x45\x01", &good[..]].concat();
        assert!(is_greeting(&frame) && is_greeting(&frame[..20]));
        assert!(!is_greeting(&frame[..5]) && !is_greeting(&frame[1..]) && !is_greeting(b"[bob] hello"));
    }

    #[test]
    fn a_greeting_is_told_from_words() {
        let greeting = [&[0, 0, 0, 70, kind::GREETING][..], MAGIC, &[7; 32]].concat();
        for length in 6..greeting.len() {
            assert!(is_greeting(&greeting[..length]), "{length}");
        }
        for words in ["thanks", "always", "", "\0\0\0", "\0\0\0\u{7}\u{1}", "socket-demos remote commands 1\n"] {
            assert!(!is_greeting(words.as_bytes()), "{words:?}");
        }
    }
}
