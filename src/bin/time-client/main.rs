//! The time over UDP, the side that asks.
//!
//! Try it: `cargo run --bin time-client` while `cargo run --bin time-server` runs in another terminal; then
//! `cargo run --bin time-client -- --protocol sntp`.
//!
//! Read it for: socket, connect, a time limit for recv (SO_RCVTIMEO), send, recv; and asking again, since over UDP the
//! question or the answer may be lost. [`sntp()`] shows what text cannot: how far the two clocks are apart.

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, bail};
use clap::{Parser, ValueEnum};
use jiff::Zoned;
use socket_demos::cli::options::{Encoding, ServerAddress};
use socket_demos::net::faults::BadNetwork;
use socket_demos::net::{Socket, Trace, UdpSocket, failures};
use socket_demos::terminal::screen;
use socket_demos::text::{Incoming, typed};
use socket_demos::time::report;
use socket_demos::time::request::{self, Format, QUESTION};
use socket_demos::time::sntp::{self, Asked, Refusal, Sample};
use socket_demos::{cli, errors, random, t};

const PROGRAM: &str = "time-client";

/// The longest answer that is looked at: a line of text, or a packet with extensions.
const MAX_ANSWER: usize = 1024;

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Protocol {
    Text,
    Sntp,
    Time,
}

#[derive(Parser)]
#[command(name = PROGRAM, version, about = t!("ask a time server for the time", "向时间服务器问时间"))]
pub(crate) struct Args {
    #[command(flatten)]
    server: ServerAddress,
    #[arg(long, value_name = t!("PROTOCOL", "协议"), default_value = "text", help = t!(
        "text: `get time`; sntp: with offset and delay (RFC 5905); time: 4 bytes (RFC 868)",
        "text：get time；sntp：带偏差和延迟（RFC 5905）；time：4 字节（RFC 868）"
    ))]
    protocol: Protocol,
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = typed::parse_times, help = t!(
        "Ask so many times and keep the sample of the least delay (sntp)",
        "问这么多次，取延迟最小的一次（sntp）"
    ))]
    samples: u16,
    #[arg(long, help = t!("Print offset, delay and stratum as JSON (sntp)", "用 JSON 输出偏差、延迟和层级（sntp）"))]
    json: bool,
    #[arg(long, value_name = t!("SECONDS", "秒"), default_value = "1", value_parser = typed::parse_duration, help = t!(
        "How long to wait for each answer",
        "每次等多久"
    ))]
    timeout: Duration,
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = typed::parse_times, help = t!(
        "How many times to ask in all",
        "一共最多问几次"
    ))]
    retries: u16,
    #[command(flatten)]
    encoding: Encoding,
    #[command(flatten)]
    network: BadNetwork,
}

fn main() -> ExitCode {
    cli::run(ask)
}

fn ask(args: &Args, trace: &Trace) -> anyhow::Result<()> {
    let address = &args.server.address;
    let (socket, server) = address
        .try_each(|address| open(address, &args.network, trace))
        .map_err(|failed| failures::cannot_connect(address, failed, "time-server", args.timeout))?;
    match args.protocol {
        Protocol::Text => {
            let answer =
                until_answered(&socket, server, args, || Ok(QUESTION.into()), |answer, _| Ok(answer.to_vec()))?;
            screen::show(&Incoming::new(args.encoding.charset).message(&answer))?;
        }
        Protocol::Time => {
            let answer = until_answered(&socket, server, args, || Ok(Vec::new()), |answer, _| four_bytes(answer))?;
            let time = request::time_of_seconds(answer, SystemTime::now())
                .with_context(|| t!("no such time", "没有这样的时间"))?;
            screen::show(Format::default().write(&Zoned::try_from(time)?).as_bytes())?;
        }
        Protocol::Sntp => {
            let best = best_sample(&socket, server, args)?;
            let lines = if args.json { report::json(&best) } else { report::arithmetic(&best, SystemTime::now()) };
            screen::show(lines.as_bytes())?;
        }
    }
    Ok(())
}

/// What makes a socket ask one server: socket, connect (which sends nothing). It hears that server alone.
fn open(address: SocketAddr, network: &BadNetwork, trace: &Trace) -> io::Result<(UdpSocket, SocketAddr)> {
    let socket = Socket::udp(address, trace)?;
    socket.connect(address)?;
    Ok((socket.over(network)?, address))
}

