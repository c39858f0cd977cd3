//! TCP chat, the side that waits to be called.
//!
//! Try it: `cargo run --bin tcp-chat-server`, and in two more terminals `cargo run --bin tcp-chat-client`.
//!
//! Read it for: socket, setsockopt, bind, listen, accept, recv, send, in this order. Then the three ways to use them:
//! [`once`] is one message each way, [`classic`] the textbook's one client at a time, [`room()`] everybody at once.

use std::io::{self, Read as _, Write as _};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;

use anyhow::bail;
use clap::Parser;
use socket_demos::chat::names;
use socket_demos::chat::room::{self, Full, Room, Seat, Stay};
use socket_demos::cli::options::{Encoding, ListenAddress, Textbook};
use socket_demos::net::backoff::{self, Backoff};
use socket_demos::net::ports::Transport;
use socket_demos::net::{Socket, TcpListener, TcpStream, Trace, close, failures};
use socket_demos::terminal::input::{self, Keyboard, Typed};
use socket_demos::terminal::{exit, screen};
use socket_demos::text::{Incoming, typed};
use socket_demos::{cli, errors, t};

const PROGRAM: &str = "tcp-chat-server";

/// How many connections may wait for `accept` in the room: a lecture hall that connects within a second.
const ROOM_BACKLOG: i32 = 4096;

/// What one `recv` may take: little for the many who say little, more for whoever sends much.
const FIRST_READ: usize = 512;
const MAX_READ: usize = 16 * 1024;

/// A client's thread needs a few pages of stack; 5,000 of them should not need gigabytes of address space.
const CLIENT_STACK: usize = 128 * 1024;

#[derive(Parser)]
#[command(name = PROGRAM, version, about = t!("a chat room over TCP", "TCP 聊天室"))]
pub(crate) struct Args {
    #[command(flatten)]
    listen: ListenAddress,
    #[arg(long, conflicts_with = "classic", help = t!(
        "One message each way, then end: the first lesson",
        "双方各发一条消息就结束：第一课"
    ))]
    once: bool,
    #[command(flatten)]
    textbook: Textbook,
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = typed::parse_count, help = t!(
        "Connections that may wait for accept (with --once and --classic)",
        "等待 accept 的连接数（用于 --once 和 --classic）"
    ))]
    backlog: u16,
    #[cfg(unix)]
    #[arg(long, help = t!(
        "Leave SO_REUSEADDR off, to see a restart fail",
        "不设 SO_REUSEADDR，看看重启为什么会失败"
    ))]
    no_reuse: bool,
    #[arg(long, value_name = t!("NAME", "名字"), default_value = "server", value_parser = names::parse_name, help = t!(
        "Your name in the room",
        "你在聊天室里的名字"
    ))]
    name: String,
    #[arg(long, value_name = "N", default_value_t = room::DEFAULT_MAX_CLIENTS, value_parser = typed::parse_clients, help = t!(
        "How many clients the room admits",
        "聊天室最多容纳的客户端数"
    ))]
    max_clients: usize,
    #[command(flatten)]
    encoding: Encoding,
}

fn main() -> ExitCode {
    cli::run(chat)
}

fn chat(args: &Args, trace: &Trace) -> anyhow::Result<()> {
    args.textbook.check(args.once)?;
    let address = args.listen.to_bind()?;
    let listener = address
        .try_each(|address| listen(address, args, trace))
        .map_err(|failed| failures::cannot_listen(Transport::Tcp, &address, failed))?;
    let bound = listener.local_addr()?;
    let way = match (args.once, args.textbook.classic) {
        (true, _) => t!(
            "one message each way (without --once: a chat room)",
            "第一课：双方各发一条消息（不加 --once 则是聊天室）"
        ),
        (_, true) => t!("the textbook's way (without --classic: a chat room)", "课本写法（不加 --classic 则是聊天室）"),
        _ => t!("a chat room (the textbook's way: --classic)", "聊天室（课本写法请加 --classic）"),
    };
    screen::talk(&t!("{way}, listening on {bound}", "{way}，正在监听 {bound}"));
    args.listen.tell_others("tcp-chat-client", bound.port());
    match (args.once, args.textbook.classic) {
        (true, _) => once(&listener, args),
        (_, true) => classic(&listener, args),
        _ => room(&listener, args),
    }
}

