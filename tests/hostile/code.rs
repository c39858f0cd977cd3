//! The textbook's servers of commands among strangers, who do not know the code: whatever port they have, had or will
//! have, and whatever they say first. What is run leaves a line in the file `ran`.

use std::fs;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::process::Command;
use std::time::{Duration, Instant};

use socket2::{Domain, SockRef, Socket, Type};

use crate::common::exec::{Classic, Pair, RIGHT, TCP, UDP, WRONG};
use crate::common::forge::Forger;
use crate::common::textbook::{Datagram, Textbook, nobody};
use crate::common::{self, DEADLINE, Running, Server, TIME_SERVER, eventually, memory, not_run};

/// What strangers want to have run.
const COMMAND: &str = "echo ran >> ran";

/// How often each way is tried.
const TRIES: usize = 1000;

/// How much a flooded server may grow, in bytes.
const GROWTH: usize = 4 * 1024 * 1024;

/// The owner is served, and what strangers have tried by then has not been run: the servers look at one thing after the
/// other.
fn serves_its_owner_alone(classic: &Classic, pair: Pair) {
    let before = classic.executions();
    if pair.server == TCP.server {
        let mut owner = classic.calls();
        owner.send("echo mine");
        assert_eq!(owner.recv_text(), "mine\n");
    } else {
        let owner = classic.writes();
        for (words, answer) in [("echo mine", "mine\n"), ("", WRONG)] {
            owner.send(words, classic.server.address);
            // It may be told once more that the code was right.
            while owner.recv().0 != answer {}
        }
    }
    assert_eq!((before, classic.executions()), (0, 0), "{}", classic.server.running.err());
}

/// A TCP connection from a port that was chosen before. The last one from there may still be held by a process that
/// another test is just starting.
fn call_from(port: u16, server: SocketAddr) -> TcpStream {
    let from = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let until = Instant::now() + DEADLINE;
    loop {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.set_reuse_address(true).unwrap();
        socket.bind(&from.into()).unwrap();
        socket.set_read_timeout(Some(DEADLINE)).unwrap();
        match socket.connect_timeout(&server.into(), DEADLINE) {
            Ok(()) => return socket.into(),
            Err(error) if error.kind() == ErrorKind::AddrNotAvailable && Instant::now() < until => {}
            Err(error) => panic!("{error}"),
        }
    }
}

/// Closes so that the port is free at once: with a reset.
fn reset(stream: TcpStream) {
    SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
    drop(stream);
}

#[test]
fn a_stranger_runs_nothing_from_a_port_that_the_owner_gets_next_or_had_before() {
    let classic = Classic::start(TCP, &[]);
    let port = nobody().port();
    for _ in 0..TRIES {
        // In the backlog, and gone: whose port it is then would tell nothing of whose the bytes were.
        let mut stranger = call_from(port, classic.server.address);
        stranger.write_all(COMMAND.as_bytes()).unwrap();
        reset(stranger);
        let mut owner = Textbook(call_from(port, classic.server.address));
        owner.send(&classic.code);
        assert_eq!(owner.recv_text(), RIGHT);
        reset(owner.0);
        // After the owner, at the same port.
        let mut stranger = Textbook(call_from(port, classic.server.address));
        stranger.send(COMMAND);
        assert_eq!(stranger.recv_text(), WRONG);
        reset(stranger.0);
    }
    serves_its_owner_alone(&classic, TCP);
}

#[test]
fn a_datagram_from_a_port_that_the_owner_gets_next_or_had_before_is_not_run() {
    let classic = Classic::start(UDP, &[]);
    let port = nobody().port();
    let bound = || {
        let until = Instant::now() + DEADLINE;
        loop {
            match UdpSocket::bind((Ipv4Addr::LOCALHOST, port)) {
                Err(error) if error.kind() == ErrorKind::AddrInUse && Instant::now() < until => {}
                bound => return bound.unwrap(),
            }
        }
    };
    for _ in 0..TRIES {
        bound().send_to(COMMAND.as_bytes(), classic.server.address).unwrap();
        let owner = Datagram(bound());
        owner.0.set_read_timeout(Some(DEADLINE)).unwrap();
        owner.send(&classic.code, classic.server.address);
        // What the server had to say to the stranger may reach the next one at this port.
        while owner.recv().0 != RIGHT {}
        owner.send("", classic.server.address);
        drop(owner);
        bound().send_to(COMMAND.as_bytes(), classic.server.address).unwrap();
    }
    serves_its_owner_alone(&classic, UDP);
}

