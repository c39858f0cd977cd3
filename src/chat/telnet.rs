//! What telnet clients send besides words (RFC 854): options, as bytes behind 255, and a NUL behind each carriage return that
//! ends no line for them. It is the line end here: PuTTY sends one for the Enter key.
//!
//! Nothing is negotiated. A client that is not answered stays as it is, but for one thing: who has thrown away what was to
//! be shown waits for a mark in the stream, and shows nothing before it comes (RFC 860).

/// Interpret as command.
const IAC: u8 = 255;
/// The beginning of an option's own bytes, and what ends them behind an IAC.
const SB: u8 = 250;
const SE: u8 = 240;
/// WILL, WON'T, DO, DON'T: an option follows.
const WILL: u8 = 251;
const DO: u8 = 253;
const DONT: u8 = 254;
/// The option of a mark in the stream.
const TIMING_MARK: u8 = 6;

/// The answer to who asks for one: what was sent before it has been taken.
pub(super) const MARK: [u8; 3] = [IAC, WILL, TIMING_MARK];

/// Takes the options out of one peer's stream, whatever pieces it arrives in.
#[derive(Default)]
pub struct Telnet {
    state: State,
    /// The last byte was a carriage return.
    returned: bool,
    seen: bool,
    mark: bool,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum State {
    #[default]
    Words,
    /// After [`IAC`].
    Command,
    /// After this one of WILL to DON'T.
    Option(u8),
    /// In an option's own bytes.
    Bytes,
    /// In these, after [`IAC`].
    End,
}

impl Telnet {
    /// Whether it has sent an option: then it is a telnet client, whose lines have ends, however its keys arrive.
    pub fn is_seen(&self) -> bool {
        self.seen
    }

    /// Whether it has asked for a [`MARK`] since this was last asked.
    pub(super) fn wants_mark(&mut self) -> bool {
        std::mem::take(&mut self.mark)
    }

    /// Takes out of these bytes what are no words, and gives how many are left at their beginning. Where `has_255`, that
    /// byte is a letter of the stream's encoding, and no option can be told.
    pub fn strip(&mut self, bytes: &mut [u8], has_255: bool) -> usize {
        let plain = self.state == State::Words && !self.returned;
        if plain && !bytes.iter().any(|byte| [0, IAC].contains(byte)) {
            self.returned = bytes.last() == Some(&b'\r');
            return bytes.len();
        }
        let mut kept = 0;
        for at in 0..bytes.len() {
            if let Some(word) = self.word(bytes[at], has_255) {
                bytes[kept] = word;
                kept += 1;
            }
        }
        kept
    }

    fn word(&mut self, byte: u8, has_255: bool) -> Option<u8> {
        if matches!(self.state, State::Command | State::Option(_)) && b"\r\n".contains(&byte) {
            // No option has these numbers: it was none, and the line ends all the same.
            self.state = State::Words;
        }
        let after_return = std::mem::replace(&mut self.returned, self.state == State::Words && byte == b'\r');
        self.mark |= self.state == State::Option(DO) && byte == TIMING_MARK;
        self.state = match (self.state, byte) {
            (State::Words, IAC) if !has_255 => State::Command,
            (State::Words, 0) if after_return => return Some(b'\n'),
            (State::Words, byte) => return Some(byte),
            (State::Command, WILL..=DONT) => State::Option(byte),
            (State::Bytes, IAC) => State::End,
            // Behind another 255 that byte is one of the option's.
            (State::Command, SB) | (State::Bytes, _) => State::Bytes,
            (State::End, byte) => {
                if byte == SE {
                    State::Words
                } else {
                    State::Bytes
                }
            }
            (State::Command | State::Option(_), _) => State::Words,
        };
        self.seen = true;
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words of a stream that arrives in pieces of `size` bytes.
    fn words(stream: &[u8], size: usize, has_255: bool) -> Vec<u8> {
        let mut telnet = Telnet::default();
        let mut words = Vec::new();
        for piece in stream.chunks(size) {
            let mut piece = piece.to_vec();
            let kept = telnet.strip(&mut piece, has_255);
            words.extend(&piece[..kept]);
        }
        words
    }

    /// What PuTTY 0.78 sends first, and then a line.
    const PUTTY: &[u8] =
        b"\xff\xfb\x1f\xff\xfb\x20\xff\xfb\x18\xff\xfb\x27\xff\xfd\x01\xff\xfb\x03\xff\xfd\x03hello\r\0";

    #[test]
    fn options_are_no_words_whatever_pieces_they_arrive_in() {
        let table: [(&[u8], &[u8]); 10] = [
            (PUTTY, b"hello\r\n"),
            (b"a\xff\xfa\x18\x00xterm\xff\xff\xff\xf0b\r\nc", b"ab\r\nc"),
            (b"a\xff\xf1b\xff\xf6c", b"abc"),
            (b"\xff\xfb", b""),
            (b"a\r\0b\r\0", b"a\r\nb\r\n"),
            (b"a\0b\r\r\0", b"a\0b\r\r\n"),
            ("汉字\r\n".as_bytes(), "汉字\r\n".as_bytes()),
            (b"\r\xff\xf1\0", b"\r\0"),
            (b"\xff\xfe\nnext\r\n", b"\nnext\r\n"),
            (b"\xff\xfa\x1f\x00\x50\x00\x0a\xff\xf0next\n", b"next\n"),
        ];
        for (stream, expected) in table {
            for size in 1..=stream.len() {
                assert_eq!(words(stream, size, false), expected, "{stream:?} in pieces of {size}");
            }
        }
    }

    #[test]
    fn who_waits_for_a_mark_is_noticed_once() {
        let mut telnet = Telnet::default();
        for (piece, wants) in
            [(&b"a\xff\xf5\xff"[..], false), (b"\xfd", false), (b"\x06b", true), (b"c\xff\xfe\x06", false)]
        {
            telnet.strip(&mut piece.to_vec(), false);
            assert_eq!(telnet.wants_mark(), wants, "{piece:?}");
        }
    }

    #[test]
    fn a_letter_of_the_encoding_arrives() {
        for size in 1..5 {
            assert_eq!(words(b"\xff\xfba\r\0", size, true), b"\xff\xfba\r\n");
        }
    }
}
