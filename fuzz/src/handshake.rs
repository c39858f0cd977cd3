//! Both ends prove that they have the key: whoever is in between, or has none, gets nowhere.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::rc::Rc;

use socket_demos::exec::frames::{Direction, FrameReader, FrameWriter, kind};
use socket_demos::exec::handshake::{HELLO_LENGTH, MAX_GREETING, admit, is_greeting, meet};
use socket_demos::exec::tag::{Key, Purpose};
use socket_demos::text::Charset;

use super::choices::Choices;
use super::text::CHARSETS;

/// What every greeting begins with (PROTOCOL.md).
const MAGIC: &[u8] = b"socket-demos remote commands 1\n";

/// The place of the tag in HELLO: its kind, to the server, number 0.
const PLACE: [u8; 10] = [2, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// Exactly who has the key, and is understood to the last bit, is admitted or met.
pub fn check(bytes: &[u8]) {
    let mut choices = Choices::new(bytes);
    let charset: Charset = choices.of(&CHARSETS).parse().expect("a label");
    match choices.byte() % 4 {
        0 => admits_nobody(charset, choices.rest()),
        1 => meets_nobody(choices.rest()),
        2 => admits_holders_of_the_key(charset, &mut choices),
        _ => meets_holders_of_the_key(charset, &mut choices),
    }
}

fn key() -> Key {
    Key::new([7; 32])
}

/// A connection in one thread: what was sent is kept, and what comes is made from it when it is read.
#[derive(Clone, Default)]
struct Wire {
    sent: Rc<RefCell<Vec<u8>>>,
    coming: Rc<RefCell<VecDeque<u8>>>,
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.sent.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The other end: when all that it has sent is read, it answers what was sent to it, once.
struct Peer<F>(Wire, Option<F>);

impl<F: FnOnce(&[u8]) -> Vec<u8>> Read for Peer<F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.0.coming.borrow().is_empty()
            && let Some(answer) = self.1.take()
        {
            let answer = answer(&self.0.sent.borrow());
            self.0.coming.borrow_mut().extend(answer);
        }
        self.0.coming.borrow_mut().read(buffer)
    }
}

fn is_admitted(charset: Charset, client: impl FnOnce(&[u8]) -> Vec<u8>) -> bool {
    let wire = Wire::default();
    let mut reader = FrameReader::new(Peer(wire.clone(), Some(client)), HELLO_LENGTH);
    let admitted = admit(&mut reader, &mut FrameWriter::new(wire.clone()), &key(), charset).is_ok();
    let sent = wire.sent.borrow();
    assert!(sent.len() <= 5 + MAX_GREETING && is_greeting(&sent), "one greeting, and nothing else before the proof");
    admitted
}

fn admits_nobody(charset: Charset, bytes: &[u8]) {
    assert!(!is_admitted(charset, |_| bytes.to_vec()), "admitted without the key");
}

fn meets_nobody(bytes: &[u8]) {
    let met = meet(&mut FrameReader::new(bytes, MAX_GREETING), &mut FrameWriter::new(io::sink()), &key());
    assert!(met.is_err(), "met somebody without the key");
}

/// What the holder of a key says to this greeting.
fn hello(greeting: &[u8], key: &Key, nonce: [u8; 32]) -> Vec<u8> {
    let tag_key = key.tag_key(Purpose::Stream, &[greeting, &nonce].concat());
    let mut frame = Vec::new();
    let payload = [&nonce[..], &tag_key.tag(&nonce, &PLACE)].concat();
    FrameWriter::new(&mut frame).send(kind::HELLO, &payload).expect("a frame");
    frame
}

fn admits_holders_of_the_key(charset: Charset, choices: &mut Choices<'_>) {
    let (other_key, nonce) = (choices.byte() % 8 == 1, choices.array());
    let harm: [u8; 2] = choices.array();
    let mut changed = false;
    let admitted = is_admitted(charset, |greeting| {
        let key = if other_key { Key::new([8; 32]) } else { key() };
        let good = hello(&greeting[5..], &key, nonce);
        let harmed = flipped(good.clone(), harm);
        changed = harmed != good;
        harmed
    });
    assert_eq!(admitted, !other_key && !changed, "another key: {other_key}, changed: {changed}");
}

fn meets_holders_of_the_key(charset: Charset, choices: &mut Choices<'_>) {
    let (other_key, harms_greeting) = (choices.byte() % 8 == 1, choices.byte() % 2 == 1);
    let (nonce, harm): ([u8; 32], [u8; 2]) = (choices.array(), choices.array());
    let directory = choices.counted().to_vec();
    let payload = [MAGIC, &nonce, charset.to_string().as_bytes()].concat();
    let mut greeting = Vec::new();
    FrameWriter::new(&mut greeting).send(kind::GREETING, &payload).expect("a frame");
    let mut changed = false;
    let wire = Wire::default();
    let sent = if harms_greeting { flipped(greeting.clone(), harm) } else { greeting.clone() };
    changed |= sent != greeting;
    wire.coming.borrow_mut().extend(sent);
    let answer = |sent: &[u8]| {
        let key = if other_key { Key::new([8; 32]) } else { key() };
        let good = welcome(&key, &payload, sent, &directory);
        let harmed = if harms_greeting { good.clone() } else { flipped(good.clone(), harm) };
        changed |= harmed != good;
        harmed
    };
    let met = meet(
        &mut FrameReader::new(Peer(wire.clone(), Some(answer)), MAX_GREETING),
        &mut FrameWriter::new(wire.clone()),
        &key(),
    );
    assert_eq!(met.is_ok(), !other_key && !changed, "another key: {other_key}, changed: {changed}");
    if let Ok(welcome) = met {
        assert_eq!((welcome.charset, welcome.directory), (charset, directory));
    }
}

/// What the holder of a key answers to the client's `hello`.
fn welcome(key: &Key, greeting: &[u8], hello: &[u8], directory: &[u8]) -> Vec<u8> {
    let Some(nonce) = hello.get(5..).and_then(<[u8]>::first_chunk::<32>) else { return Vec::new() };
    let tag_key = key.tag_key(Purpose::Stream, &[greeting, nonce].concat());
    let mut frame = Vec::new();
    let mut writer = FrameWriter::new(&mut frame);
    writer.tag_key(tag_key, Direction::ToClient);
    writer.send(kind::WELCOME, directory).expect("a frame");
    frame
}

/// With one bit changed, if there is such a bit.
fn flipped(mut bytes: Vec<u8>, at: [u8; 2]) -> Vec<u8> {
    let at = usize::from(u16::from_be_bytes(at));
    if let Some(byte) = bytes.get_mut(at / 8) {
        *byte ^= 1 << (at % 8);
    }
    bytes
}
