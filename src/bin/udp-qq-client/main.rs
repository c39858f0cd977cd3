//! UDP "QQ", a contact book: choose a person by name, talk, go back, choose another.
//!
//! Try it: `cargo run --bin udp-qq-client` while `cargo run --bin udp-qq-server` runs in another terminal.
//!
//! Read it for: [`qq`], where each conversation is a connected socket of its own, so that several go on at once and no
//! stranger is heard; and [`classic`], the textbook's one unconnected socket for everybody (two, where the book has IPv4
//! and IPv6 addresses: a socket is of one family).

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{anyhow, bail};
use clap::Parser;
use socket_demos::chat::answers::Answers;
use socket_demos::chat::contacts::{Contact, Contacts};
use socket_demos::chat::messages::{self, Messages};
use socket_demos::cli::options::{self, Encoding, Textbook};
use socket_demos::cli::{self};
use socket_demos::net::backoff::Backoff;
use socket_demos::net::datagrams::MAX_DATAGRAM;
use socket_demos::net::faults::BadNetwork;
use socket_demos::net::{Socket, Trace, UdpSocket};
use socket_demos::terminal::input::{self, Keyboard, Typed};
use socket_demos::terminal::{exit, screen};
use socket_demos::text::typed;
use socket_demos::{errors, t};

const PROGRAM: &str = "udp-qq-client";

#[derive(Parser)]
#[command(name = PROGRAM, version, about = t!("a contact book: choose somebody and talk", "通讯录：选一个人，开始聊天"), mut_arg("bufsize", options::datagram_bufsize))]
pub(crate) struct Args {
    #[arg(long, value_name = t!("FILE", "文件"), help = t!(
        "Contacts as TOML, name = \"address\" [default: three poets]",
        "TOML 通讯录，每行 名字 = \"地址\" [默认：三位诗人]"
    ))]
    contacts: Option<PathBuf>,
    #[command(flatten)]
    textbook: Textbook,
    #[arg(long, value_name = t!("SECONDS", "秒"), default_value = "5", value_parser = typed::parse_duration, help = t!(
        "When to say that there is no answer",
        "多久没有回复就提示"
    ))]
    timeout: Duration,
    #[command(flatten)]
    encoding: Encoding,
    #[command(flatten)]
    network: BadNetwork,
}

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
    if args.textbook.classic {
        classic(&mut keyboard, &mut contacts, args, trace)
    } else {
        qq(&mut keyboard, &mut contacts, args, trace)
    }
}

/// Asks for a contact until one is chosen, the person leaves, or the input ends.
fn choose(keyboard: &mut Keyboard, contacts: &mut Contacts) -> anyhow::Result<Typed<Contact>> {
    loop {
        keyboard.offer(contacts.names());
        let prompt = t!(
            "talk to (name or number, /list, /add NAME ADDRESS, q): ",
            "和谁聊（名字或编号，/list，/add 名字 地址，q）："
        );
        let known = |typed: &str| {
            if typed.trim().is_empty() {
                return Err(t!("type a name or a number", "请输入名字或编号"));
            }
            if input::is_command(typed) {
                return Ok(Err(typed.to_string()));
            }
            let found = contacts.find(typed.trim()).cloned();
            found.map(Ok).ok_or_else(|| {
                t!("nobody in the book has that name; /list shows all", "通讯录里没有这个人；/list 列出全部")
            })
        };
        match keyboard.ask_any(&prompt, known)? {
            Typed::Line(Ok(contact)) => return Ok(Typed::Line(contact)),
            Typed::Line(Err(command)) => screen::talk(&contacts.obey(&command)),
            Typed::Quit => return Ok(Typed::Quit),
            Typed::End => return Ok(Typed::End),
        }
    }
}

