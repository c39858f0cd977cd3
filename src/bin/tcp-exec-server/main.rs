//! Remote commands over TCP, the side that runs them.
//!
//! Try it: `cargo run --bin tcp-exec-server`, and in another terminal `cargo run --bin tcp-exec-client`.
//!
//! Read it for: socket, setsockopt, bind, listen ([`listen`]). Then one of two ways:
//!
//! - [`serve`], for whoever has the key: accept, and a thread for each connection; then its [`session`]: recv and send in
//!   frames, shutdown.
//! - [`classic`], the textbook's: accept, recv, send, one client at a time.

mod args;
mod classic;
mod serve;
mod session;

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;

use socket_demos::exec::key;
use socket_demos::exec::options::Way;
use socket_demos::exec::server::code::Code;
use socket_demos::exec::server::policy;
use socket_demos::exec::shell::{self, WorkingDirectory};
use socket_demos::net::address;
use socket_demos::net::ports::Transport;
use socket_demos::net::{Socket, TcpListener, Trace, failures};
use socket_demos::terminal::{exit, screen};
use socket_demos::{cli, t};

use crate::args::Args;

/// How many connections may wait for `accept`: strangers in a hurry must not keep the owner out.
const BACKLOG: i32 = 4096;

fn main() -> ExitCode {
    cli::run(exec)
}

fn exec(args: &Args, trace: &Trace) -> anyhow::Result<()> {
    let address = args.listen.to_bind();
    let cannot = |failed| failures::cannot_listen(Transport::Tcp, &address, failed);
    let addresses = address.resolve().map_err(cannot)?;
    policy::may_listen(&addresses, args.way(), args.commands.key_file.as_deref())?;
    let listener = address::try_all(&addresses, |address| listen(address, trace)).map_err(cannot)?;
    let bound = listener.local_addr()?;
    exit::at_end(shell::stop_all);
    match args.way() {
        Way::Classic => {
            let way = t!("remote commands the textbook's way", "课本写法的远程命令");
            let other = t!("(without --classic: for whoever has the key)", "（不加 --classic 则供持有密钥的人使用）");
            let code = Code::set_or_drawn()?;
            tell_ready(&way, bound, &other);
            policy::tell_of_code(&code);
            classic::serve(&listener, code, args)
        }
        Way::Keyed => {
            let path = args.commands.key_file()?;
            let (key, directory) = (key::read_or_make(&path)?, WorkingDirectory::here()?);
            let (way, other) = (
                t!("remote commands", "远程命令"),
                t!("(the textbook's way: --classic)", "（课本写法请加 --classic）"),
            );
            tell_ready(&way, bound, &other);
            policy::tell_of_key(&path);
            serve::serve(&listener, key, directory, args)
        }
    }
}

/// What makes a socket a listener: socket, setsockopt, bind, listen.
fn listen(address: SocketAddr, trace: &Trace) -> io::Result<TcpListener> {
    let socket = Socket::tcp(address, trace)?;
    socket.set_reuse_address()?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// The ready line: which way it serves, and where; how to get the other.
fn tell_ready(way: &str, bound: SocketAddr, other: &str) {
    screen::ready(way, bound, other);
    screen::hint(&t!("(Ctrl-C ends)", "（按 Ctrl-C 结束）"));
}
