//! Ctrl-Z and `fg`, in the shells that people use them in: the prompt, the half-typed line and the editing come back.

use std::net::SocketAddr;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use crate::common::exec::{Exec, TCP, UDP};
use crate::common::terminal::{Eye, Size, Terminal};
use crate::common::textbook::{Datagram, Textbook, listen};
use crate::common::{self, CLIENT, Program, QQ_CLIENT, SERVER, Server, UDP_CLIENT, UDP_SERVER, have};

const SHELL_PROMPT: &str = "shell%";

/// How often each program is suspended: a few times, or with `FLOOD` fifty.
fn rounds() -> usize {
    if crate::common::matrix::has_time() { 50 } else { 4 }
}

/// A shell with job control. One that edits lines has modes of its own at its prompt, so none does.
fn shell(program: &str, args: &[&str]) -> Terminal {
    let command = pty_process::blocking::Command::new(program).args(args).env("SOCKET_DEMOS_LANG", "en");
    let command = command.env("PS1", format!("{SHELL_PROMPT} ")).env_remove("ENV");
    let shell = Terminal::spawn(command, Size { rows: 50, columns: 80, shown: 80 }, Eye::Open);
    shell.sees_last(SHELL_PROMPT);
    shell
}

fn bash() -> Terminal {
    shell("bash", &["--norc", "--noprofile", "--noediting", "-i"])
}

/// Starts a program in the shell, and waits for its prompt.
fn start(shell: &Terminal, program: Program, args: &[&str], prompt: &str) {
    let args = args.iter().map(|arg| format!(" '{arg}'")).collect::<String>();
    shell.types(&format!("'{program}'{args}\r"));
    shell.sees_last(prompt);
}

