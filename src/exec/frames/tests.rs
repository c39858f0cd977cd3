use super::*;
use crate::exec::tag::{Key, Purpose};

fn tag_key() -> TagKey {
    Key::new([7; 32]).tag_key(Purpose::Stream, b"a test")
}

/// Gives its bytes one at a time, with a timeout before each.
struct Trickle<'a>(&'a [u8], bool);

impl Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.1 = !self.1;
        if self.1 { Err(io::ErrorKind::WouldBlock.into()) } else { self.0.read(&mut buffer[..1]) }
    }
}

/// Two tagged frames as bytes.
fn tagged() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = FrameWriter::new(&mut bytes);
    writer.tag_key(tag_key(), Direction::ToServer);
    writer.send(3, b"hello").unwrap();
    writer.send(4, b"").unwrap();
    bytes
}

/// All frames of a tagged stream, and how it ended.
fn read_all(stream: impl Read, direction: Direction) -> (Vec<(u8, Vec<u8>)>, Option<Broken>) {
    let mut reader = FrameReader::new(stream, 0);
    reader.tag_key(tag_key(), direction);
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
    let tagged = tagged();
    assert_eq!(tagged[..10], *b"\0\0\0\x26\x03hello");
    assert_eq!(tagged[10..42], tag_key().tag(b"hello", &[3, 0, 0, 0, 0, 0, 0, 0, 0, 0]));
    assert_eq!(tagged[42..47], *b"\0\0\0\x21\x04");
    assert_eq!(tagged[47..], tag_key().tag(b"", &[4, 0, 0, 0, 0, 0, 0, 0, 0, 1]));
}

#[test]
fn what_was_sent_is_read_in_whatever_pieces_it_comes() {
    let expected = vec![(3, b"hello".to_vec()), (4, Vec::new())];
    let bytes = tagged();
    let mut polled = FrameReader::new(Trickle(&bytes, false), 0);
    polled.tag_key(tag_key(), Direction::ToServer);
    let polls = std::iter::repeat_with(|| polled.receive_once().map(|frame| frame.map(|frame| frame.kind)));
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
    writer.tag_key(tag_key(), Direction::ToClient);
    writer.send(1, &vec![b'x'; MAX_PAYLOAD]).unwrap();
    assert_eq!(writer.send(1, &vec![0; MAX_PAYLOAD + 1]).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    assert_eq!(bytes[0], 0, "the first byte of frames");
    let (frames, broken) = read_all(&bytes[..], Direction::ToClient);
    assert!(broken.is_none() && frames == [(1, vec![b'x'; MAX_PAYLOAD])]);
}

#[test]
fn one_changed_bit_anywhere_gives_no_frame_from_there_on() {
    let good = tagged();
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
    let bytes = tagged();
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
    let bytes = tagged();
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
