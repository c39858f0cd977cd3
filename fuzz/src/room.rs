//! The chat room: what one client's bytes make of another's screen.

use std::io::{self, Read as _};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use socket_demos::chat::lines::{Lines, MAX_LINE};
use socket_demos::chat::names;
use socket_demos::chat::room::{Room, Seat, Stay};
use socket_demos::chat::telnet::Telnet;
use socket_demos::net::{Trace, Traced};
use socket_demos::text::{Charset, escape};
use socket2::{SockRef, Socket};

use super::choices::Choices;
use super::text::is_harmful;

/// How much a client says, in bytes: all of it fits into what the room keeps for a hearer.
const MAX_SAID: usize = 4096;

/// How long a read of the hearer may take: it never waits for anybody, so longer means that the room hangs.
const DEADLINE: Duration = Duration::from_secs(20);

/// Every line that a client hears begins with a label or is a notice; no forbidden character is relayed; words arrive as
/// they were said, in their order.
pub fn check(bytes: &[u8]) {
    let mut choices = Choices::new(bytes);
    let room = Room::new("server", 2, Charset::default());
    let ((hearer, mut listens), (speaker, mut speaks)) = (join(&room), join(&room));
    let heard = thread::spawn(|| read_all(hearer));
    assert_eq!(say(&mut listens, b"/name hearer\n"), Stay::Yes);
    let mut said = Said::default();
    while said.stay() && !choices.is_over() && said.stream.len() < MAX_SAID {
        match choices.byte() % 8 {
            0 => said.by_host |= room.host_says(&choices.text()).is_ok(),
            1 if speaks.patience().is_some() => {
                said.silence = true;
                said.gone = speaks.hears_silence() == Stay::No;
            }
            _ => {
                let piece = choices.counted();
                let piece = &piece[..piece.len().min(MAX_SAID)];
                said.stream.extend_from_slice(piece);
                said.gone = say(&mut speaks, piece) == Stay::No;
            }
        }
    }
    speaks.leaves(None);
    room.close();
    drop((listens, speaks, speaker));
    let heard = heard.join().expect("the hearer").expect("what the room has sent");
    let heard = String::from_utf8(heard).expect("the room's encoding");
    let words = words_heard(&heard);
    assert!(said.by_host || words.iter().all(|(name, _)| *name != "server"), "forged: {heard:?}");
    if !said.silence && !said.by_host {
        let words: Vec<_> = words.into_iter().map(|(_, words)| words.to_string()).collect();
        assert_eq!(words, words_of(&said.stream), "{:?}", String::from_utf8_lossy(&said.stream));
    }
}

/// Gives a seat what its client says, in pieces that fit, as its socket would.
fn say(seat: &mut Seat, mut words: &[u8]) -> Stay {
    let mut stay = Stay::Yes;
    while !words.is_empty() && stay == Stay::Yes {
        let buffer = seat.buffer();
        let (piece, rest) = words.split_at(words.len().min(buffer.len()));
        buffer[..piece.len()].copy_from_slice(piece);
        stay = seat.hears(piece.len());
        words = rest;
    }
    stay
}

/// What happened to the room.
#[derive(Default)]
struct Said {
    stream: Vec<u8>,
    silence: bool,
    by_host: bool,
    gone: bool,
}

impl Said {
    fn stay(&self) -> bool {
        !self.gone
    }
}

/// Where clients call; one for all of them, so that a run of millions does not use up the ports.
static LISTENER: LazyLock<Mutex<Traced<std::net::TcpListener>>> = LazyLock::new(|| {
    let any = (Ipv4Addr::LOCALHOST, 0).into();
    let socket = Traced::<Socket>::tcp(any, &Trace::off()).expect("a socket");
    socket.bind(any).expect("a free port");
    Mutex::new(socket.listen(16).expect("a listener"))
});

/// A client with a seat: its own end of the connection, and the room's.
fn join(room: &Arc<Room>) -> (TcpStream, Seat) {
    let listener = LISTENER.lock().unwrap_or_else(PoisonError::into_inner);
    let client = TcpStream::connect(listener.local_addr().expect("its address")).expect("a connection");
    let (stream, peer) = listener.accept().expect("the other end");
    client.set_read_timeout(Some(DEADLINE)).expect("a deadline");
    // It ends with a reset: no port waits in TIME_WAIT.
    SockRef::from(&client).set_linger(Some(Duration::ZERO)).expect("an option");
    (client, room.seat(&Arc::new(stream), peer).expect("a seat"))
}

fn read_all(mut stream: TcpStream) -> io::Result<Vec<u8>> {
    let mut heard = Vec::new();
    stream.read_to_end(&mut heard)?;
    Ok(heard)
}

/// Who said what, in what a client heard.
fn words_heard(heard: &str) -> Vec<(&str, &str)> {
    assert!(heard.is_empty() || heard.ends_with('\n'), "half a line: {heard:?}");
    let mut words = Vec::new();
    for line in heard.lines() {
        assert!(!line.contains(is_harmful), "{line:?}");
        if line.starts_with("* ") {
            continue;
        }
        let labelled = line.strip_prefix('[').and_then(|line| line.split_once(']'));
        let (name, text) = labelled.unwrap_or_else(|| panic!("neither label nor notice: {line:?}"));
        assert!(names::check(name).is_ok() || name.starts_with("127.0.0.1:"), "{line:?}");
        words.push((name, text.strip_prefix(' ').unwrap_or_else(|| panic!("no space: {line:?}"))));
    }
    words
}

/// What a client says with `stream`, by the table of PROTOCOL.md.
fn words_of(stream: &[u8]) -> Vec<String> {
    let (mut said, mut gone) = (Vec::new(), false);
    let mut stream = stream.to_vec();
    let kept = Telnet::default().strip(&mut stream, false);
    stream.truncate(kept);
    let mut lines = Lines::new(MAX_LINE);
    let mut each = |line: socket_demos::chat::lines::Line<'_>| {
        let text = String::from_utf8_lossy(line.bytes);
        gone |= is_q(&text);
        let slash = text.strip_prefix(['/', '／']);
        let words = slash.map_or(Some(&*text), |rest| {
            let escaped = rest.trim_end().strip_prefix(['/', '／'])?;
            Some(if is_q(escaped) { escaped } else { rest })
        });
        if let Some(words) = words.filter(|_| !gone && !text.trim().is_empty()) {
            said.push(escape(words).into_owned());
        }
    };
    lines.push(&stream, &mut each);
    lines.flush(&mut each);
    said
}

fn is_q(text: &str) -> bool {
    ["q", "Q", "ｑ", "Ｑ"].contains(&text.trim())
}
