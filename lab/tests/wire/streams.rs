//! Our programs over TCP, ended in every way.

use std::path::{Path, PathBuf};
use std::process::Command;

use socket_demos::exec::frames::kind;
use socket_demos::net::event::Call;

use crate::common::exec::{Classic, Exec, Place, TCP};
use crate::common::{CLIENT, Running, SERVER, Server, eventually};
use crate::compare::{Strictness, Traces, events_in, has_closed};
use crate::scenes::{Scene, tracing};

/// How a conversation ends.
#[derive(Clone, Copy, Debug)]
enum Ending {
    /// By itself.
    None,
    Types(&'static str),
    InputEnds,
    Signal(&'static str),
    /// Something has come that it has not read when the signal does.
    UnreadAndSignal(&'static str),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Client,
    Server,
}

/// Every way to end, for both ends.
const ENDINGS: [(End, Ending); 12] = [
    (End::Client, Ending::Types("q")),
    (End::Client, Ending::InputEnds),
    (End::Client, Ending::Signal("INT")),
    (End::Client, Ending::Signal("TERM")),
    (End::Client, Ending::Signal("KILL")),
    (End::Client, Ending::UnreadAndSignal("KILL")),
    (End::Client, Ending::UnreadAndSignal("INT")),
    (End::Server, Ending::Types("q")),
    (End::Server, Ending::Signal("INT")),
    (End::Server, Ending::Signal("KILL")),
    (End::Server, Ending::UnreadAndSignal("KILL")),
    (End::Server, Ending::UnreadAndSignal("INT")),
];

/// A server and a client that talk.
struct Pair {
    server: Running,
    client: Running,
    server_file: PathBuf,
    client_file: PathBuf,
    /// What the client asks while the server does not read.
    question: &'static str,
    /// What the client asks for what comes while it does not read.
    wish: Option<&'static str>,
    /// Makes the server say something.
    news: Box<dyn Fn(&mut Running)>,
    /// What goes with the pair.
    _place: Option<Place>,
}

impl Pair {
    fn end(mut self, who: End, how: Ending) {
        match how {
            Ending::None => {}
            Ending::Types(words) => {
                // The textbook's server looks at its keyboard once there is something to answer.
                if let (End::Server, Some(wish)) = (who, self.wish) {
                    self.client.types(wish);
                    self.server.says(wish);
                }
                self.one(who).types(words);
            }
            Ending::InputEnds => self.one(who).ends_input(),
            Ending::Signal(name) => self.one(who).signal(name),
            Ending::UnreadAndSignal(name) => {
                self.leave_unread(who);
                self.one(who).signal(name);
                if name != "KILL" {
                    self.one(who).signal("CONT");
                }
            }
        }
        match who {
            End::Client => self.client_has_gone(),
            End::Server => self.server_has_gone(),
        }
    }

    fn one(&mut self, who: End) -> &mut Running {
        if who == End::Client { &mut self.client } else { &mut self.server }
    }

    /// Stops one end, and has the other one send something.
    fn leave_unread(&mut self, who: End) {
        if let (End::Client, Some(wish)) = (who, self.wish) {
            let before = sends(&self.client_file);
            self.client.types(wish);
            eventually(true, || sends(&self.client_file) > before);
        }
        self.one(who).signal("STOP");
        let pid = self.one(who).pid();
        eventually(true, || is_stopped(pid));
        let file = if who == End::Client { self.server_file.clone() } else { self.client_file.clone() };
        let before = sends(&file);
        match who {
            End::Client => (self.news)(&mut self.server),
            End::Server => self.client.types(self.question),
        }
        eventually(true, || sends(&file) > before);
    }

    /// The server notices, and is ended.
    fn client_has_gone(&mut self) {
        // Where Ctrl-C has ended a command only.
        self.client.ends_input();
        self.client.ended();
        eventually(true, || has_closed(&self.server_file, 1) || self.server.has_ended());
        if !self.server.has_ended() {
            self.server.signal("INT");
        }
        self.server.ended();
    }

    /// The client notices, or is made to.
    fn server_has_gone(&mut self) {
        self.server.ended();
        if !self.client.has_ended() {
            self.client.feeds(b"is anybody there?\n");
            self.client.ends_input();
        }
        self.client.ended();
    }
}

/// Whether every thread of a process stands still.
fn is_stopped(pid: u32) -> bool {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let state = |thread: std::fs::DirEntry| std::fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
    threads.flatten().all(|thread| state(thread).rsplit(')').next().is_some_and(|rest| rest.starts_with(" T")))
}

fn sends(file: &Path) -> usize {
    // The last line may be half written.
    events_in(file).iter().filter(|event| event.call == Call::Send).count()
}

/// A server and a client that have begun to talk.
type Start = fn(&Traces) -> Pair;

/// Every way to use a connection, ended in every way.
pub(crate) fn scenes() -> Vec<Scene> {
    let ways: [(&str, Start); 4] =
        [("chat room", room), ("chat classic", classic), ("exec", exec), ("exec classic", exec_classic)];
    let mut scenes: Vec<Scene> = Vec::new();
    for (name, start) in ways {
        // The servers of commands have no keyboard.
        let has = |(who, how): &(End, Ending)| {
            !(name.starts_with("exec") && *who == End::Server && matches!(how, Ending::Types(_)))
        };
        scenes.extend(
            ENDINGS
                .into_iter()
                .filter(has)
                .map(|(who, how)| scene(format!("{name}: {who:?} {how:?}"), start, who, how)),
        );
    }
    scenes.push(scene("chat once".into(), once, End::Client, Ending::None));
    scenes.push(scene("exec one command".into(), exec_one, End::Client, Ending::None));
    scenes
}

fn scene(name: String, start: Start, who: End, how: Ending) -> Scene {
    let play = Box::new(move |traces: &Traces| start(traces).end(who, how));
    Scene { name, caller: "a client", strictness: Strictness::All, play }
}

/// A chat server and its client.
fn chat(traces: &Traces, server_args: &[&str], client_args: &[&str]) -> Pair {
    let [(server_file, [flag, to]), (client_file, [_, from])] = tracing(traces);
    let server = Server::of_program(SERVER, &[&[&*flag, &to], server_args].concat());
    let client = Running::start(CLIENT, &[&[&*server.address(), &flag, &from], client_args].concat());
    let news = Box::new(|server: &mut Running| server.types("news"));
    let server = server.running;
    Pair { server, client, server_file, client_file, question: "question", wish: None, news, _place: None }
}

fn room(traces: &Traces) -> Pair {
    let mut pair = chat(traces, &[], &["--name", "ann"]);
    pair.client.says("welcome, ann");
    pair.client.types("hi");
    pair.server.says("[ann] hi");
    pair
}

fn classic(traces: &Traces) -> Pair {
    let mut pair = chat(traces, &["--classic"], &["--classic"]);
    pair.client.types("one");
    pair.server.says("one");
    pair.server.types("two");
    pair.client.says("two");
    Pair { wish: Some("three"), ..pair }
}

fn once(traces: &Traces) -> Pair {
    let mut pair = chat(traces, &["--once"], &["--once"]);
    pair.client.types("one");
    pair.server.says("one");
    pair.server.types("two");
    pair
}

/// Says `late` once the file `go` is there.
const WISH: &str = "until [ -e go ]; do :; done; echo late";

/// A server of commands, and a client that has its key.
fn exec_with(traces: &Traces, args: &[&str]) -> Pair {
    let [(server_file, [flag, to]), (client_file, [_, from])] = tracing(traces);
    let exec = Exec::start(TCP, &[&flag, &to]);
    let client = exec.client(&[&[&*flag, &from], args].concat());
    let Exec { server, place, .. } = exec;
    commanded(server, client, [server_file, client_file], place)
}

fn commanded(server: Server, client: Running, [server_file, client_file]: [PathBuf; 2], place: Place) -> Pair {
    let go = place.file("go");
    let news = Box::new(move |_: &mut Running| std::fs::write(&go, "").unwrap());
    let (server, question, wish) = (server.running, "echo more", Some(WISH));
    Pair { server, client, server_file, client_file, question, wish, news, _place: Some(place) }
}

fn exec(traces: &Traces) -> Pair {
    let mut pair = exec_with(traces, &[]);
    pair.client.types("echo hi");
    pair.client.says("hi");
    // Before that no other command is sent.
    eventually(true, || has_told_outcome(&pair.server_file));
    pair
}

/// Whether the last frame that a server has sent is how a command ended: four bytes of length, then its kind.
fn has_told_outcome(file: &Path) -> bool {
    let events = events_in(file);
    let sent = events.iter().rev().find(|event| event.call == Call::Send).and_then(|event| event.data.as_ref());
    sent.is_some_and(|data| data.hex.get(8..10) == Some(&format!("{:02x}", kind::OUTCOME)))
}

fn exec_one(traces: &Traces) -> Pair {
    exec_with(traces, &["-c", "echo hi"])
}

fn exec_classic(traces: &Traces) -> Pair {
    let [(server_file, [flag, to]), (client_file, [_, from])] = tracing(traces);
    let Classic { server, place, code } = Classic::start(TCP, &[&flag, &to]);
    let mut client = Command::new(TCP.client);
    client.args([&*server.address(), "--classic", &flag, &from]).env("LC_ALL", "C.UTF-8");
    let mut pair = commanded(server, Running::spawn(client), [server_file, client_file], place);
    pair.client.types(&code);
    pair.client.types("echo hi");
    pair.client.says("hi");
    pair
}
