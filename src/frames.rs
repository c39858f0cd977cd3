//! Length-prefixed frames: the message boundaries that a byte stream does not have, with a tag on each.
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |        length of all that follows, in network byte order      |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |     kind      |  payload, 0 to 65,536 bytes                 ...
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |  tag, 32 bytes: none before both sides have a seal          ...
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! ```
//!
//! No frame is as long as 2^24 bytes, so the first byte of a connection in frames is always 0, which no text begins
//! with. The tag covers the payload, the kind, the direction and the frame's number, so that none can be changed, left
//! out, repeated, or sent back.

use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

use crate::errors;
use crate::seal::{Seal, TAG_LENGTH};
use crate::t;

/// The longest payload, in bytes: large enough that a system call and a tag for each cost little.
pub const MAX_PAYLOAD: usize = 65_536;

/// How long the rest of a frame that has begun may make no progress. Only a peer that lies about a length needs longer.
pub const MAX_STALL: Duration = Duration::from_secs(10);

const LENGTH: usize = 4;
const KIND: usize = 1;

/// Who sends: part of the tag, so that a frame cannot be sent back to its sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the client to the server.
    ToServer = 0,
    /// From the server to the client.
    ToClient = 1,
}

/// One frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// What the payload means.
    pub kind: u8,
    /// The bytes.
    pub payload: &'a [u8],
}

/// What a stream brought instead of a frame.
#[derive(Debug)]
pub enum Broken {
    /// Text: the first byte of a frame is 0.
    Text,
    /// A length that no frame has here.
    Length(u32),
    /// A tag that does not fit: another key, or bytes that were changed on the way.
    Forged,
    /// The stream ended in the middle of a frame.
    Cut,
    /// The stream ended before there was any frame.
    Ended,
    /// The rest of a frame did not come within [`MAX_STALL`].
    Stalled,
    /// The system's own error. After a timeout [`FrameReader::receive`] can be called again.
    Io(io::Error),
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&match self {
            Self::Text => t!("text where a frame should be", "收到的是文本，不是帧"),
            Self::Length(length) => t!("a frame cannot have the length {length}", "帧的长度不可能是 {length}"),
            Self::Forged => t!("a frame with a wrong tag", "帧的认证标签不对"),
            Self::Cut => t!("the connection ended in the middle of a frame", "连接在一帧中间断了"),
            Self::Ended => t!("it left without having said anything", "对方什么也没发就断开了"),
            Self::Stalled => t!("the rest of a frame did not come", "一帧没有收完整，后面的迟迟不来"),
            Self::Io(error) => errors::reason(error),
        })
    }
}

impl std::error::Error for Broken {}

/// The tags of one direction: which seal, and how many frames it has made or checked.
struct Tags {
    seal: Seal,
    direction: Direction,
    number: u64,
}

impl Tags {
    /// Kind, direction and number: where in the conversation a payload belongs.
    fn place(&self, kind: u8) -> [u8; 10] {
        let mut place = [kind, self.direction as u8, 0, 0, 0, 0, 0, 0, 0, 0];
        place[2..].copy_from_slice(&self.number.to_be_bytes());
        place
    }
}

/// Reads frames. What a read brought of a frame is kept until the rest of it comes.
pub struct FrameReader<R> {
    stream: R,
    tags: Option<Tags>,
    longest: usize,
    /// Bytes read: those before `begin` have been given out, those before `end` have come.
    buffer: Vec<u8>,
    begin: usize,
    end: usize,
    progress: Instant,
}

impl<R: Read> FrameReader<R> {
    /// Frames without tags from a peer that nothing is known of, with payloads of at most `longest` bytes.
    pub fn new(stream: R, longest: usize) -> Self {
        Self { stream, tags: None, longest, buffer: Vec::new(), begin: 0, end: 0, progress: Instant::now() }
    }

    /// From now on every frame has a tag of `seal`, and a payload of at most [`MAX_PAYLOAD`] bytes.
    pub fn seal(&mut self, seal: Seal, direction: Direction) {
        self.tags = Some(Tags { seal, direction, number: 0 });
        self.longest = MAX_PAYLOAD;
    }

    /// The next frame; `None` at the end of the stream between two frames.
    ///
    /// # Errors
    /// [`Broken`]. After a timeout of the stream it can be called again; after anything else the stream is of no use.
    pub fn receive(&mut self) -> Result<Option<Frame<'_>>, Broken> {
        match self.read_frame()? {
            Some(length) => self.take_frame(length).map(Some),
            None => Ok(None),
        }
    }

    /// As [`FrameReader::receive`], with one read at most, so that a peer that sends byte by byte keeps nobody from
    /// something else: a frame that is not whole yet is a timeout too.
    ///
    /// # Errors
    /// [`Broken`]. After a timeout it can be called again.
    pub fn poll(&mut self) -> Result<Option<Frame<'_>>, Broken> {
        if self.whole_frame()?.is_none() && self.read_more()? == 0 {
            return if self.begin == self.end { Ok(None) } else { Err(Broken::Cut) };
        }
        let length = self.whole_frame()?.ok_or_else(|| Broken::Io(io::ErrorKind::WouldBlock.into()))?;
        self.take_frame(length).map(Some)
    }

    /// As [`FrameReader::receive`], through all timeouts of the stream: between two frames it waits for ever.
    ///
    /// # Errors
    /// [`Broken`], but no timeout.
    pub fn wait(&mut self) -> Result<Option<Frame<'_>>, Broken> {
        loop {
            match self.read_frame() {
                Err(Broken::Io(error)) if errors::is_timeout(&error) => {}
                Ok(Some(length)) => return self.take_frame(length).map(Some),
                Ok(None) => return Ok(None),
                Err(broken) => return Err(broken),
            }
        }
    }

    /// Reads until a whole frame is there, and gives its length.
    fn read_frame(&mut self) -> Result<Option<usize>, Broken> {
        loop {
            if let Some(length) = self.whole_frame()? {
                return Ok(Some(length));
            }
            if self.read_more()? == 0 {
                return if self.begin == self.end { Ok(None) } else { Err(Broken::Cut) };
            }
        }
    }

    /// Checks the frame that is there, and gives it out.
    fn take_frame(&mut self, length: usize) -> Result<Frame<'_>, Broken> {
        let frame = self.begin + LENGTH..self.begin + LENGTH + length;
        self.begin = frame.end;
        let (kind, payload) = (self.buffer[frame.start], frame.start + KIND..frame.end);
        let Some(tags) = &mut self.tags else {
            return Ok(Frame { kind, payload: &self.buffer[payload] });
        };
        let (payload, tag) = self.buffer[payload].split_at(length - KIND - TAG_LENGTH);
        if !tags.seal.matches(payload, &tags.place(kind), tag) {
            return Err(Broken::Forged);
        }
        tags.number += 1;
        Ok(Frame { kind, payload })
    }

    /// The same frames, to be read from another end of the same stream.
    pub fn over<S: Read>(self, stream: S) -> FrameReader<S> {
        let Self { tags, longest, buffer, begin, end, progress, .. } = self;
        FrameReader { stream, tags, longest, buffer, begin, end, progress }
    }

    /// The length that the next frame declares, once all of it is there.
    fn whole_frame(&self) -> Result<Option<usize>, Broken> {
        let waiting = &self.buffer[self.begin..self.end];
        if waiting.first().is_some_and(|first| *first != 0) && self.tags.is_none() {
            return Err(Broken::Text);
        }
        let Some(length) = waiting.first_chunk().map(|bytes| u32::from_be_bytes(*bytes)) else { return Ok(None) };
        let least = KIND + self.tags.as_ref().map_or(0, |_| TAG_LENGTH);
        let possible = (least..=least + self.longest).contains(&(length as usize));
        if !possible {
            return Err(Broken::Length(length));
        }
        Ok((waiting.len() >= LENGTH + length as usize).then_some(length as usize))
    }

    /// One read into the space behind what is there; never more than the largest frame.
    fn read_more(&mut self) -> Result<usize, Broken> {
        self.buffer.copy_within(self.begin..self.end, 0);
        (self.begin, self.end) = (0, self.end - self.begin);
        self.buffer.resize(LENGTH + KIND + self.longest + TAG_LENGTH, 0);
        match self.stream.read(&mut self.buffer[self.end..]) {
            Ok(read) => {
                self.end += read;
                self.progress = Instant::now();
                Ok(read)
            }
            Err(error) if errors::is_timeout(&error) && self.end > 0 && self.progress.elapsed() > MAX_STALL => {
                Err(Broken::Stalled)
            }
            Err(error) => Err(Broken::Io(error)),
        }
    }
}

/// Writes frames, each with one call.
pub struct FrameWriter<W> {
    stream: W,
    tags: Option<Tags>,
    frame: Vec<u8>,
}

impl<W: Write> FrameWriter<W> {
    /// Frames without tags.
    pub fn new(stream: W) -> Self {
        Self { stream, tags: None, frame: Vec::new() }
    }

    /// From now on every frame has a tag of `seal`.
    pub fn seal(&mut self, seal: Seal, direction: Direction) {
        self.tags = Some(Tags { seal, direction, number: 0 });
    }

    /// Sends one frame.
    ///
    /// # Errors
    /// Those of the stream, and `InvalidInput` for a payload over [`MAX_PAYLOAD`].
    pub fn send(&mut self, kind: u8, payload: &[u8]) -> io::Result<()> {
        if payload.len() > MAX_PAYLOAD {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let tag = self.tags.as_mut().map(|tags| {
            let tag = tags.seal.tag(payload, &tags.place(kind));
            tags.number += 1;
            tag
        });
        let length = (KIND + payload.len() + tag.map_or(0, |tag| tag.len())) as u32;
        self.frame.clear();
        self.frame.extend_from_slice(&length.to_be_bytes());
        self.frame.push(kind);
        self.frame.extend_from_slice(payload);
        self.frame.extend(tag.iter().flatten());
        self.stream.write_all(&self.frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::{Key, Purpose};

    fn seal() -> Seal {
        Key::new([7; 32]).seal(Purpose::Stream, b"a test")
    }

    /// Gives its bytes one at a time, with a timeout before each.
    struct Trickle<'a>(&'a [u8], bool);

    impl Read for Trickle<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if self.1 { Err(io::ErrorKind::WouldBlock.into()) } else { self.0.read(&mut buffer[..1]) }
        }
    }

    /// Two sealed frames as bytes.
    fn sealed() -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut writer = FrameWriter::new(&mut bytes);
        writer.seal(seal(), Direction::ToServer);
        writer.send(3, b"hello").unwrap();
        writer.send(4, b"").unwrap();
        bytes
    }

    /// All frames of a sealed stream, and how it ended.
    fn read_all(stream: impl Read, direction: Direction) -> (Vec<(u8, Vec<u8>)>, Option<Broken>) {
        let mut reader = FrameReader::new(stream, 0);
        reader.seal(seal(), direction);
        let mut frames = Vec::new();
        loop {
            match reader.receive() {
                Ok(Some(frame)) => frames.push((frame.kind, frame.payload.to_vec())),
                Ok(None) => return (frames, None),
                Err(Broken::Io(error)) if errors::is_timeout(&error) => {}
                Err(broken) => return (frames, Some(broken)),
            }
        }
    }

    #[test]
    fn the_bytes_are_pinned() {
        let mut bytes = Vec::new();
        FrameWriter::new(&mut bytes).send(9, b"abc").unwrap();
        assert_eq!(bytes, b"\0\0\0\x04\x09abc");
        let sealed = sealed();
        assert_eq!(sealed[..10], *b"\0\0\0\x26\x03hello");
        assert_eq!(sealed[10..42], seal().tag(b"hello", &[3, 0, 0, 0, 0, 0, 0, 0, 0, 0]));
        assert_eq!(sealed[42..47], *b"\0\0\0\x21\x04");
        assert_eq!(sealed[47..], seal().tag(b"", &[4, 0, 0, 0, 0, 0, 0, 0, 0, 1]));
    }

    #[test]
    fn what_was_sent_is_read_in_whatever_pieces_it_comes() {
        let expected = vec![(3, b"hello".to_vec()), (4, Vec::new())];
        let bytes = sealed();
        let mut polled = FrameReader::new(Trickle(&bytes, false), 0);
        polled.seal(seal(), Direction::ToServer);
        let polls = std::iter::repeat_with(|| polled.poll().map(|frame| frame.map(|frame| frame.kind)));
        let ended: Vec<_> = polls.filter_map(Result::ok).take(3).collect();
        assert_eq!(ended, [Some(3), Some(4), None], "one read at a time");
        let (frames, broken) = read_all(&bytes[..], Direction::ToServer);
        assert!(frames == expected && broken.is_none(), "{broken:?}");
        let (frames, broken) = read_all(Trickle(&bytes, false), Direction::ToServer);
        assert!(frames == expected && broken.is_none(), "{broken:?}");
    }

    #[test]
    fn the_largest_frame_passes_and_a_larger_one_does_not() {
        let mut bytes = Vec::new();
        let mut writer = FrameWriter::new(&mut bytes);
        writer.seal(seal(), Direction::ToClient);
        writer.send(1, &vec![b'x'; MAX_PAYLOAD]).unwrap();
        assert_eq!(writer.send(1, &vec![0; MAX_PAYLOAD + 1]).unwrap_err().kind(), io::ErrorKind::InvalidInput);
        assert_eq!(bytes[0], 0, "the first byte of frames");
        let (frames, broken) = read_all(&bytes[..], Direction::ToClient);
        assert!(broken.is_none() && frames == [(1, vec![b'x'; MAX_PAYLOAD])]);
    }

    #[test]
    fn one_changed_bit_anywhere_gives_no_frame_from_there_on() {
        let good = sealed();
        let second = good.len() - 37;
        for bit in 0..8 * good.len() {
            let mut bytes = good.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let (frames, broken) = read_all(&bytes[..], Direction::ToServer);
            assert_eq!(frames.len(), usize::from(bit / 8 >= second), "bit {bit}");
            assert!(broken.is_some(), "bit {bit}");
        }
    }

    #[test]
    fn a_frame_sent_back_repeated_or_left_out_is_forged() {
        let bytes = sealed();
        let (first, second) = bytes.split_at(42);
        let streams = [[first, first].concat(), [second, first].concat(), second.to_vec()];
        for (stream, frames_before) in streams.iter().zip([1, 0, 0]) {
            let (frames, broken) = read_all(&stream[..], Direction::ToServer);
            assert!(frames.len() == frames_before && matches!(broken, Some(Broken::Forged)), "{broken:?}");
        }
        let (frames, broken) = read_all(&bytes[..], Direction::ToClient);
        assert!(frames.is_empty() && matches!(broken, Some(Broken::Forged)));
    }

    #[test]
    fn impossible_lengths_are_refused_before_anything_is_waited_for() {
        let beyond = (KIND + MAX_PAYLOAD + TAG_LENGTH + 1) as u32;
        for length in [0, 1, 32, beyond, u32::MAX] {
            let bytes = length.to_be_bytes();
            let (_, broken) = read_all(&bytes[..], Direction::ToServer);
            assert!(matches!(broken, Some(Broken::Length(found)) if found == length), "{length}: {broken:?}");
        }
        for stranger in [&b"G"[..], b"\x16\x03\x01", b"\xff"] {
            assert!(matches!(FrameReader::new(stranger, 64).receive(), Err(Broken::Text)));
        }
        let mut reader = FrameReader::new(&b"\0\0\0\x42"[..], 64);
        assert!(matches!(reader.receive(), Err(Broken::Length(66))));
    }

    #[test]
    fn a_stream_may_end_between_frames_only() {
        let bytes = sealed();
        for end in 0..=bytes.len() {
            let (frames, broken) = read_all(&bytes[..end], Direction::ToServer);
            let whole = usize::from(end >= 42) + usize::from(end == bytes.len());
            assert_eq!(frames.len(), whole);
            assert_eq!(matches!(broken, Some(Broken::Cut)), ![0, 42, bytes.len()].contains(&end), "{end}: {broken:?}");
        }
    }

    #[test]
    fn a_frame_that_stalls_is_given_up() {
        struct Silent;
        impl Read for Silent {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::ErrorKind::WouldBlock.into())
            }
        }
        let mut reader = FrameReader::new((&b"\0\0\0\x04"[..]).chain(Silent), 64);
        assert!(matches!(reader.receive(), Err(Broken::Io(_))));
        reader.progress -= MAX_STALL;
        assert!(matches!(reader.receive(), Err(Broken::Stalled)));
        let mut idle = FrameReader::new(Silent, 64);
        idle.progress -= MAX_STALL;
        assert!(matches!(idle.receive(), Err(Broken::Io(_))), "silence between frames is fine");
    }
}
