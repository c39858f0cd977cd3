//! The programs on a terminal: a pseudo-terminal for them, an emulator (vt100) for the eye.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use crate::common::exec::{Exec, Place, TCP, UDP};
use crate::common::terminal::{Eye, Size, Terminal};
use crate::common::textbook::{Datagram, Textbook};
use crate::common::{
    self, CLIENT, QQ_CLIENT, QQ_SERVER, Running, SERVER, Server, TIME_SERVER, UDP_CLIENT, UDP_SERVER, eventually,
    send_signal,
};

#[test]
fn a_message_that_arrives_leaves_the_half_typed_line_alone() {
    let server = Server::start(&[]);
    let mut bob = server.join("bob");
    let ming = Terminal::start(CLIENT, &[&server.address(), "--name", "小明"]);
    bob.hears_until("* 小明 joined\n");
    ming.sees_last(">");
    ming.types("你好，half ty");
    ming.sees_last("> 你好，half ty");
    bob.sends("a message in between\n");
    let text = ming.sees(|text| text.contains("[bob] a message in between"));
    assert!(!text.contains("ty[bob]"), "{text}");
    ming.sees_last("> 你好，half ty");
    ming.types("ped 完\r");
    assert_eq!(bob.line(), "[小明] 你好，half typed 完\n");
}

/// A sentence goes on in indented rows that begin with a word, and what is to be typed next works where Cargo has started
/// the program.
#[test]
fn a_sentence_is_cut_between_words_and_says_what_to_type_here() {
    let nobody = common::textbook::listen().1;
    let command = pty_process::blocking::Command::new(CLIENT).args([nobody.to_string()]);
    let command = command.env("SOCKET_DEMOS_LANG", "en").env("NO_COLOR", "1").env("CARGO", "cargo");
    let mut terminal = Terminal::spawn(command, Size { rows: 24, columns: 50, shown: 100 }, Eye::Open);
    assert_eq!(terminal.ended().code(), Some(1));
    let text = terminal.sees(|text| text.trim_end().ends_with("ECONNREFUSED)"));
    let rows: Vec<_> = text.trim_end().lines().collect();
    let (first, rest) = rows.split_first().unwrap();
    assert!(rows.iter().all(|row| row.len() <= 50) && rest.iter().all(|row| row.starts_with("    ")), "{text}");
    let sentence = [vec![*first], rest.iter().map(|row| row.trim_start()).collect()].concat();
    let sentence = sentence.into_iter().map(str::trim_end).collect::<Vec<_>>().join(" ");
    let wanted = format!(
        "but no server listens on this port; start one with: cargo run --bin tcp-chat-server -- {nobody} (cargo run"
    );
    assert!(sentence.contains(&wanted), "{text}");
}

#[test]
fn remote_commands_are_typed_at_the_sessions_directory_and_ctrl_c_comes_back_to_it() {
    let exec = Exec::start(TCP, &[]);
    let terminal = Terminal::start(TCP.client, &[&exec.server.address(), "--key-file", &exec.place.file("key")]);
    terminal.sees(|text| text.trim_end().ends_with('>'));
    terminal.types("cd /\r");
    terminal.sees_last("/>");
    terminal.types("printf '你好\\033[31m\\r\\nend\\n'\r");
    let text = terminal.sees(|text| text.contains("\nend\n"));
    assert!(text.contains("你好\\x1b[31m\n"), "escaped, and CRLF is one line end: {text}");
    terminal.sees_last("/>");
    terminal.types("sleep 600; echo $?\r");
    exec.server.running.notes("runs: sleep 600");
    send_signal(terminal.child.id(), "INT");
    terminal.sees(|text| text.contains("ended by signal") && text.trim_end().ends_with("/>"));
    terminal.types("\rexit 7\r");
    terminal.sees(|text| text.contains("exit status 7") && text.trim_end().ends_with("/>"));
    let mut terminal = terminal;
    terminal.types("q\r");
    assert!(terminal.left_as_it_was().success());
}

