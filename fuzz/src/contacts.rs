//! The contact book: a file that somebody else may have written, and what is added to it.

use std::cell::RefCell;
use std::fs;
use std::path::PathBuf;

use socket_demos::chat::contacts::Contacts;

use super::choices::Choices;
use super::text::is_harmful;

/// The largest file, in bytes.
const MAX_FILE: usize = 1024 * 1024;

/// What is shown of a book commands no terminal; a refusal is one line with its place; and what was added is there when the
/// file is read again, with all that was there before as it was.
pub fn check(bytes: &[u8]) {
    let mut choices = Choices::new(bytes);
    let (name, address) = (choices.text(), choices.text());
    let padding = if choices.byte() == 255 { MAX_FILE - usize::from(choices.byte()) } else { 0 };
    let book = [&b" ".repeat(padding)[..], choices.rest()].concat();
    FILE.with_borrow(|Book(file)| {
        fs::write(file, &book).expect("a file of one's own");
        match Contacts::read(file) {
            Ok(contacts) => takes_one_more(file, &book, contacts, &name, &address),
            Err(why) => assert!(!why.contains(is_harmful) && !why.contains('\n'), "{why:?}"),
        }
    });
}

/// A file for each thread, removed with it.
struct Book(PathBuf);

impl Drop for Book {
    fn drop(&mut self) {
        // What cannot be removed is left to whoever cleans the system's directory of temporary files.
        let _ = fs::remove_file(&self.0);
    }
}

thread_local! {
    static FILE: RefCell<Book> = RefCell::new(Book(std::env::temp_dir().join(format!(
        "socket-demos-book-{}-{:?}",
        std::process::id(),
        std::thread::current().id()
    ))));
}

fn takes_one_more(file: &PathBuf, book: &[u8], mut contacts: Contacts, name: &str, address: &str) {
    let before = contacts.list();
    assert!(!before.contains(is_harmful), "{before:?}");
    assert!(before.lines().count() <= 1000, "more contacts than a book has");
    let added = contacts.add(name, address);
    let after = fs::read(file).expect("the file is still there");
    if added.is_ok() {
        assert!(after.starts_with(book.trim_ascii_end()), "what was there has changed");
        assert!(contacts.find(name).is_some(), "{name}");
    } else {
        assert!(after == book && contacts.list() == before, "refused, and changed");
    }
    let again = Contacts::read(file).unwrap_or_else(|why| panic!("{name:?} at {address:?}: {why}"));
    assert_eq!(again.list(), contacts.list(), "read again");
}
