//! Each pair of programs, in each of its ways: a whole conversation of the real server with the real client, as two
//! people would have it in two terminals. On every system.

use crate::common::exec::{Classic, Exec, Pair, RIGHT, TCP, UDP};
use crate::common::{
    CLIENT, Program, QQ_CLIENT, QQ_SERVER, Running, SERVER, Server, TIME_CLIENT, TIME_SERVER, UDP_CLIENT, UDP_SERVER,
};

/// A server of `program`, and its address.
fn server(program: Program, args: &[&str]) -> (Server, String) {
    let server = Server::of_program(program, args);
    let address = server.address();
    (server, address)
}

fn client(program: Program, address: &str, args: &[&str]) -> Running {
    Running::start(program, &[&[address], args].concat())
}

#[test]
fn tcp_chat_in_the_room() {
    let (mut server, address) = server(SERVER, &["--name", "teacher"]);
    let mut first = client(CLIENT, &address, &["--name", "小明"]);
    first.says("* welcome, 小明");
    let mut second = client(CLIENT, &address, &["--name", "小红"]);
    second.says("* welcome, 小红");
    first.types("你好");
    second.says("[小明] 你好");
    server.running.says("[小明] 你好");
    server.running.types("good morning");
    first.says("[teacher] good morning");
    second.says("[teacher] good morning");
    second.types("q");
    second.ended_well();
    first.says("* 小红 left");
    first.ends_input();
    server.running.notes("* 小明 left");
    first.ended_well();
}

#[test]
fn tcp_chat_once() {
    let (mut server, address) = server(SERVER, &["--once"]);
    let mut client = client(CLIENT, &address, &["--once"]);
    client.types("你好");
    server.running.says("你好\n");
    server.running.types("再见");
    assert_eq!(client.ended_well(), "再见\n");
    assert_eq!(server.running.ended_well(), "你好\n");
}

#[test]
fn tcp_chat_in_the_textbooks_way() {
    let (mut server, address) = server(SERVER, &["--classic"]);
    let mut waiting = client(CLIENT, &address, &["--classic"]);
    waiting.notes("waiting for the server to accept");
    for round in ["first", "second"] {
        waiting.types(&format!("{round} question"));
        server.running.says(&format!("{round} question\n"));
        server.running.types(&format!("{round} 回答"));
        waiting.says(&format!("{round} 回答\n"));
    }
    waiting.types("q");
    waiting.ended_well();
    server.running.notes("has closed the connection");
    let mut next = client(CLIENT, &address, &["--classic"]);
    next.types("and now I");
    server.running.says("and now I\n");
    server.running.types("you too");
    next.says("you too\n");
}

#[test]
fn udp_chat_at_any_time() {
    let (mut server, address) = server(UDP_SERVER, &[]);
    let (mut first, mut second) = (client(UDP_CLIENT, &address, &[]), client(UDP_CLIENT, &address, &[]));
    first.types("你好");
    server.running.says(": 你好\n");
    second.types("hello");
    server.running.says(": hello\n");
    server.running.types("to the last one");
    second.says("to the last one\n");
    server.running.types("@1 给第一个");
    first.says("给第一个\n");
}

#[test]
fn udp_chat_in_the_textbooks_way() {
    in_turn(UDP_SERVER, UDP_CLIENT);
}

/// Strict alternation over UDP, twice.
fn in_turn(server_program: Program, client_program: Program) {
    let (mut server, address) = server(server_program, &["--classic"]);
    let mut client = client(client_program, &address, &["--classic"]);
    for round in ["first", "second"] {
        client.types(&format!("{round} question"));
        server.running.says(&format!(": {round} question\n"));
        server.running.types(&format!("{round} 回答"));
        client.says(&format!(": {round} 回答\n"));
    }
}

#[test]
fn qq_in_both_ways() {
    for way in [&[][..], &["--classic"]] {
        let (mut server, address) = server(QQ_SERVER, way);
        let mut client = Running::start(QQ_CLIENT, way);
        client.types(&format!("/add 小红 {address}"));
        client.notes("小红 is in the book");
        client.types("小红");
        client.types("在吗");
        server.running.says(": 在吗\n");
        server.running.types("在");
        client.says("在\n");
        client.types("q");
        client.types("q");
        client.ended_well();
    }
}

#[test]
fn the_time_in_every_protocol() {
    let (_text, address) = server(TIME_SERVER, &["--format", "%H:%M"]);
    let ask = |address: &str, args: &[&str]| client(TIME_CLIENT, address, args).ended_well();
    assert_eq!(ask(&address, &[]).trim().len(), "12:34".len());
    assert!(ask(&address, &["--protocol", "time"]).starts_with("20"));
    let arithmetic = ask(&address, &["--protocol", "sntp", "--samples", "2"]);
    assert!(arithmetic.contains("offset") && arithmetic.contains("delay"), "{arithmetic}");
    let (_classic, address) = server(TIME_SERVER, &["--classic"]);
    assert!(ask(&address, &[]).starts_with("20"));
}

/// What the system's shell takes for two commands in one line.
const BOTH: &str = if cfg!(windows) { "echo one& echo two 1>&2" } else { "echo one; echo two >&2" };

fn remote_commands(pair: Pair) {
    let exec = Exec::start(pair, &[]);
    let (status, out, err) = exec.run(BOTH);
    assert_eq!((status, out.trim(), err.trim()), (Some(0), "one", "two"));
    let (status, out, err) = exec.piped(&[], "echo 你好\nexit 3\n");
    assert_eq!((status, out.trim()), (Some(3), "你好"), "{err}");
    let (status, out, err) = exec.piped(&[], "echo before\nq\necho behind\n");
    assert_eq!((status, out.trim()), (Some(0), "before"), "{err}");
    exec.server.running.notes("exit status 3");
}

fn classic_commands(pair: Pair) {
    let Classic { server, code, .. } = Classic::start(pair, &[]);
    let address = server.address();
    let mut first = Classic::client(pair, &address);
    first.types(&code);
    first.says(RIGHT);
    first.types("echo 你好");
    first.says("你好");
    first.types("echo again");
    first.says("again");
    server.running.notes("runs: echo again");
    first.types("q");
    first.ended_well();
    let mut next = Classic::client(pair, &address);
    next.types(&code);
    next.says(RIGHT);
    next.types("echo next");
    next.says("next");
}

#[test]
fn remote_commands_over_tcp() {
    remote_commands(TCP);
}

#[test]
fn remote_commands_over_udp() {
    remote_commands(UDP);
}

#[test]
fn remote_commands_over_tcp_in_the_textbooks_way() {
    classic_commands(TCP);
}

#[test]
fn remote_commands_over_udp_in_the_textbooks_way() {
    classic_commands(UDP);
}
