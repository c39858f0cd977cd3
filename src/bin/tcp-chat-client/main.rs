//! TCP chat, the side that calls.
//!
//! Try it: `cargo run --bin tcp-chat-client` while `cargo run --bin tcp-chat-server` runs in another terminal.
//!
//! Read it for: socket, connect, send, recv, shutdown. Then the three ways to use them: [`once`] is one message each
//! way, [`classic`] the textbook's strict alternation, [`room()`] sends and receives at the same time.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::bail;
use clap::Parser;
use socket_demos::chat::lines::{self, Line, Lines, MAX_SHOWN_LINE};
use socket_demos::chat::names;
use socket_demos::cli::options::{Encoding, ServerAddress, Textbook};
use socket_demos::exec::handshake;
use socket_demos::net::{Socket, TcpStream, Trace, close, failures};
use socket_demos::terminal::input::{Keyboard, Typed};
use socket_demos::terminal::{exit, screen};
use socket_demos::text::{Charset, Incoming, typed};
use socket_demos::{cli, errors, t};

const PROGRAM: &str = "tcp-chat-client";

/// What one `recv` takes at most, outside the textbook's ways.
const READ: usize = 16 * 1024;

#[derive(Parser)]
#[command(name = PROGRAM, version, about = t!("talk to a tcp-chat-server, or to nc", "与 tcp-chat-server 或 nc 聊天"))]
pub(crate) struct Args {
    #[command(flatten)]
    server: ServerAddress,
    #[arg(long, conflicts_with = "classic", help = t!(
        "One message each way, then end: the first lesson",
        "双方各发一条消息就结束：第一课"
    ))]
    once: bool,
    #[command(flatten)]
    textbook: Textbook,
    #[arg(long, value_name = t!("NAME", "名字"), value_parser = names::parse_name, help = t!(
        "Your name in the room; without it you are your address",
        "你在聊天室里的名字；不写就显示你的地址"
    ))]
    name: Option<String>,
    #[arg(long, value_name = t!("SECONDS", "秒"), default_value = "5", value_parser = typed::parse_duration, help = t!(
        "When to give up connecting",
        "多久连不上就放弃"
    ))]
    timeout: Duration,
    #[command(flatten)]
    encoding: Encoding,
}

fn main() -> ExitCode {
    cli::run(chat)
}

fn chat(args: &Args, trace: &Trace) -> anyhow::Result<()> {
    args.textbook.check(args.once)?;
    let address = &args.server.address;
    let (stream, server) = address
        .try_each(|address| connect(address, args.timeout, trace))
        .map_err(|failed| failures::cannot_connect(address, failed, "tcp-chat-server", args.timeout))?;
    screen::talk(&if args.textbook.classic {
        t!(
            "connected to {server}, waiting for the server to accept (it talks to one client at a time; its first answer shows that it has accepted you)",
            "已连接 {server}，等待服务器 accept（它一次只和一个客户端说话；收到第一条回复，才说明轮到你了）"
        )
    } else {
        t!("connected to {server} (q leaves)", "已连接 {server}（输入 q 离开）")
    });
    match (args.once, args.textbook.classic) {
        (true, _) => once(&stream, args),
        (_, true) => classic(&stream, args),
        _ => room(stream, args),
    }
}

/// What makes a socket a connection: socket, connect. The kernel does the three-way handshake.
fn connect(address: SocketAddr, timeout: Duration, trace: &Trace) -> io::Result<(TcpStream, SocketAddr)> {
    let socket = Socket::tcp(address, trace)?;
    let stream = socket.connect_timeout(address, timeout)?;
    Ok((stream, address))
}

/// The first lesson: one message each way.
fn once(stream: &TcpStream, args: &Args) -> anyhow::Result<()> {
    take_turn(stream, args, &mut Incoming::new(args.encoding.charset), &mut Keyboard::open())?;
    close::close(stream);
    Ok(())
}

/// The textbook's conversation: ask, send, receive, show, until there is nothing left to say or nobody to hear it.
fn classic(stream: &TcpStream, args: &Args) -> anyhow::Result<()> {
    let mut keyboard = Keyboard::open();
    let mut incoming = Incoming::new(args.encoding.charset);
    loop {
        match take_turn(stream, args, &mut incoming, &mut keyboard)? {
            Turn::Done => {}
            Turn::Gone => return Ok(()),
            Turn::Quit => break close::close(stream),
            Turn::InputEnded => {
                stream.shutdown(Shutdown::Write)?;
                while receive(stream, args, &mut incoming)? {}
                break;
            }
        }
    }
    Ok(())
}

/// How a turn ended.
enum Turn {
    Done,
    Gone,
    Quit,
    InputEnded,
}

/// One turn: ask, send, receive, show.
fn take_turn(
    mut stream: &TcpStream,
    args: &Args,
    incoming: &mut Incoming,
    keyboard: &mut Keyboard,
) -> anyhow::Result<Turn> {
    let encode = |typed: &str| args.encoding.charset.encode(typed).map_err(|lacking| lacking.to_string());
    let message = match keyboard.ask_bare(&t!("your message: ", "消息："), encode)? {
        Typed::Line(message) => message,
        Typed::Quit => return Ok(Turn::Quit),
        Typed::End => return Ok(Turn::InputEnded),
    };
    if let Err(error) = stream.write_all(&message) {
        bail!(not_sent(&error));
    }
    Ok(if receive(stream, args, incoming)? { Turn::Done } else { Turn::Gone })
}

