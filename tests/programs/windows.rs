//! What the course says of Windows, on Windows, or under Wine as far as Wine is faithful: the numbers are asserted, since
//! the words are in the system's language.

use std::io::{ErrorKind, Read as _};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::thread;
use std::time::Duration;

use crate::common::exec::{Classic, Exec, RIGHT, TCP, UDP};
use crate::common::textbook::{self, Textbook};
use crate::common::{self, CLIENT, Running, SERVER, Server, UDP_SERVER, eventually, run};
use socket_demos::errors;

/// How long a read is given to begin. Nothing tells when it has, so whoever needs one that waits tries again.
const TO_BEGIN: Duration = Duration::from_millis(200);

fn reset(peer: &TcpStream) {
    socket2::SockRef::from(peer).set_linger(Some(Duration::ZERO)).unwrap();
}

#[test]
fn a_reset_while_a_read_waits_is_10054() {
    eventually(Some(10054), || {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut waiting = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (peer, _) = listener.accept().unwrap();
        let reading = thread::spawn(move || waiting.read(&mut [0; 10]).err().and_then(|error| error.raw_os_error()));
        thread::sleep(TO_BEGIN);
        reset(&peer);
        drop(peer);
        reading.join().unwrap()
    });
}

#[test]
fn our_client_says_10054_and_ends_with_1() {
    eventually(true, || {
        let (listener, address) = textbook::listen();
        let mut client = Running::start(CLIENT, &["--classic", &address.to_string()]);
        client.types("hello");
        let mut peer = Textbook::answers(&listener);
        assert_eq!(peer.recv_text(), "hello");
        thread::sleep(TO_BEGIN);
        reset(&peer.0);
        drop(peer);
        let (status, _, err) = client.ended();
        status.code() == Some(1) && err.contains("WSAECONNRESET 10054") && err.contains("the connection is lost")
    });
}

#[test]
fn our_server_says_10054_and_serves_the_next() {
    let mut server = Server::start(&["--classic"]);
    eventually(true, || {
        let mut peer = Textbook::calls(server.address);
        peer.send("hello");
        server.running.says("hello");
        server.running.types("answer");
        assert_eq!(peer.recv_text(), "answer");
        thread::sleep(TO_BEGIN);
        reset(&peer.0);
        drop(peer);
        let mut next = Textbook::calls(server.address);
        next.send("next");
        server.running.types("answer");
        assert_eq!(next.recv_text(), "answer");
        server.running.err().contains("has gone: the connection was reset (WSAECONNRESET 10054)")
    });
}

#[test]
fn a_closed_port_is_10061() {
    let address = textbook::nobody();
    let refused = TcpStream::connect(address).unwrap_err();
    assert_eq!((refused.kind(), refused.raw_os_error()), (ErrorKind::ConnectionRefused, Some(10061)));
    for way in [&[][..], &["--classic"], &["--once"]] {
        let (status, _, err) = run(CLIENT, &[&[&address.to_string()[..]], way].concat(), "");
        assert!(status == Some(1) && err.contains("WSAECONNREFUSED 10061") && err.lines().count() == 1, "{err}");
    }
}

#[test]
fn a_port_in_use_is_10048() {
    let server = Server::start(&[]);
    let (status, _, err) = run(SERVER, &[&server.address()], "");
    assert!(status == Some(1) && err.contains("10048") && err.lines().count() == 1, "{err}");
}

#[test]
fn silence_until_the_timeout_is_10060() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    let silences = [stream.read(&mut [0; 10]).unwrap_err(), socket.recv(&mut [0; 10]).unwrap_err()];
    for silence in silences {
        assert_eq!((silence.kind(), silence.raw_os_error()), (ErrorKind::TimedOut, Some(10060)));
        assert!(errors::is_timeout(&silence) && errors::code(&silence) == "WSAETIMEDOUT 10060");
    }
}

