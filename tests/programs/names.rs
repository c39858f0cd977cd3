//! A UDP client whose peer's name has two addresses, ::1 the first: it goes on to the next while nothing has been heard.

use std::net::{SocketAddr, UdpSocket};
use std::process::Command;

use crate::common::exec::Place;
use crate::common::{
    self, Program, QQ_CLIENT, QQ_SERVER, Running, Server, TIME_CLIENT, TIME_SERVER, UDP_CLIENT, UDP_SERVER,
};

/// Whether a name of its own can be given to a client; said aloud where not.
fn may_name() -> bool {
    let allowed = Command::new("unshare").args(["-rm", "mount", "--bind", "/etc/hosts", "/etc/hosts"]).status();
    let may = allowed.is_ok_and(|status| status.success());
    if !may {
        common::not_run("unshare may not make a mount namespace here");
    }
    may
}

/// A client for which `two.test` is ::1 and 127.0.0.1.
fn client(place: &Place, program: Program, args: &[&str]) -> Running {
    let hosts = place.file("hosts");
    std::fs::write(&hosts, "127.0.0.1 two.test\n::1 two.test\n").unwrap();
    let inside = "mount --bind \"$1\" /etc/hosts && shift && exec \"$@\"";
    let mut command = Command::new("unshare");
    command.args(["-rm", "sh", "-c", inside, "sh", &hosts, program.path()]).args(args);
    Running::spawn(command)
}

/// The same port of the other family, where nobody answers.
fn silent_beside(server: SocketAddr) -> UdpSocket {
    UdpSocket::bind(("::1", server.port())).unwrap()
}

/// What has come there.
fn heard_at(silent: &UdpSocket) -> Vec<String> {
    silent.set_nonblocking(true).unwrap();
    let mut buffer = [0; 1500];
    let mut one =
        || silent.recv(&mut buffer).ok().map(|length| String::from_utf8_lossy(&buffer[..length]).into_owned());
    std::iter::from_fn(&mut one).collect()
}

#[test]
fn the_time_is_asked_at_the_next_address_after_a_refusal_and_after_silence() {
    if !may_name() {
        return;
    }
    for protocol in ["text", "sntp", "time"] {
        let (place, server) = (Place::new(), Server::of_program(TIME_SERVER, &[]));
        let name = format!("two.test:{}", server.port());
        let ask = |args: &[&str]| {
            client(&place, TIME_CLIENT, &[&[&name, "--protocol", protocol], args].concat()).ended().0.code()
        };
        assert_eq!(ask(&["--retries", "1"]), Some(0), "the first refuses, and that is no try");
        let silent = silent_beside(server.address);
        assert_eq!(ask(&["--retries", "2", "--timeout", "300ms"]), Some(0), "the first is silent");
        assert_eq!(heard_at(&silent).len(), 1);
    }
}

#[test]
fn all_addresses_that_were_asked_in_vain_are_told() {
    if !may_name() {
        return;
    }
    let place = Place::new();
    let first = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = first.local_addr().unwrap().port();
    let second = silent_beside(first.local_addr().unwrap());
    let name = format!("two.test:{port}");
    let (status, _, err) = client(&place, TIME_CLIENT, &[&name, "--retries", "3", "--timeout", "50ms"]).ended();
    assert!(err.contains(&format!("no usable answer from [::1]:{port}, 127.0.0.1:{port} to 3 questions")), "{err}");
    assert_eq!((status.code(), heard_at(&second).len(), heard_at(&first).len()), (Some(1), 2, 1));
}

#[test]
fn what_a_chats_first_address_refuses_is_sent_to_the_next_with_all_behind_it() {
    if !may_name() {
        return;
    }
    let (place, mut server) = (Place::new(), Server::of_program(UDP_SERVER, &[]));
    let port = server.port();
    let mut client = client(&place, UDP_CLIENT, &[&format!("two.test:{port}")]);
    client.notes(&format!("writing to [::1]:{port}"));
    client.feeds(b"one\ntwo\nthree\n");
    for words in ["one", "two", "three"] {
        server.running.says(&format!(": {words}\n"));
    }
    let told = format!("nobody is at [::1]:{port} (ECONNREFUSED 111); writing to 127.0.0.1:{port}\n");
    client.notes(&told);
    server.running.types("found");
    client.says("found\n");
    // What has been heard is there, even when it goes.
    let heard = String::from_utf8(server.running.out()).unwrap();
    assert_eq!(heard.matches(": one\n").count(), 1, "{heard}");
    drop(server);
    client.types("gone?");
    client.notes(&format!("nobody is at 127.0.0.1:{port} ("));
    assert_eq!(client.err().matches("writing to").count(), 2, "{}", client.err());
}

#[test]
fn a_contacts_next_address_is_written_to_as_well() {
    if !may_name() {
        return;
    }
    let (place, mut server) = (Place::new(), Server::of_program(QQ_SERVER, &[]));
    let book = place.file("book");
    std::fs::write(&book, format!("bob = \"two.test:{}\"\n", server.port())).unwrap();
    let mut client = client(&place, QQ_CLIENT, &["--contacts", &book]);
    client.types("bob");
    client.types("hello");
    server.running.says(": hello\n");
    server.running.types("hello back");
    client.says("[bob] hello back\n");
}

#[test]
fn a_chat_sends_nothing_twice_on_silence_and_says_where_it_wrote() {
    if !may_name() {
        return;
    }
    let (place, server) = (Place::new(), Server::of_program(UDP_SERVER, &[]));
    let (port, silent) = (server.port(), silent_beside(server.address));
    let mut client = client(&place, UDP_CLIENT, &[&format!("two.test:{port}"), "--timeout", "100ms"]);
    client.types("anybody?");
    client.notes(&format!("no answer from [::1]:{port} for 0.1 s"));
    assert_eq!(heard_at(&silent), ["anybody?"]);
    assert_eq!(server.running.out(), b"");
}

#[test]
fn who_is_at_none_of_the_addresses_is_not_there() {
    if !may_name() {
        return;
    }
    let place = Place::new();
    let port = common::textbook::nobody().port();
    let mut client = client(&place, UDP_CLIENT, &[&format!("two.test:{port}")]);
    client.feeds(b"one\ntwo\n");
    client.notes(&format!("; writing to 127.0.0.1:{port}"));
    client.notes(&format!("nobody is at 127.0.0.1:{port} ("));
    client.ends_input();
    assert_eq!(client.ended().0.code(), Some(1));
}