/// A password is asked for on /dev/tty, and a pager reads there. A command has none: it fails at once, and nothing of it
/// reaches the terminal of the server.
#[test]
fn a_command_has_no_terminal_and_the_servers_is_left_alone() {
    let place = Place::new();
    let key = place.file("key");
    let commands = ["head -1 </dev/tty", "echo secret question >/dev/tty", "ps -o tty= -p $$"];
    for (pair, args) in [(TCP, &["--key-file", &key][..]), (UDP, &["--key-file", &key]), (TCP, &["--classic"])] {
        let server = Terminal::start(pair.server, &[&["127.0.0.1:0"], args].concat());
        let text = server.sees(|text| text.contains("as root") || text.contains("type this first"));
        let address = address_of(&server).to_string();
        let said = if let Some((_, rest)) = text.split_once("type this first: ") {
            let code = rest.split_whitespace().next().unwrap();
            let mut client = Textbook::calls(address.parse().unwrap());
            let answered = [&[code][..], &commands].concat().into_iter().map(|line| {
                client.send(line);
                client.recv_text()
            });
            answered.collect::<String>()
        } else {
            let run = |command: &&str| {
                let args = [&[address.as_str(), "-c", command], args].concat();
                let (status, out, err) = common::run(pair.client, &args, "");
                assert!(status == Some(0) || !err.is_empty(), "{status:?} {err}");
                out + &err
            };
            commands.iter().map(run).collect()
        };
        assert_eq!(said.matches("/dev/tty").count(), 2, "{pair:?}: {said}");
        assert!(said.trim_end().ends_with('?'), "no terminal: {said}");
        assert!(!server.sees(|_| true).contains("secret question\n"));
    }
}

#[test]
fn a_person_is_told_that_a_line_is_not_whole_and_may_paste_them_all() {
    let exec = Exec::start(UDP, &[]);
    let terminal = Terminal::start(UDP.client, &[&exec.server.address(), "--key-file", &exec.place.file("key")]);
    terminal.sees(|text| text.trim_end().ends_with('>'));
    terminal.types("cat <<END\r");
    terminal.sees(|text| text.contains("not run: this goes on in another line") && text.trim_end().ends_with('>'));
    terminal.types("\x1b[200~cat <<END\rpasted\rEND\x1b[201~\r");
    terminal.sees(|text| text.contains("\npasted\n127.0.0.1:"));
}

#[test]
fn raw_output_commands_the_terminal() {
    let exec = Exec::start(TCP, &[]);
    let key = exec.place.file("key");
    let args = [&exec.server.address(), "--key-file", &key, "--raw", "-c", "printf 'a\\033[5Cb\\n'"];
    Terminal::start(TCP.client, &args).sees(|text| text.contains("a     b"));
}

#[test]
fn progress_is_shown_while_the_output_goes_into_a_file() {
    let exec = Exec::start(TCP, &[]);
    let (key, out) = (exec.place.file("key"), exec.place.file("out"));
    // The shell puts standard output into a file and leaves standard error on the terminal.
    let line =
        format!("'{}' {} --key-file '{key}' -c 'echo x; sleep 1; echo y' > '{out}'", TCP.client, exec.server.address());
    let mut terminal = Terminal::start("sh", &["-c", &line]);
    terminal.sees(|text| text.contains("2 B"));
    assert!(terminal.ended().success());
    assert_eq!(std::fs::read_to_string(out).unwrap(), "x\ny\n");
    terminal.sees(|text| text.trim().is_empty());
}

#[test]
fn bursts_of_hanzi_arrive_whole_while_messages_come() {
    let server = Server::start(&[]);
    let mut bob = server.join("bob");
    let ming = Terminal::start(CLIENT, &[&server.address(), "--name", "小明"]);
    bob.hears_until("* 小明 joined\n");
    ming.sees_last(">");
    let mut noise = server.join("noise");
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let background = thread::spawn(move || {
        while stopped.recv_timeout(Duration::from_millis(2)).is_err() {
            noise.sends("噪声\n");
        }
    });
    for round in 0..10 {
        let burst = format!("输入法一次提交很多汉字第{round}轮");
        ming.types(&burst);
        ming.types("\r");
        let heard = bob.hears_until(&format!("第{round}轮\n"));
        assert!(heard.ends_with(&format!("[小明] {burst}\n")), "{heard}");
    }
    stop.send(()).unwrap();
    background.join().unwrap();
}