/// What makes a socket a listener: socket, setsockopt, bind, listen.
fn listen(address: SocketAddr, args: &Args, trace: &Trace) -> io::Result<TcpListener> {
    let socket = Socket::tcp(address, trace)?;
    #[cfg(unix)]
    let reuse = !args.no_reuse;
    #[cfg(windows)]
    let reuse = true;
    if reuse {
        socket.set_reuse_address()?;
    }
    socket.bind(address)?;
    socket.listen(if args.once || args.textbook.classic { args.backlog.into() } else { ROOM_BACKLOG })
}

/// The first lesson: one client, one message each way.
fn once(listener: &TcpListener, args: &Args) -> anyhow::Result<()> {
    let mut keyboard = Keyboard::open();
    let (stream, peer) = next_client(listener);
    let mut incoming = Incoming::new(args.encoding.charset);
    match take_turn(&stream, args, &mut incoming, &mut keyboard)? {
        Turn::Gone(Some(error)) => bail!(gone(peer, Some(&error))),
        Turn::Gone(None) => screen::talk(&gone(peer, None)),
        Turn::Done | Turn::NothingToSay => {}
    }
    close::close(&stream);
    Ok(())
}

/// The textbook's conversation: one client at a time, strictly in turn, until there is nothing left to say.
fn classic(listener: &TcpListener, args: &Args) -> anyhow::Result<()> {
    let mut keyboard = Keyboard::open();
    loop {
        let (stream, peer) = next_client(listener);
        // It fails for a connection that has gone, which recv tells.
        let _ = stream.set_keepalive();
        let mut incoming = Incoming::new(args.encoding.charset);
        loop {
            match take_turn(&stream, args, &mut incoming, &mut keyboard)? {
                Turn::Done => {}
                Turn::Gone(error) => break screen::talk(&gone(peer, error.as_ref())),
                Turn::NothingToSay => {
                    close::close(&stream);
                    return Ok(());
                }
            }
        }
    }
}

/// Waits until a client can be accepted.
fn next_client(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    let mut backoff = Backoff::default();
    loop {
        match listener.accept() {
            Ok((stream, peer)) => {
                screen::talk(&t!("{peer} has connected", "{peer} 已连接"));
                return (stream, peer);
            }
            Err(error) => backoff.after(&error, |notice| screen::talk(&notice)),
        }
    }
}

/// How a turn ended.
enum Turn {
    Done,
    /// The client has left; the error where it did not close in order.
    Gone(Option<io::Error>),
    /// The person at the server has left.
    NothingToSay,
}

/// One turn: receive, show, ask, send. One `recv` is taken for one message, which only a textbook can rely on.
fn take_turn(
    mut stream: &TcpStream,
    args: &Args,
    incoming: &mut Incoming,
    keyboard: &mut Keyboard,
) -> anyhow::Result<Turn> {
    let mut buffer = vec![0; args.textbook.recv_size()];
    let received = match stream.read(&mut buffer) {
        Ok(0) => {
            show_rest(incoming)?;
            return Ok(Turn::Gone(None));
        }
        Ok(received) => received,
        Err(error) => return Ok(Turn::Gone(Some(error))),
    };
    screen::show(&incoming.message(&buffer[..received]))?;
    let encode = |typed: &str| args.encoding.charset.encode(typed).map_err(|lacking| lacking.to_string());
    let Typed::Line(answer) = keyboard.ask_bare(&t!("your answer: ", "回复："), encode)? else {
        return Ok(Turn::NothingToSay);
    };
    match stream.write_all(&answer) {
        Ok(()) => Ok(Turn::Done),
        Err(error) => Ok(Turn::Gone(Some(error))),
    }
}

/// Half a character that the stream ended with.
fn show_rest(incoming: &mut Incoming) -> anyhow::Result<()> {
    let rest = incoming.rest();
    if !rest.is_empty() {
        screen::show(&rest)?;
    }
    Ok(())
}

