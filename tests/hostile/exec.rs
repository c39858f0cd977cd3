//! Remote commands under attack: whoever has no key runs nothing and learns nothing, and the owner is served.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::common::exec::{Exec, TCP};
use crate::common::{DEADLINE, Running, eventually, memory, not_run, wine};
use crate::descriptors;
use socket_demos::exec::frames::{Frame, FrameReader, FrameWriter, kind};
use socket_demos::exec::handshake;
use socket_demos::exec::tag::Key;

/// What every attempt would run: a line in a file for each execution, and a word on standard output.
const COMMAND: &str = if cfg!(windows) { "echo ran>>ran& echo shown" } else { "echo ran >> ran; echo shown" };
const SHOWN: &str = if cfg!(windows) { "shown\r\n" } else { "shown\n" };

/// A command that does not end.
const ENDLESS: &str = if cfg!(windows) { "for /L %i in (1,0,2) do @rem" } else { "sleep 600" };

/// Which way the bytes go that something is done to.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    ToServer,
    ToClient,
}

/// Copies a connection's bytes both ways, keeps them, and turns one bit of one byte on the way.
struct Relay {
    address: SocketAddr,
    recorded: thread::JoinHandle<[Vec<u8>; 2]>,
}

impl Relay {
    fn to(server: SocketAddr, flip: Option<(Way, usize)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let recorded = thread::spawn(move || {
            let (client, _) = listener.accept().unwrap();
            let server = TcpStream::connect(server).unwrap();
            let at = |way| flip.filter(|flip| flip.0 == way).map(|flip| flip.1);
            thread::scope(|scope| {
                let there = scope.spawn(|| copy(&client, &server, at(Way::ToServer)));
                let back = scope.spawn(|| copy(&server, &client, at(Way::ToClient)));
                [there.join().unwrap(), back.join().unwrap()]
            })
        });
        Self { address, recorded }
    }
}

fn copy(mut from: &TcpStream, mut to: &TcpStream, flip: Option<usize>) -> Vec<u8> {
    let mut copied = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        if let Some(at) = flip.and_then(|at| at.checked_sub(copied.len())).filter(|at| *at < length) {
            buffer[at] ^= 1 << ((copied.len() + at) % 8);
        }
        copied.extend_from_slice(&buffer[..length]);
        if to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
    copied
}

/// Runs [`COMMAND`] through a relay: exit status, standard output.
fn run_through(exec: &Exec, address: SocketAddr) -> (Option<i32>, String) {
    let mut command = std::process::Command::new(TCP.client);
    command.args([&address.to_string(), "--timeout", "1", "-c", COMMAND]);
    command.env("SOCKET_DEMOS_KEY_FILE", exec.place.file("key"));
    let (status, out, err) = Running::spawn(command).ended();
    assert!(err.lines().count() <= 1, "{err}");
    (status.code(), String::from_utf8(out).unwrap())
}

fn executions(exec: &Exec) -> usize {
    fs::read_to_string(exec.place.file("ran")).map_or(0, |ran| ran.lines().count())
}

#[test]
fn one_bit_changed_anywhere_runs_nothing_and_shows_nothing_wrong() {
    let exec = Exec::start(TCP, &[]);
    let relay = Relay::to(exec.server.address, None);
    assert_eq!(run_through(&exec, relay.address), (Some(0), SHOWN.into()));
    let lengths = relay.recorded.join().unwrap().map(|bytes| bytes.len());
    assert_eq!(executions(&exec), 1);
    let flips = (0..lengths[0]).map(|at| (Way::ToServer, at)).chain((0..lengths[1]).map(|at| (Way::ToClient, at)));
    // Starting a program takes Wine a hundred times as long as Linux.
    let flips: Vec<_> = flips.step_by(if cfg!(windows) { 9 } else { 1 }).collect();
    let next = AtomicUsize::new(0);
    let shown_back = Mutex::new(0);
    // Fewer at a time than may be pending. On Windows only one command at a time can append to a file (32).
    let at_once = if cfg!(windows) { 1 } else { 6 };
    thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                while let Some(&flip) = flips.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let relay = Relay::to(exec.server.address, Some(flip));
                    let (status, out) = run_through(&exec, relay.address);
                    assert_eq!(status, Some(255), "{flip:?}");
                    if flip.0 == Way::ToServer {
                        assert_eq!(out, "", "{flip:?}");
                    } else {
                        assert!(SHOWN.starts_with(&out), "{flip:?}: {out:?}");
                        *shown_back.lock().unwrap() += 1;
                    }
                }
            });
        }
    });
    // Only on the way back has the command run already.
    assert!(executions(&exec) <= 1 + *shown_back.lock().unwrap());
    let greeting_and_welcome = 100;
    assert!(executions(&exec) <= 1 + lengths[1] - greeting_and_welcome, "{}", executions(&exec));
}

