//! From the calls in their order to the rows of the diagram.

use std::cmp::Ordering;
use std::collections::HashMap;

use super::links::{Kind, Link};
use super::ports::{Fate, Ports};
use super::rows::{Line, Passed, Row, What};
use super::sockets::Traces;
use super::states::States;
use socket_demos::net::event::{Call, Fault, Outcome};
use socket_demos::t;

/// How many bytes of a message are shown at most.
const SHOWN_BYTES: usize = 60;

/// How many calls that carry nothing may stand between a send and its receive without a number for both.
const MOST_BETWEEN: usize = 4;

/// How many messages that one receive got are named; of more only the first and the last.
const MOST_PARTS: usize = 3;

/// Makes the rows.
pub(super) struct Layout<'a> {
    pub(super) traces: &'a Traces,
    pub(super) states: States<'a>,
    links: &'a [Link],
    /// The links from and to each call.
    from: HashMap<usize, Vec<usize>>,
    to: HashMap<usize, Vec<usize>>,
    order: &'a [usize],
    places: Vec<usize>,
    numbers: HashMap<usize, usize>,
    /// The lanes in which more than one socket moves bytes or waits for them.
    several: Vec<bool>,
    ports: Ports,
    rows: Vec<Row>,
    passed: Vec<Passed>,
}

impl<'a> Layout<'a> {
    pub(super) fn rows(traces: &'a Traces, links: &'a [Link], order: &'a [usize]) -> (Vec<Row>, Vec<Passed>) {
        let mut places = vec![0; order.len()];
        for (place, &call) in order.iter().enumerate() {
            places[call] = place;
        }
        let (mut from, mut to) = (HashMap::<_, Vec<_>>::new(), HashMap::<_, Vec<_>>::new());
        for (index, link) in links.iter().enumerate() {
            from.entry(link.from).or_default().push(index);
            to.entry(link.to).or_default().push(index);
        }
        let several = traces.count_in_lanes().into_iter().map(|count| count > 1).collect();
        let (states, numbers, rows) = (States::of(traces), HashMap::new(), Vec::new());
        let (ports, passed) = (Ports::of(traces), Vec::new());
        let mut layout = Self { traces, states, links, from, to, order, places, numbers, several, ports, rows, passed };
        for &call in order {
            layout.lay(call);
        }
        (layout.rows, layout.passed)
    }

    fn lay(&mut self, call: usize) {
        let made = &self.traces.calls[call];
        self.ports.note(self.traces, call);
        let unseen = self.states.before(call);
        self.unseen(call, unseen);
        if made.is_send() && (made.moved() != Some(0) || self.is_datagram(call)) {
            self.send(call);
        } else if made.event.call == Call::Connect && !self.is_datagram(call) {
            self.connect(call);
        } else {
            self.other_call(call);
        }
        let unseen = self.states.after(call);
        self.unseen(call, unseen);
    }

    fn other_call(&mut self, call: usize) {
        if self.traces.calls[call].event.call == Call::State {
            return self.shown_state(call);
        }
        let before = self.link_to(call, |kind| matches!(kind, Kind::Bytes(_) | Kind::Datagram | Kind::Again));
        let told = self.told(call) + &self.received(call, &before);
        let drawn = before.first().is_some_and(|&link| before.len() == 1 && self.is_plain(link));
        if !(drawn && self.stands_beside(call, &told)) {
            self.row(call, told);
        }
        self.shown_state(call);
    }

    /// The calls behind one.
    pub(super) fn behind(&self, call: usize) -> &[usize] {
        &self.order[self.places[call] + 1..]
    }

    pub(super) fn is_datagram(&self, call: usize) -> bool {
        self.traces.sockets[self.traces.calls[call].socket].datagrams
    }

    fn link_to(&self, call: usize, wanted: fn(&Kind) -> bool) -> Vec<usize> {
        let links = self.to.get(&call).map_or(&[][..], Vec::as_slice);
        links.iter().copied().filter(|&link| wanted(&self.links[link].kind)).collect()
    }

