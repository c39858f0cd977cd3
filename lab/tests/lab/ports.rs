//! `socket-lab port`: who is at a port, and in which states.

#[cfg(target_os = "linux")]
use crate::common::exec::{Place, without_proc};
#[cfg(target_os = "linux")]
use crate::common::textbook::{Textbook, visited_and_ended};
use crate::common::{LAB, Server, UDP_SERVER, quick, wine};
#[cfg(target_os = "linux")]
use crate::common::{Running, SERVER, eventually};

#[test]
fn a_port_in_use_is_shown_with_its_holder() {
    // Wine does not know which process holds a port.
    if wine() {
        return;
    }
    let holder = Server::start(&[]);
    let pid = holder.running.pid();
    let (_, out, _) = quick(LAB, &["port", &holder.port()]);
    assert!(
        out.contains(&format!("TCP port {}: ", holder.port())) && out.contains(&format!("(pid {pid}) listens")),
        "{out}"
    );
    let holder = Server::of_program(UDP_SERVER, &[]);
    let (_, out, _) = quick(LAB, &["port", &holder.port()]);
    assert!(out.contains(&format!("(pid {}) receives", holder.running.pid())), "{out}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_port_whose_server_has_ended_is_in_time_wait() {
    for args in [&["--classic", "--no-reuse"][..], &["--classic"]] {
        let address = visited_and_ended(args);
        let (_, out, _) = quick(LAB, &["port", address.rsplit(':').next().unwrap()]);
        assert!(out.contains("TIME_WAIT") && out.contains("nobody listens"), "{out}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_lab_shows_every_state_of_a_port() {
    let server = Server::start(&["--classic"]);
    let port = server.port();
    let mut visitor = Textbook::calls(server.address);
    visitor.send("hello");
    server.running.says("hello");
    let _waiting = Textbook::calls(server.address);
    let (_, out, _) = quick(LAB, &["port", &port]);
    assert!(out.contains("LISTEN") && out.contains("1 finished connection waits for accept"), "{out}");
    assert!(out.contains("ESTABLISHED"), "{out}");
    visitor.0.shutdown(std::net::Shutdown::Write).unwrap();
    eventually(true, || quick(LAB, &["port", &port]).1.contains("CLOSE_WAIT"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_process_cannot_forge_a_line() {
    let place = Place::new();
    let forger = place.file("a\nb\u{1b}[31m");
    // A copy could be "busy" still: a child that another thread has just begun holds its file open for a moment.
    std::os::unix::fs::symlink(SERVER.path(), &forger).unwrap();
    let holder = Server::of(Running::start(&forger, &["127.0.0.1:0"]));
    let line = format!("TCP port {}: a\\nb\\x1b[31m (pid {}) listens\n", holder.port(), holder.running.pid());
    // A machine with thousands of sockets may not find it in time.
    eventually(true, || {
        let (_, out, _) = quick(LAB, &["port", &holder.port()]);
        assert!(!out.contains('\u{1b}') && !out.contains("\nb"), "{out:?}");
        out.contains(&line)
    });
}

#[cfg(target_os = "linux")]
#[test]
fn without_proc_it_is_said_what_cannot_be_seen() {
    for (args, why) in [
        (["port", "9"], "the TCP states cannot be seen here: this system has no /proc/net/tcp"),
        (["sysctl", "--lang=en"], "this system has no /proc/sys: these are parameters of Linux"),
    ] {
        let mut command = std::process::Command::new(LAB);
        command.args(args).env("SOCKET_DEMOS_LANG", "en");
        let Some(mut hidden) = without_proc(&command) else { return };
        let output = hidden.output().unwrap();
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(said.contains(why), "{args:?}: {said}");
    }
}