#[test]
fn nobody_shares_the_port_of_our_own_client() {
    let classic = Classic::start(UDP, &[]);
    let mut client = Running::start(UDP.client, &[&classic.server.address(), "--classic", "--trace"]);
    client.types(&classic.code);
    client.says(RIGHT);
    let port = own_port(client.pid());
    let mut shared = 0;
    for address in ["127.0.0.1", "0.0.0.0", "::1", "::", "127.0.0.2"] {
        let address = SocketAddr::new(address.parse().unwrap(), port);
        let Ok(socket) = Socket::new(Domain::for_address(address), Type::DGRAM, None) else { continue };
        socket.set_reuse_address(true).unwrap();
        socket.set_reuse_port(true).unwrap();
        let _ = socket.set_only_v6(true); // It fails for IPv4.
        if socket.bind(&address.into()).is_err() {
            continue;
        }
        shared += 1;
        for _ in 0..TRIES {
            // Those of IPv6 alone have no way to a server of IPv4.
            let _ = socket.send_to(COMMAND.as_bytes(), &classic.server.address.into());
        }
    }
    assert!(shared <= 2, "only what IPv6 has for itself");
    client.types("echo mine");
    client.says("mine\n");
    client.types("q");
    client.ended_well();
    classic.server.running.notes("has left (an empty datagram)");
    serves_its_owner_alone(&classic, UDP);
}

/// The port of the only UDP socket of a process.
fn own_port(pid: u32) -> u16 {
    let links = fs::read_dir(format!("/proc/{pid}/fd")).unwrap();
    let links = links.filter_map(|link| fs::read_link(link.unwrap().path()).ok());
    let inodes: Vec<String> = links
        .filter_map(|link| Some(link.to_str()?.strip_prefix("socket:[")?.trim_end_matches(']').to_string()))
        .collect();
    let table = fs::read_to_string("/proc/net/udp").unwrap();
    let fields = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let mut own = fields.filter(|fields| inodes.iter().any(|inode| fields.get(9) == Some(&inode.as_str())));
    u16::from_str_radix(own.next().unwrap()[1].split_once(':').unwrap().1, 16).unwrap()
}

#[test]
fn another_user_another_family_no_proc_and_a_user_namespace_change_nothing() {
    // As it is; without /proc; as nobody in a user namespace.
    let without_proc = ["unshare", "-m", "sh", "-c", "mount -t tmpfs none /proc && exec \"$@\"", "sh"];
    for world in [&["env"][..], &without_proc, &["unshare", "-U"]] {
        let probe = [&world[1..], &["true"]].concat();
        if common::run(world[0], &probe, "").0 != Some(0) {
            not_run(&format!("{world:?} is not allowed"));
            continue;
        }
        for host in ["127.0.0.1:0", "[::ffff:127.0.0.1]:0", "[::1]:0"] {
            if UdpSocket::bind(host).is_err() {
                not_run("there is no IPv6 here");
                continue;
            }
            for pair in [TCP, UDP] {
                let mut command = Command::new(world[0]);
                command.args(&world[1..]).args([pair.server.path(), host, "--classic"]);
                runs_nothing_for_strangers(&Classic::spawn(command), pair);
            }
        }
    }
}

