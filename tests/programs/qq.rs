//! `udp-qq-client`: the contact book and the conversations.

use std::fs;
use std::path::{Path, PathBuf};
#[cfg(target_os = "linux")]
use std::process::Command;

use crate::common::exec::Place;
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

/// A book alone in a folder of its own.
fn book_alone(text: &str) -> (Place, String) {
    let place = Place::new();
    let book = place.file("book");
    fs::write(&book, text).unwrap();
    (place, book)
}

/// Who the program has said to be in the book's file.
fn told(err: &str) -> Vec<String> {
    err.lines().filter_map(|line| Some(line.split_once(" is in ")?.0.to_string())).collect()
}

fn beside(place: &Place) -> Vec<String> {
    let names = fs::read_dir(place.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name != "book").collect()
}

#[test]
fn the_book_is_whole_whenever_the_program_is_killed() {
    let (place, book) = book_alone("# my friends\nfirst = \"1\"\n");
    let mut all_told = Vec::new();
    for round in 0..200 {
        let mut client = Running::start(QQ_CLIENT, &["--contacts", &book]);
        let lines: String = (0..50).map(|n| format!("/add r{round}n{n} 127.0.0.1:{}\n", n + 1)).collect();
        client.feeds(lines.as_bytes());
        if round % 4 != 0 {
            client.notes(&format!("r{round}n{} is in", round % 7));
        }
        client.kill();
        all_told.extend(told(&client.err()));
        let contacts = Contacts::read(Path::new(&book)).unwrap_or_else(|why| panic!("round {round}: {why}"));
        assert!(contacts.find("first").is_some(), "round {round}");
        for name in &all_told {
            assert!(contacts.find(name).is_some(), "round {round}: {name} was told");
        }
        // A thousand is the limit, and a shorter book is quicker; the comment at its top has to stay.
        if all_told.len() > 200 {
            assert!(fs::read_to_string(&book).unwrap().starts_with("# my friends\nfirst"));
            fs::write(&book, "# my friends\nfirst = \"1\"\n").unwrap();
            all_told.clear();
        }
    }
    // What the last one had no time to remove, the next one removes.
    let (code, _, err) = common::run(QQ_CLIENT, &["--contacts", &book], "/add last 127.0.0.1:1\n");
    assert_eq!((code, beside(&place)), (Some(0), Vec::new()), "{err}");
}

#[test]
fn eight_programs_that_add_to_one_book_lose_nothing() {
    let (place, book) = book_alone("# ours\n");
    let mut clients: Vec<_> = (0..8).map(|_| Running::start(QQ_CLIENT, &["--contacts", &book])).collect();
    for (number, client) in clients.iter_mut().enumerate() {
        let lines: String = (0..20).map(|n| format!("/add c{number}n{n} 127.0.0.1:{}\n", n + 1)).collect();
        client.feeds(format!("{lines}/list\n").as_bytes());
        client.ends_input();
    }
    let mut all_told = Vec::new();
    for mut client in clients {
        let (status, _, err) = client.ended();
        let own = told(&err);
        // On a machine that is busy enough somebody may wait for too long, and is told so.
        let all = status.success() && own.len() == 20;
        assert!(all || err.contains("another program has kept it"), "{err}");
        all_told.extend(own);
    }
    let mut kept = Contacts::read(Path::new(&book)).unwrap().names();
    all_told.sort();
    kept.sort();
    assert!(all_told.len() > 20 && kept == all_told, "{all_told:?}\n{kept:?}");
    assert_eq!(beside(&place), Vec::<String>::new());
}

#[test]
fn what_another_program_adds_is_seen_at_the_next_addition() {
    let (_place, book) = book_alone("");
    let mut first = Running::start(QQ_CLIENT, &["--contacts", &book]);
    first.types("/add ann 127.0.0.1:1");
    first.notes("ann is in ");
    let (code, _, err) = common::run(QQ_CLIENT, &["--contacts", &book], "/add bob 127.0.0.1:2\n");
    assert_eq!(code, Some(0), "{err}");
    first.types("/add eve 127.0.0.1:3");
    first.types("/list");
    first.notes("2  bob  127.0.0.1:2\n3  eve  127.0.0.1:3\n");
}