fn gone(peer: SocketAddr, error: Option<&io::Error>) -> String {
    match error.map(errors::reason) {
        None => t!("{peer} has closed the connection (recv returned 0 bytes)", "{peer} 已关闭连接（recv 返回 0 字节）"),
        Some(why) => t!("{peer} has gone: {why}", "{peer} 断开了：{why}"),
    }
}

/// Everybody hears everybody: a thread for each client, one for the screen, one for the keyboard.
fn room(listener: &TcpListener, args: &Args) -> anyhow::Result<()> {
    screen::hint(&t!("(/help lists the commands, q ends)", "（/help 看命令，q 结束）"));
    let max_clients = backoff::make_room_for(args.max_clients);
    if max_clients < args.max_clients {
        screen::talk(&t!(
            "the system's limit of descriptors (ulimit -n) leaves room for {max_clients} clients",
            "系统的文件描述符上限（ulimit -n）只够容纳 {max_clients} 个客户端"
        ));
    }
    let room = Room::new(&args.name, max_clients, args.encoding.charset);
    let (screen, host, ended) = (Arc::clone(&room), Arc::clone(&room), Arc::clone(&room));
    exit::at_end(move || ended.close());
    cli::spawn(PROGRAM, move || Ok(screen.show()?))?;
    cli::spawn(PROGRAM, move || speak(&host))?;
    let mut backoff = Backoff::default();
    loop {
        let welcomed = listener.accept().and_then(|(stream, peer)| welcome(stream, peer, &room));
        if let Err(error) = welcomed {
            backoff.after(&error, |notice| room.tell_host(notice));
        }
    }
}

/// The person at the server speaks too. What is piped in waits until somebody is there to hear it.
fn speak(room: &Room) -> anyhow::Result<()> {
    let mut keyboard = Keyboard::open();
    let piped = !keyboard.is_terminal();
    loop {
        let say = |typed: &str| {
            if piped && !input::is_command(typed) {
                room.wait_for_somebody();
            }
            room.host_says(typed).map_err(|lacking| lacking.to_string())
        };
        match keyboard.ask("> ", say)? {
            Typed::Line(answer) => answer.into_iter().for_each(|answer| room.tell_host(answer)),
            Typed::Quit => exit::now(0),
            Typed::End => return Ok(()),
        }
    }
}

/// A seat and a thread for a new client, or a word to one too many.
fn welcome(stream: TcpStream, peer: SocketAddr, room: &Arc<Room>) -> io::Result<()> {
    stream.set_keepalive()?;
    stream.set_nodelay()?;
    stream.set_send_buffer_size(room::SEND_BUFFER)?;
    let (stream, room) = (Arc::new(stream), Arc::clone(room));
    // Not in its thread: whoever was accepted before somebody speaks hears it.
    let seat = room.seat(&stream, peer);
    let client = move || match seat {
        Ok(seat) => hear(&stream, seat),
        Err(Full) => close::refuse(&stream, &room.full_notice()),
    };
    thread::Builder::new().stack_size(CLIENT_STACK).spawn(client).map(drop)
}

/// One client's thread: what `recv` gives goes to the room, until the client ends.
fn hear(mut stream: &TcpStream, mut seat: Seat) {
    let mut buffer = vec![0; FIRST_READ];
    let mut patience = None;
    let error = loop {
        if seat.patience() != patience {
            patience = seat.patience();
            // It fails for a connection that has gone, which recv tells.
            let _ = stream.set_read_timeout(patience);
        }
        let stay = match stream.read(&mut buffer) {
            Ok(0) => break None,
            Ok(received) => {
                let stay = seat.hears(&buffer[..received]);
                if received == buffer.len() && received < MAX_READ {
                    buffer.resize(2 * received, 0);
                }
                stay
            }
            Err(error) if errors::is_timeout(&error) && patience.is_some() => seat.hears_silence(),
            Err(error) => break Some(error),
        };
        if stay == Stay::No {
            break None;
        }
    };
    seat.leaves(error.as_ref());
    close::drain(stream);
}
