//! `socket-lab diagram`: the traces of real programs as one picture.

use std::path::PathBuf;
use std::process::Command;

use crate::common::{CLIENT, LAB, Program, Running, Server, UDP_CLIENT, UDP_SERVER, run};
use socket_demos::net::event::Event;

/// A folder for the traces of one test.
struct Traces(PathBuf);

impl Traces {
    fn of(test: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("socket-demos-{test}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn file(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }

    /// The same trace from a machine whose clock is a minute ahead.
    fn minute_ahead(&self, name: &str) -> String {
        let text = std::fs::read_to_string(self.file(name)).unwrap();
        let ahead = text.lines().map(|line| {
            let mut event: Event = serde_json::from_str(line).unwrap();
            event.time += std::time::Duration::from_secs(60);
            serde_json::to_string(&event).unwrap() + "\n"
        });
        let file = self.file(&format!("ahead-{name}"));
        std::fs::write(&file, ahead.collect::<String>()).unwrap();
        file
    }

    /// The times of a trace's calls, as its program saw them.
    #[cfg(unix)]
    fn times(&self, name: &str) -> Vec<jiff::Timestamp> {
        let text = std::fs::read_to_string(self.file(name)).unwrap();
        text.lines().map(|line| serde_json::from_str::<Event>(line).unwrap().time).collect()
    }

    /// Both programs ran at the same time, and yet by their own clocks one was over before the other began.
    #[cfg(unix)]
    fn are_apart(&self, clock_of_client: &str) {
        let (client, server) = (self.times("client"), self.times("server"));
        let (earlier, later) = if clock_of_client == "+60s" { (&server, &client) } else { (&client, &server) };
        assert!(earlier.iter().max() < later.iter().min(), "{clock_of_client}: {client:?} {server:?}");
    }
}

impl Drop for Traces {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The diagram of some traces.
fn diagram(args: &[&str]) -> String {
    let (code, out, err) = run(LAB, &[&["diagram"], args].concat(), "");
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    out
}

fn place(text: &str, part: &str) -> usize {
    assert_eq!(text.matches(part).count(), 1, "{part:?} in {text}");
    text.find(part).unwrap()
}

/// A program on a machine whose clock is so far off.
fn program(program: Program, clock: Option<&str>) -> Command {
    #[cfg(unix)]
    if let Some(offset) = clock {
        return crate::common::at_another_time(program, offset);
    }
    assert_eq!(clock, None, "only here is there another time");
    Command::new(program)
}

/// One message each way over TCP.
fn chat(traces: &Traces, clock: Option<&str>) {
    let mut server = Server::start(&["--once", "--trace-file", &traces.file("server")]);
    let mut client = program(CLIENT, clock);
    client.args(["--once", &server.address(), "--trace-file", &traces.file("client")]);
    let mut client = Running::spawn(client);
    client.types("from the client");
    server.running.says("from the client");
    server.running.types("from the server");
    client.says("from the server");
    client.ended_well();
    server.running.ended_well();
}

/// The diagram of a [`chat`]: every word behind its send, whatever the clocks say.
fn tells_the_chat(traces: &Traces, client: &str) -> String {
    let text = diagram(&[client, &traces.file("server"), "--ascii"]);
    let words =
        ["listen(", "SYN [SYN_SENT]", "SYN, ACK", "+. ACK [ESTABLISHED] .", "from the client", "from the server"];
    let places = words.map(|word| place(&text, word));
    assert!(places.is_sorted(), "{text}");
    // The kernel finishes the handshake alone, so the client may send before the server has accepted.
    let received = [place(&text, "accept("), place(&text, "#2 recv(1024) = 15"), place(&text, "#2 send(15)")];
    assert!(places[0] < received[0] && places[4] < received[1] && received.is_sorted(), "{text}");
    assert!(text.contains(" FIN [FIN_WAIT_1] ") && text.contains("inferred from the calls, not"), "{text}");
    text
}

#[test]
fn a_chat_of_two_processes_is_one_diagram_also_with_clocks_a_minute_apart() {
    let traces = Traces::of("diagram-tcp");
    chat(&traces, None);
    let ahead = traces.minute_ahead("client");
    for client in [&traces.file("client"), &ahead] {
        let text = tells_the_chat(&traces, client);
        assert_eq!(text.contains("the clocks differ by 60.0 s"), *client == ahead, "{text}");
    }
}

/// Six datagrams over a network that loses half of them, always the same.
fn udp_chat(traces: &Traces, clock: Option<&str>) {
    let server = Server::of_program(UDP_SERVER, &["--trace-file", &traces.file("server")]);
    let mut client = program(UDP_CLIENT, clock);
    client.args([&server.address(), "--loss", "50%", "--seed", "3", "--trace-file", &traces.file("client")]);
    let mut client = Running::spawn(client);
    (1..=6).for_each(|number| client.types(&format!("word {number}")));
    server.running.says("word 6");
    client.types("q");
    client.ended_well();
}

/// The diagram of a [`udp_chat`]: all six words, and what became of each.
fn tells_the_losses(traces: &Traces, client: &str) {
    let text = diagram(&[client, &traces.file("server"), "--ascii"]);
    let places: Vec<_> = (1..=6).map(|number| place(&text, &format!("\"word {number}\""))).collect();
    assert!(places.is_sorted(), "{text}");
    let lost = text.lines().filter(|line| line.contains("lost on purpose") && line.contains("---X")).count();
    let arrived = text.matches("recvfrom(65508) = 6").count();
    assert!(lost > 0 && lost + arrived == 6, "{text}");
    assert!(text.contains("arrows with an X: datagrams that were not received"), "{text}");
}

#[test]
fn a_udp_chat_over_a_bad_network_shows_what_was_lost() {
    let traces = Traces::of("diagram-udp");
    udp_chat(&traces, None);
    for client in [traces.file("client"), traces.minute_ahead("client")] {
        tells_the_losses(&traces, &client);
    }
}

/// The traces of two real processes, of which one lives a minute ahead or behind.
#[cfg(unix)]
#[test]
fn two_processes_with_clocks_a_minute_apart_are_one_diagram() {
    if !crate::common::have("faketime") {
        return;
    }
    for clock in ["+60s", "-60s"] {
        let traces = Traces::of(&format!("diagram-tcp{clock}"));
        chat(&traces, Some(clock));
        traces.are_apart(clock);
        let text = tells_the_chat(&traces, &traces.file("client"));
        assert!(text.contains("the clocks differ by "), "{text}");
        let traces = Traces::of(&format!("diagram-udp{clock}"));
        udp_chat(&traces, Some(clock));
        traces.are_apart(clock);
        tells_the_losses(&traces, &traces.file("client"));
    }
}

#[test]
fn the_legend_is_in_chinese_too() {
    let traces = Traces::of("diagram-zh");
    chat(&traces, None);
    let text = diagram(&["--lang", "zh", &traces.file("client"), &traces.file("server")]);
    assert!(text.contains("根据调用推断出的报文段和 TCP 状态，不是抓包所得"), "{text}");
}

#[test]
fn the_picture_is_written_to_a_file_in_both_languages() {
    let traces = Traces::of("diagram-svg");
    chat(&traces, None);
    for (lang, title) in [("en", "lang=\"en\""), ("zh", "-title\">时序图：")] {
        let file = traces.file("chat.svg");
        let out = diagram(&["--lang", lang, &traces.file("client"), &traces.file("server"), "-o", &file]);
        let svg = std::fs::read_to_string(&file).unwrap();
        assert!(
            out.is_empty() && svg.starts_with("<svg ") && svg.ends_with("</svg>\n") && svg.contains(title),
            "{svg}"
        );
        assert_eq!(svg.matches("&quot;from the server&quot;</text>").count(), 1, "{svg}");
    }
    let nowhere = traces.file("no/such/folder.svg");
    let (code, out, err) = run(LAB, &["diagram", &traces.file("client"), "-o", &nowhere], "");
    assert!(code == Some(1) && out.is_empty() && err.lines().count() == 1 && err.contains("cannot write "), "{err}");
}

#[test]
fn what_is_no_trace_is_one_line_with_file_and_number() {
    let traces = Traces::of("diagram-wrong");
    let file = traces.file("wrong");
    std::fs::write(&file, "\n{\"time\":1}\n").unwrap();
    for (args, part) in [(&file, "wrong, line 2: this is no line of a trace"), (&traces.file("none"), "cannot read ")] {
        let (code, out, err) = run(LAB, &["diagram", args], "");
        assert!(code == Some(1) && out.is_empty() && err.lines().count() == 1 && err.contains(part), "{err}");
    }
    let (code, _, err) = run(LAB, &["diagram"], "");
    assert!(code == Some(2) && err.contains("missing: <TRACE>"), "{err}");
    std::fs::write(&file, "").unwrap();
    let (code, _, err) = run(LAB, &["diagram", &file], "");
    assert!(code == Some(1) && err.contains("no call in these traces"), "{err}");
}

#[test]
fn the_lab_draws_what_its_own_sockets_did() {
    let shown = |args: &[&str]| {
        let (code, out, err) = run(LAB, args, "");
        assert_eq!(code, Some(0), "{args:?} {err}");
        out
    };
    let out = shown(&["run", "handshake", "--lang", "en"]);
    let words = [
        "  the calls\n",
        "  as a sequence diagram\n  server ",
        "SYN [SYN_SENT]",
        "SYN, ACK [SYN_RCVD]",
        "  observed\n",
    ];
    let places: Vec<_> =
        words.iter().map(|word| out.find(word).unwrap_or_else(|| panic!("{word} is not in {out}"))).collect();
    assert!(places.is_sorted() && !out.contains("pid "), "both are one process: {out}");
    assert!(shown(&["run", "handshake", "--lang", "zh"]).contains("  时序图\n  服务器 "));
    // A long one is folded, and where nobody talks to anybody there is nothing to draw.
    let flood = shown(&["run", "flood"]);
    assert!(flood.contains(" more rows: ") && flood.lines().count() < 150, "{flood}");
    assert!(!shown(&["run", "pipes"]).contains("sequence diagram") && !shown(&[]).contains("SYN"));
}

#[cfg(unix)]
#[test]
fn a_console_without_utf_8_gets_plain_letters() {
    let traces = Traces::of("diagram-gbk");
    chat(&traces, None);
    let drawn = |locale: &str| {
        let mut command = std::process::Command::new(LAB);
        command.args(["diagram", &traces.file("client"), &traces.file("server")]).env("LC_ALL", locale);
        let (status, out, err) = Running::spawn(command).ended();
        assert!(status.success(), "{err}");
        String::from_utf8(out).unwrap()
    };
    let (plain, boxes) = (drawn("zh_CN.GBK"), drawn("C.UTF-8"));
    assert!(plain.is_ascii() && plain.contains("+. SYN [SYN_SENT] .") && plain.contains(".>|"), "{plain}");
    assert!(boxes.contains("├╌ SYN [SYN_SENT] ╌") && boxes.contains("╌▶│"), "{boxes}");
    assert_eq!(drawn("C"), boxes, "no locale means UTF-8");
}

#[cfg(unix)]
#[test]
fn what_has_no_end_is_no_trace() {
    let (code, _, err) = run(LAB, &["diagram", "/dev/zero"], "");
    assert!(code == Some(1) && err.contains("/dev/zero, line 1: this is no line of a trace"), "{code:?} {err}");
}
