//! `tcp-chat-server` and `tcp-chat-client` with each other and with a textbook's programs.

use std::io::{BufRead as _, Write as _};
use std::net::Shutdown;
use std::time::Duration;
#[cfg(unix)]
use std::time::Instant;

use socket_demos::terminal::input::charset_of_pipes;

use crate::common::textbook::{self, Textbook};
use crate::common::{self, CLIENT, Peer, Running, SERVER, Server, eventually, run, wine};

#[test]
fn once_is_one_message_each_way() {
    let mut server = Server::start(&["--once"]);
    server.running.types("我是服务器");
    let (code, out, err) = run(CLIENT, &["--once", &server.address()], "你好\n");
    assert_eq!((code, out.as_str()), (Some(0), "我是服务器\n"), "{err}");
    assert_eq!(server.running.ended_well(), "你好\n");
}

#[test]
fn once_works_with_a_textbook_peer_in_both_roles() {
    let mut server = Server::start(&["--once"]);
    let mut peer = Textbook::calls(server.address);
    peer.send("hello");
    server.running.says("hello\n");
    server.running.types("answer");
    assert_eq!(peer.recv_text(), "answer");
    assert_eq!(peer.recv_text(), "", "the server ends");
    drop(peer);
    assert_eq!(server.running.ended_well(), "hello\n");

    let (listener, address) = textbook::listen();
    let mut client = Running::start(CLIENT, &["--once", &address.to_string()]);
    client.types("你好");
    let mut peer = Textbook::answers(&listener);
    assert_eq!(peer.recv_text(), "你好", "no newline is sent");
    peer.send("再见\n");
    assert_eq!(client.ended_well(), "再见\n", "a trailing newline is stripped");
}

#[test]
fn classic_serves_textbook_clients_one_after_the_other_in_strict_turn() {
    let mut server = Server::start(&["--classic"]);
    for round in ["first", "second"] {
        let mut peer = Textbook::calls(server.address);
        peer.send(format!("{round} question"));
        server.running.says(&format!("{round} question\n"));
        server.running.types("");
        server.running.types(&format!("{round} answer"));
        assert_eq!(peer.recv_text(), format!("{round} answer"), "the empty line was refused, not sent");
        peer.send("more");
        server.running.types("done");
        assert_eq!(peer.recv_text(), "done");
    }
    server.running.notes("an empty message has no bytes");
    server.running.notes("closed the connection");
}

#[test]
fn classic_talks_to_a_textbook_server() {
    let (listener, address) = textbook::listen();
    let mut client = Running::start(CLIENT, &["--classic", &address.to_string()]);
    client.notes("waiting for the server to accept");
    client.types("one");
    let mut peer = Textbook::answers(&listener);
    assert_eq!(peer.recv_text(), "one");
    client.types("two, typed before the answer came");
    peer.send("answer to one");
    client.says("answer to one\n");
    assert_eq!(peer.recv_text(), "two, typed before the answer came");
    peer.send("answer to two");
    client.types("q");
    assert_eq!(peer.recv_text(), "", "q is never sent");
    drop(peer);
    assert_eq!(client.ended_well(), "answer to one\nanswer to two\n");
}

#[test]
fn a_classic_client_at_the_end_of_its_input_prints_what_still_comes() {
    let (listener, address) = textbook::listen();
    let mut client = Running::start(CLIENT, &["--classic", &address.to_string()]);
    client.types("only");
    client.ends_input();
    let mut peer = Textbook::answers(&listener);
    assert_eq!(peer.recv_text(), "only");
    peer.send("answer");
    client.says("answer");
    assert_eq!(peer.recv_text(), "", "the client has half-closed");
    peer.send("late words");
    drop(peer);
    assert_eq!(client.ended_well(), "answer\nlate words\n");
}

#[test]
fn a_classic_server_with_nothing_left_to_say_hangs_up_and_ends_well() {
    let mut server = Server::start(&["--classic"]);
    server.running.types("only answer");
    server.running.ends_input();
    let mut peer = Textbook::calls(server.address);
    peer.send("one");
    assert_eq!(peer.recv_text(), "only answer");
    peer.send("two");
    assert_eq!(peer.recv_text(), "");
    assert_eq!(server.running.ended_well(), "one\ntwo\n");
}

