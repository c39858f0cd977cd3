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
        "client: connect(10.0.0.2:8080)",
        "client: [ESTABLISHED]",
        "client ⇢ server ACK",
    ];
    assert_eq!(attempt(true, connect(1)), expected);
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
        "client ⇢ server FIN",
        "server: #2 recv(1024) = 0",
        "server: [CLOSE_WAIT]",
        "server → client \"x\" | #2 send(1) = 1",
        "client ⇢ server RST",
        "server: #2 send(1) = -1 EPIPE 32",
        "server: #2 close()",
    ];
    assert_eq!(rows[place(&rows, "⇢ server FIN")..], expected);
}

#[test]
fn a_refused_datagram_has_the_message_that_says_so() {
    let client = vec![
        Event { peer: None, ..call("client", 1, "socket", "AF_INET, SOCK_DGRAM", "") },
        Event { peer: None, ..call("client", 1, "connect", SERVER, "") },
        Event { peer: None, ..call("client", 2, "send", "8", "anybody?") },
        failed(Event { peer: None, ..call("client", 3, "recvfrom", "1024", "") }, "ECONNREFUSED 111"),
    ];
    let server = [("socket", "AF_INET, SOCK_DGRAM"), ("bind", SERVER)]
        .map(|(name, argument)| Event { peer: None, ..call("server", 0, name, argument, "") });
    let rows = drawn(vec![client, server.to_vec()]);
    let expected = [
        "client ✗ server send \"anybody?\" | lost",
        "server ⇢ client ICMP port unreachable",
        "client: recvfrom(1024) = -1 ECONNREFUSED 111",
    ];
    assert_eq!(rows[place(&rows, "anybody?")..], expected);
}
