//! The textbook's conversation over UDP, the client's side: sendto, recvfrom, and nothing to end with.
//!
//! `tcp-chat-client` has the same in the same order: compare them.

use std::net::SocketAddr;

use socket_demos::chat::messages::{self, Messages};
use socket_demos::net::{UdpSocket, failures};
use socket_demos::t;
use socket_demos::terminal::input::{Keyboard, Typed};

use crate::args::Args;

/// The textbook's conversation: strictly in turn, until there is nothing left to say. It waits for an answer for ever.
pub(crate) fn classic(socket: &UdpSocket, server: SocketAddr, args: &Args) -> anyhow::Result<()> {
    let mut keyboard = Keyboard::in_turn();
    let mut messages = Messages::new(args.encoding.charset, args.textbook.recv_size());
    loop {
        match take_turn(socket, server, args, &mut messages, &mut keyboard)? {
            Turn::Done => {}
            Turn::Quit | Turn::InputEnded => return Ok(()),
        }
    }
}

/// How a turn ended.
enum Turn {
    Done,
    Quit,
    InputEnded,
}

/// One turn: ask, sendto, recvfrom, show.
fn take_turn(
    socket: &UdpSocket,
    server: SocketAddr,
    args: &Args,
    messages: &mut Messages,
    keyboard: &mut Keyboard,
) -> anyhow::Result<Turn> {
    let encode = |typed: &str| messages::encode(typed, args.encoding.charset);
    let message = match keyboard.ask_any(&t!("your message: ", "消息："), encode)? {
        Typed::Line(message) => message,
        Typed::Quit => return Ok(Turn::Quit),
        Typed::End => return Ok(Turn::InputEnded),
    };
    socket.send_to(&message, server).map_err(|error| failures::cannot_write(server, error))?;
    receive(socket, messages)?;
    Ok(Turn::Done)
}

/// One `recvfrom` is one message, from whoever sent it.
fn receive(socket: &UdpSocket, messages: &mut Messages) -> anyhow::Result<()> {
    let mut buffer = messages.buffer();
    match socket.recv_from(&mut buffer) {
        Ok((received, sender)) => messages.show(&t!("{sender}: ", "{sender}："), &buffer[..received])?,
        Err(error) if messages.tells_of_cut(&error) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(())
}
