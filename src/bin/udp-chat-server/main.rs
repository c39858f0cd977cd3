//! UDP chat, the side that is written to.
//!
//! Try it: `cargo run --bin udp-chat-server`, and in two more terminals `cargo run --bin udp-chat-client`.
//!
//! Read it for: socket, bind, in [`bind`]; there is no listen, no accept and no connection. Then two ways of recvfrom and
//! sendto: one socket hears everybody, and each datagram brings its sender's address. [`classic::classic`] is the
//! textbook's strict alternation, [`both_ways::both_ways`] hears and speaks at any time.

mod args;
mod both_ways;
mod classic;

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;

use socket_demos::net::ports::Transport;
use socket_demos::net::{Socket, Trace, UdpSocket, failures};
use socket_demos::terminal::screen;
use socket_demos::{cli, t};

use crate::args::{Args, Way};

fn main() -> ExitCode {
    cli::run(chat)
}

fn chat(args: &Args, trace: &Trace) -> anyhow::Result<()> {
    let address = args.listen.to_bind()?;
    let socket = address
        .try_each(|address| bind(address, args, trace))
        .map_err(|failed| failures::cannot_listen(Transport::Udp, &address, failed))?;
    let bound = socket.local_addr()?;
    let ready = |way: String, other: String| {
        screen::ready(&way, bound, &other);
        args.listen.tell_others("udp-chat-client", bound.port());
    };
    match args.way() {
        Way::Classic => {
            ready(
                t!("the textbook's way", "课本写法"),
                t!("(without --classic: at any time)", "（不加 --classic 则可随时收发）"),
            );
            classic::classic(&socket, args)
        }
        Way::BothWays => {
            ready(
                t!("a UDP chat, at any time", "UDP 聊天，可随时收发"),
                t!("(the textbook's way: --classic)", "（课本写法请加 --classic）"),
            );
            both_ways::both_ways(socket, args)
        }
    }
}

/// What makes a socket hear: socket, bind. Never SO_REUSEADDR: a second socket would take the datagrams.
fn bind(address: SocketAddr, args: &Args, trace: &Trace) -> io::Result<UdpSocket> {
    let mut socket = Socket::udp(address, trace)?;
    // On all addresses of this machine each message tells at which it came, so that the answer leaves from there.
    if let Way::BothWays = args.way()
        && address.ip().is_unspecified()
    {
        socket.set_packet_info(address)?;
    }
    socket.bind(address)?;
    socket.over(&args.network)
}
