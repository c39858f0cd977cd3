//! A lesson's terminals, read from its Markdown and played: what is typed, and what must be seen.
//!
//! A block of a lesson is what stands in one terminal, and the line above it names the terminal:
//!
//! ````markdown
//! Terminal B:
//!
//! ```console
//! $ tcp-chat-client --once
//! connected to 127.0.0.1:8080 (q leaves)
//! your message: hello
//! …
//! ```
//! ````
//!
//! A line that begins with a prompt is typed (`⏎` is Enter alone) once the prompt stands there, and so is a line that
//! ends with `⏎`, for a program that does not ask; a bare `$` waits for the shell's prompt; `^C` and `^D` are pressed.
//! Every other line must appear as the terminal's next one. The code that a server shows is another each time: the lesson's
//! stands for it from then on, in every terminal. `…` stands for what varies: within a line for any text, on a
//! line of its own for any number of lines.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use crate::common::terminal::{Eye, Size, Terminal};
use crate::common::{Running, eventually, folder, not_run};

/// Tall enough that nothing scrolls away. Programs are told the width that most terminals have; what the lessons show is
/// not wrapped.
const SIZE: Size = Size { rows: 1200, columns: 80, shown: 600 };

/// What the programs ask with, in both languages, and the shell. Besides these a word may stand before the `> `.
const PROMPTS: [&str; 9] = [
    "$ ",
    "your message: ",
    "消息：",
    "your answer: ",
    "回复：",
    "your command: ",
    "命令：",
    "talk to (name or number, /list, /add NAME ADDRESS, q): ",
    "和谁聊（名字或编号，/list，/add 名字 地址，q）：",
];

/// What a server says before its code.
const BEFORE_CODE: [&str; 2] = ["type this first: ", "请先输入口令："];

/// What stands in one terminal.
pub(crate) struct Block {
    pub(crate) terminal: char,
    /// Each line with its number in the file.
    pub(crate) lines: Vec<(usize, String)>,
}

/// The terminal that a line names, as the line above a block does.
fn named_terminal(line: &str) -> Option<char> {
    let name = line.strip_prefix("Terminal ").and_then(|rest| rest.strip_suffix(':'));
    let name = name.or_else(|| line.strip_prefix("终端 ").and_then(|rest| rest.strip_suffix('：')));
    name.and_then(|name| name.parse().ok())
}

/// The blocks of a lesson in their order.
pub(crate) fn blocks(file: &str, text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = text.lines().enumerate().map(|(index, line)| (index + 1, line));
    let mut above = "";
    while let Some((number, line)) = lines.next() {
        if line == "```console" {
            let terminal = named_terminal(above);
            let terminal = terminal.unwrap_or_else(|| panic!("{file}:{number}: {above:?} names no terminal"));
            let inside = lines.by_ref().take_while(|(_, line)| *line != "```");
            let lines = inside.map(|(number, line)| (number, line.to_string())).collect();
            blocks.push(Block { terminal, lines });
        } else if line.starts_with("```") {
            panic!("{file}:{number}: a lesson's blocks are ```console, so that all of them are run");
        } else if !line.is_empty() {
            above = line;
        }
    }
    blocks
}

/// A network of its own with nobody on its ports, and an empty folder; and the terminals in them.
pub(crate) struct Classroom {
    network: Running,
    folder: PathBuf,
    lang: &'static str,
    desks: BTreeMap<char, Desk>,
    /// The code in the lesson, and the one that is shown here.
    code: Option<(String, String)>,
}

