//! What every program has in common: help, errors, exit codes, streams, the trace.

#![cfg_attr(not(target_os = "linux"), allow(unused_imports, reason = "some tests are about Linux"))]

use std::process::Command;

use crate::common::{
    self, CLIENT, PROGRAMS, Program, QQ_SERVER, Running, SERVER, Server, TCP_EXEC_CLIENT, TCP_EXEC_SERVER, TIME_CLIENT,
    TIME_SERVER, UDP_EXEC_CLIENT, UDP_EXEC_SERVER, UDP_SERVER, failure, help, quick, run, textbook, wine,
};
use socket_demos::net::event::{Call, Event, Outcome};

#[test]
fn help_is_as_written_down_in_both_languages() {
    let programs = PROGRAMS.map(|program| (program.name, program, "--help"));
    help::is_as_written_down_in_both_languages(&programs, "tests/help");
}

#[test]
fn chinese_help_has_no_english_of_claps() {
    help::chinese_has_no_english_of_claps(&PROGRAMS);
}

#[test]
fn the_help_of_remote_commands_is_of_its_own_transport() {
    for (program, own, others) in [
        (
            TCP_EXEC_SERVER,
            &["How many clients", "one recv is one command"][..],
            &["recvfrom", "datagram", "over UDP"][..],
        ),
        (UDP_EXEC_SERVER, &["How many commands", "one datagram is one command", "one recvfrom"], &["one recv ", "TCP"]),
        (TCP_EXEC_CLIENT, &["one recv is one command"], &["recvfrom", "datagram"]),
        (UDP_EXEC_CLIENT, &["one datagram is one command", "one recvfrom"], &["one recv ", "TCP"]),
    ] {
        let (_, help, _) = quick(program, &["--help"]);
        assert!(own.iter().all(|words| help.contains(words)), "{help}");
        assert!(!others.iter().any(|words| help.contains(words)), "{help}");
    }
}

#[test]
fn short_help_leaves_the_tracing_options_out() {
    let (_, short, _) = quick(SERVER, &["-h"]);
    let (_, long, _) = quick(SERVER, &["--help"]);
    assert!(!short.contains("--trace") && long.contains("--trace-file"));
}

#[test]
fn wrong_usage_is_one_line_and_exit_code_2() {
    let table: [(&[&str], &str); 13] = [
        (&["--nonsense"], "there is no option --nonsense"),
        (&["--encoding", "klingon"], "unknown encoding"),
        (&["--encoding", "utf-16"], "not compatible with ASCII"),
        (&["--once", "--classic"], "do not go together"),
        (&["--bufsize", "0"], "1 to 1048576 bytes"),
        (&["--name", "a\u{1b}[2J"], "no spaces, control characters"),
        (&["--color", "blue"], "choose from: auto, always, never"),
        (&["--lang", "fr"], "en and zh"),
        (&["127.0.0.1:"], "port is missing"),
        (&["127.0.0.1:99999"], "0 to 65535"),
        (&["8080", "9090"], "one argument too many: 9090"),
        (&["--bufsize", "5"], "--bufsize works only with --once or --classic"),
        (&["--bufsize"], "needs a value"),
    ];
    for (args, why) in table {
        for program in [SERVER, CLIENT] {
            let (code, err) = failure(program, args);
            assert!(code == Some(2) && err.contains(why), "{args:?}: {code:?} {err}");
        }
    }
    let (code, err) = failure(SERVER, &["--lan", "192.0.2.1:80"]);
    assert!(code == Some(2) && err.contains("give only a port"), "{err}");
    let (_, err) = failure(CLIENT, &["--timeout", "x", "--lang", "zh"]);
    assert!(err.contains("不能是 \"x\"") && err.contains("用法见 tcp-chat-client --help"), "{err}");
}

#[test]
fn a_language_that_is_not_ours_is_refused_in_the_one_of_the_variable() {
    let refused = Command::new(SERVER).args(["--lang", "fr"]).env("SOCKET_DEMOS_LANG", "zh").output().unwrap();
    let err = String::from_utf8(refused.stderr).unwrap();
    assert!(refused.status.code() == Some(2) && err.contains("语言只有 en 和 zh"), "{err}");
}

#[test]
fn at_least_one_question_is_asked() {
    let (code, err) = failure(TIME_CLIENT, &["--retries", "0"]);
    assert!(code == Some(2) && err.contains("--retries <N> cannot be \"0\""), "{err}");
    assert!(err.contains("a number from 1 to 30000"), "{err}");
}

#[test]
fn the_language_comes_from_the_option_the_variable_or_the_system() {
    let help = |args: &[&str], ours: &str, system: &str| {
        let mut command = Command::new(SERVER);
        for variable in ["LANGUAGE", "LC_ALL", "LC_MESSAGES"] {
            command.env_remove(variable);
        }
        let output = command.arg("-h").args(args).env("SOCKET_DEMOS_LANG", ours).env("LANG", system).output().unwrap();
        String::from_utf8(output.stdout).unwrap().contains("用法")
    };
    assert!(help(&["--lang", "zh"], "en", "en_US.UTF-8"));
    assert!(!help(&["--lang", "en"], "zh", "zh_CN.UTF-8"));
    assert!(help(&[], "zh_TW", "en_US.UTF-8"));
    assert!(!help(&[], "fr", "zh_CN.UTF-8"));
    if cfg!(unix) {
        assert!(help(&[], "", "zh_CN.UTF-8"));
        assert!(!help(&[], "", "C"));
    }
}

