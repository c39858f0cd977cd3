//! TCP chat, the side that calls.
//!
//! Try it: `cargo run --bin tcp-chat-client` while `cargo run --bin tcp-chat-server` runs in another terminal.
//!
//! Read it for: socket, connect, in [`connect`]; then three ways to send, recv and shutdown: [`classic::once`] is one
//! message each way, [`classic::classic`] the textbook's strict alternation, and [`room::room`] sends and receives at the
//! same time.

mod args;
mod classic;
mod room;

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use socket_demos::net::{Socket, TcpStream, Trace, failures};
use socket_demos::terminal::screen;
use socket_demos::{cli, t};

use crate::args::{Args, Way};

fn main() -> ExitCode {
    cli::run(chat)
}

fn chat(args: &Args, trace: &Trace) -> anyhow::Result<()> {
    let address = &args.server.address;
    let (stream, server) = address
        .try_each(|address| connect(address, args.timeout, trace))
        .map_err(|failed| failures::cannot_connect(address, failed, "tcp-chat-server", args.timeout))?;
    let connected = || t!("connected to {server} (q leaves)", "已连接 {server}（输入 q 离开）");
    match args.way() {
        Way::Once => {
            screen::talk(&connected());
            classic::once(&stream, args)
        }
        Way::Classic => {
            screen::talk(&t!(
                "connected to {server}, waiting for the server to accept (it talks to one client at a time; its first answer shows that it has accepted you)",
                "已连接 {server}，等待服务器 accept（它一次只和一个客户端说话；收到第一条回复，才说明轮到你了）"
            ));
            classic::classic(&stream, args)
        }
        Way::Room => {
            screen::talk(&connected());
            room::room(stream, args)
        }
    }
}

/// What makes a socket a connection: socket, connect. The kernel does the three-way handshake.
fn connect(address: SocketAddr, timeout: Duration, trace: &Trace) -> io::Result<(TcpStream, SocketAddr)> {
    let socket = Socket::tcp(address, trace)?;
    let stream = socket.connect_timeout(address, timeout)?;
    Ok((stream, address))
}
