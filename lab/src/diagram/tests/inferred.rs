//! Segments and states that nobody saw.

use super::*;

fn failed(event: Event, error: &str) -> Event {
    Event { result: Outcome::Error(error.to_string()), data: None, ..event }
}

/// A server's socket that has its address, and listens if it is told to.
fn server(listens: bool) -> Vec<Event> {
    let socket = |at, name: &str, argument| Event { socket: 1, peer: None, ..call("server", at, name, argument, "") };
    let mut calls = vec![socket(0, "socket", "AF_INET, SOCK_STREAM"), socket(0, "bind", SERVER)];
    calls.extend(listens.then(|| socket(0, "listen", "3")));
    calls
}

/// What is drawn below the server's own calls.
fn attempt(listens: bool, connect: Event) -> Vec<String> {
    let rows = drawn(vec![server(listens), vec![connect]]);
    rows.into_iter().filter(|row| !row.starts_with("server: ")).collect()
}

#[test]
fn a_refused_connect_has_a_syn_and_a_reset() {
    let rows = attempt(false, failed(connect(1), "ECONNREFUSED 111"));
    let expected = [
        "client ⇢ server SYN [SYN_SENT]",
        "server ⇢ client RST, ACK",
        "client: connect(10.0.0.2:8080) = -1 ECONNREFUSED 111",
    ];
    assert_eq!(rows, expected);
    assert_eq!(attempt(false, failed(connect(1), "WSAECONNREFUSED 10061"))[..2], expected[..2]);
}

#[test]
fn a_connect_that_nobody_accepts_is_finished_by_the_kernel() {
    let expected = [
        "client ⇢ server SYN [SYN_SENT]",
        "server ⇢ client SYN, ACK [SYN_RCVD]",
        "client ⇢ server ACK [ESTABLISHED]",
        "client: connect(10.0.0.2:8080)",
    ];
    assert_eq!(attempt(true, connect(1)), expected);
    assert_eq!(drawn(vec![server(true), vec![connect(1)]])[7], "server: [ESTABLISHED]", "and nobody has accepted it");
}

#[test]
fn a_connect_without_an_answer_has_its_syn_only() {
    let rows = attempt(true, failed(connect(1), "ETIMEDOUT"));
    assert_eq!(rows, ["client ⇢ server SYN [SYN_SENT], no answer", "client: connect(10.0.0.2:8080) = -1 ETIMEDOUT"]);
    for error in ["EINPROGRESS 115", "WSAEAGAIN 10035"] {
        assert_eq!(attempt(true, failed(connect(1), error))[0], "client ⇢ server SYN [SYN_SENT]", "{error}");
    }
    let rows = attempt(true, failed(connect(1), "ENETUNREACH 101"));
    assert_eq!(rows, ["client: connect(10.0.0.2:8080) = -1 ENETUNREACH 101"], "nothing left the machine");
}

#[test]
fn a_connect_to_somebody_who_is_in_no_trace_is_a_call_only() {
    let rows = drawn(vec![vec![failed(connect(1), "ECONNREFUSED 111")]]);
    assert_eq!(rows, ["client: connect(10.0.0.2:8080) = -1 ECONNREFUSED 111"]);
}

#[test]
fn a_close_that_throws_bytes_away_is_a_reset_and_leaves_no_states() {
    let linger = call("client", 2, "setsockopt", "SO_LINGER, 0 s", "");
    let close = call("client", 3, "close", "", "");
    let reset = failed(call("server", 4, "recv", "1024", ""), "ECONNRESET 104");
    let server = vec![accept(1), reset, call("server", 5, "close", "", "")];
    for client in [vec![connect(0), linger, close.clone()], vec![connect(0), close]] {
        let rows = drawn(vec![client, server.clone()]);
        assert_eq!(rows[place(&rows, "RST")], "client ⇢ server RST");
        assert!(rows.iter().all(|row| !row.contains("FIN") && !row.contains("LAST_ACK")), "{rows:#?}");
        assert!(place(&rows, "client: close()") < place(&rows, "RST"), "{rows:#?}");
    }
}

