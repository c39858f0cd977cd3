//! TCP chat, the side that waits to be called.
//!
//! Try it: `cargo run --bin tcp-chat-server`, and in two more terminals `cargo run --bin tcp-chat-client`.
//!
//! Read it for: socket, setsockopt, bind, listen, in this order, in [`listen`]; then three ways to accept, recv and send:
//! [`classic::once`] is one message each way, [`classic::classic`] the textbook's one client at a time, and
//! [`room::room`] everybody at once, a thread for each.

mod args;
mod classic;
mod room;

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;

use socket_demos::net::ports::Transport;
use socket_demos::net::{Socket, TcpListener, Trace, failures};
use socket_demos::terminal::screen;
use socket_demos::{cli, t};

use crate::args::{Args, Way};

/// How many connections may wait for `accept` in the room: a lecture hall that connects within a second.
const ROOM_BACKLOG: i32 = 4096;

fn main() -> ExitCode {
    cli::run(chat)
}

fn chat(args: &Args, trace: &Trace) -> anyhow::Result<()> {
    let address = args.listen.to_bind()?;
    let listener = address
        .try_each(|address| listen(address, args, trace))
        .map_err(|failed| failures::cannot_listen(Transport::Tcp, &address, failed))?;
    let bound = listener.local_addr()?;
    let ready = |way: String, other: String| {
        screen::ready(&way, bound, &other);
        args.listen.tell_others("tcp-chat-client", bound.port());
    };
    match args.way() {
        Way::Once => {
            ready(
                t!("one message each way", "第一课：双方各发一条消息"),
                t!("(without --once: a chat room)", "（不加 --once 则是聊天室）"),
            );
            classic::once(&listener, args)
        }
        Way::Classic => {
            ready(
                t!("the textbook's way", "课本写法"),
                t!("(without --classic: a chat room)", "（不加 --classic 则是聊天室）"),
            );
            classic::classic(&listener, args)
        }
        Way::Room => {
            ready(t!("a chat room", "聊天室"), t!("(the textbook's way: --classic)", "（课本写法请加 --classic）"));
            room::room(&listener, args)
        }
    }
}

/// What makes a socket a listener: socket, setsockopt, bind, listen.
fn listen(address: SocketAddr, args: &Args, trace: &Trace) -> io::Result<TcpListener> {
    let socket = Socket::tcp(address, trace)?;
    if args.reuses_address() {
        socket.set_reuse_address()?;
    }
    socket.bind(address)?;
    socket.listen(match args.way() {
        Way::Once | Way::Classic => args.backlog.into(),
        Way::Room => ROOM_BACKLOG,
    })
}
