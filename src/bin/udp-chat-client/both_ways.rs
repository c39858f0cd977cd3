//! Both ways at any time, over a connected socket: send in the keyboard's thread, recv in this one (the trace calls it
//! recvfrom, which is the same call).

use std::net::SocketAddr;
use std::sync::Arc;

use socket_demos::chat::messages::{self, Messages};
use socket_demos::chat::peer::{Inbox, Peer};
use socket_demos::cli;
use socket_demos::net::UdpSocket;
use socket_demos::terminal::exit;
use socket_demos::terminal::input::{Keyboard, Typed};
use socket_demos::text::Charset;

use crate::args::{Args, PROGRAM};

/// Hears in this thread and speaks in another, at any time.
pub(crate) fn both_ways(socket: UdpSocket, server: SocketAddr, args: &Args) -> anyhow::Result<()> {
    let socket = Arc::new(socket);
    // The timeout is no SO_RCVTIMEO: a third thread tells of the silence (src/chat/answers.rs).
    let server = Peer::server(PROGRAM, server, args.timeout);
    let (speaker, peer, charset) = (Arc::clone(&socket), Arc::clone(&server), args.encoding.charset);
    cli::spawn(PROGRAM, move || speak(&speaker, &peer, charset))?;
    let messages = Messages::new(charset, args.textbook.datagram_size());
    hear(&socket, Inbox::new(&server, messages))
}

/// Sends what is typed. At the end of a pipe it waits for one more answer, up to the timeout.
fn speak(socket: &UdpSocket, server: &Peer, charset: Charset) -> anyhow::Result<()> {
    let mut keyboard = Keyboard::open();
    loop {
        match keyboard.ask_any("> ", |typed| messages::encode(typed, charset))? {
            // Where it tells that an earlier datagram was refused, this one has not left: it is called again.
            Typed::Line(message) => server.write(&keyboard, || socket.send(&message)),
            Typed::Quit => exit::now(0),
            Typed::End => exit::now(u8::from(!server.wait_for_answer())),
        }
    }
}

/// Shows what comes. A connected socket hears its peer alone, and that nobody is there.
fn hear(socket: &UdpSocket, mut inbox: Inbox) -> anyhow::Result<()> {
    loop {
        match socket.recv(inbox.buffer()) {
            Ok(received) => inbox.show(received)?,
            Err(error) => inbox.tell_why(&error),
        }
    }
}