/// The textbook's way: one unconnected socket; ask, sendto, recvfrom, show.
fn classic(keyboard: &mut Keyboard, contacts: &mut Contacts, args: &Args, trace: &Trace) -> anyhow::Result<()> {
    let mut messages = Messages::new(args.encoding.charset, args.textbook.recv_size());
    let mut buffer = messages.buffer();
    let mut sockets = HashMap::new();
    while let Typed::Line(contact) = choose(keyboard, contacts)? {
        let Some(address) = find(&contact) else { continue };
        let socket = match sockets.entry(address.is_ipv4()) {
            Entry::Occupied(socket) => socket.into_mut(),
            Entry::Vacant(place) => place.insert(Socket::udp(address, trace)?.over(&args.network)?),
        };
        keyboard.offer(Vec::new());
        let encode = |typed: &str| messages::encode(typed, args.encoding.charset);
        while let Typed::Line(message) = keyboard.ask(&format!("{}> ", contact.name), encode)? {
            socket.send_to(&message, address).map_err(|error| anyhow!(not_sent(&contact.name, &error)))?;
            match socket.recv_from(&mut buffer) {
                Ok((received, sender)) => messages.show(&format!("{sender}: "), &buffer[..received])?,
                Err(error) if messages.tells_of_cut(&error) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(())
}

/// A conversation: a socket connected to the contact, and a thread that shows what comes.
struct Conversation {
    socket: Arc<UdpSocket>,
    answers: Arc<Answers>,
    address: SocketAddr,
}

/// One conversation after the other; those that one goes back from go on.
fn qq(keyboard: &mut Keyboard, contacts: &mut Contacts, args: &Args, trace: &Trace) -> anyhow::Result<()> {
    let mut conversations: HashMap<String, Conversation> = HashMap::new();
    loop {
        let contact = match choose(keyboard, contacts)? {
            Typed::Line(contact) => contact,
            Typed::End if !keyboard.is_terminal() => break,
            Typed::Quit | Typed::End => return Ok(()),
        };
        if !conversations.contains_key(&contact.name) {
            let Some(address) = find(&contact) else { continue };
            match begin(&contact, address, args, trace) {
                Ok(begun) => drop(conversations.insert(contact.name.clone(), begun)),
                // What comes next in a pipe is meant for this contact, not for the book.
                Err(error) if !keyboard.is_terminal() => bail!(not_sent(&contact.name, &error)),
                Err(error) => {
                    screen::talk(&not_sent(&contact.name, &error));
                    continue;
                }
            }
        }
        let conversation = &conversations[&contact.name];
        if talk(keyboard, contacts, &contact.name, conversation, args)? == Back::InputEnded {
            break;
        }
    }
    // At the end of a pipe every contact may still answer.
    let waits = |conversation: &Conversation| conversation.answers.wait(conversation.address, args.timeout);
    let silent = conversations.values().filter(|conversation| !waits(conversation)).count();
    exit::now(u8::from(silent > 0));
}

/// What makes a conversation: socket, connect, and a thread for recv.
fn begin(contact: &Contact, address: SocketAddr, args: &Args, trace: &Trace) -> io::Result<Conversation> {
    let socket = Socket::udp(address, trace)?;
    socket.connect(address)?;
    let socket = Arc::new(socket.over(&args.network)?);
    let answers = Arc::new(Answers::default());
    let (hearer, heard, name) = (Arc::clone(&socket), Arc::clone(&answers), contact.name.clone());
    let messages = Messages::new(args.encoding.charset, args.textbook.bufsize.unwrap_or(MAX_DATAGRAM));
    thread::Builder::new().spawn(move || {
        hear(&hearer, &name, &heard, messages).unwrap_or_else(|error| cli::fail(PROGRAM, &error));
    })?;
    Ok(Conversation { socket, answers, address })
}

/// The conversation's thread: shows what comes under the contact's name.
fn hear(socket: &UdpSocket, name: &str, answers: &Answers, mut messages: Messages) -> anyhow::Result<()> {
    let (mut buffer, mut backoff) = (messages.buffer(), Backoff::default());
    loop {
        match socket.recv_from(&mut buffer) {
            Ok((received, _)) => {
                let came = Instant::now();
                messages.show(&format!("[{name}] "), &buffer[..received])?;
                // Only now: at the end of a pipe the program ends when the answer is there.
                answers.note(came);
            }
            Err(error) if errors::is_not_there(&error) => {
                answers.refused();
                tell_not_there(name, &error);
            }
            Err(error) if messages.tells_of_cut(&error) => answers.note(Instant::now()),
            Err(error) => {
                backoff.after(&error, |_| {
                    let why = errors::reason_at_once(&error);
                    screen::talk(&t!("cannot hear {name} for now: {why}", "暂时收不到 {name} 的消息：{why}"));
                });
            }
        }
    }
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
    let Conversation { socket, answers, address } = conversation;
    keyboard.offer(Vec::new());
    loop {
        let words = |typed: &str| {
            if input::is_command(typed) {
                return Ok(Err(typed.to_string()));
            }
            messages::encode(input::without_escape(typed), args.encoding.charset).map(Ok)
        };
        match keyboard.ask(&format!("{name}> "), words)? {
            Typed::Line(Ok(message)) => {
                answers.asked(*address, args.timeout);
                if let Err(error) = send(socket, name, &message) {
                    answers.not_sent();
                    tell_not_sent(keyboard, &not_sent(name, &error));
                }
            }
            Typed::Line(Err(command)) => screen::talk(&contacts.obey(&command)),
            Typed::Quit => return Ok(Back::ToTheBook),
            Typed::End => return Ok(Back::InputEnded),
        }
    }
}

/// A refusal that `send` reports belongs to an earlier datagram, and this one has not left: it is sent again.
fn send(socket: &UdpSocket, name: &str, message: &[u8]) -> io::Result<()> {
    match socket.send(message) {
        Err(earlier) if errors::is_not_there(&earlier) => {
            socket.send(message)?;
            tell_not_there(name, &earlier);
            Ok(())
        }
        sent => sent.map(drop),
    }
}

/// The contact's address; told where there is none.
fn find(contact: &Contact) -> Option<SocketAddr> {
    let found = contact.address.resolve().map(|addresses| addresses.into_iter().next());
    match found {
        Ok(Some(address)) => Some(address),
        Ok(None) => None,
        Err(error) => {
            screen::talk(&not_sent(&contact.name, &error));
            None
        }
    }
}

/// At the end of a pipe this is why the program ends with 1, so it is told as its error.
fn tell_not_sent(keyboard: &Keyboard, what: &str) {
    if keyboard.is_terminal() { screen::talk(what) } else { screen::error(PROGRAM, what) }
}

fn tell_not_there(name: &str, error: &io::Error) {
    let code = errors::code(error);
    screen::talk(&t!("{name} is not there ({code})", "{name} 不在（{code}）"));
}

fn not_sent(name: &str, error: &io::Error) -> String {
    let why = errors::reason_at_once(error);
    t!("cannot write to {name}: {why}", "没法发给 {name}：{why}")
}
