//! Peers that flood, stall, vanish or lie: the room goes on, and nobody else notices.

use std::collections::HashMap;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::Shutdown;
#[cfg(target_os = "linux")]
use std::sync::Arc;
use std::thread;
use std::time::Duration;
#[cfg(target_os = "linux")]
use std::time::Instant;

#[cfg(target_os = "linux")]
use socket_demos::{
    chat::room::Room,
    net::{Socket, Trace},
    text::Charset,
};
#[cfg(target_os = "linux")]
use socket2::{SockFilter, SockRef};

use crate::common::{self, Peer, Server, eventually, wine};
use crate::descriptors;

#[test]
fn a_client_too_many_gets_one_line_and_leaves_the_others_alone() {
    const MAX: usize = 256;
    descriptors::make_room_for(MAX);
    let server = Server::start(&["--max-clients", "256"]);
    let mut seated: Vec<Peer> = (1..MAX).map(|_| server.connect()).collect();
    let mut last = server.join("last");
    for number in 0..44 {
        let mut surplus = server.connect();
        if number % 2 == 0 {
            // One that has spoken before it hears: a plain close would reset it.
            let _ = surplus.stream().write_all(b"hello?\n");
        }
        assert_eq!(surplus.rest(), "* the room is full (256 clients)\n", "client {number}");
    }
    seated[0].sends("still here\n");
    last.hears_until("still here\n");
    drop(seated.remove(0));
    last.hears_until("left\n");
    eventually(true, || {
        let mut newcomer = server.connect();
        newcomer.sends("/name newcomer\n");
        newcomer.line().contains("welcome")
    });
}

/// The cable of one is pulled while the others talk: it is gone, and its name free. As the page does it, with a shorter limit.
#[cfg(target_os = "linux")]
#[test]
fn who_vanishes_while_others_talk_is_gone_and_its_name_is_free() {
    const LIMIT: Duration = Duration::from_secs(3);
    let address = "127.0.0.1:0".parse().unwrap();
    let socket = Socket::tcp(address, &Trace::off()).unwrap();
    socket.bind(address).unwrap();
    let listener = socket.listen(8).unwrap();
    let address = listener.local_addr().unwrap();
    let room = Room::new("server", 8, Charset::default());
    thread::spawn(move || {
        loop {
            let (stream, client) = listener.accept().unwrap();
            stream.set_keepalive(LIMIT).unwrap();
            let stream = Arc::new(stream);
            let Ok(mut seat) = room.seat(&stream, client) else { panic!("there are three") };
            thread::spawn(move || {
                let error = loop {
                    match (&*stream).read(seat.buffer()) {
                        Ok(0) => break None,
                        Ok(received) => drop(seat.hears(received)),
                        Err(error) => break Some(error),
                    }
                };
                seat.leaves(error.as_ref());
            });
        }
    });
    let join = |name: &str| {
        let mut peer = Peer::connect(address);
        peer.sends(&format!("/name {name}\n"));
        peer.hears_until(&format!("welcome, {name}\n"));
        peer
    };
    let (mut alice, mut bob, ghost) = (join("alice"), join("bob"), join("ghost"));
    // BPF_RET | BPF_K with 0 bytes: nothing of what comes in is seen any more.
    if let Err(error) = SockRef::from(ghost.stream()).attach_filter(&[SockFilter::new(6, 0, 0, 0)]) {
        return common::not_run(&format!("a peer cannot be made to vanish: {error}"));
    }
    let since = Instant::now();
    let mut said = 0;
    loop {
        said += 1;
        alice.sends(&format!("line {said}\n"));
        if bob.hears_until(&format!("[alice] line {said}\n")).contains("* ghost left (") {
            break;
        }
        assert!(since.elapsed() < 3 * LIMIT, "it still has its seat");
        // It is the time that is the experiment: the others talk now and then.
        thread::sleep(Duration::from_millis(100));
    }
    assert!(since.elapsed() > LIMIT / 2, "it went before anything could be known");
    join("ghost");
}

