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
fn files_are_left_to_the_shell() {
    completion::files_are_left_to_the_shell(&[(LAB, &["diagram"]), (LAB, &["--trace-file"])]);
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
    /// What it wants typed before what it has completed to is in the line.
    accepts: &'static str,
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
        let accepts = if shell == "elvish" { "\r" } else { "" };
        Self { pty, child, bytes, screen: vt100::Parser::new(size(rows), size(columns), 0), accepts }
    }

    fn types(&mut self, text: &str) {
        self.pty.write_all(text.as_bytes()).unwrap();
    }

    /// Waits until the screen holds `text`.
    fn sees(&mut self, text: &str) {
        self.waits(&format!("{text:?}"), |screen| screen.contents().contains(text));
    }

    fn waits(&mut self, what: &str, wanted: impl Fn(&vt100::Screen) -> bool) {
        let deadline = Instant::now() + DEADLINE;
        while !wanted(self.screen.screen()) {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(bytes) = self.bytes.recv_timeout(left) else {
                panic!("{what} is not here:\n{}", self.screen.screen().contents());
            };
            self.screen.process(&bytes);
        }
    }

    /// Types a line, once the prompt is there.
    fn runs(&mut self, line: &str) {
        self.waits("a prompt", |screen| cursor_row(screen).ends_with(['>', '#', '$', '%']));
        self.types(line);
        self.types("\r");
    }

    /// Types the beginning of a line, presses Tab, and runs the line when it is completed.
    fn runs_completed(&mut self, begun: &str) {
        self.waits("a prompt", |screen| cursor_row(screen).ends_with(['>', '#', '$', '%']));
        self.types(begun);
        self.waits("what was typed", |screen| cursor_row(screen).ends_with(begun));
        self.types("\t");
        self.waits("what is completed", |screen| !cursor_row(screen).ends_with(begun));
        self.types(self.accepts);
        self.types("\r");
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What stands in the row of the cursor.
fn cursor_row(screen: &vt100::Screen) -> String {
    let row = screen.cursor_position().0;
    screen.contents_between(row, 0, row, screen.size().1.get()).trim_end().to_string()
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

/// Names with all that shells do something about: separators, substitutions, quotes, patterns, comments, white space.
const NAMES: [&str; 24] = [
    "t; touch ran; #",
    "t$(touch ran)",
    "t`touch ran`",
    "t& touch ran &",
    "t| touch ran",
    "t\ntouch ran\n",
    "t'touch ran'",
    "t\"touch ran\"",
    "t two  blanks ",
    "t*",
    "t?[a]",
    "t!touch",
    "t!!",
    "t> ran",
    "t< x",
    "t#x",
    "t\\x",
    "t{a,b}",
    "t~",
    "t$HOME",
    "t(touch ran)",
    "t:x=y",
    "t%1^2",
    "t文件 ○",
];

/// A trace in which a program of this name makes one call.
fn trace_of(program: &str) -> String {
    format!(
        r#"{{"time":"2026-01-01T00:00:00Z","program":"{program}","pid":1,"socket":1,"call":"socket","argument":"","result":{{"ok":1}}}}"#
    )
}

/// Files with such names are completed to their names, whatever the shell makes of them: the right one is opened, and nothing
/// in a name is run.
fn opens_the_file_that_is_there(shell: &str, args: &[&str], prompt: &str, before: &str) {
    if !have(shell) {
        return;
    }
    let home = Place::new();
    for (number, name) in NAMES.into_iter().enumerate() {
        std::fs::create_dir(home.file(&format!("d{number}"))).unwrap();
        std::fs::write(home.file(&format!("d{number}/{name}")), trace_of(&format!("opened-{number:02}"))).unwrap();
    }
    std::fs::write(home.file("-o"), trace_of("leading-sign")).unwrap();
    std::fs::create_dir(home.file("book")).unwrap();
    std::fs::write(home.file("book/t; touch ran; #"), "found = \"127.0.0.1:9\"\n").unwrap();
    let mut terminal = Shell::start(shell, args, &home);
    terminal.sees(prompt);
    terminal.types(&format!("{before}{}\r", told("README.md", shell)));
    terminal.types("echo do''ne\r");
    terminal.sees("done");
    for number in 0..NAMES.len() {
        terminal.runs(&format!("cd d{number}"));
        terminal.runs_completed("socket-lab diagram t");
        terminal.sees(&format!("opened-{number:02}"));
        terminal.runs("cd ..");
    }
    // In a folder below, in the home directory, a second one, one that looks like an option, the value of an option.
    for (begun, seen) in [
        ("socket-lab diagram d1/t", "opened-01"),
        ("socket-lab diagram ~/d2/t", "opened-02"),
        ("socket-lab diagram ./-o d3/t", "opened-03"),
        ("socket-lab diagram ./-", "leading-sign"),
        ("udp-qq-client --contacts book/t", "found  127.0.0.1:9"),
        ("udp-qq-client --contacts=book/t", "found  127.0.0.1:9"),
        ("socket-lab diagram ./-o -o d0/t", ""),
    ] {
        terminal.runs("clear");
        terminal.runs("echo emp''ty");
        terminal.sees("empty");
        terminal.runs_completed(begun);
        terminal.sees(seen);
        if begun.starts_with("udp-qq") {
            terminal.types("q\r");
        }
    }
    terminal.runs("echo wri''tten");
    terminal.sees("written");
    assert!(std::fs::read_to_string(home.file(&format!("d0/{}", NAMES[0]))).unwrap().starts_with("<svg"));
    for (number, name) in NAMES.into_iter().enumerate() {
        assert_eq!(std::fs::read_dir(home.file(&format!("d{number}"))).unwrap().count(), 1, "{name:?}");
    }
    let mut all: Vec<_> = std::fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    all.retain(|name| name == "ran");
    assert!(all.is_empty(), "something in a name was run");
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
    completes("elvish", &["-norc"], "~", "set edit:rprompt = { put '' }; ");
}

#[test]
fn bash_opens_the_file_that_is_there() {
    opens_the_file_that_is_there("bash", &["--norc", "--noprofile", "-i"], "> ", "");
}

#[test]
fn zsh_opens_the_file_that_is_there() {
    opens_the_file_that_is_there("zsh", &["-f", "-i"], "> ", "autoload -Uz compinit; compinit -u; ");
}

#[test]
fn fish_opens_the_file_that_is_there() {
    // What it suggests by itself would stand behind what is typed.
    opens_the_file_that_is_there("fish", &["--private", "-i"], "~", "set -g fish_autosuggestion_enabled 0; ");
}

#[test]
fn elvish_opens_the_file_that_is_there() {
    opens_the_file_that_is_there("elvish", &["-norc"], "~", "set edit:rprompt = { put '' }; ");
}
