//! What a person types, or a pipe brings: the non-empty input loop.
//!
//! On a terminal a line editor (rustyline) takes care of wide characters, history and input methods. From a pipe, or
//! where the output is redirected, lines are read as they come.

mod helper;

use std::io::{self, BufRead, IsTerminal as _, Read as _};

use rustyline::Editor;
use rustyline::config::{ColorMode, Config, Configurer as _};
use rustyline::error::ReadlineError;
use rustyline::history::MemHistory;
use unicode_width::UnicodeWidthStr as _;

use self::helper::LineHelper;
use crate::t;
use crate::terminal::{exit, screen};
use crate::text::Charset;

/// The longest piece that a pipe's line is read in, in bytes: far more than any message may have, and a pipe without
/// newlines cannot fill the memory.
const MAX_PIECE: usize = 1024 * 1024;

/// A refused line of more columns than this comes back to be mended. A shorter one is typed again sooner than cleared.
const COMES_BACK: usize = 20;

/// What came from the keyboard or the pipe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typed<T = String> {
    /// A line, or what was made of it.
    Line(T),
    /// `q` alone: the person leaves. (`//q` is a line, `q`.)
    Quit,
    /// The end of the pipe, or Ctrl-D.
    End,
}

type Line = Editor<LineHelper, MemHistory>;

/// Standard input, as lines.
pub struct Keyboard {
    source: Source,
    refused: usize,
    /// Whether it has been said what to do with a refused line that comes back.
    told: bool,
}

enum Source {
    Editor(Box<Line>),
    Plain(Plain),
}

impl Keyboard {
    /// Standard input: with line editing where both it and standard output are a terminal. What comes while a line is
    /// typed appears above it.
    pub fn open() -> Self {
        let keyboard = Self::in_turn();
        if matches!(keyboard.source, Source::Editor(_)) {
            screen::show_above();
        }
        keyboard
    }

    /// As [`Keyboard::open`], for a program that asks, answers, and asks again: nothing is shown while a line is typed.
    pub fn in_turn() -> Self {
        Self {
            source: line_editor().map_or_else(|| Source::Plain(Plain::stdin()), Source::Editor),
            refused: 0,
            told: false,
        }
    }

    /// Whether a person types, as opposed to a pipe.
    pub fn is_terminal(&self) -> bool {
        match &self.source {
            Source::Editor(_) => true,
            Source::Plain(plain) => plain.terminal,
        }
    }

    /// How many lines have been refused so far.
    pub fn refused(&self) -> usize {
        let not_text = if let Source::Plain(plain) = &self.source { plain.refused } else { 0 };
        self.refused + not_text
    }

    /// From now on Tab completes a line to one of `lines`, where there is line editing.
    pub fn offer(&mut self, lines: Vec<String>) {
        if let Source::Editor(editor) = &mut self.source {
            editor.set_helper(Some(LineHelper(lines)));
        }
    }

    /// Asks until there is something to send: white space alone is refused with a notice, and so is what `accept`
    /// refuses, with its reason; on a terminal a long line that was refused comes back to be mended.
    ///
    /// # Errors
    /// Those of reading standard input.
    pub fn ask<T>(&mut self, prompt: &str, accept: impl Fn(&str) -> Result<T, String>) -> io::Result<Typed<T>> {
        self.ask_any(prompt, |line| accept(not_empty(line)?))
    }

    /// As [`Keyboard::ask`], for a message that goes into a TCP stream as it is: one without bytes would never arrive.
    ///
    /// # Errors
    /// Those of reading standard input.
    pub fn ask_bare<T>(&mut self, prompt: &str, accept: impl Fn(&str) -> Result<T, String>) -> io::Result<Typed<T>> {
        let nothing = |_| {
            t!(
                "an empty message has no bytes, so the other side would wait for ever: type something",
                "空消息没有字节，对方会一直等下去：请输入内容"
            )
        };
        self.ask_any(prompt, |line| accept(not_empty(line).map_err(nothing)?))
    }

    /// As [`Keyboard::ask`], where an empty line is a message too.
    ///
    /// # Errors
    /// Those of reading standard input.
    pub fn ask_any<T>(&mut self, prompt: &str, accept: impl Fn(&str) -> Result<T, String>) -> io::Result<Typed<T>> {
        let mut refused = String::new();
        loop {
            let line = match self.line_from(prompt, &refused)? {
                Typed::Line(line) => line,
                Typed::Quit => return Ok(Typed::Quit),
                Typed::End => return Ok(Typed::End),
            };
            match accept(&line) {
                Ok(accepted) => return Ok(Typed::Line(accepted)),
                Err(why) => {
                    screen::talk(&self.with_advice(why, &line));
                    self.refused += 1;
                    // Blanks that came back would be sent in front of what is typed next, and nobody would see them; and
                    // so would a name, a number or a command.
                    refused = if comes_back(&line) { line } else { String::new() };
                }
            }
        }
    }

