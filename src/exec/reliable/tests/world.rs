//! A server, its clients and a bad network in one thread and in virtual time: the same for the same seed.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use fastrand::Rng;

use super::super::{Action, Client, Event, Job, MAX_PAYLOAD, Server};
use super::network::{Bottleneck, Network, ms};
use super::task::{Report, Task};
use crate::exec::protocol::Outcome;
use crate::exec::tag::{KEY_LENGTH, Key};
use crate::terminal::screen::Output;
use crate::text::Charset;

/// One that has commands to be run, one after the other.
pub(crate) struct Person {
    pub(crate) address: SocketAddr,
    pub(crate) client: Client,
    pub(crate) todo: VecDeque<Task>,
    pub(crate) reports: Vec<Report>,
    now_doing: Option<Report>,
    pub(crate) manner: Manner,
    /// How long the machine has slept: for so long its clock stood still.
    slept: Duration,
}

impl Person {
    /// The time on the machine's own clock.
    fn clock(&self, now: Duration) -> Duration {
        now.saturating_sub(self.slept)
    }

    /// When the client is to tick, in the world's time.
    fn next_deadline(&self) -> Option<Duration> {
        self.client.next_deadline().map(|due| due + self.slept)
    }
}

/// How somebody uses the client.
#[derive(Clone, Copy)]
pub(crate) enum Manner {
    /// All commands in one session.
    Interactive,
    /// A client for each command, as `-c` has it.
    Single,
    /// Does not look at any output before.
    ReadsFrom(Duration),
    /// Presses Ctrl-C.
    StopsAt(Duration),
    /// Ends the client.
    LeavesAt(Duration),
}

impl Manner {
    /// When something changes.
    fn time(self) -> Option<Duration> {
        match self {
            Self::Interactive | Self::Single => None,
            Self::ReadsFrom(at) | Self::StopsAt(at) | Self::LeavesAt(at) => Some(at),
        }
    }
}

struct Running {
    outcome: Outcome,
    left: Vec<(Output, Vec<u8>)>,
}

enum Arrival {
    AtServer(SocketAddr, Vec<u8>),
    AtClient(SocketAddr, Vec<u8>),
    Write(Job),
}

/// A datagram that was sent: when, by or to whom, and its bytes.
pub(crate) type Recorded = (Duration, SocketAddr, Vec<u8>);

/// All of it.
pub(crate) struct World {
    pub(crate) now: Duration,
    pub(crate) server: Server,
    pub(crate) people: Vec<Person>,
    pub(crate) network: Network,
    to_server: Bottleneck,
    to_clients: Bottleneck,
    /// How often each command was started.
    pub(crate) runs: HashMap<Task, usize>,
    pub(crate) stopped: Vec<Duration>,
    pub(crate) from_clients: Vec<Recorded>,
    pub(crate) from_server: Vec<Recorded>,
    running: HashMap<Job, Running>,
    coming: BTreeMap<(Duration, u64), Arrival>,
    random: Rng,
    events: u64,
    joined: u8,
}

/// The key of these worlds.
pub(crate) fn key() -> Key {
    Key::new([42; KEY_LENGTH])
}

/// How many commands its servers run at once.
pub(crate) const MAX_CLIENTS: usize = 16;

/// How many a server runs at once in a world for many people.
pub(crate) const CROWD: usize = 64;

/// What a machine's clock does while it sleeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meanwhile {
    StandsStill,
    GoesOn,
}

impl World {
    pub(crate) fn new(network: Network, seed: u64) -> Self {
        Self {
            now: Duration::ZERO,
            server: Server::new(key(), [1; KEY_LENGTH], MAX_CLIENTS, Charset::default()),
            people: Vec::new(),
            network,
            to_server: Bottleneck::default(),
            to_clients: Bottleneck::default(),
            runs: HashMap::new(),
            stopped: Vec::new(),
            from_clients: Vec::new(),
            from_server: Vec::new(),
            running: HashMap::new(),
            coming: BTreeMap::new(),
            random: Rng::with_seed(seed),
            events: 0,
            joined: 0,
        }
    }

