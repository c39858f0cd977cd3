//! Whether a line is a whole command for a shell of Unix.
//!
//! A client sends each line of a script as a command of its own, and a shell of its own runs it. The lines of a
//! here-document, a function or a loop would be run one by one, each as a command: `rm precious` too. So a script stops
//! before the first line that goes on in the next. A shell could tell by its grammar; this one knows quotes, blocks and
//! operators (POSIX.1, Shell Command Language, 2.3 to 2.10, and a little of bash). Where it is not sure, the line counts as not
//! whole.

use std::str::Chars;

/// How deep `$(…)` and the like may stand in each other. Deeper ones are not read.
const MAX_DEPTH: u32 = 40;

/// Whether nothing of `command` goes on in another line. What was pasted has its lines with it, and is taken as it is.
pub fn is_whole(command: &str) -> bool {
    command.contains('\n') || scan(command, 0).is_some()
}

/// `None`: it is not whole, or who knows.
type Whole = Option<()>;

fn scan(text: &str, depth: u32) -> Whole {
    Scanner { rest: text.chars(), depth }.list(End::OfText)
}

/// What has been opened and not closed.
#[derive(Clone, Copy, PartialEq)]
enum Block {
    /// `(`
    Paren,
    /// `{`
    Brace,
    /// `if`
    If,
    /// `for`, `select`, `while`, `until`
    Loop,
    /// `case` up to its `in`
    Subject,
    /// In front of a pattern's `)`
    Pattern,
    /// Behind it
    Body,
}

/// Where a list of commands ends.
#[derive(Clone, Copy, PartialEq)]
enum End {
    OfText,
    /// At the `)` of a `$(`.
    Paren,
}

/// What has been read of a list of commands.
struct List {
    open: Vec<Block>,
    /// The word that is being read; a quoted one is no keyword.
    word: Option<String>,
    /// Whether a keyword may come.
    first: bool,
    /// Whether the last operator (`|`, `&&`, `||`, `f()`) has yet to get its command.
    owed: bool,
    /// Whether the name of a `function` comes.
    named: bool,
}

impl List {
    fn new() -> Self {
        Self { open: Vec::new(), word: None, first: true, owed: false, named: false }
    }

    fn closes(&mut self, block: Block) -> Whole {
        (self.open.pop()? == block).then_some(())
    }

    fn is_in(&self, block: Block) -> Whole {
        (self.open.last() == Some(&block)).then_some(())
    }

    /// A character of a word.
    fn push(&mut self, char: char) {
        self.word.get_or_insert_default().push(char);
    }

    /// Something quoted: no keyword has such a character.
    fn push_quoted(&mut self) {
        self.push('\'');
    }

    fn end_of_word(&mut self) -> Whole {
        let Some(word) = self.word.take() else { return Some(()) };
        self.owed = false;
        match self.open.last() {
            Some(Block::Subject) if word == "in" => self.turns_into(Block::Pattern),
            Some(Block::Pattern) if word == "esac" => self.closes(Block::Pattern),
            Some(Block::Subject | Block::Pattern) => Some(()),
            _ if self.named => {
                (self.named, self.first, self.owed) = (false, true, true);
                Some(())
            }
            _ if self.first => self.first_word(&word),
            _ => Some(()),
        }
    }

    fn turns_into(&mut self, block: Block) -> Whole {
        *self.open.last_mut()? = block;
        self.first = true;
        Some(())
    }

    fn first_word(&mut self, word: &str) -> Whole {
        self.first = !matches!(word, "for" | "select" | "case" | "function");
        match word {
            "if" => self.open.push(Block::If),
            "for" | "select" | "while" | "until" => self.open.push(Block::Loop),
            "case" => self.open.push(Block::Subject),
            "{" => self.open.push(Block::Brace),
            "then" | "elif" | "else" => self.is_in(Block::If)?,
            "do" => self.is_in(Block::Loop)?,
            "fi" => self.closes(Block::If)?,
            "done" => self.closes(Block::Loop)?,
            "esac" => self.closes(Block::Body)?,
            "}" => self.closes(Block::Brace)?,
            "function" => self.named = true,
            "!" | "time" | "coproc" => {}
            _ => self.first = false,
        }
        Some(())
    }

    /// Whether a `)` ends it.
    fn ends_here(&mut self) -> Option<bool> {
        self.end_of_word()?;
        Some(self.open.is_empty() && !self.owed)
    }

    /// An operator after which a command has to come.
    fn owes(&mut self) {
        (self.first, self.owed) = (true, true);
    }
}

struct Scanner<'a> {
    rest: Chars<'a>,
    depth: u32,
}

