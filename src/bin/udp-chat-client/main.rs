//! UDP chat, the side that writes first.
//!
//! Try it: `cargo run --bin udp-chat-client` while `cargo run --bin udp-chat-server` runs in another terminal.
//!
//! Read it for: socket, sendto, recvfrom in [`classic`], the textbook's unconnected socket, which hears anybody and
//! never learns that nobody is there; and socket, connect, send, recv in [`both_ways`], a connected one, which hears
//! its server alone and learns of a refused port. `connect` on a UDP socket sends nothing: it only fixes the peer.

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::anyhow;
use clap::Parser;
use socket_demos::chat::answers::Answers;
use socket_demos::chat::messages::{self, Messages};
use socket_demos::cli::options::{self, Encoding, ServerAddress, Textbook};
use socket_demos::cli::{self};
use socket_demos::net::backoff::Backoff;
use socket_demos::net::datagrams::MAX_DATAGRAM;
use socket_demos::net::faults::BadNetwork;
use socket_demos::net::{Socket, Trace, UdpSocket, failures};
use socket_demos::terminal::input::{Keyboard, Typed};
use socket_demos::terminal::{exit, screen};
use socket_demos::text::{Charset, typed};
use socket_demos::{errors, t};

const PROGRAM: &str = "udp-chat-client";

#[derive(Parser)]
#[command(name = PROGRAM, version, about = t!("write to a udp-chat-server, or to nc -u", "与 udp-chat-server 或 nc -u 聊天"), mut_arg("bufsize", options::datagram_bufsize))]
pub(crate) struct Args {
    #[command(flatten)]
    server: ServerAddress,
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
    let address = &args.server.address;
    let (socket, server) = address
        .try_each(|address| open(address, args, trace))
        .map_err(|failed| failures::cannot_connect(address, failed, "udp-chat-server", args.timeout))?;
    screen::talk(&t!("writing to {server} (q leaves)", "发往 {server}（输入 q 离开）"));
    if args.textbook.classic { classic(&socket, server, args) } else { both_ways(socket, server, args) }
}

/// What makes a socket able to write: socket, and outside the textbook connect.
fn open(address: SocketAddr, args: &Args, trace: &Trace) -> io::Result<(UdpSocket, SocketAddr)> {
    let socket = Socket::udp(address, trace)?;
    if !args.textbook.classic {
        socket.connect(address)?;
    }
    Ok((socket.over(&args.network)?, address))
}

/// The textbook's conversation: ask, sendto, recvfrom, show. It waits for an answer for ever.
fn classic(socket: &UdpSocket, server: SocketAddr, args: &Args) -> anyhow::Result<()> {
    let mut keyboard = Keyboard::open();
    let mut messages = Messages::new(args.encoding.charset, args.textbook.recv_size());
    let mut buffer = messages.buffer();
    loop {
        let encode = |typed: &str| messages::encode(typed, args.encoding.charset);
        let Typed::Line(message) = keyboard.ask_any(&t!("your message: ", "消息："), encode)? else {
            return Ok(());
        };
        socket.send_to(&message, server).map_err(|error| anyhow!(not_sent(server, &error)))?;
        match socket.recv_from(&mut buffer) {
            Ok((received, sender)) => messages.show(&format!("{sender}: "), &buffer[..received])?,
            Err(error) if messages.tells_of_cut(&error) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Hears in this thread and speaks in another, at any time.
fn both_ways(socket: UdpSocket, server: SocketAddr, args: &Args) -> anyhow::Result<()> {
    let socket = Arc::new(socket);
    let answers = Arc::new(Answers::default());
    let (speaker, heard) = (Arc::clone(&socket), Arc::clone(&answers));
    let (charset, timeout) = (args.encoding.charset, args.timeout);
    cli::spawn(PROGRAM, move || speak(&speaker, server, &heard, charset, timeout))?;
    let mut messages = Messages::new(charset, args.textbook.bufsize.unwrap_or(MAX_DATAGRAM));
    let (mut buffer, mut backoff) = (messages.buffer(), Backoff::default());
    loop {
        match socket.recv_from(&mut buffer) {
            Ok((received, _)) => {
                let came = Instant::now();
                messages.show("", &buffer[..received])?;
                // Only now: at the end of a pipe the program ends when the answer is there.
                answers.note(came);
            }
            Err(error) if errors::is_not_there(&error) => {
                answers.refused();
                tell_not_there(server, &error);
            }
            Err(error) if messages.tells_of_cut(&error) => answers.note(Instant::now()),
            Err(error) => {
                backoff.after(&error, |_| {
                    let why = errors::reason_at_once(&error);
                    screen::talk(&t!("cannot hear {server} for now: {why}", "暂时收不到 {server} 的消息：{why}"));
                });
            }
        }
    }
}

/// Sends what is typed. At the end of a pipe it waits for one more answer, up to the timeout.
fn speak(
    socket: &UdpSocket,
    server: SocketAddr,
    answers: &Arc<Answers>,
    charset: Charset,
    timeout: Duration,
) -> anyhow::Result<()> {
    let mut keyboard = Keyboard::open();
    loop {
        match keyboard.ask_any("> ", |typed| messages::encode(typed, charset))? {
            Typed::Line(message) => {
                answers.asked(server, timeout);
                if let Err(error) = send(socket, server, &message) {
                    answers.not_sent();
                    tell_not_sent(&keyboard, &not_sent(server, &error));
                }
            }
            Typed::Quit => exit::now(0),
            Typed::End => exit::now(u8::from(!answers.wait(server, timeout))),
        }
    }
}

/// A refusal that `send` reports belongs to an earlier datagram, and this one has not left: it is sent again.
fn send(socket: &UdpSocket, server: SocketAddr, message: &[u8]) -> io::Result<()> {
    match socket.send(message) {
        Err(earlier) if errors::is_not_there(&earlier) => {
            socket.send(message)?;
            tell_not_there(server, &earlier);
            Ok(())
        }
        sent => sent.map(drop),
    }
}

fn not_sent(server: SocketAddr, error: &io::Error) -> String {
    let why = errors::reason_at_once(error);
    t!("cannot write to {server}: {why}", "没法发给 {server}：{why}")
}

/// At the end of a pipe this is why the program ends with 1, so it is told as its error.
fn tell_not_sent(keyboard: &Keyboard, what: &str) {
    if keyboard.is_terminal() { screen::talk(what) } else { screen::error(PROGRAM, what) }
}

fn tell_not_there(server: SocketAddr, error: &io::Error) {
    if !errors::is_refusal(error) {
        let why = errors::reason(error);
        return screen::talk(&t!("{server} cannot be reached: {why}", "联系不上 {server}：{why}"));
    }
    let code = errors::code(error);
    screen::talk(&t!(
        "nobody is at {server} ({code}): its system answered \"port unreachable\", and a connected socket is told; the textbook's would wait for ever. Start one with: udp-chat-server {server}",
        "{server} 上没有程序（{code}）：对方系统回了 ICMP“端口不可达”，调用过 connect 的套接字能收到这个错误；课本写法会一直等下去。先启动：udp-chat-server {server}"
    ));
}