#[test]
fn what_is_sent_to_a_closed_socket_comes_back_as_a_reset() {
    let client = vec![connect(0), call("client", 2, "close", "", "")];
    let server = vec![
        accept(1),
        call("server", 3, "recv", "1024", ""),
        call("server", 4, "send", "1", "x"),
        failed(call("server", 5, "send", "1", ""), "EPIPE 32"),
        call("server", 6, "close", "", ""),
    ];
    let rows = drawn(vec![client, server]);
    let expected = [
        "client ⇢ server FIN [FIN_WAIT_1]",
        "server ⇢ client ACK [CLOSE_WAIT]",
        "client: [FIN_WAIT_2]",
        "server: #2 recv(1024) = 0",
        "server → client \"x\" | #2 send(1) = 1",
        "client ⇢ server RST",
        "server: #2 send(1) = -1 EPIPE 32",
        "server: #2 close()",
    ];
    assert_eq!(rows[place(&rows, "⇢ server FIN")..], expected);
}

/// What is drawn from where the client has said its only word on.
fn ending(client: Vec<Event>, server: Vec<Event>) -> Vec<String> {
    let client = [vec![connect(0), call("client", 2, "send", "3", "abc")], client].concat();
    let server = [vec![accept(1), call("server", 3, "recv", "9", "abc")], server].concat();
    let rows = drawn(vec![client, server]);
    rows[place(&rows, "abc") + 1..].to_vec()
}

#[test]
fn who_ends_without_close_has_sent_what_the_other_one_saw() {
    let seen = || vec![call("server", 10, "recv", "9", ""), call("server", 11, "close", "", "")];
    let farewell = [
        "client ⇢ server FIN [FIN_WAIT_1]",
        "server ⇢ client ACK [CLOSE_WAIT]",
        "client: [FIN_WAIT_2]",
        "server: #2 recv(9) = 0",
        "server: #2 close()",
        "server ⇢ client FIN [LAST_ACK]",
        "client ⇢ server ACK [TIME_WAIT]",
    ];
    assert_eq!(ending(vec![], seen()), farewell, "it was killed");
    let exit = vec![call("client", 9, "exit", "", "")];
    assert_eq!(ending(exit, seen()), [&["client: exit()"], &farewell[..]].concat());
}

#[test]
fn who_ends_with_something_unread_has_sent_a_reset_and_nobody_anything_behind_it() {
    let reset = |at| failed(call("server", at, "recv", "9", ""), "ECONNRESET 104");
    let said = || call("server", 4, "send", "4", "more");
    let close = || call("server", 11, "close", "", "");
    let expected = [
        "server → client \"more\" | #2 send(4) = 4",
        "client ⇢ server RST",
        "server: #2 recv(9) = -1 ECONNRESET 104",
        "server: #2 close()",
    ];
    assert_eq!(ending(vec![], vec![said(), reset(10), close()]), expected, "it was killed");
    let exit = || vec![call("client", 9, "exit", "", "")];
    let told = ending(exit(), vec![said(), reset(10), close()]);
    assert_eq!(told, [&expected[..1], &["client: exit()"], &expected[1..]].concat());
    // Of two threads one is told of the reset, and the other one's call may be told first.
    let broken = failed(call("server", 9, "send", "1", ""), "EPIPE 32");
    let told = ending(vec![], vec![said(), broken, reset(10), close()]);
    assert_eq!(told[..2], expected[..2]);
    assert_eq!(told.iter().filter(|row| row.contains('⇢')).count(), 1, "{told:#?}");
    // Nobody was told, but the bytes are there: the server had closed its direction first.
    let rows = ending(exit(), vec![said(), call("server", 5, "shutdown", "SHUT_WR", "")]);
    assert_eq!(rows.last().unwrap(), "client ⇢ server RST", "{rows:#?}");
}

#[test]
fn what_a_killed_one_never_read_was_sent_behind_its_end() {
    let said = || call("server", 4, "send", "4", "more");
    let broken = |at| failed(call("server", at, "send", "1", ""), "EPIPE 32");
    let rows = ending(vec![], vec![said(), broken(5), call("server", 6, "close", "", "")]);
    let expected = [
        "client ⇢ server FIN [FIN_WAIT_1]",
        "server ⇢ client ACK [CLOSE_WAIT]",
        "client: [FIN_WAIT_2]",
        "server → client \"more\" | #2 send(4) = 4",
        "client ⇢ server RST",
        "server: #2 send(1) = -1 EPIPE 32",
        "server: #2 close()",
    ];
    assert_eq!(rows, expected);
    let gone = failed(call("server", 5, "shutdown", "SHUT_WR", ""), "ENOTCONN 107");
    let rows =
        ending(vec![], vec![said(), call("server", 5, "recv", "9", ""), gone, call("server", 6, "close", "", "")]);
    assert_eq!(rows.iter().filter(|row| row.contains('⇢')).count(), 3, "FIN, ACK, RST: {rows:#?}");
}

