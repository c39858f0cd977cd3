//! SNTP and RFC 868 with programs that are not ours (chronyd, rdate), with liars, and at the ends of the calendar.
//!
//! A test whose peer is not installed says so; with `REQUIRE_PEERS` that is a failure.

use std::net::UdpSocket;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::SystemTime;

use crate::common::textbook::Datagram;
use crate::common::{Running, Server, TIME_CLIENT, TIME_SERVER, eventually, have, run};
use socket_demos::time::sntp::{Packet, Question, Short, Timestamp};

#[test]
fn the_client_measures_our_server() {
    let server = Server::of_program(TIME_SERVER, &["--stratum", "7"]);
    let (code, out, err) = run(TIME_CLIENT, &[&server.address(), "--protocol", "sntp", "--samples", "3"], "");
    assert_eq!(code, Some(0), "{err}");
    for part in
        ["T1 ", "T4 ", "offset = ((T2 - T1) + (T3 - T4)) / 2 = ((", "delay  = (T4 - T1) - (T3 - T2) = ", "stratum 7"]
    {
        assert!(out.contains(part), "{out}");
    }
    let (_, out, _) = run(TIME_CLIENT, &[&server.address(), "--protocol", "sntp", "--json"], "");
    let sample: serde_json::Value = serde_json::from_str(&out).unwrap();
    let number = |name: &str| sample[name].as_f64().unwrap();
    assert!(number("offset").abs() < 0.1 && (0.0..0.2).contains(&number("delay")), "{out}");
    assert_eq!(sample["stratum"], 7);
    let (_, out, _) = run(TIME_CLIENT, &[&server.address(), "--protocol", "time"], "");
    assert!(out.starts_with(&jiff::Zoned::now().year().to_string()), "{out}");
}

/// A server that answers one question with what `lie` makes of the true answer.
fn liar(lie: impl Fn(&mut Packet) + Send + 'static) -> String {
    let socket = Datagram::bind();
    let address = socket.address().to_string();
    thread::spawn(move || {
        let mut request = [0; 48];
        while let Ok((_, client)) = socket.0.recv_from(&mut request) {
            let now = SystemTime::now();
            let mut packet = Packet::decode(&Question::read(&request).unwrap().answer(2, now, now)).unwrap();
            lie(&mut packet);
            let _ = socket.0.send_to(&packet.encode(), client);
        }
    });
    address
}

fn measured(address: &str) -> (Option<i32>, String) {
    let args = [address, "--protocol", "sntp", "--timeout", "200ms", "--retries", "2"];
    let (code, out, err) = run(TIME_CLIENT, &args, "");
    (code, out + &err)
}

#[test]
fn ten_thousand_wrong_answers_are_told_in_two_lines() {
    let socket = Datagram::bind();
    let address = socket.address().to_string();
    thread::spawn(move || {
        let mut request = [0; 48];
        let (_, client) = socket.0.recv_from(&mut request).unwrap();
        for _ in 0..10_000 {
            let _ = socket.0.send_to(b"?", client);
        }
    });
    let args = [&address[..], "--protocol", "sntp", "--timeout", "500ms", "--retries", "1"];
    let (code, _, err) = run(TIME_CLIENT, &args, "");
    let lines: Vec<&str> = err.lines().collect();
    assert!(code == Some(1) && lines.len() == 3, "{err}");
    assert_eq!(lines[0], "an answer of 1 bytes has the wrong length: perhaps the server answers another --protocol");
    // As many as found room.
    let counted = lines[1].strip_suffix(" answers in all were of no use").unwrap().parse::<usize>().unwrap();
    assert!((2..=10_000).contains(&counted), "{err}");
    assert!(lines[2].contains("no usable answer from"), "{err}");
}

#[test]
fn liars_are_refused_with_the_reason() {
    assert_eq!(measured(&liar(|_| ())).0, Some(0), "the truth is taken");
    let refused = |lie: fn(&mut Packet), why: &str| {
        let (code, said) = measured(&liar(lie));
        assert!(code == Some(1) && said.contains(why), "{why}: {said}");
    };
    for (lie, why) in LIES {
        refused(*lie, why);
    }
}

