//! Traces of thousands of calls, or of thousands of programs.

use super::*;
use crate::diagram::datagrams::LOOKED_AT;

const MANY: usize = 5_000;

/// The host of that number on the loopback network, or of all of them together.
fn host(number: usize) -> String {
    format!("127.{}.{}.1:9000", number / 250 + 1, number % 250)
}

/// A datagram that goes from a socket of its own to the server, and what the server got of it.
fn from(number: usize, text: &str) -> Event {
    let local = host(number).parse().ok();
    Event { local, socket: u32::try_from(number).unwrap() + 1, ..udp("client", 0, text) }
}

fn got(number: usize, argument: &str, text: &str) -> Event {
    Event { peer: host(number).parse().ok(), ..call("server", 1, "recvfrom", argument, text) }
}

/// How many datagrams are looked at for one diagram, for each of its calls.
fn looked_at(events: [Vec<Event>; 2]) -> (usize, Diagram) {
    let calls: usize = events.iter().map(Vec::len).sum();
    LOOKED_AT.set(0);
    let diagram = Diagram::of(events.into());
    (LOOKED_AT.get() / calls, diagram)
}

#[test]
fn a_datagram_is_not_looked_for_among_all() {
    let same = || (0..MANY).map(|number| from(number, "hello")).collect::<Vec<_>>();
    let backwards = |argument: &str, text: &str| (0..MANY).rev().map(|n| got(n, argument, text)).collect::<Vec<_>>();
    // The same words from everybody, heard in the opposite order.
    let (each, diagram) = looked_at([same(), backwards("1024", "hello")]);
    assert!(each <= 4, "{each}");
    assert!(diagram.rows.iter().all(|row| !matches!(row, Row::Arrow { line: Line::Lost, .. })));
    // As often again, which are the same once more.
    let twice = [backwards("1024", "hello"), backwards("1024", "hello")].concat();
    let (each, _) = looked_at([same(), twice]);
    assert!(each <= 4, "{each}");
    // Different words from one, of which a small buffer keeps the same few.
    let words = (0..MANY).map(|number| from(0, &format!("hello {number}"))).collect();
    let (each, diagram) = looked_at([words, (0..MANY).map(|_| got(0, "5", "hello")).collect()]);
    assert!(each <= 4, "{each}");
    assert!(diagram.rows.iter().all(|row| !matches!(row, Row::Arrow { line: Line::Lost, .. })));
    // A socket that hears itself has sent none of what waits.
    let own = |event: Event| Event { socket: 1, program: "client".into(), ..event };
    let itself = [same(), (0..MANY).map(|_| own(got(0, "1024", "hello"))).collect()].concat();
    let (each, _) = looked_at([itself, Vec::new()]);
    assert!(each <= 1000, "{each}");
}

#[test]
fn of_thousands_of_programs_the_busiest_are_drawn() {
    let one = |number: usize| Event { program: format!("p{number}"), ..from(number, "hello") };
    let mut events: Vec<Event> = (0..MANY).map(one).collect();
    events.extend((0..MANY / 2).map(|_| one(MANY - 1)));
    let diagram = Diagram::of(vec![events]);
    let names: Vec<_> = diagram.lanes.iter().map(|lane| lane.program.clone()).collect();
    assert!(names.len() == 64 && names[0] == "p0" && names[62] == "p62", "{names:?}");
    assert_eq!(names[63], format!("p{}", MANY - 1), "the busiest, in its place");
    assert_eq!(
        diagram.notes[0],
        "4936 more programs are left out: those with the fewest calls (--only chooses, a picture with -o has room for 64)"
    );
    let (text, picture) = (diagram.text(80, Letters::Box), diagram.svg());
    assert!(text.len() < 1_500_000 && picture.len() < 500_000, "{} {}", text.len(), picture.len());
}

#[test]
fn a_class_and_its_server_are_drawn_whole() {
    let one = |number: usize| Event { program: format!("p{number}"), ..from(number, "hello") };
    let diagram = Diagram::of(vec![(0..64).map(one).collect()]);
    assert_eq!((diagram.lanes.len(), diagram.notes.len()), (64, 0), "{:?}", diagram.notes);
}
