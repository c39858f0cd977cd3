//! The two ends of a conversation: the addresses of callers that no line tells, and ends that are in one process.

use std::collections::{HashMap, HashSet, VecDeque};
use std::net::SocketAddr;

use socket_demos::net::event::{Call, Event, Outcome};
use socket_demos::t;

/// Without `-yy` a caller's own address stands nowhere. The server that it called was told it by accept, in the order in
/// which the connections were made; it may be in another file.
pub fn tell_callers(files: &mut [Vec<Event>]) {
    let mut callers = callers(files);
    if callers.is_empty() {
        return;
    }
    let mut calls: Vec<_> =
        files.iter().enumerate().flat_map(|(file, events)| (0..events.len()).map(move |at| (file, at))).collect();
    calls.sort_by_key(|&(file, at)| files[file][at].time);
    let mut own: HashMap<(usize, u32, u32), SocketAddr> = HashMap::new();
    for (file, at) in calls {
        let event = &mut files[file][at];
        let socket = (file, event.pid, event.socket);
        let to = event.argument.parse::<SocketAddr>().ok().filter(|_| event.call == Call::Connect && succeeded(event));
        if let Some(to) = to.filter(|_| event.local.is_none()) {
            let address = callers.get_mut(&to.port()).and_then(VecDeque::pop_front);
            address.map(|address| own.insert(socket, address));
        } else if event.call == Call::Socket {
            own.remove(&socket);
        }
        event.local = event.local.or(own.get(&socket).copied());
    }
}

/// Those whom no other line names, by the port that they called.
fn callers(files: &[Vec<Event>]) -> HashMap<u16, VecDeque<SocketAddr>> {
    let all = || files.iter().flatten();
    let known: HashSet<SocketAddr> =
        all().filter(|event| event.call != Call::Accept).filter_map(|event| event.local).collect();
    let mut accepts: Vec<_> = all().filter(|event| event.call == Call::Accept && succeeded(event)).collect();
    accepts.sort_by_key(|event| event.time);
    let mut callers: HashMap<u16, VecDeque<SocketAddr>> = HashMap::new();
    for event in accepts {
        if let (Some(local), Ok(peer)) = (event.local, event.argument.parse::<SocketAddr>())
            && !known.contains(&peer)
        {
            callers.entry(local.port()).or_default().push_back(peer);
        }
    }
    callers
}

fn succeeded(event: &Event) -> bool {
    matches!(event.result, Outcome::Ok(_))
}

/// Where one process has both ends of a conversation, as a test or an event loop may, each has a lane of its own.
pub(super) fn tell_ends_apart(events: &mut [Event]) {
    let ends: HashSet<_> = events.iter().map(|event| (event.pid, event.local, event.peer)).collect();
    let bound: HashSet<_> =
        events.iter().filter(|event| event.call == Call::Bind).map(|event| (event.pid, event.local)).collect();
    // An own address of a socket that did not bind tells nothing: an unbound one that sends to a bound one is its client.
    let calls = |event: &Event| {
        event.peer.is_some() && (event.call == Call::Sendto && bound.contains(&(event.pid, event.peer)))
    };
    let is_inside =
        |event: &&Event| event.peer.is_some() && ends.contains(&(event.pid, event.peer, event.local)) || calls(event);
    let inside: HashSet<u32> = events.iter().filter(is_inside).map(|event| event.pid).collect();
    let mut serving = HashSet::new();
    for event in events.iter().filter(|event| inside.contains(&event.pid)) {
        match (&event.call, &event.result) {
            (Call::Listen | Call::Bind, _) => serving.insert((event.pid, event.socket)),
            (Call::Accept, Outcome::Ok(number)) => serving.insert((event.pid, u32::try_from(*number).unwrap_or(0))),
            _ => false,
        };
    }
    for event in events.iter_mut().filter(|event| inside.contains(&event.pid)) {
        let program = &event.program;
        let is_server = serving.contains(&(event.pid, event.socket));
        event.program = if is_server {
            t!("{program}, server", "{program}，服务器")
        } else {
            t!("{program}, client", "{program}，客户端")
        };
    }
}
