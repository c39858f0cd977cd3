//! Floods of words: who reads stays and hears all of it, who does not goes, and nobody is held up for long.
//!
//! Where the pace is the experiment a reader sleeps, and says so.

use std::io::{BufRead as _, Write as _};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::common::{DEADLINE, Peer, Server, eventually, peak_memory};
use crate::descriptors;

/// After so long without taking anything a client is sent out.
const SILENCE: Duration = Duration::from_secs(5);

/// What a busy machine may add to that, and to whatever should happen at once.
const SLACK: Duration = Duration::from_secs(if cfg!(windows) { 15 } else { 5 });

/// How much a flood may add to the server's memory at its peak: what waits for its screen, and for one that lags.
const MEMORY: usize = 32 * 1024 * 1024;

/// How slowly the slowest read, in bytes a second. Under Wine a send waits until a third of the kernel's buffer is free, and
/// the server cannot see that less has been taken.
const SLOW: u32 = if cfg!(windows) { 1_000_000 } else { 100_000 };

/// How long slow readers are slow: longer than the silent ones stay.
const SLOW_FOR: Duration = Duration::from_secs(7);

/// How many bytes are said: 8 MB (on Windows, which sends 4 KiB at once, a quarter of that), or with `FLOOD` a hundred.
fn flood() -> usize {
    match std::env::var_os("FLOOD") {
        Some(_) => 100_000_000,
        None if cfg!(windows) => 2_000_000,
        None => 8_000_000,
    }
}

/// The words of a flood, from which the place of each line can be told.
#[derive(Clone, Copy, PartialEq)]
enum Words {
    /// What `yes` says.
    Yes,
    Digits,
    /// Numbered, a hundred bytes each.
    Numbered,
}

impl Words {
    fn line(self, number: usize) -> String {
        match self {
            Self::Yes => "y".into(),
            Self::Digits => (number % 10).to_string(),
            Self::Numbered => format!("{number:099}"),
        }
    }

    /// So many lines of them, as one block.
    fn block(self, lines: std::ops::Range<usize>) -> String {
        lines.map(|number| self.line(number) + "\n").collect()
    }
}

/// Says `lines` lines and then that this was all.
fn floods(mut flooder: Peer, words: Words, lines: usize) -> JoinHandle<Peer> {
    thread::spawn(move || {
        for first in (0..lines).step_by(2600) {
            flooder.sends(&words.block(first..lines.min(first + 2600)));
        }
        flooder.sends("that was all\n");
        flooder
    })
}

/// How fast somebody reads.
#[derive(Clone, Copy)]
enum Reads {
    AtOnce,
    /// So many bytes a second, for [`SLOW_FOR`].
    Slowly(u32),
}

/// Hears a whole flood, each line in its place; gives everything else that was said, in order.
fn hears(mut hearer: Peer, words: Words, lines: usize, reads: Reads) -> JoinHandle<(Peer, String)> {
    thread::spawn(move || {
        let (begin, mut bytes) = (Instant::now(), 0);
        let (mut number, mut rest) = (0, String::new());
        loop {
            let line = hearer.line();
            bytes += u32::try_from(line.len()).unwrap();
            if let Reads::Slowly(rate) = reads
                && begin.elapsed() < SLOW_FOR
            {
                let due = Duration::from_secs(1) * bytes / rate;
                thread::sleep(due.saturating_sub(begin.elapsed()).min(SLOW_FOR));
            }
            match line.strip_prefix("[flooder] ") {
                Some("that was all\n") => break,
                Some(said) => {
                    assert_eq!(said.trim_end(), words.line(number), "line {number} of {lines}");
                    number += 1;
                }
                None if line.is_empty() => panic!("sent out after {number} lines of {lines}: {rest:?}"),
                None => rest += &line,
            }
        }
        assert_eq!(number, lines, "{rest:?}");
        (hearer, rest)
    })
}

/// Reads up to this line; gives the notices before it.
pub(crate) fn skips_the_flood(hearer: &mut Peer, wanted: &str) -> String {
    let (begin, mut notices) = (Instant::now(), String::new());
    // A whole flood may be in front of it.
    let deadline = DEADLINE * u32::try_from(flood() / 1_000_000).unwrap();
    loop {
        let line = hearer.line();
        assert!(begin.elapsed() < deadline, "{wanted:?} did not come: {notices}");
        assert!(!line.is_empty(), "the stream ended before {wanted:?}: {notices}");
        if line == wanted {
            return notices;
        }
        if line.starts_with('*') {
            notices += &line;
        }
    }
}

