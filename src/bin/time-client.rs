//! The time over UDP, the side that asks.
//!
//! Try it: `cargo run --bin time-client` while `cargo run --bin time-server` runs in another terminal.
//!
//! Read it for: socket, connect, a time limit for recv (SO_RCVTIMEO), send, recv; and asking again, since over UDP the
//! question or the answer may be lost.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::bail;
use clap::Parser;
use socket_demos::clock::QUESTION;
use socket_demos::datagrams::Datagrams;
use socket_demos::faults::BadNetwork;
use socket_demos::options::{self, Encoding, ServerAddress, Shared};
use socket_demos::text::Incoming;
use socket_demos::trace::{Trace, Traced};
use socket_demos::{cli, errors, screen, t};

const PROGRAM: &str = "time-client";

/// An answer is a line of text.
const MAX_ANSWER: usize = 1024;

#[derive(Parser)]
#[command(name = PROGRAM, version, about = t!("asks a time-server for the time", "向 time-server 问时间"))]
struct Args {
    #[command(flatten)]
    server: ServerAddress,
    #[arg(long, value_name = t!("SECONDS", "秒"), default_value = "1", value_parser = options::parse_duration, help = t!(
        "How long to wait for each answer",
        "每次等多久"
    ))]
    timeout: Duration,
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = options::parse_count, help = t!(
        "How many times to ask",
        "最多问几次"
    ))]
    retries: u16,
    #[command(flatten)]
    encoding: Encoding,
    #[command(flatten)]
    network: BadNetwork,
    #[command(flatten)]
    shared: Shared,
}

impl AsRef<Shared> for Args {
    fn as_ref(&self) -> &Shared {
        &self.shared
    }
}

fn main() -> ExitCode {
    cli::run(ask)
}

fn ask(args: &Args) -> anyhow::Result<()> {
    let trace = args.shared.trace(PROGRAM)?;
    let address = &args.server.address;
    let (socket, server) = address
        .try_each(|address| open(address, &args.network, &trace))
        .map_err(|failed| errors::cannot_connect(address, failed, "time-server", args.timeout))?;
    socket.set_read_timeout(Some(args.timeout))?;
    for _ in 0..args.retries.max(1) {
        match question(&socket) {
            Ok(answer) => return Ok(screen::show(&Incoming::new(args.encoding.charset).message(&answer))?),
            Err(error) if errors::is_timeout(&error) => {}
            Err(error) if matches!(error.kind(), ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset) => {
                let code = errors::code(&error);
                bail!(t!(
                    "nobody is at {server} ({code}); start a server with: time-server {server}",
                    "{server} 上没有程序（{code}）；先启动服务器：time-server {server}"
                ));
            }
            Err(error) => return Err(error.into()),
        }
    }
    let (tries, seconds) = (args.retries.max(1), args.timeout.as_secs_f32());
    bail!(t!(
        "no answer from {server} to {tries} questions of {seconds} s each: lost, a firewall, or no time-server there",
        "向 {server} 问了 {tries} 次，每次等 {seconds} 秒，都没有回答：丢了、被防火墙拦住，或那里没有 time-server"
    ));
}

/// What makes a socket ask one server: socket, connect (which sends nothing).
fn open(address: SocketAddr, network: &BadNetwork, trace: &Trace) -> io::Result<(Datagrams, SocketAddr)> {
    let socket = Traced::udp(address, trace)?;
    socket.connect(address)?;
    Ok((socket.over(network)?, address))
}

/// One question, one answer.
fn question(socket: &Datagrams) -> io::Result<Vec<u8>> {
    socket.send(QUESTION.as_bytes())?;
    let mut buffer = vec![0; MAX_ANSWER];
    let (received, _) = socket.recv_from(&mut buffer)?;
    buffer.truncate(received);
    Ok(buffer)
}
