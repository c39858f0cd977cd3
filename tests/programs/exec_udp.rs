//! Remote commands over UDP through bad networks: real programs, a relay between them, and what each run has left in a
//! file.

use std::fs;
use std::io::Read as _;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use crate::common::exec::{Classic, Exec, RIGHT, UDP};
use crate::common::matrix::{has_time, wants_time};
use crate::common::relay::{Harm, Relay};
use crate::common::textbook::{Datagram, nobody};
use crate::common::{self, Running, Server, eventually, memory, send_signal};
use socket_demos::net::faults::BadNetwork;

/// How many clients there are at once.
const CLIENTS: usize = 8;

/// What a thousand commands may take at most over the worst network.
const LONGEST: Duration = Duration::from_secs(180);

/// A fifth lost, a tenth twice, a tenth overtaken.
const BAD: BadNetwork = BadNetwork { loss: 0.2, duplicate: 0.1, reorder: 0.1, delay: None, seed: 7 };

fn through(exec: &Exec, address: SocketAddr, args: &[&str]) -> Command {
    let mut command = Command::new(UDP.client);
    command.arg(address.to_string()).args(args).env("SOCKET_DEMOS_KEY_FILE", exec.place.file("key"));
    command
}

/// Waits for the end of a client for as long as is asked.
fn ended(client: &mut Running, within: Duration) -> (Option<i32>, String, String) {
    let start = Instant::now();
    while !client.has_ended() {
        if start.elapsed() > within {
            client.fail(&format!("it did not end within {within:?}"));
        }
        thread::sleep(Duration::from_millis(10)); // The standard library cannot wait for a child with a deadline.
    }
    let (status, out, err) = client.ended();
    (status.code(), String::from_utf8(out).unwrap(), err)
}

/// The lines of the file in which every execution leaves one.
fn executions(exec: &Exec) -> Vec<String> {
    fs::read_to_string(exec.place.file("ran")).unwrap_or_default().lines().map(str::to_string).collect()
}

/// How many threads a process has; 0 where the system does not tell.
fn threads(pid: u32) -> usize {
    fs::read_dir(format!("/proc/{pid}/task")).map_or(0, Iterator::count)
}

/// Has a thousand commands run by eight clients at once (64 where there is no time), and asserts that each ran once and
/// every output is exact. Gives how many datagrams the server has sent.
fn many_commands_through(name: &str, harm: &Harm) -> usize {
    let each = if has_time() { 1000 / CLIENTS } else { 8 };
    let exec = Exec::start(UDP, &[]);
    exec.run("true");
    let before = threads(exec.server.running.pid());
    let relay = Relay::to(exec.server.address, harm);
    let start = Instant::now();
    let mut clients: Vec<_> = (0..CLIENTS).map(|_| Running::spawn(through(&exec, relay.address, &[]))).collect();
    for (client, running) in clients.iter_mut().enumerate() {
        let line = |number| format!("echo {client}.{number} >> ran; echo out {number}; echo err {number} >&2\n");
        running.feeds((0..each).map(line).collect::<String>().as_bytes());
        running.ends_input();
    }
    let lines = |word| (0..each).map(|number| format!("{word} {number}\n")).collect::<String>();
    for running in &mut clients {
        let (status, out, err) = ended(running, LONGEST);
        assert!((status, &out, &err) == (Some(0), &lines("out"), &lines("err")), "{name}: {status:?}\n{out}\n{err}");
    }
    let (took, answers) = (start.elapsed(), relay.seen.answers.load(Ordering::Relaxed));
    eprintln!("{name}: {} commands in {:.1} s, {answers} answers", each * CLIENTS, took.as_secs_f32());
    assert!(took < LONGEST, "{name}: {took:?}");
    let numbers = |client| (0..each).map(move |number| format!("{client}.{number}"));
    let mut expected: Vec<_> = (0..CLIENTS).flat_map(numbers).collect();
    let mut ran = executions(&exec);
    expected.sort();
    ran.sort();
    assert_eq!(ran, expected, "{name}: each exactly once");
    assert!(relay.seen.longest.load(Ordering::Relaxed) <= 1200);
    eventually(true, || threads(exec.server.running.pid()) <= before);
    answers
}

#[test]
fn a_thousand_commands_over_a_bad_network_run_once_each() {
    many_commands_through("bad network", &Harm { network: BAD, ..Harm::default() });
}