#[test]
fn the_terminal_is_as_it_was_after_every_ending() {
    let server = Server::start(&[]);
    let address = server.address();
    let start = || {
        let terminal = Terminal::start(CLIENT, &[&address]);
        terminal.sees_last(">");
        terminal
    };
    let mut leaving = start();
    leaving.types("q\r");
    assert!(leaving.left_as_it_was().success());

    let mut interrupted = start();
    interrupted.types("half\x03");
    assert_eq!(interrupted.left_as_it_was().code(), Some(130));

    for (signal, code) in [("TERM", 143), ("INT", 130)] {
        let mut ended = start();
        ended.types("half");
        ended.sees_last("> half");
        let asked = Instant::now();
        send_signal(ended.child.id(), signal);
        assert_eq!(ended.left_as_it_was().code(), Some(code));
        assert!(asked.elapsed() < Duration::from_secs(1), "{signal} took {:?}", asked.elapsed());
    }

    let mut left_alone = start();
    left_alone.types("half typed");
    left_alone.sees_last("> half typed");
    drop(server);
    assert!(left_alone.left_as_it_was().success());
    let text = left_alone.sees(|text| text.contains("closed the connection"));
    assert!(text.contains("> half typed"), "{text}");
}

#[test]
fn after_ctrl_c_the_shells_prompt_begins_a_line() {
    let (_listener, address) = common::textbook::listen();
    let silent = Datagram::bind();
    let programs = [
        (format!("'{TIME_SERVER}' 127.0.0.1:0"), "(Ctrl-C ends)", "^C"),
        (format!("'{SERVER}' --classic 127.0.0.1:0"), "127.0.0.1:", "^C"),
        (format!("'{CLIENT}' {address}"), ">", "(q leaves)"),
        (format!("echo one | '{CLIENT}' --classic {address}"), "connected to", "^C"),
        (format!("'{UDP_CLIENT}' --classic {}", silent.address()), "your message:", "your message:"),
    ];
    let run = |program: &str| Terminal::start("bash", &["-c", &format!("set -m; trap : INT; {program}; echo prompt")]);
    let interrupt = |shell: &Terminal, shown: &str| {
        shell.types("\x03");
        let text = shell.sees(|text| text.trim_end().ends_with("prompt") && text.contains(shown));
        assert!(text.contains("\nprompt") && !text.contains('>'), "a prompt of ours is left: {text}");
    };
    for (program, ready, shown) in programs {
        let shell = run(&program);
        shell.sees(|text| text.contains(ready));
        interrupt(&shell, shown);
    }
    let place = Place::new();
    let file = place.file("notices");
    let shell = run(&format!("'{SERVER}' --classic 127.0.0.1:0 2>'{file}'"));
    eventually(true, || std::fs::read_to_string(&file).is_ok_and(|notices| notices.contains("127.0.0.1:")));
    interrupt(&shell, "^C");
}

#[test]
fn what_ctrl_c_stops_says_so_on_a_line_of_its_own() {
    let exec = Exec::start(TCP, &[]);
    let terminal = Terminal::start(TCP.client, &[&exec.server.address(), "--key-file", &exec.place.file("key")]);
    terminal.sees(|text| text.trim_end().ends_with('>'));
    terminal.types("sleep 600; echo $?\r");
    exec.server.running.notes("runs: sleep 600");
    terminal.types("\x03");
    terminal.sees(|text| text.contains("^C\nended by signal"));
}

/// Whoever has nothing more to say has ended the conversation.
#[test]
fn at_ctrl_d_a_textbooks_client_says_that_it_closes_itself() {
    let (listener, address) = common::textbook::listen();
    let mut client = Terminal::start(CLIENT, &["--classic", &address.to_string()]);
    client.sees_last("your message:");
    let server = Textbook::answers(&listener);
    client.types("\x04");
    client.sees(|text| text.contains("this client closes the connection"));
    drop(server);
    assert!(client.left_as_it_was().success());
    assert!(!client.sees(|_| true).contains("the server has closed"));
}

#[test]
fn blanks_that_were_refused_are_not_sent_in_front_of_what_is_typed_next() {
    let server = Server::start(&[]);
    let mut bob = server.join("bob");
    let client = Terminal::start(CLIENT, &[&server.address()]);
    client.sees_last(">");
    client.types("  \r");
    client.sees(|text| text.contains("nothing was typed, so nothing was sent"));
    client.sees_last(">");
    client.types("words\r");
    assert!(bob.hears_until("words").ends_with("] words\n"));
}

