//! `time-server` and `time-client`, with a textbook's programs and with hostile ones.

use std::time::{Duration, Instant};

use crate::common::textbook::{Datagram, nobody};
use crate::common::{self, QQ_SERVER, Running, Server, TIME_CLIENT, TIME_SERVER, UDP_SERVER, eventually, run, wine};

/// Whether `text` is a time in the default format.
fn is_time(text: &str) -> bool {
    jiff::civil::DateTime::strptime("%Y-%m-%d %H:%M:%S", text).is_ok()
}

#[test]
fn the_client_prints_what_the_server_says() {
    let server = Server::of_program(TIME_SERVER, &[]);
    let (code, out, err) = run(TIME_CLIENT, &[&server.address()], "");
    assert!(code == Some(0) && is_time(out.trim_end()), "{out}{err}");
    server.running.notes("\"get time\" answered with text");
    let server = Server::of_program(TIME_SERVER, &["--format", "%Y年"]);
    let (_, out, _) = run(TIME_CLIENT, &[&server.address()], "");
    assert_eq!(out, format!("{}年\n", jiff::Zoned::now().year()));
}

#[test]
fn a_textbook_client_is_answered_and_what_is_no_question_is_not() {
    let server = Server::of_program(TIME_SERVER, &[]);
    let peer = Datagram::bind();
    for question in ["get time", "GET TIME\r\n"] {
        peer.send(question, server.address);
        assert!(is_time(&peer.recv().0));
    }
    for other in ["hello", " ", "2026-01-02 03:04:05", &"get time ".repeat(200)] {
        peer.send(other, server.address);
    }
    assert!(peer.hears_nothing());
    server.running.notes("\"hello\" (5 bytes) not answered: ask `get time`");
}

#[test]
fn the_client_asks_a_textbook_server_again_when_the_answer_is_lost() {
    let server = Datagram::bind();
    let address = server.address().to_string();
    let mut client = Running::start(TIME_CLIENT, &[&address, "--timeout", "200ms"]);
    let (question, _) = server.recv();
    assert_eq!(question, "get time");
    let (_, from) = server.recv();
    server.send("noon", from);
    assert_eq!(client.ended_well(), "noon\n");

    let (code, out, err) = run(TIME_CLIENT, &[&address, "--timeout", "50ms", "--retries", "2"], "");
    assert_eq!((code, out.as_str(), err.lines().count()), (Some(1), "", 1));
    assert!(err.contains("no usable answer from") && err.contains("2 questions of 0.05 s"), "{err}");
}

#[test]
fn a_refused_question_is_told_at_once() {
    if wine() {
        common::not_run("Wine does not tell of a refused datagram as Windows does");
        return;
    }
    let nobody = nobody().to_string();
    let asked = Instant::now();
    let (code, _, err) = run(TIME_CLIENT, &[&nobody], "");
    assert!(code == Some(1) && err.contains(&format!("start a server with: time-server {nobody}")), "{err}");
    assert!(asked.elapsed() < Duration::from_secs(1));
}

#[test]
fn classic_answers_anything_on_loopback_only_but_never_an_answer() {
    let server = Server::of_program(TIME_SERVER, &["--classic"]);
    let peer = Datagram::unbound();
    for anything in ["hello", ""] {
        peer.send(anything, server.address);
        assert!(is_time(&peer.recv().0));
    }
    peer.send("2026-01-02 03:04:05", server.address);
    assert!(peer.hears_nothing());
    let (code, _, err) = run(TIME_SERVER, &["0.0.0.0:0", "--classic"], "");
    assert!(code == Some(2) && err.contains("only on loopback"), "{err}");
}

/// A datagram from one server to the other, as a forger would send it, must not make them answer each other for ever.
#[test]
fn two_servers_pointed_at_each_other_fall_silent() {
    for args in [&[][..], &["--classic"]] {
        let servers = [Server::of_program(TIME_SERVER, args), Server::of_program(TIME_SERVER, args)];
        // The forged datagram's answer, delivered by hand: what one says reaches the other, and so on.
        let (from_one, from_two) = (Datagram::unbound(), Datagram::unbound());
        from_one.send("get time", servers[0].address);
        let answer = from_one.recv().0;
        from_two.send(&answer, servers[1].address);
        assert!(from_two.hears_nothing(), "{args:?} answers {answer:?}");
    }
}