/// What is wrong with an answer, and what the client says of it.
type Lie = (fn(&mut Packet), &'static str);

const LIES: &[Lie] = &[
    (|p| p.origin = p.receive, "not to our question"),
    (|p| p.origin = Timestamp::default(), "not to our question"),
    (|p| p.origin = Timestamp::of_bits(p.origin.bits() ^ 1), "not to our question"),
    (|p| p.mode = 0, "mode 0"),
    (|p| p.mode = 1, "mode 1"),
    (|p| p.mode = 2, "mode 2"),
    (|p| p.mode = 3, "mode 3"),
    (|p| p.mode = 5, "mode 5"),
    (|p| p.mode = 6, "mode 6"),
    (|p| p.mode = 7, "mode 7"),
    (|p| p.version = 0, "mode 4"),
    (|p| p.version = 5, "mode 4"),
    (|p| p.version = 7, "mode 4"),
    (|p| (p.stratum, p.reference_id) = (0, *b"DENY"), "kiss of death, DENY"),
    (|p| (p.stratum, p.reference_id) = (0, *b"RSTR"), "kiss of death, RSTR"),
    (|p| (p.stratum, p.reference_id) = (0, *b"\x1b[2J"), "kiss of death, \\x1b[2J"),
    (|p| p.leap = 3, "does not know the time itself"),
    (|p| p.stratum = 16, "does not know the time itself"),
    (|p| p.stratum = 255, "does not know the time itself"),
    (|p| p.receive = Timestamp::default(), "has no time in it"),
    (|p| p.transmit = Timestamp::default(), "has no time in it"),
    (|p| (p.receive, p.transmit) = Default::default(), "has no time in it"),
    (|p| p.reference = later(p.transmit, 3600), "has no time in it"),
    (|p| p.root_dispersion = Short::seconds(16), "wrong by 16 s or more"),
    (|p| p.root_dispersion = Short::seconds(u16::MAX), "wrong by 16 s or more"),
    (|p| p.root_delay = Short::seconds(32), "wrong by 16 s or more"),
    (|p| p.root_delay = Short::seconds(u16::MAX), "wrong by 16 s or more"),
    (|p| p.transmit = later(p.transmit, 60), "held the question for longer"),
    (|p| (p.transmit, p.precision) = (later(p.transmit, 1), 127), "held the question for longer"),
    (|p| p.receive = later(p.receive, 60), "held the question for longer"),
    (|p| p.receive = later(p.receive, 1), "held the question for longer"),
    (|p| p.receive = Timestamp::of_bits(1), "held the question for longer"),
];

fn later(timestamp: Timestamp, seconds: u64) -> Timestamp {
    Timestamp::of_bits(timestamp.bits().wrapping_add(seconds << 32))
}

/// The second answer is a lie that would look best, or shifts the time by a minute and looks like any other.
#[test]
fn a_lie_does_not_win_among_honest_samples() {
    const SHIFTED: Lie = (|p| (p.receive, p.transmit) = (later(p.receive, 60), later(p.transmit, 60)), "");
    for (lie, _) in LIES.iter().filter(|(_, why)| !why.contains("kiss")).chain([&SHIFTED]) {
        let answers = AtomicUsize::new(0);
        let address = liar(move |packet| {
            if answers.fetch_add(1, Ordering::Relaxed) == 1 {
                lie(packet);
            }
        });
        let args = [&address, "--protocol", "sntp", "--timeout", "300ms", "--samples", "4", "--json"];
        let (code, out, err) = run(TIME_CLIENT, &args, "");
        let sample: serde_json::Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{code:?} {err}"));
        assert!(sample["offset"].as_f64().unwrap().abs() < 0.05, "{out}{err}");
    }
}

#[test]
fn a_kiss_of_death_ends_the_asking_at_once() {
    let server = Datagram::bind();
    let address = server.address().to_string();
    let mut client = Running::start(TIME_CLIENT, &[&address, "--protocol", "sntp", "--retries", "9", "--samples", "9"]);
    let mut request = [0; 48];
    let (_, from) = server.recv_bytes(&mut request);
    let mut packet =
        Packet::decode(&Question::read(&request).unwrap().answer(1, SystemTime::now(), SystemTime::now())).unwrap();
    (packet.stratum, packet.reference_id) = (0, *b"RATE");
    server.0.send_to(&packet.encode(), from).unwrap();
    assert_eq!(client.ended().0.code(), Some(1));
    assert!(server.hears_nothing());
}

#[test]
fn short_packets_and_answers_from_elsewhere_are_not_taken() {
    let server = Datagram::bind();
    let address = server.address().to_string();
    let mut client = Running::start(TIME_CLIENT, &[&address, "--protocol", "sntp"]);
    let mut request = [0; 48];
    let (_, from) = server.recv_bytes(&mut request);
    let answer = |stratum| Question::read(&request).unwrap().answer(stratum, SystemTime::now(), SystemTime::now());
    server.0.send_to(&answer(3)[..47], from).unwrap();
    client.notes("47 bytes has the wrong length");
    let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
    stranger.send_to(&answer(4), from).unwrap();
    server.0.send_to(&answer(5), from).unwrap();
    assert!(client.ended_well().contains("stratum 5"), "the stranger was not heard, and the short one did not end it");
}

#[test]
fn chronyd_and_rdate_take_the_time_from_our_server() {
    if !have("chronyd") || !have("rdate") {
        return;
    }
    let server = Server::of_program(TIME_SERVER, &[]);
    let port = server.port();
    let source = format!("server 127.0.0.1 port {port} iburst maxsamples 1");
    let pid = std::env::temp_dir().join(format!("socket-demos-chronyd-{}", std::process::id()));
    let pidfile = format!("pidfile {}", pid.display());
    let table: [(&str, &[&str], &str); 3] = [
        ("chronyd", &["-Q", "-t", "20", &source, "cmdport 0", &pidfile], "System clock wrong by"),
        ("rdate", &["-n", "-o", &port, "-p", "127.0.0.1"], "20"),
        ("rdate", &["-u", "-o", &port, "-p", "127.0.0.1"], "20"),
    ];
    for (program, args, says) in table {
        let output = Command::new(program).args(args).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.contains(says), "{program} {args:?}: {said}");
    }
    server.running.notes("answered 4 bytes (RFC 868)");
}

