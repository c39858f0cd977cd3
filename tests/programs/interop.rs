//! Programs that are not ours at the other end: nc, and Python's socket module.
//!
//! A test whose peer is not installed says so; `.ci/run` installs them all and sets `REQUIRE_PEERS`, which turns that
//! into a failure.

use std::process::Command;

use socket_demos::net::ports::{Transport, holders_of};

use crate::common::exec::{Exec, TCP, UDP};
use crate::common::terminal::Terminal;
use crate::common::{
    self, CLIENT, QQ_SERVER, Running, SERVER, Server, TIME_CLIENT, TIME_SERVER, UDP_CLIENT, UDP_SERVER, eventually,
    have,
};

#[test]
fn nc_sits_in_the_room() {
    if !have("nc") {
        return;
    }
    let server = Server::start(&[]);
    let mut bob = server.join("bob");
    let mut nc = Running::start("nc", &["127.0.0.1", &server.port()]);
    nc.types("/name 小明");
    nc.says("* welcome, 小明\n");
    nc.types("你好 from nc");
    assert_eq!(bob.hears_until("nc\n"), "* 小明 joined\n[小明] 你好 from nc\n");
    bob.sends("answer\n");
    nc.says("[bob] answer\n");
    nc.types("q");
    assert_eq!(bob.line(), "* 小明 left\n");
}

#[test]
fn telnet_sits_in_the_room() {
    if !have("telnet") {
        return;
    }
    let server = Server::start(&[]);
    let mut bob = server.join("bob");
    let telnet = Terminal::start("telnet", &["127.0.0.1", &server.port()]);
    telnet.sees(|text| text.contains("Connected to"));
    // A byte of the first hanzi is a key of telnet's own: it throws away what was to be shown, and waits for a mark.
    telnet.types("/name 小明\r");
    telnet.sees(|text| text.contains("some bytes of this name are no text"));
    telnet.types("/name 阿明\r");
    telnet.sees(|text| text.contains("* welcome, 阿明"));
    telnet.types("你好 from telnet\r");
    assert_eq!(bob.hears_until("telnet\n"), "* 阿明 joined\n[阿明] 你好 from telnet\n");
    bob.sends("answer\n");
    telnet.sees(|text| text.contains("[bob] answer"));
    // After its escape character it takes commands: from now on it sends each key at once, and then its options.
    for command in ["mode character", "send ayt", "send nop"] {
        telnet.types("\x1d");
        telnet.sees_last("telnet>");
        telnet.types(&format!("{command}\r"));
        eventually(true, || telnet.is_raw());
        telnet.types(&format!("after {command}\r"));
        assert_eq!(bob.line(), format!("[阿明] after {command}\n"));
    }
    drop(telnet);
    assert_eq!(bob.line(), "* 阿明 left\n");
}

#[test]
fn nc_is_a_server_for_our_client() {
    if !have("nc") {
        return;
    }
    // nc says nothing about the port that it has taken, so it gets one that was free a moment ago; should somebody be
    // quicker, it ends, and the next one is tried.
    let (mut nc, mut client) = std::iter::repeat_with(start_nc_and_client).flatten().next().unwrap();
    client.types("你好");
    nc.says("你好\n");
    nc.types("an answer");
    client.says("an answer\n");
    client.types("q");
    client.ended_well();
}

fn start_nc_and_client() -> Option<(Running, Running)> {
    let (listener, address) = common::textbook::listen();
    drop(listener);
    let port = address.port().to_string();
    let mut nc = Running::start("nc", &["-l", "127.0.0.1", &port]);
    eventually(true, || nc.has_ended() || is_listening(address.port()));
    let client = Running::start(CLIENT, &[&port]);
    (!nc.has_ended()).then_some((nc, client))
}

fn is_listening(port: u16) -> bool {
    !holders_of(Transport::Tcp, port, None).is_empty()
}

