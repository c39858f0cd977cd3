//! UDP "QQ", a contact book: choose a person by name, talk, go back, choose another.
//!
//! Try it: `cargo run --bin udp-qq-client` while `cargo run --bin udp-qq-server` runs in another terminal.
//!
//! Read it for: [`conversations::conversations`], where each conversation is a connected socket of its own (socket,
//! connect, send, recv), so that several go on at once and no stranger is heard; and [`classic::classic`], the textbook's
//! one unconnected socket for everybody (socket, sendto, recvfrom).

mod args;
mod classic;
mod conversations;

use std::process::ExitCode;

use socket_demos::chat::contacts::Contacts;
use socket_demos::net::Trace;
use socket_demos::terminal::input::Keyboard;
use socket_demos::terminal::screen;
use socket_demos::{cli, t};

use crate::args::{Args, Way};

fn main() -> ExitCode {
    cli::run(chat)
}

fn chat(args: &Args, trace: &Trace) -> anyhow::Result<()> {
    let mut contacts = match &args.contacts {
        Some(file) => Contacts::read(file).map_err(anyhow::Error::msg)?,
        None => Contacts::poets(),
    };
    screen::talk(&contacts.list());
    if contacts.share_one_address() {
        screen::talk(&t!(
            "they share one address, so one person answers for all",
            "他们共用一个地址，所以都由同一个人回复"
        ));
    }
    let mut keyboard = Keyboard::open();
    match args.way() {
        Way::Classic => classic::classic(&mut keyboard, &mut contacts, args, trace),
        Way::Conversations => conversations::conversations(&mut keyboard, &mut contacts, args, trace),
    }
}
