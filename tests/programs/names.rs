//! A UDP client whose server's name has two addresses, ::1 the first: it goes on to the next while nothing has been heard.

use std::net::{SocketAddr, UdpSocket};
use std::process::Command;

use crate::common::exec::Place;
use crate::common::{self, Program, Running, Server, TIME_CLIENT, TIME_SERVER};

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
