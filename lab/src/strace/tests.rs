//! Lines as strace writes them, of both versions and with all options, whole and broken.

use socket_demos::net::event::Outcome;

use super::*;

/// What a program's lines say, a line for each call.
fn told(text: &str) -> Vec<String> {
    let read = read(&[File { lines: text.lines().collect(), thread: None }]);
    read.events.iter().map(|event| event.told(100)).collect()
}

const SOCKET: &str = "socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3";

#[test]
fn a_line_says_the_same_with_and_without_a_thread_a_clock_and_what_the_call_took() {
    const CALL: &str = "connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr(\"127.0.0.1\")}, 16)";
    for thread in ["", "77 ", "[pid    77] "] {
        for clock in ["", "12:00:01 ", "12:00:01.000002 ", "1700000000.000002 ", "     0.000100 "] {
            for took in ["", " <0.000031>"] {
                let text = format!("{thread}{clock}{SOCKET}{took}\n{thread}{clock}{CALL} = 0{took}");
                let expected = ["#1 socket(AF_INET, SOCK_STREAM) = 0", "#1 connect(127.0.0.1:80) = 0"];
                assert_eq!(told(&text), expected, "{text}");
            }
        }
    }
}

#[test]
fn a_string_is_bytes_however_it_is_written() {
    for written in [r#""h\tj\344\275\240""#, r#""\x68\x09\x6a\xe4\xbd\xa0""#, r#""h\11j\344\275\240""#] {
        let text = format!("{SOCKET}\nsendto(3, {written}, 6, 0, NULL, 0) = 6");
        assert_eq!(told(&text)[1], r#"#1 send(6) = 6 "h\tj你""#, "{written}");
    }
    // What looks like the end of the call stands in the string.
    let text = format!("{SOCKET}\nwrite(3, \"a\\\") = 9 <unfinished ...>\", 24) = 24");
    assert_eq!(told(&text)[1], r#"#1 write(24) = 24 "a") = 9 <unfinished ...>""#);
    let cut = read(&[File { lines: vec![SOCKET, "write(3, \"abc\"..., 5000) = 5000"], thread: None }]);
    let data = cut.events[1].data.clone().unwrap();
    assert_eq!((data.length, data.hex.as_str()), (5000, "616263"), "only what is there");
}

#[test]
fn addresses_of_both_families_stand_in_the_call_or_behind_the_number() {
    let text = "\
socket(AF_INET6, SOCK_DGRAM|SOCK_CLOEXEC, IPPROTO_IP) = 3<UDPv6:[4711]>
bind(3<UDPv6:[4711]>, {sa_family=AF_INET6, sin6_port=htons(80), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, \"::1\", &sin6_addr), sin6_scope_id=0}, 28) = 0
recvfrom(3<UDPv6:[[::1]:80]>, \"q\", 100, 0, {sa_family=AF_INET6, sin6_port=htons(50), inet_pton(AF_INET6, \"::1\", &sin6_addr)}, [28]) = 1
sendmsg(3<UDPv6:[[::1]:80]>, {msg_name={sa_family=AF_INET6, sin6_port=htons(50), inet_pton(AF_INET6, \"::1\", &sin6_addr)}, msg_namelen=28, msg_iov=[{iov_base=\"an\", iov_len=2}, {iov_base=\"swer\", iov_len=4}], msg_iovlen=2, msg_controllen=0, msg_flags=0}, 0) = 6";
    let expected = [
        "#1 socket(AF_INET6, SOCK_DGRAM) = 0",
        "#1 bind([::1]:80) = 0",
        "#1 recvfrom(100, [::1]:50) = 1 \"q\"",
        "#1 sendmsg(6, [::1]:50) = 6 \"answer\"",
    ];
    assert_eq!(told(text), expected);
}

/// Somebody attached to a server that ran already.
#[test]
fn a_socket_that_was_there_before_is_known_by_what_stands_behind_its_number() {
    let text = "\
accept4(3<TCP:[0.0.0.0:80]>, {sa_family=AF_INET, sin_port=htons(50), sin_addr=inet_addr(\"10.0.0.1\")}, [16], SOCK_CLOEXEC) = 4<TCP:[10.0.0.9:80->10.0.0.1:50]>
read(5</tmp/a->b>, \"file\", 4096) = 4
read(4<TCP:[10.0.0.9:80->10.0.0.1:50]>, \"hi\", 4096) = 2";
    let read = read(&[File { lines: text.lines().collect(), thread: None }]);
    let told: Vec<_> = read.events.iter().map(|event| event.told(9)).collect();
    assert_eq!(told, ["#1 accept(10.0.0.1:50) = 2", "#2 read(4096) = 2 \"hi\""]);
    assert!(read.events.iter().all(|event| event.local == "10.0.0.9:80".parse().ok()), "{:?}", read.events);
}

#[test]
fn a_call_in_two_lines_is_one_and_one_that_never_returned_is_none() {
    let text = "\
1 socket(AF_INET, SOCK_STREAM, 0) = 3
1 bind(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr(\"127.0.0.1\")}, 16) = 0
1 listen(3, 5 <unfinished ...>
2 +++ exited with 0 +++
1 <... listen resumed>) = 0
1 accept(3,  <unfinished ...>
1 <... accept resumed> <unfinished ...>) = ?
1 +++ killed by SIGKILL +++";
    let expected =
        ["#1 socket(AF_INET, SOCK_STREAM) = 0", "#1 bind(127.0.0.1:80) = 0", "#1 listen(5) = 0", "#1 exit() = 0"];
    assert_eq!(told(text), expected);
}

#[test]
fn what_goes_on_in_the_background_is_one_call_with_what_became_of_it() {
    let begun = format!(
        "{SOCKET}\nfcntl(3, F_SETFL, O_RDWR|O_NONBLOCK) = 0\nconnect(3, {{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr(\"127.0.0.1\")}}, 16) = -1 EINPROGRESS (Operation now in progress)\npoll([{{fd=3, events=POLLOUT}}], 1, -1) = 1 ([{{fd=3, revents=POLLOUT}}])\n"
    );
    for (end, expected) in [
        ("getsockopt(3, SOL_SOCKET, SO_ERROR, [0], [4]) = 0", "= 0"),
        ("getsockopt(3, SOL_SOCKET, SO_ERROR, [ECONNREFUSED], [4]) = 0", "= -1 ECONNREFUSED"),
        ("sendto(3, \"x\", 1, 0, NULL, 0) = 1", "= 0"),
        ("close(3) = 0", "= -1 EINPROGRESS"),
        ("", "= -1 EINPROGRESS"),
    ] {
        assert_eq!(told(&format!("{begun}{end}"))[1], format!("#1 connect(127.0.0.1:80) {expected}"), "{end}");
    }
}

#[test]
fn looks_are_left_out_but_not_a_timeout() {
    const AGAIN: &str = "recvfrom(3, 0x7ffc, 100, 0, NULL, NULL) = -1 EAGAIN (Resource temporarily unavailable)";
    const ASKS: &str =
        "recvfrom(3, 0x7ffc, 100, MSG_DONTWAIT, NULL, NULL) = -1 EAGAIN (Resource temporarily unavailable)";
    let connected = format!(
        "{SOCKET}\nconnect(3, {{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr(\"127.0.0.1\")}}, 16) = 0\n"
    );
    assert_eq!(told(&format!("{connected}{AGAIN}"))[2], "#1 recv(100) = -1 EAGAIN");
    for look in [
        ASKS.to_string(),
        format!("ioctl(3, FIONBIO, [1]) = 0\n{AGAIN}"),
        format!("fcntl(3, F_SETFL, O_NONBLOCK) = 0\n{AGAIN}"),
    ] {
        assert_eq!(told(&format!("{connected}{look}")).len(), 2, "{look}");
    }
}

#[test]
fn sockets_that_only_tried_something_out_are_left_out() {
    const V6: &str = "{sa_family=AF_INET6, sin6_port=htons(0), inet_pton(AF_INET6, \"::1\", &sin6_addr)}, 28";
    for probe in [
        "setsockopt(3, SOL_IPV6, IPV6_V6ONLY, [1], 4) = 0".to_string(),
        format!("bind(3, {V6}) = 0"),
        "getsockopt(3, SOL_TCP, TCP_KEEPIDLE, [7200], [4]) = 0".into(),
    ] {
        assert!(told(&format!("{SOCKET}\n{probe}\nclose(3) = 0")).is_empty(), "{probe}");
    }
    // Whether an address can be reached is asked with a datagram socket that sends nothing.
    let lookup = format!("socket(AF_INET6, SOCK_DGRAM, 0) = 3\nconnect(3, {V6}) = 0\nclose(3) = 0");
    assert!(told(&lookup).is_empty());
    let failed = format!("{SOCKET}\nbind(3, {V6}) = -1 EADDRINUSE (Address already in use)");
    assert_eq!(told(&failed).len(), 2, "a failure is worth a picture");
}

/// The child is heard before clone has returned in its parent.
#[test]
fn a_child_has_its_parents_sockets_and_a_thread_is_its_process() {
    let begin = "\
10 execve(\"/usr/bin/python3.11\", [\"python3\", \"-u\", \"/home/me/server.py\"], 0x7ffc /* 9 vars */) = 0
10 socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, 0) = 3
10 bind(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr(\"127.0.0.1\")}, 16) = 0
10 listen(3, 5) = 0";
    for (flags, program, pid) in
        [("CLONE_VM|CLONE_THREAD", "python3.11 server.py", 10), ("SIGCHLD", "python3.11 server.py", 11)]
    {
        let text = format!(
            "{begin}\n10 clone(child_stack=NULL, flags={flags} <unfinished ...>\n11 listen(3, 6) = 0\n10 <... clone resumed>) = 11"
        );
        let read = read(&[File { lines: text.lines().collect(), thread: None }]);
        let last = read.events.last().unwrap();
        assert_eq!((last.program.as_str(), last.pid, last.argument.as_str()), (program, pid, "6"), "{flags}");
    }
    let exec = format!(
        "{begin}\n10 execve(\"/bin/cat\", [\"cat\", \"10.0.0.1\"], 0x7ffc /* 9 vars */) = 0\n10 listen(3, 7) = 0"
    );
    let read = read(&[File { lines: exec.lines().collect(), thread: None }]);
    assert!(read.events.iter().all(|event| event.argument != "7" || event.socket == 2), "closed at exec");
}

/// `-ff`: a file for each thread.
#[test]
fn files_of_several_threads_are_put_in_the_order_of_their_clocks() {
    let one = File {
        lines: vec!["1.000001 clone3({flags=CLONE_THREAD}, 88) = 2", "3.000001 listen(3, 5) = 0"],
        thread: Some(1),
    };
    let two = File { lines: vec!["2.000001 socket(AF_INET, SOCK_STREAM, 0) = 3"], thread: Some(2) };
    let read = read(&[two, one]);
    let order: Vec<_> = read.events.iter().map(|event| (event.pid, event.call.to_string())).collect();
    assert_eq!(order, [(1, "socket".into()), (1, "listen".into())]);
}

#[test]
fn a_caller_has_the_address_that_the_server_was_told() {
    const TO: &str = "{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr(\"127.0.0.1\")}, 16";
    let server = format!(
        "1 {SOCKET}\n1 bind(3, {TO}) = 0\n1 listen(3, 5) = 0\n1 accept(3, {{sa_family=AF_INET, sin_port=htons(50), sin_addr=inet_addr(\"127.0.0.1\")}}, [16]) = 4"
    );
    let client = format!("2 {SOCKET}\n2 connect(3, {TO}) = 0");
    let events = |text: &str| read(&[File { lines: text.lines().collect(), thread: None }]).events;
    let mut files = vec![events(&server), events(&client)];
    tell_callers(&mut files);
    assert_eq!(files[1][1].local, "127.0.0.1:50".parse().ok());
}

#[test]
fn strange_lines_are_counted_and_the_rest_is_read() {
    let lines = vec![
        SOCKET,
        "Traceback (most recent call last):",
        "",
        "listen(3, 5",
        "listen(3, 5) = 0",
        "--- SIGCHLD {} ---",
        "sendto(3, \"he",
    ];
    let read = read(&[File { lines, thread: None }]);
    assert_eq!((read.events.len(), read.strange), (2, 3));
    assert_eq!(read.events[1].result, Outcome::Ok(0));
}

/// What one process closes and another still has is not closed.
#[test]
fn a_server_that_forks_closes_its_copy_and_nothing_ends() {
    const PEER: &str = "{sa_family=AF_INET, sin_port=htons(50), sin_addr=inet_addr(\"127.0.0.1\")}";
    let text = format!(
        "1 {SOCKET}\n1 listen(3, 5) = 0\n1 accept(3, {PEER}, [16]) = 4\n1 fork() = 2\n1 close(4) = 0\n2 close(3) = 0\n2 sendto(4, \"x\", 1, 0, NULL, 0) = 1\n2 +++ exited with 0 +++\n1 close(3) = 0"
    );
    let told = told(&text);
    let ends: Vec<_> =
        told.iter().filter(|line| line.contains("close") || line.contains("exit") || line.contains("fork")).collect();
    assert_eq!(
        ends,
        [
            "#2 close(shared) = 0",
            "#1 fork() = 0",
            "#1 close(shared) = 0",
            "#2 fork() = 0",
            "#2 exit() = 0",
            "#1 close() = 0"
        ],
        "{told:?}"
    );
}

/// What waits has the time of its beginning in front of it. It had returned when the next line was written, not before what
/// it got was sent.
#[test]
fn a_call_that_waited_has_not_returned_when_it_began() {
    let text = format!(
        "1700000001.000001 {SOCKET}\n1700000002.000001 listen(3, 5) = 0\n1700000002.000002 accept(3, NULL, NULL) = 4\n1700000005.000001 recvfrom(4, \"x\", 9, 0, NULL, NULL) = 1\n1700000007.000001 close(4) = 0"
    );
    for (text, expected) in
        [(text.clone(), [1, 2, 5, 7, 7]), (text.replace(") = 4", ") = 4 <1.500000>"), [1, 2, 3, 7, 7])]
    {
        let read = read(&[File { lines: text.lines().collect(), thread: None }]);
        let first = read.events[0].time.as_second();
        let times: Vec<_> = read.events.iter().map(|event| event.time.as_second() - first + 1).collect();
        assert_eq!(times, expected, "{text}");
    }
}
