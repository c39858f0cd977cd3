//! Ready lines and first lines of clients: where a program is, on 80 columns in one piece.

use std::process::Command;

use unicode_width::UnicodeWidthStr as _;

use crate::common::{
    CLIENT, Program, QQ_SERVER, Running, SERVER, Server, TCP_EXEC_CLIENT, TCP_EXEC_SERVER, TIME_SERVER, UDP_CLIENT,
    UDP_EXEC_CLIENT, UDP_EXEC_SERVER, UDP_SERVER,
};

/// The longest address that a class has, and what a terminal has for a line.
const LONGEST: &str = "192.168.123.123:65535";
const COLUMNS: usize = 80;

fn started(program: Program, args: &[&str], lang: &str) -> Running {
    let mut command = Command::new(program.path());
    command.args(args).env("SOCKET_DEMOS_LANG", lang);
    Running::spawn(command)
}

/// The first line fits with the longest address in place of its own, which stands at its end.
fn fits(running: &Running, address: &str) {
    let err = running.notes(address);
    let first = err.lines().find(|line| line.contains(address)).unwrap();
    let (before, behind) = first.split_once(address).unwrap();
    let columns = (before.to_string() + LONGEST).width();
    assert!(columns <= COLUMNS, "{columns} columns: {first}");
    assert!(before.ends_with(' ') || behind.is_empty(), "{first}");
}

#[test]
fn no_ready_line_breaks_its_address_on_80_columns() {
    let key = std::env::temp_dir().join(format!("socket-demos-ready-{}", std::process::id()));
    let key = key.to_str().unwrap();
    let servers: &[(Program, &[&str])] = &[
        (SERVER, &["--once"]),
        (SERVER, &["--classic"]),
        (SERVER, &[]),
        (UDP_SERVER, &["--classic"]),
        (UDP_SERVER, &[]),
        (QQ_SERVER, &["--classic"]),
        (QQ_SERVER, &[]),
        (TIME_SERVER, &["--classic"]),
        (TIME_SERVER, &[]),
        (TCP_EXEC_SERVER, &["--classic"]),
        (TCP_EXEC_SERVER, &["--key-file", key]),
        (UDP_EXEC_SERVER, &["--classic"]),
        (UDP_EXEC_SERVER, &["--key-file", key]),
    ];
    for lang in ["en", "zh"] {
        for (program, way) in servers {
            let server = Server::of(started(*program, &[&["127.0.0.1:0"], *way].concat(), lang));
            fits(&server.running, &server.address());
        }
    }
    std::fs::remove_file(key).unwrap();
}

#[test]
fn no_client_breaks_its_servers_address_on_80_columns() {
    let pairs: &[(Program, Program, &[&str])] = &[
        (SERVER, CLIENT, &["--once"]),
        (SERVER, CLIENT, &["--classic"]),
        (SERVER, CLIENT, &[]),
        (UDP_SERVER, UDP_CLIENT, &["--classic"]),
        (UDP_SERVER, UDP_CLIENT, &[]),
        (TCP_EXEC_SERVER, TCP_EXEC_CLIENT, &["--classic"]),
        (UDP_EXEC_SERVER, UDP_EXEC_CLIENT, &["--classic"]),
    ];
    for lang in ["en", "zh"] {
        for (server, client, way) in pairs {
            let server = Server::of_program(*server, way);
            let client = started(*client, &[&[server.address().as_str()], *way].concat(), lang);
            fits(&client, &server.address());
        }
    }
}