#[test]
fn a_wrong_share_of_a_bad_network_is_refused() {
    for wrong in ["120%", "-1%", "x"] {
        let (code, err) = failure(TIME_CLIENT, &[&format!("--loss={wrong}")]);
        assert!(code == Some(2) && err.contains("0% to 100%"), "{err}");
    }
}

#[test]
fn a_udp_port_in_use_names_its_holder() {
    let holder = Server::of_program(TIME_SERVER, &[]);
    for program in [UDP_SERVER, QQ_SERVER, TIME_SERVER] {
        let (code, err) = failure(program, &[&holder.address()]);
        assert_eq!(code, Some(1));
        if !wine() {
            assert!(err.contains("time-server") && err.contains(&format!("pid {}", holder.running.pid())), "{err}");
        }
    }
}

#[test]
fn a_refused_connection_shows_the_command_to_type() {
    let address = textbook::nobody();
    let (code, err) = failure(CLIENT, &[&address.to_string()]);
    assert_eq!(code, Some(1));
    assert!(err.contains("connection refused (") && err.contains(&format!("tcp-chat-server {address}")), "{err}");
    assert!(err.contains(if cfg!(windows) { "10061" } else { "ECONNREFUSED" }), "{err}");
}

#[test]
fn a_host_that_does_not_exist_is_said_so() {
    let (code, err) = failure(CLIENT, &["no-such-host.invalid"]);
    assert!(code == Some(1) && err.contains("cannot find the host of no-such-host.invalid:8080"), "{err}");
}

/// Linux drops the SYNs of a full accept queue, so nobody answers.
#[cfg(target_os = "linux")]
#[test]
fn an_address_that_does_not_answer_is_given_up_with_reasons() {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&"127.0.0.1:0".parse::<std::net::SocketAddr>().unwrap().into()).unwrap();
    socket.listen(0).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    let _in_the_queue = std::net::TcpStream::connect(address).unwrap();
    let (code, err) = failure(CLIENT, &[&address.to_string(), "--timeout", "300ms"]);
    assert_eq!(code, Some(1));
    for reason in ["within 0.3 s", "wrong address", "firewall", "Wi-Fi"] {
        assert!(err.contains(reason), "{err}");
    }
}

#[test]
fn a_port_in_use_names_its_holder_and_how_to_end_it() {
    let holder = Server::start(&[]);
    let (code, err) = failure(SERVER, &[&holder.address()]);
    assert_eq!(code, Some(1));
    assert!(err.contains(if cfg!(windows) { "10048" } else { "EADDRINUSE" }), "{err}");
    // Wine does not know which process holds a port.
    if !wine() {
        let pid = holder.running.pid();
        assert!(err.contains("tcp-chat-server") && err.contains(&format!("pid {pid}")), "{err}");
        assert!(err.contains(&format!("kill {pid}")) || err.contains(&format!("taskkill /PID {pid}")), "{err}");
    }
}

/// The restart lesson. On Linux both sockets need the option: what is in TIME_WAIT remembers whether it had it.
#[cfg(target_os = "linux")]
#[test]
fn a_restart_finds_time_wait_unless_both_servers_set_reuse() {
    let address = textbook::visited_and_ended(&["--classic", "--no-reuse"]);
    for args in [&["--classic", "--no-reuse", &address][..], &["--classic", &address]] {
        let (code, err) = failure(SERVER, args);
        assert_eq!(code, Some(1));
        assert!(err.contains("EADDRINUSE 98") && err.contains("nobody holds it") && err.contains("TIME_WAIT"), "{err}");
    }
    let address = textbook::visited_and_ended(&["--classic"]);
    let (code, err) = failure(SERVER, &["--classic", "--no-reuse", &address]);
    assert!(code == Some(1) && err.contains("TIME_WAIT"), "{err}");
    let again = Server::of(Running::start(SERVER, &["--classic", &address]));
    assert_eq!(again.address(), address);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_or_a_closed_pipe_ends_a_program_with_one_line_or_none() {
    let to_full = |program: Program, args: &str| {
        let output = Command::new("sh").args(["-c", &format!("{program} {args} >/dev/full")]).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, err) = to_full(SERVER, "--help --lang en");
    assert_eq!(code, Some(1));
    assert!(err.contains("cannot write the output: the disk is full (ENOSPC 28)") && err.lines().count() == 1, "{err}");

    for (target, code, last) in [(">/dev/full", 1, "ENOSPC 28"), ("| true", 0, "joined")] {
        let command = format!("{{ {SERVER} 127.0.0.1:0; echo status $? >&2; }} {target}");
        let mut shell = Command::new("sh");
        shell.args(["-c", &command]);
        let mut server = Server::of(Running::spawn(shell));
        let mut peer = server.connect();
        peer.sends("one\n");
        // The reader of a pipe may still be about to end, so more is said until the server notices.
        common::eventually(true, || {
            let _ = std::io::Write::write_all(&mut peer.stream(), b"more\n");
            server.running.has_ended()
        });
        let (_, _, err) = server.running.ended();
        assert!(err.contains(&format!("status {code}\n")) && err.contains(last) && !err.contains("panic"), "{err}");
    }

    let server = Server::start(&[]);
    let mut speaker = server.join("speaker");
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("{{ {CLIENT} {} --name pipe; echo status $? >&2; }} | head -n 1", server.address)]);
    let mut client = Running::spawn(shell);
    client.says("welcome, pipe");
    for _ in 0..100 {
        speaker.sends("more and more\n");
    }
    let (_, out, err) = client.ended();
    assert_eq!(out, "* welcome, pipe\n".as_bytes());
    assert!(err.ends_with("status 0\n") && !err.contains("panic"), "{err}");
}

