//! The textbook's way over TCP, for whoever reads the code on this server's terminal: accept, recv, run, send.
//!
//! Try it: `cargo run --bin tcp-exec-server -- --classic`, and in another terminal
//! `cargo run --bin tcp-exec-client -- --classic`. Type the code first. Then ask for more than 1,024 bytes (`seq 1000`),
//! and for something else.
//!
//! One recv is taken for one command, and an answer has no end: no length before it, nothing after it. So the client shows
//! the first 1,024 bytes, and the rest comes with the next answer.

use std::io::{self, Read as _, Write as _};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::thread;

use socket_demos::exec::options::CommandServer;
use socket_demos::exec::server::code::{self, Code};
use socket_demos::exec::server::pending::{Pending, Stranger};
use socket_demos::exec::server::places::Places;
use socket_demos::exec::server::{run, sniff};
use socket_demos::lock::lock;
use socket_demos::net::backoff::{self, Backoff};
use socket_demos::net::{TcpListener, TcpStream, close};
use socket_demos::rate::RateLimit;
use socket_demos::terminal::log::{self, log};
use socket_demos::{errors, t};

use crate::args::Args;

/// How many who have said the code may be there: one is served, the others wait, as many as the textbook's backlog has.
const MAX_CLIENTS: usize = 1 + 3;

/// What is looked at before the code, in bytes: it fits, and a request of HTTP can be told.
const FIRST_RECV: usize = 1024;

/// What the threads share.
struct Shared {
    code: Code,
    pending: Arc<Pending>,
    /// For those who have said the code.
    places: Places,
    /// Whoever has it is served.
    turn: Mutex<()>,
    told: CommandServer,
    /// How often strangers are told of.
    strangers: Mutex<RateLimit>,
}

/// One client at a time. Those who have not said the code yet have a thread each: a silent one must not hold up the rest.
pub(crate) fn serve(listener: &TcpListener, code: Code, args: &Args) -> ! {
    let shared = Arc::new(Shared {
        code,
        pending: Arc::new(Pending::new(code::PATIENCE, b"")),
        places: Places::new(MAX_CLIENTS),
        turn: Mutex::default(),
        told: args.commands.clone(),
        strangers: Mutex::default(),
    });
    let mut backoff = Backoff::default();
    loop {
        let met = listener.accept().and_then(|(stream, peer)| {
            let (stream, shared) = (Arc::new(stream), Arc::clone(&shared));
            let stranger = shared.pending.enter(&stream, peer.ip());
            thread::Builder::new().spawn(move || meet(&stream, peer, stranger, &shared)).map(drop)
        });
        if let Err(error) = met {
            if backoff::is_lack_of_room(&error) {
                shared.pending.make_room();
            }
            backoff.after(&error, log);
        }
    }
}

/// One connection's thread: the code, then the commands.
fn meet(stream: &TcpStream, peer: SocketAddr, mut stranger: Stranger, shared: &Shared) {
    if let Err(why) = admit(stream, peer, &mut stranger, shared) {
        log::log_rarely(&shared.strangers, why);
        // Until it is gone it counts as a stranger.
        return close::lingering(stream);
    }
    drop(stranger);
    let Some(_place) = shared.places.take() else {
        return log(t!("{peer} was sent away: too many wait already", "已让 {peer} 离开：排队的人太多"));
    };
    let _turn = lock(&shared.turn);
    log(t!("{peer} knows the code", "{peer} 知道口令"));
    let end = take_commands(stream, peer, shared);
    log(match end.map_err(|error| errors::reason(&error)) {
        Ok(()) => {
            t!("{peer} has closed the connection (recv returned 0 bytes)", "{peer} 已关闭连接（recv 返回 0 字节）")
        }
        Err(why) => t!("{peer} has gone: {why}", "{peer} 断开了：{why}"),
    });
    close::lingering(stream);
}

/// The first recv: the code, or nothing is run and the log says why.
fn admit(mut stream: &TcpStream, peer: SocketAddr, stranger: &mut Stranger, shared: &Shared) -> Result<(), String> {
    let mut buffer = [0; FIRST_RECV];
    let first = match stranger.read(&mut buffer) {
        Ok(0) => return Err(t!("{peer} left without a word", "{peer} 什么也没发就离开了")),
        Ok(received) => &buffer[..received],
        Err(error) => {
            let why = errors::reason(&error);
            return Err(t!("{peer} did not say the code: {why}", "{peer} 没有发来口令：{why}"));
        }
    };
    if shared.code.is(first) {
        return stream.set_read_timeout(None).map_err(|error| errors::reason(&error));
    }
    if sniff::is_foreign(first) {
        return Err(sniff::foreign(peer));
    }
    // Whoever has gone does not need the words.
    let _ = stream.write_all(&code::wrong());
    Err(t!("{peer} did not begin with the code: nothing was run", "{peer} 没有先发口令：什么都没有执行"))
}

/// One recv is one command, and whatever it has written is the answer.
fn take_commands(mut stream: &TcpStream, peer: SocketAddr, shared: &Shared) -> io::Result<()> {
    let mut buffer = vec![0; shared.told.textbook.recv_size()];
    // A pulled cable must not keep the turn.
    stream.set_keepalive(close::VANISHED)?;
    stream.write_all(&code::right())?;
    loop {
        let received = stream.read(&mut buffer)?;
        let command = buffer[..received].trim_ascii_end();
        match command {
            _ if received == 0 => return Ok(()),
            again if shared.code.is(again) => stream.write_all(&code::right())?,
            said if code::is_said_by_server(said) => {}
            // One that has written nothing: nothing is sent, and the textbook's client waits for ever.
            command => stream.write_all(&run::collect(command, peer, shared.told.time_limit()))?,
        }
    }
}