impl Classroom {
    /// None, loudly, where the system does not allow it.
    pub(crate) fn open(name: &str, lang: &'static str) -> Option<Self> {
        let mut holder = Command::new("unshare");
        let network = "ip link set lo up && echo ready || echo refused; exec cat";
        holder.args(["--map-root-user", "--net", "sh", "-c", network]);
        let can = |probe: &[&str]| Command::new(probe[0]).args(&probe[1..]).output().is_ok_and(|o| o.status.success());
        if !can(&["unshare", "--map-root-user", "--net", "ip", "link", "set", "lo", "up"]) || !can(&["nsenter", "-V"]) {
            not_run("unshare, nsenter and ip (util-linux, iproute2) or the right to use them are missing");
            return None;
        }
        let network = Running::spawn(holder);
        network.says("ready");
        let folder = std::env::temp_dir().join(format!("socket-demos-lesson-{name}-{lang}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Some(Self { network, folder, lang, desks: BTreeMap::new(), code: None })
    }

    /// Plays a block: gives what went wrong with the line's number.
    pub(crate) fn play(&mut self, block: &Block) -> Result<(), (usize, String)> {
        if !self.desks.contains_key(&block.terminal) {
            let shell = self.shell();
            self.desks.insert(block.terminal, Desk::with(shell));
        }
        let desk = self.desks.get_mut(&block.terminal).unwrap();
        block.lines.iter().try_for_each(|(number, line)| {
            let followed = match BEFORE_CODE.iter().find_map(|before| Some((*before, line.strip_prefix(before)?))) {
                Some((before, written)) => desk.learn(before).map(|shown| self.code = Some((written.into(), shown))),
                None => desk.follow(&match &self.code {
                    Some((written, shown)) => line.replace(written, shown),
                    None => line.clone(),
                }),
            };
            followed.map_err(|why| (*number, why))
        })
    }

    /// Every program has ended, and has said nothing that the lesson does not show.
    pub(crate) fn is_tidy(&mut self) -> Result<(), String> {
        let tidy =
            |(name, desk): (&char, &mut Desk)| desk.follow("$ ").map_err(|why| format!("terminal {name}: {why}"));
        self.desks.iter_mut().try_for_each(tidy)
    }

    fn shell(&self) -> Terminal {
        let programs = folder().display();
        let path = format!("{programs}:{}", std::env::var("PATH").unwrap());
        let target = self.network.pid().to_string();
        let enter = [
            "--target",
            &target,
            "--user",
            "--net",
            "--preserve-credentials",
            // Whatever was started in the background (sh, `&`) ignores Ctrl-C, and so would all that comes from it.
            "env",
            "--default-signal=INT,QUIT",
            "bash",
            "--norc",
            "--noprofile",
            "--noediting",
        ];
        let command = pty_process::blocking::Command::new("nsenter").args(enter).current_dir(&self.folder);
        let command = command.env("PATH", path).env("PS1", "$ ").env("HOME", &self.folder).env("LC_ALL", "C.UTF-8");
        let command = command.env("SOCKET_DEMOS_LANG", self.lang);
        let without = ["XDG_STATE_HOME", "SOCKET_DEMOS_KEY_FILE", "PROMPT_COMMAND", "NO_COLOR", "CARGO"];
        let command = without.iter().fold(command, pty_process::blocking::Command::env_remove);
        Terminal::spawn(command, SIZE, Eye::Open)
    }
}

impl Drop for Classroom {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// One terminal, and how far down the lesson has come in it.
struct Desk {
    terminal: Terminal,
    next: u16,
    /// What may stand there that the lesson does not show.
    unshown: Unshown,
}

/// What a further row of a sentence begins with.
const FURTHER: &str = "    ";

/// Lines that a lesson leaves out.
#[derive(Clone, Copy, PartialEq, PartialOrd, Eq, Ord)]
enum Unshown {
    Nothing,
    /// The further rows of a sentence that the lesson leaves open.
    Rows,
    /// What a key such as Ctrl-C left behind: its echo, an empty line, a prompt.
    Echo,
    Anything,
}

impl Desk {
    fn with(terminal: Terminal) -> Self {
        Self { terminal, next: 0, unshown: Unshown::Nothing }
    }

    fn follow(&mut self, line: &str) -> Result<(), String> {
        let key = match line {
            "…" => None,
            "^C" => Some("\x03"),
            "^D" => Some("\x04"),
            _ => return self.reach(line),
        };
        match key {
            Some(key) => {
                // Right after a line, the editor that has taken it may not have let go of the keyboard yet.
                eventually(true, || !self.terminal.is_raw() || self.has_more());
                self.unshown = self.unshown.max(Unshown::Echo);
                self.terminal.types(key);
            }
            None => self.unshown = Unshown::Anything,
        }
        Ok(())
    }

    /// What the terminal's next line has after these words.
    fn learn(&mut self, before: &str) -> Result<String, String> {
        self.reach(&format!("{before}…"))?;
        let screen = self.terminal.seen.screen.lock().unwrap();
        let row = Terminal::rows_from(screen.0.screen(), self.next - 1).remove(0);
        Ok(row[before.len()..].to_string())
    }

    /// Whether anything stands below what has been read.
    fn has_more(&self) -> bool {
        let screen = self.terminal.seen.screen.lock().unwrap();
        Terminal::rows_from(screen.0.screen(), self.next).iter().any(|row| !row.is_empty())
    }

    /// Types what a prompt asks for, or waits for what is to be seen.
    fn reach(&mut self, line: &str) -> Result<(), String> {
        // Editors take the blank behind a bare prompt away.
        let line = if line == "$" { "$ " } else { line };
        let typed = typed_at(line).or_else(|| line.ends_with('⏎').then_some(("", line)));
        let Some((prompt, typed)) = typed else {
            self.next = self.find(line, |_| true)? + 1;
            self.unshown = if line.ends_with('…') { Unshown::Rows } else { Unshown::Nothing };
            return Ok(());
        };
        if !prompt.is_empty() {
            // A prompt that is still to be answered is the last thing on the screen.
            self.next = self.find(prompt, |below| below == 0)?;
            self.unshown = Unshown::Nothing;
        }
        if !typed.is_empty() {
            let typed = typed.strip_suffix('⏎').unwrap_or(typed);
            self.terminal.types(&format!("{typed}\r"));
            self.next = self.find(&format!("{prompt}{typed}"), |_| true)? + 1;
        }
        Ok(())
    }

    /// Waits until a row is as `pattern` with so many rows below it, and gives its place.
    fn find(&self, pattern: &str, below: impl Fn(usize) -> bool) -> Result<u16, String> {
        // The emulator leaves U+FFFD out.
        let pattern = pattern.trim_end().replace('\u{fffd}', "");
        let place = |screen: &vt100::Screen| {
            let rows = Terminal::rows_from(screen, self.next);
            let unshown = rows.iter().take_while(|row| self.may_skip(row)).count();
            let ends = (0..rows.len().min(unshown + 1))
                .find_map(|first| sentence(&pattern, &rows[first..]).map(|more| first + more));
            ends.filter(|last| below(rows.len() - last - 1)).map(|last| self.next + last as u16)
        };
        self.terminal.waits(place).ok_or_else(|| {
            let screen = self.terminal.seen.screen.lock().unwrap();
            let rows = Terminal::rows_from(screen.0.screen(), self.next);
            let shown = rows.iter().take(40).map(String::as_str).collect::<Vec<_>>();
            format!("wanted\n{pattern}\nbut there stands\n{}", shown.join("\n"))
        })
    }

    fn may_skip(&self, row: &str) -> bool {
        let prompt = || typed_at(&format!("{row} ")).is_some_and(|(_, typed)| typed.trim().is_empty());
        match self.unshown {
            Unshown::Nothing => false,
            Unshown::Rows => row.starts_with(FURTHER),
            Unshown::Echo => ["^C", "^D", ""].contains(&row) || prompt(),
            Unshown::Anything => true,
        }
    }
}

/// The prompt that a line begins with, and what is typed at it.
fn typed_at(line: &str) -> Option<(&str, &str)> {
    let known = PROMPTS.iter().find(|prompt| line.starts_with(**prompt)).map(|prompt| prompt.len());
    let word = || line.find("> ").filter(|end| !line[..*end].contains(' ')).map(|end| end + 2);
    known.or_else(word).map(|end| line.split_at(end))
}

/// Whether the first row is as the pattern, or begins a sentence that is: then how many more rows it goes on for. Where a row
/// of it ends is not the lesson's business.
fn sentence(pattern: &str, rows: &[String]) -> Option<usize> {
    let squeezed = |text: &str| text.split_whitespace().collect::<String>();
    let goes_on = rows.iter().skip(1).take_while(|row| row.starts_with(FURTHER)).count();
    let whole = |more: &usize| matches(&squeezed(pattern), &squeezed(&rows[..=*more].concat()));
    if matches(pattern, &rows[0]) { Some(0) } else { (1..=goes_on).find(whole) }
}

/// Whether a row is as the pattern, in which `…` stands for any text with the blanks around it.
fn matches(pattern: &str, row: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('…') else { return pattern == row };
    let Some(mut row) = row.strip_prefix(first.trim_end()) else { return false };
    let (middle, last) = rest.rsplit_once('…').unwrap_or(("", rest));
    for part in middle.split('…').map(str::trim) {
        let Some(place) = row.find(part) else { return false };
        row = &row[place + part.len()..];
    }
    row.ends_with(last.trim_start())
}