    pub(super) fn row(&mut self, call: usize, text: String) {
        self.row_of(self.traces.calls[call].lane, text);
    }

    pub(super) fn row_of(&mut self, lane: usize, text: String) {
        self.rows.push(Row::Call { lane, text });
    }

    pub(super) fn arrow(&mut self, from: usize, to: usize, label: String, beside: String, line: Line) {
        self.rows.push(Row::Arrow { from, to, label, beside, line });
    }

    pub(super) fn pass(&mut self, from: usize, to: usize, what: What) {
        self.passed.push(Passed { from, to, what });
    }

    /// The call without its bytes: `#2 recv(1024) = 5`.
    pub(super) fn told(&self, call: usize) -> String {
        let made = &self.traces.calls[call];
        let event = &made.event;
        let number =
            if self.several[made.lane] && event.socket > 0 { format!("#{} ", event.socket) } else { String::new() };
        let result = match &event.result {
            // It is the socket's number, which stands in front.
            Outcome::Ok(_) if event.call == Call::Socket && self.several[made.lane] => String::new(),
            Outcome::Ok(0) if !made.is_receive() => String::new(),
            Outcome::Ok(result) => format!(" = {result}"),
            Outcome::Error(error) => format!(" = -1 {error}"),
        };
        // The arrow shows with whom.
        let drawn = made.is_send() || made.is_receive();
        let argument = event.argument.split(", ").next().filter(|_| drawn).unwrap_or(&event.argument);
        socket_demos::text::escape_line(&format!("{number}{}({argument}){result}", event.call)).into_owned()
    }

    fn words(&self, call: usize) -> String {
        let data = self.traces.calls[call].event.data.as_ref();
        data.map(|data| data.quoted(SHOWN_BYTES).trim_start().to_string()).unwrap_or_default()
    }

    /// A message that leaves, on its way to where it arrives.
    fn send(&mut self, call: usize) {
        let made = &self.traces.calls[call];
        let links = self.from.get(&call).cloned().unwrap_or_default();
        let messages: Vec<_> = links.into_iter().filter(|&link| self.links[link].kind != Kind::End).collect();
        let on_purpose = made.event.fault == Some(Fault::Lost);
        let lost = on_purpose || messages.is_empty();
        let Some(to) = self.goes_to(call, messages.first().copied()) else {
            let told = self.told(call) + " " + &self.words(call) + &self.fault(call);
            let to = made.peer.map(|to| format!(" → {to}")).unwrap_or_default();
            return self.row(call, told + &to);
        };
        let plain = messages.len() == 1 && self.is_plain(messages[0]);
        let number = if lost || plain { String::new() } else { format!("({}) ", self.number(call)) };
        let words = format!("{number}{}", self.words(call));
        let fate = (lost && !on_purpose && self.is_datagram(call)).then(|| self.ports.fate(self.traces, call));
        let beside = fate.map_or_else(|| self.fault(call), |fate| format!(" {fate}"));
        let line = if lost && self.is_datagram(call) { Line::Lost } else { Line::Arrived };
        let (told, from) = (self.told(call), made.lane);
        match from.cmp(&to) {
            Ordering::Equal => self.row(call, format!("{told} {words}{beside}")),
            Ordering::Less => {
                self.arrow(from, to, format!("{} {words}", short(&told)), beside.trim().to_string(), line);
            }
            Ordering::Greater => self.arrow(from, to, words, told + &beside, line),
        }
        if from != to && self.is_datagram(call) && !on_purpose {
            self.pass(from, to, What::Datagram(made.moved().unwrap_or(0)));
            if fate.is_some_and(Fate::is_answered) {
                self.unreachable(to, from);
            }
        }
    }