#[test]
fn a_datagram_over_the_buffer_is_10040_with_what_fits() {
    let (receiver, sender) = (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
    sender.send_to(b"0123456789", receiver.local_addr().unwrap()).unwrap();
    sender.send_to(b"next", receiver.local_addr().unwrap()).unwrap();
    let mut buffer = [0; 4];
    let cut = receiver.recv_from(&mut buffer).unwrap_err();
    assert!(cut.raw_os_error() == Some(10040) && errors::is_cut_datagram(&cut), "{cut}");
    assert_eq!(&buffer, b"0123");
    assert_eq!(receiver.recv_from(&mut buffer).unwrap().0, 4, "the rest of it is gone");
    assert_eq!(&buffer, b"next");

    for way in [&[][..], &["--classic"]] {
        let server = Server::of_program(UDP_SERVER, &[&["--bufsize", "4"], way].concat());
        sender.send_to(b"0123456789", server.address).unwrap();
        server.running.notes("10040");
    }
}

#[test]
fn the_code_page_of_the_output_is_decoded_over_udp_too() {
    let classic = Classic::start(UDP, &[]);
    let owner = classic.writes();
    owner.send("echo 你好", classic.server.address);
    let mut buffer = [0; 100];
    let (length, _) = owner.recv_bytes(&mut buffer);
    assert_eq!(&buffer[..length], b"\xc4\xe3\xba\xc3\r\n", "code page 936");
    for pair in [TCP, UDP] {
        let Classic { server, code, .. } = Classic::start(pair, &[]);
        for (encoding, shown) in [("utf-8", "\u{fffd}"), ("gbk", "你好")] {
            let mut client = Running::start(pair.client, &[&server.address(), "--classic", "--encoding", encoding]);
            client.types(&code);
            client.says(RIGHT);
            client.types("echo 你好");
            client.says(shown);
        }
        let mut client = Running::start(pair.client, &[&server.address(), "--classic"]);
        client.types(&code);
        client.says(RIGHT);
        client.types("echo 你好");
        client.says("你好");
    }
}

#[test]
fn an_output_of_many_pieces_comes_whole() {
    for pair in [TCP, UDP] {
        let exec = Exec::start(pair, &[]);
        let (status, out, err) = exec.run("for /L %i in (1,1,20000) do @echo %i");
        let numbers: String = (1..=20_000).map(|number| format!("{number}\r\n")).collect();
        assert!(status == Some(0) && out == numbers, "{status:?} {} bytes {err}", out.len());
    }
}

#[test]
fn over_udp_a_command_that_does_not_end_is_stopped() {
    let endless = "echo started& for /L %i in (1,0,2) do @rem";
    let exec = Exec::start(UDP, &["--timeout", "1"]);
    assert_eq!(exec.run(endless).0, Some(124));
    let exec = Exec::start(UDP, &["--max-clients", "1", "--timeout", "8"]);
    let mut running = exec.client(&["-c", endless]);
    running.says("started");
    let (status, _, err) = exec.run("echo one too many");
    assert!(status == Some(255) && err.contains("BUSY"), "{err}");
    // Not left to run on: Wine does not end a job whose last handle is closed.
    assert_eq!(running.ended().0.code(), Some(124));
}

#[test]
fn a_command_after_the_other_at_one_prompt() {
    let exec = Exec::start(TCP, &[]);
    let mut client = exec.client(&[]);
    for number in 0..3 {
        client.types(&format!("echo number {number}"));
        client.says(&format!("number {number}"));
    }
    client.types("exit 7");
    client.ends_input();
    assert_eq!(client.ended().0.code(), Some(7));
}

#[test]
fn a_command_over_a_bad_network_of_the_clients_own_comes_whole_and_runs_once() {
    let exec = Exec::start(UDP, &[]);
    let bad = ["--loss", "30%", "--duplicate", "10%", "--reorder", "10%", "--seed", "7"];
    let line = "echo ran>>ran& for /L %i in (1,1,2000) do @echo %i";
    let (status, out, err) = exec.client(&[&bad[..], &["-c", line]].concat()).ended();
    let numbers: String = (1..=2000).map(|number| format!("{number}\r\n")).collect();
    assert!(status.code() == Some(0) && String::from_utf8(out).unwrap() == numbers, "{status} {err}");
    assert_eq!(std::fs::read_to_string(exec.place.file("ran")).unwrap().lines().count(), 1);
}