/// As another user, where that can be had.
fn runs_nothing_for_strangers(classic: &Classic, pair: Pair) {
    let address = classic.server.address;
    if pair.server == TCP.server {
        for _ in 0..TRIES / 4 {
            let mut stranger = Textbook::calls(address);
            stranger.send(COMMAND);
            assert_eq!(stranger.recv_text(), WRONG);
        }
    } else {
        let any: IpAddr = if address.is_ipv6() { [0_u16; 8].into() } else { Ipv4Addr::UNSPECIFIED.into() };
        let stranger = UdpSocket::bind((any, 0)).unwrap();
        for _ in 0..TRIES / 4 {
            stranger.send_to(COMMAND.as_bytes(), address).unwrap();
        }
    }
    let udp: &[&str] = if pair.server == UDP.server { &["-u"] } else { &[] };
    let (host, port) = (address.ip().to_string(), classic.server.port());
    let nc = [&["--reuid", "65534", "--clear-groups", "nc", "-w", "1"], udp, &[&host, &port]].concat();
    if common::have("setpriv") && common::have("nc") {
        let (_, out, err) = common::run("setpriv", &nc, &format!("{COMMAND}\n"));
        assert!(out == WRONG || out.is_empty(), "{out}{err}");
    }
    serves_its_owner_alone(classic, pair);
}

#[test]
fn what_is_not_the_code_alone_runs_nothing() {
    let classic = Classic::start(TCP, &[]);
    let code = &classic.code;
    let utf_16: Vec<u8> = code.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let long = format!("GET /{}?;{COMMAND}; HTTP/1.1\r\n\r\n", "x".repeat(2000));
    let closed: [Vec<u8>; 9] = [
        format!("GET /;{COMMAND}; HTTP/1.1\r\nHost: x\r\n\r\n").into(),
        format!("POST / HTTP/1.1\r\nContent-Length: 99\r\n\r\n{code}\n{COMMAND}\n").into(),
        format!("OPTIONS * HTTP/1.1\r\n\r\n{code}\n").into(),
        format!("\u{16}\u{3}\u{1}\n{code}\n{COMMAND}\n").into(),
        format!("\0{code}").into(),
        format!("{code}\u{1b}\n").into(),
        format!("\r\nGET /;{COMMAND}\r\n").into(),
        long.into(),
        utf_16,
    ];
    let told = [
        format!("{code}\n{COMMAND}\n"),
        format!("{code};{COMMAND}"),
        format!("{COMMAND}\n{code}\n"),
        format!(" {code}"),
        format!("\u{feff}{code}"),
        code.to_uppercase(),
        code[..8].to_string(),
        code.replace('-', "－"),
        COMMAND.to_string(),
    ];
    for first in &closed {
        let mut peer = classic.server.connect();
        peer.stream().write_all(first).unwrap();
        assert_eq!(peer.rest(), "", "{:?}", String::from_utf8_lossy(first));
    }
    for first in &told {
        let mut peer = classic.server.connect();
        peer.sends(first);
        assert_eq!(peer.rest(), WRONG, "{first:?}");
    }
    // One byte a packet: one recv is one message. The next byte may find the connection closed already.
    let mut peer = classic.server.connect();
    peer.stream().set_nodelay(true).unwrap();
    peer.sends(&code[..1]);
    peer.hears_until(WRONG);
    for byte in code.bytes().skip(1) {
        let _ = peer.stream().write_all(&[byte]);
    }
    peer.rest();
    serves_its_owner_alone(&classic, TCP);
    assert!(!classic.server.running.err().contains(&format!("runs: {code}")));
}

#[test]
fn a_datagram_that_is_not_the_code_alone_runs_nothing() {
    let classic = Classic::start(UDP, &[]);
    let code = &classic.code;
    let silent = [
        format!("GET /;{COMMAND}; HTTP/1.1\r\n"),
        format!("\u{16}\u{3}\u{1}{code}"),
        format!("{code}\0"),
        RIGHT.to_string(),
        WRONG.to_string(),
        "* 口令正确：请发送命令\n".to_string(),
    ];
    let told = [
        String::new(),
        format!("{code}\n{COMMAND}"),
        format!("{COMMAND}\n{code}"),
        code.to_uppercase(),
        COMMAND.to_string(),
        format!("{code} {}", "x".repeat(5000)),
    ];
    for (first, answered) in silent.iter().map(|first| (first, false)).chain(told.iter().map(|first| (first, true))) {
        let stranger = Datagram::unbound();
        stranger.send(first, classic.server.address);
        assert_eq!(!stranger.hears_nothing(), answered, "{first:?}");
    }
    serves_its_owner_alone(&classic, UDP);
}