#[test]
fn a_recorded_session_is_worth_nothing_at_either_end() {
    let exec = Exec::start(TCP, &[]);
    let relay = Relay::to(exec.server.address, None);
    assert_eq!(run_through(&exec, relay.address).0, Some(0));
    let [to_server, to_client] = relay.recorded.join().unwrap();
    let mut again = exec.server.connect();
    again.stream().write_all(&to_server).unwrap();
    let mut answer = Vec::new();
    let _ = again.reader.read_to_end(&mut answer);
    assert!(answer.len() < 120, "the greeting alone: {} bytes", answer.len());
    assert_eq!(executions(&exec), 1);

    let liar = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = liar.local_addr().unwrap();
    let lying = thread::spawn(move || {
        let (mut stream, _) = liar.accept().unwrap();
        stream.write_all(&to_client).unwrap();
        let _ = stream.read_to_end(&mut Vec::new());
    });
    assert_eq!(run_through(&exec, address), (Some(255), String::new()));
    lying.join().unwrap();
}

#[test]
fn without_the_key_nothing_runs() {
    let exec = Exec::start(TCP, &[]);
    let other = exec.place.file("other");
    socket_demos::exec::key::read_or_make(other.as_ref()).unwrap();
    let (status, out, err) = exec.client(&["--key-file", &other, "-c", COMMAND]).ended();
    assert!(status.code() == Some(255) && out.is_empty() && err.contains("does not have the same key"), "{err}");
    let missing = exec.place.file("missing");
    let (status, _, err) = exec.client(&["--key-file", &missing, "-c", COMMAND]).ended();
    assert!(status.code() == Some(255) && err.contains("there is no key file"), "{err}");
    assert!(!fs::exists(missing).unwrap(), "a client makes no key");
    exec.server.running.notes("was not admitted, nothing was run: a wrong tag: most likely another key");
    assert_eq!(executions(&exec), 0);
}

#[test]
fn what_is_not_a_proof_is_sent_away() {
    let exec = Exec::start(TCP, &[]);
    let long = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(3000));
    let texts = ["GET /;touch$IFS/x; HTTP/1.1\r\n\r\n", &long, "\u{16}\u{3}\u{1}\u{2}\0", "ls\n", "\u{7f}"];
    for text in texts {
        let mut peer = exec.server.connect();
        peer.sends(text);
        let answer = answer_behind_the_greeting(&mut peer.reader);
        let wanted = "this server wants a key; for textbook clients start it with --classic\n";
        assert_eq!(String::from_utf8_lossy(&answer), wanted, "{text:?}");
    }
    let mut slow = exec.server.connect();
    slow.stream().set_nodelay(true).unwrap();
    for byte in b"GET /" {
        // It has been judged by the first of them.
        let _ = slow.stream().write_all(&[*byte]);
    }
    assert!(answer_behind_the_greeting(&mut slow.reader).starts_with(b"this server wants a key"));
    for length in [0u32, 1, 64, 66, 0x1_0022, u32::MAX >> 8, u32::MAX] {
        let mut peer = exec.server.connect();
        peer.stream().write_all(&length.to_be_bytes()).unwrap();
        peer.stream().write_all(&[kind::HELLO; 200]).unwrap();
        let answer = answer_behind_the_greeting(&mut peer.reader);
        let text = length.to_be_bytes()[0] != 0;
        assert_eq!(answer.is_empty(), !text, "{length}: {answer:?}");
    }
    assert_eq!(exec.run("echo served").1.trim(), "served");
}

