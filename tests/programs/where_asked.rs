//! A UDP server on all addresses of a machine answers from the one at which it was asked (RFC 1122, section 4.1.3.5), so
//! that a connected client hears it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use crate::common::exec::Place;
use crate::common::lan;
use crate::common::textbook::Datagram;
use crate::common::{
    DEADLINE, Program, QQ_SERVER, Running, Server, TIME_CLIENT, TIME_SERVER, UDP_CLIENT, UDP_EXEC_CLIENT,
    UDP_EXEC_SERVER, UDP_SERVER, run,
};

/// An address of loopback that no route chooses.
const SECOND: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

/// Where a server listens, and where it is asked.
const ASKED: &[(&str, IpAddr)] =
    &[("0.0.0.0:0", SECOND), ("[::]:0", IpAddr::V6(Ipv6Addr::LOCALHOST)), ("[::]:0", SECOND)];

/// A client that hears the address that it asks, and no other.
fn connected(server: SocketAddr) -> UdpSocket {
    let socket = UdpSocket::bind((if server.is_ipv4() { "127.0.0.1" } else { "::1" }, 0)).unwrap();
    socket.set_read_timeout(Some(DEADLINE)).unwrap();
    socket.connect(server).unwrap();
    socket
}

fn answer(client: &UdpSocket) -> String {
    let mut buffer = [0; 1024];
    let received = client.recv(&mut buffer).unwrap();
    String::from_utf8(buffer[..received].to_vec()).unwrap()
}

fn on(listen: &str, program: Program, args: &[&str]) -> Server {
    Server::of(Running::start(program, &[&[listen], args].concat()))
}

#[test]
fn chat_servers_answer_from_where_they_were_asked() {
    for program in [UDP_SERVER, QQ_SERVER] {
        for &(listen, asked) in ASKED {
            let mut server = on(listen, program, &[]);
            let client = connected((asked, server.address.port()).into());
            client.send(b"hello").unwrap();
            server.running.says(": hello\n");
            server.running.types("and hello back");
            assert_eq!(answer(&client), "and hello back", "{program} {listen} asked at {asked}");
        }
    }
}

#[test]
fn time_servers_answer_from_where_they_were_asked_also_over_a_bad_network() {
    for args in [&[][..], &["--delay", "5ms"]] {
        for &(listen, asked) in ASKED {
            let server = on(listen, TIME_SERVER, args);
            let address = SocketAddr::new(asked, server.address.port());
            for protocol in ["text", "sntp", "time"] {
                let (code, _, err) = run(TIME_CLIENT, &[&address.to_string(), "--protocol", protocol], "");
                assert_eq!(code, Some(0), "{listen} asked at {asked}: {err}");
            }
        }
    }
}

/// Output in segments, call by call in a trace, and over a bad network.
#[test]
fn a_server_of_commands_answers_all_from_where_it_was_asked() {
    for args in [&[][..], &["--trace"], &["--delay", "1ms"]] {
        for &(listen, asked) in ASKED {
            let place = Place::new();
            let key = place.file("key");
            let server = Running::start(UDP_EXEC_SERVER, &[&[listen, "--key-file", &key], args].concat());
            let address = SocketAddr::new(asked, address_of(&server).port());
            let (code, out, err) =
                run(UDP_EXEC_CLIENT, &[&address.to_string(), "--key-file", &key, "-c", "seq 5000"], "");
            assert_eq!(code, Some(0), "{listen} asked at {asked}, {args:?}: {err}");
            assert!(out.lines().eq((1..=5000).map(|line| line.to_string())), "{out}");
        }
    }
}

/// The textbook's fault, for whoever wants to see it.
#[test]
fn classic_servers_answer_from_where_the_route_begins() {
    for program in [UDP_SERVER, QQ_SERVER] {
        let mut server = on("0.0.0.0:0", program, &["--classic"]);
        let port = server.address.port();
        let anybody = Datagram::bind();
        anybody.send("hello", (SECOND, port).into());
        server.running.says(": hello\n");
        server.running.types("from elsewhere");
        assert_eq!(anybody.recv(), ("from elsewhere".into(), ([127, 0, 0, 1], port).into()));
    }
}

