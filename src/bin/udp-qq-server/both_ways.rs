//! Hearing and speaking at any time: recvfrom in this thread, sendto in the keyboard's, both on one socket.

use std::sync::Arc;

use socket_demos::chat::messages::{Empty, Messages};
use socket_demos::chat::senders::{self, Senders};
use socket_demos::net::UdpSocket;
use socket_demos::terminal::screen;
use socket_demos::{cli, t};

use crate::args::{Args, PROGRAM};

/// Hears anybody in this thread and speaks in another; who has been heard is what they share.
pub(crate) fn both_ways(socket: UdpSocket, args: &Args) -> anyhow::Result<()> {
    screen::hint(&t!("(/who lists who has written, q ends)", "（/who 列出发来过消息的人，q 结束）"));
    let socket = Arc::new(socket);
    let senders = Arc::new(Senders::default());
    let (speaker, heard, charset) = (Arc::clone(&socket), Arc::clone(&senders), args.encoding.charset);
    cli::spawn(PROGRAM, move || {
        senders::speak(&heard, Empty::Refused, charset, |words, client| speaker.send_to(words, client))
    })?;
    let mut messages = Messages::new(charset, args.textbook.datagram_size());
    let mut buffer = messages.buffer();
    loop {
        match socket.recv_from(&mut buffer) {
            Ok((received, client)) => {
                senders.note(client);
                messages.show(&t!("{client}: ", "{client}："), &buffer[..received])?;
            }
            Err(error) => messages.tell_why(&error),
        }
    }
}
