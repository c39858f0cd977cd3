//! UDP "QQ", one person who can be reached at an address.
//!
//! Try it: `cargo run --bin udp-qq-server`, and in another terminal `cargo run --bin udp-qq-client`.
//!
//! Read it for: the same calls as in `udp-chat-server`, whose twin this is: socket, bind, recvfrom, sendto. The one
//! difference is that nothing is said with an empty message here. [`classic`] is the textbook's strict alternation,
//! [`both_ways`] hears and speaks at any time.

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use socket_demos::chat::messages::{self, Messages};
use socket_demos::chat::senders::{Meant, Senders};
use socket_demos::cli::options::{self, Encoding, ListenAddress, Textbook};
use socket_demos::cli::{self};
use socket_demos::net::backoff::Backoff;
use socket_demos::net::datagrams::MAX_DATAGRAM;
use socket_demos::net::faults::BadNetwork;
use socket_demos::net::ports::Transport;
use socket_demos::net::{Socket, Trace, UdpSocket, failures};
use socket_demos::terminal::input::{self, Keyboard, Typed};
use socket_demos::terminal::{exit, screen};
use socket_demos::text::Charset;
use socket_demos::{errors, t};

const PROGRAM: &str = "udp-qq-server";

#[derive(Parser)]
#[command(name = PROGRAM, version, about = t!("wait for messages from anybody who has your address", "等人用你的地址找你聊天"), mut_arg("bufsize", options::datagram_bufsize))]
pub(crate) struct Args {
    #[command(flatten)]
    listen: ListenAddress,
    #[command(flatten)]
    textbook: Textbook,
    #[command(flatten)]
    encoding: Encoding,
    #[command(flatten)]
    network: BadNetwork,
}

fn main() -> ExitCode {
    cli::run(chat)
}

fn chat(args: &Args, trace: &Trace) -> anyhow::Result<()> {
    let address = args.listen.to_bind()?;
    let socket = address
        .try_each(|address| bind(address, &args.network, trace))
        .map_err(|failed| failures::cannot_listen(Transport::Udp, &address, failed))?;
    let bound = socket.local_addr()?;
    let way = if args.textbook.classic {
        t!("the textbook's way (without --classic: at any time)", "课本写法（不加 --classic 则可随时收发）")
    } else {
        t!("a UDP chat, at any time (the textbook's way: --classic)", "UDP 聊天，可随时收发（课本写法请加 --classic）")
    };
    screen::talk(&t!("{way}, listening on {bound}", "{way}，正在监听 {bound}"));
    args.listen.tell_others("udp-qq-client", bound.port());
    if args.textbook.classic { classic(&socket, args) } else { both_ways(socket, args) }
}

/// What makes a socket hear: socket, bind. Never SO_REUSEADDR: a second socket would take the datagrams.
fn bind(address: SocketAddr, network: &BadNetwork, trace: &Trace) -> io::Result<UdpSocket> {
    let socket = Socket::udp(address, trace)?;
    socket.bind(address)?;
    socket.over(network)
}

/// The textbook's conversation: recvfrom, show, ask, sendto, until there is nothing left to say.
fn classic(socket: &UdpSocket, args: &Args) -> anyhow::Result<()> {
    let mut keyboard = Keyboard::open();
    let mut messages = Messages::new(args.encoding.charset, args.textbook.recv_size());
    let (mut buffer, mut backoff) = (messages.buffer(), Backoff::default());
    loop {
        let (received, sender) = match socket.recv_from(&mut buffer) {
            Ok(datagram) => datagram,
            Err(error) if messages.tells_of_cut(&error) => continue,
            Err(error) => {
                backoff.after(&error, |notice| screen::talk(&notice));
                continue;
            }
        };
        messages.show(&format!("{sender}: "), &buffer[..received])?;
        let encode = |typed: &str| messages::encode(typed, args.encoding.charset);
        let Typed::Line(answer) = keyboard.ask(&t!("your answer: ", "回复："), encode)? else {
            return Ok(());
        };
        if let Err(error) = socket.send_to(&answer, sender) {
            tell_not_sent(sender, &error);
        }
    }
}

/// Hears anybody in this thread and speaks in another; who has been heard is what they share.
fn both_ways(socket: UdpSocket, args: &Args) -> anyhow::Result<()> {
    screen::hint(&t!("(/who lists who has written, q ends)", "（/who 列出发来过消息的人，q 结束）"));
    let socket = Arc::new(socket);
    let senders = Arc::new(Senders::default());
    let (speaker, heard, charset) = (Arc::clone(&socket), Arc::clone(&senders), args.encoding.charset);
    cli::spawn(PROGRAM, move || speak(&speaker, &heard, charset))?;
    let mut messages = Messages::new(charset, args.textbook.bufsize.unwrap_or(MAX_DATAGRAM));
    let (mut buffer, mut backoff) = (messages.buffer(), Backoff::default());
    loop {
        match socket.recv_from(&mut buffer) {
            Ok((received, sender)) => {
                senders.note(sender);
                messages.show(&format!("{sender}: "), &buffer[..received])?;
            }
            Err(error) if messages.tells_of_cut(&error) => {}
            Err(error) => backoff.after(&error, |notice| screen::talk(&notice)),
        }
    }
}

/// Sends what is typed to whoever wrote last, or to a number. What is piped in waits until somebody has written.
fn speak(socket: &UdpSocket, senders: &Senders, charset: Charset) -> anyhow::Result<()> {
    let mut keyboard = Keyboard::open();
    let piped = !keyboard.is_terminal();
    loop {
        let address = |typed: &str| {
            if piped && !input::is_command(typed) {
                senders.wait_for_somebody();
            }
            Ok(match senders.meant(typed)? {
                Meant::Who => None,
                // `@1` alone: QQ says nothing with an empty message.
                Meant::Words(to, words) => Some((to, messages::encode(input::not_empty(words)?, charset)?)),
            })
        };
        match keyboard.ask("> ", address)? {
            Typed::Line(None) => screen::talk(&senders.list()),
            Typed::Line(Some((to, words))) => {
                if let Err(error) = socket.send_to(&words, to) {
                    tell_not_sent(to, &error);
                }
            }
            Typed::Quit => exit::now(0),
            Typed::End => return Ok(()),
        }
    }
}

fn tell_not_sent(to: SocketAddr, error: &io::Error) {
    let why = errors::reason(error);
    screen::talk(&t!("not sent to {to}: {why}", "没有发给 {to}：{why}"));
}