#[test]
fn connections_that_nobody_accepts_are_reset_when_the_listener_closes() {
    let of = |socket: u32, port: &str, event: Event| Event { socket, local: port.parse().ok(), ..event };
    let closes = |listener: i64, client: i64| {
        let client = [connect(1), of(1, CLIENT, call("client", client, "close", "", ""))];
        let close = of(1, SERVER, Event { peer: None, ..call("server", listener, "close", "", "") });
        let rows = drawn(vec![[server(true), vec![close]].concat(), client.to_vec()]);
        let unseen: Vec<_> = rows.into_iter().filter(|row| row.contains('⇢')).skip(3).collect();
        unseen
    };
    let farewell = ["client ⇢ server FIN [FIN_WAIT_1]", "server ⇢ client ACK [CLOSE_WAIT]", "server ⇢ client RST"];
    assert_eq!(closes(9, 5), farewell);
    assert_eq!(closes(5, 9), ["server ⇢ client RST"], "what is reset needs no end");
}

#[test]
fn a_call_that_the_servers_table_shows_half_open_was_answered() {
    let calls = |shown: bool| {
        let own = Event { peer: None, ..call("client", 1, "connect", SERVER, "") };
        let seen = Event { socket: 0, ..call("server", 2, "state", "SYN_RCVD", "") };
        let server = server(true).into_iter().chain(shown.then_some(seen)).collect();
        drawn(vec![server, vec![failed(own, "EINPROGRESS 115")]])
    };
    let count = |rows: &[String]| rows.iter().filter(|row| row.contains('⇢')).count();
    assert_eq!(count(&calls(false)), 1);
    let rows = calls(true);
    assert_eq!((count(&rows), &*rows[place(&rows, "SYN, ACK")]), (2, "server ⇢ client SYN, ACK [SYN_RCVD]"));
    assert_eq!(rows.last().unwrap(), "server: state: SYN_RCVD");
}

#[test]
fn a_copy_in_another_process_keeps_the_connection() {
    let child = |at, name: &str, argument: &str| {
        let event = call("client", at, name, argument, "");
        Event { program: "child".into(), socket: 0, ..event }
    };
    let client = vec![
        connect(0),
        child(2, "fork", ""),
        call("client", 3, "close", "", ""),
        Event { socket: 0, local: None, peer: None, ..call("client", 4, "kill", "child, SIGKILL", "") },
        child(5, "exit", "SIGKILL"),
    ];
    let rows = drawn(vec![client, vec![accept(1), call("server", 9, "recv", "9", "")]]);
    let expected = [
        "child: fork()",
        "client: close()",
        "client: kill(child, SIGKILL)",
        "child: exit(SIGKILL)",
        "child ⇢ server FIN [FIN_WAIT_1]",
        "server ⇢ child ACK [CLOSE_WAIT]",
        "child: [FIN_WAIT_2]",
        "server: #2 recv(9) = 0",
    ];
    assert_eq!(rows[place(&rows, "fork")..], expected);
}

#[test]
fn a_state_that_the_system_showed_is_what_is_drawn() {
    let shown = |program: &str, at, state: &str| Event { socket: 0, ..call(program, at, "state", state, "") };
    let client = vec![
        connect(0),
        shown("server", 1, "ESTABLISHED"),
        call("client", 3, "close", "", ""),
        shown("client", 4, "FIN_WAIT_1"),
        shown("server", 4, "CLOSE_WAIT"),
    ];
    let rows = drawn(vec![client, vec![accept(2), call("server", 5, "recv", "9", "")]]);
    let states: Vec<_> = rows.iter().filter(|row| row.contains(": [") || row.contains("state")).collect();
    assert_eq!(states, ["server: state: ESTABLISHED", "client: state: FIN_WAIT_1", "server: state: CLOSE_WAIT"]);
}
