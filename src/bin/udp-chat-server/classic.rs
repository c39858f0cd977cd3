//! The textbook's conversation over UDP, the server's side: recvfrom, sendto, and everybody on one socket.
//!
//! `tcp-chat-server` has the same in the same order: compare them.
//!
//! On all addresses of a machine (`--lan`) an answer leaves from the one that the route has, not from the one that was
//! asked: a connected client does not hear it. `both_ways.rs` answers from where it was asked.

use socket_demos::chat::messages::{self, Messages};
use socket_demos::chat::senders;
use socket_demos::net::UdpSocket;
use socket_demos::t;
use socket_demos::terminal::input::{Keyboard, Typed};
use socket_demos::terminal::screen;

use crate::args::Args;

/// The textbook's conversation: whoever writes, strictly in turn, until there is nothing left to say.
pub(crate) fn classic(socket: &UdpSocket, args: &Args) -> anyhow::Result<()> {
    screen::hint(&t!("(q at the prompt ends, Ctrl-C at any time)", "（在提示符下输入 q 结束，随时可按 Ctrl-C）"));
    let mut keyboard = Keyboard::in_turn();
    let mut messages = Messages::new(args.encoding.charset, args.textbook.recv_size());
    loop {
        match take_turn(socket, args, &mut messages, &mut keyboard)? {
            Turn::Done => {}
            Turn::NothingToSay => return Ok(()),
        }
    }
}

/// How a turn ended.
enum Turn {
    Done,
    /// The person at the server has left.
    NothingToSay,
}

/// One turn: recvfrom, show, ask, sendto. One `recvfrom` is one message, and tells who sent it.
fn take_turn(
    socket: &UdpSocket,
    args: &Args,
    messages: &mut Messages,
    keyboard: &mut Keyboard,
) -> anyhow::Result<Turn> {
    let mut buffer = messages.buffer();
    let (received, client) = match socket.recv_from(&mut buffer) {
        Ok(datagram) => datagram,
        Err(error) => {
            messages.tell_why(&error);
            return Ok(Turn::Done);
        }
    };
    messages.show(&format!("{client}: "), &buffer[..received])?;
    let encode = |typed: &str| messages::encode(typed, args.encoding.charset);
    let Typed::Line(answer) = keyboard.ask_any(&t!("your answer: ", "回复："), encode)? else {
        return Ok(Turn::NothingToSay);
    };
    if let Err(error) = socket.send_to(&answer, client) {
        senders::tell_not_sent(client, &error);
    }
    Ok(Turn::Done)
}