#[test]
fn a_command_from_a_pipe_that_fails_ends_the_program_with_1() {
    let (_place, book) = book_alone("ann = \"1\"\n");
    for (line, why) in [("/add ann 127.0.0.1:2", "ann is in the book already"), ("/ad", "the commands are /list")] {
        let (code, _, err) = common::run(QQ_CLIENT, &["--contacts", &book], &format!("{line}\n/add bob 127.0.0.1:1\n"));
        assert!(code == Some(1) && err.contains(why) && !err.contains("bob"), "{line}: {err}");
    }
}

#[cfg(unix)]
#[test]
fn a_book_that_somebody_keeps_locked_hangs_nobody() {
    use rustix::fs::{FlockOperation, flock};
    let (_place, book) = book_alone("ann = \"1\"\n");
    let held = fs::File::open(&book).unwrap();
    flock(&held, FlockOperation::LockExclusive).unwrap();
    let (code, _, err) = common::run(QQ_CLIENT, &["--contacts", &book], "/add bob 127.0.0.1:1\n");
    assert!(code == Some(1) && err.contains("another program has kept it for 5 s; nothing was changed"), "{err}");
    assert_eq!(fs::read_to_string(&book).unwrap(), "ann = \"1\"\n");
}

#[cfg(target_os = "linux")]
#[test]
fn what_has_no_end_is_no_book() {
    let (place, _book) = book_alone("");
    let (pipe, sparse) = (place.file("pipe"), place.file("sparse"));
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    fs::File::create(&sparse).unwrap().set_len(10 << 30).unwrap();
    let folder = place.path().to_str().unwrap();
    for (file, why) in [
        ("/dev/zero", "it is no plain file"),
        (&pipe[..], "it is no plain file"),
        (folder, "it is a directory (EISDIR"),
        (&sparse[..], "larger than 1048576 bytes"),
        ("/proc/kallsyms", "larger than 1048576 bytes"),
    ] {
        let (code, err) = common::failure(QQ_CLIENT, &["--contacts", file]);
        assert!(code == Some(1) && err.contains(&format!("cannot read the contacts {file}: {why}")), "{err}");
    }
}

#[cfg(unix)]
#[test]
fn a_users_book_stays_the_users_when_root_adds_to_it() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
    let (_place, book) = book_alone("ann = \"1\"\n");
    if chown(&book, Some(65_534), Some(65_533)).is_err() {
        return common::not_run("only root can give a file away");
    }
    fs::set_permissions(&book, fs::Permissions::from_mode(0o640)).unwrap();
    let (code, _, err) = common::run(QQ_CLIENT, &["--contacts", &book], "/add bob 127.0.0.1:1\n");
    assert_eq!(code, Some(0), "{err}");
    let now = fs::metadata(&book).unwrap();
    assert_eq!((now.uid(), now.gid(), now.mode() & 0o7777), (65_534, 65_533, 0o640));
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
         printf '/add bob 127.0.0.1:9\\n/list\\nq\\n' | {QQ_CLIENT} --contacts {disk}/book; echo status $?; \
         [ \"$sum\" = \"$(cksum < {disk}/book)\" ] && echo unchanged; ls {disk}"
    );
    let output = Command::new("unshare").args(["-rm", "sh", "-c", &script]).env("SOCKET_DEMOS_LANG", "en").output();
    fs::remove_dir_all(&dir).unwrap();
    let Ok(output) = output else { return common::not_run("unshare is not installed") };
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if err.contains("unshare failed") || err.contains("mount:") {
        return common::not_run(&format!("no right to mount a small disk: {err}"));
    }
    assert!(out.contains("status 1\nunchanged") && !out.contains(".new"), "{out}\n{err}");
    assert!(err.contains("the disk is full (ENOSPC 28); nothing was changed"), "{err}");
    assert!(!err.contains("2  bob"), "{err}");
}
