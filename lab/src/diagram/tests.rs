//! Hand-written traces, and what the diagram makes of them.

mod drawn;
mod inferred;
mod large;
mod nobody;

use super::*;
use socket_demos::net::event::{Call, Data, Fault, Outcome};

const CLIENT: &str = "10.0.0.1:50000";
const SERVER: &str = "10.0.0.2:8080";

/// A call of one end, `at` milliseconds after noon.
fn call(program: &str, at: i64, call: &str, argument: &str, text: &str) -> Event {
    let server = program == "server";
    let (local, peer) = if server { (SERVER, CLIENT) } else { (CLIENT, SERVER) };
    let data = (!text.is_empty()).then(|| Data {
        length: text.len(),
        text: text.to_string(),
        hex: text.bytes().map(|byte| format!("{byte:02x}")).collect(),
    });
    Event {
        time: jiff::Timestamp::from_millisecond(1_700_000_000_000 + at).unwrap(),
        program: program.to_string(),
        pid: 7,
        socket: if server { 2 } else { 1 },
        call: call.into(),
        argument: argument.to_string(),
        local: local.parse().ok(),
        peer: peer.parse().ok(),
        fault: None,
        result: Outcome::Ok(text.len() as u64),
        data,
    }
}

fn accept(at: i64) -> Event {
    Event { socket: 1, peer: None, result: Outcome::Ok(2), ..call("server", at, "accept", CLIENT, "") }
}

fn connect(at: i64) -> Event {
    Event { local: None, peer: None, ..call("client", at, "connect", SERVER, "") }
}

fn udp(program: &str, at: i64, text: &str) -> Event {
    let name = if program == "server" { "recvfrom" } else { "sendto" };
    call(program, at, name, "1024", text)
}

fn harmed(fault: Fault, event: Event) -> Event {
    Event { fault: Some(fault), ..event }
}

/// The rows, one a line: `client → server "a" | recv(3) ← (1)`.
fn drawn(files: Vec<Vec<Event>>) -> Vec<String> {
    let diagram = Diagram::of(files);
    let name = |lane: usize| diagram.lanes[lane].program.clone();
    let row = |row: &Row| match row {
        Row::Call { lane, text } => format!("{}: {text}", name(*lane)),
        Row::Arrow { from, to, label, beside, line } => {
            let sign = match line {
                Line::Arrived => "→",
                Line::Lost => "✗",
                Line::Inferred => "⇢",
            };
            let beside = if beside.is_empty() { String::new() } else { format!(" | {beside}") };
            format!("{} {sign} {} {label}{beside}", name(*from), name(*to))
        }
        Row::Folded(text) => format!("({text})"),
    };
    diagram.rows.iter().map(row).collect()
}

fn place(rows: &[String], text: &str) -> usize {
    rows.iter().position(|row| row.contains(text)).unwrap_or_else(|| panic!("{text} is not in {rows:#?}"))
}

#[test]
fn three_sends_that_one_recv_got_are_numbered() {
    let client = vec![connect(0), call("client", 1, "send", "1", "a"), call("client", 2, "send", "1", "b")];
    let server = vec![accept(1), call("server", 3, "recv", "1024", "ab")];
    let rows = drawn(vec![client, server]);
    assert_eq!(rows[place(&rows, "\"a\"")], "client → server send (1) \"a\"");
    assert_eq!(rows[place(&rows, "\"b\"")], "client → server send (2) \"b\"");
    assert_eq!(rows.last().unwrap(), "server: #2 recv(1024) = 2 ← (1) (2)");
}

#[test]
fn a_send_that_two_recvs_got_is_split_by_its_bytes() {
    let client = vec![connect(0), call("client", 1, "send", "5", "hello")];
    let server = vec![accept(1), call("server", 3, "recv", "3", "hel"), call("server", 4, "recv", "3", "lo")];
    let rows = drawn(vec![client, server]);
    assert_eq!(rows[place(&rows, "send")], "client → server send (1) \"hello\"");
    assert_eq!(rows[place(&rows, "recv(3) = 3")], "server: #2 recv(3) = 3 ← (1) bytes 1 to 3");
    assert_eq!(rows[place(&rows, "recv(3) = 2")], "server: #2 recv(3) = 2 ← (1) bytes 4 to 5");
}

