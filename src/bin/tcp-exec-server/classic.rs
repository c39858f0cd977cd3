//! The textbook's way over TCP, for whoever runs on this machine as the same user: accept, recv, run, send.
//!
//! Try it: `cargo run --bin tcp-exec-server -- --classic`, and in another terminal
//! `cargo run --bin tcp-exec-client -- --classic`. Ask for more than 1,024 bytes (`seq 1000`), then for something else.
//!
//! One recv is taken for one command, and an answer has no end: no length before it, nothing after it. So the client shows
//! the first 1,024 bytes, and the rest comes with the next answer.

use std::io::{self, Read as _, Write as _};
use std::net::SocketAddr;

use socket_demos::exec::server::run;
use socket_demos::exec::server::sniff::{self, Beginning};
use socket_demos::net::backoff::Backoff;
use socket_demos::net::ports::Transport;
use socket_demos::net::{TcpListener, TcpStream, close, peers};
use socket_demos::terminal::log::log;
use socket_demos::{errors, t};

use crate::args::Args;

/// The textbook's backlog.
pub(crate) const BACKLOG: i32 = 3;

/// One client at a time.
pub(crate) fn serve(listener: &TcpListener, bound: SocketAddr, args: &Args) -> ! {
    let mut backoff = Backoff::default();
    loop {
        let (stream, peer) = match listener.accept() {
            Ok(accepted) => accepted,
            Err(error) => {
                backoff.after(&error, log);
                continue;
            }
        };
        if !peers::is_welcome(Transport::Tcp, peer, bound) {
            log(t!("{peer} belongs to another user and was refused", "{peer} 属于别的用户，已拒绝"));
            continue;
        }
        log(t!("{peer} has connected", "{peer} 已连接"));
        match take_commands(&stream, peer, args) {
            Ok(()) => log(t!(
                "{peer} has closed the connection (recv returned 0 bytes)",
                "{peer} 已关闭连接（recv 返回 0 字节）"
            )),
            Err(error) => {
                let why = errors::reason(&error);
                log(t!("{peer} has gone: {why}", "{peer} 断开了：{why}"));
            }
        }
        close::lingering(&stream);
    }
}

/// One recv is one command, and whatever it has written is the answer.
fn take_commands(mut stream: &TcpStream, peer: SocketAddr, args: &Args) -> io::Result<()> {
    let mut buffer = vec![0; args.commands.textbook.recv_size()];
    let mut received = first_command(stream, &mut buffer)?;
    while received > 0 {
        let command = buffer[..received].trim_ascii_end();
        let answer = run::collect(command, peer, args.commands.time_limit());
        // A command that has written nothing: nothing is sent, and the textbook's client waits for ever.
        stream.write_all(&answer)?;
        received = stream.read(&mut buffer)?;
        if sniff::is_http(&buffer[..received]) {
            sniff::tell_foreign();
            return Ok(());
        }
    }
    Ok(())
}

/// The first recv, and more while it may still become what a browser sends. Nothing of that is run.
fn first_command(mut stream: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    let mut received = 0;
    loop {
        match stream.read(&mut buffer[received..]) {
            Ok(0) => break,
            Ok(more) => received += more,
            Err(error) if errors::is_timeout(&error) && received > 0 => break,
            Err(error) => return Err(error),
        }
        match sniff::judge(&buffer[..received], buffer.len()) {
            Beginning::Command => break,
            Beginning::Unclear => stream.set_read_timeout(Some(sniff::QUIET))?,
            Beginning::Foreign => {
                sniff::tell_foreign();
                return Ok(0);
            }
        }
    }
    stream.set_read_timeout(None)?;
    Ok(received)
}
