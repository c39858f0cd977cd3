//! Remote commands over TCP, the side that wants them run.
//!
//! Try it: `cargo run --bin tcp-exec-client` while `cargo run --bin tcp-exec-server` runs in another terminal.
//!
//! Read it for: socket, connect ([`connect`]). Then one of two ways:
//!
//! - [`session`], with the key: a server that must prove who it is before it gets a command, and recv until the end of an
//!   answer, because the wire says where that is.
//! - [`classic`], the textbook's: send, recv, and one recv is taken for the answer, whatever its length.

mod args;
mod classic;
mod session;

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;

use socket_demos::cli;
use socket_demos::exec::client::prompt;
use socket_demos::exec::options::Way;
use socket_demos::net::{Socket, TcpStream, Trace, close, failures};

use crate::args::Args;

/// A connection for as long as the program lives: Ctrl-C needs it too.
pub(crate) type Stream = &'static TcpStream;

fn main() -> ExitCode {
    cli::run_for_status(prompt::FAILURE, exec)
}

fn exec(args: &Args, trace: &Trace) -> anyhow::Result<u8> {
    match args.way() {
        Way::Classic => {
            let (stream, server) = reach(args, trace)?;
            let talked = classic::converse(stream, server, args);
            close::lingering(stream);
            talked.map(|()| 0)
        }
        Way::Keyed => session::converse(args, trace),
    }
}

/// Finds the server, and connects to it.
pub(crate) fn reach(args: &Args, trace: &Trace) -> anyhow::Result<(Stream, SocketAddr)> {
    let address = &args.server.address;
    let connected = address.try_each(|address| connect(address, args, trace));
    let (stream, server) =
        connected.map_err(|failed| failures::cannot_connect(address, failed, "tcp-exec-server", args.timeout))?;
    Ok((Box::leak(Box::new(stream)), server))
}

/// What makes a socket a connection: socket, connect.
fn connect(address: SocketAddr, args: &Args, trace: &Trace) -> io::Result<(TcpStream, SocketAddr)> {
    let socket = Socket::tcp(address, trace)?;
    let stream = socket.connect_timeout(address, args.timeout)?;
    Ok((stream, address))
}
