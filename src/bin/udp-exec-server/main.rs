//! Remote commands over UDP, the side that runs them.
//!
//! Try it: `cargo run --bin udp-exec-server`, and in another terminal `cargo run --bin udp-exec-client`. Then with
//! `--loss 30% --trace`.
//!
//! Read it for: recvfrom and sendto, nothing else, for any number of clients: one thread hears them all ([`serve`]). What
//! makes this reliable takes datagrams and the time and says what to do ([`socket_demos::exec::reliable`]); this page does it
//! ([`House::perform`]). The textbook's way has a page of its own, [`classic`].

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;
use socket_demos::cli::options::OwnAddress;
use socket_demos::exec::key;
use socket_demos::exec::options::CommandServer;
use socket_demos::exec::protocol::Outcome;
use socket_demos::exec::reliable::{self, Action, Job, MAX_PAYLOAD, Server};
use socket_demos::exec::server::audit;
use socket_demos::exec::server::policy;
use socket_demos::exec::server::slot::Slot;
use socket_demos::exec::shell::{self, Place};
use socket_demos::lock::lock;
use socket_demos::net::address::{self, Failed};
use socket_demos::net::backoff::Backoff;
use socket_demos::net::faults::BadNetwork;
use socket_demos::net::ports::Transport;
use socket_demos::net::{Socket, Trace, UdpSocket, failures};
use socket_demos::terminal::exit;
use socket_demos::terminal::log::log;
use socket_demos::terminal::screen::{self, Output};
use socket_demos::text::Charset;
use socket_demos::{cli, errors, random, t};

mod classic;

const PROGRAM: &str = "udp-exec-server";

/// How long the threads of commands may take for the last datagrams when the server ends.
const LAST_WORDS: Duration = Duration::from_millis(100);

#[derive(Parser)]
#[command(name = PROGRAM, version, about = t!(
    "run commands for whoever has the key, reliably over UDP; nothing is encrypted (for that, use ssh)",
    "在 UDP 上可靠地替持有密钥的人执行命令；内容不加密（需要加密请用 ssh）"
))]
pub(crate) struct Args {
    #[command(flatten)]
    listen: OwnAddress,
    #[command(flatten)]
    commands: CommandServer,
    #[command(flatten)]
    network: BadNetwork,
}

fn main() -> ExitCode {
    cli::run(exec)
}

fn exec(args: &Args, trace: &Trace) -> anyhow::Result<()> {
    let address = args.listen.to_bind();
    let cannot = |failed| failures::cannot_listen(Transport::Udp, &address, failed);
    let addresses = address.resolve().map_err(|error| cannot(Failed { address: None, error }))?;
    policy::may_listen(&addresses, args.commands.textbook.classic, args.commands.key_file.as_deref())?;
    let socket = address::try_all(&addresses, |address| bind(address, &args.network, trace)).map_err(cannot)?;
    if args.commands.textbook.classic { classic::serve(&socket, args) } else { serve(socket, args) }
}

/// What makes a socket hear: socket, bind. Never SO_REUSEADDR: a second socket would take the datagrams.
fn bind(address: SocketAddr, network: &BadNetwork, trace: &Trace) -> io::Result<UdpSocket> {
    let socket = Socket::udp(address, trace)?;
    socket.bind(address)?;
    socket.over(network)
}

/// What the threads share: the one that hears, and one for each command that runs.
struct House {
    socket: UdpSocket,
    /// The protocol knows no clock: its time begins here.
    start: Instant,
    server: Mutex<Server>,
    /// There may be room for more output.
    room: Condvar,
    running: Mutex<HashMap<Job, Arc<Slot>>>,
    /// A command has ended.
    ended: Condvar,
    limit: Duration,
}

/// For whoever has the key: receive until something is due, hand over what came, do what is asked for.
fn serve(socket: UdpSocket, args: &Args) -> anyhow::Result<()> {
    let path = args.commands.key_file()?;
    let server =
        Server::new(key::read_or_make(&path)?, random::bytes(), args.commands.max_clients, Charset::of_system());
    let bound = socket.local_addr()?;
    screen::talk(&t!(
        "remote commands, reliable over UDP (the textbook's way: --classic), listening on {bound}",
        "远程命令，在 UDP 上可靠传输（课本写法请加 --classic），正在监听 {bound}"
    ));
    screen::hint(&t!("(Ctrl-C ends)", "（按 Ctrl-C 结束）"));
    policy::tell_of_key(&path);
    let house = Arc::new(House {
        socket,
        start: Instant::now(),
        server: Mutex::new(server),
        room: Condvar::new(),
        running: Mutex::default(),
        ended: Condvar::new(),
        limit: args.commands.time_limit(),
    });
    let ended = Arc::clone(&house);
    exit::at_end(move || ended.close());
    let mut backoff = Backoff::default();
    // One byte more than a datagram of the protocol may have: then its length tells that it is none.
    let mut buffer = [0; MAX_PAYLOAD + 1];
    let mut patience = None;
    loop {
        let next = house.patience();
        if patience != next {
            // Commands are running: a server goes on.
            if let Err(error) = house.socket.set_read_timeout(next) {
                backoff.after(&error, log);
                continue;
            }
            patience = next;
        }
        match house.socket.recv_from(&mut buffer) {
            Ok((length, from)) => house.ask(|server, now| server.receive(from, &buffer[..length], now)),
            Err(error) if errors::is_timeout(&error) || errors::is_refusal(&error) => {}
            Err(error) if errors::is_cut_datagram(&error) => {}
            Err(error) => backoff.after(&error, log),
        }
        house.ask(|server, now| {
            if server.next_deadline().is_some_and(|due| due <= now) {
                server.tick(now);
            }
        });
    }
}

