//! Datagrams that nobody takes, and copies that come before what they are copies of.

use super::*;

fn own(program: &str, at: i64, name: &str, argument: &str) -> Event {
    Event { peer: None, ..call(program, at, name, argument, "") }
}

/// A server's socket that has its port, and one of a client that has not spoken yet.
fn sockets() -> [Vec<Event>; 2] {
    let server = vec![own("server", 0, "socket", "AF_INET, SOCK_DGRAM"), own("server", 0, "bind", SERVER)];
    let client = vec![own("client", 0, "socket", "AF_INET, SOCK_DGRAM"), own("client", 0, "bind", CLIENT)];
    [server, client]
}

/// What is drawn behind the first two calls of each.
fn behind(server: Vec<Event>, client: Vec<Event>) -> Vec<String> {
    let [own_server, own_client] = sockets();
    let rows = drawn(vec![[own_client, client].concat(), [own_server, server].concat()]);
    rows[4..].to_vec()
}

#[test]
fn the_message_that_nobody_is_there_comes_behind_its_cause_whoever_is_told() {
    // Each to a port that is closed, without being told; and one that is told, at the call behind.
    let refused = Event { result: Outcome::Error("ECONNREFUSED 111".into()), ..own("client", 9, "recvfrom", "1024") };
    let client = vec![udp("client", 5, "one"), udp("client", 6, "two"), udp("client", 7, "three"), refused];
    let rows = behind(vec![own("server", 3, "close", "")], client);
    let icmp = "server ⇢ client ICMP port unreachable";
    let expected = [
        "server: close()",
        "client ✗ server sendto \"one\" | nobody is there",
        icmp,
        "client ✗ server sendto \"two\" | nobody is there",
        icmp,
        "client ✗ server sendto \"three\" | nobody is there",
        icmp,
        "client: recvfrom(1024) = -1 ECONNREFUSED 111",
    ];
    assert_eq!(rows, expected);
}

#[test]
fn whose_process_was_killed_is_nobody_where_the_sender_was_told() {
    let refused = Event { result: Outcome::Error("ECONNREFUSED 111".into()), ..own("client", 9, "recvfrom", "1024") };
    let rows = behind(vec![], vec![udp("client", 5, "one"), udp("client", 6, "two"), refused]);
    let expected = [
        "client ✗ server sendto \"one\" | lost",
        "client ✗ server sendto \"two\" | nobody is there",
        "server ⇢ client ICMP port unreachable",
    ];
    assert_eq!(rows[..3], expected);
}

#[test]
fn before_bind_nobody_is_there_either() {
    let [server, client] = sockets();
    let server =
        server.into_iter().map(|event| Event { time: event.time + jiff::SignedDuration::from_secs(1), ..event });
    let rows = drawn(vec![[client, vec![udp("client", 5, "one")]].concat(), server.collect()]);
    assert_eq!(
        rows[place(&rows, "one")..][..2],
        ["client ✗ server sendto \"one\" | nobody is there", "server ⇢ client ICMP port unreachable"]
    );
}

#[test]
fn what_the_network_did_is_not_told_of_a_datagram_that_nobody_was_there_for() {
    for (fault, told) in [
        (Fault::Reordered, "nobody is there"),
        (Fault::Duplicated, "nobody is there"),
        (Fault::Lost, "lost on purpose"),
    ] {
        let rows = behind(vec![own("server", 3, "close", "")], vec![harmed(fault, udp("client", 5, "one"))]);
        assert_eq!(rows[1], format!("client ✗ server sendto \"one\" | {told}"));
        assert_eq!(rows.len(), if fault == Fault::Lost { 2 } else { 3 }, "what was lost on purpose was never sent");
    }
}

#[test]
fn a_copy_that_comes_first_is_from_its_sender() {
    let copy = harmed(Fault::Duplicated, udp("server", 6, "one"));
    let rows = behind(vec![copy, udp("server", 7, "one")], vec![udp("client", 5, "one")]);
    let expected = [
        "client → server sendto (1) \"one\"",
        "server: recvfrom(1024) = 3 ← (1) duplicated on purpose",
        "server: recvfrom(1024) = 3 ← (1) once more",
    ];
    assert_eq!(rows, expected);
}
