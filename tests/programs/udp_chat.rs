//! `udp-chat-server`, `udp-chat-client` and `udp-qq-server`, with each other and with a textbook's programs.

use std::time::{Duration, Instant};

use crate::common::textbook::{Datagram, nobody};
use crate::common::{self, QQ_SERVER, Running, Server, UDP_CLIENT, UDP_SERVER, run, wine};
use socket_demos::net::event::{Call, Event, Fault};

#[test]
fn a_classic_server_answers_textbook_clients_in_strict_turn() {
    for program in [UDP_SERVER, QQ_SERVER] {
        let mut server = Server::of_program(program, &["--classic"]);
        let (one, two) = (Datagram::bind(), Datagram::bind());
        one.send("first", server.address);
        server.running.says(&format!("{}: first\n", one.address()));
        two.send("second", server.address);
        server.running.types("to the first");
        assert_eq!(one.recv(), ("to the first".into(), server.address));
        server.running.says(&format!("{}: second\n", two.address()));
        server.running.types("to the second");
        assert_eq!(two.recv().0, "to the second");
        one.send("last", server.address);
        server.running.ends_input();
        server.running.ended_well();
    }
}

#[test]
fn a_classic_client_talks_to_a_textbook_server_and_hears_any_stranger() {
    let server = Datagram::bind();
    let mut client = Running::start(UDP_CLIENT, &["--classic", &server.address().to_string()]);
    client.types("问题");
    let (question, from) = server.recv();
    assert_eq!(question, "问题");
    server.send("答案", from);
    client.says(&format!("{}: 答案\n", server.address()));
    client.types("again");
    server.recv();
    let stranger = Datagram::bind();
    stranger.send("I am the server", from);
    client.says(&format!("{}: I am the server\n", stranger.address()));
    client.types("q");
    client.ended_well();
}

#[test]
fn two_clients_at_one_server_are_each_answered() {
    for program in [UDP_SERVER, QQ_SERVER] {
        let mut server = Server::of_program(program, &[]);
        server.running.types("/who");
        server.running.notes("nobody has written yet");
        let mut ann = Running::start(UDP_CLIENT, &[&server.address()]);
        ann.types("I am Ann");
        server.running.says("I am Ann");
        let mut bob = Running::start(UDP_CLIENT, &[&server.address()]);
        bob.types("我是小明");
        server.running.says("我是小明");
        server.running.types("to the last");
        bob.says("to the last\n");
        server.running.types("@1 to number one");
        ann.says("to number one\n");
        server.running.types("@2 给二号");
        bob.says("给二号\n");
        server.running.types("@9 nobody");
        server.running.notes("there is no number 9");
        ann.types("q");
        bob.types("q");
        assert_eq!((ann.ended_well(), bob.ended_well()), ("to number one\n".into(), "to the last\n给二号\n".into()));
    }
}

#[test]
fn an_empty_datagram_is_a_message_in_the_chat_and_refused_in_qq() {
    let server = Server::of_program(UDP_SERVER, &[]);
    let mut client = Running::start(UDP_CLIENT, &[&server.address()]);
    client.types("");
    server.running.says(": (an empty message, 0 bytes)\n");
    client.types("   ");
    server.running.says(":    \n");

    let mut qq = Server::of_program(QQ_SERVER, &[]);
    let peer = Datagram::bind();
    peer.send("", qq.address);
    qq.running.says(&format!("{}: (an empty message, 0 bytes)\n", peer.address()));
    qq.running.types("");
    qq.running.notes("nothing was typed, so nothing was sent");
    qq.running.types("words");
    assert_eq!(peer.recv().0, "words", "nothing empty came before");
}

#[test]
fn what_is_too_long_is_refused_before_it_is_sent() {
    let server = Server::of_program(UDP_SERVER, &[]);
    let mut client = Running::start(UDP_CLIENT, &[&server.address()]);
    client.types(&"x".repeat(65_508));
    client.notes("has 65508 bytes, but a UDP datagram carries at most 65507");
    client.types(&"y".repeat(65_507));
    server.running.says(&format!(": {}\n", "y".repeat(65_507)));
    assert!(!String::from_utf8(server.running.out()).unwrap().contains('x'));
}

#[test]
fn what_does_not_fit_is_shown_as_truncated() {
    let server = Server::of_program(UDP_SERVER, &["--bufsize", "5"]);
    let peer = Datagram::bind();
    peer.send("hello", server.address);
    server.running.says(": hello\n");
    assert!(!server.running.err().contains("truncated"));
    peer.send("hello, and more", server.address);
    server.running.notes("truncated: this datagram was longer than 5 bytes");
    peer.send("after", server.address);
    let shown = server.running.says(": after\n");
    // Windows gives no sender with it, and no text.
    assert_eq!(shown.matches(": hello\n").count(), if cfg!(windows) { 1 } else { 2 }, "{shown}");
}

#[test]
fn a_refused_port_is_told_by_the_connected_client_and_never_by_the_textbooks() {
    if wine() {
        common::not_run("Wine does not tell of a refused datagram as Windows does");
        return;
    }
    let nobody = nobody();
    let mut client = Running::start(UDP_CLIENT, &[&nobody.to_string()]);
    let asked = Instant::now();
    client.types("anybody?");
    client.notes(&format!("nobody is at {nobody} ("));
    assert!(asked.elapsed() < Duration::from_secs(1));
    let mut classic = Running::start(UDP_CLIENT, &["--classic", &nobody.to_string(), "--trace"]);
    classic.types("anybody?");
    classic.notes("sendto(");
    // The server starts late; nothing of the first message is left, the next one arrives.
    let server = Server::of(Running::start(UDP_SERVER, &[&nobody.to_string()]));
    client.types("now?");
    let heard = server.running.says(": now?\n");
    assert!(!heard.contains("anybody?"), "{heard}");
    assert!(!classic.err().contains("nobody is at"), "{}", classic.err());
}