#[test]
fn ten_copies_of_every_datagram_run_nothing_twice_and_are_not_answered_ten_times() {
    let once = many_commands_through("clean", &Harm::default());
    let ten = many_commands_through("ten copies", &Harm { copies: 9, ..Harm::default() });
    assert!(ten <= 3 * once, "{ten} answers instead of {once}");
}

#[test]
fn one_bit_changed_in_a_third_of_the_datagrams_makes_nothing_wrong() {
    many_commands_through("flipped bits", &Harm { flipped: 0.3, ..Harm::default() });
}

/// A client whose command has begun behind a relay.
fn begun(exec: &Exec, relay: &Relay, rest: &str) -> Running {
    let command = format!("echo ran >> ran; echo begun; {rest}");
    let client = Running::spawn(through(exec, relay.address, &["-c", &command]));
    client.says("begun\n");
    client
}

#[test]
fn answers_that_are_blocked_for_ten_seconds_come_afterwards() {
    if !has_time() {
        return wants_time("FLOOD");
    }
    let exec = Exec::start(UDP, &[]);
    let relay = Relay::to(exec.server.address, &Harm::default());
    let mut client = begun(&exec, &relay, "sleep 1; seq 1000");
    relay.block(true);
    thread::sleep(Duration::from_secs(10)); // This is what is tested.
    assert!(!client.has_ended());
    relay.block(false);
    let (status, out, err) = ended(&mut client, Duration::from_secs(10));
    let numbers: String = (1..=1000).map(|number| format!("{number}\n")).collect();
    assert_eq!((status, out, err), (Some(0), format!("begun\n{numbers}"), String::new()));
    assert_eq!(executions(&exec).len(), 1);
}

#[test]
fn answers_that_never_come_leave_the_outcome_unknown() {
    if !has_time() {
        return wants_time("FLOOD");
    }
    let exec = Exec::start(UDP, &[]);
    let relay = Relay::to(exec.server.address, &Harm::default());
    let mut client = begun(&exec, &relay, "sleep 600");
    relay.block(true);
    let (status, _, err) = ended(&mut client, Duration::from_secs(35));
    assert!(status == Some(254) && err.contains("outcome unknown") && err.lines().count() == 1, "{status:?} {err}");
    assert_eq!(executions(&exec).len(), 1);
}

#[test]
fn a_server_that_was_restarted_does_not_run_the_command_again_and_the_client_says_that_nobody_knows() {
    let mut exec = Exec::start(UDP, &[]);
    let mut client = exec.client(&["-c", "echo ran >> ran; echo $$; exec sleep 600"]);
    let pid: u32 = client.says("\n").trim().parse().unwrap();
    exec.server.running.kill();
    send_signal(pid, "KILL"); // Nobody else ends what a killed server has left behind.
    let mut again = Command::new(UDP.server);
    again.arg(exec.server.address()).current_dir(exec.place.path());
    again.env("SOCKET_DEMOS_KEY_FILE", exec.place.file("key"));
    exec.server.running = Running::spawn(again);
    exec.server.running.notes("listening on");
    let (status, _, err) = ended(&mut client, Duration::from_secs(10));
    assert!(status == Some(254) && err.contains("outcome unknown: the server was restarted"), "{status:?} {err}");
    assert_eq!(exec.run("echo served").1, "served\n");
    assert_eq!(executions(&exec).len(), 1);
}

#[test]
fn a_server_that_is_not_there_is_told_at_once() {
    let exec = Exec::start(UDP, &[]);
    let start = Instant::now();
    let (status, out, err) =
        ended(&mut Running::spawn(through(&exec, nobody(), &["-c", "echo ran >> ran"])), Duration::from_secs(2));
    assert!(
        status == Some(255) && out.is_empty() && err.contains("start one with: udp-exec-server 127.0.0.1:"),
        "{status:?} {err}"
    );
    assert!(start.elapsed() < Duration::from_secs(2));
}

#[test]
fn a_command_that_cannot_be_started_is_told_on_both_sides() {
    // A server that has no descriptors for a command's pipes.
    let mut exec = Exec::start(UDP, &[]);
    let mut command = std::process::Command::new("sh");
    command.args(["-c", "ulimit -n 6; exec \"$0\" 127.0.0.1:0", UDP.server.path()]);
    command.env("SOCKET_DEMOS_KEY_FILE", exec.place.file("key"));
    exec.server = Server::of(Running::spawn(command));
    let (status, _, err) = exec.run("echo no");
    assert!(status == Some(255) && err.contains("could not start it"), "{status:?} {err}");
    exec.server.running.notes(": the system could not start it");
}

