//! Remote commands over UDP under attack: recordings, strangers, floods and forged senders.

use std::fs;
use std::net::{SocketAddr, UdpSocket};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::common::exec::{Exec, Place, UDP};
use crate::common::forge::Forger;
use crate::common::relay::{Harm, Relay};
use crate::common::textbook::Datagram;
use crate::common::{Running, eventually, memory};
use socket_demos::exec::reliable::Client;
use socket_demos::exec::tag::Key;
use socket_demos::random;

/// How long silence is listened to where silence is what is expected.
const QUIET: Duration = Duration::from_millis(300);

/// How much a flooded server may grow, in bytes.
const GROWTH: usize = 4 * 1024 * 1024;

fn executions(place: &Place) -> usize {
    fs::read_to_string(place.file("ran")).map_or(0, |ran| ran.lines().count())
}

/// Has one command run, and gives the relay that has recorded it.
fn recorded(exec: &Exec) -> Relay {
    let relay = Relay::to(exec.server.address, &Harm::default());
    let mut command = Command::new(UDP.client);
    command.args([&relay.address.to_string(), "-c", "echo ran >> ran; seq 2000"]);
    command.env("SOCKET_DEMOS_KEY_FILE", exec.place.file("key"));
    assert!(Running::spawn(command).ended_well().ends_with("2000\n"));
    // The last acknowledgement is sent three times.
    eventually(true, || relay.recorded().len() >= 5);
    relay
}

/// Plays a recording from `socket`, with `answered` counting the bytes that come back; asserts that they are no more than
/// were sent.
fn replay(recording: &[Vec<u8>], socket: &UdpSocket, server: SocketAddr, answered: impl Fn() -> usize) {
    let before = answered();
    let mut sent = 0;
    for datagram in recording {
        sent += socket.send_to(datagram, server).unwrap();
    }
    let (mut heard, mut since) = (answered(), Instant::now());
    while since.elapsed() < QUIET {
        thread::sleep(Duration::from_millis(10)); // Silence is what is waited for.
        if answered() != heard {
            (heard, since) = (answered(), Instant::now());
        }
    }
    assert!(heard - before <= sent, "{} bytes for {sent}", heard - before);
}

#[test]
fn a_recorded_conversation_runs_nothing_wherever_and_whenever_it_is_played() {
    let mut exec = Exec::start(UDP, &[]);
    let relay = recorded(&exec);
    let recording = relay.recorded();
    let server = exec.server.address;
    let same = relay.upstream.lock().unwrap().as_ref().unwrap().try_clone().unwrap();
    replay(&recording, &same, server, || relay.seen.answered.load(Ordering::Relaxed));
    let other = Datagram::bind();
    let counting = Counting::of(&other);
    replay(&recording, &other.0, server, || counting.heard());
    exec.server.running.kill();
    let mut again = Command::new(UDP.server);
    again.arg(exec.server.address()).current_dir(exec.place.path());
    again.env("SOCKET_DEMOS_KEY_FILE", exec.place.file("key"));
    exec.server.running = Running::spawn(again);
    exec.server.running.notes("listening on");
    replay(&recording, &same, server, || relay.seen.answered.load(Ordering::Relaxed));
    replay(&recording, &other.0, server, || counting.heard());
    assert_eq!(exec.run("echo served").1, "served\n");
    assert_eq!(executions(&exec.place), 1);
}

/// Counts the bytes that come to a socket, without waiting for any.
struct Counting(UdpSocket, std::cell::Cell<usize>);

impl Counting {
    fn of(socket: &Datagram) -> Self {
        socket.0.set_nonblocking(true).unwrap();
        Self(socket.0.try_clone().unwrap(), std::cell::Cell::new(0))
    }

    fn heard(&self) -> usize {
        while let Ok(length) = self.0.recv(&mut [0; 2000]) {
            self.1.set(self.1.get() + length);
        }
        self.1.get()
    }
}

/// A HELLO that nobody has sent yet.
fn hello(key: &Key) -> Vec<u8> {
    let mut client = Client::new(key.clone());
    client.request(b"true", random::bytes(), Duration::ZERO).unwrap();
    client.datagrams().remove(0)
}

/// Waits until the server has taken all that it was sent: then it answers a HELLO.
fn catches_up(server: SocketAddr, key: &Key) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    eventually(true, || {
        socket.send_to(&hello(key), server).unwrap();
        socket.recv(&mut [0; 2000]).is_ok()
    });
}

