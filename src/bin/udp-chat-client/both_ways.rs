//! Both ways at any time, over a connected socket: socket, connect ([`connect`]), send in this thread, recv in another (the
//! trace calls it recvfrom, which is the same call).

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use socket_demos::chat::line::{Calls, Line};
use socket_demos::chat::messages::{self, Messages};
use socket_demos::chat::peer::{Inbox, Peer};
use socket_demos::cli;
use socket_demos::net::address::Failed;
use socket_demos::net::faults::BadNetwork;
use socket_demos::net::{Socket, Trace, UdpSocket};
use socket_demos::terminal::exit;
use socket_demos::terminal::input::{Keyboard, Typed};
use socket_demos::text::Charset;

use crate::args::{Args, PROGRAM};

/// A line to the first of the server's addresses. Where that refuses before anything has been heard, the next one's turn
/// comes, with a socket of its own.
pub(crate) fn open(addresses: &[SocketAddr], args: &Args, trace: &Trace) -> Result<Arc<Line<UdpSocket>>, Failed> {
    let (network, trace, timeout) = (args.network.clone(), trace.clone(), args.timeout);
    let (charset, size) = (args.encoding.charset, args.textbook.datagram_size());
    let calls = Calls {
        connect: Box::new(move |address| connect(address, &network, &trace)),
        send: UdpSocket::send,
        hear: Box::new(move |line, socket| {
            let (line, inbox) = (Arc::clone(line), Inbox::new(&line.peer, Messages::new(charset, size)));
            cli::spawn(PROGRAM, move || hear(&line, &socket, inbox)).map_err(io::Error::other)
        }),
    };
    // The timeout is no SO_RCVTIMEO: a third thread tells of the silence (src/chat/answers.rs).
    Line::open(addresses, calls, |server| Peer::server(PROGRAM, server, timeout))
}

/// What makes a socket able to write and hear: socket, connect. Nobody calls bind: the system gives the socket a port of
/// its own at connect.
fn connect(address: SocketAddr, network: &BadNetwork, trace: &Trace) -> io::Result<UdpSocket> {
    let socket = Socket::udp(address, trace)?;
    socket.connect(address)?;
    socket.over(network)
}

/// Sends what is typed. At the end of a pipe it waits for one more answer, up to the timeout.
pub(crate) fn speak(line: &Arc<Line<UdpSocket>>, charset: Charset) -> anyhow::Result<()> {
    let mut keyboard = Keyboard::open();
    loop {
        match keyboard.ask_any("> ", |typed| messages::encode(typed, charset))? {
            // Where it tells that an earlier datagram was refused, this one has not left: it is called again.
            Typed::Line(message) => line.peer.write(&keyboard, || line.send(&message)),
            Typed::Quit => exit::now(0),
            Typed::End => exit::now(u8::from(!line.peer.wait_for_answer())),
        }
    }
}

/// Shows what comes. A connected socket hears its peer alone, and that nobody is there.
fn hear(line: &Arc<Line<UdpSocket>>, socket: &Arc<UdpSocket>, mut inbox: Inbox) -> anyhow::Result<()> {
    loop {
        match socket.recv(inbox.buffer()) {
            Ok(received) => {
                line.heard();
                inbox.show(received)?;
            }
            // Another thread hears the next address.
            Err(error) if line.goes_on(socket, &error) => return Ok(()),
            Err(error) => inbox.tell_why(&error),
        }
    }
}
