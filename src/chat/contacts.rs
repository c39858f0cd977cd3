//! The contact book: names and their addresses, in a TOML file or in memory.
//!
//! ```toml
//! 李白 = "127.0.0.1:8080"     # TOML itself would want quotes around hanzi
//! ```
//!
//! What a Chinese input method types is understood too (`written`).
//!
//! A new contact is appended to the file's text, so that comments and order stay, and the file is replaced at once by
//! a complete new one: whoever looks sees the old book or the new one, whatever happens in between. Two programs may
//! have one book: what the other has added is taken in.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use toml::Spanned;

use crate::chat::names;
use crate::net::address::Address;
use crate::text::typed::half_width;
use crate::{errors, file, t, text};

mod written;

/// The book that everybody has without a file: three poets at one address.
const POETS: [&str; 3] = ["李白", "苏轼", "杜甫"];

/// How many contacts a book may have: more than anybody chooses from by number.
const MAX_CONTACTS: usize = 1000;

/// The largest file that is read, in bytes.
const MAX_FILE: u64 = 1024 * 1024;

/// Somebody to talk to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// The name, as for the chat room.
    pub name: String,
    /// Where they are.
    pub address: Address,
}

/// The contacts, in the order of the file.
pub struct Contacts {
    file: Option<PathBuf>,
    all: Vec<Contact>,
}

impl Contacts {
    /// The poets, at the default address.
    pub fn poets() -> Self {
        let all = POETS.map(|name| Contact { name: name.into(), address: Address::default() });
        Self { file: None, all: all.into() }
    }

    /// The book in `file`.
    ///
    /// # Errors
    /// The file cannot be read, or a line of it is wrong: the sentence has the line's number.
    pub fn read(file: &Path) -> Result<Self, String> {
        let shown = text::path(file);
        let text = file::read(file, MAX_FILE).map_err(|error| {
            let why = errors::reason(&error);
            t!("cannot read the contacts {shown}: {why}", "无法读取通讯录 {shown}：{why}")
        })?;
        let all =
            parse(&text).map_err(|(line, why)| t!("{shown}, line {line}: {why}", "{shown} 第 {line} 行：{why}"))?;
        Ok(Self { file: Some(file.to_path_buf()), all })
    }

    /// The contact of this name, or of this number as [`Contacts::list`] shows it.
    pub fn find(&self, typed: &str) -> Option<&Contact> {
        let by_name = self.all.iter().find(|contact| contact.name == typed);
        by_name.or_else(|| self.all.get(half_width(typed).parse::<usize>().ok()?.checked_sub(1)?))
    }

    /// All contacts, one a line, with their numbers.
    pub fn list(&self) -> String {
        let line =
            |(index, contact): (usize, &Contact)| format!("{}  {}  {}", index + 1, contact.name, contact.address);
        self.all.iter().enumerate().map(line).collect::<Vec<_>>().join("\n")
    }

    /// The names alone.
    pub fn names(&self) -> Vec<String> {
        self.all.iter().map(|contact| contact.name.clone()).collect()
    }

    /// Whether all share one address.
    pub fn share_one_address(&self) -> bool {
        self.all.len() > 1 && self.all.iter().all(|contact| contact.address == self.all[0].address)
    }

    /// Does what `/list` or `/add NAME ADDRESS` says, and gives the answer.
    ///
    /// # Errors
    /// A sentence for the person who typed it; then nothing has changed.
    pub fn obey(&mut self, command: &str) -> Result<String, String> {
        let words: Vec<&str> = command.trim_start_matches(['/', '／']).split_whitespace().collect();
        match words[..] {
            ["list"] => Ok(self.list()),
            ["add", name, address] => self.add(name, address),
            _ => Err(t!("the commands are /list and /add NAME ADDRESS", "命令只有 /list 和 /add 名字 地址")),
        }
    }

    /// Adds a contact, in the file too if there is one; says where it is kept.
    ///
    /// # Errors
    /// A sentence for the person who typed it; then nothing has changed.
    pub fn add(&mut self, name: &str, address: &str) -> Result<String, String> {
        names::check(name)?;
        let contact = Contact { name: name.into(), address: address.parse()? };
        if let Some(file) = self.file.clone() {
            return self.keep(&file, contact);
        }
        may_be_added(name, &self.all)?;
        self.all.push(contact);
        Ok(t!(
            "{name} is in the book until the program ends (--contacts FILE keeps it)",
            "{name} 已加入通讯录，程序结束就没有了（用 --contacts 文件 可以保存）"
        ))
    }

