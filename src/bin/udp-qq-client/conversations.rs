//! Several conversations at once: for each contact socket, connect, send, and a thread for recv.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use socket_demos::chat::choose::{choose, find, obey};
use socket_demos::chat::contacts::{Contact, Contacts};
use socket_demos::chat::line::{Calls, Line};
use socket_demos::chat::messages::{self, Messages};
use socket_demos::chat::peer::{Inbox, Peer};
use socket_demos::cli;
use socket_demos::net::address::Failed;
use socket_demos::net::faults::BadNetwork;
use socket_demos::net::{Socket, Trace, UdpSocket, failures};
use socket_demos::terminal::input::{self, Keyboard, Typed};
use socket_demos::terminal::{exit, screen};

use crate::args::{Args, PROGRAM};

/// A conversation: a socket connected to the contact, and what is known of them. A thread shows what comes.
type Conversation = Arc<Line<UdpSocket>>;

/// One conversation after the other; those that one goes back from go on.
pub(crate) fn conversations(
    keyboard: &mut Keyboard,
    contacts: &mut Contacts,
    args: &Args,
    trace: &Trace,
) -> anyhow::Result<()> {
    let mut conversations: HashMap<String, Conversation> = HashMap::new();
    loop {
        let contact = match choose(keyboard, contacts)? {
            Typed::Line(contact) => contact,
            Typed::End if !keyboard.is_terminal() => break,
            Typed::Quit | Typed::End => return Ok(()),
        };
        if !conversations.contains_key(&contact.name) {
            let Some(addresses) = find(&contact) else { continue };
            match begin(&contact, &addresses, args, trace) {
                Ok(begun) => drop(conversations.insert(contact.name.clone(), begun)),
                Err(Failed { error, .. }) => {
                    let failed = failures::cannot_write(&contact.name, error);
                    // What comes next in a pipe is meant for this contact, not for the book.
                    if !keyboard.is_terminal() {
                        return Err(failed);
                    }
                    screen::talk(&failed.to_string());
                    continue;
                }
            }
        }
        if talk(keyboard, contacts, &contact.name, &conversations[&contact.name], args)? == Back::InputEnded {
            break;
        }
    }
    // At the end of a pipe every contact may still answer.
    let silent = conversations.values().filter(|conversation| !conversation.peer.wait_for_answer()).count();
    exit::now(u8::from(silent > 0));
}

/// What makes a conversation: socket, connect ([`connect`]), and a thread for recv. Where the first of the contact's
/// addresses refuses before anything has been heard, the next one's turn comes.
fn begin(contact: &Contact, addresses: &[SocketAddr], args: &Args, trace: &Trace) -> Result<Conversation, Failed> {
    let (network, trace) = (args.network.clone(), trace.clone());
    let (charset, size) = (args.encoding.charset, args.textbook.datagram_size());
    let calls = Calls {
        connect: Box::new(move |address| connect(address, &network, &trace)),
        send: UdpSocket::send,
        hear: Box::new(move |line, socket| {
            let (line, inbox) = (Arc::clone(line), Inbox::new(&line.peer, Messages::new(charset, size)));
            cli::spawn(PROGRAM, move || hear(&line, &socket, inbox)).map_err(io::Error::other)
        }),
    };
    Line::open(addresses, calls, |address| Peer::contact(PROGRAM, &contact.name, address, args.timeout))
}

fn connect(address: SocketAddr, network: &BadNetwork, trace: &Trace) -> io::Result<UdpSocket> {
    let socket = Socket::udp(address, trace)?;
    socket.connect(address)?;
    socket.over(network)
}

/// Why a conversation was left.
#[derive(PartialEq)]
enum Back {
    ToTheBook,
    InputEnded,
}

/// Sends what is typed to one contact, until `q` goes back to the book.
fn talk(
    keyboard: &mut Keyboard,
    contacts: &mut Contacts,
    name: &str,
    conversation: &Conversation,
    args: &Args,
) -> anyhow::Result<Back> {
    keyboard.offer(Vec::new());
    loop {
        let words = |typed: &str| {
            if input::is_command(typed) {
                return Ok(Err(typed.to_string()));
            }
            messages::encode(input::without_escape(typed), args.encoding.charset).map(Ok)
        };
        match keyboard.ask(&format!("{name}> "), words)? {
            Typed::Line(Ok(message)) => conversation.peer.write(keyboard, || conversation.send(&message)),
            Typed::Line(Err(command)) => obey(keyboard, contacts, &command)?,
            Typed::Quit => return Ok(Back::ToTheBook),
            Typed::End => return Ok(Back::InputEnded),
        }
    }
}

/// The conversation's thread: shows what comes. A connected socket hears its peer alone, and that nobody is there.
fn hear(line: &Conversation, socket: &Arc<UdpSocket>, mut inbox: Inbox) -> anyhow::Result<()> {
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
