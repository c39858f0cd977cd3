//! Our programs over UDP.

use crate::common::{Running, Server, TIME_CLIENT, TIME_SERVER, UDP_CLIENT, UDP_SERVER};
use crate::compare::{Strictness, Traces};
use crate::scenes::{Scene, tracing};

/// The time and a chat over networks of every kind.
pub(crate) fn scenes() -> Vec<Scene> {
    let bad: [(&str, &[&str]); 5] = [
        ("a good network", &[]),
        ("loss", &["--loss", "50%"]),
        ("duplicates", &["--duplicate", "100%"]),
        ("reordering", &["--reorder", "100%"]),
        ("all of it", &["--loss", "20%", "--duplicate", "50%", "--reorder", "50%"]),
    ];
    let mut scenes = Vec::new();
    for (name, args) in bad {
        let each_way = |name: String, play: fn(&Traces, &[&str])| Scene {
            name,
            caller: "a client",
            strictness: Strictness::EachWay,
            play: Box::new(move |traces| play(traces, args)),
        };
        scenes.push(each_way(format!("time with {name}"), asks));
        scenes.push(each_way(format!("udp chat with {name}"), chats));
    }
    let (name, caller) = ("time with nobody there".into(), "time-client");
    scenes.push(Scene { name, caller, strictness: Strictness::All, play: Box::new(nobody_there) });
    scenes
}

/// Asks for the time, of a server behind a bad network.
fn asks(traces: &Traces, bad: &[&str]) {
    let [(_, [flag, to]), (_, [_, from])] = tracing(traces);
    let mut server = Server::of_program(TIME_SERVER, &[&[&*flag, &to], bad].concat());
    Running::start(TIME_CLIENT, &[&[&*server.address(), &flag, &from], bad].concat()).ended();
    server.running.signal("INT");
    server.running.ended();
}

/// Both ways at once over a bad network, until one leaves.
fn chats(traces: &Traces, bad: &[&str]) {
    let [(_, [flag, to]), (_, [_, from])] = tracing(traces);
    let mut server = Server::of_program(UDP_SERVER, &[&[&*flag, &to], bad].concat());
    let mut client = Running::start(UDP_CLIENT, &[&[&*server.address(), &flag, &from], bad].concat());
    for number in 0..10 {
        client.types(&format!("line {number}"));
    }
    client.types("q");
    client.ended();
    server.running.signal("INT");
    server.running.ended();
}

/// Asks where a server was that has been ended.
fn nobody_there(traces: &Traces) {
    let [(_, [flag, to]), (_, [_, from])] = tracing(traces);
    let mut server = Server::of_program(TIME_SERVER, &[&flag, &to]);
    server.running.signal("INT");
    server.running.ended();
    Running::start(TIME_CLIENT, &[&server.address(), &flag, &from]).ended();
}