/// Whether a process is there and not dead.
fn lives(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with('Z'))
}

#[cfg(target_os = "linux")]
#[test]
fn a_client_that_does_not_read_keeps_its_command_and_takes_it_along() {
    let exec = Exec::start(UDP, &[]);
    exec.run("head -c 1000000 /dev/zero");
    let server = exec.server.running.pid();
    let before = memory(server);
    let mut command = exec.client_command(&["-c", "echo $$ > pid; yes"]);
    let mut client = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let pid = || fs::read_to_string(exec.place.file("pid")).ok().and_then(|pid| pid.trim().parse().ok());
    eventually(true, || pid().is_some());
    let pid = pid().unwrap();
    // What is watched is a time without growth, and longer than a silent client is waited for.
    thread::sleep(Duration::from_secs(if has_time() { 35 } else { 1 }));
    assert!(lives(pid), "the client still asks");
    let after = memory(server);
    assert!(after < before + 2 * 1024 * 1024, "{before} to {after} bytes");
    send_signal(client.id(), "TERM");
    client.wait().unwrap();
    eventually(false, || lives(pid));
}

#[test]
fn a_client_that_does_not_read_keeps_its_place_for_the_time_limit_alone() {
    let exec = Exec::start(UDP, &["--max-clients", "1", "--timeout", "1"]);
    let mut command = exec.client_command(&["-c", "echo ran >> ran; yes"]);
    let mut client = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    eventually(1, || executions(&exec).len());
    assert_eq!(exec.run("true").0, Some(255), "BUSY");
    eventually(Some(0), || exec.run("true").0);
    // What did not fit is lost, and the client is told why.
    let mut shown = Vec::new();
    client.stdout.take().unwrap().read_to_end(&mut shown).unwrap();
    assert!(shown.len() > 1000 && shown.chunks(2).all(|line| line == b"y\n" || line == b"y"), "{}", shown.len());
    assert_eq!(client.wait().unwrap().code(), Some(124));
}

#[cfg(target_os = "linux")]
#[test]
fn ctrl_c_ends_a_command_within_a_second() {
    let exec = Exec::start(UDP, &[]);
    let mut client = exec.client(&["-c", "echo begun; exec sleep 600"]);
    client.says("begun\n");
    let start = Instant::now();
    client.signal("INT");
    assert_eq!(ended(&mut client, Duration::from_secs(5)).0, Some(130));
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
}

#[test]
fn the_seventeenth_command_is_told_busy() {
    let exec = Exec::start(UDP, &[]);
    let mut clients: Vec<_> = (0..16).map(|_| exec.client(&["-c", "echo begun; exec sleep 600"])).collect();
    for client in &clients {
        client.says("begun\n");
    }
    let (status, out, err) = exec.run("echo ran >> ran");
    assert!(status == Some(255) && out.is_empty() && err.contains("(BUSY)"), "{status:?} {err}");
    for client in &mut clients {
        client.signal("TERM");
        client.ended();
    }
    eventually(Some(0), || exec.run("true").0);
    assert_eq!(executions(&exec).len(), 0);
}

#[test]
fn the_clients_own_bad_network_changes_nothing_but_the_time() {
    let exec = Exec::start(UDP, &[]);
    let bad = ["--loss", "30%", "--duplicate", "10%", "--reorder", "10%", "--seed", "7"];
    let mut client = exec.client(&[&bad[..], &["-c", "echo ran >> ran; seq 5000"]].concat());
    let (status, out, err) = ended(&mut client, Duration::from_secs(60));
    let numbers: String = (1..=5000).map(|number| format!("{number}\n")).collect();
    assert!(status == Some(0) && out == numbers, "{status:?} {err}");
    assert_eq!(executions(&exec).len(), 1);
}

/// How often the threads of a process have gone to sleep by now.
#[cfg(target_os = "linux")]
fn naps(pid: u32) -> u64 {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let status = |task: fs::DirEntry| fs::read_to_string(task.path().join("status")).unwrap_or_default();
    let count = |status: String| {
        let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
        line.trim().parse::<u64>().ok()
    };
    tasks.filter_map(|task| count(status(task.ok()?))).sum()
}

