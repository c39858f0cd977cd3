//! `udp-qq-client`: the contact book and the conversations.

use std::fs;
use std::path::PathBuf;

use crate::common::textbook::{Datagram, nobody};
use crate::common::{self, QQ_CLIENT, QQ_SERVER, Running, Server, wine};
use socket_demos::chat::contacts::Contacts;

/// A contact file of its own for each test, removed at the end.
struct Book(PathBuf);

impl Book {
    fn with(name: &str, text: &str) -> Self {
        let file = std::env::temp_dir().join(format!("socket-demos-{name}-{}.toml", std::process::id()));
        fs::write(&file, text).unwrap();
        Self(file)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Book {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[test]
fn two_conversations_go_on_at_once() {
    let (li, su) = (Datagram::bind(), Datagram::bind());
    let book = Book::with("two", &format!("\"李白\" = \"{}\"\n\"苏轼\" = \"{}\"\n", li.address(), su.address()));
    let mut client = Running::start(QQ_CLIENT, &["--contacts", book.path()]);
    client.notes(&format!("1  李白  {}\n2  苏轼  {}\n", li.address(), su.address()));
    client.types(" ");
    client.notes("type a name or a number");
    client.types("王维");
    client.notes("nobody in the book has that name");
    client.types("李白");
    client.types("举杯邀明月");
    let (words, client_of_li) = li.recv();
    assert_eq!(words, "举杯邀明月");
    client.types("q");
    client.types("2");
    client.types("大江东去");
    let (words, client_of_su) = su.recv();
    assert_eq!(words, "大江东去");
    assert_ne!(client_of_li, client_of_su, "each conversation has its own socket");
    li.send("对影成三人", client_of_li);
    client.says("[李白] 对影成三人\n");
    su.send("浪淘尽", client_of_su);
    client.says("[苏轼] 浪淘尽\n");
    li.send("a stranger to this conversation", client_of_su);
    client.types("q");
    client.types("1");
    client.types("还在吗");
    assert_eq!(li.recv(), ("还在吗".into(), client_of_li), "the conversation goes on where it was");
    client.types("");
    client.notes("nothing was typed, so nothing was sent");
    client.types("//q");
    assert_eq!(li.recv().0, "q");
    client.types("q");
    client.types("q");
    assert_eq!(client.ended_well(), "[李白] 对影成三人\n[苏轼] 浪淘尽\n");
}

#[test]
fn the_poets_are_there_without_a_file_and_share_one_address() {
    let mut client = Running::start(QQ_CLIENT, &[]);
    client.notes("1  李白  127.0.0.1:8080\n2  苏轼  127.0.0.1:8080\n3  杜甫  127.0.0.1:8080\n");
    client.notes("they share one address");
    client.types("/add 王维 127.0.0.1:9");
    client.notes("王维 is in the book until the program ends");
    client.types("/list");
    client.notes("4  王维  127.0.0.1:9");
    client.types("q");
    client.ended_well();
}

#[test]
fn it_talks_to_our_server_and_classic_to_a_textbooks() {
    let mut server = Server::of_program(QQ_SERVER, &[]);
    let book = Book::with("ours", &format!("bob = \"{}\"\n", server.address));
    let mut client = Running::start(QQ_CLIENT, &["--contacts", book.path()]);
    client.types("bob");
    client.types("hello");
    server.running.says(": hello\n");
    server.running.types("hi");
    client.says("[bob] hi\n");

    let textbook = Datagram::bind();
    let book = Book::with("classic", &format!("bob = \"{}\"\n", textbook.address()));
    let mut client = Running::start(QQ_CLIENT, &["--classic", "--contacts", book.path()]);
    client.types("bob");
    client.types("你好");
    let (words, from) = textbook.recv();
    assert_eq!(words, "你好");
    textbook.send("再见", from);
    client.says(&format!("{}: 再见\n", textbook.address()));
    client.types("q");
    client.types("q");
    client.ended_well();
}

#[test]
fn a_contact_that_is_not_there_is_said_so() {
    if wine() {
        common::not_run("Wine does not tell of a refused datagram as Windows does");
        return;
    }
    let nobody = nobody();
    let book = Book::with("nobody", &format!("ghost = \"{nobody}\"\n"));
    let mut client = Running::start(QQ_CLIENT, &["--contacts", book.path()]);
    client.types("ghost");
    client.types("boo");
    client.notes("ghost is not there (");
}

#[test]
fn a_wrong_line_is_named_by_its_number() {
    for (text, complaint) in [
        ("a = \"1\"\nb = \n", "line 2: "),
        ("a = \"1\"\n\n\"x y\" = \"1\"\n", "line 3: a name has no spaces"),
        ("a = \"1:2:3\"\n", "line 1: "),
    ] {
        let book = Book::with("wrong", text);
        let (code, out, err) = common::run(QQ_CLIENT, &["--contacts", book.path()], "");
        assert_eq!((code, out.as_str(), err.lines().count()), (Some(1), "", 1), "{err}");
        assert!(err.contains(complaint), "{err}");
    }
    let (code, _, err) = common::run(QQ_CLIENT, &["--contacts", "no-such-file.toml"], "");
    assert!(code == Some(1) && err.contains("cannot read the contacts no-such-file.toml"), "{err}");
}

#[test]
fn the_book_is_whole_whenever_the_program_is_killed() {
    let book = Book::with("killed", "# my friends\nfirst = \"1\"\n");
    let mut added = 1;
    for round in 0..100 {
        let mut client = Running::start(QQ_CLIENT, &["--contacts", book.path()]);
        let lines: String = (0..50).map(|n| format!("/add r{round}n{n} 127.0.0.1:{}\n", n + 1)).collect();
        client.feeds(lines.as_bytes());
        if round % 4 != 0 {
            client.notes(&format!("r{round}n{} is in", round % 7));
        }
        client.kill();
        let contacts = Contacts::read(&book.0).unwrap_or_else(|why| panic!("round {round}: {why}"));
        let now = contacts.list().lines().count();
        assert!(now >= added && contacts.find("first").is_some(), "round {round}: {added} became {now}");
        added = now;
        // A thousand is the limit, and a shorter book is quicker; the comment at its top has to stay.
        if added > 200 {
            assert!(fs::read_to_string(&book.0).unwrap().starts_with("# my friends\nfirst"));
            fs::write(&book.0, "# my friends\nfirst = \"1\"\n").unwrap();
            added = 1;
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_book_is_whole_on_a_full_disk() {
    let dir = std::env::temp_dir().join(format!("socket-demos-full-{}", std::process::id()));
    fs::create_dir_all(&dir).unwrap();
    let disk = dir.display();
    // Two pages: the book takes one and a bit, so its successor does not fit beside it.
    let script = format!(
        "mount -t tmpfs -o size=12k tmpfs {disk} && yes '# comment' | head -c 5000 > {disk}/book && \
         echo 'a = \"1\"' > {disk}/end && cat {disk}/end >> {disk}/book && rm {disk}/end && cp {disk}/book {disk}/copy; \
         rm -f {disk}/copy; head -c 4096 /dev/zero > {disk}/fill; sum=$(cksum < {disk}/book); \
         printf '/add bob 127.0.0.1:9\\n/list\\nq\\n' | {QQ_CLIENT} --contacts {disk}/book; \
         [ \"$sum\" = \"$(cksum < {disk}/book)\" ] && echo unchanged; ls {disk}"
    );
    let output = std::process::Command::new("unshare")
        .args(["-rm", "sh", "-c", &script])
        .env("SOCKET_DEMOS_LANG", "en")
        .output();
    fs::remove_dir_all(&dir).unwrap();
    let Ok(output) = output else { return common::not_run("unshare is not installed") };
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if err.contains("unshare failed") || err.contains("mount:") {
        return common::not_run(&format!("no right to mount a small disk: {err}"));
    }
    assert!(out.contains("unchanged") && !out.contains(".new"), "{out}\n{err}");
    assert!(err.contains("the disk is full (ENOSPC 28); nothing was changed"), "{err}");
    assert!(!err.contains("2  bob"), "{err}");
}