/// Fifty hear a flood, at all paces; two read nothing, one of which has never spoken. A person speaks meanwhile.
fn a_room_under(words: Words, lines: usize, readers: usize) {
    descriptors::make_room_for(readers + 10);
    let server = Server::start(&[]);
    let before = peak_memory(server.running.pid());
    let readers: Vec<_> = (0..readers).map(|number| server.join(&format!("c{number}"))).collect();
    let (person, mut witness) = (server.join("person"), server.join("witness"));
    let (sleeper, mute) = (server.join("sleeper"), server.connect());
    let flooder = server.join("flooder");
    let begin = Instant::now();
    let flooding = floods(flooder, words, lines);
    let hearing = readers.into_iter().enumerate().map(|(number, reader)| {
        let reads = match number % 10 {
            0 => Reads::Slowly(SLOW),
            1 => Reads::Slowly(10_000_000),
            _ => Reads::AtOnce,
        };
        hears(reader, words, lines, reads)
    });
    let hearing: Vec<_> = hearing.collect();
    let mut voice = person.stream().try_clone().unwrap();
    let person = hears(person, words, lines, Reads::AtOnce);
    // The person says a line whenever the one before has arrived.
    let mut longest = Duration::ZERO;
    let mut gone = None;
    let mut number = 0;
    while gone.is_none() {
        assert!(begin.elapsed() < DEADLINE, "the sleeper is still there");
        let said = Instant::now();
        voice.write_all(format!("{number}\n").as_bytes()).unwrap();
        let notices = skips_the_flood(&mut witness, &format!("[person] {number}\n"));
        longest = longest.max(said.elapsed());
        gone = notices.contains("* sleeper left (did not read)").then(|| begin.elapsed());
        number += 1;
        // A person's pace.
        thread::sleep(Duration::from_millis(100));
    }
    let gone = gone.unwrap();
    println!("a person's line took {longest:?} at most, the sleeper left after {gone:?}");
    assert!(longest < SLACK, "a person's line took {longest:?}");
    assert!(gone >= SILENCE && gone < SILENCE + SLACK, "the sleeper left after {gone:?}");
    let witnessing = thread::spawn(move || skips_the_flood(&mut witness, "[flooder] that was all\n"));
    for hearing in hearing {
        let (_, rest) = hearing.join().unwrap();
        assert!(rest.contains("* sleeper left (did not read)\n") && rest.contains("[person] 0\n"), "{rest}");
        assert_eq!(rest.matches("(did not read)").count(), 1, "{rest}");
    }
    person.join().unwrap();
    witnessing.join().unwrap();
    // Its own end is served.
    let mut flooder = flooding.join().unwrap();
    flooder.sends("/who\n");
    flooder.hears_until("here:");
    let grown = peak_memory(server.running.pid()).saturating_sub(before);
    println!("the server has grown by {grown} bytes in {:?}", begin.elapsed());
    assert!(grown < MEMORY, "the server has grown by {grown} bytes");
    drop((sleeper, mute));
}

#[test]
fn fifty_who_read_at_any_pace_hear_a_whole_flood_in_order() {
    a_room_under(Words::Numbered, flood() / 100, 50);
}

#[test]
fn so_do_ten_where_each_line_is_one_character() {
    a_room_under(Words::Digits, flood() / 16, 10);
}

#[test]
fn so_do_ten_where_somebody_says_yes() {
    a_room_under(Words::Yes, flood() / 16, 10);
}

/// Speaks without end.
pub(crate) fn speaks_without_end(flooder: &Peer) {
    let mut voice = flooder.stream().try_clone().unwrap();
    thread::spawn(move || {
        let block = Words::Yes.block(0..8192);
        while voice.write_all(block.as_bytes()).is_ok() {}
    });
}

/// Waits until so many have gone because they did not read.
fn hears_that_they_go(witness: &mut Peer, mut left: usize) {
    let begin = Instant::now();
    while left > 0 {
        assert!(begin.elapsed() < DEADLINE, "{left} are still there");
        let line = witness.line();
        assert!(!line.is_empty());
        left -= usize::from(line.ends_with("left (did not read)\n"));
    }
}

/// Waits until the room has stopped because somebody reads nothing: the witness hears nothing more.
fn hears_the_flood_stop(witness: &mut Peer) {
    witness.stream().set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    let mut line = Vec::new();
    while witness.reader.read_until(b'\n', &mut line).is_ok() {
        assert!(!line.is_empty() && !line.windows(12).any(|words| words == b"did not read"));
        line.clear();
    }
    witness.stream().set_read_timeout(Some(DEADLINE)).unwrap();
}