#[cfg(target_os = "linux")]
#[test]
fn who_has_nothing_to_do_sleeps() {
    let exec = Exec::start(UDP, &[]);
    let mut client = exec.client(&[]);
    client.types("echo served");
    client.says("served\n");
    let [server, client] = [exec.server.running.pid(), client.pid()];
    let one_second = |pid| {
        let before = naps(pid);
        thread::sleep(Duration::from_secs(1)); // What is counted is what happens in this time.
        naps(pid).abs_diff(before) // a thread that has ended takes its number along
    };
    // The acknowledgement of the last piece may still be on its way.
    eventually(0, || one_second(server));
    assert!(one_second(client) <= 22, "an idle client looks 20 times a second");
}

#[test]
fn a_client_that_is_ended_while_it_still_asks_says_by_what() {
    // Somebody is there, and says nothing.
    let silent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    silent.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let address = silent.local_addr().unwrap().to_string();
    let exec = Exec::start(UDP, &[]);
    let key = exec.place.file("key");
    // Two threads end it at about the same time, the one that was told and the one that asks: ten times the same one wins.
    for (signal, status) in [("INT", 130), ("TERM", 143)].repeat(5) {
        let mut client = Running::start(UDP.client, &[&address, "--key-file", &key, "-c", "true"]);
        silent.recv(&mut [0; 1500]).unwrap();
        client.signal(signal);
        let (ended, _, err) = client.ended();
        assert_eq!((ended.code(), err.as_str()), (Some(status), ""), "{signal}");
    }
}

#[test]
fn where_large_datagrams_vanish_answers_and_long_commands_come_nevertheless() {
    let exec = Exec::start(UDP, &[]);
    let relay = Relay::to(exec.server.address, &Harm { largest: Some(600), ..Harm::default() });
    let command = format!("echo ran >> ran; seq 5000; true {}", "x".repeat(1000));
    let mut client = Running::spawn(through(&exec, relay.address, &["-c", &command]));
    let (status, out, err) = ended(&mut client, Duration::from_secs(20));
    let numbers: String = (1..=5000).map(|number| format!("{number}\n")).collect();
    assert!(status == Some(0) && out == numbers, "{status:?} {err}");
    assert_eq!(executions(&exec).len(), 1);
}

/// Not even small ones get through, once the command has something to say: a client that has waited for a while is ended by
/// one Ctrl-C, and the server's place is free.
#[test]
fn where_nothing_gets_through_one_ctrl_c_is_enough() {
    let exec = Exec::start(UDP, &["--max-clients", "1"]);
    let relay = Relay::to(exec.server.address, &Harm { largest: Some(200), ..Harm::default() });
    let mut client = Running::spawn(through(&exec, relay.address, &["-c", "seq 5000; exec sleep 100"]));
    exec.server.running.notes("seq 5000");
    thread::sleep(Duration::from_secs(6)); // Nothing comes: what is waited for is time.
    let stopped = Instant::now();
    client.signal("INT");
    let (status, _, err) = ended(&mut client, Duration::from_secs(5));
    let lasted = stopped.elapsed();
    assert!(
        status == Some(254) && err.contains("asked to stop") && lasted < Duration::from_secs(1),
        "{err} {lasted:?}"
    );
    eventually(0, || exec.run("true").0.unwrap_or(1));
}

/// A client that is to find the server by a name of two addresses, ::1 the first.
#[cfg(target_os = "linux")]
fn by_a_name_of_two(exec: &Exec) -> (Option<i32>, String, String) {
    let hosts = exec.place.file("hosts");
    fs::write(&hosts, "127.0.0.1 two.test\n::1 two.test\n").unwrap();
    let inside = "mount --bind \"$1\" /etc/hosts && shift && exec \"$@\"";
    let name = format!("two.test:{}", exec.server.port());
    let mut command = Command::new("unshare");
    command.args(["-rm", "sh", "-c", inside, "sh", &hosts]).arg(UDP.client).args([&name, "-c", "echo found"]);
    command.env("SOCKET_DEMOS_KEY_FILE", exec.place.file("key"));
    ended(&mut Running::spawn(command), Duration::from_secs(20))
}