#[test]
fn a_clock_that_is_a_minute_ahead_changes_no_order_and_is_said() {
    let client = |ahead| {
        vec![
            connect(ahead),
            call("client", ahead + 10, "send", "8", "question"),
            call("client", ahead + 30, "recv", "1024", "answer"),
        ]
    };
    let server =
        vec![accept(1), call("server", 11, "recv", "1024", "question"), call("server", 20, "send", "6", "answer")];
    let expected = drawn(vec![client(0), server.clone()]);
    for ahead in [60_000, -60_000] {
        assert_eq!(drawn(vec![client(ahead), server.clone()]), expected);
        let notes = Diagram::of(vec![client(ahead), server.clone()]).notes;
        assert!(notes[0].starts_with("the clocks differ by 60.0 s"), "{notes:?}");
    }
    assert!(Diagram::of(vec![client(0), server]).notes.iter().all(|note| !note.contains("clocks")));
    assert!(place(&expected, "\"question\"") < place(&expected, "\"answer\""));
}

#[test]
fn a_connection_has_its_handshake_inferred_in_order() {
    let rows = drawn(vec![vec![accept(0)], vec![connect(1), call("client", 2, "close", "", "")]]);
    let expected = [
        "client ⇢ server SYN [SYN_SENT]",
        "server ⇢ client SYN, ACK [SYN_RCVD]",
        "client ⇢ server ACK [ESTABLISHED]",
        "server: [ESTABLISHED]",
        "client: connect(10.0.0.2:8080)",
        "server: #1 accept(10.0.0.1:50000) = 2",
        "client: close()",
        "client ⇢ server FIN [FIN_WAIT_1]",
        "server ⇢ client ACK [CLOSE_WAIT]",
        "client: [FIN_WAIT_2]",
    ];
    // Without a call of its own the client's socket has no address yet; the close has it.
    assert_eq!(rows, expected);
}

#[test]
fn who_closes_first_waits_in_time_wait_and_who_answers_does_not() {
    let client = vec![
        connect(0),
        call("client", 2, "shutdown", "SHUT_WR", ""),
        call("client", 5, "recv", "1024", ""),
        call("client", 6, "close", "", ""),
    ];
    let server = vec![accept(1), call("server", 3, "recv", "1024", ""), call("server", 4, "close", "", "")];
    let rows = drawn(vec![client, server]);
    let expected = [
        "client: shutdown(SHUT_WR)",
        "client ⇢ server FIN [FIN_WAIT_1]",
        "server ⇢ client ACK [CLOSE_WAIT]",
        "client: [FIN_WAIT_2]",
        "server: #2 recv(1024) = 0",
        "server: #2 close()",
        "server ⇢ client FIN [LAST_ACK]",
        "client ⇢ server ACK [TIME_WAIT]",
        "client: recv(1024) = 0",
        "client: close()",
    ];
    assert_eq!(rows[place(&rows, "shutdown")..], expected);
}

#[test]
fn lost_datagrams_are_lost_and_those_dropped_on_purpose_say_so() {
    let client = vec![udp("client", 0, "one"), udp("client", 1, "two"), harmed(Fault::Lost, udp("client", 2, "three"))];
    let rows = drawn(vec![client, vec![udp("server", 3, "one")]]);
    assert_eq!(rows[place(&rows, "two")], "client ✗ server sendto \"two\" | lost");
    assert_eq!(rows[place(&rows, "three")], "client ✗ server sendto \"three\" | lost on purpose");
    assert!(rows[place(&rows, "one")].starts_with("client → server"));
}

