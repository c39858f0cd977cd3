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
//! |  tag, 32 bytes: none before both sides have a tag key       ...
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! ```
//!
//! No frame is as long as 2^24 bytes, so the first byte of a connection in frames is always 0, which no text begins
//! with. The tag covers the payload, the kind, the direction and the frame's number, so that none can be changed, left
//! out, repeated, or sent back.

#[cfg(test)]
mod tests;

use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

use crate::exec::tag::{TAG_LENGTH, TagKey};
use crate::{errors, t};

/// The longest payload, in bytes: large enough that a system call and a tag for each cost little.
pub const MAX_PAYLOAD: usize = 65_536;

/// The longest command, in bytes: it has to fit a frame; Linux takes twice as much as one argument of a program (execve(2), MAX_ARG_STRLEN).
pub const MAX_COMMAND: usize = 65_536;

/// The kinds of frames over TCP: what the payload means. PROTOCOL.md has the table.
pub mod kind {
    /// Server: who it is, and its random bytes. Without a tag.
    pub const GREETING: u8 = 1;
    /// Client: its random bytes, and the proof that it has the key. Without a tag of its own.
    pub const HELLO: u8 = 2;
    /// Server: its proof; the working directory.
    pub const WELCOME: u8 = 3;
    /// Server: it serves as many as it may already.
    pub const BUSY: u8 = 4;
    /// Client: a command, to be run when the one before has ended.
    pub const COMMAND: u8 = 5;
    /// Client: the running command is to be stopped.
    pub const STOP: u8 = 6;
    /// Server: a piece of standard output.
    pub const OUT: u8 = 7;
    /// Server: a piece of standard error.
    pub const ERR: u8 = 8;
    /// Server: the working directory has become this one.
    pub const DIRECTORY: u8 = 9;
    /// Server: how the command ended. Nothing of it comes after this.
    pub const OUTCOME: u8 = 10;
}

/// How long the rest of a frame that has begun may make no progress. Only a peer that lies about a length needs longer.
pub const MAX_STALL: Duration = Duration::from_secs(10);

const LENGTH: usize = 4;
const KIND: usize = 1;

/// A whole frame of [`kind::BUSY`] without a tag, for whoever has not proved anything.
pub const BUSY: &[u8] = &[0, 0, 0, KIND as u8, kind::BUSY];

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

/// The frame that a connection begins with, and of its payload what has come, where frames are short and have no tag yet:
/// the upper bytes of a length below 256 are 0, which no text begins with.
pub fn beginning(first: &[u8]) -> Option<Frame<'_>> {
    let [0, 0, 0, _, kind, payload @ ..] = first else { return None };
    Some(Frame { kind: *kind, payload })
}

/// Where in the conversation a payload with a tag belongs: part of what its tag covers.
pub const fn place(kind: u8, direction: Direction, number: u64) -> [u8; 10] {
    let mut place = [kind, direction as u8, 0, 0, 0, 0, 0, 0, 0, 0];
    place.split_at_mut(2).1.copy_from_slice(&number.to_be_bytes());
    place
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
            Self::Forged => t!(
                "a wrong tag: most likely another key, or bytes that were changed on the way",
                "认证标签不对：多半是密钥不一致，或者数据在路上被改过"
            ),
            Self::Cut => t!("the connection ended in the middle of a frame", "连接在一帧中间断了"),
            Self::Ended => t!("the other side closed without sending anything", "对方什么也没发就断开了"),
            Self::Stalled => t!("the rest of a frame did not come", "一帧没有收完整，后面的迟迟不来"),
            Self::Io(error) => errors::reason(error),
        })
    }
}

impl std::error::Error for Broken {}

impl Broken {
    /// Whether it is a frame with neither payload nor tag, from somebody who had not come to tags yet.
    pub fn is_empty_frame(&self) -> bool {
        matches!(self, Self::Length(length) if *length as usize == KIND)
    }
}

/// The tags of one direction: which tag key, and how many frames it has made or checked.
struct Tags {
    tag_key: TagKey,
    direction: Direction,
    number: u64,
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

    /// From now on every frame has a tag of `tag_key`, and a payload of at most [`MAX_PAYLOAD`] bytes.
    pub fn tag_key(&mut self, tag_key: TagKey, direction: Direction) {
        self.tags = Some(Tags { tag_key, direction, number: 0 });
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
    pub fn receive_once(&mut self) -> Result<Option<Frame<'_>>, Broken> {
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
    pub fn receive_patiently(&mut self) -> Result<Option<Frame<'_>>, Broken> {
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
        if !tags.tag_key.matches(payload, &place(kind, tags.direction, tags.number), tag) {
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

    /// From now on every frame has a tag of `tag_key`.
    pub fn tag_key(&mut self, tag_key: TagKey, direction: Direction) {
        self.tags = Some(Tags { tag_key, direction, number: 0 });
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
            let tag = tags.tag_key.tag(payload, &place(kind, tags.direction, tags.number));
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