#[test]
fn a_wrong_format_is_refused_at_the_start() {
    for format in ["%!", ""] {
        let (code, _, err) = run(TIME_SERVER, &["0", "--format", format], "");
        assert!(code == Some(2) && err.lines().count() == 1, "{format:?}: {err}");
    }
    let long = "%Y".repeat(21);
    for place in [&["0", "--lan"][..], &["0.0.0.0:0"], &["[::]:0"]] {
        let (code, _, err) = run(TIME_SERVER, &[place, &["--format", &long]].concat(), "");
        assert!(code == Some(2) && err.contains("at most 80 bytes") && err.lines().count() == 1, "{place:?}: {err}");
    }
    Server::of_program(TIME_SERVER, &["--format", &long]);
}

/// An answer that grows too long while the server runs, as that of a month's name does, is not sent to other machines.
#[cfg(target_os = "linux")]
#[test]
fn an_answer_that_becomes_too_long_goes_to_this_machine_alone() {
    use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
    if !common::have("faketime") {
        return;
    }
    // It is May, and four seconds later June.
    let format = "%B".repeat(26);
    let mut command = common::at_another_time(TIME_SERVER, "@2026-05-31 23:59:56");
    command.args(["0.0.0.0:0", "--format", &format]).env("TZ", "UTC");
    let server = Server::of(Running::spawn(command));
    let own = if_addrs::get_if_addrs().unwrap().into_iter().map(|interface| interface.ip());
    let Some(own) = own.into_iter().find(|ip| ip.is_ipv4() && !ip.is_loopback()) else {
        return common::not_run("this machine has no address but the loopback's");
    };
    let [here, there] = [Ipv4Addr::LOCALHOST.into(), own].map(|ip| SocketAddr::new(ip, server.address.port()));
    let elsewhere = UdpSocket::bind((own, 0)).unwrap();
    elsewhere.set_read_timeout(Some(common::DEADLINE)).unwrap();
    elsewhere.send_to(b"get time", there).unwrap();
    assert_eq!(elsewhere.recv(&mut [0; 600]).unwrap(), "May".len() * 26);
    let asked = Instant::now();
    eventually(true, || asked.elapsed() > Duration::from_millis(4500)); // The month has to end.
    let peer = Datagram::bind();
    peer.send("get time", here);
    assert_eq!(peer.recv().0, "June".repeat(26));
    elsewhere.send_to(b"get time", there).unwrap();
    server.running.notes("another machine gets at most 80 for such a question");
    elsewhere.set_nonblocking(true).unwrap();
    assert!(elsewhere.recv_from(&mut [0; 600]).is_err());
}

/// `FLOOD` datagrams of random bytes at each UDP server (`.ci/nightly` sends a million).
#[test]
fn a_flood_of_random_datagrams_harms_no_server() {
    let flood: usize = std::env::var("FLOOD").map_or(50_000, |number| number.parse().unwrap());
    let mut random = fastrand::Rng::with_seed(5);
    for program in [TIME_SERVER, UDP_SERVER, QQ_SERVER] {
        let mut server = Server::of_program(program, &[]);
        let pid = server.running.pid();
        let before = common::memory(pid);
        let peer = Datagram::bind();
        let mut bytes = [0; 1500];
        for _ in 0..flood {
            let length = random.usize(..bytes.len());
            random.fill(&mut bytes[..length]);
            // A full buffer loses the datagram, as it may.
            let _ = peer.0.send_to(&bytes[..length], server.address);
        }
        let good = Datagram::bind();
        eventually(true, || {
            good.send("get time", server.address);
            good.0.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
            if program != TIME_SERVER {
                server.running.types("answer");
            }
            good.0.recv_from(&mut [0; 64]).is_ok()
        });
        let grown = common::memory(pid).saturating_sub(before);
        assert!(grown < 4 * 1024 * 1024, "{program} has grown by {grown} bytes");
        let lines = server.running.err().lines().count();
        assert!(lines <= 200, "{program} has written {lines} lines");
    }
}