#[test]
fn a_character_cut_by_recv_arrives_whole() {
    for (encoding, bytes) in [("utf-8", "汉字".as_bytes().to_vec()), ("gbk", b"\xba\xba\xd7\xd6".to_vec())] {
        let mut server = Server::start(&["--classic", "--bufsize", "1", "--encoding", encoding]);
        let mut peer = Textbook::calls(server.address);
        peer.send(&bytes);
        for _ in &bytes {
            server.running.types("x");
            peer.recv();
        }
        eventually("汉字".to_string(), || String::from_utf8(server.running.out()).unwrap().replace('\n', ""));
    }
}

#[test]
fn a_reset_and_an_orderly_end_are_both_told_and_the_next_client_served() {
    let mut server = Server::start(&["--classic"]);
    let peer = Textbook::calls(server.address);
    drop(peer);
    server.running.notes("closed the connection (recv returned 0 bytes)");
    let mut peer = Textbook::calls(server.address);
    peer.send("then a reset");
    server.running.says("then a reset");
    socket2::SockRef::from(&peer.0).set_linger(Some(Duration::ZERO)).unwrap();
    drop(peer);
    server.running.types("too late");
    server.running.types("nobody should get this");
    if !wine() {
        server.running.notes("has gone:");
    }
    let mut peer = Textbook::calls(server.address);
    peer.send("still there?");
    server.running.says("still there?");
}

#[test]
fn a_room_labels_lines_whatever_pieces_they_arrive_in() {
    let server = Server::start(&[]);
    let mut hearer = server.join("hearer");
    let mut speaker = server.join("speaker");
    hearer.hears_until("* speaker joined\n");
    speaker.sends("one line in ");
    speaker.sends("two pieces\n");
    assert_eq!(hearer.line(), "[speaker] one line in two pieces\n");
    speaker.sends("first\r\nsecond\n");
    assert_eq!(hearer.line(), "[speaker] first\n");
    assert_eq!(hearer.line(), "[speaker] second\n");
    speaker.sends("unfinished");
    drop(speaker);
    assert_eq!(hearer.line(), "[speaker] unfinished\n");
    assert_eq!(hearer.line(), "* speaker left\n");
}

#[test]
fn a_textbook_client_in_the_room_gets_the_others_words_and_never_a_notice() {
    let server = Server::start(&[]);
    let mut bob = server.join("bob");
    let mut textbook = Textbook::calls(server.address);
    textbook.send("你好");
    let name = textbook.0.local_addr().unwrap();
    assert_eq!(bob.hears_until("你好"), format!("* {name} joined\n[{name}] 你好\n"));
    bob.sends("hi\n");
    assert_eq!(textbook.recv_text(), "[bob] hi\n");
    let carol = server.join("carol");
    bob.hears_until("* carol joined\n");
    drop(carol);
    bob.hears_until("* carol left\n");
    bob.sends("/name rob\n");
    bob.hears_until("you are now rob\n");
    textbook.send("again");
    assert_eq!(bob.hears_until("again"), format!("[{name}] again\n"));
    bob.sends("last\n");
    assert_eq!(textbook.recv_text(), "[rob] last\n", "no join, leave or rename came in between");
}

#[test]
fn nobody_can_forge_a_label_or_a_notice() {
    let server = Server::start(&[]);
    let mut hearer = server.join("hearer");
    let mut forger = server.connect();
    let name = forger.address();
    forger.sends("* hearer left\n[hearer] lies\rx\n\x1b[2K[hearer]\n\u{2028}[hearer]\n");
    assert_eq!(
        hearer.hears_until("\\u{2028}"),
        format!(
            "* {name} joined\n[{name}] * hearer left\n[{name}] [hearer] lies\\x0dx\n[{name}] \\x1b[2K[hearer]\n[{name}] \\u{{2028}}[hearer]\n"
        )
    );
    for bad in ["hearer", "HEARER", "server", "a b", "a\x1b", "[x]", "127.0.0.1:9", &"长".repeat(17), ""] {
        forger.sends(&format!("/name {bad}\n"));
        let refusal = forger.line();
        assert!(refusal.starts_with("* ") && !refusal.contains("welcome"), "{bad:?}: {refusal}");
    }
    forger.sends("/name honest\n");
    assert_eq!(forger.line(), "* welcome, honest\n");
    assert_eq!(hearer.line(), format!("* {name} is now honest\n"));
}