#[test]
fn a_hundred_times_a_hundred_lines_arrive_whole_once_and_in_order() {
    const CLIENTS: usize = 100;
    const LINES: usize = 100;
    descriptors::make_room_for(2 * CLIENTS);
    let server = Server::start(&[]);
    let clients: Vec<Peer> = (0..CLIENTS).map(|number| server.join(&format!("c{number}"))).collect();
    let talking = clients.into_iter().enumerate().map(|(own, mut client)| {
        thread::spawn(move || {
            let mut speaker = client.stream().try_clone().unwrap();
            let speaking = thread::spawn(move || {
                for line in 0..LINES {
                    speaker.write_all(format!("line {line} 你好\n").as_bytes()).unwrap();
                }
            });
            let mut next: HashMap<String, usize> = HashMap::new();
            let mut heard = 0;
            while heard < (CLIENTS - 1) * LINES {
                let line = client.line();
                let Some((label, words)) = line.split_once("] ") else {
                    assert!(line.starts_with("* c"), "client {own}: {line:?}");
                    continue;
                };
                let expected = next.entry(label.to_string()).or_default();
                assert_eq!(words, format!("line {expected} 你好\n"), "client {own} of {label}");
                *expected += 1;
                heard += 1;
            }
            speaking.join().unwrap();
            assert!(!next.contains_key(&format!("[c{own}")), "nobody hears themselves");
            client
        })
    });
    let threads: Vec<_> = talking.collect();
    // Everybody stays until everybody has heard all.
    let clients: Vec<Peer> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    assert_eq!(clients.len(), CLIENTS);
}

#[test]
fn a_client_that_never_reads_is_sent_out_and_costs_nobody_anything() {
    let server = Server::start(&[]);
    let mut sleeper = server.join("sleeper");
    let mut hearer = server.join("hearer");
    let mut speaker = server.join("speaker");
    hearer.hears_until("speaker joined");
    let before = memory(&server);
    let line = format!("{}\n", "x".repeat(8000));
    let mut sent_out = false;
    for round in 0.. {
        assert!(round < 4000, "32 MB were said, and the sleeper is still there");
        speaker.sends(&line);
        let heard = hearer.line();
        if heard.contains("sleeper left (did not read)") {
            sent_out = true;
            assert_eq!(hearer.line().len(), line.len() + "[speaker] ".len());
            break;
        }
        assert_eq!(heard.len(), line.len() + "[speaker] ".len(), "whole, in order, after {round} lines");
    }
    assert!(sent_out);
    assert_grown_at_most(&server, before, 2 * 1024 * 1024);
    // What it was told before is still there for it, with the reason at the end.
    let rest = sleeper.rest();
    assert!(rest.ends_with("* you were sent out: you did not read what was said\n"), "{}", &rest[rest.len() - 100..]);
    server.join("sleeper");
}

#[test]
fn a_line_of_a_hundred_megabytes_costs_nobody_anything() {
    let server = Server::start(&[]);
    let mut hearer = server.join("hearer");
    let mut flooder = server.join("flooder");
    hearer.hears_until("flooder joined");
    let before = memory(&server);
    let megabyte = "x".repeat(1024 * 1024);
    for _ in 0..100 {
        flooder.sends(&megabyte);
    }
    flooder.sends("\nand then\n");
    assert!(hearer.line() == format!("[flooder] {}\n", "x".repeat(8192)));
    assert_eq!(hearer.line(), "[flooder] and then\n");
    assert!(flooder.line().contains("longer than 8192 bytes"));
    assert_grown_at_most(&server, before, 2 * 1024 * 1024);
}

#[test]
fn bytes_that_are_no_text_harm_nobody() {
    let server = Server::start(&[]);
    let mut hearer = server.join("hearer");
    let mut raw = server.join("raw");
    hearer.hears_until("raw joined");
    let mut stream = raw.stream();
    stream.write_all(b"half \xe4\xbd\nnul \0 end\n\xfe\xc0\n").unwrap();
    assert_eq!(hearer.line(), "[raw] half \u{fffd}\n");
    assert_eq!(hearer.line(), "[raw] nul \\x00 end\n");
    assert_eq!(hearer.line(), "[raw] \u{fffd}\u{fffd}\n");
    raw.sends("after\n");
    assert_eq!(hearer.line(), "[raw] after\n");
}

#[test]
fn a_peer_that_resets_or_vanishes_leaves_the_server_serving_the_next() {
    let server = Server::start(&[]);
    let mut hearer = server.join("hearer");
    for round in 0..50 {
        let mut vanishing = server.join("vanishing");
        hearer.hears_until("vanishing joined\n");
        vanishing.sends("half a line");
        match round % 3 {
            0 => drop(vanishing),
            1 => {
                socket2::SockRef::from(vanishing.stream()).set_linger(Some(Duration::ZERO)).unwrap();
                drop(vanishing);
            }
            _ => {
                vanishing.stream().shutdown(Shutdown::Both).unwrap();
                drop(vanishing);
            }
        }
        hearer.hears_until("vanishing left");
    }
    server.join("next");
}