#[test]
fn who_has_written_to_two_addresses_is_answered_from_the_later_one() {
    let mut server = on("0.0.0.0:0", UDP_SERVER, &[]);
    let (one, other) = (Datagram::bind(), Datagram::bind());
    let at = |last| SocketAddr::from(([127, 0, 0, last], server.address.port()));
    let [second, third] = [2, 3].map(at);
    for (words, client, to) in [("one", &one, second), ("two", &one, third), ("three", &other, second)] {
        client.send(words, to);
        server.running.says(&format!(": {words}\n"));
    }
    server.running.types("@1 to the first");
    assert_eq!(one.recv(), ("to the first".into(), third));
    server.running.types("to the last");
    assert_eq!(other.recv(), ("to the last".into(), second));
}

/// A time server that tells its calls, and its address.
fn traced(listen: &str) -> (Running, SocketAddr) {
    let server = Running::start(TIME_SERVER, &[listen, "--trace"]);
    let address = address_of(&server);
    (server, address)
}

/// Where it listens: with a trace the ready line is not the first.
fn address_of(server: &Running) -> SocketAddr {
    let said = server.notes("(the textbook's way");
    let (_, address) = said.split_once("listening on ").unwrap();
    address.lines().next().unwrap().parse().unwrap()
}

#[test]
fn the_trace_tells_the_calls_that_are_made() {
    let (server, address) = traced("0.0.0.0:0");
    let client = connected((SECOND, address.port()).into());
    client.send(b"get time").unwrap();
    answer(&client);
    let told = server.notes("sendmsg(");
    let asker = client.local_addr().unwrap();
    let received = format!("recvmsg(1024, {asker}) = 8 \"get time\"");
    assert!(told.contains("setsockopt(IP_PKTINFO, 1) = 0") && told.contains(&received), "{told}");
    assert!(!told.contains("recvfrom") && !told.contains("sendto"), "{told}");

    let (alone, address) = traced("127.0.0.1:0");
    let client = connected(address);
    client.send(b"get time").unwrap();
    answer(&client);
    let told = alone.notes("sendto(");
    assert!(
        told.contains("recvfrom(") && !told.contains("PKTINFO"),
        "with one address there is nothing to ask: {told}"
    );
}

#[test]
fn both_addresses_of_a_host_in_a_lan_answer() {
    for (listen, addresses) in
        [(":0 --lan", &["10.9.9.1", "10.9.9.2"][..]), ("[::]:0", &["10.9.9.1", "10.9.9.2", "[fd09::1]", "[fd09::2]"])]
    {
        let Some(server) = lan::server("", TIME_SERVER, listen) else { return };
        for address in addresses {
            let address = format!("{address}:{}", server.address.port());
            let mut client = Running::spawn(lan::on(&server, "other", TIME_CLIENT, &[&address]));
            let (status, _, err) = client.ended();
            assert!(status.success(), "{listen} asked at {address}: {err}");
        }
    }
}

#[test]
fn each_line_that_lan_prints_is_answered() {
    let Some(mut server) = lan::server("", UDP_SERVER, ":0 --lan") else { return };
    let said = server.running.notes("udp-chat-client 10.9.9.2:");
    let lines: Vec<&str> = said.lines().filter_map(|line| line.strip_prefix("others type: udp-chat-client ")).collect();
    assert_eq!(lines.len(), 2, "{said}");
    for address in lines {
        let mut client = Running::spawn(lan::on(&server, "other", UDP_CLIENT, &[address]));
        client.types(&format!("hello {address}"));
        server.running.says(&format!(": hello {address}\n"));
        server.running.types(&format!("welcome at {address}"));
        client.says(&format!("welcome at {address}\n"));
    }
}