    /// Adds a contact to the file. Other programs may have written to it since this one read it: what they have added is in
    /// the book from now on.
    fn keep(&mut self, file: &Path, contact: Contact) -> Result<String, String> {
        let mut all = Vec::new();
        let kept = file::update(file, MAX_FILE, |text| {
            all = parse(&text).map_err(wrong_line)?;
            may_be_added(&contact.name, &all).map_err(NotKept::Refused)?;
            with_line(text, &contact)
        });
        let (name, shown) = (contact.name.clone(), text::path(file));
        match kept {
            Ok(()) => all.push(contact),
            Err(NotKept::Refused(why)) => {
                self.all = all;
                return Err(why);
            }
            Err(NotKept::Failed(error)) => {
                let why = errors::reason(&error);
                return Err(t!(
                    "cannot write {shown}: {why}; nothing was changed",
                    "无法写入 {shown}：{why}；什么都没有改动"
                ));
            }
        }
        self.all = all;
        Ok(t!("{name} is in {shown}", "{name} 已写入 {shown}"))
    }
}

/// The file's text with a contact more.
fn with_line(mut text: String, contact: &Contact) -> Result<String, NotKept> {
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    // As a table of one: not every string that can be a value can be a key.
    let line = BTreeMap::from([(&contact.name, contact.address.to_string())]);
    text += &toml::to_string(&line).map_err(io::Error::other)?;
    // What cannot be read back is not written.
    parse(&text).map_err(wrong_line)?;
    Ok(text)
}

/// Why a contact is not in the book's file.
enum NotKept {
    Refused(String),
    Failed(io::Error),
}

impl From<io::Error> for NotKept {
    fn from(error: io::Error) -> Self {
        Self::Failed(error)
    }
}

fn may_be_added(name: &str, all: &[Contact]) -> Result<(), String> {
    if all.iter().any(|contact| contact.name == name) {
        return Err(t!("{name} is in the book already", "通讯录里已经有 {name}"));
    }
    if all.len() >= MAX_CONTACTS {
        return Err(t!("the book is full ({MAX_CONTACTS} contacts)", "通讯录已满（{MAX_CONTACTS} 人）"));
    }
    Ok(())
}

fn wrong_line((line, why): (usize, String)) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, t!("line {line}: {why}", "第 {line} 行：{why}"))
}

/// The contacts of the file's text, or the number and fault of the first wrong line.
fn parse(text: &str) -> Result<Vec<Contact>, (usize, String)> {
    let text = written::in_toml(text);
    let line_of = |offset: usize| text[..offset.min(text.len())].matches('\n').count() + 1;
    let entries: BTreeMap<Spanned<String>, Spanned<String>> = toml::from_str(&text).map_err(|error| {
        let offset = error.span().map_or(0, |span| span.start);
        (line_of(offset), not_understood(error.message()))
    })?;
    let mut entries: Vec<_> = entries.into_iter().collect();
    entries.sort_by_key(|(name, _)| name.span().start);
    let mut all = Vec::new();
    for (name, address) in entries {
        let here = |why: String| (line_of(name.span().start), why);
        names::check(name.get_ref()).map_err(here)?;
        let address = address.get_ref().parse().map_err(here)?;
        all.push(Contact { name: name.into_inner(), address });
    }
    if all.len() > MAX_CONTACTS {
        return Err((line_of(text.len()), t!("more than {MAX_CONTACTS} contacts", "联系人超过 {MAX_CONTACTS} 个")));
    }
    Ok(all)
}