impl House {
    /// How long to receive: until something is due, or a command's time is over. `None` where nothing is going on.
    fn patience(&self) -> Option<Duration> {
        let due = lock(&self.server).next_deadline()?;
        for leash in lock(&self.running).values() {
            leash.stop_if_overdue();
        }
        Some(reliable::sleep_until(due, self.start.elapsed()))
    }

    /// Tells the protocol something, and does what it asks for.
    fn ask<T>(self: &Arc<Self>, tell: impl FnOnce(&mut Server, Duration) -> T) -> T {
        let (told, actions) = {
            let mut server = lock(&self.server);
            let told = tell(&mut server, self.start.elapsed());
            (told, server.actions())
        };
        self.perform(actions);
        told
    }

    fn perform(self: &Arc<Self>, actions: Vec<Action>) {
        for action in actions {
            match action {
                // What the system does not take is lost, as anything may be on the way.
                Action::Send(to, datagram) => drop(self.socket.send_to(&datagram, to)),
                Action::Start { job, command, from } => self.start(job, command, from),
                Action::Stop(job) => {
                    if let Some(leash) = lock(&self.running).get(&job) {
                        leash.stop();
                    }
                }
                Action::Space(_) => self.room.notify_all(),
            }
        }
    }

    /// A thread for the command.
    fn start(self: &Arc<Self>, job: Job, command: Vec<u8>, from: SocketAddr) {
        let leash = Arc::new(Slot::new(self.limit));
        leash.announce();
        lock(&self.running).insert(job, Arc::clone(&leash));
        let house = Arc::clone(self);
        let running = move || {
            let outcome = house.run(job, &command, &leash, from);
            house.end(job, outcome);
        };
        if thread::Builder::new().spawn(running).is_err() {
            log(t!("{from}: cannot start a thread for its command", "{from}：无法创建线程来执行它的命令"));
            self.end(job, Outcome::NotStarted);
        }
    }

    fn run(self: &Arc<Self>, job: Job, command: &[u8], leash: &Slot, from: SocketAddr) -> Outcome {
        audit::runs(from, command);
        let started = shell::as_command(command).map(|command| shell::Job::start(&command, &Place::default()));
        let Some(Ok((running, pipes))) = started else {
            audit::ended(from, Outcome::NotStarted, Instant::now());
            return Outcome::NotStarted;
        };
        leash.hold(&running);
        let outcome = running.pump(pipes, |output, piece| self.offer(job, output, piece, leash));
        audit::ended(from, outcome, running.since);
        outcome
    }

    /// Hands over output, and waits while there is no room for it: then the pipe fills, and the command waits too. It
    /// fails when the command's time is over, so that a client that does not read keeps no place for longer.
    fn offer(self: &Arc<Self>, job: Job, output: Output, mut piece: &[u8], leash: &Slot) -> io::Result<()> {
        while !piece.is_empty() {
            let mut server = lock(&self.server);
            let taken = server.offer(job, output, piece, self.start.elapsed());
            piece = &piece[taken..];
            let actions = server.actions();
            if actions.is_empty() && taken == 0 {
                let left = leash.time_left();
                if left.is_zero() {
                    leash.stop_if_overdue();
                    return Err(io::ErrorKind::TimedOut.into());
                }
                drop(self.room.wait_timeout(server, left));
            } else {
                drop(server);
                self.perform(actions);
            }
        }
        Ok(())
    }

    /// Takes all commands along, and lets their threads say so: there is no connection whose end would.
    fn close(&self) {
        shell::stop_all();
        let all_ended = self.ended.wait_timeout_while(lock(&self.running), LAST_WORDS, |running| !running.is_empty());
        // Whoever has not said so by then is told by nobody.
        drop(all_ended);
    }

    fn end(self: &Arc<Self>, job: Job, outcome: Outcome) {
        self.ask(|server, now| server.finish(job, outcome, now));
        lock(&self.running).remove(&job);
        self.ended.notify_all();
    }
}