#[test]
fn last_words_before_the_end_are_shown() {
    for _ in 0..20 {
        let (listener, address) = common::textbook::listen();
        let mut client = Terminal::start(CLIENT, &[&address.to_string()]);
        let mut server = common::Peer::of(listener.accept().unwrap().0);
        client.sees_last(">");
        server.sends("one\ntwo\nlast words\n");
        drop(server);
        assert!(client.left_as_it_was().success());
        client.sees(|text| text.contains("one\ntwo\nlast words\nthe server has closed"));
    }
}

#[test]
fn a_redirected_output_holds_messages_and_no_escapes() {
    let server = Server::start(&[]);
    let mut bob = server.join("bob");
    let file = tempfile();
    let shell = format!("exec {CLIENT} {} --name typist > {}", server.address, file.display());
    let mut client = Terminal::start("sh", &["-c", &shell]);
    bob.hears_until("* typist joined\n");
    client.sees(|text| text.contains("> "));
    client.types("typed without an editor\r");
    assert_eq!(bob.line(), "[typist] typed without an editor\n");
    bob.sends("for the file \x1b[31m\n");
    let heard = || std::fs::read_to_string(&file).unwrap();
    eventually("* welcome, typist\n[bob] for the file \\x1b[31m\n".to_string(), heard);
    client.types("q\r");
    assert!(client.left_as_it_was().success());
    std::fs::remove_file(&file).unwrap();
}

#[test]
fn a_peers_escapes_never_reach_the_terminal() {
    let (listener, address) = common::textbook::listen();
    let client = Terminal::start(CLIENT, &[&address.to_string()]);
    let mut server = common::Peer::of(listener.accept().unwrap().0);
    client.sees_last(">");
    server.sends("evil \x1b]0;title\x07\x1b[2J\u{9b}31m\u{202e}txt\u{e0041}\r\n你好 end\n");
    let text = client.sees(|text| text.contains("你好 end"));
    assert!(text.contains(r"evil \x1b]0;title\x07\x1b[2J\u{9b}31m\u{202e}txt\u{e0041}"), "{text}");
    let bytes = client.seen.screen.lock().unwrap().1.clone();
    assert!(!bytes.windows(3).any(|bytes| bytes == b"\x1b]0"));
}

#[test]
fn a_message_of_several_lines_cannot_pass_for_another_senders() {
    let (listener, address) = common::textbook::listen();
    let client = Terminal::start(CLIENT, &["--classic", &address.to_string()]);
    let mut server = common::textbook::Textbook::answers(&listener);
    client.sees(|text| text.contains("your message:"));
    client.types("hi\r");
    server.recv();
    server.send("first\n[bob] second");
    client.sees(|text| text.contains("first\n    [bob] second"));
}

#[test]
fn a_stopped_terminal_at_the_server_stalls_nobody_and_can_be_ended() {
    let mut server = Terminal::watched(SERVER, &["127.0.0.1:0"], Eye::Shut);
    // The ready line goes to nobody's eye, so the port comes from the system's table.
    let port = listening_port_of(server.child.id());
    let address = format!("127.0.0.1:{port}").parse().unwrap();
    let mut bob = common::Peer::connect(address);
    let mut eve = common::Peer::connect(address);
    eve.sends("/name eve\n");
    eve.hears_until("welcome");
    bob.sends("/name bob\n");
    bob.hears_until("welcome");
    eve.hears_until("bob joined");
    let line = "x".repeat(8000);
    for _ in 0..1000 {
        bob.sends(&format!("{line}\n"));
        assert_eq!(eve.line().len(), "[bob] ".len() + 8001);
    }
    let asked = Instant::now();
    send_signal(server.child.id(), "INT");
    assert_eq!(server.ended().code(), Some(130));
    assert!(asked.elapsed() < Duration::from_secs(1), "it took {:?}", asked.elapsed());
}

