//! The textbook's conversation over TCP, the server's side: accept, recv, send, and one client at a time.
//!
//! [`close::lingering`] at the end is shutdown, recv until the other side has ended too, for half a second at most,
//! and only then close, which a socket does where it goes out of scope (`src/net/close.rs`).
//!
//! `udp-chat-server` has the same in the same order: compare them.

use std::io::{self, Read as _, Write as _};
use std::net::SocketAddr;

use anyhow::bail;
use socket_demos::chat::transcript;
use socket_demos::net::backoff::Backoff;
use socket_demos::net::{TcpListener, TcpStream, close, failures};
use socket_demos::t;
use socket_demos::terminal::input::{Keyboard, Typed};
use socket_demos::terminal::screen;
use socket_demos::text::Incoming;

use crate::args::Args;

/// The first lesson: one client, one message each way.
pub(crate) fn once(listener: &TcpListener, args: &Args) -> anyhow::Result<()> {
    let mut keyboard = Keyboard::in_turn();
    let (stream, client) = next_client(listener);
    let mut incoming = Incoming::new(args.encoding.charset);
    match take_turn(&stream, args, &mut incoming, &mut keyboard)? {
        Turn::Gone(Some(error)) => bail!(failures::gone(client, Some(&error))),
        Turn::Gone(None) => screen::talk(&failures::gone(client, None)),
        Turn::Done | Turn::NothingToSay => {}
    }
    close::lingering(&stream);
    Ok(())
}

/// The textbook's conversation: one client at a time, strictly in turn, until there is nothing left to say.
pub(crate) fn classic(listener: &TcpListener, args: &Args) -> anyhow::Result<()> {
    screen::hint(&t!("(q at the prompt ends, Ctrl-C at any time)", "（在提示符下输入 q 结束，随时可按 Ctrl-C）"));
    let mut keyboard = Keyboard::in_turn();
    loop {
        let (stream, client) = next_client(listener);
        // For a conversation of hours: a pulled cable leaves no ghost. It fails for a connection that has gone, which recv tells.
        let _ = stream.set_keepalive(close::VANISHED);
        let mut incoming = Incoming::new(args.encoding.charset);
        loop {
            match take_turn(&stream, args, &mut incoming, &mut keyboard)? {
                Turn::Done => {}
                // The client has ended the connection, and so does the end of this scope: close.
                Turn::Gone(error) => break screen::talk(&failures::gone(client, error.as_ref())),
                Turn::NothingToSay => {
                    close::lingering(&stream);
                    return Ok(());
                }
            }
        }
    }
}

/// Waits until a client can be accepted.
fn next_client(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    let mut backoff = Backoff::default();
    loop {
        match listener.accept() {
            Ok((stream, client)) => {
                screen::talk(&t!("{client} has connected", "{client} 已连接"));
                return (stream, client);
            }
            Err(error) => backoff.after(&error, |notice| screen::talk(&notice)),
        }
    }
}

/// How a turn ended.
enum Turn {
    Done,
    /// The client has left; the error where it did not close in order.
    Gone(Option<io::Error>),
    /// The person at the server has left.
    NothingToSay,
}

/// One turn: recv, show, ask, send. One `recv` is taken for one message, which only a textbook can rely on.
fn take_turn(
    mut stream: &TcpStream,
    args: &Args,
    incoming: &mut Incoming,
    keyboard: &mut Keyboard,
) -> anyhow::Result<Turn> {
    let mut buffer = vec![0; args.textbook.recv_size()];
    let received = match stream.read(&mut buffer) {
        Ok(0) => {
            transcript::show_half(incoming)?;
            return Ok(Turn::Gone(None));
        }
        Ok(received) => received,
        Err(error) => return Ok(Turn::Gone(Some(error))),
    };
    screen::show(&incoming.message(&buffer[..received]))?;
    let encode = |typed: &str| args.encoding.charset.encode(typed).map_err(|lacking| lacking.to_string());
    let Typed::Line(answer) = keyboard.ask_bare(&t!("your answer: ", "回复："), encode)? else {
        return Ok(Turn::NothingToSay);
    };
    match stream.write_all(&answer) {
        Ok(()) => Ok(Turn::Done),
        Err(error) => Ok(Turn::Gone(Some(error))),
    }
}