/// All that comes after the greeting's frame.
fn answer_behind_the_greeting(reader: &mut impl Read) -> Vec<u8> {
    let mut all = Vec::new();
    let _ = reader.read_to_end(&mut all);
    let length = u32::from_be_bytes(*all.first_chunk().expect("a greeting")) as usize;
    all.split_off(4 + length)
}

/// A client of its own making, that has the key.
struct Insider {
    reader: FrameReader<TcpStream>,
    writer: FrameWriter<TcpStream>,
    stream: TcpStream,
}

impl Insider {
    fn enter(address: SocketAddr, key: &Key) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        let mut reader = FrameReader::new(stream.try_clone().unwrap(), 1000);
        let mut writer = FrameWriter::new(stream.try_clone().unwrap());
        handshake::meet(&mut reader, &mut writer, key).unwrap_or_else(|why| panic!("{why}"));
        Self { reader, writer, stream }
    }

    /// The kinds of all frames that come until the end.
    fn rest(&mut self) -> Vec<u8> {
        let mut kinds = Vec::new();
        while let Ok(Some(Frame { kind, .. })) = self.reader.receive_patiently() {
            kinds.push(kind);
        }
        kinds
    }
}

#[test]
fn a_second_command_while_one_runs_ends_the_connection_and_the_command() {
    let exec = Exec::start(TCP, &[]);
    let mut insider = Insider::enter(exec.server.address, &exec.key());
    insider.writer.send(kind::COMMAND, ENDLESS.as_bytes()).unwrap();
    insider.writer.send(kind::COMMAND, COMMAND.as_bytes()).unwrap();
    assert!(!insider.rest().contains(&kind::OUT));
    assert_eq!(executions(&exec), 0);
    exec.server.running.notes(if cfg!(windows) { ": exit status 1, " } else { "ended by signal" });
}

#[test]
fn a_stop_without_a_command_and_a_command_with_a_zero_byte_do_no_harm() {
    let exec = Exec::start(TCP, &[]);
    let mut insider = Insider::enter(exec.server.address, &exec.key());
    insider.writer.send(kind::STOP, b"").unwrap();
    insider.writer.send(kind::COMMAND, b"echo a\0b").unwrap();
    let frame = insider.reader.receive_patiently().unwrap().unwrap();
    assert_eq!((frame.kind, frame.payload), (kind::OUTCOME, &[3, 0, 0, 0, 0][..]), "not started");
    insider.writer.send(kind::COMMAND, b"exit 9").unwrap();
    assert_eq!(insider.reader.receive_patiently().unwrap().unwrap().payload, [0, 0, 0, 0, 9]);
    insider.stream.shutdown(Shutdown::Write).unwrap();
    assert!(insider.rest().is_empty());
}

#[test]
fn the_time_limit_holds_however_slowly_the_client_speaks() {
    let exec = Exec::start(TCP, &["--timeout", "0.5"]);
    let mut insider = Insider::enter(exec.server.address, &exec.key());
    insider.writer.send(kind::COMMAND, ENDLESS.as_bytes()).unwrap();
    let mut stream = insider.stream.try_clone().unwrap();
    let (ended, end) = mpsc::channel::<()>();
    let trickle = thread::spawn(move || {
        // The beginning of a long frame, byte by byte, faster than any timeout.
        let frame = [&60_000u32.to_be_bytes()[..], &[kind::COMMAND; 1000]].concat();
        for byte in frame {
            if stream.write_all(&[byte]).is_err() || end.recv_timeout(Duration::from_millis(100)).is_ok() {
                break;
            }
        }
    });
    let frame = insider.reader.receive_patiently().unwrap().unwrap();
    assert_eq!((frame.kind, frame.payload), (kind::OUTCOME, &[2, 0, 0, 0, 0][..]), "the time limit");
    ended.send(()).unwrap();
    trickle.join().unwrap();
}