#[test]
fn a_low_port_and_the_servers_own_are_not_let_in_even_with_the_code() {
    let classic = Classic::start(UDP, &[]);
    let own = UdpSocket::bind(("127.0.0.2", classic.server.address.port())).unwrap();
    own.send_to(classic.code.as_bytes(), classic.server.address).unwrap();
    own.send_to(COMMAND.as_bytes(), classic.server.address).unwrap();
    if let Some(low) = (600..1024).rev().find_map(|port| UdpSocket::bind(("0.0.0.0", port)).ok()) {
        low.send_to(classic.code.as_bytes(), classic.server.address).unwrap();
        low.send_to(COMMAND.as_bytes(), classic.server.address).unwrap();
    } else {
        not_run("only root has low ports");
    }
    serves_its_owner_alone(&classic, UDP);
    classic.server.running.notes("is a server, or repeats what one says");
}

/// As many wrong codes as `FLOOD` says; a tenth of that over TCP, where each needs a connection.
fn flood() -> usize {
    std::env::var("FLOOD").map_or(50_000, |number| number.parse().unwrap())
}

fn wrong_code(number: usize) -> String {
    format!("{:04}-{:04}", number / 10_000 % 10_000, number % 10_000)
}

#[test]
fn wrong_codes_without_end_open_nothing_and_cost_no_memory() {
    let tcp = Classic::start(TCP, &[]);
    let mut before = 0;
    for number in 0..flood() / 10 {
        // Each host of loopback has ports of its own.
        let [_, _, high, low] = u32::try_from(number / 1000 + 2).unwrap().to_be_bytes();
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from(([127, 1, high, low], 0)).into()).unwrap();
        socket.connect(&tcp.server.address.into()).unwrap();
        socket.set_read_timeout(Some(DEADLINE)).unwrap();
        let mut stranger = Textbook(socket.into());
        stranger.send(wrong_code(number));
        assert_eq!(stranger.recv_text(), WRONG);
        if number == 500 {
            before = memory(tcp.server.running.pid());
        }
    }
    let grown = memory(tcp.server.running.pid()).saturating_sub(before);
    assert!(grown < GROWTH, "{grown} bytes more");
    serves_its_owner_alone(&tcp, TCP);

    let udp = Classic::start(UDP, &[]);
    let mut sockets: Vec<UdpSocket> = (0..64).map(|_| UdpSocket::bind("127.0.0.1:0").unwrap()).collect();
    let before = memory(udp.server.running.pid());
    for number in 0..flood() {
        let index = number % sockets.len();
        sockets[index].send_to(wrong_code(number).as_bytes(), udp.server.address).unwrap();
        if number % 1000 == 0 {
            sockets[index] = UdpSocket::bind("127.0.0.1:0").unwrap();
            // Not faster than it reads, or the system throws them away.
            serves_its_owner_alone(&udp, UDP);
        }
    }
    let grown = memory(udp.server.running.pid()).saturating_sub(before);
    assert!(grown < GROWTH, "{grown} bytes more");
}

#[test]
fn silent_strangers_do_not_keep_the_owner_out() {
    let classic = Classic::start(TCP, &[]);
    let silent: Vec<TcpStream> = (0..400).map(|_| TcpStream::connect(classic.server.address).unwrap()).collect();
    serves_its_owner_alone(&classic, TCP);
    drop(silent);
}

#[test]
fn whoever_knows_the_code_waits_for_the_turn() {
    let classic = Classic::start(TCP, &[]);
    let first = classic.calls();
    let mut second = Textbook::calls(classic.server.address);
    second.send(&classic.code);
    SockRef::from(&second.0).set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    assert!((&second.0).read(&mut [0]).is_err(), "not while the first is served");
    second.0.set_read_timeout(Some(DEADLINE)).unwrap();
    drop(first);
    assert_eq!(second.recv_text(), RIGHT);
}

