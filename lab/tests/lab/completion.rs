//! Completion at Tab: asked for as shells ask, and by real shells on a terminal with the lines that the READMEs give.

use std::io::{Read as _, Write as _};
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Instant;

use crate::common::completion::{self, answer, offered, values};
use crate::common::exec::Place;
use crate::common::{DEADLINE, LAB, folder, have, root};
use pty_process::blocking::{self, Pty};

#[test]
fn every_program_introduces_itself_to_every_shell() {
    completion::every_program_introduces_itself_to_every_shell(&[LAB]);
}

#[test]
fn every_option_is_offered_with_its_help_in_the_chosen_language() {
    completion::every_option_is_offered_with_its_help_in_the_chosen_language(&[LAB]);
    let typed = offered(LAB, "en", &["--lang", "zh", "--trace-"]);
    assert_eq!(typed, ["--trace-file\t把每一次套接字调用以 JSON 行追加到文件"]);
}

#[test]
fn values_are_offered_where_they_are_known() {
    assert_eq!(offered(LAB, "zh", &["run", "stick"]), ["sticky\tTCP 会粘包"]);
    assert_eq!(values(LAB, &["run", "sticky", "time-"]), ["time-wait"]);
    assert_eq!(values(LAB, &["run"]), ["run"]);
    assert_eq!(values(LAB, &["list", "EADDRI"]), ["EADDRINUSE"]);
    assert_eq!(values(LAB, &["list", "锟"]), ["锟斤拷"]);
}

#[test]
fn files_are_offered_where_a_file_belongs() {
    completion::files_are_offered_where_a_file_belongs(&[(LAB, &["diagram"]), (LAB, &["--trace-file"])]);
}

#[test]
fn a_shell_that_does_not_complete_is_named() {
    let (status, out, err) = answer(LAB, "tcsh", "en", &[]);
    assert_eq!((status, out.as_str(), err.lines().count()), (Some(2), "", 1));
    assert!(err.contains("\"tcsh\"") && err.contains("bash, elvish, fish, powershell, zsh"), "{err}");
    for off in ["", "0"] {
        let (status, out, _) = answer(LAB, off, "en", &["--version"]);
        assert!(status == Some(0) && out.starts_with("socket-lab "), "{out}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_panic() {
    let line = format!("COMPLETE=bash '{LAB}' 2>&1 >&- | cat; COMPLETE=bash '{LAB}' | true");
    let output = Command::new("bash").args(["-c", &line]).output().unwrap();
    let all = [output.stdout, output.stderr].concat();
    assert!(!String::from_utf8_lossy(&all).contains("panicked"), "{}", String::from_utf8_lossy(&all));
}

/// A shell on a terminal of its own.
struct Shell {
    pty: Pty,
    child: Child,
    bytes: Receiver<Vec<u8>>,
    screen: vt100::Parser,
}

impl Shell {
    /// Starts it without the configuration of whoever runs the test, with our programs on its PATH.
    fn start(shell: &str, args: &[&str], home: &Place) -> Self {
        let (pty, slave) = blocking::open().unwrap();
        let (rows, columns) = (40, 120);
        pty.resize(pty_process::Size::new(rows, columns)).unwrap();
        let path = format!("{}:{}", folder().display(), std::env::var("PATH").unwrap());
        let command = blocking::Command::new(shell).args(args).current_dir(home.path());
        let command = command.env("HOME", home.path()).env("PATH", path).env("PS1", "ready> ").env("TERM", "xterm");
        let command = command.env("SOCKET_DEMOS_LANG", "en").env_remove("XDG_CONFIG_HOME").env_remove("ZDOTDIR");
        let child = command.spawn(slave).unwrap();
        let (sender, bytes) = channel();
        let mut reader = std::fs::File::from(rustix::io::dup(&pty).unwrap());
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(read @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..read].to_vec()).is_err() {
                    return;
                }
            }
        });
        let size = |number| std::num::NonZero::new(number).unwrap();
        Self { pty, child, bytes, screen: vt100::Parser::new(size(rows), size(columns), 0) }
    }

    fn types(&mut self, text: &str) {
        self.pty.write_all(text.as_bytes()).unwrap();
    }

    /// Waits until the screen holds `text`.
    fn sees(&mut self, text: &str) {
        let deadline = Instant::now() + DEADLINE;
        while !self.screen.screen().contents().contains(text) {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(bytes) = self.bytes.recv_timeout(left) else {
                panic!("{text:?} is not here:\n{}", self.screen.screen().contents());
            };
            self.screen.process(&bytes);
        }
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a README tells for a shell: the block of that name, without its comment.
fn told(readme: &str, shell: &str) -> String {
    let text = std::fs::read_to_string(root().join(readme)).unwrap();
    let block = text.split(&format!("```{shell}\n")).nth(1).unwrap_or_else(|| panic!("{readme}: {shell}"));
    let lines = block.split("```").next().unwrap().lines();
    lines.filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n")
}

/// Does what the READMEs say, and presses Tab behind the beginning of a word.
fn completes(shell: &str, args: &[&str], prompt: &str, before: &str) {
    if !have(shell) {
        return;
    }
    assert_eq!(told("README.md", shell), told("README.zh-CN.md", shell));
    let home = Place::new();
    let mut terminal = Shell::start(shell, args, &home);
    terminal.sees(prompt);
    terminal.types(&format!("{before}{}\r", told("README.md", shell)));
    // In two pieces, since the typed line is on the screen too.
    terminal.types("echo do''ne\r");
    terminal.sees("done");
    for (begun, whole) in [
        ("socket-lab run time-w", "socket-lab run time-wait"),
        ("udp-exec-server --key-", "udp-exec-server --key-file"),
        ("tcp-chat-client --encoding gbk --lang z", "tcp-chat-client --encoding gbk --lang zh"),
    ] {
        terminal.types(&format!("{begun}\t"));
        terminal.sees(whole);
        // Ctrl-U: the line is not to be run.
        terminal.types("\x15");
    }
}

#[test]
fn bash_completes() {
    completes("bash", &["--norc", "--noprofile", "-i"], "> ", "");
}

#[test]
fn zsh_completes() {
    completes("zsh", &["-f", "-i"], "> ", "autoload -Uz compinit; compinit -u; ");
}

#[test]
fn fish_completes() {
    completes("fish", &["--private", "-i"], "~", "");
}

#[test]
fn elvish_completes() {
    completes("elvish", &["-norc"], "~", "");
}
