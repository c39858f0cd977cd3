//! The commands of a server over UDP: what the thread that hears shares with one thread for each command that runs.
//!
//! What makes this reliable takes datagrams and the time, and says what to do ([`crate::exec::reliable`]). Here it is
//! done. How to send is the page's business.

use std::collections::HashMap;
use std::io;
use std::iter::Peekable;
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::exec::protocol::Outcome;
use crate::exec::reliable::{self, Action, Job, Server};
use crate::exec::server::asked::Asked;
use crate::exec::server::audit;
use crate::exec::server::slot::Slot;
use crate::exec::shell::{self, WorkingDirectory};
use crate::lock::lock;
use crate::net::Peer;
use crate::net::batches::Batch;
use crate::t;
use crate::terminal::log::log;
use crate::terminal::screen::Output;

/// How long the threads of commands may take for the last datagrams when the server ends.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// Sends datagrams to a client.
type HowToSend = dyn Fn(&[Vec<u8>], Peer) + Send + Sync;

/// The commands that run, and the protocol that is asked about them.
pub struct Commands {
    send: Box<HowToSend>,
    /// The protocol knows no clock: its time begins here.
    start: Instant,
    server: Mutex<Server>,
    /// Its addresses alone are what the protocol knows.
    asked: Mutex<Asked>,
    /// There may be room for more output.
    room: Condvar,
    running: Mutex<HashMap<Job, Arc<Slot>>>,
    /// A command has ended.
    ended: Condvar,
    limit: Duration,
}

impl Commands {
    /// None yet; each may run for `limit`. Every datagram goes out through `send`, from whichever thread.
    pub fn new(server: Server, limit: Duration, send: impl Fn(&[Vec<u8>], Peer) + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self {
            send: Box::new(send),
            start: Instant::now(),
            server: Mutex::new(server),
            asked: Mutex::default(),
            room: Condvar::new(),
            running: Mutex::default(),
            ended: Condvar::new(),
            limit,
        })
    }

    /// How long to receive: until something is due, or a command's time is over. `None` where nothing is going on.
    pub fn patience(&self) -> Option<Duration> {
        let due = lock(&self.server).next_deadline()?;
        for slot in lock(&self.running).values() {
            slot.stop_if_overdue();
        }
        Some(reliable::sleep_until(due, self.start.elapsed()))
    }

    /// Hands over what has come.
    pub fn receive(self: &Arc<Self>, batch: &Batch) {
        let actions = self.after(|server, now| {
            batch.datagrams().for_each(|(datagram, from)| server.receive(from.address, datagram, now));
        });
        self.perform(actions, batch.from());
    }

    /// Does what is due by now.
    pub fn tick(self: &Arc<Self>) {
        self.tell(|server, now| {
            if server.next_deadline().is_some_and(|due| due <= now) {
                server.tick(now);
            }
        });
    }

    /// Takes all commands along, and lets their threads say so: there is no connection whose end would.
    pub fn close(&self) {
        shell::stop_all();
        let all_ended = self.ended.wait_timeout_while(lock(&self.running), LAST_WORDS, |running| !running.is_empty());
        // Whoever has not said so by then is told by nobody.
        drop(all_ended);
    }

    /// Tells the protocol something, and does what it asks for.
    fn tell(self: &Arc<Self>, tell: impl FnOnce(&mut Server, Duration)) {
        let actions = self.after(tell);
        self.perform(actions, None);
    }

    fn after(&self, tell: impl FnOnce(&mut Server, Duration)) -> Vec<Action> {
        let mut server = lock(&self.server);
        tell(&mut server, self.start.elapsed());
        server.actions()
    }

    /// Does what the protocol asks for, after a datagram that came `from` somebody or for another reason.
    fn perform(self: &Arc<Self>, actions: Vec<Action>, from: Option<Peer>) {
        let known = |address| from.filter(|from| from.address == address);
        let mut actions = actions.into_iter().peekable();
        while let Some(action) = actions.next() {
            match action {
                Action::Send(to, datagram) => {
                    let mut datagrams = vec![datagram];
                    datagrams.extend(std::iter::from_fn(|| next_to(to, &mut actions)));
                    (self.send)(&datagrams, known(to).unwrap_or_else(|| lock(&self.asked).client(to)));
                }
                Action::Start { job, command, from } => {
                    if let Some(client) = known(from) {
                        lock(&self.asked).note(client);
                    }
                    self.start(job, command, from);
                }
                Action::Stop(job) => {
                    if let Some(slot) = lock(&self.running).get(&job) {
                        slot.stop();
                    }
                }
                Action::Space(_) => self.room.notify_all(),
            }
        }
    }

    /// A thread for the command.
    fn start(self: &Arc<Self>, job: Job, command: Vec<u8>, from: SocketAddr) {
        let slot = Arc::new(Slot::new(self.limit));
        slot.announce();
        lock(&self.running).insert(job, Arc::clone(&slot));
        let commands = Arc::clone(self);
        let running = move || {
            let outcome = commands.run(job, &command, &slot, from);
            commands.end(job, outcome);
        };
        if thread::Builder::new().spawn(running).is_err() {
            log(t!("{from}: cannot start a thread for its command", "{from}：无法创建线程来执行它的命令"));
            self.end(job, Outcome::NotStarted);
        }
    }

    fn run(self: &Arc<Self>, job: Job, command: &[u8], slot: &Slot, from: SocketAddr) -> Outcome {
        let entry = audit::runs(from, command);
        let started = shell::as_command(command).map(|line| shell::Job::start(&line, &WorkingDirectory::default()));
        let outcome = match started {
            Some(Ok((running, pipes))) => {
                slot.hold(&running);
                running.pump(pipes, |output, piece| self.offer(job, output, piece, slot))
            }
            _ => Outcome::NotStarted,
        };
        entry.ended(outcome);
        outcome
    }

    /// Hands over output, and waits while there is no room for it: then the pipe fills, and the command waits too. It
    /// fails when the command's time is over, so that a client that does not read keeps no place for longer.
    fn offer(self: &Arc<Self>, job: Job, output: Output, mut piece: &[u8], slot: &Slot) -> io::Result<()> {
        while !piece.is_empty() {
            let mut server = lock(&self.server);
            let taken = server.offer(job, output, piece, self.start.elapsed());
            piece = &piece[taken..];
            let actions = server.actions();
            if actions.is_empty() && taken == 0 {
                let Some(left) = slot.time_left() else {
                    slot.stop_if_overdue();
                    return Err(io::ErrorKind::TimedOut.into());
                };
                drop(self.room.wait_timeout(server, left));
            } else {
                drop(server);
                self.perform(actions, None);
            }
        }
        Ok(())
    }

    fn end(self: &Arc<Self>, job: Job, outcome: Outcome) {
        self.tell(|server, now| server.finish(job, outcome, now));
        lock(&self.running).remove(&job);
        self.ended.notify_all();
    }
}

/// The next action's datagram, if it goes to the same address.
fn next_to(address: SocketAddr, actions: &mut Peekable<impl Iterator<Item = Action>>) -> Option<Vec<u8>> {
    match actions.next_if(|next| matches!(next, Action::Send(to, _) if *to == address))? {
        Action::Send(_, datagram) => Some(datagram),
        _ => None,
    }
}