#[test]
fn servers_pointed_at_each_other_run_nothing_and_end() {
    let Some(forger) = Forger::new() else { return };
    let servers = [Classic::start(UDP, &[]), Classic::start(UDP, &[])];
    let time = Server::of_program(TIME_SERVER, &["--classic", "--format", "it is %H.%M and %S seconds"]);
    let echo = UdpSocket::bind("127.0.0.1:0").unwrap();
    echo.set_read_timeout(Some(DEADLINE)).unwrap();
    let [one, two] = servers.each_ref().map(|classic| classic.server.address);
    // As if each had asked the other, itself, a clock that answers anything, and an echo.
    for first in ["hello", RIGHT, WRONG, COMMAND, "", &servers[1].code] {
        for (from, to) in [(two, one), (one, one), (time.address, one), (one, time.address)] {
            assert!(forger.sends(first.as_bytes(), from, to));
        }
    }
    let mut buffer = [0; 2000];
    echo.send_to(b"hello", one).unwrap();
    let (received, from) = echo.recv_from(&mut buffer).unwrap();
    echo.send_to(&buffer[..received], from).unwrap();
    assert!(Datagram(echo).hears_nothing(), "its own words");
    for classic in &servers {
        serves_its_owner_alone(classic, UDP);
    }
    // The clock's log ends.
    let settled = || {
        let so_far = time.running.err().len();
        std::thread::sleep(Duration::from_millis(300)); // Silence is what is waited for.
        time.running.err().len() == so_far
    };
    eventually(true, settled);
}

#[test]
fn two_connections_joined_by_a_pipe_run_nothing() {
    let servers = [Classic::start(TCP, &[]), Classic::start(TCP, &[])];
    let [one, two] = servers.each_ref().map(|classic| TcpStream::connect(classic.server.address).unwrap());
    (&one).write_all(b"hello").unwrap();
    for (mut from, mut to) in [(&one, &two), (&two, &one)] {
        from.set_read_timeout(Some(DEADLINE)).unwrap();
        let mut said = String::new();
        from.read_to_string(&mut said).unwrap();
        assert_eq!(said, WRONG);
        // The one that has closed takes it no more.
        let _ = to.write_all(said.as_bytes());
    }
    for classic in &servers {
        serves_its_owner_alone(classic, TCP);
    }
}

#[test]
fn a_command_that_prints_a_command_is_not_followed() {
    let classic = Classic::start(UDP, &[]);
    let owner = classic.writes();
    let printing = format!("echo '{COMMAND}'");
    owner.send(&printing, classic.server.address);
    let (echoed, _) = owner.recv();
    assert_eq!(echoed, format!("{COMMAND}\n"));
    owner.send(&echoed, classic.server.address);
    classic.server.running.notes("repeats what one says");
    owner.send("", classic.server.address);
    owner.recv();
    serves_its_owner_alone(&classic, UDP);
}

#[test]
fn the_code_of_a_script_is_not_shown() {
    for pair in [TCP, UDP] {
        let mut command = Command::new(pair.server);
        command.args(["127.0.0.1:0", "--classic"]).env("SOCKET_DEMOS_CODE", "lesson-5");
        let server = Server::of(Running::spawn(command));
        server.running.notes("first comes the code that SOCKET_DEMOS_CODE has");
        let mut client = Running::start(pair.client, &[&server.address(), "--classic"]);
        client.types("lesson-5");
        client.says(RIGHT);
        assert!(!server.running.err().contains("lesson-5"));
        let mut command = Command::new(pair.server);
        command.args(["127.0.0.1:0", "--classic"]).env("SOCKET_DEMOS_CODE", "short");
        let (status, _, err) = Running::spawn(command).ended();
        assert!(status.code() == Some(2) && err.contains("SOCKET_DEMOS_CODE has to be"), "{err}");
    }
}
