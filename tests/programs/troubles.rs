//! A program goes on: what one client, one contact, one reader of a log or one lost answer may do to all the others.

use std::fs;
use std::net::UdpSocket;
#[cfg(target_os = "linux")]
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

use crate::common::textbook::Datagram;
use crate::common::{self, Peer, QQ_CLIENT, QQ_SERVER, Running, Server, TIME_CLIENT, TIME_SERVER, eventually, run};
#[cfg(target_os = "linux")]
use crate::common::{UDP_CLIENT, forge::Forger, textbook::nobody};
use socket_demos::time::sntp::{Packet, Question};

/// A contact file with these lines, for the time that `talk` takes.
fn with_book<T>(name: &str, lines: &str, talk: impl FnOnce(&str) -> T) -> T {
    let file = std::env::temp_dir().join(format!("socket-demos-troubles-{name}-{}.toml", std::process::id()));
    fs::write(&file, lines).unwrap();
    let talked = talk(file.to_str().unwrap());
    fs::remove_file(&file).unwrap();
    talked
}

/// The longest name there is room for, of a character that becomes 18 when its compatibility forms are taken apart, in a
/// room where it would have to be compared with 240 others.
#[test]
fn a_name_of_a_whole_line_stalls_no_room() {
    let server = Server::start(&[]);
    let silent: Vec<Peer> = (0..240).map(|_| server.connect()).collect();
    let (mut rude, mut other) = (server.join("rude"), server.join("other"));
    eventually(true, || {
        rude.sends("/who\n");
        let answer = rude.hears_until("nothing yet\n");
        answer.contains(&format!("and {} who", silent.len()))
    });
    let begun = Instant::now();
    rude.sends(&format!("/name {}\n", "ﷺ".repeat(2700)));
    rude.hears_until("* a name has at most 32 columns");
    rude.sends("done\n");
    other.hears_until("[rude] done\n");
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
}

/// ICMP: the host behind a filter, its network, no UDP there. Linux tells a connected socket of them as EHOSTUNREACH,
/// ENETUNREACH, ENOPROTOOPT.
#[cfg(target_os = "linux")]
#[test]
fn an_unreachable_contact_ends_no_conversation() {
    const CODES: [u8; 4] = [10, 9, 13, 2];
    let Some(forger) = Forger::new() else { return };
    let (far, near) = (Datagram::bind(), Datagram::bind());
    let lines = format!("far = \"{}\"\nnear = \"{}\"\n", far.address(), near.address());
    with_book("unreachable", &lines, |book| {
        let mut client = Running::start(QQ_CLIENT, &["--contacts", book]);
        client.types("far");
        for (code, times) in CODES.into_iter().zip(1..) {
            client.types("hello");
            forger.tells_unreachable(code, far.recv().1, far.address());
            eventually(times, || client.err().matches("far is not there (").count());
        }
        assert!(client.err().contains("EHOSTUNREACH 113") && client.err().contains("ENETUNREACH 101"));
        client.types("q");
        client.types("near");
        client.types("hello");
        let (words, from) = near.recv();
        near.send(&words, from);
        client.says("[near] hello\n");
    });

    let mut client = Running::start(UDP_CLIENT, &[&far.address().to_string()]);
    for (code, times) in CODES.into_iter().zip(1..) {
        client.types("hello");
        forger.tells_unreachable(code, far.recv().1, far.address());
        eventually(times, || client.err().matches("cannot be reached: ").count());
    }
    client.types("still here");
    let (words, from) = far.recv();
    assert_eq!(words, "still here");
    far.send("so am I", from);
    client.says("so am I\n");
}

