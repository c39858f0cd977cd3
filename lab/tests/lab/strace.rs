//! `socket-lab diagram` of what `strace` has written about programs of other languages, and about ours.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::common::exec::Place;
use crate::common::{
    CLIENT, LAB, Running, SERVER, TIME_CLIENT, TIME_SERVER, UDP_CLIENT, UDP_SERVER, eventually, have, run,
};

/// How strace is asked: with whatever of its options.
const MANNERS: [&[&str]; 4] =
    [&["-f"], &["-f", "-tt"], &["-f", "-ttt", "-T", "-yy", "-xx", "-s", "1024"], &["-f", "-r", "-x", "-y"]];

/// The arrows of a picture, without the space between its lanes.
fn arrows(text: &str) -> Vec<String> {
    let is_arrow = |line: &&str| line.contains(['▶', '◀']);
    let squeezed = |line: &str| line.chars().filter(|c| !"│├┤─╌ ".contains(*c)).collect::<String>();
    text.lines().filter(is_arrow).map(squeezed).collect()
}

fn diagram(files: &[String]) -> String {
    let mut command = Command::new(LAB);
    // With box drawing, whatever the console.
    command.arg("diagram").args(files).env("LC_ALL", "C.UTF-8");
    let (status, out, err) = Running::spawn(command).ended();
    let out = String::from_utf8(out).unwrap();
    assert!(status.success() && err.is_empty(), "{out}{err}");
    out
}

fn fixture(name: &str) -> String {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/lab/strace").join(name).display().to_string()
}

/// Recorded: an echo of one line. Java's addresses are ::ffff:127.0.0.1, Node waits in epoll.
#[test]
fn java_and_node_are_drawn_with_both_ends_and_without_their_probes() {
    const SYN: [&str; 3] = ["◀SYN[SYN_SENT]", "SYN,ACK[SYN_RCVD]▶", "◀ACK[ESTABLISHED]"];
    for (name, words) in [
        ("java.txt", ["◀\"hello\\n\"write(6)=6", "#3write\"javaheardhello\\n\"▶read(8192)=17"]),
        ("node.20677", ["◀\"hi\"write(2)=2", "#3write\"nodesayshi\"▶"]),
    ] {
        let text = diagram(&[fixture(name)]);
        let arrows = arrows(&text);
        assert_eq!(arrows[..3], SYN, "{text}");
        assert_eq!(arrows[3..5], words, "{text}");
        assert_eq!(arrows.iter().filter(|arrow| arrow.contains("FIN")).count(), 2, "{text}");
        assert_eq!(text.matches("socket(").count(), 2, "{text}");
    }
}

/// A Python program as each manner of strace shows it.
fn python(script: &str, manner: &[&str]) -> String {
    let place = Place::new();
    let file = place.file("trace");
    let python =
        Command::new("strace").args(manner).args(["-o", &file, "python3", "-c", script]).stdout(Stdio::null()).status();
    assert!(python.unwrap().success(), "{script}");
    diagram(&[file])
}

const BOTH_ENDS: &str = "
import socket, threading
server = socket.create_server(('127.0.0.1', 0))
def serve():
    peer, _ = server.accept()
    peer.sendall(b'you said ' + peer.recv(100))
    peer.close()
thread = threading.Thread(target=serve)
thread.start()
client = socket.create_connection(server.getsockname())
client.sendall(b'hello')
while client.recv(100): pass
thread.join()
client.close()
server.close()
";