#[test]
fn our_client_takes_the_time_from_chronyd() {
    if !have("chronyd") {
        return;
    }
    let dir = std::env::temp_dir().join(format!("socket-demos-chrony-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let port = Datagram::bind().address().port();
    let file = dir.join("chrony.conf");
    let settings = format!(
        "port {port}\nbindaddress 127.0.0.1\nallow 127.0.0.0/8\nlocal stratum 8\ncmdport 0\npidfile {}\n",
        dir.join("pid").display()
    );
    std::fs::write(&file, settings).unwrap();
    let _chronyd = Running::start("chronyd", &["-x", "-d", "-f", file.to_str().unwrap()]);
    // It says nothing about when it serves, so it is asked until it answers.
    let mut said = String::new();
    eventually(true, || {
        said = measured(&format!("127.0.0.1:{port}")).1;
        said.contains("stratum 8")
    });
    assert!(said.contains("offset = ") && said.contains("delay  = "), "{said}");
    std::fs::remove_dir_all(&dir).unwrap();
}

/// `faketime` gives a program another clock.
#[cfg(unix)]
#[test]
fn the_server_is_right_at_the_ends_of_the_calendar() {
    if !have("faketime") {
        return;
    }
    for (date, text) in [
        ("1969-12-31 23:59:50", "1969-12-31 23:5"),
        ("2036-02-07 06:28:10", "2036-02-07 06:28:"),
        ("2036-02-07 06:28:30", "2036-02-07 06:28:"),
        ("2100-01-01 00:00:00", "2100-01-01 00:0"),
    ] {
        let program = |program: crate::common::Program, args: &[&str]| {
            let mut command = crate::common::at_another_time(program, &format!("@{date}"));
            command.args(args).env("TZ", "UTC");
            Running::spawn(command)
        };
        let server = Server::of(program(TIME_SERVER, &["127.0.0.1:0"]));
        let asked = |protocol: &str| program(TIME_CLIENT, &[&server.address(), "--protocol", protocol]).ended_well();
        assert!(asked("text").starts_with(text), "{date}");
        assert!(asked("time").starts_with(text), "{date}");
        let sample = asked("sntp");
        assert!(sample.contains(&format!("T2 {text}")), "{date}: {sample}");
    }
}