#[test]
fn kicked_clients_that_do_not_close_keep_no_place() {
    let mut server = Server::start(&["--max-clients", "2"]);
    let mut hearer = server.join("hearer");
    for _ in 0..5 {
        let stubborn = std::cell::RefCell::new(None);
        eventually(true, || {
            let mut peer = server.connect();
            peer.sends("/name stubborn\n");
            let welcome = peer.line().contains("welcome");
            *stubborn.borrow_mut() = Some(peer);
            welcome
        });
        hearer.hears_until("stubborn joined\n");
        server.running.types("/kick stubborn");
        hearer.hears_until("stubborn left (sent out)\n");
        if wine() {
            // There, our own shutdown does not wake the thread that reads; the client has to close.
            drop(stubborn);
        } else {
            std::mem::forget(stubborn);
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_server_without_descriptors_waits_and_recovers() {
    /// How long the server is left in its trouble while its processor time is measured.
    const IN_TROUBLE: Duration = Duration::from_millis(1500);
    const CLIENTS: usize = 150;

    descriptors::make_room_for(CLIENTS);
    let mut command = std::process::Command::new("sh");
    command.args(["-c", &format!("ulimit -n 48; exec {} 127.0.0.1:0", common::SERVER)]);
    let server = Server::of(common::Running::spawn(command));
    server.running.notes("leaves room for 32 clients");
    let before = processor_time(&server);
    let peers: Vec<_> = (0..CLIENTS).map(|_| std::net::TcpStream::connect(server.address).unwrap()).collect();
    thread::sleep(IN_TROUBLE);
    let used = processor_time(&server).saturating_sub(before);
    assert!(used < IN_TROUBLE / 6, "{used:?} of processor time in {IN_TROUBLE:?}");
    assert!(server.running.err().lines().count() < 20, "{}", server.running.err());
    drop(peers);
    eventually(true, || {
        let mut peer = server.connect();
        let _ = peer.stream().write_all(b"/name back\n");
        peer.line().contains("welcome")
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_thousand_silent_clients_are_taken_at_once_and_hear() {
    const CLIENTS: usize = 1000;
    descriptors::make_room_for(CLIENTS);
    let server = Server::start(&["--max-clients", "6000"]);
    let peers: Vec<_> = (0..CLIENTS).map(|_| server.connect()).collect();
    let mut last = server.join("last");
    last.sends("does everybody hear?\n");
    for mut peer in peers {
        assert_eq!(peer.line(), "[last] does everybody hear?\n");
    }
}

#[test]
fn a_server_that_lies_to_our_client_harms_nothing() {
    let (listener, address) = common::textbook::listen();
    let mut client = common::Running::start(common::CLIENT, &[&address.to_string()]);
    let mut server = Peer::of(listener.accept().unwrap().0);
    server.sends(&"y".repeat(20 * 1024 * 1024));
    server.sends("\nnext\n");
    drop(server);
    let out = client.ended_well();
    assert_eq!(out.len(), 65_536 + 1 + "next\n".len(), "a line without an end is cut");
    client.notes("longer than 65536 bytes");
}

fn memory(server: &Server) -> usize {
    common::memory(server.running.pid())
}

fn assert_grown_at_most(server: &Server, before: usize, limit: usize) {
    let grown = memory(server).saturating_sub(before);
    assert!(grown <= limit, "the server has grown by {grown} bytes");
}

#[cfg(target_os = "linux")]
fn processor_time(server: &Server) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", server.running.pid())).unwrap();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    let ticks = fields[11].parse::<u32>().unwrap() + fields[12].parse::<u32>().unwrap();
    Duration::from_millis(10) * ticks
}

#[test]
fn a_read_after_the_end_of_a_flood_finds_nothing_left() {
    let server = Server::start(&[]);
    let mut hearer = server.join("hearer");
    let flooder = server.join("flooder");
    hearer.hears_until("flooder joined");
    flooder.stream().set_nonblocking(true).unwrap();
    // As much as the kernel takes, but less than may wait for a hearer, who is not reading yet; then gone.
    let mut sent = 0;
    loop {
        match flooder.stream().write(b"0123456789abcde\n") {
            Ok(n) => sent += n,
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) => panic!("{error}"),
        }
        if sent > 100_000 {
            break;
        }
    }
    drop(flooder);
    let mut heard = String::new();
    while !heard.ends_with("flooder left\n") {
        let line = hearer.line();
        assert!(!line.is_empty());
        heard = line;
    }
    hearer.stream().set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    assert!(hearer.reader.read(&mut [0; 16]).is_err(), "nothing comes after the notice");
}