#[test]
fn a_short_answer_that_was_refused_leaves_an_empty_line() {
    let mut qq = Terminal::start(common::QQ_CLIENT, &[]);
    let prompt = "talk to (name or number, /list, /add NAME ADDRESS, q):";
    qq.sees_last(prompt);
    qq.types("王维\r");
    qq.sees(|text| text.contains("nobody in the book") && text.trim_end().ends_with(prompt));
    qq.types("李白\r");
    qq.sees_last("李白>");
    qq.types("/nothing\r");
    qq.sees(|text| text.contains("the commands are") && text.trim_end().ends_with("李白>"));
    qq.types(" Q \r");
    qq.sees_last(prompt);
    qq.types("ｑ\r");
    assert!(qq.left_as_it_was().success());
}

#[test]
fn a_long_line_that_was_refused_comes_back_and_it_is_said_once_how_to_clear_it() {
    let server = Server::start(&["--encoding", "gbk"]);
    let client = Terminal::start(CLIENT, &[&server.address(), "--encoding", "gbk"]);
    client.sees_last(">");
    let line = "a long line with a snowman in it: ☃";
    client.types(&format!("{line}\r"));
    client.sees_last(&format!("> {line}"));
    client.types("\r");
    let comes_back = |text: &str| text.trim_end().ends_with(&format!("\n> {line}")) && text.matches('☃').count() == 5;
    let text = client.sees(comes_back);
    assert_eq!(text.matches("(mend it, or Ctrl-U clears it)").count(), 1, "{text}");
}

/// Lesson 1 asks for it: what is typed before the other side has spoken is sent when it is one's turn, and what the other
/// side has said stands above it.
#[test]
fn a_line_typed_too_early_is_sent_after_the_message_is_shown() {
    for round in 0..25 {
        for way in ["--once", "--classic"] {
            let server = Terminal::start(SERVER, &["127.0.0.1:0", way]);
            let address = address_of(&server);
            server.types("typed too early\r");
            let mut client = Textbook::calls(address);
            client.send(format!("message {round}"));
            assert_eq!(client.recv_text(), "typed too early");
            in_order(&server, &format!("message {round}"));
        }
        for program in [UDP_SERVER, QQ_SERVER] {
            let server = Terminal::start(program, &["127.0.0.1:0", "--classic"]);
            let address = address_of(&server);
            server.types("typed too early\r");
            let client = Datagram::unbound();
            client.send(format!("message {round}"), address);
            assert_eq!(client.recv().0, "typed too early");
            in_order(&server, &format!("message {round}"));
        }
    }
}

/// The address that the ready line of a server ends with.
fn address_of(server: &Terminal) -> SocketAddr {
    server.prints("\r\n");
    let text = server.sees(|text| text.contains("127.0.0.1:"));
    text.split_whitespace().rev().find_map(|word| word.parse().ok()).unwrap_or_else(|| panic!("{text}"))
}

/// The message stands above the prompt, and behind that the line.
fn in_order(server: &Terminal, message: &str) {
    let answered = |text: &str| text.contains("your answer: typed too early");
    let text = server.sees(answered);
    let (shown, asked) = (text.find(message), text.find("your answer: typed too early"));
    assert!(shown.is_some_and(|shown| Some(shown) < asked), "{text}");
}

#[test]
fn a_server_on_a_terminal_says_how_to_end_it() {
    let mut server = Terminal::start(SERVER, &["0"]);
    server.sees(|text| text.contains("(/help lists the commands, q ends)\n"));
    server.types("q\r");
    assert!(server.left_as_it_was().success());
    for program in [UDP_SERVER, QQ_SERVER] {
        Terminal::start(program, &["0", "--classic"])
            .sees(|text| text.contains("(q at the prompt ends, Ctrl-C at any time)"));
    }
    let udp = Terminal::start(UDP_SERVER, &["0"]);
    udp.sees_last(">");
    udp.types("/help\r");
    udp.sees(|text| text.contains("the commands are /who") && text.trim_end().ends_with("\n>"));
}

fn listening_port_of(pid: u32) -> u16 {
    let mut port = None;
    eventually(true, || {
        let all = listeners::get_all().unwrap();
        port = all.iter().find(|listener| listener.process.pid == pid).map(|listener| listener.socket.port());
        port.is_some()
    });
    port.unwrap()
}

fn tempfile() -> std::path::PathBuf {
    std::env::temp_dir().join(format!("socket-demos-test-{}", std::process::id()))
}

