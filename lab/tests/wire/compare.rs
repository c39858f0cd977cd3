//! What was captured and what is drawn, in the same words.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use socket_demos::net::event::{Event, Outcome};
use socket_lab::capture::{Capture, Content, Packet, Segment};
use socket_lab::diagram::{self, Diagram, What};

use crate::common::eventually;

/// Everything that went over this network since the last time it was asked.
pub(crate) struct Recorded {
    packets: Arc<Mutex<Vec<Packet>>>,
    /// A socket that sends to itself: when that has been captured, so has everything before it.
    mark: UdpSocket,
}

impl Recorded {
    pub(crate) fn start() -> Self {
        let capture = Capture::start().unwrap();
        let packets = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&packets);
        thread::spawn(move || {
            loop {
                if let Some(packet) = capture.next(Duration::from_secs(60)).unwrap() {
                    kept.lock().unwrap().push(packet);
                }
            }
        });
        Self { packets, mark: UdpSocket::bind("127.0.0.1:0").unwrap() }
    }

    pub(crate) fn take(&self) -> Vec<Packet> {
        let own = self.mark.local_addr().unwrap();
        self.mark.send_to(b"so far", own).unwrap();
        self.mark.recv(&mut [0; 16]).unwrap();
        eventually(true, || self.packets.lock().unwrap().iter().any(|packet| packet.from == own));
        let mut packets = std::mem::take(&mut *self.packets.lock().unwrap());
        // What a socket sends to itself goes from no lane to another: the mark, and how the lab tries whether there is a loopback.
        packets.retain(|packet| packet.from != packet.to);
        packets
    }
}

/// A folder for one run's traces, which are gone with it.
pub(crate) struct Traces(PathBuf);

impl Traces {
    pub(crate) fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("socket-demos-wire-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    /// Where `program` is to write its own.
    pub(crate) fn file(&self, program: &str) -> PathBuf {
        self.0.join(format!("{program}.jsonl"))
    }

    fn all(&self) -> Vec<Vec<Event>> {
        let mut files: Vec<_> = std::fs::read_dir(&self.0).unwrap().map(|file| file.unwrap().path()).collect();
        files.sort();
        files.iter().map(|file| events_in(file)).collect()
    }
}

impl Drop for Traces {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// How much must be the same.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Strictness {
    /// Everything, in one order.
    All,
    /// Everything but ICMP, in each direction for itself: what crosses on its way has no order, and whether somebody who is
    /// just leaving still has his port is a race.
    EachWay,
}

/// Something that went from one program to another.
#[derive(Clone, Debug, PartialEq)]
struct Line {
    from: String,
    what: String,
    to: String,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{} {} {}", self.from, self.what, self.to))
    }
}

fn sorted(mut lines: Vec<Line>, strictness: Strictness) -> Vec<Line> {
    if strictness == Strictness::EachWay {
        lines.retain(|line| line.what != word(What::PortUnreachable));
        lines.sort_by(|one, other| one.from.cmp(&other.from));
    }
    lines
}

/// How the picture of these traces differs from what was captured; nothing where it does not.
pub(crate) fn difference(traces: &Traces, packets: &[Packet], caller: &str, strictness: Strictness) -> Option<String> {
    let files = traces.all();
    let captured = sorted(captured(packets, &names(&files, caller)), strictness);
    let diagram = Diagram::of(files);
    let name = |lane: usize| one_of_both(&diagram.lanes[lane].program).to_string();
    let passed = diagram.passed.iter().filter(|passed| passed.what != What::Ack);
    let drawn = passed.map(|passed| Line { from: name(passed.from), what: word(passed.what), to: name(passed.to) });
    let drawn = sorted(drawn.collect(), strictness);
    (captured != drawn).then(|| {
        let text = diagram.text(100, diagram::Letters::Box);
        format!("captured, and drawn:\n{}{text}", side_by_side(&captured, &drawn))
    })
}

/// On the wire the child that has the client's socket is the client.
fn one_of_both(program: &str) -> &str {
    if program == "child" { "client" } else { program }
}

fn side_by_side(captured: &[Line], drawn: &[Line]) -> String {
    let length = drawn.len().max(captured.len());
    let both = (0..length).map(|index| {
        let at = |lines: &[Line]| lines.get(index).map(ToString::to_string).unwrap_or_default();
        let (captured, drawn) = (at(captured), at(drawn));
        let sign = if captured == drawn { ' ' } else { '!' };
        format!("{sign} {captured:<50} {drawn}\n")
    });
    both.filter(|line| length < 60 || line.starts_with('!')).take(60).collect()
}

fn word(what: What) -> String {
    match what {
        What::Syn => "SYN".into(),
        What::SynAck => "SYN, ACK".into(),
        What::Ack => "ACK".into(),
        What::Fin => "FIN".into(),
        What::Rst => "RST".into(),
        What::Datagram(length) => format!("datagram of {length}"),
        What::PortUnreachable => "port unreachable".into(),
    }
}

/// The lane of a program with the address of each of its sockets.
struct Names<'a> {
    known: HashMap<SocketAddr, &'a str>,
    /// Whoever has an address that no call tells: a `connect` that was refused, say.
    caller: &'a str,
}

fn names<'a>(files: &'a [Vec<Event>], caller: &'a str) -> Names<'a> {
    let name = |event: &'a Event| Some((event.local?, one_of_both(&event.program)));
    Names { known: files.iter().flatten().filter_map(name).collect(), caller }
}

impl Names<'_> {
    fn of(&self, address: SocketAddr) -> &str {
        let unspecified = SocketAddr::from(([0, 0, 0, 0], address.port()));
        self.known.get(&address).or_else(|| self.known.get(&unspecified)).unwrap_or(&self.caller)
    }
}

/// What was captured, but for what was sent again because its acknowledgement was late.
fn captured(packets: &[Packet], names: &Names<'_>) -> Vec<Line> {
    let mut once = HashSet::new();
    let told = packets.iter().filter_map(|Packet { from, to, content }| {
        let what = match content {
            Content::Segment(Segment { syn: true, ack: false, .. }) => What::Syn,
            Content::Segment(Segment { syn: true, .. }) => What::SynAck,
            Content::Segment(Segment { rst: true, .. }) => What::Rst,
            Content::Segment(Segment { fin: true, .. }) => What::Fin,
            Content::Segment(_) => return None,
            Content::Datagram(length) => What::Datagram(*length as u64),
            Content::PortUnreachable => What::PortUnreachable,
            Content::Other => panic!("{from} {to}: what is that?"),
        };
        let is_first = !matches!(what, What::Syn | What::SynAck | What::Fin) || once.insert((*from, *to, word(what)));
        is_first.then(|| Line { from: names.of(*from).into(), what: word(what), to: names.of(*to).into() })
    });
    told.collect()
}

/// Whether a program's trace says that it has closed what `accept` gave it, so often.
pub(crate) fn has_closed(file: &Path, connections: usize) -> bool {
    let events = events_in(file);
    let accepted = events.iter().filter_map(|event| match event.result {
        Outcome::Ok(number) if event.call.to_string() == "accept" => Some(number),
        _ => None,
    });
    let accepted: Vec<u64> = accepted.collect();
    let closed = |number: &u64| {
        events.iter().any(|event| event.call.to_string() == "close" && u64::from(event.socket) == *number)
    };
    accepted.len() == connections && accepted.iter().all(closed)
}

/// The calls in one trace, none where it cannot be read yet.
pub(crate) fn events_in(file: &Path) -> Vec<Event> {
    diagram::read([file]).map_or_else(|_| Vec::new(), |traces| traces.files.concat())
}