#[test]
fn silent_and_slow_strangers_do_not_keep_the_owner_waiting() {
    if wine() {
        return not_run(
            "a thread that reads is not woken by its own program's shutdown under Wine, and keeps its place",
        );
    }
    descriptors::make_room_for(600);
    let exec = Exec::start(TCP, &[]);
    let pid = exec.server.running.pid();
    assert_eq!(exec.run("echo warm").1.trim(), "warm");
    let before = memory(pid);
    let silent: Vec<_> = (0..100).map(|_| exec.server.connect()).collect();
    let slow: Vec<_> = (0..500).map(|_| exec.server.connect()).collect();
    let (over, is_over) = mpsc::channel::<()>();
    thread::scope(|scope| {
        let (owner, slow) = (&exec, &slow);
        scope.spawn(move || {
            // Over too when an assertion below fails, which drops the other end.
            while is_over.try_recv() == Err(mpsc::TryRecvError::Empty) {
                for stranger in slow {
                    // Most of them have been sent away.
                    let _ = stranger.stream().write_all(b"\0");
                }
                thread::sleep(Duration::from_millis(100)); // The attack's own pace.
            }
        });
        for _ in 0..20 {
            let start = Instant::now();
            assert_eq!(owner.run("echo served").1.trim(), "served");
            // One that waits its turn behind strangers would wait 5 s.
            assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
        }
        drop(over);
    });
    drop((silent, slow));
    assert!(memory(pid) < before + 4 * 1024 * 1024, "{before} to {} bytes", memory(pid));
    eventually(true, || fs::read_dir(format!("/proc/{pid}/task")).map_or(true, |tasks| tasks.count() <= 4));
}

/// A way to `server` that takes 100 ms there and back, for as long as the test runs.
#[cfg(target_os = "linux")]
fn far_away(server: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for client in listener.incoming() {
            let (client, server) = (client.unwrap(), TcpStream::connect(server).unwrap());
            let ways = [(client.try_clone().unwrap(), server.try_clone().unwrap()), (server, client)];
            for (mut from, mut to) in ways {
                thread::spawn(move || {
                    let mut buffer = [0; 4096];
                    while let Ok(length @ 1..) = from.read(&mut buffer) {
                        thread::sleep(Duration::from_millis(50)); // The length of the way.
                        if to.write_all(&buffer[..length]).is_err() {
                            break;
                        }
                    }
                    let _ = to.shutdown(Shutdown::Write);
                });
            }
        }
    });
    address
}

/// A connection from one of eight addresses that are not the owner's.
#[cfg(target_os = "linux")]
fn connect_from(number: u8, server: SocketAddr) -> socket2::Socket {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, 2 + number % 8], 0)).into()).unwrap();
    socket.connect(&server.into()).unwrap();
    socket
}

#[cfg(target_os = "linux")] // Elsewhere the loopback has one address.
#[test]
fn a_crowd_at_the_door_does_not_keep_out_an_owner_who_is_far_away() {
    descriptors::make_room_for(2000);
    let exec = Exec::start(TCP, &[]);
    let server = exec.server.address;
    let (way, over) = (far_away(server), std::sync::atomic::AtomicBool::new(false));
    let connected = AtomicUsize::new(0);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut crowd = std::collections::VecDeque::new();
            while !over.load(Ordering::Relaxed) {
                let number = connected.fetch_add(1, Ordering::Relaxed);
                crowd.push_back(connect_from(number as u8, server));
                if crowd.len() > 1000 {
                    crowd.pop_front();
                }
                thread::sleep(Duration::from_millis(2)); // The attack's own pace, nearly 500 a second.
            }
        });
        eventually(true, || connected.load(Ordering::Relaxed) > 300);
        let results: Vec<_> = (0..5).map(|_| run_through(&exec, way)).collect();
        over.store(true, Ordering::Relaxed);
        assert!(results.iter().all(|result| *result == (Some(0), SHOWN.into())), "{results:?}");
    });
}