/// A textbook's client and server in Python, in strict alternation, without newlines.
const PYTHON_CLIENT: &str = "
import socket, sys
s = socket.socket(); s.connect(('127.0.0.1', int(sys.argv[1])))
for words in ['你好', 'second']:
    s.send(words.encode())
    print(s.recv(1024).decode(), flush=True)
s.close()
";
const PYTHON_SERVER: &str = "
import socket
s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(3)
print(s.getsockname()[1], flush=True)
c, peer = s.accept()
while True:
    words = c.recv(1024)
    if not words: break
    c.send('收到 '.encode() + words)
c.close()
";

#[test]
fn a_textbooks_python_client_talks_to_our_classic_server() {
    if !have("python3") {
        return;
    }
    let mut server = Server::start(&["--classic"]);
    let mut python = Running::start("python3", &["-c", PYTHON_CLIENT, &server.port()]);
    server.running.says("你好\n");
    server.running.types("一");
    server.running.says("second\n");
    server.running.types("二");
    assert_eq!(python.ended_well(), "一\n二\n");
    server.running.notes("closed the connection");
}

#[test]
fn our_clients_talk_to_a_textbooks_python_server() {
    if !have("python3") {
        return;
    }
    for way in ["--once", "--classic"] {
        let python = Running::start("python3", &["-c", PYTHON_SERVER]);
        let port = python.says("\n").trim().to_string();
        let (code, out, err) = common::run(CLIENT, &[way, &port], "问题\n");
        assert_eq!((code, out.as_str()), (Some(0), "收到 问题\n"), "{way}: {err}");
    }
}

#[test]
fn the_room_takes_a_python_textbook_client_for_what_it_is() {
    if !have("python3") {
        return;
    }
    let server = Server::start(&[]);
    let mut bob = server.join("bob");
    let mut python = Running::start("python3", &["-c", PYTHON_CLIENT, &server.port()]);
    bob.hears_until("你好\n");
    bob.sends("first answer\n");
    bob.hears_until("second\n");
    bob.sends("second answer\n");
    assert_eq!(python.ended_well(), "[bob] first answer\n\n[bob] second answer\n\n");
}

#[test]
fn nc_writes_to_our_udp_server_and_is_answered() {
    if !have("nc") {
        return;
    }
    for program in [UDP_SERVER, QQ_SERVER] {
        let mut server = Server::of_program(program, &[]);
        let mut nc = Running::start("nc", &["-u", "127.0.0.1", &server.port()]);
        nc.types("你好 from nc");
        server.running.says(": 你好 from nc\n");
        server.running.types("answer");
        nc.says("answer");
    }
    let server = Server::of_program(TIME_SERVER, &["--format", "%Y"]);
    let mut nc = Running::start("nc", &["-u", "127.0.0.1", &server.port()]);
    nc.types("get time");
    nc.says("20");
}

#[test]
fn our_udp_clients_write_to_nc() {
    if !have("nc") {
        return;
    }
    // The client waits for nothing before it writes, so nc has to be bound first; see `start_nc_and_client`.
    let free = common::textbook::Datagram::bind().address().port();
    let mut nc = Running::start("nc", &["-u", "-l", "127.0.0.1", &free.to_string()]);
    eventually(true, || !holders_of(Transport::Udp, free, None).is_empty());
    let mut client = Running::start(UDP_CLIENT, &[&free.to_string()]);
    client.types("你好");
    nc.says("你好");
    nc.types("answer");
    client.says("answer");
}

const PYTHON_UDP_SERVER: &str = "
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('127.0.0.1', 0))
print(s.getsockname()[1], flush=True)
while True:
    words, peer = s.recvfrom(1024)
    s.sendto('收到 '.encode() + words, peer)
";
const PYTHON_UDP_CLIENT: &str = "
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.sendto(sys.argv[2].encode(), ('127.0.0.1', int(sys.argv[1])))
print(s.recvfrom(1024)[0].decode(), flush=True)
";

