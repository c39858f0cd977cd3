//! The textbook's way: socket, sendto, recvfrom, and one unconnected socket for everybody (two, where the book has IPv4
//! and IPv6 addresses: a socket is of one family).

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use socket_demos::chat::choose::{choose, find};
use socket_demos::chat::contacts::Contacts;
use socket_demos::chat::messages::{self, Messages};
use socket_demos::net::{Socket, Trace, UdpSocket, failures};
use socket_demos::t;
use socket_demos::terminal::input::{Keyboard, Typed};

use crate::args::Args;

/// The textbook's conversations, one after the other.
pub(crate) fn classic(
    keyboard: &mut Keyboard,
    contacts: &mut Contacts,
    args: &Args,
    trace: &Trace,
) -> anyhow::Result<()> {
    let mut messages = Messages::new(args.encoding.charset, args.textbook.recv_size());
    let mut sockets = HashMap::new();
    while let Typed::Line(contact) = choose(keyboard, contacts)? {
        let Some(address) = find(&contact).map(|addresses| addresses[0]) else { continue };
        let socket = match sockets.entry(address.is_ipv4()) {
            Entry::Occupied(socket) => socket.into_mut(),
            Entry::Vacant(place) => place.insert(Socket::udp(address, trace)?.over(&args.network)?),
        };
        keyboard.offer(Vec::new());
        let encode = |typed: &str| messages::encode(typed, args.encoding.charset);
        while let Typed::Line(message) = keyboard.ask(&format!("{}> ", contact.name), encode)? {
            socket.send_to(&message, address).map_err(|error| failures::cannot_write(&contact.name, error))?;
            receive(socket, &mut messages)?;
        }
    }
    Ok(())
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