#[test]
fn commands_are_answered_to_their_sender_alone() {
    let server = Server::start(&["--name", "teacher"]);
    let mut other = server.join("other");
    let mut peer = server.join("peer");
    other.hears_until("* peer joined\n");
    peer.sends("/who\n/nonsense\n/kick other\n");
    assert_eq!(peer.hears_until("peer\n"), "* 3 here:\n*   teacher  other  peer\n");
    assert!(peer.line().contains("unknown command"));
    assert!(peer.line().contains("only the person at the server"));
    peer.sends("//who\n／／全角\n");
    assert_eq!(other.line(), "[peer] /who\n");
    assert_eq!(other.line(), "[peer] ／全角\n");
    peer.sends("/help\n");
    assert!(peer.hears_until("q: leave").contains("/name"));
    peer.sends("   \n\nq\n");
    assert_eq!(other.line(), "* peer left\n", "blank lines were not sent on");
    assert_eq!(peer.rest(), "");
}

#[test]
fn a_silent_connection_hears_words_and_is_not_announced() {
    let server = Server::start(&[]);
    let mut silent = server.connect();
    let mut bob = server.join("bob");
    bob.sends("anybody?\n/who\n");
    assert_eq!(silent.line(), "[bob] anybody?\n");
    assert!(bob.hears_until("said nothing").contains("and 1 who have said nothing yet"));
    drop(silent);
    bob.sends("/who\n");
    eventually(true, || {
        bob.sends("/who\n");
        bob.hears_until("server  bob\n");
        bob.sends("//end\n/who\n");
        !bob.hears_until("server  bob\n").contains("said nothing")
    });
}

/// No brackets within brackets: a label is cut at the first of them.
#[test]
fn an_ipv6_client_without_a_name_has_a_label_that_kick_understands() {
    if std::net::TcpListener::bind("[::1]:0").is_err() {
        return common::not_run("this machine has no IPv6");
    }
    let mut server = Server::of(Running::start(SERVER, &["[::1]:0"]));
    let mut bob = server.join("bob");
    let mut nameless = server.connect();
    let label = format!("::1#{}", nameless.stream().local_addr().unwrap().port());
    nameless.sends("hello\n");
    assert_eq!(bob.hears_until("hello\n"), format!("* {label} joined\n[{label}] hello\n"));
    bob.sends(&format!("/name {label}0\n"));
    assert!(bob.line().contains("is no address"));
    server.running.types(&format!("/kick {label}"));
    assert!(nameless.rest().ends_with("* you were sent out by server\n"));
}

#[test]
fn the_person_at_the_server_speaks_kicks_and_ends() {
    let mut server = Server::start(&["--name", "老师"]);
    let mut bob = server.join("bob");
    let mut eve = server.join("eve");
    bob.hears_until("* eve joined\n");
    server.running.types("大家好");
    assert_eq!(bob.line(), "[老师] 大家好\n");
    assert_eq!(eve.line(), "[老师] 大家好\n");
    server.running.types("/kick eve");
    assert_eq!(eve.rest(), "* you were sent out by 老师\n");
    assert_eq!(bob.line(), "* eve left (sent out)\n");
    server.running.types("/kick nobody");
    server.running.notes("nobody here has that name");
    bob.sends("bye\n");
    server.running.says("[bob] bye\n");
    server.running.types("q");
    assert_eq!(bob.rest(), "* the server is closing\n");
    assert_eq!(server.running.ended_well(), "[bob] bye\n");
}

#[cfg(unix)]
#[test]
fn a_server_that_is_ended_from_outside_says_so() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let mut server = Server::start(&[]);
        let mut bob = server.join("bob");
        let asked = Instant::now();
        server.running.signal(signal);
        assert_eq!(bob.rest(), "* the server is closing\n");
        assert_eq!(server.running.ended().0.code(), Some(code));
        assert!(asked.elapsed() < Duration::from_secs(1), "{signal}: {:?}", asked.elapsed());
    }
}

#[test]
fn what_is_piped_in_waits_until_somebody_is_connected_and_its_end_changes_nothing() {
    let mut server = Server::start(&[]);
    server.running.types("kept for you");
    server.running.ends_input();
    let mut first = server.connect();
    assert_eq!(first.line(), "[server] kept for you\n");
    let mut second = server.join("second");
    second.sends("it goes on\n");
    assert_eq!(first.line(), "[second] it goes on\n");
}