#[test]
fn a_textbooks_python_programs_over_udp_in_both_roles() {
    if !have("python3") {
        return;
    }
    let python = Running::start("python3", &["-c", PYTHON_UDP_SERVER]);
    let port = python.says("\n").trim().to_string();
    for way in [&[&port[..]][..], &[&port, "--classic"]] {
        let (code, out, err) = common::run(UDP_CLIENT, way, "问题\n");
        assert!(code == Some(0) && out.ends_with("收到 问题\n"), "{way:?}: {out}{err}");
    }
    let (_, out, _) = common::run(TIME_CLIENT, &[&port], "");
    assert_eq!(out, "收到 get time\n");

    for way in [&[][..], &["--classic"]] {
        let mut server = Server::of_program(UDP_SERVER, way);
        let mut python = Running::start("python3", &["-c", PYTHON_UDP_CLIENT, &server.port(), "hello"]);
        server.running.says(": hello\n");
        server.running.types("answer");
        assert_eq!(python.ended_well(), "answer\n");
    }
    let server = Server::of_program(TIME_SERVER, &["--format", "noon"]);
    let mut python = Running::start("python3", &["-c", PYTHON_UDP_CLIENT, &server.port(), "get time"]);
    assert_eq!(python.ended_well(), "noon\n");
}

/// Clients of the remote commands in Python, written from PROTOCOL.md alone, their BLAKE3 included: if that text did not
/// say everything, they would not work.
#[test]
fn a_client_written_from_the_protocol_runs_commands_over_tcp() {
    if !have("python3") {
        return;
    }
    let exec = Exec::start(TCP, &[]);
    let commands = ["echo 你好; echo err >&2; exit 3", "cd /", "pwd", "seq 3000 | tail -1", "kill -9 $$"];
    let expected = "你好\n[echo 你好; echo err >&2; exit 3] ended 0 3, directory {place}\n\
        [cd /] ended 0 0, directory /\n/\n[pwd] ended 0 0, directory /\n\
        3000\n[seq 3000 | tail -1] ended 0 0, directory /\n[kill -9 $$] ended 1 9, directory /\n";
    let (out, err) = python_client("exec_tcp.py", &exec, &commands);
    assert_eq!((out, err.as_str()), (expected.replace("{place}", exec.place.path().to_str().unwrap()), "err\n"));
}

#[test]
fn a_client_written_from_the_protocol_runs_commands_over_udp() {
    if !have("python3") {
        return;
    }
    let exec = Exec::start(UDP, &[]);
    // 14 KB are 13 datagrams, of which it loses some on purpose.
    let numbers: String = (1..=3000).map(|number| format!("{number}\n")).collect();
    let (out, err) = python_client("exec_udp.py", &exec, &["seq 3000", "echo 你好 >&2; exit 3"]);
    assert_eq!(out, format!("{numbers}[seq 3000] ended 0 0\n[echo 你好 >&2; exit 3] ended 0 3\n"));
    assert_eq!(err, "你好\n");
}

/// What it wrote to standard output and standard error.
fn python_client(program: &str, exec: &Exec, commands: &[&str]) -> (String, String) {
    let program = format!("{}/tests/peers/{program}", env!("CARGO_MANIFEST_DIR"));
    let (port, key) = (exec.server.port(), exec.place.file("key"));
    // -B: it leaves no compiled files behind.
    let args: Vec<&str> = ["-B", &program, &port, &key].into_iter().chain(commands.iter().copied()).collect();
    let mut python = Command::new("python3");
    // With a locale that is there: python3 may be a script of a shell that complains about any other.
    python.args(args).env("LC_ALL", "C.UTF-8");
    let mut python = Running::spawn(python);
    python.ends_input();
    let (status, out, err) = python.ended();
    let out = String::from_utf8(out).unwrap();
    assert!(status.success(), "{out}{err}");
    (out, err)
}

#[test]
fn the_server_is_found_by_the_name_localhost() {
    let server = Server::of(Running::start(SERVER, &["localhost:0"]));
    let mut client = Running::start(CLIENT, &[&format!("localhost:{}", server.port()), "--name", "me"]);
    client.says("welcome, me");
    client.ends_input();
    client.ended_well();
}