    /// `why` a line was refused, and the first time that it comes back what to do with it.
    fn with_advice(&mut self, why: String, line: &str) -> String {
        if !comes_back(line) || self.told || matches!(self.source, Source::Plain(_)) {
            return why;
        }
        self.told = true;
        t!("{why} (mend it, or Ctrl-U clears it)", "{why}（可以改了再按回车，Ctrl-U 清空）")
    }

    fn line_from(&mut self, prompt: &str, initial: &str) -> io::Result<Typed> {
        let line = match &mut self.source {
            Source::Editor(editor) => edit(editor, prompt, initial),
            Source::Plain(plain) => plain.line(prompt),
        };
        let line = line.map_err(|error| {
            io::Error::new(error.kind(), t!("cannot read the input: {error}", "无法读取输入：{error}"))
        })?;
        Ok(match line {
            None => Typed::End,
            Some(line) if is_q(&line) => Typed::Quit,
            Some(line) => Typed::Line(escaped_q(&line).map_or_else(|| line.clone(), str::to_string)),
        })
    }
}

/// Whether a refused line stands in the editor again.
fn comes_back(line: &str) -> bool {
    line.trim().width() > COMES_BACK
}

/// Refuses white space alone.
///
/// # Errors
/// A sentence for the person who typed it.
pub fn not_empty(typed: &str) -> Result<&str, String> {
    if typed.trim().is_empty() {
        return Err(t!("nothing was typed, so nothing was sent", "没有输入内容，什么也没有发送"));
    }
    Ok(typed)
}

/// Whether `typed` is `q` alone, with which one leaves every program: in either case, in the width of whatever input
/// method, with blanks around it.
pub fn is_q(typed: &str) -> bool {
    matches!(typed.trim(), "q" | "Q" | "ｑ" | "Ｑ")
}

/// The `q` of `//q`, which says it.
pub fn escaped_q(typed: &str) -> Option<&str> {
    typed.trim().strip_prefix(SLASH)?.strip_prefix(SLASH).filter(|q| is_q(q))
}

const SLASH: [char; 2] = ['/', '／'];

/// Whether `typed` is a command, `/word`, and not words that begin with a slash (`//word`).
pub fn is_command(typed: &str) -> bool {
    typed.strip_prefix(SLASH).is_some_and(|rest| !rest.starts_with(SLASH))
}

/// The words of `typed`: `//word` says `/word`.
pub fn without_escape(typed: &str) -> &str {
    typed.strip_prefix(SLASH).filter(|rest| rest.starts_with(SLASH)).unwrap_or(typed)
}

/// `None` where there is no terminal, or none that can be drawn on (`TERM=dumb`, mintty).
fn line_editor() -> Option<Box<Line>> {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return None;
    }
    // A program that a signal ends in the middle of a synchronized update would leave the terminal waiting for its end.
    // Ctrl-Z is a signal for the whole program (`suspend`), and so is Ctrl-C then.
    let mut config = Config::builder().auto_add_history(true).enable_signals(cfg!(unix));
    config.enable_synchronized_output(false);
    // Forced, since it asks before it draws only where it may use colours. It gets none.
    config.set_color_mode(ColorMode::Forced);
    let mut editor = Editor::with_history(config.build(), MemHistory::new()).ok()?;
    editor.set_helper(Some(LineHelper::default()));
    let printer = editor.create_external_printer().ok()?;
    screen::draw_with(printer).then(|| Box::new(editor))
}

fn edit(editor: &mut Line, prompt: &str, initial: &str) -> io::Result<Option<String>> {
    loop {
        screen::typing_begins(prompt);
        let typed = editor.readline_with_initial(prompt, (initial, ""));
        screen::typing_ends();
        match typed {
            Ok(line) => return Ok(Some(line)),
            Err(ReadlineError::Eof) => return Ok(None),
            Err(ReadlineError::Interrupted) => exit::now(exit::INTERRUPTED),
            Err(ReadlineError::Io(error)) if error.kind() == io::ErrorKind::InvalidData => {
                screen::talk(&t!("what was typed is not UTF-8, so it was not sent", "输入的不是 UTF-8，没有发送"));
            }
            Err(ReadlineError::Io(error)) => return Err(error),
            Err(error) => return Err(io::Error::other(error)),
        }
    }
}

/// Lines without an editor.
struct Plain {
    input: Box<dyn BufRead + Send>,
    charset: Charset,
    terminal: bool,
    /// Bytes of a character that the last piece ended in the middle of.
    carried: Vec<u8>,
    number: usize,
    /// How many lines were no text.
    refused: usize,
}

impl Plain {
    fn stdin() -> Self {
        let terminal = io::stdin().is_terminal();
        let charset = if terminal { Charset::default() } else { charset_of_pipes() };
        Self::new(Box::new(io::BufReader::new(io::stdin())), charset, terminal)
    }

