//! Remote commands over UDP, the side that wants them run.
//!
//! Try it: `cargo run --bin udp-exec-client` while `cargo run --bin udp-exec-server` runs in another terminal; then with
//! `--loss 30% --trace`.
//!
//! Read it for: socket, setsockopt, connect on a UDP socket ([`open`]), and where a name has several addresses, which of them
//! answers ([`probe`]). Then one of two ways:
//!
//! - [`session`], with the key: recv with a timeout, and send, made reliable by one thread that hears and keeps asking, and
//!   one that shows what has come, at its own pace.
//! - [`classic`], the textbook's: sendto, recvfrom, one datagram each way, and hope.

mod args;
mod classic;
mod probe;
mod session;

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use socket_demos::cli;
use socket_demos::exec::client::prompt;
use socket_demos::exec::key;
use socket_demos::exec::options::Way;
use socket_demos::net::address::{self, Failed};
use socket_demos::net::{Socket, Trace, UdpSocket, failures};

use crate::args::Args;

/// How much may wait for `recv`, in bytes: a window of the protocol with what the system counts for each datagram.
const RECEIVE_BUFFER: usize = 2 * 1024 * 1024;

fn main() -> ExitCode {
    cli::run_for_status(prompt::FAILURE, exec)
}

fn exec(args: &Args, trace: &Trace) -> anyhow::Result<u8> {
    let (socket, server) = reach(args, trace)?;
    match args.way() {
        Way::Classic => classic::converse(&socket, server, args).map(|()| 0),
        Way::Keyed => session::converse(socket, server, args),
    }
}

/// Finds the server, and has a socket for it. With the key, it is the first address that answers; the last one is not asked.
fn reach(args: &Args, trace: &Trace) -> anyhow::Result<(UdpSocket, SocketAddr)> {
    let asked = &args.server.address;
    let cannot = |failed: Failed| failures::cannot_connect(asked, failed, "udp-exec-server", Duration::ZERO);
    let addresses = asked.resolve().map_err(cannot)?;
    let key = match (args.way(), addresses.len()) {
        (Way::Keyed, 2..) => Some(key::read(&args.commands.key_file()?)?),
        _ => None,
    };
    let opened = address::try_all(&addresses, |address| {
        let opened = open(address, args, trace)?;
        if let Some(key) = key.as_ref().filter(|_| addresses.last() != Some(&address)) {
            probe::answers(&opened.0, key)?;
        }
        Ok(opened)
    });
    opened.map_err(cannot)
}

/// What makes a socket able to talk to one server: socket, and outside the textbook setsockopt (SO_RCVBUF) and connect.
/// Nothing is sent here.
fn open(address: SocketAddr, args: &Args, trace: &Trace) -> io::Result<(UdpSocket, SocketAddr)> {
    let socket = Socket::udp(address, trace)?;
    if args.way() == Way::Classic {
        return Ok((socket.over(&args.network)?, address));
    }
    socket.set_receive_buffer_size(RECEIVE_BUFFER)?;
    socket.connect(address)?;
    Ok((socket.over(&args.network)?.in_segments(), address))
}
