//! Length-prefixed frames with tags.

use std::collections::VecDeque;
use std::io::{self, Read};

use socket_demos::errors;
use socket_demos::exec::frames::{Broken, Direction, FrameReader, FrameWriter, MAX_PAYLOAD};
use socket_demos::exec::tag::{Key, Purpose, TagKey};

use super::choices::Choices;

/// The frames that came, and the name of what ended them.
type Heard = (Vec<(u8, Vec<u8>)>, String);

/// What was sent is read, in whatever pieces it comes; what was changed on the way is not; arbitrary bytes give the same
/// frames in any pieces, none of them over the limit, and written again they are the same bytes.
pub fn check(bytes: &[u8]) {
    let mut choices = Choices::new(bytes);
    let longest = choices.of(&[0, 1, 5, 64, 128, MAX_PAYLOAD]);
    match choices.byte() % 3 {
        0 => arbitrary(None, longest, &choices.pieces()),
        1 => arbitrary(Some(&tag_key()), MAX_PAYLOAD, &choices.pieces()),
        _ => sent(&mut choices),
    }
}

fn tag_key() -> TagKey {
    Key::new([7; 32]).tag_key(Purpose::Stream, b"fuzz")
}

fn arbitrary(tag_key: Option<&TagKey>, longest: usize, pieces: &[&[u8]]) {
    let stream = pieces.concat();
    let (frames, end) = receive(tag_key, longest, &[&stream]);
    assert_eq!(receive(tag_key, longest, pieces), (frames.clone(), end.clone()), "in pieces");
    assert_eq!(one_read_at_a_time(tag_key, longest, pieces), (frames.clone(), end.clone()), "one read at a time");
    assert!(frames.iter().all(|(_, payload)| payload.len() <= longest), "a payload over {longest} bytes");
    let again = written(tag_key, &frames);
    assert!(stream.starts_with(&again), "written again it differs");
    assert_eq!(end == "end", again.len() == stream.len(), "{end}: {} of {} bytes", again.len(), stream.len());
}

/// Frames that were sent, with one byte changed, doubled or left out.
fn sent(choices: &mut Choices<'_>) {
    let (kind_of_harm, at, mask) = (choices.byte() % 4, choices.array::<2>(), choices.byte());
    let mut frames = Vec::new();
    while !choices.is_over() && frames.len() < 20 {
        let kind = choices.byte();
        frames.push((kind, choices.counted().to_vec()));
    }
    let good = written(Some(&tag_key()), &frames);
    assert_eq!(receive(Some(&tag_key()), 0, &[&good]), (frames.clone(), "end".into()));
    let at = usize::from(u16::from_be_bytes(at)) % good.len().max(1);
    let mut harmed = good.clone();
    match kind_of_harm {
        0 => harmed.truncate(at),
        1 => harmed.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= mask),
        2 => harmed.splice(at..at, [mask]).for_each(drop),
        _ => harmed.drain(at..good.len().min(at + 1)).for_each(drop),
    }
    let (heard, end) = receive(Some(&tag_key()), 0, &[&harmed]);
    let same = good.iter().zip(&harmed).take_while(|(one, other)| one == other).count();
    let untouched = (0..=frames.len()).rev().find(|&count| written(Some(&tag_key()), &frames[..count]).len() <= same);
    assert_eq!(heard, frames[..untouched.unwrap_or(0)], "what came before the harm, and nothing else");
    let cut_between = written(Some(&tag_key()), &heard).len() == harmed.len();
    assert_eq!(end == "end", cut_between, "{end}");
}

fn written(tag_key: Option<&TagKey>, frames: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = FrameWriter::new(&mut bytes);
    if let Some(tag_key) = tag_key {
        writer.tag_key(tag_key.clone(), Direction::ToServer);
    }
    for (kind, payload) in frames {
        writer.send(*kind, payload).expect("a payload that fits");
    }
    bytes
}

fn reader(tag_key: Option<&TagKey>, longest: usize, pieces: &[&[u8]]) -> FrameReader<Network> {
    let mut reader = FrameReader::new(Network::of(pieces), longest);
    if let Some(tag_key) = tag_key {
        reader.tag_key(tag_key.clone(), Direction::ToServer);
    }
    reader
}

fn receive(tag_key: Option<&TagKey>, longest: usize, pieces: &[&[u8]]) -> Heard {
    let mut reader = reader(tag_key, longest, pieces);
    heard(|each| reader.receive().map(|frame| frame.map(|frame| each(frame.kind, frame.payload)).is_some()))
}

fn one_read_at_a_time(tag_key: Option<&TagKey>, longest: usize, pieces: &[&[u8]]) -> Heard {
    let mut reader = reader(tag_key, longest, pieces);
    heard(|each| reader.receive_once().map(|frame| frame.map(|frame| each(frame.kind, frame.payload)).is_some()))
}

/// All frames, through all timeouts.
fn heard(mut next: impl FnMut(&mut dyn FnMut(u8, &[u8])) -> Result<bool, Broken>) -> Heard {
    let mut frames = Vec::new();
    loop {
        match next(&mut |kind, payload| frames.push((kind, payload.to_vec()))) {
            Ok(true) => {}
            Ok(false) => return (frames, "end".into()),
            Err(Broken::Io(error)) if errors::is_timeout(&error) => {}
            Err(broken) => return (frames, format!("{broken:?}")),
        }
    }
}

/// Brings one piece with each read, and a timeout before each.
struct Network {
    pieces: VecDeque<Vec<u8>>,
    timeout: bool,
}

impl Network {
    fn of(pieces: &[&[u8]]) -> Self {
        Self { pieces: pieces.iter().map(|piece| piece.to_vec()).collect(), timeout: false }
    }
}

impl Read for Network {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.timeout = !self.timeout;
        if self.timeout {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let Some(mut piece) = self.pieces.pop_front() else { return Ok(0) };
        let taken = piece.len().min(buffer.len());
        buffer[..taken].copy_from_slice(&piece[..taken]);
        let rest = piece.split_off(taken);
        if !rest.is_empty() {
            self.pieces.push_front(rest);
        }
        Ok(taken)
    }
}
