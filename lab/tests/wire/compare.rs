//! What was captured and what is drawn, in the same words.

use std::collections::HashMap;
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
        packets.retain(|packet| packet.from != own);
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
        files.iter().map(|file| diagram::read(file).unwrap()).collect()
    }
}

impl Drop for Traces {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// How the picture of these traces differs from what was captured; nothing where it does not.
pub(crate) fn difference(traces: &Traces, packets: &[Packet], caller: &str) -> Option<String> {
    let files = traces.all();
    let captured = captured(packets, &names(&files, caller));
    let drawn = Diagram::of(files);
    let name = |lane: usize| drawn.lanes[lane].program.as_str();
    let passed = drawn.passed.iter().filter(|passed| passed.what != What::Ack);
    let told: Vec<String> =
        passed.map(|passed| line(name(passed.from), &word(passed.what), name(passed.to))).collect();
    if told == captured {
        return None;
    }
    let length = told.len().max(captured.len());
    let both = (0..length).map(|index| {
        let at = |lines: &[String]| lines.get(index).cloned().unwrap_or_default();
        let (captured, told) = (at(&captured), at(&told));
        let sign = if captured == told { ' ' } else { '!' };
        format!("{sign} {captured:<50} {told}\n")
    });
    let both: String = both.filter(|line| length < 60 || line.starts_with('!')).take(60).collect();
    Some(format!("captured, and drawn:\n{both}{}", drawn.text(100, diagram::Letters::Box)))
}

fn line(from: &str, what: &str, to: &str) -> String {
    format!("{from} {what} {to}")
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
    let known = files.iter().flatten().filter_map(|event| Some((event.local?, event.program.as_str()))).collect();
    Names { known, caller }
}

impl Names<'_> {
    fn of(&self, address: SocketAddr) -> &str {
        let unspecified = SocketAddr::from(([0, 0, 0, 0], address.port()));
        self.known.get(&address).or_else(|| self.known.get(&unspecified)).unwrap_or(&self.caller)
    }
}

/// Who a packet is from can be told only at its time, where a port has several owners one after the other; the tests have none.
fn captured(packets: &[Packet], names: &Names<'_>) -> Vec<String> {
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
        Some(line(names.of(*from), &word(what), names.of(*to)))
    });
    told.collect()
}

/// Whether a program's trace says that it has closed what `accept` gave it, so often.
pub(crate) fn has_closed(file: &Path, connections: usize) -> bool {
    let Ok(events) = diagram::read(file) else { return false };
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