/// One `recv`, taken for one message. Says whether there was one.
fn receive(mut stream: &TcpStream, args: &Args, incoming: &mut Incoming) -> anyhow::Result<bool> {
    let mut buffer = vec![0; args.textbook.recv_size()];
    match stream.read(&mut buffer) {
        Ok(0) => {
            let half = incoming.rest();
            if !half.is_empty() {
                screen::show(&half)?;
            }
            tell_closed();
            Ok(false)
        }
        Ok(received) => {
            screen::show(&incoming.message(&buffer[..received]))?;
            Ok(true)
        }
        Err(error) => bail!(lost(&error)),
    }
}

/// Sends what is typed and shows what comes, both at once: a thread for each direction.
fn room(stream: TcpStream, args: &Args) -> anyhow::Result<()> {
    stream.set_keepalive()?;
    stream.set_nodelay()?;
    if let Some(name) = &args.name {
        (&stream).write_all(&args.encoding.charset.encode(&format!("/name {name}\n"))?)?;
    }
    let stream = Arc::new(stream);
    let leaving = Arc::new(AtomicBool::new(false));
    let (speaker, left, charset) = (Arc::clone(&stream), Arc::clone(&leaving), args.encoding.charset);
    cli::spawn(PROGRAM, move || speak(&speaker, charset, &left))?;
    match hear(&stream, args.encoding.charset) {
        Err(_) if leaving.load(Ordering::Relaxed) => Ok(()),
        Ok(()) if !leaving.load(Ordering::Relaxed) => {
            tell_closed();
            Ok(())
        }
        heard => heard,
    }
}

/// The keyboard's thread: each line goes out with a newline, the message boundary that TCP does not have.
fn speak(mut stream: &TcpStream, charset: Charset, leaving: &AtomicBool) -> anyhow::Result<()> {
    let mut keyboard = Keyboard::open();
    loop {
        let encode = |typed: &str| lines::messages(typed, charset).map_err(|lacking| lacking.to_string());
        match keyboard.ask("> ", encode)? {
            Typed::Line(messages) => {
                for mut message in messages {
                    message.push(b'\n');
                    if let Err(error) = stream.write_all(&message) {
                        bail!(not_sent(&error));
                    }
                }
            }
            // Our direction ends, and what the server still says is read until it ends too.
            Typed::End => return Ok(stream.shutdown(Shutdown::Write)?),
            Typed::Quit => {
                leaving.store(true, Ordering::Relaxed);
                // It fails where the server has gone already. Else its end ends the program, in the thread that reads;
                // one that does not end is waited for no longer than this.
                let _ = stream.shutdown(Shutdown::Write);
                thread::sleep(close::PATIENCE);
                exit::now(0);
            }
        }
    }
}

/// Shows each line that comes, until the server ends. From a server without newlines silence ends a message.
fn hear(mut stream: &TcpStream, charset: Charset) -> anyhow::Result<()> {
    let (mut lines, mut incoming) = (Lines::new(MAX_SHOWN_LINE), Incoming::new(charset));
    let mut buffer = vec![0; READ];
    let mut patience = None;
    loop {
        if lines.patience() != patience {
            patience = lines.patience();
            stream.set_read_timeout(patience)?;
        }
        let received = match stream.read(&mut buffer) {
            Err(error) if errors::is_timeout(&error) && patience.is_some() => None,
            Err(error) => bail!(lost(&error)),
            Ok(received) => Some(received),
        };
        if received.is_some_and(|received| handshake::is_greeting(&buffer[..received])) {
            bail!(t!(
                "this is no chat but a tcp-exec-server: tcp-exec-client is what talks to it",
                "这不是聊天服务器，而是 tcp-exec-server：要用 tcp-exec-client 来连接"
            ));
        }
        let mut shown = Ok(());
        let show = |line: Line<'_>| {
            if shown.is_ok() {
                shown = screen::show(&incoming.line(line.bytes));
            }
            if line.cut {
                tell_cut();
            }
        };
        match received {
            None => lines.quiet(charset, show),
            Some(0) => lines.flush(show),
            Some(received) => lines.push(&buffer[..received], show),
        }
        shown?;
        if received == Some(0) {
            return Ok(());
        }
    }
}

fn tell_closed() {
    screen::talk(&t!(
        "the server has closed the connection (recv returned 0 bytes)",
        "服务器已关闭连接（recv 返回 0 字节）"
    ));
}

fn tell_cut() {
    screen::talk(&t!(
        "the line above is longer than {MAX_SHOWN_LINE} bytes; the rest of it is not shown",
        "上面这一行超过 {MAX_SHOWN_LINE} 字节，后面的部分没有显示"
    ));
}

fn lost(error: &io::Error) -> String {
    let why = errors::reason(error);
    t!("the connection is lost: {why}", "连接断了：{why}")
}

fn not_sent(error: &io::Error) -> String {
    let why = errors::reason(error);
    t!("the message was not sent: {why}", "消息没有发出：{why}")
}