#[test]
fn what_a_connected_socket_does_not_take_from_a_stranger_is_not_lost() {
    let own = |at, name: &str, argument: &str| Event { peer: None, ..call("client", at, name, argument, "") };
    let fate = |connected_at: i64, to: &str| {
        let sent = Event { call: Call::Sendto, program: "stranger".into(), ..udp("server", 5, "psst") };
        let sent = Event { local: "10.0.0.3:7".parse().ok(), peer: CLIENT.parse().ok(), ..sent };
        let socket = [own(0, "socket", "AF_INET, SOCK_DGRAM"), own(0, "bind", CLIENT)];
        let rows = drawn(vec![[&socket[..], &[own(connected_at, "connect", to)]].concat(), vec![sent]]);
        rows[place(&rows, "psst")].split(" | ").nth(1).unwrap_or_default().to_string()
    };
    assert!(fate(1, SERVER).contains("not from its peer"), "{}", fate(1, SERVER));
    // Connected to itself it hears nobody.
    assert!(fate(1, CLIENT).contains("nobody is there"), "{}", fate(1, CLIENT));
    // It was its peer, or was not connected yet.
    for (at, to) in [(1, "10.0.0.3:7"), (9, SERVER)] {
        assert!(fate(at, to).contains("lost"), "{at} {to}: {}", fate(at, to));
    }
}

#[test]
fn duplicated_and_reordered_datagrams_are_recognised() {
    let client = vec![udp("client", 0, "one"), udp("client", 1, "two")];
    let server = vec![udp("server", 2, "two"), udp("server", 3, "one"), udp("server", 4, "one")];
    let rows = drawn(vec![client, server]);
    assert_eq!(rows[place(&rows, "\"two\"")], "client → server sendto \"two\" | recvfrom(1024) = 3");
    assert_eq!(rows[place(&rows, "← (1)")], "server: recvfrom(1024) = 3 ← (1)");
    assert_eq!(rows[place(&rows, "once more")], "server: recvfrom(1024) = 3 ← (1) once more");
}

#[test]
fn one_file_alone_loses_nothing_and_keeps_the_words() {
    let rows = drawn(vec![vec![udp("client", 0, "one"), udp("client", 1, "two")]]);
    assert_eq!(
        rows,
        ["client: sendto(1024) = 3 \"one\" → 10.0.0.2:8080", "client: sendto(1024) = 3 \"two\" → 10.0.0.2:8080"]
    );
    let rows = drawn(vec![vec![connect(0), call("client", 1, "recv", "1024", "alone")]]);
    assert_eq!(rows[2], "client: recv(1024) = 5 \"alone\" ← 10.0.0.2:8080");
}

#[test]
fn a_send_written_down_behind_its_answer_comes_first() {
    let client = vec![connect(0), call("client", 9, "recv", "9", "yes"), call("client", 10, "send", "4", "ask?")];
    let server = vec![accept(1), call("server", 2, "recv", "9", "ask?"), call("server", 8, "send", "3", "yes")];
    let rows = drawn(vec![client, server]);
    assert!(place(&rows, "ask?") < place(&rows, "yes"), "{rows:#?}");
}

/// Questions and their answers over one connection.
fn questions(count: i64) -> Vec<Vec<Event>> {
    let (mut client, mut server) = (vec![connect(0)], vec![accept(1)]);
    for number in 0..count {
        let (at, question, answer) = (10 * number + 2, format!("question {number}"), format!("answer {number}"));
        client.push(call("client", at, "send", "20", &question));
        server.push(call("server", at + 1, "recv", "1024", &question));
        server.push(call("server", at + 2, "send", "20", &answer));
        client.push(call("client", at + 3, "recv", "1024", &answer));
    }
    vec![client, server]
}

#[test]
fn what_repeats_is_shown_a_few_times_and_a_short_diagram_whole() {
    let whole = drawn(questions(50));
    assert!(whole.len() > 150 && whole.iter().all(|row| !row.starts_with("(…")), "{whole:#?}");
    let rows = drawn(questions(1000));
    assert!(rows.len() < 30, "{rows:#?}");
    for shown in ["\"question 0\"", "\"answer 2\"", "\"question 999\"", "\"answer 999\""] {
        place(&rows, shown);
    }
    place(&rows, "(… 2988 more rows: 1992 messages sent and received, 0 lost)");
}

#[test]
fn what_is_long_without_a_pattern_has_its_middle_left_out() {
    let mut random = fastrand::Rng::with_seed(1);
    let (mut client, mut server) = (Vec::new(), Vec::new());
    for number in 0..2000 {
        let text = format!("datagram {number}");
        client.push(udp("client", 2 * number, &text));
        if random.bool() {
            server.push(udp("server", 2 * number + 1, &text));
        }
    }
    let rows = drawn(vec![client, server]);
    assert!(rows.len() <= 301, "{}", rows.len());
    assert!(
        place(&rows, "datagram 0\"") < place(&rows, "(… ") && place(&rows, "(… ") < place(&rows, "datagram 1999\"")
    );
}