#[test]
fn silence_is_told_once_and_a_late_answer_still_shown() {
    let server = Datagram::bind();
    let mut client = Running::start(UDP_CLIENT, &[&server.address().to_string(), "--timeout", "0.2"]);
    client.types("hello?");
    let (_, from) = server.recv();
    client.notes("for 0.2 s: over UDP, a lost message, a slow server");
    server.send("late answer", from);
    client.says("late answer\n");
    client.types("again?");
    server.recv();
    client.ends_input();
    let (status, _, err) = client.ended();
    assert_eq!(status.code(), Some(1), "the last message was not answered");
    assert_eq!(err.matches("no answer from").count(), 1, "{err}");
}

#[test]
fn a_piped_client_waits_for_its_answer() {
    let server = Datagram::bind();
    let mut client = Running::start(UDP_CLIENT, &[&server.address().to_string()]);
    client.types("question");
    client.ends_input();
    let (_, from) = server.recv();
    server.send("answer", from);
    assert_eq!(client.ended_well(), "answer\n");
}

#[test]
fn the_default_client_hears_its_server_alone() {
    let server = Datagram::bind();
    let mut client = Running::start(UDP_CLIENT, &[&server.address().to_string()]);
    client.types("hello");
    let (_, from) = server.recv();
    Datagram::bind().send("I am the server", from);
    server.send("I really am", from);
    client.says("I really am\n");
    assert_eq!(client.out(), b"I really am\n");
}

#[test]
fn a_gbk_conversation() {
    let server = Server::of_program(UDP_SERVER, &["--encoding", "gbk"]);
    let peer = Datagram::bind();
    peer.send(b"\xc4\xe3\xba\xc3", server.address);
    server.running.says(": 你好\n");
    let mut running = server.running;
    running.types("好");
    let mut buffer = [0; 16];
    let (received, _) = peer.recv_bytes(&mut buffer);
    assert_eq!(&buffer[..received], b"\xba\xc3");
}

/// Sends the numbers 0 to 99 with half of them lost, and gives those that arrived and the trace.
fn numbers_that_arrive(seed: &str) -> (Vec<String>, Vec<Event>) {
    let file = std::env::temp_dir().join(format!("socket-demos-loss-{}-{seed}", std::process::id()));
    let server = Datagram::bind();
    let address = server.address().to_string();
    let trace = file.display().to_string();
    let args = [&address, "--loss", "50%", "--seed", seed, "--timeout", "1ms", "--trace-file", &trace];
    let input: String = (0..100).map(|number| format!("{number}\n")).collect();
    run(UDP_CLIENT, &args, &input);
    let events = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    let events: Vec<Event> = events.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let sent = events.iter().filter(|event| event.call == Call::Send && event.fault.is_none()).count();
    let client = events.iter().find_map(|event| event.local).unwrap();
    // A stranger's datagram, of another test that had this port before, does not count.
    let heard = std::iter::repeat_with(|| server.recv()).filter(|(_, from)| *from == client);
    let mut numbers: Vec<String> = heard.map(|(number, _)| number).take(sent).collect();
    // Nobody promised an order.
    numbers.sort_by_key(|number| number.parse::<u32>().unwrap());
    (numbers, events)
}

#[test]
fn the_same_seed_loses_the_same_datagrams_and_the_trace_shows_them() {
    let (arrived, events) = numbers_that_arrive("3");
    let sends: Vec<&Event> = events.iter().filter(|event| event.call == Call::Send).collect();
    assert_eq!(sends.len(), 100);
    let lost = sends.iter().filter(|event| event.fault == Some(Fault::Lost)).count();
    assert!((30..70).contains(&lost) && arrived.len() == 100 - lost, "{lost} lost, {} arrived", arrived.len());
    let kept = sends.iter().filter(|event| event.fault.is_none());
    assert!(kept.map(|event| &event.data.as_ref().unwrap().text).eq(arrived.iter()));
    assert_eq!(numbers_that_arrive("3").0, arrived, "again");
    assert_ne!(numbers_that_arrive("4").0, arrived, "another seed");
}

#[test]
fn a_bad_network_is_bad_in_both_directions() {
    let server = Server::of_program(UDP_SERVER, &["--loss", "50%", "--duplicate", "100%", "--seed", "2"]);
    let peer = Datagram::bind();
    for number in 0..40 {
        peer.send(format!("number {number}."), server.address);
    }
    // The last ones may be lost, so more is said until the end is heard.
    let end = common::DEADLINE;
    let deadline = Instant::now() + end;
    while !String::from_utf8_lossy(&server.running.out()).contains("end.") {
        assert!(Instant::now() < deadline);
        peer.send("end.", server.address);
        std::thread::yield_now();
    }
    let shown = String::from_utf8(server.running.out()).unwrap();
    let copies = |number| shown.matches(&format!("number {number}.")).count();
    assert!((0..40).all(|number| [0, 2].contains(&copies(number))), "{shown}");
    assert!((0..40).any(|number| copies(number) == 0) && (0..40).any(|number| copies(number) == 2), "{shown}");
}
