//! Row: 5,000 clients connect and say nothing.
//!
//! It has no peer: `ncat --broker` waits with `select`, which ends at 1,024 descriptors.

use std::io::{ErrorKind, Read};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use nix::errno::Errno;
use nix::sys::resource::{Resource, getrlimit, rlim_t, setrlimit};
use socket2::{Domain, Socket, Type};

use super::DEADLINE;
use super::client::Client;
use super::cpus::Cpus;
use super::poller::Poller;
use super::report::{Line, Series, Target, take_turns};
use super::servers::Server;

const WHAT_TIME: &str = "5,000 idle clients: all connected and accepted";
const WHAT_MEMORY: &str = "5,000 idle clients: server memory for each";

const CLIENTS: usize = 5000;

/// What `--max-clients` says: more than come, so that a surplus is not the reason to refuse one.
const SEATS: u32 = 6000;

const ROUNDS: usize = 5;

/// Descriptors that a program needs beyond those of its clients.
const SPARE_DESCRIPTORS: rlim_t = 100;

/// Between two looks at how many sockets the server holds: short beside the second that is the target, long beside a
/// look.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

struct Cost {
    milliseconds: f64,
    kib_each: f64,
}

/// Measures time and memory.
pub(super) fn measure(cpus: &Cpus) -> Result<Vec<Line>> {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    if hard < rlim_t::from(SEATS) + SPARE_DESCRIPTORS {
        let why = format!("this system allows {hard} descriptors for a process");
        return Ok(vec![Line::not_measured(WHAT_TIME, &why)]);
    }
    let costs = take_turns(ROUNDS, 1, |_| crowd_a_new_server(cpus))?.remove(0);
    let times: Vec<f64> = costs.iter().map(|cost| cost.milliseconds).collect();
    let memory: Vec<f64> = costs.iter().map(|cost| cost.kib_each).collect();
    let series = |unit, values| Series { name: "tcp-chat-server", unit, values };
    Ok(vec![
        Line::absolute(WHAT_TIME, &series("ms", &times), Target::AtMost(1000.0)),
        Line::absolute(WHAT_MEMORY, &series("KiB", &memory), Target::AtMost(16.0)),
    ])
}

/// A new server for each round: memory that a server has had once would not show again.
fn crowd_a_new_server(cpus: &Cpus) -> Result<Cost> {
    let server = Server::room(cpus, SEATS)?;
    // Only now, since the server would inherit the limit; raising it is its own business.
    let _raised = DescriptorLimit::raise()?;
    server.wait_until_idle()?;
    let (sockets, memory) = (server.sockets()?, server.resident_kib()?);
    let started = Instant::now();
    let mut clients = connect_all(server.address(), CLIENTS)?;
    let _probe = wait_until_accepted(&server, sockets + CLIENTS)?;
    let milliseconds = started.elapsed().as_secs_f64() * 1e3;
    // A server with a thread for each client may have all sockets and still start threads.
    server.wait_until_idle()?;
    check_that_none_is_refused(&mut clients)?;
    let kib = server.resident_kib()?.saturating_sub(memory);
    Ok(Cost { milliseconds, kib_each: f64::from(kib) / f64::from(u32::try_from(CLIENTS)?) })
}

/// Connects `count` clients, all at once as a class does, none waiting for another.
fn connect_all(address: SocketAddr, count: usize) -> Result<Vec<TcpStream>> {
    let mut poller = Poller::new()?;
    let mut clients = Vec::with_capacity(count);
    for number in 0..count {
        let client = start_connecting(address)?;
        poller.add_connecting(&client, number)?;
        clients.push(client);
    }
    wait_until_connected(&mut poller, &clients)?;
    Ok(clients)
}

fn start_connecting(address: SocketAddr) -> Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    // Closing resets: 30,000 connections in TIME_WAIT would be a burden on the next rounds.
    socket.set_linger(Some(Duration::ZERO))?;
    match socket.connect(&address.into()) {
        Err(error) if error.raw_os_error() != Some(Errno::EINPROGRESS as i32) => Err(error.into()),
        _ => Ok(socket.into()),
    }
}

fn wait_until_connected(poller: &mut Poller, clients: &[TcpStream]) -> Result<()> {
    let mut waiting = clients.len();
    let started = Instant::now();
    while waiting > 0 {
        let ready = poller.wait(started).with_context(|| format!("{waiting} clients are not connected"))?;
        for number in ready {
            clients[number].take_error()?.map_or(Ok(()), Err).context("a client could not connect")?;
            waiting -= 1;
        }
    }
    Ok(())
}

/// Waits until the server holds `sockets` more than nothing: connected means only that the kernel has queued it. A last
/// client that is admitted comes first, since looking costs time.
fn wait_until_accepted(server: &Server, sockets: usize) -> Result<Client> {
    let mut probe = Client::connect(server.address())?;
    probe.enter("probe").context("the client after all the others")?;
    let started = Instant::now();
    while started.elapsed() < DEADLINE {
        if server.sockets()? > sockets {
            return Ok(probe);
        }
        thread::sleep(LOOK_AGAIN);
    }
    bail!("the server holds {} sockets, {} are connected", server.sockets()?, sockets + 1);
}

/// A refused client has been sent a line or an end; one that sits there has nothing to read.
fn check_that_none_is_refused(clients: &mut [TcpStream]) -> Result<()> {
    let mut refused = 0;
    for client in clients {
        let read = client.read(&mut [0]);
        refused += u32::from(!matches!(read, Err(error) if error.kind() == ErrorKind::WouldBlock));
    }
    ensure!(refused == 0, "{refused} of {CLIENTS} clients were refused or spoken to");
    Ok(())
}

/// This process's limit of descriptors, raised as far as it goes for as long as this value lives.
struct DescriptorLimit {
    soft: rlim_t,
    hard: rlim_t,
}

impl DescriptorLimit {
    fn raise() -> Result<Self> {
        let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
        setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?;
        Ok(Self { soft, hard })
    }
}

impl Drop for DescriptorLimit {
    fn drop(&mut self) {
        // Lowering one's own limit is always allowed.
        let _ = setrlimit(Resource::RLIMIT_NOFILE, self.soft, self.hard);
    }
}