/// PuTTY offers options first, and sends each key as it is pressed.
#[test]
fn keys_of_a_telnet_client_are_no_messages_until_enter() {
    let server = Server::start(&[]);
    let mut bob = server.join("bob");
    let putty = server.connect();
    let mut stream = putty.stream();
    stream.write_all(b"\xff\xfb\x1f\xff\xfb\x20\xff\xfb\x18\xff\xfb\x27\xff\xfd\x01\xff\xfb\x03\xff\xfd\x03").unwrap();
    bob.stream().set_read_timeout(Some(Duration::from_millis(400))).unwrap();
    for key in ["h", "i"] {
        stream.write_all(key.as_bytes()).unwrap();
        assert!(bob.reader.fill_buf().is_err(), "twice the silence that ends a textbook's message");
    }
    bob.stream().set_read_timeout(Some(common::DEADLINE)).unwrap();
    stream.write_all(b"\r\0").unwrap();
    let name = putty.address();
    assert_eq!(bob.hears_until("hi\n"), format!("* {name} joined\n[{name}] hi\n"));
}

#[test]
fn a_letter_that_is_the_byte_255_arrives() {
    for (encoding, letter) in [("windows-1251", "я"), ("iso-8859-15", "ÿ")] {
        let server = Server::start(&["--encoding", encoding]);
        let reader = Running::start(CLIENT, &[&server.address(), "--name", "reader", "--encoding", encoding]);
        reader.says("welcome, reader");
        let peer = server.connect();
        peer.stream().write_all(b"\xff-\xff\r\0").unwrap();
        // With the line end that PuTTY sends for Enter.
        let heard = reader.says(&format!("{letter}\n"));
        assert_eq!(heard.matches(letter).count(), 2, "{encoding}: {heard}");
    }
}

/// Who has ended the connection is told by whoever has not.
#[test]
fn only_who_did_not_end_it_is_told_of_the_end() {
    for ends_first in ["client", "server"] {
        let mut server = Running::start(SERVER, &["127.0.0.1:0"]);
        let ready = server.notes("(the textbook's way");
        let (_, address) = ready.lines().next().unwrap().rsplit_once(' ').unwrap();
        let mut client = Running::start(CLIENT, &[address, "--name", "bob"]);
        client.says("welcome, bob");
        if ends_first == "client" {
            client.ends_input();
        } else {
            server.types("q");
        }
        let (status, _, notices) = client.ended();
        assert!(status.success(), "{notices}");
        assert_eq!(notices.contains("the server has closed the connection"), ends_first == "server", "{notices}");
    }
}

#[test]
fn two_of_our_clients_chat_and_leave() {
    let server = Server::start(&[]);
    let ming = Running::start(CLIENT, &[&server.address(), "--name", "小明"]);
    ming.says("welcome, 小明");
    let mut hong = Running::start(CLIENT, &[&server.address(), "--name", "小红"]);
    ming.says("* 小红 joined");
    hong.types("你好，世界");
    hong.types("");
    hong.types("//q");
    hong.types(" Q ");
    assert_eq!(hong.ended_well(), "* welcome, 小红\n");
    hong.notes("nothing was typed, so nothing was sent");
    let heard = ming.says("* 小红 left\n");
    assert_eq!(heard, "* welcome, 小明\n* 小红 joined\n[小红] 你好，世界\n[小红] q\n* 小红 left\n");
}

#[test]
fn a_piped_client_sends_all_then_half_closes_and_prints_until_the_server_ends() {
    let server = Server::start(&[]);
    let mut hearer = server.join("hearer");
    let (code, _, err) = run(CLIENT, &[&server.address(), "--name", "pipe"], "a\n/who\nb");
    assert_eq!(code, Some(0), "{err}");
    assert_eq!(hearer.hears_until("left"), "* pipe joined\n[pipe] a\n[pipe] b\n* pipe left\n");

    let (listener, address) = textbook::listen();
    let mut client = Running::start(CLIENT, &[&address.to_string()]);
    client.types("one");
    client.types("two");
    client.ends_input();
    let mut peer = Peer::of(listener.accept().unwrap().0);
    assert_eq!(peer.rest(), "one\ntwo\n");
    peer.sends("after the half close\nwithout a newline");
    drop(peer);
    assert_eq!(client.ended_well(), "after the half close\nwithout a newline\n");
}

