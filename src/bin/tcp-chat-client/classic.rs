//! The textbook's conversation over TCP, the client's side: send, recv, and shutdown where there is nothing left to say.
//!
//! [`close::lingering`] at the end is shutdown, recv until the other side has ended too, for half a second at most,
//! and only then close, which a socket does where it goes out of scope (`src/net/close.rs`).
//!
//! `udp-chat-client` has the same in the same order: compare them.

use std::io::{Read as _, Write as _};
use std::net::Shutdown;

use socket_demos::chat::transcript;
use socket_demos::net::{TcpStream, close, failures};
use socket_demos::t;
use socket_demos::terminal::input::{Keyboard, Typed};
use socket_demos::terminal::screen;
use socket_demos::text::Incoming;

use crate::args::Args;

/// The first lesson: one message each way.
pub(crate) fn once(stream: &TcpStream, args: &Args) -> anyhow::Result<()> {
    take_turn(stream, args, &mut Incoming::new(args.encoding.charset), &mut Keyboard::in_turn())?;
    close::lingering(stream);
    Ok(())
}

/// The textbook's conversation: strictly in turn, until there is nothing left to say or nobody to hear it.
pub(crate) fn classic(stream: &TcpStream, args: &Args) -> anyhow::Result<()> {
    stream.set_keepalive(close::VANISHED)?;
    let mut keyboard = Keyboard::in_turn();
    let mut incoming = Incoming::new(args.encoding.charset);
    loop {
        match take_turn(stream, args, &mut incoming, &mut keyboard)? {
            Turn::Done => {}
            Turn::Gone => return Ok(()),
            Turn::Quit => break close::lingering(stream),
            Turn::InputEnded => {
                screen::talk(&failures::closes());
                stream.shutdown(Shutdown::Write)?;
                while receive(stream, args, &mut incoming)? {}
                break;
            }
        }
    }
    Ok(())
}

/// How a turn ended.
enum Turn {
    Done,
    Gone,
    Quit,
    InputEnded,
}

/// One turn: ask, send, recv, show.
fn take_turn(
    mut stream: &TcpStream,
    args: &Args,
    incoming: &mut Incoming,
    keyboard: &mut Keyboard,
) -> anyhow::Result<Turn> {
    let encode = |typed: &str| args.encoding.charset.encode(typed).map_err(|lacking| lacking.to_string());
    let message = match keyboard.ask_bare(&t!("your message: ", "消息："), encode)? {
        Typed::Line(message) => message,
        Typed::Quit => return Ok(Turn::Quit),
        Typed::End => return Ok(Turn::InputEnded),
    };
    stream.write_all(&message).map_err(failures::not_sent)?;
    if receive(stream, args, incoming)? {
        return Ok(Turn::Done);
    }
    screen::talk(&failures::closed());
    Ok(Turn::Gone)
}

/// One `recv`, taken for one message. Says whether there was one.
fn receive(mut stream: &TcpStream, args: &Args, incoming: &mut Incoming) -> anyhow::Result<bool> {
    let mut buffer = vec![0; args.textbook.recv_size()];
    match stream.read(&mut buffer) {
        Ok(0) => {
            transcript::show_half(incoming)?;
            Ok(false)
        }
        Ok(received) => {
            screen::show(&incoming.message(&buffer[..received]))?;
            Ok(true)
        }
        Err(error) => Err(failures::lost(error)),
    }
}