/// What is wrong with a line: the parser's own words are English, and for people who know TOML.
fn not_understood(message: &str) -> String {
    if message.contains("duplicate key") {
        return t!("this name is in the book twice: leave one of them", "这个名字出现了两次：只留一个");
    }
    t!(
        "not a contact; a line looks like 李白 = \"192.168.1.23:8080\"",
        "看不懂；每行应写成 李白 = \"192.168.1.23:8080\""
    )
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn book(text: &str) -> Result<Vec<(String, String)>, (usize, String)> {
        parse(text).map(|all| all.into_iter().map(|c| (c.name, c.address.to_string())).collect())
    }

    #[test]
    fn a_book_is_read_in_its_order() {
        let all = book("# friends\n\"李白\" = \"127.0.0.1:9001\"\nbob = '[::1]:7' # v6\nann = \"9000\"\n").unwrap();
        let expected = [("李白", "127.0.0.1:9001"), ("bob", "[::1]:7"), ("ann", "127.0.0.1:9000")];
        assert_eq!(all, expected.map(|(name, address)| (name.to_string(), address.to_string())));
        assert_eq!(book(""), Ok(Vec::new()));
    }

    #[test]
    fn a_wrong_line_is_named_by_its_number() {
        let table = [
            ("a = \"1\"\nb = \n", 2),
            ("a = \"1\"\n\nb = 5\n", 3),
            ("a = \"1\"\nb = \"x:y\"\n", 2),
            ("\"a b\" = \"1\"\n", 1),
            ("a = \"1\"\na = \"2\"\n", 2),
            ("a = \"1\"\n[more]\nb = \"2\"\n", 2),
            ("李白 = 1\n", 1),
            ("李白\n", 1),
            ("\n李 白 = \"1\"\n", 2),
        ];
        for (text, line) in table {
            let (found, why) = book(text).unwrap_err();
            assert!(found == line && !why.is_empty(), "{text:?}: line {found}: {why}");
        }
    }

    #[test]
    fn what_a_chinese_input_method_or_notepad_writes_is_read() {
        for text in [
            "李白 = \"127.0.0.1:9001\"\nbob = \"1\"",
            "\u{feff}李白=\"127.0.0.1:9001\"\r\nbob=\"1\"\r\n",
            "“李白” = “127.0.0.1:9001”\n‘bob’ = ‘1’\n",
            "李白 ＝ “127。0。0。1：９００１”  # “诗人”\n# 李白 = 另一个\nbob = '１'",
        ] {
            let expected = [("李白", "127.0.0.1:9001"), ("bob", "127.0.0.1:1")];
            assert_eq!(book(text).unwrap(), expected.map(|(name, at)| (name.to_string(), at.to_string())), "{text}");
        }
        let (line, why) = book("李白 = \"1\"\n“李白” = \"2\"\n").unwrap_err();
        assert!(line == 2 && why.contains("twice"), "{line}: {why}");
        // What TOML understands means what TOML says.
        assert_eq!(book("\"a“b\" = \"1\"\n").unwrap()[0].0, "a“b");
        assert_eq!(Contacts::poets().find("２").unwrap().name, "苏轼");
    }

    #[test]
    fn a_book_in_another_encoding_is_told_how_to_save_it() {
        let file = std::env::temp_dir().join(format!("socket-demos-encoding-{}", std::process::id()));
        for bytes in [&b"\xc0\xee\xb0\xd7 = \"1\"\n"[..], b"\xff\xfea\0=\0"] {
            fs::write(&file, bytes).unwrap();
            let why = Contacts::read(&file).err().unwrap();
            assert!(why.contains("not UTF-8: save it as UTF-8"), "{why}");
        }
        fs::remove_file(&file).unwrap();
    }

    #[test]
    fn contacts_are_found_by_name_and_by_number() {
        let contacts = Contacts::poets();
        assert_eq!(contacts.find("苏轼"), contacts.find("2"));
        assert!(contacts.find("0").is_none() && contacts.find("4").is_none() && contacts.find("王维").is_none());
        assert!(contacts.share_one_address());
    }

    #[test]
    fn two_programs_with_one_book_leave_it_readable() {
        let file = std::env::temp_dir().join(format!("socket-demos-two-{}", std::process::id()));
        fs::write(&file, "ann = \"1\"\n").unwrap();
        let (mut one, mut two) = (Contacts::read(&file).unwrap(), Contacts::read(&file).unwrap());
        one.add("bob", "2").unwrap();
        let why = two.add("bob", "3").unwrap_err();
        assert!(why.contains("bob is in the book already"), "{why}");
        assert_eq!(two.find("bob").unwrap().address.to_string(), "127.0.0.1:2", "it is taken in");
        two.add("eve", "4").unwrap();
        let names = Contacts::read(&file).map(|book| book.names());
        fs::remove_file(&file).unwrap();
        assert_eq!(names, Ok(vec!["ann".into(), "bob".into(), "eve".into()]));
    }

    #[test]
    fn adding_keeps_comments_and_what_was_written_reads_back() {
        let file = std::env::temp_dir().join(format!("socket-demos-contacts-{}", std::process::id()));
        fs::write(&file, "# mine\nbob = \"9000\"").unwrap();
        let mut contacts = Contacts::read(&file).unwrap();
        contacts.add("\"quoted\"\\", "127.0.0.1:7").unwrap();
        contacts.add("李白", "[::1]:8").unwrap();
        contacts.add("\"a''b\"", "127.0.0.1:9").unwrap();
        for (name, address) in [("bob", "1"), ("a b", "1"), ("new", "x:")] {
            assert!(contacts.add(name, address).is_err(), "{name}");
        }
        let full = format!("{}bob = \"9000\"\n", " ".repeat(MAX_FILE as usize - 20));
        let book = fs::read_to_string(&file).unwrap();
        fs::write(&file, &full).unwrap();
        assert!(contacts.add("王维", "1").is_err(), "the file would be too large to be read again");
        assert_eq!(fs::read_to_string(&file).unwrap(), full);
        fs::write(&file, book).unwrap();
        assert!(fs::read_to_string(&file).unwrap().starts_with("# mine\nbob = \"9000\"\n"));
        assert_eq!(Contacts::read(&file).unwrap().all, contacts.all);
        fs::remove_file(&file).unwrap();
    }
}