    /// The lane in which a message arrives, or would have arrived.
    fn goes_to(&self, call: usize, link: Option<usize>) -> Option<usize> {
        if let Some(link) = link {
            return Some(self.traces.calls[self.links[link].to].lane);
        }
        let made = &self.traces.calls[call];
        if !self.is_datagram(call) {
            return self.states.other(made.socket).map(|other| self.traces.sockets[other].lane);
        }
        let receiver = self.traces.open_at(made.peer?, true, Some(made.socket));
        receiver.map(|receiver| self.traces.sockets[receiver].lane)
    }

    fn fault(&self, call: usize) -> String {
        self.traces.calls[call].event.fault.map(|fault| format!(" {fault}")).unwrap_or_default()
    }

    /// Messages that are not simply received whole by the next call get a number.
    fn number(&mut self, call: usize) -> usize {
        let next = self.numbers.len() + 1;
        *self.numbers.entry(call).or_insert(next)
    }

    /// Whether one send is received whole by one call, and nothing else is sent or received in between.
    fn is_plain(&self, link: usize) -> bool {
        let Link { from, to, kind } = &self.links[link];
        let messages = |links: Option<&Vec<usize>>| {
            links.map_or(0, |links| links.iter().filter(|&&link| self.links[link].kind != Kind::End).count())
        };
        let between = self.order.get(self.places[*from] + 1..self.places[*to]).unwrap_or_default();
        if between.len() > MOST_BETWEEN || between.iter().any(|&call| self.carries(call)) {
            return false;
        }
        let alone = messages(self.from.get(from)) == 1 && messages(self.to.get(to)) == 1;
        let harmed = self.traces.calls[*to].event.fault.is_some();
        alone && !harmed && *kind != Kind::Again
    }

    fn carries(&self, call: usize) -> bool {
        let call = &self.traces.calls[call];
        call.is_send() || call.is_receive() && call.moved() != Some(0)
    }

    /// What a receive got: `: (1) (2) bytes 1 to 24`.
    fn received(&self, call: usize, before: &[usize]) -> String {
        let plain = before.len() == 1 && self.is_plain(before[0]);
        let mut parts: Vec<String> = Vec::new();
        for link in before.iter().map(|&link| &self.links[link]).filter(|_| !plain) {
            let number = self.numbers.get(&link.from).copied().unwrap_or_default();
            parts.push(match &link.kind {
                Kind::Bytes(bytes) if bytes.end - bytes.start < self.traces.calls[link.from].moved().unwrap_or(0) => {
                    let (first, last) = (bytes.start + 1, bytes.end);
                    t!("({number}) bytes {first} to {last}", "({number}) 的第 {first} 到 {last} 字节")
                }
                Kind::Again => t!("({number}) once more", "又一次 ({number})"),
                _ => format!("({number})"),
            });
        }
        if parts.len() > MOST_PARTS {
            parts.splice(1..parts.len() - 1, ["…".to_string()]);
        }
        let from = if parts.is_empty() { String::new() } else { format!(" ← {}", parts.join(" ")) };
        let unknown = before.is_empty() && self.traces.calls[call].moved().is_some_and(|moved| moved > 0);
        let unknown = unknown && self.traces.calls[call].is_receive();
        let peer = self.traces.calls[call].event.peer.map(|peer| format!(" ← {peer}")).unwrap_or_default();
        let words = if unknown { format!(" {}{peer}", self.words(call)) } else { String::new() };
        from + &words + &self.fault(call)
    }

    /// Writes a receive right of the arrow that it belongs to, where there is room.
    fn stands_beside(&mut self, call: usize, told: &str) -> bool {
        let lane = self.traces.calls[call].lane;
        match self.rows.last_mut() {
            Some(Row::Arrow { from, to, beside, line: Line::Arrived, .. }) => {
                let room = *to == lane && *from < lane && beside.is_empty();
                if room {
                    *beside = told.to_string();
                }
                room
            }
            _ => false,
        }
    }
}

/// A call's name without what it returned, for the little room on an arrow.
fn short(told: &str) -> &str {
    told.split('(').next().unwrap_or(told)
}
