//! Remote commands over UDP, the side that runs them.
//!
//! Try it: `cargo run --bin udp-exec-server`, and in another terminal `cargo run --bin udp-exec-client`. Then with
//! `--loss 30% --trace`.
//!
//! Read it for: socket, bind ([`bind`]). Then one of two ways:
//!
//! - [`serve`], for whoever has the key: recvfrom with a timeout, for any number of clients in one thread, and sendto in the
//!   thread that has something to say; made reliable.
//! - [`classic`], the textbook's: recvfrom, sendto, and hope.

mod args;
mod classic;
mod serve;

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;

use socket_demos::exec::key;
use socket_demos::exec::options::Way;
use socket_demos::exec::server::code::Code;
use socket_demos::exec::server::policy;
use socket_demos::exec::shell;
use socket_demos::net::address;
use socket_demos::net::ports::Transport;
use socket_demos::net::{Socket, Trace, UdpSocket, failures};
use socket_demos::terminal::{exit, screen};
use socket_demos::{cli, t};

use crate::args::Args;

fn main() -> ExitCode {
    cli::run(exec)
}

fn exec(args: &Args, trace: &Trace) -> anyhow::Result<()> {
    let address = args.listen.to_bind();
    let cannot = |failed| failures::cannot_listen(Transport::Udp, &address, failed);
    let addresses = address.resolve().map_err(cannot)?;
    policy::may_listen(&addresses, args.way(), args.commands.key_file.as_deref())?;
    let socket = address::try_all(&addresses, |address| bind(address, args, trace)).map_err(cannot)?;
    let bound = socket.local_addr()?;
    exit::at_end(shell::stop_all);
    match args.way() {
        Way::Classic => {
            let way = t!("remote commands the textbook's way", "课本写法的远程命令");
            let other = t!(
                "(without --classic: reliable, for whoever has the key)",
                "（不加 --classic 则可靠传输，供持有密钥的人使用）"
            );
            let code = Code::set_or_drawn()?;
            tell_ready(&way, bound, &other);
            policy::tell_of_code(&code);
            classic::serve(&socket, bound, code, args)
        }
        Way::Keyed => {
            let path = args.commands.key_file()?;
            let key = key::read_or_make(&path)?;
            let (way, other) = (
                t!("remote commands, reliable over UDP", "远程命令，在 UDP 上可靠传输"),
                t!("(the textbook's way: --classic)", "（课本写法请加 --classic）"),
            );
            tell_ready(&way, bound, &other);
            policy::tell_of_key(&path);
            serve::serve(socket, key, args)
        }
    }
}

/// What makes a socket hear: socket, bind. Never SO_REUSEADDR: a second socket would take the datagrams.
fn bind(address: SocketAddr, args: &Args, trace: &Trace) -> io::Result<UdpSocket> {
    let mut socket = Socket::udp(address, trace)?;
    // On all addresses of this machine each datagram tells at which it came, so that all of the answer leaves from there.
    if address.ip().is_unspecified() {
        socket.set_packet_info(address)?;
    }
    socket.bind(address)?;
    socket.over(&args.network)
}

/// The ready line: which way it serves, and where; how to get the other.
fn tell_ready(way: &str, bound: SocketAddr, other: &str) {
    screen::ready(way, bound, other);
    screen::hint(&t!("(Ctrl-C ends)", "（按 Ctrl-C 结束）"));
}