    /// As many commands may run at once as a crowd has.
    pub(crate) fn admit_a_crowd(&mut self) {
        self.server = Server::new(key(), [1; KEY_LENGTH], CROWD, Charset::default());
    }

    /// Somebody with these commands.
    pub(crate) fn person(&mut self, manner: Manner, todo: impl IntoIterator<Item = Task>) {
        self.joined += 1;
        let address = SocketAddr::from(([10, 0, self.joined, 1], 4000));
        self.people.push(Person {
            address,
            client: Client::new(key()),
            todo: todo.into_iter().collect(),
            reports: Vec::new(),
            now_doing: None,
            manner,
            slept: Duration::ZERO,
        });
    }

    /// Everybody's machine sleeps for so long, and hears nothing; then somebody else has a command run, if there is one.
    pub(crate) fn sleep(&mut self, length: Duration, clock: Meanwhile, other: Option<Task>) {
        let (sleepers, began) = (std::mem::take(&mut self.people), self.now);
        self.run_until(began + length);
        self.person(Manner::Single, other);
        self.run(self.now + ms(100));
        self.people = sleepers;
        let slept = if clock == Meanwhile::StandsStill { self.now.saturating_sub(began) } else { Duration::ZERO };
        self.people.iter_mut().for_each(|person| person.slept += slept);
    }

    /// Another server in the place of this one, which knows nothing; what ran is gone.
    pub(crate) fn restart(&mut self) {
        self.server = Server::new(key(), [2; KEY_LENGTH], MAX_CLIENTS, Charset::default());
        self.running.clear();
    }

    /// Goes on until everybody has done, at most until `end`; gives the time.
    pub(crate) fn run(&mut self, end: Duration) -> Duration {
        while self.people.iter().any(|person| person.now_doing.is_some() || !person.todo.is_empty()) && self.now < end {
            self.step(end);
        }
        self.now
    }

    /// Goes on until `end`, whoever has done.
    pub(crate) fn run_until(&mut self, end: Duration) {
        while self.now < end {
            self.step(end);
        }
    }

    fn step(&mut self, end: Duration) {
        let arrival = self.coming.first_key_value().map(|((at, _), _)| *at);
        let people = self.people.iter().filter_map(Person::next_deadline).min();
        let manners = self.people.iter().filter_map(|person| person.manner.time()).filter(|at| *at > self.now).min();
        let next = [arrival, people, self.server.next_deadline(), manners].into_iter().flatten().min().unwrap_or(end);
        let idle = self.people.iter().any(|person| person.now_doing.is_none() && !person.todo.is_empty());
        self.now = if idle { self.now } else { next.clamp(self.now, end) };
        if let Some(entry) = self.coming.first_entry().filter(|entry| entry.key().0 <= self.now) {
            let arrival = entry.remove();
            self.arrive(arrival);
        }
        self.server.tick(self.now);
        for index in 0..self.people.len() {
            let clock = self.people[index].clock(self.now);
            self.people[index].client.tick(clock);
            self.attend(index);
        }
        self.act();
    }

    fn arrive(&mut self, arrival: Arrival) {
        match arrival {
            Arrival::AtServer(from, datagram) => self.server.receive(from, &datagram, self.now),
            Arrival::AtClient(to, datagram) => {
                for person in self.people.iter_mut().filter(|person| person.address == to) {
                    person.client.receive(&datagram, person.clock(self.now));
                }
            }
            Arrival::Write(job) => self.write(job),
        }
    }

    /// The person reads.
    fn attend(&mut self, index: usize) {
        let person = &mut self.people[index];
        let clock = person.clock(self.now);
        match person.manner {
            Manner::StopsAt(at) if self.now >= at => person.client.stop(clock),
            Manner::LeavesAt(at) if self.now >= at => return,
            _ => {}
        }
        while !matches!(person.manner, Manner::ReadsFrom(from) if self.now < from)
            && let Some(event) = person.client.event(clock)
        {
            let report = person.now_doing.as_mut().expect("a command");
            match event {
                Event::Show(Output::Out, bytes) => report.out.extend(bytes),
                Event::Show(Output::Err, bytes) => report.err.extend(bytes),
                end => {
                    report.end = end;
                    report.at = self.now;
                    person.reports.extend(person.now_doing.take());
                }
            }
        }
        self.post(index);
        self.begin(index);
    }