#[test]
fn strangers_get_no_answer_whatever_they_send() {
    let exec = Exec::start(UDP, &[]);
    let (server, key) = (exec.server.address, exec.key());
    let recording = recorded(&exec).recorded();
    let mut random = fastrand::Rng::with_seed(3);
    let mut attempts = Vec::new();
    let greeting = hello(&key).len();
    for first in 0..=255 {
        for length in [1, 2, 36, 37, 50, greeting - 1, greeting, greeting + 1, 93, 173, 1199, 1200, 1201, 1500] {
            let mut bytes = vec![0; length];
            random.fill(&mut bytes);
            bytes[0] = first;
            attempts.push(bytes);
        }
    }
    attempts.push(Vec::new());
    // Each kind of datagram that a client sends, with one bit changed, or one byte less or more.
    let mut kinds = recording;
    kinds.sort_by_key(|datagram| datagram[0]);
    kinds.dedup_by_key(|datagram| datagram[0]);
    assert_eq!(kinds.len(), 3, "HELLO, REQUEST, ACK");
    for datagram in &kinds {
        for bit in 0..8 * datagram.len() {
            let mut changed = datagram.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            attempts.push(changed);
        }
        attempts.push(datagram[..datagram.len() - 1].to_vec());
        attempts.push([&datagram[..], &[0]].concat());
    }
    let stranger = Datagram::bind();
    for (number, bytes) in attempts.iter().enumerate() {
        stranger.send(bytes, server);
        if number % 50 == 0 {
            catches_up(server, &key);
        }
    }
    catches_up(server, &key);
    assert!(stranger.hears_nothing());
    assert_eq!(executions(&exec.place), 1, "the recorded one");
}

/// How many datagrams a flood has (`.ci/nightly` sends a million).
fn flood() -> usize {
    std::env::var("FLOOD").map_or(100_000, |number| number.parse().unwrap())
}

/// Has `attack` send all its datagrams, of which it is told the number, while an honest client is served; asserts that the
/// server has not grown.
fn served_during(exec: &Exec, attack: impl FnMut(usize) + Send) {
    assert_eq!(exec.run("echo warm").1, "warm\n");
    let pid = exec.server.running.pid();
    let before = memory(pid);
    let over = AtomicBool::new(false);
    let mut served = 0;
    thread::scope(|scope| {
        scope.spawn(|| {
            (0..flood()).for_each(attack);
            over.store(true, Ordering::Relaxed);
        });
        while !over.load(Ordering::Relaxed) {
            let (status, out, err) = exec.run("echo served");
            assert!(status == Some(0) && out == "served\n", "{status:?} {err}");
            served += 1;
        }
    });
    let grown = memory(pid).saturating_sub(before);
    eprintln!("{} datagrams: grown by {} KiB, {served} commands meanwhile", flood(), grown / 1024);
    assert!(served > 0 && grown < GROWTH, "grown by {grown} bytes, {served} commands");
    let lines = exec.server.running.err().lines().count();
    assert!(lines < 20 + 2 * (served + 2), "{lines} lines");
}

#[test]
fn a_flood_of_strangers_costs_no_memory_and_the_owner_is_served() {
    let exec = Exec::start(UDP, &[]);
    let sockets: Vec<_> = (0..16).map(|_| Datagram::bind()).collect();
    let mut random = fastrand::Rng::with_seed(5);
    let mut bytes = [0; 1500];
    let (server, greeting) = (exec.server.address, hello(&exec.key()).len());
    served_during(&exec, |number| {
        random.fill(&mut bytes);
        // Half of them have a client's kind and length, so that their tags are looked at.
        let length = if number % 2 == 0 { random.usize(..bytes.len()) } else { [greeting, 500, 173][number % 3] };
        if number % 2 == 1 {
            bytes[0] = [0x81, 0x83, 0x85][number % 3];
        }
        // A full buffer loses the datagram, as it may.
        let _ = sockets[number % sockets.len()].0.send_to(&bytes[..length], server);
    });
}

#[test]
fn a_flood_of_hellos_from_forged_senders_costs_no_memory_and_the_owner_is_served() {
    let Some(forger) = Forger::new() else { return };
    let exec = Exec::start(UDP, &[]);
    let key = exec.key();
    let mut random = fastrand::Rng::with_seed(6);
    let server = exec.server.address;
    served_during(&exec, |_| {
        // Of none of the ports that the system chooses: a socket of another test would hear the server's answers.
        let port = random.u16(10_000..30_000);
        let from = SocketAddr::from(([127, random.u8(..), random.u8(..), random.u8(1..255)], port));
        // With the right tag: even the key makes nobody remember anything.
        forger.sends(&hello(&key), from, server);
    });
}