#[cfg(target_os = "linux")]
#[test]
fn a_name_of_two_addresses_is_tried_at_both() {
    let allowed = Command::new("unshare").args(["-rm", "mount", "--bind", "/etc/hosts", "/etc/hosts"]).status();
    if !allowed.is_ok_and(|status| status.success()) {
        return common::not_run("unshare may not make a mount namespace here");
    }
    let exec = Exec::start(UDP, &[]);
    let found = (Some(0), "found\n".to_string(), String::new());
    assert_eq!(by_a_name_of_two(&exec), found, "refused at the first");
    let silent = std::net::UdpSocket::bind(("::1", exec.server.address.port())).unwrap();
    assert_eq!(by_a_name_of_two(&exec), found, "silent at the first");
    silent.set_nonblocking(true).unwrap();
    let asked = std::iter::from_fn(|| silent.recv(&mut [0; 1500]).ok()).collect::<Vec<_>>();
    assert!((3..=4).contains(&asked.len()) && asked.iter().all(|length| *length == 93), "{asked:?}");
}

// The textbook's way.

#[test]
fn classic_an_answer_is_one_datagram_and_the_rest_is_lost_which_both_sides_say() {
    let classic = Classic::start(UDP, &[]);
    let (owner, server) = (classic.writes(), &classic.server);
    owner.send("head -c 100000 /dev/zero | tr '\\0' x", server.address);
    let mut answer = vec![0; 100_000];
    assert_eq!(owner.recv_bytes(&mut answer).0, 65_507);
    server.running.notes("only the first 65507 of these bytes fit a datagram; the rest is not sent");
    owner.send("true", server.address);
    assert_eq!(owner.recv_bytes(&mut answer).0, 0, "no output is a datagram without bytes");
    owner.send("echo out; echo err >&2", server.address);
    assert_eq!(owner.recv().0, "out\nerr\n");
    owner.send("echo with a newline\n", server.address);
    assert_eq!(owner.recv().0, "with a newline\n");

    let mut client = Running::start(UDP.client, &[&server.address(), "--classic", "--bufsize", "1000"]);
    client.types(&classic.code);
    client.says(RIGHT);
    client.types("head -c 100000 /dev/zero | tr '\\0' y");
    assert_eq!(client.says("y\n").len(), RIGHT.len() + 1001);
    client.notes("truncated: this datagram was longer than 1000 bytes");
    client.types("true");
    client.says("(an empty message, 0 bytes)");
    client.types("q");
    client.ended_well();
}

#[test]
fn classic_half_a_command_is_not_run() {
    let classic = Classic::start(UDP, &[]);
    let (owner, server) = (classic.writes(), &classic.server);
    let command = |length: usize| format!("echo ran >> ran; #{}", "x".repeat(length - 18));
    owner.send(command(1025), server.address);
    server.running.notes("a command of more than 1024 bytes was cut off (--bufsize): nothing was run");
    assert!(owner.hears_nothing());
    assert_eq!(classic.executions(), 0);
    owner.send(command(1024), server.address);
    assert_eq!(owner.recv().0, "");
    assert_eq!(classic.executions(), 1);
}

#[test]
fn classic_a_textbook_server_in_gbk_is_understood_and_its_silence_explained() {
    let server = Datagram::bind();
    let mut client = Running::start(UDP.client, &[&server.address().to_string(), "--classic", "--encoding", "gbk"]);
    client.types("dir 目录");
    let (command, from) = server.recv();
    assert_eq!(command, "dir 目录", "commands go out in UTF-8");
    server.send(b"\xc4\xe3\xba\xc3", from);
    client.says("你好\n");
    client.types("no answer");
    server.recv();
    client.notes("the textbook's client cannot tell, and would wait for ever");
}

#[test]
fn classic_nc_takes_either_side() {
    if !common::have("nc") {
        return;
    }
    let Classic { server, code, .. } = Classic::start(UDP, &[]);
    let mut nc = Running::start("nc", &["-u", "127.0.0.1", &server.port()]);
    nc.types(&code);
    nc.says(RIGHT);
    nc.types("echo from nc");
    nc.says("from nc\n");
    drop(nc);

    let port = nobody().port();
    let mut nc = Running::start("nc", &["-u", "-l", "127.0.0.1", &port.to_string()]);
    // nc does not say when it listens.
    let entry = format!("0100007F:{port:04X} ");
    eventually(true, || fs::read_to_string("/proc/net/udp").unwrap().contains(&entry));
    let mut client = Running::start(UDP.client, &[&format!("127.0.0.1:{port}"), "--classic"]);
    client.types("uname");
    nc.says("uname");
    nc.types("typed by hand");
    client.says("typed by hand\n");
}