#[test]
fn our_client_shows_what_a_server_without_newlines_says() {
    let (listener, address) = textbook::listen();
    let mut client = Running::start(CLIENT, &[&address.to_string()]);
    let mut peer = Textbook::answers(&listener);
    client.types("question");
    assert_eq!(peer.recv_text(), "question\n");
    peer.send("answer without a newline");
    client.says("answer without a newline\n");
}

#[test]
fn a_peer_that_ends_or_resets_ends_our_client() {
    for reset in [false, true] {
        let (listener, address) = textbook::listen();
        let mut client = Running::start(CLIENT, &[&address.to_string()]);
        let peer = Textbook::answers(&listener);
        client.notes("connected to");
        if reset {
            socket2::SockRef::from(&peer.0).set_linger(Some(Duration::ZERO)).unwrap();
        }
        drop(peer);
        let (status, _, err) = client.ended();
        if !reset {
            assert!(status.success() && err.contains("recv returned 0 bytes"), "{err}");
        } else if !wine() {
            assert_eq!(status.code(), Some(1), "{err}");
            assert!(err.contains("the connection is lost") && err.contains("ECONNRESET"), "{err}");
        }
    }
}

#[test]
fn a_half_closed_peer_in_the_room_has_left_but_hears_its_answers() {
    let server = Server::start(&[]);
    let mut bob = server.join("bob");
    bob.sends("/who\n");
    bob.stream().shutdown(Shutdown::Write).unwrap();
    assert_eq!(bob.rest(), "* 2 here:\n*   server  bob\n");
    let mut next = server.join("bob");
    next.sends("/who\n");
    assert_eq!(next.hears_until("bob\n"), "* 2 here:\n*   server  bob\n");
}

#[test]
fn a_long_line_is_cut_at_a_character_and_its_sender_told() {
    let server = Server::start(&[]);
    let mut hearer = server.join("hearer");
    let mut sender = server.join("sender");
    hearer.hears_until("* sender joined\n");
    sender.sends(&format!("{}\nnext\n", "汉".repeat(5000)));
    assert!(hearer.line() == format!("[sender] {}\n", "汉".repeat(8192 / 3)));
    assert_eq!(hearer.line(), "[sender] next\n");
    assert!(sender.line().contains("longer than 8192 bytes"));

    let mut client = Running::start(CLIENT, &[&server.address(), "--name", "long"]);
    client.says("welcome");
    hearer.hears_until("* long joined\n");
    client.types(&"字".repeat(5000));
    let pieces: String = (0..3).map(|_| hearer.line().replace("[long] ", "").replace('\n', "")).collect();
    assert!(pieces == "字".repeat(5000), "our client sends a long line in pieces and loses nothing");
}

#[test]
fn a_gbk_room_speaks_gbk() {
    let mut server = Server::start(&["--encoding", "gbk"]);
    let mut client = Running::start(CLIENT, &[&server.address(), "--encoding", "gbk", "--name", "小明"]);
    client.says("welcome, 小明");
    let mut raw = Textbook::calls(server.address);
    raw.send(b"\xc4\xe3\xba\xc3\n");
    client.says("] 你好\n");
    server.running.says("] 你好\n");
    // On a Windows of code page 936 nobody can pipe such a character in.
    let moon_can_be_typed = charset_of_pipes().is_utf8();
    if moon_can_be_typed {
        client.types("月亮🌕");
        client.notes("GBK has no character '🌕'");
        server.running.types("🌕");
        server.running.notes("GBK has no character '🌕'");
    }
    client.types("月亮");
    let mut heard = Vec::new();
    while !heard.ends_with(b"\xd4\xc2\xc1\xc1\n") {
        heard.extend(raw.recv());
    }
}

#[test]
fn the_room_in_chinese() {
    let mut command = std::process::Command::new(SERVER);
    command.args(["127.0.0.1:0", "--lang", "zh"]);
    let server = Server::of(Running::spawn(command));
    server.running.notes("聊天室，正在监听 127.0.0.1:");
    server.running.notes("\n（课本写法请加 --classic）\n");
    let mut bob = server.connect();
    bob.sends("/name 小明\n");
    assert_eq!(bob.line(), "* 欢迎，小明\n");
    server.running.notes("* 小明 加入了\n");
}