const ASYNCIO: &str = "
import asyncio
async def main():
    async def serve(reader, writer):
        writer.write(b'you said ' + await reader.read(100))
        await writer.drain()
        writer.close()
    server = await asyncio.start_server(serve, '127.0.0.1', 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    writer.write(b'hello')
    await reader.read()
    writer.close()
    server.close()
asyncio.run(main())
";

#[test]
fn python_is_drawn_the_same_whatever_strace_was_asked_to_write() {
    if !have("strace") || !have("python3") {
        return;
    }
    for script in [BOTH_ENDS, ASYNCIO] {
        for manner in MANNERS {
            let text = python(script, manner);
            let arrows = arrows(&text);
            let told = |words: &str| arrows.iter().any(|arrow| arrow.contains(words));
            assert!(
                arrows[..3].iter().zip(["SYN[", "SYN,ACK[", "ACK"]).all(|(arrow, sent)| arrow.contains(sent)),
                "{manner:?}{text}"
            );
            assert!(told("\"hello\"") && told("\"yousaidhello\""), "{manner:?}\n{text}");
            assert_eq!(arrows.iter().filter(|arrow| arrow.contains("FIN")).count(), 2, "{manner:?}\n{text}");
            assert!(!text.contains("AF_INET6, SOCK_DGRAM"), "{manner:?}\n{text}");
        }
    }
}

const DATAGRAMS: &str = "
import socket
server, client = [socket.socket(type=socket.SOCK_DGRAM) for _ in range(2)]
server.bind(('127.0.0.1', 0))
client.sendto(b'ask', server.getsockname())
words, asker = server.recvfrom(100)
server.sendto(b'answer', asker)
client.recv(100)
";

#[test]
fn a_datagram_and_its_answer_are_drawn() {
    if !have("strace") || !have("python3") {
        return;
    }
    for manner in MANNERS {
        let arrows = arrows(&python(DATAGRAMS, manner));
        assert!(
            matches!(&arrows[..], [ask, answer] if ask.contains("\"ask\"") && answer.contains("\"answer\"")),
            "{arrows:?}"
        );
    }
}

/// Both ends of a conversation of ours, traced by us and by strace at the same time.
fn ours(
    server: crate::common::Program,
    client: crate::common::Program,
    args: [&[&str]; 2],
    input: &str,
) -> [String; 2] {
    let place = Place::new();
    let file = |name: &str| place.file(name);
    let strace = |program: crate::common::Program, name: &str| {
        let mut command = Command::new("strace");
        // The program is the child here, and strace the child of that.
        command.args(["-D", "-f", "-ttt", "-yy", "-s", "1024", "-o", &file(&format!("{name}.strace"))]);
        command.arg(program.path()).args(["--lang", "en", "--trace-file", &file(name)]);
        command
    };
    let mut serving = strace(server, "server");
    serving.arg("127.0.0.1:0").args(args[0]);
    let mut serving = Running::spawn(serving);
    let said = serving.notes("listening on 127.0.0.1:");
    let port = said.split("listening on 127.0.0.1:").nth(1).unwrap();
    let port: String = port.chars().take_while(char::is_ascii_digit).collect();
    let mut asking = strace(client, "client");
    asking.arg(format!("127.0.0.1:{port}")).args(args[1]);
    let mut asking = Running::spawn(asking);
    if !input.is_empty() {
        asking.types(input);
        serving.says(input);
        serving.types("an answer");
        asking.says("an answer");
        asking.types("q");
    }
    asking.ended();
    serving.signal("INT");
    serving.ended();
    for name in ["server.strace", "client.strace"] {
        eventually(true, || std::fs::read_to_string(file(name)).unwrap().contains("+++ exited"));
    }
    [diagram(&[file("server"), file("client")]), diagram(&[file("server.strace"), file("client.strace")])]
}

#[test]
fn our_programs_are_drawn_as_by_their_own_traces() {
    if !have("strace") {
        return;
    }
    let pairs = [
        (SERVER, CLIENT, [&["--classic"][..], &["--classic"]], "hello"),
        (UDP_SERVER, UDP_CLIENT, [&["--classic"][..], &["--classic"]], "hello"),
        (TIME_SERVER, TIME_CLIENT, [&[][..], &[]], ""),
    ];
    for (server, client, args, input) in pairs {
        let [own, strace] = ours(server, client, args, input);
        let data = |text: &str| arrows(text).into_iter().filter(|arrow| arrow.contains('"')).collect::<Vec<_>>();
        let told = |text: &str| {
            data(text).iter().map(|arrow| arrow.split('"').nth(1).unwrap_or_default().to_string()).collect::<Vec<_>>()
        };
        assert!(!told(&own).is_empty(), "{own}");
        assert_eq!(told(&own), told(&strace), "{server}\n{own}\n{strace}");
    }
}

#[test]
fn a_file_that_is_cut_or_has_a_mark_at_its_beginning_is_drawn_with_a_word() {
    let place = Place::new();
    let whole = std::fs::read_to_string(fixture("java.txt")).unwrap();
    let file = place.file("cut");
    std::fs::write(&file, format!("\u{feff}it works\n{}", &whole[..whole.len() - 20])).unwrap();
    let text = diagram(std::slice::from_ref(&file));
    assert!(arrows(&text).len() > 5, "{text}");
    let words: Vec<_> = text.split_whitespace().collect();
    assert!(words.join(" ").contains("2 lines are none of a trace, or cut; they are left out"), "{text}");
    std::fs::write(&file, "it works\nnot\n").unwrap();
    let (code, _, err) = run(LAB, &["diagram", &file], "");
    assert!(
        code == Some(1) && err.contains("line 1: this is no line of a trace, as --trace-file or strace writes it"),
        "{err}"
    );
}

#[test]
fn ports_programs_and_times_choose_what_is_drawn() {
    let place = Place::new();
    let (java, node) = (fixture("java.txt"), fixture("node.20677"));
    let drawn = |args: &[&str]| {
        let (code, out, err) = run(LAB, &[&["diagram", &java, &node], args].concat(), "");
        (code, out, err)
    };
    for (args, java, node) in [
        (&["--only", "18085"][..], true, false),
        (&["--only", "18084"], false, true),
        (&["--only", "NODE"], false, true),
        (&["--only", "node,java"], true, true),
        (&[], true, true),
    ] {
        let (code, out, err) = drawn(args);
        let lanes = out.lines().next().unwrap();
        assert_eq!(
            (code, lanes.contains("java"), lanes.contains("node")),
            (Some(0), java, node),
            "{args:?}\n{out}{err}"
        );
    }
    let (code, _, err) = drawn(&["--only", "perl"]);
    assert!(
        code == Some(1) && err.contains("the programs are: java J.java, client, java J.java, server, node node.js"),
        "{err}"
    );
    // As many as the columns have room for.
    let file = place.file("forty");
    let line = |n: u32| format!("{n} socket(AF_INET, SOCK_STREAM, 0) = 3\n{n} listen(3, {n}) = 0\n");
    std::fs::write(&file, (1..=40).map(line).collect::<String>() + "7 close(3) = 0\n").unwrap();
    let text = diagram(std::slice::from_ref(&file));
    assert!(text.lines().all(|row| row.chars().count() <= 80) && text.contains("listen(7)"), "{text}");
    assert!(text.contains("36 more programs are left out"), "{text}");
}