/// The address goes away under a connected socket, and comes back.
#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_sent_is_told_and_the_next_is() {
    if !["unshare", "nsenter", "ip"].into_iter().all(common::have) {
        return;
    }
    let mut command = Command::new("unshare");
    let script = "ip link set lo up && exec \"$0\" 127.0.0.1:9";
    command.args(["-rn", "sh", "-c", script, UDP_CLIENT.path()]);
    let mut client = Running::spawn(command);
    let mut said = String::new();
    eventually(true, || {
        said = client.err();
        said.contains("writing to 127.0.0.1:9") || client.has_ended()
    });
    if said.contains("unshare") {
        return common::not_run(&format!("no right to make a network namespace: {said}"));
    }
    let pid = client.pid().to_string();
    let change_address = |way: &str| {
        let args = ["-t", &pid, "-U", "-n", "--preserve-credentials", "ip", "addr", way, "127.0.0.1/8", "dev", "lo"];
        assert!(Command::new("nsenter").args(args).status().unwrap().success());
    };
    change_address("del");
    client.types("lost");
    client.notes("cannot write to 127.0.0.1:9: no route to that network (ENETUNREACH 101)\n");
    change_address("add");
    client.types("sent");
    client.notes("nobody is at 127.0.0.1:9");
    client.ends_input();
    assert_eq!(client.ended().0.code(), Some(1));
}

#[test]
fn the_end_of_a_pipe_at_the_book_waits_for_every_answer() {
    let (one, two) = (Datagram::bind(), Datagram::bind());
    let lines = format!("one = \"{}\"\ntwo = \"{}\"\n", one.address(), two.address());
    with_book("pipe", &lines, |book| {
        let mut client = Running::start(QQ_CLIENT, &["--contacts", book]);
        client.feeds(b"one\nhi\nq\ntwo\nho\nq\n");
        client.ends_input();
        let (from_one, from_two) = (one.recv().1, two.recv().1);
        two.send("the second answers", from_two);
        client.says("[two] the second answers\n");
        one.send("the first answers", from_one);
        let out = client.ended_well();
        assert!(out.contains("[one] the first answers\n"), "{out}");

        let input = "one\nhi\nq\n";
        let (code, out, err) = run(QQ_CLIENT, &["--contacts", book, "--timeout", "200ms"], input);
        assert_eq!((code, out.as_str()), (Some(1), ""), "{err}");
        assert!(err.contains("no answer from"), "{err}");
        assert_eq!(run(QQ_CLIENT, &["--contacts", book], "one\nhi\nq\nq\n").0, Some(0), "q leaves at once");
    });
}

/// A refusal that the next `send` reports, since the thread that receives is held up by its output.
#[cfg(target_os = "linux")]
#[test]
fn a_refused_message_does_not_end_the_waiting_for_the_next() {
    use std::io::Write as _;
    let stdout = Fifo::new("refused");
    let address = nobody();
    let bind = || {
        let socket = UdpSocket::bind(address).unwrap();
        socket.set_read_timeout(Some(common::DEADLINE)).unwrap();
        Datagram(socket)
    };
    let server = bind();
    let mut command = Command::new("sh");
    command.args(["-c", "exec \"$0\" --trace \"$1\" > \"$2\"", UDP_CLIENT.path(), &address.to_string(), &stdout.path]);
    let mut client = Running::spawn(command);
    client.types("hello");
    let from = server.recv().1;
    let room = rustix::pipe::fcntl_getpipe_size(&stdout.file).unwrap();
    (&stdout.file).write_all(&vec![b'x'; room]).unwrap();
    server.send("this cannot be shown yet", from);
    // Taken out of the socket, so the thread is on its way to the full pipe and receives nothing more.
    let port = format!(":{:04X} ", from.port());
    eventually(true, || {
        let table = fs::read_to_string("/proc/net/udp").unwrap();
        let mut lines = table.lines().filter(|line| line.contains(&port));
        lines.all(|line| line.contains(" 00000000:00000000 ")) && client.err().contains("this cannot be shown yet")
    });
    drop(server);
    client.types("too early");
    client.notes("\"too early\"");
    let server = bind();
    client.types("now");
    client.ends_input();
    assert_eq!(server.recv().0, "now");
    client.notes("nobody is at");
    server.send("yes", from);
    stdout.drains();
    assert_eq!(client.ended().0.code(), Some(0), "{}", client.err());
}

/// A named pipe, open for reading and writing.
#[cfg(target_os = "linux")]
struct Fifo {
    path: String,
    file: fs::File,
}