#[test]
fn tab_completes_a_name_of_the_contact_book_and_nothing_that_is_said() {
    let qq = Terminal::start(QQ_CLIENT, &[]);
    qq.sees(|text| text.trim_end().ends_with("q):"));
    qq.types("/add 李清照 127.0.0.1:9\r");
    qq.sees(|text| text.trim_end().ends_with("q):"));
    qq.types("李清\t");
    qq.sees(|text| text.trim_end().ends_with("李清照"));
    qq.types("\r");
    qq.sees_last("李清照>");
    qq.types("李\t白");
    qq.sees_last("李清照> 李白");
}

/// What might fill the rest of a row.
const FILLINGS: [&str; 8] = [" ", "\t", "x", "\u{3000}", "±", "e\u{301}", "\u{200b} ", "\u{ff9e}a "];

/// Whether a row of the screen begins with `label`.
fn a_row_begins_with(screen: &vt100::Screen, label: &str) -> Option<String> {
    screen.rows(0, screen.size().1.into()).find(|row| row.starts_with(label))
}

#[test]
fn no_row_of_a_screen_begins_with_a_label_that_somebody_else_has_written() {
    // The last is told to be narrower than the name.
    for columns in [80, 41, 12, 6] {
        let server = Server::start(&[]);
        let mut mallory = server.join("mallory");
        let mut command = pty_process::blocking::Command::new(CLIENT);
        command = command.args([&server.address()]).env("SOCKET_DEMOS_LANG", "en");
        let size = Size { rows: 6000, columns, shown: columns };
        let client = Terminal::spawn(command, size, Eye::Open);
        client.types("here\r");
        mallory.hears_until("here\n");
        for filling in FILLINGS {
            for length in 0..=columns.into() {
                mallory.sends(&format!("{}[a] x\n", filling.repeat(length)));
            }
        }
        mallory.sends("end\n");
        client.prints("end\r\n");
        let screen = client.seen.screen.lock().unwrap();
        assert_eq!(a_row_begins_with(screen.0.screen(), "[a]"), None, "{columns} columns");
        assert!(a_row_begins_with(screen.0.screen(), "    ").is_some() || columns < 8);
    }
}

#[test]
fn no_row_begins_with_an_address_that_somebody_else_has_written() {
    for (program, columns) in [(UDP_SERVER, 80), (QQ_SERVER, 40)] {
        let mut command = pty_process::blocking::Command::new(program);
        command = command.args(["127.0.0.1:0", "--color", "never"]).env("SOCKET_DEMOS_LANG", "en");
        let size = Size { rows: 500, columns, shown: columns };
        let server = Terminal::spawn(command, size, Eye::Open);
        let text = server.sees(|text| text.contains("listening on") && text.trim_end().ends_with('>'));
        let at = text.split("127.0.0.1:").nth(1).unwrap().split(|c: char| !c.is_ascii_digit()).next().unwrap();
        let mallory = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        for length in 0..=columns {
            let words = format!("{}1.2.3.4:5: hi", " ".repeat(length.into()));
            mallory.send_to(words.as_bytes(), format!("127.0.0.1:{at}")).unwrap();
        }
        mallory.send_to(b"end", format!("127.0.0.1:{at}")).unwrap();
        server.prints(": end\r\n");
        let screen = server.seen.screen.lock().unwrap();
        assert_eq!(a_row_begins_with(screen.0.screen(), "1.2.3.4"), None, "{columns} columns");
    }
}

#[test]
fn a_terminal_that_became_narrower_is_believed_and_a_pipe_has_no_rows() {
    let server = Server::start(&[]);
    let mut mallory = server.join("mallory");
    let client = Terminal::start(CLIENT, &[&server.address()]);
    client.types("here\r");
    mallory.hears_until("here\n");
    let piped = Running::start(CLIENT, &[&server.address(), "--name", "piped"]);
    mallory.hears_until("piped joined\n");
    client.resize(30);
    let words = format!("{}[a] x", " ".repeat(20));
    mallory.sends(&format!("{words}\n"));
    client.prints(&format!("[mallory] {}\n", " ".repeat(20)).replace('\n', "\r\n    [a] x\r\n"));
    piped.says(&format!("[mallory] {words}\n"));
}