/// Asks until there is an answer that `read` takes: send, recv, and again after the timeout. `read` also gets how long
/// the answer took, and says whether what it refuses was an answer at all.
fn until_answered<T>(
    socket: &UdpSocket,
    server: SocketAddr,
    args: &Args,
    question: impl Fn() -> io::Result<Vec<u8>>,
    read: impl Fn(&[u8], Duration) -> Result<T, Refusal>,
) -> anyhow::Result<T> {
    let mut buffer = vec![0; MAX_ANSWER];
    for _ in 0..args.retries {
        socket.send(&question()?).map_err(|error| refused(server, error))?;
        let asked = Instant::now();
        while let Some(left) = args.timeout.checked_sub(asked.elapsed()).filter(|left| !left.is_zero()) {
            socket.set_read_timeout(Some(left))?;
            match socket.recv_from(&mut buffer) {
                Ok((received, _)) => match read(&buffer[..received], asked.elapsed()) {
                    Ok(answer) => return Ok(answer),
                    // Noise must not end the waiting, or a stranger could.
                    Err(refusal) if refusal.is_noise() => screen::talk(&refusal.to_string()),
                    Err(refusal) => return Err(anyhow::Error::new(refusal).context(server)),
                },
                // Windows alone tells that an answer did not fit. No true one is so long.
                Err(error) if errors::is_cut_datagram(&error) => screen::talk(&errors::reason(&error)),
                Err(error) if errors::is_timeout(&error) => break,
                Err(error) => return Err(refused(server, error)),
            }
        }
    }
    let (tries, seconds) = (args.retries, args.timeout.as_secs_f32());
    bail!(t!(
        "no usable answer from {server} to {tries} questions of {seconds} s each: lost, a firewall, or no such server there",
        "向 {server} 问了 {tries} 次，每次等 {seconds} 秒，都没有可用的回答：丢了、被防火墙拦住，或那里没有这种服务器"
    ));
}

/// `--samples` of them, and of those that succeed the one of the least delay. Without a first one there is nobody to ask,
/// and whom a server sends away asks no more.
fn best_sample(socket: &UdpSocket, server: SocketAddr, args: &Args) -> anyhow::Result<Sample> {
    let mut best = sntp(socket, server, args)?;
    let (mut failed, mut asked) = (0, 1);
    for _ in 1..args.samples {
        thread::sleep(sntp::pause_between(server.ip()));
        asked += 1;
        match sntp(socket, server, args) {
            Ok(sample) if sample.delay < best.delay => best = sample,
            Ok(_) => {}
            Err(error) => {
                failed += 1;
                screen::talk(&format!("{error:#}"));
                if error.downcast_ref().copied().is_some_and(Refusal::is_kiss) {
                    break;
                }
            }
        }
    }
    if failed > 0 {
        screen::talk(&t!("{failed} of {asked} samples failed", "问了 {asked} 次，{failed} 次没有测到"));
    }
    Ok(best)
}

/// One sample: T1 goes out with the question, T4 is taken when the answer is there.
fn sntp(socket: &UdpSocket, server: SocketAddr, args: &Args) -> anyhow::Result<Sample> {
    let asked = std::cell::Cell::new(None);
    let question = || {
        let random = random::bytes();
        let now = Asked::at(SystemTime::now(), random);
        asked.set(Some(now));
        Ok(now.packet().to_vec())
    };
    let read = |answer: &[u8], elapsed| {
        let asked = asked.get().ok_or(Refusal::NotOurQuestion)?;
        asked.measure(answer, SystemTime::now(), elapsed)
    };
    until_answered(socket, server, args, question, read)
}

fn four_bytes(answer: &[u8]) -> Result<[u8; 4], Refusal> {
    answer.try_into().map_err(|_| Refusal::TooShort(answer.len()))
}

fn refused(server: SocketAddr, error: io::Error) -> anyhow::Error {
    if !errors::is_refusal(&error) {
        return error.into();
    }
    let code = errors::code(&error);
    anyhow::anyhow!(t!(
        "nobody is at {server} ({code}); start a server with: time-server {server}",
        "{server} 上没有程序（{code}）；先启动服务器：time-server {server}"
    ))
}