#[cfg(target_os = "linux")]
impl Fifo {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("socket-demos-troubles-{name}-{}", std::process::id()));
        let path = path.to_str().unwrap().to_string();
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        let file = fs::File::options().read(true).write(true).open(&path).unwrap();
        Self { path, file }
    }

    /// From now on all that is written to it is read.
    fn drains(&self) {
        let mut file = self.file.try_clone().unwrap();
        std::thread::spawn(move || std::io::copy(&mut file, &mut std::io::sink()));
    }
}

#[cfg(target_os = "linux")]
impl Drop for Fifo {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

#[test]
fn classic_writes_to_contacts_of_both_families() {
    let Ok(six) = UdpSocket::bind("[::1]:0") else { return common::not_run("there is no IPv6 here") };
    six.set_read_timeout(Some(common::DEADLINE)).unwrap();
    let (four, six) = (Datagram::bind(), Datagram(six));
    let lines = format!("four = \"{}\"\nsix = \"{}\"\n", four.address(), six.address());
    with_book("families", &lines, |book| {
        let mut client = Running::start(QQ_CLIENT, &["--classic", "--contacts", book]);
        for (name, peer) in [("four", &four), ("six", &six), ("four", &four)] {
            client.types(name);
            client.types("hello");
            let from = peer.recv().1;
            peer.send(name, from);
            client.says(&format!("{}: {name}\n", peer.address()));
            client.types("q");
        }
        client.types("q");
        client.ended_well();
    });
}

#[test]
fn qq_says_nothing_with_an_empty_message() {
    let mut server = Server::of_program(QQ_SERVER, &[]);
    let peer = Datagram::bind();
    peer.send("hello", server.address);
    server.running.says("hello\n");
    for empty in ["@1", "@1  ", "＠1\u{3000}"] {
        server.running.types(empty);
    }
    server.running.types("@1 words");
    assert_eq!(peer.recv().0, "words");
    eventually(3, || server.running.err().matches("nothing was typed").count());
}

/// Standard error is a pipe that is full, as behind a pager or after Ctrl-S.
#[cfg(unix)]
#[test]
fn a_log_that_nobody_reads_stops_no_time_server() {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::net::SocketAddr;
    use std::process::{Command, Stdio};
    let (reader, mut writer) = std::io::pipe().unwrap();
    let mut command = Command::new(TIME_SERVER);
    command.args(["127.0.0.1:0"]).env("SOCKET_DEMOS_LANG", "en").stdin(Stdio::null()).stdout(Stdio::null());
    let server = Killed(command.stderr(writer.try_clone().unwrap()).spawn().unwrap());
    let mut ready = String::new();
    let mut reader = BufReader::new(reader);
    reader.read_line(&mut ready).unwrap();
    let address: SocketAddr = ready.trim_end().rsplit(' ').next().unwrap().parse().unwrap();
    // What it says before it serves is no log, and would wait for a reader.
    reader.read_line(&mut ready).unwrap();
    // What fills the pipe waits until the reader is gone.
    let probe = writer.try_clone().unwrap();
    let filler = std::thread::spawn(move || writer.write_all(&vec![b'x'; 1 << 20]).is_err());
    eventually(0, || poll(&mut [PollFd::new(&probe, PollFlags::OUT)], Some(&Timespec::default())).unwrap());
    let client = Datagram::unbound();
    for asked in 0..100 {
        client.send("get time", address);
        let answer = client.recv().0;
        assert_eq!(answer.len(), "2026-01-02 03:04:05".len(), "question {asked}: {answer}");
    }
    drop((server, reader));
    assert!(filler.join().unwrap(), "the pipe was full until the end");
}

#[cfg(unix)]
struct Killed(std::process::Child);

#[cfg(unix)]
impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A peer that answers whatever comes, as an echo does, or another textbook's server.
#[test]
fn a_textbook_time_server_falls_silent_before_whoever_answers_anything() {
    let server = Server::of_program(TIME_SERVER, &["--classic"]);
    let peer = Datagram::bind();
    let answers = (0..10_000).take_while(|_| {
        peer.send("what comes", server.address);
        !peer.hears_nothing()
    });
    let answers = answers.count();
    assert!((100..10_000).contains(&answers), "{answers}");
    // A question is always one.
    peer.send("get time", server.address);
    assert_eq!(peer.recv().0.len(), "2026-11-30 12:00:00".len());
}

/// As a forger would: what one says reaches the other, whose format it does not know.
#[cfg(target_os = "linux")]
#[test]
fn two_textbook_time_servers_do_not_answer_each_other() {
    let Some(forger) = Forger::new() else { return };
    let formats = ["%H:%M %Z", "it is %H.%M and %S seconds"];
    let servers = formats.map(|format| Server::of_program(TIME_SERVER, &["--classic", "--format", format]));
    let [one, two] = servers.each_ref().map(|server| server.address);
    assert!(forger.sends(b"hello", two, one));
    assert!(forger.sends(b"hello", one, one), "as if it had asked itself");
    assert!(forger.sends(b"hello", "127.0.0.1:53".parse().unwrap(), one), "as if a service of the system had");
    // Two rounds: what each had to say to the other has come before this client's question.
    let client = Datagram::unbound();
    for server in [one, two, one, two] {
        client.send("hello", server);
        client.recv();
    }
    for server in &servers {
        let asked = format!("127.0.0.1:{}: ", client.address().port());
        let answered = |by: &dyn Fn(&str) -> bool| {
            server.running.err().lines().filter(|line| line.ends_with("answered with text") && by(line)).count()
        };
        // The log is read behind the server's back: when the last line is there, so are those before it.
        eventually(2, || answered(&|line| line.contains(&asked)));
        let others = answered(&|line| !line.contains(&asked));
        assert!(others <= 50, "not for ever: {others} of the 50 lines that the log tells at once");
    }
    servers[0].running.notes("from a server, or too many in a row");
}

#[test]
fn a_time_server_may_listen_on_every_spelling_of_loopback() {
    let (code, _, err) = run(TIME_SERVER, &["[::ffff:192.0.2.1]:0", "--classic"], "");
    assert!(code == Some(2) && err.contains("only on loopback"), "{err}");
    if cfg!(windows) {
        // There an IPv6 socket is for IPv6 alone unless it asks for more (IPV6_V6ONLY).
        return;
    }
    let server = Running::start(TIME_SERVER, &["[::ffff:127.0.0.1]:0", "--classic"]);
    eventually(true, || server.err().contains('\n'));
    if server.err().contains("EAFNOSUPPORT") || server.err().contains("os error 97") {
        return common::not_run("there is no IPv6 here");
    }
    server.notes("listening on [::ffff:127.0.0.1]:");
}

/// Answers as many questions as there are `strata`; none where it is `None`.
fn answers_in_turn(strata: &[Option<u8>], args: &[&str]) -> (Option<i32>, String, String, Datagram) {
    let server = Datagram::bind();
    let address = server.address().to_string();
    let mut client = Running::start(TIME_CLIENT, &[&[&address, "--protocol", "sntp"], args].concat());
    for stratum in strata {
        let mut request = [0; 48];
        let (_, from) = server.recv_bytes(&mut request);
        let Some(stratum) = stratum else { continue };
        let now = SystemTime::now();
        let mut packet = Packet::decode(&Question::read(&request).unwrap().answer(*stratum, now, now)).unwrap();
        if *stratum == 0 {
            packet.reference_id = *b"RATE";
        }
        server.0.send_to(&packet.encode(), from).unwrap();
    }
    let (status, out, err) = client.ended();
    (status.code(), String::from_utf8(out).unwrap(), err, server)
}

#[test]
fn a_lost_sample_costs_no_other() {
    let args = ["--samples", "4", "--retries", "1", "--timeout", "500ms"];
    let (code, out, err, _) = answers_in_turn(&[Some(3), None, Some(3), Some(3)], &args);
    assert!(code == Some(0) && out.contains("stratum 3"), "{out}{err}");
    assert!(err.contains("1 of 4 samples failed"), "{err}");
}

#[test]
fn a_kiss_of_death_ends_the_asking_and_keeps_what_there_is() {
    let (code, out, err, server) = answers_in_turn(&[Some(3), Some(3), Some(0)], &["--samples", "9"]);
    assert!(code == Some(0) && out.contains("stratum 3"), "{out}{err}");
    assert!(err.contains("kiss of death, RATE") && err.contains("1 of 3 samples failed"), "{err}");
    assert!(server.hears_nothing());
}
