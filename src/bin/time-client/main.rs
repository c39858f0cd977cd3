//! The time over UDP, the side that asks.
//!
//! Try it: `cargo run --bin time-client` while `cargo run --bin time-server` runs in another terminal; then
//! `cargo run --bin time-client -- --protocol sntp`.
//!
//! Read it for: socket, connect ([`server`]); send, a time limit for recv (SO_RCVTIMEO), recv, and asking again, since
//! over UDP the question or the answer may be lost ([`ask`]). [`sntp`] shows what text cannot: how far the two clocks are
//! apart.

mod args;
mod ask;
mod server;
mod sntp;

use std::process::ExitCode;
use std::time::SystemTime;

use anyhow::Context as _;
use jiff::Zoned;
use socket_demos::net::{Trace, failures};
use socket_demos::terminal::screen;
use socket_demos::text::Incoming;
use socket_demos::time::report;
use socket_demos::time::request::{self, Format, QUESTION};
use socket_demos::time::sntp::Refusal;
use socket_demos::{cli, t};

use crate::args::{Args, Protocol};
use crate::ask::until_answered;
use crate::server::Server;

fn main() -> ExitCode {
    cli::run(ask_the_time)
}

fn ask_the_time(args: &Args, trace: &Trace) -> anyhow::Result<()> {
    let address = &args.server.address;
    let mut server = Server::find(address, &args.network, trace)
        .map_err(|failed| failures::cannot_connect(address, failed, "time-server", args.timeout))?;
    match args.protocol {
        Protocol::Text => {
            let answer = until_answered(&mut server, args, || Ok(QUESTION.into()), |answer, _| Ok(answer.to_vec()))?;
            screen::show(&Incoming::new(args.encoding.charset).message(&answer))?;
        }
        Protocol::Time => {
            let answer = until_answered(&mut server, args, || Ok(Vec::new()), |answer, _| four_bytes(answer))?;
            let time = request::time_of_seconds(answer, SystemTime::now())
                .with_context(|| t!("no such time", "没有这样的时间"))?;
            screen::print(Format::default().write(&Zoned::try_from(time)?).as_bytes())?;
        }
        Protocol::Sntp => {
            let best = sntp::best_sample(&mut server, args)?;
            let lines = if args.json { report::json(&best) } else { report::arithmetic(&best, SystemTime::now()) };
            screen::print(lines.as_bytes())?;
        }
    }
    Ok(())
}

fn four_bytes(answer: &[u8]) -> Result<[u8; 4], Refusal> {
    answer.try_into().map_err(|_| Refusal::TooShort(answer.len()))
}