/// Connections one after the other, each with a message: seven calls.
fn connections(count: i64) -> Vec<Vec<Event>> {
    let (mut client, mut server) = (Vec::new(), Vec::new());
    for number in 0..count {
        let (at, caller) = (10 * number, format!("10.0.0.1:{}", 10_000 + number));
        let socket = u32::try_from(number).unwrap() + 2;
        let of = |event: Event| {
            let (local, peer) = if event.program == "server" { (SERVER, &*caller) } else { (&*caller, SERVER) };
            Event { socket, local: local.parse().ok(), peer: peer.parse().ok(), ..event }
        };
        client.extend([connect(at), call("client", at + 2, "send", "3", "abc")].map(of));
        let accepted = Outcome::Ok(u64::from(socket));
        server.push(Event { result: accepted, argument: caller.clone(), ..accept(at + 1) });
        server.push(of(call("server", at + 3, "recv", "1024", "abc")));
        client.push(of(call("client", at + 4, "close", "", "")));
        server.extend([("recv", 5), ("close", 6)].map(|(name, after)| of(call("server", at + after, name, "9", ""))));
    }
    vec![client, server]
}

#[test]
fn ten_thousand_calls_are_a_short_diagram_soon() {
    let start = std::time::Instant::now();
    for files in [questions(2500), connections(1450)] {
        assert!(files.iter().map(Vec::len).sum::<usize>() >= 10_000);
        let diagram = Diagram::of(files);
        assert!(diagram.rows.len() < 100 && diagram.svg().len() < 100_000, "{}", diagram.rows.len());
    }
    // It takes a fraction of a second; a bound for what would grow with the square of the calls, also on a busy machine.
    assert!(start.elapsed().as_secs() < 20, "it took {:?}", start.elapsed());
}

#[test]
fn what_a_file_says_makes_no_row_of_its_own() {
    let call = Event { program: "a\nb".into(), ..call("client", 0, "bind\nserver: close()", "x\ty", "") };
    let diagram = Diagram::of(vec![vec![call]]);
    let text = diagram.text(80, Letters::Box);
    assert_eq!(text.lines().count(), 3, "{text}");
    assert!(text.starts_with("a\\nb") && text.contains(r"bind\nserver: close()(x\ty)"), "{text}");
}

#[test]
fn a_file_may_claim_more_bytes_than_there_are() {
    let most = |event: Event| Event { result: Outcome::Ok(u64::MAX), ..event };
    let sends = [1, 2].map(|at| most(call("client", at, "send", "1", "a")));
    let receives = [3, 4].map(|at| most(call("server", at, "recv", "1", "a")));
    let client = [&[connect(0)][..], &sends].concat();
    let server = [&[accept(1)][..], &receives].concat();
    assert_eq!(drawn(vec![client, server]).iter().filter(|row| row.contains("send")).count(), 2);
}

#[test]
fn an_emoji_of_two_characters_finds_its_room() {
    let hearts = "❤\u{fe0f}".repeat(30);
    let diagram = Diagram::of(vec![vec![udp("client", 0, &hearts)], vec![udp("server", 1, &hearts)]]);
    assert!(diagram.text(40, Letters::Box).contains("❤"));
}

#[test]
fn a_fold_counts_the_rows_of_the_folds_in_it() {
    // A thousand calls alike between five hundred and five hundred that are not.
    let name = |at: i64| if (500..1500).contains(&at) { Call::Fcntl } else { Call::Other(format!("call{at}")) };
    let calls = (0..2000).map(|at| Event { call: name(at), ..call("client", at, "", "", "") }).collect();
    let rows = drawn(vec![calls]);
    let folds: Vec<_> = rows.iter().filter(|row| row.starts_with('(')).collect();
    assert_eq!(rows.len() - folds.len(), 300);
    assert_eq!(folds, ["(… 1700 more rows)"]);
}