#[test]
fn the_trace_tells_every_call_of_both_ends() {
    let dir = std::env::temp_dir().join(format!("socket-demos-trace-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let [server_file, client_file] = ["server", "client"].map(|name| dir.join(name).display().to_string());
    let mut server = Server::start(&["--once", "--trace-file", &server_file]);
    server.running.types("answer");
    let (_, out, err) = run(CLIENT, &["--once", &server.address(), "--trace", "--trace-file", &client_file], "你好\n");
    assert_eq!(out, "answer\n");
    assert!(err.contains("send(6) = 6 \"你好\" e4bda0e5a5bd"), "{err}");
    server.running.ended_well();

    let calls = |file: &str| {
        let text = std::fs::read_to_string(file).unwrap();
        let events = text.lines().map(|line| serde_json::from_str::<Event>(line).unwrap()).collect::<Vec<_>>();
        let names: Vec<_> = events.iter().map(|event| event.call.to_string()).collect();
        (events, names.join(" "))
    };
    let (events, names) = calls(&server_file);
    let start = "socket setsockopt bind listen accept recv send shutdown";
    assert!(names.starts_with(start), "{names}");
    assert!(events.iter().all(|event| matches!(event.result, Outcome::Ok(_))), "{events:?}");
    let (events, names) = calls(&client_file);
    assert!(names.starts_with("socket connect send recv shutdown"), "{names}");
    assert_eq!(events[3].data.as_ref().unwrap().text, "answer");
    assert_eq!(events[3].peer, Some(server.address));
    std::fs::remove_dir_all(&dir).unwrap();

    let address = textbook::nobody();
    let (code, _, err) = quick(CLIENT, &[&address.to_string(), "--trace"]);
    assert!(code == Some(1) && err.contains(&format!("connect({address}) = -1 ")), "{err}");
}

#[test]
fn the_trace_has_what_one_thread_does_while_another_ends_the_program() {
    let file = std::env::temp_dir().join(format!("socket-demos-trace-end-{}", std::process::id()));
    let server = Server::start(&[]);
    for _ in 0..10 {
        let _ = std::fs::remove_file(&file);
        let mut client = Running::start(CLIENT, &[&server.address(), "--trace-file", file.to_str().unwrap()]);
        client.notes("connected to");
        client.types("q");
        client.ended_well();
        let text = std::fs::read_to_string(&file).unwrap();
        let calls: Vec<_> = text.lines().map(|line| serde_json::from_str::<Event>(line).unwrap().call).collect();
        assert!(calls.contains(&Call::Shutdown) && calls.last() == Some(&Call::Exit), "{calls:?}");
    }
    std::fs::remove_file(&file).unwrap();
}

/// A network namespace of its own has a LAN that is nobody else's.
#[cfg(target_os = "linux")]
#[test]
fn lan_prints_what_others_type_the_default_route_first() {
    let setup = "ip link set lo up && ip link add name lan0 type veth peer name lan1 \
                 && ip addr add 192.168.9.9/24 dev lan0 && ip addr add 10.9.9.9/24 dev lan1 \
                 && ip link set lan0 up && ip link set lan1 up && ip route add default via 10.9.9.1";
    // Whether a namespace can be had at all; what goes wrong inside one is a failure.
    let namespace = Command::new("unshare").args(["-rn", "sh", "-c", "ip link set lo up"]).output();
    if !namespace.is_ok_and(|output| output.status.success()) {
        return common::not_run("unshare and ip (util-linux, iproute2) or the right to use them are missing");
    }
    let mut command = Command::new("unshare");
    command.args(["-rn", "sh", "-c", &format!("{setup} && exec {SERVER} :0 --lan")]);
    let server = Server::of(Running::spawn(command));
    assert!(server.address.ip().is_unspecified());
    let port = server.address.port();
    let lines = server.running.notes(&format!("tcp-chat-client 192.168.9.9:{port}"));
    let default_route =
        format!("others type: tcp-chat-client 10.9.9.9:{port}\nothers type: tcp-chat-client 192.168.9.9");
    assert!(lines.contains(&default_route), "{lines}");
}