/// How a program is stopped.
#[derive(Clone, Copy)]
enum Stop {
    CtrlZ,
    Signal(&'static str),
}

/// Suspends the program in front again and again while a line is half typed; `heard` says that the whole line has come.
fn survives(shell: &Terminal, prompt: &str, stop: Stop, mut heard: impl FnMut(&str)) {
    for round in 0..rounds() {
        let half = format!("echo half {round}");
        shell.types(&half);
        shell.sees_last(&format!("{prompt} {half}"));
        assert!(shell.is_raw());
        match stop {
            Stop::CtrlZ => shell.types("\x1a"),
            Stop::Signal(name) => common::send_signal(shell.in_front(), name),
        }
        shell.sees_last(SHELL_PROMPT);
        assert!(!shell.is_raw() && shell.echoes(), "the modes are the shell's");
        shell.types("fg\r");
        shell.sees_last(&format!("{prompt} {half}"));
        common::eventually(true, || shell.is_raw());
        // Two keys that only an editor knows: the beginning of the line, and its end.
        shell.types(" tpyed\x1b[D\x1b[D\x1b[D\x7f\x1b[Cp\x05 whole\r");
        heard(&format!("half {round} typed whole"));
    }
}

fn address_shown(shell: &Terminal) -> SocketAddr {
    let text = shell.sees(|text| text.contains("listening on 127.0.0.1:"));
    let after = text.rsplit("listening on ").next().unwrap();
    after.split_whitespace().next().unwrap().parse().unwrap()
}

#[test]
fn a_chat_client_comes_back_alone_and_while_messages_arrive() {
    let server = Server::start(&[]);
    let mut bob = server.join("bob");
    for stop in [Stop::CtrlZ, Stop::Signal("TSTP"), Stop::Signal("STOP")] {
        let shell = bash();
        start(&shell, CLIENT, &[&server.address()], ">");
        survives(&shell, ">", stop, |line| drop(bob.hears_until(&format!("{line}\n"))));
    }
    let shell = bash();
    start(&shell, CLIENT, &[&server.address()], ">");
    let noise = Noise::of(&server);
    survives(&shell, ">", Stop::CtrlZ, |line| drop(bob.hears_until(&format!("{line}\n"))));
    drop(noise);
}

/// Somebody who says something every few milliseconds.
struct Noise(Option<(mpsc::Sender<()>, thread::JoinHandle<()>)>);

impl Noise {
    fn of(server: &Server) -> Self {
        let mut noise = server.join("noise");
        let (stop, stopped) = mpsc::channel::<()>();
        let speak = move || {
            while stopped.recv_timeout(Duration::from_millis(5)) == Err(RecvTimeoutError::Timeout) {
                noise.sends("noise\n");
            }
        };
        Self(Some((stop, thread::spawn(speak))))
    }
}

impl Drop for Noise {
    fn drop(&mut self) {
        let (stop, thread) = self.0.take().unwrap();
        drop(stop);
        let _ = thread.join();
    }
}

#[test]
fn the_servers_come_back_and_serve() {
    let shell = bash();
    start(&shell, SERVER, &["127.0.0.1:0"], ">");
    let mut bob = common::Peer::connect(address_shown(&shell));
    bob.sends("/name bob\n");
    bob.hears_until("welcome");
    survives(&shell, ">", Stop::CtrlZ, |line| drop(bob.hears_until(&format!("{line}\n"))));

    let shell = bash();
    start(&shell, UDP_SERVER, &["127.0.0.1:0"], ">");
    let alice = Datagram::unbound();
    alice.send("hello", address_shown(&shell));
    shell.sees(|text| text.contains("hello"));
    shell.sees_last(">");
    survives(&shell, ">", Stop::CtrlZ, |line| assert!(alice.recv().0.ends_with(line)));
}

#[test]
fn the_clients_over_udp_come_back() {
    for (program, args, prompt) in [(UDP_CLIENT, &[][..], ">"), (UDP_CLIENT, &["--classic"], "your message:")] {
        let server = Datagram::bind();
        let shell = bash();
        start(&shell, program, &[&[server.address().to_string().as_str()], args].concat(), prompt);
        survives(&shell, prompt, Stop::CtrlZ, |line| {
            let (heard, client) = server.recv();
            assert!(heard.ends_with(line), "{heard}");
            server.send("answer", client);
            shell.sees_last(prompt);
        });
    }
    let shell = bash();
    start(&shell, QQ_CLIENT, &[], "talk to (name or number, /list, /add NAME ADDRESS, q):");
    let peer = Datagram::bind();
    shell.types(&format!("/add peer {}\rpeer\r", peer.address()));
    shell.sees_last("peer>");
    survives(&shell, "peer>", Stop::CtrlZ, |line| assert!(peer.recv().0.ends_with(line)));
}

#[test]
fn the_exec_clients_and_a_textbooks_client_come_back() {
    for pair in [TCP, UDP] {
        let exec = Exec::start(pair, &[]);
        let shell = bash();
        let args = [exec.server.address(), "--key-file".into(), exec.place.file("key")];
        shell.types(&format!("'{}' '{}'\r", pair.client, args.join("' '")));
        let text = shell.sees(|text| text.trim_end().ends_with('>'));
        let prompt = text.trim_end().lines().last().unwrap().to_string();
        survives(&shell, &prompt, Stop::CtrlZ, |line| {
            let answered = format!("\n{line}\n{prompt}");
            shell.sees(|text| text.trim_end().ends_with(&answered));
        });
    }
    let (listener, address) = listen();
    let shell = bash();
    start(&shell, CLIENT, &["--classic", &address.to_string()], "your message:");
    let mut server = Textbook::answers(&listener);
    survives(&shell, "your message:", Stop::CtrlZ, |line| {
        assert!(server.recv_text().ends_with(line));
        server.send("answer");
        shell.sees_last("your message:");
    });
}

/// This shell leaves the modes as it finds them.
#[test]
fn a_shell_that_mends_nothing_finds_its_own_modes() {
    let server = Server::start(&[]);
    let mut bob = server.join("bob");
    if !have("dash") {
        return;
    }
    for stop in [Stop::CtrlZ, Stop::Signal("TSTP")] {
        let shell = shell("dash", &["-i"]);
        start(&shell, CLIENT, &[&server.address()], ">");
        survives(&shell, ">", stop, |line| drop(bob.hears_until(&format!("{line}\n"))));
    }
}

/// What the shell has shown above the line stays.
#[test]
fn a_half_typed_line_of_several_rows_comes_back() {
    let server = Server::start(&[]);
    let mut bob = server.join("bob");
    let shell = bash();
    start(&shell, CLIENT, &[&server.address()], ">");
    let half = "a half typed line that is longer than a row ".repeat(5);
    shell.types(&half);
    let typed = |text: &str| text.replace('\n', "").contains(half.trim_end());
    shell.sees(typed);
    let went_on = format!("{SHELL_PROMPT} fg");
    for round in 1..=3 {
        shell.types("\x1a");
        shell.sees_last(SHELL_PROMPT);
        shell.types("fg\r");
        // The screen may still be as it was before `fg`, with the line of the round before.
        let is_back = |text: &str| {
            let is_since = text.split(&went_on).nth(round).is_some_and(&typed);
            text.matches("Stopped").count() == round && is_since
        };
        shell.sees(is_back);
        common::eventually(true, || shell.is_raw());
    }
    shell.types("whole\r");
    assert_eq!(bob.hears_until("whole\n").lines().last().unwrap().split_once("] ").unwrap().1, half + "whole");
}

#[test]
fn twice_in_a_row_in_the_background_and_without_an_editor() {
    let server = Server::start(&[]);
    let mut bob = server.join("bob");
    let shell = bash();
    start(&shell, CLIENT, &[&server.address()], ">");
    shell.types("half");
    shell.sees_last("> half");
    for _ in 0..2 {
        shell.types("\x1a");
        shell.sees_last(SHELL_PROMPT);
        shell.types("fg\r");
        shell.sees_last("> half");
    }
    shell.types("\x1a");
    shell.sees_last(SHELL_PROMPT);
    shell.types("bg\r");
    bob.sends("while in the background\n");
    shell.prints("while in the background");
    let prompts = |screen: &vt100::Screen| screen.contents().matches(SHELL_PROMPT).count();
    let before = shell.waits(|screen| Some(prompts(screen))).unwrap();
    shell.types("fg\r");
    // The key may have stopped the program, as one that reads in the background, before the shell knew.
    shell.waits(|screen| (shell.is_raw() || prompts(screen) > before).then_some(())).unwrap();
    if !shell.is_raw() {
        shell.types("fg\r");
    }
    shell.sees(|text| shell.is_raw() && text.trim_end().ends_with("> half"));
    shell.types(" and whole\r");
    bob.hears_until("half and whole\n");

    shell.types("q\r");
    shell.sees_last(SHELL_PROMPT);
    shell.types(&format!("(echo piped; sleep 100) | '{CLIENT}' {}\r", server.address()));
    bob.hears_until("piped\n");
    bob.sends("to the pipe\n");
    shell.prints("to the pipe");
    shell.types("\x1a");
    shell.sees(|text| text.contains("Stopped") && text.trim_end().ends_with(SHELL_PROMPT));
    bob.sends("while stopped\n");
    shell.types("fg\r");
    shell.prints("while stopped");
}