#[test]
fn a_flooder_that_waits_for_somebody_is_kicked_at_once_and_gives_its_place_to_the_next() {
    let mut server = Server::start(&["--max-clients", "3"]);
    let (mut witness, sleeper) = (server.join("witness"), server.join("sleeper"));
    let mut flooder = server.join("flooder");
    speaks_without_end(&flooder);
    let flooder = thread::spawn(move || flooder.rest());
    hears_the_flood_stop(&mut witness);
    let kicked = Instant::now();
    server.running.types("/kick flooder");
    let notices = skips_the_flood(&mut witness, "* flooder left (sent out)\n");
    assert!(!notices.contains("sleeper left"), "{notices}");
    assert!(flooder.join().unwrap().ends_with("* you were sent out by server\n"));
    let mut next = None;
    eventually(true, || {
        let mut peer = server.connect();
        peer.sends("/name next\n");
        let welcome = peer.line().contains("welcome");
        next = Some(peer);
        welcome
    });
    assert!(kicked.elapsed() < Duration::from_secs(2), "it took {:?}", kicked.elapsed());
    skips_the_flood(&mut witness, "* next joined\n");
    drop(sleeper);
}

/// Whose buffer is full first goes. The other is full by then and goes too, or nobody fills it any more and it is heard.
#[test]
fn two_who_flood_and_read_nothing_wait_for_each_other_no_longer_than_that() {
    let server = Server::start(&[]);
    let mut witness = server.join("witness");
    let flooders = ["one", "two"].map(|name| server.join(name));
    let begin = Instant::now();
    flooders.iter().for_each(speaks_without_end);
    hears_that_they_go(&mut witness, 1);
    println!("the first left after {:?}", begin.elapsed());
    assert!(begin.elapsed() < SILENCE + SLACK, "it took {:?}", begin.elapsed());
    let begin = Instant::now();
    let next = witness.line();
    println!("{next:?} after {:?}", begin.elapsed());
    assert!(next.ends_with("left (did not read)\n") || next.ends_with("] y\n"), "{next:?}");
    assert!(begin.elapsed() < SILENCE + SLACK, "it took {:?}", begin.elapsed());
}

#[test]
fn fifty_who_read_nothing_go_together() {
    const SLEEPERS: usize = 50;
    descriptors::make_room_for(SLEEPERS);
    let server = Server::start(&[]);
    let before = peak_memory(server.running.pid());
    let mut witness = server.join("witness");
    let sleepers: Vec<_> = (0..SLEEPERS).map(|number| server.join(&format!("s{number}"))).collect();
    let begin = Instant::now();
    let flooding = floods(server.join("flooder"), Words::Numbered, flood() / 100);
    hears_that_they_go(&mut witness, SLEEPERS);
    println!("all were gone after {:?}", begin.elapsed());
    assert!(begin.elapsed() < SILENCE + SLACK, "it took {:?}", begin.elapsed());
    skips_the_flood(&mut witness, "[flooder] that was all\n");
    let grown = peak_memory(server.running.pid()).saturating_sub(before);
    println!("the server has grown by {grown} bytes");
    assert!(grown < MEMORY, "the server has grown by {grown} bytes");
    drop((sleepers, flooding.join().unwrap()));
}

#[test]
fn what_is_piped_into_the_server_waits_for_those_who_hear_it() {
    let lines = flood() / 100;
    let mut server = Server::start(&["--name", "flooder"]);
    let before = peak_memory(server.running.pid());
    let readers = [Reads::AtOnce, Reads::Slowly(100_000)].into_iter().enumerate();
    let readers =
        readers.map(|(number, reads)| hears(server.join(&format!("c{number}")), Words::Numbered, lines, reads));
    let readers: Vec<_> = readers.collect();
    server.running.feeds(Words::Numbered.block(0..lines).as_bytes());
    server.running.feeds(b"that was all\n");
    for reader in readers {
        reader.join().unwrap();
    }
    let grown = peak_memory(server.running.pid()).saturating_sub(before);
    assert!(grown < MEMORY, "the server has grown by {grown} bytes");
}

#[test]
fn answers_that_their_asker_does_not_read_are_bounded() {
    let server = Server::start(&[]);
    let before = peak_memory(server.running.pid());
    let mut witness = server.join("witness");
    let mut asker = server.join("asker");
    let asking = thread::spawn(move || {
        let block = "/\n".repeat(8192);
        while asker.stream().write_all(block.as_bytes()).is_ok() {}
        // What was in the kernel's buffer, and then the reason, as a line of its own.
        asker.rest()
    });
    skips_the_flood(&mut witness, "* asker left (did not read)\n");
    let grown = peak_memory(server.running.pid()).saturating_sub(before);
    println!("the server has grown by {grown} bytes");
    assert!(grown < MEMORY, "the server has grown by {grown} bytes");
    drop(asking);
}