impl Scanner<'_> {
    /// Whether the next character is one of `chars`, which is taken then.
    fn takes(&mut self, chars: &str) -> bool {
        let next = self.rest.clone().next().is_some_and(|next| chars.contains(next));
        next && self.rest.next().is_some()
    }

    fn list(&mut self, end: End) -> Whole {
        self.depth += 1;
        let mut list = List::new();
        while self.depth <= MAX_DEPTH {
            let Some(char) = self.rest.next() else {
                list.end_of_word()?;
                return (end == End::OfText && list.open.is_empty() && !list.owed).then_some(());
            };
            match char {
                ' ' | '\t' => list.end_of_word()?,
                '#' if list.word.is_none() => self.rest = "".chars(),
                ')' if end == End::Paren && list.ends_here()? => {
                    self.depth -= 1;
                    return Some(());
                }
                ';' | '&' | '|' | '(' | ')' | '<' | '>' => {
                    list.end_of_word()?;
                    self.operator(char, &mut list)?;
                }
                char => self.of_word(char, &mut list)?,
            }
        }
        None
    }

    fn operator(&mut self, char: char, list: &mut List) -> Whole {
        let in_pattern = list.is_in(Block::Pattern).is_some();
        match char {
            ';' if self.takes(";&") && list.is_in(Block::Body).is_some() => {
                self.takes("&");
                list.turns_into(Block::Pattern)?;
            }
            '|' | '(' if in_pattern => {}
            ')' if in_pattern => list.turns_into(Block::Body)?,
            '&' if self.takes("&") => list.owes(),
            ';' | '&' => list.first = true,
            '|' => {
                self.takes("|&");
                list.owes();
            }
            '(' => self.opens(list),
            ')' if list.owed => return None,
            ')' => {
                list.closes(Block::Paren)?;
                list.first = true;
            }
            _ => {
                self.redirection(char)?;
                list.first = false;
            }
        }
        Some(())
    }

    /// `(`, or the `()` of a function, whose body may be in the next line.
    fn opens(&mut self, list: &mut List) {
        let after = self.rest.as_str().trim_start_matches([' ', '\t']);
        if let Some(body) = after.strip_prefix(')') {
            self.rest = body.chars();
            list.owes();
        } else {
            list.open.push(Block::Paren);
            list.first = true;
        }
    }

    /// A here-document has its text in the next lines; a `<<<` has it here.
    fn redirection(&mut self, char: char) -> Whole {
        if char == '<' && self.takes("<") {
            return self.takes("<").then_some(());
        }
        self.takes(">|&");
        Some(())
    }

    fn of_word(&mut self, char: char, list: &mut List) -> Whole {
        match char {
            '\\' => {
                self.rest.next()?;
                list.push_quoted();
            }
            '\'' | '"' | '`' => {
                self.quoted(char)?;
                list.push_quoted();
            }
            '$' if self.takes("'") => {
                self.ansi_quoted()?;
                list.push_quoted();
            }
            '$' => {
                self.expansion()?;
                list.push_quoted();
            }
            char => list.push(char),
        }
        Some(())
    }

    /// What is quoted, up to the other quote.
    fn quoted(&mut self, quote: char) -> Whole {
        match quote {
            '\'' => self.rest.find(|char| *char == '\'').map(drop),
            '"' => self.until('"'),
            _ => self.backquoted(),
        }
    }

    /// `$'…'`: whether `\'` ends it depends on the shell.
    fn ansi_quoted(&mut self) -> Whole {
        let (quoted, rest) = self.rest.as_str().split_once('\'')?;
        self.rest = rest.chars();
        (!quoted.ends_with('\\')).then_some(())
    }

    /// Up to the `"` or `}`.
    fn until(&mut self, end: char) -> Whole {
        loop {
            match self.rest.next()? {
                char if char == end => return Some(()),
                '\\' => drop(self.rest.next()?),
                '$' => self.expansion()?,
                '`' => self.backquoted()?,
                quote @ ('\'' | '"') if end == '}' => self.quoted(quote)?,
                _ => {}
            }
        }
    }

    /// What stands behind a `$`.
    fn expansion(&mut self) -> Whole {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        if self.rest.as_str().starts_with("((") {
            self.rest.nth(1);
            self.arithmetic()?;
        } else if self.takes("(") {
            self.list(End::Paren)?;
        } else if self.takes("{") {
            self.until('}')?;
        } else {
            self.takes("#");
        }
        self.depth -= 1;
        Some(())
    }

    /// `$((…))`, where `<<` moves bits.
    fn arithmetic(&mut self) -> Whole {
        let mut open = 2;
        while open > 1 {
            match self.rest.next()? {
                '(' => open += 1,
                ')' => open -= 1,
                '$' => self.expansion()?,
                '\'' | '"' | '`' | '\\' => return None,
                _ => {}
            }
        }
        self.takes(")").then_some(())
    }

    /// The command in back-ticks is written with a backslash before some characters.
    fn backquoted(&mut self) -> Whole {
        let mut command = String::new();
        loop {
            match self.rest.next()? {
                '`' => return scan(&command, self.depth),
                '\\' => match self.rest.next()? {
                    char @ ('`' | '\\' | '$') => command.push(char),
                    char => command.extend(['\\', char]),
                },
                char => command.push(char),
            }
        }
    }
}

#[cfg(test)]
mod tests;