    /// Types the next command, if there is nothing else to wait for.
    fn begin(&mut self, index: usize) {
        let person = &mut self.people[index];
        if person.now_doing.is_none()
            && let Some(task) = person.todo.pop_front()
        {
            if let Manner::Single = person.manner {
                person.client = Client::new(key());
                person.address.set_port(person.address.port() + 1);
            }
            let nonce = std::array::from_fn(|_| self.random.u8(..));
            let clock = person.clock(self.now);
            person.client.request(task.text().as_bytes(), nonce, clock).expect("short enough");
            let end = Event::Show(Output::Out, Vec::new());
            person.now_doing = Some(Report { task, out: Vec::new(), err: Vec::new(), end, at: self.now });
            self.post(index);
        }
    }

    /// Sends what the client wants to be sent.
    fn post(&mut self, index: usize) {
        let person = &mut self.people[index];
        let (from, datagrams) = (person.address, person.client.datagrams());
        for datagram in datagrams {
            assert!(datagram.len() <= MAX_PAYLOAD);
            self.from_clients.push((self.now, from, datagram.clone()));
            let Some(queue) = self.to_server.pass(&self.network, datagram.len(), self.now) else { continue };
            for (wait, datagram) in self.network.carry(&datagram, &mut self.random) {
                self.later(queue + wait, Arrival::AtServer(from, datagram));
            }
        }
    }

    /// Does what the server wants.
    fn act(&mut self) {
        for action in self.server.actions() {
            match action {
                Action::Send(to, datagram) => {
                    assert!(datagram.len() <= MAX_PAYLOAD);
                    self.from_server.push((self.now, to, datagram.clone()));
                    if (self.network.deaf.0..self.network.deaf.1).contains(&self.now) {
                        continue;
                    }
                    let Some(queue) = self.to_clients.pass(&self.network, datagram.len(), self.now) else { continue };
                    for (wait, datagram) in self.network.carry(&datagram, &mut self.random) {
                        self.later(queue + wait, Arrival::AtClient(to, datagram));
                    }
                }
                Action::Start { job, command, .. } => self.start(job, Task::read(&command)),
                Action::Stop(job) => {
                    self.stopped.push(self.now);
                    if let Some(running) = self.running.get_mut(&job) {
                        running.outcome = Outcome::Signalled(2);
                        running.left.clear();
                    }
                    self.later(Duration::ZERO, Arrival::Write(job));
                }
                Action::Space(job) => self.later(Duration::ZERO, Arrival::Write(job)),
            }
        }
    }

    fn start(&mut self, job: Job, task: Task) {
        *self.runs.entry(task).or_default() += 1;
        let left = [Output::Out, Output::Err].map(|output| (output, task.output(output))).to_vec();
        self.running.insert(job, Running { outcome: Outcome::Exited(task.number), left });
        self.later(ms(task.millis), Arrival::Write(job));
    }

    /// The command writes what there is room for, and ends when it has written all.
    fn write(&mut self, job: Job) {
        let Some(running) = self.running.get_mut(&job) else { return };
        while let Some((output, bytes)) = running.left.first_mut() {
            let taken = self.server.offer(job, *output, bytes, self.now);
            bytes.drain(..taken);
            if !bytes.is_empty() {
                return;
            }
            running.left.remove(0);
        }
        self.server.finish(job, running.outcome, self.now);
        self.running.remove(&job);
    }

    fn later(&mut self, wait: Duration, arrival: Arrival) {
        self.events += 1;
        self.coming.insert((self.now + wait, self.events), arrival);
    }

    /// Has the server hear a datagram that came from `from`, and gives what it says to that.
    pub(crate) fn play(&mut self, from: SocketAddr, datagram: &[u8]) -> Vec<Action> {
        self.server.receive(from, datagram, self.now);
        self.server.actions()
    }

    /// Every report of everybody.
    pub(crate) fn reports(&self) -> impl Iterator<Item = &Report> {
        self.people.iter().flat_map(|person| &person.reports)
    }
}
