//! UDP chat, the side that writes first.
//!
//! Try it: `cargo run --bin udp-chat-client` while `cargo run --bin udp-chat-server` runs in another terminal.
//!
//! Read it for: socket ([`open`]), and outside the textbook connect, which sends nothing on a UDP socket and only fixes the
//! peer. Then sendto, recvfrom, in [`classic::classic`], over the textbook's unconnected socket, which hears anybody and
//! never learns that nobody is there; or send, recv, in [`both_ways`], over a connected one, which hears its
//! server alone and learns of a refused port.

mod args;
mod both_ways;
mod classic;

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;

use socket_demos::net::{Socket, Trace, UdpSocket, failures};
use socket_demos::terminal::screen;
use socket_demos::{cli, t};

use crate::args::{Args, Way};

fn main() -> ExitCode {
    cli::run(chat)
}

fn chat(args: &Args, trace: &Trace) -> anyhow::Result<()> {
    let address = &args.server.address;
    let cannot = |failed| failures::cannot_connect(address, failed, "udp-chat-server", args.timeout);
    let begin =
        |server: SocketAddr| screen::talk(&t!("writing to {server} (q leaves)", "发往 {server}（输入 q 离开）"));
    match args.way() {
        Way::Classic => {
            let (socket, server) = address.try_each(|address| open(address, args, trace)).map_err(cannot)?;
            begin(server);
            classic::classic(&socket, server, args)
        }
        Way::BothWays => {
            let line = address.resolve().and_then(|all| both_ways::open(&all, args, trace)).map_err(cannot)?;
            begin(line.peer.address());
            both_ways::speak(&line, args.encoding.charset)
        }
    }
}

/// What makes the textbook's socket able to write: socket. Nobody calls bind: the system gives the socket a port of its
/// own at the first sendto.
fn open(address: SocketAddr, args: &Args, trace: &Trace) -> io::Result<(UdpSocket, SocketAddr)> {
    let socket = Socket::udp(address, trace)?;
    // Over a network that `--loss` and its like make bad on purpose: then two more threads stand between
    // (src/net/datagrams.rs), and the calls are theirs.
    Ok((socket.over(&args.network)?, address))
}
