//! The textbook's way over UDP: ask, sendto, recvfrom, show. What does not fit the buffer is gone. One thing is ours: after
//! 5 s (SO_RCVTIMEO) it says why there may be no answer.
//!
//! Try it: `cargo run --bin udp-exec-client -- --classic` while `cargo run --bin udp-exec-server -- --classic` runs in
//! another terminal, which shows the code to type first.

use std::net::SocketAddr;
use std::time::Duration;

use socket_demos::chat::messages::{self, Messages};
use socket_demos::exec::server::code;
use socket_demos::net::UdpSocket;
use socket_demos::terminal::input::{Keyboard, Typed};
use socket_demos::terminal::screen;
use socket_demos::text::Charset;
use socket_demos::{errors, t};

use crate::args::Args;

/// How long the textbook's way waits for an answer before it says why there may be none.
const CLASSIC_PATIENCE: Duration = Duration::from_secs(5);

/// One command after the other, strictly in turn.
pub(crate) fn converse(socket: &UdpSocket, server: SocketAddr, args: &Args) -> anyhow::Result<()> {
    screen::talk(&t!("writing to {server} (q leaves)", "发往 {server}（输入 q 离开）"));
    screen::hint(&t!(
        "(our own server wants the code on its terminal first)",
        "（我们的服务器要先输入它终端上的口令）"
    ));
    let mut keyboard = Keyboard::in_turn();
    let charset = args.commands.charset.unwrap_or_else(Charset::of_system);
    let mut messages = Messages::new(charset, args.commands.textbook.recv_size());
    let mut buffer = messages.buffer();
    socket.set_read_timeout(Some(CLASSIC_PATIENCE))?;
    let mut is_ours = false;
    loop {
        let Typed::Line(command) = keyboard.ask_any(&t!("your command: ", "命令："), check)? else {
            // Whoever gets this port next must not pass for us. The textbook's server would take it for a command.
            return if is_ours { socket.send_to(b"", server).map(drop).map_err(Into::into) } else { Ok(()) };
        };
        socket.send_to(&command, server)?;
        match socket.recv_from(&mut buffer) {
            Ok((received, _)) => {
                is_ours |= code::is_said_by_server(&buffer[..received]);
                messages.show("", &buffer[..received])?;
            }
            Err(error) if messages.tells_of_cut(&error) => {}
            Err(error) if errors::is_timeout(&error) => tell_silence(),
            Err(error) => return Err(error.into()),
        }
    }
}

/// What can be sent as a command: an empty datagram does nothing.
fn check(command: &str) -> Result<Vec<u8>, String> {
    if command.trim().is_empty() {
        return Err(t!("an empty command does nothing: type something", "空命令什么也不会做：请输入内容"));
    }
    messages::encode(command, Charset::default())
}

/// Says why there may be no answer.
fn tell_silence() {
    let seconds = CLASSIC_PATIENCE.as_secs();
    screen::talk(&t!(
        "no answer for {seconds} s: the command still runs, or it or its answer was lost, or nobody is there; the textbook's client cannot tell, and would wait for ever. A late answer appears as that to the next command",
        "{seconds} 秒内没有回复：可能命令还在执行，可能命令或回复丢了，也可能那边没有程序；课本的客户端分辨不出来，会一直等下去。迟到的回复会被当成下一条命令的"
    ));
}