    fn new(input: Box<dyn BufRead + Send>, charset: Charset, terminal: bool) -> Self {
        Self { input, charset, terminal, carried: Vec::new(), number: 0, refused: 0 }
    }

    /// The next line that is text; one that is not is refused, since sending something else would be a lie.
    fn line(&mut self, prompt: &str) -> io::Result<Option<String>> {
        loop {
            if self.terminal {
                screen::prompt(prompt);
            }
            let Some(bytes) = self.piece()? else { return Ok(None) };
            let text = self.charset.decode(&bytes);
            if !text.contains(char::REPLACEMENT_CHARACTER) || self.charset.encode_lossy(&text) == bytes {
                // Editors of Windows put a byte order mark in front of a file.
                let begins = self.number == 1 && !self.terminal;
                return Ok(Some(text.strip_prefix('\u{feff}').filter(|_| begins).unwrap_or(&text).to_string()));
            }
            self.refused += 1;
            let (number, charset) = (self.number, self.charset);
            screen::talk(&t!(
                "line {number} of the input is not {charset}, so it was not sent",
                "输入的第 {number} 行不是 {charset}，没有发送"
            ));
        }
    }

    /// The bytes of a line without its newline, or the next piece of one that is longer than [`MAX_PIECE`].
    fn piece(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut bytes = std::mem::take(&mut self.carried);
        let space = MAX_PIECE - bytes.len();
        self.input.by_ref().take(space as u64).read_until(b'\n', &mut bytes)?;
        if bytes.is_empty() {
            return Ok(None);
        }
        if bytes.pop_if(|last| *last == b'\n').is_some() {
            bytes.pop_if(|last| *last == b'\r');
        } else if bytes.len() == MAX_PIECE {
            self.carried = bytes.split_off(self.charset.complete(&bytes));
        }
        self.number += 1;
        Ok(Some(bytes))
    }
}

/// The encoding of what is piped in: UTF-8, on Windows the console's code page.
pub fn charset_of_pipes() -> Charset {
    #[cfg(windows)]
    let charset = Charset::of_code_page(crate::windows::input_code_page()).unwrap_or_default();
    #[cfg(not(windows))]
    let charset = Charset::default();
    charset
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(input: &'static [u8], charset: &str) -> Vec<String> {
        let mut plain = Plain::new(Box::new(input), charset.parse().unwrap(), false);
        std::iter::from_fn(|| plain.line("> ").unwrap()).collect()
    }

    #[test]
    fn a_pipe_gives_its_lines_with_either_line_end_and_the_last_without() {
        assert_eq!(lines("你\r\n\n q\nlast".as_bytes(), "utf-8"), ["你", "", " q", "last"]);
        assert_eq!(lines(b"\xc4\xe3\n", "gbk"), ["你"]);
    }

    #[test]
    fn a_byte_order_mark_where_a_pipe_begins_is_dropped_and_no_other() {
        assert_eq!(lines("\u{feff}one\n\u{feff}two\n".as_bytes(), "utf-8"), ["one", "\u{feff}two"]);
    }

    #[test]
    fn a_line_that_is_not_text_is_refused_and_the_next_one_read() {
        assert_eq!(lines(b"\xc4\xe3\nok\n\xef\xbf\xbd\n", "utf-8"), ["ok", "\u{fffd}"]);
    }

    #[test]
    fn an_endless_line_comes_in_pieces_between_characters() {
        let endless: &str = "汉".repeat(1_500_000).leak();
        let pieces = lines(endless.as_bytes(), "utf-8");
        assert!(pieces.len() > 4 && pieces.iter().all(|p| p.len() <= MAX_PIECE));
        assert_eq!(pieces.concat(), endless);
    }

    #[test]
    fn q_alone_leaves_in_every_shape_and_nothing_else_does() {
        let input: &[u8] = "q\nｑ\n q \nＱ\nquit\n//q\nq q\n".as_bytes();
        let mut keyboard = Keyboard {
            source: Source::Plain(Plain::new(Box::new(input), Charset::default(), false)),
            refused: 0,
            told: false,
        };
        let mut next = || keyboard.ask_any("", |line| Ok(line.to_string())).unwrap();
        assert!((0..4).all(|_| next() == Typed::Quit));
        assert_eq!([next(), next(), next()], ["quit", "q", "q q"].map(|line| Typed::Line(line.into())));
        assert_eq!(next(), Typed::End);
    }

    #[test]
    fn the_loop_goes_on_until_something_is_accepted() {
        let input: &[u8] = "\n \u{3000}\nbad\ngood\n".as_bytes();
        let mut keyboard = Keyboard {
            source: Source::Plain(Plain::new(Box::new(input), Charset::default(), false)),
            refused: 0,
            told: false,
        };
        let accept = |line: &str| if line == "good" { Ok(4) } else { Err(format!("{line}?")) };
        assert_eq!(keyboard.ask("", accept).unwrap(), Typed::Line(4));
        assert_eq!(keyboard.ask("", accept).unwrap(), Typed::End);
    }
}
