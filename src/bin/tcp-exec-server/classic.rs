//! Remote commands over TCP the textbook's way, for whoever runs on this machine as the same user.
//!
//! Try it: `cargo run --bin tcp-exec-server -- --classic`, and in another terminal
//! `cargo run --bin tcp-exec-client -- --classic`. Ask for more than 1,024 bytes (`seq 1000`), then for something else.
//!
//! Read it for: one recv taken for one command, and an answer that has no end: no length before it, nothing after it. So
//! the client shows the first 1,024 bytes, and the rest comes with the next answer.

use std::io::{self, Read as _, Write as _};
use std::net::SocketAddr;
use std::time::Instant;

use socket_demos::exec::server::audit;
use socket_demos::exec::server::{policy, sniff};
use socket_demos::exec::shell;
use socket_demos::net::backoff::Backoff;
use socket_demos::net::ports::Transport;
use socket_demos::net::{TcpListener, TcpStream, close, peers};
use socket_demos::terminal::log::log;
use socket_demos::terminal::screen;
use socket_demos::{errors, t};

use super::Args;

/// The textbook's backlog.
pub(crate) const BACKLOG: i32 = 3;

/// How much of a command's output is kept to be sent, in bytes.
const MAX_OUTPUT: usize = 1024 * 1024;

/// The textbook's way: one client at a time, one recv is one command, the answer is whatever the command has written.
pub(crate) fn serve(listener: &TcpListener, args: &Args) -> anyhow::Result<()> {
    let bound = listener.local_addr()?;
    screen::talk(&t!(
        "remote commands the textbook's way, for this user on this machine (without --classic: for whoever has the key), listening on {bound}",
        "课本写法的远程命令，只供本机本用户使用（不加 --classic 则供持有密钥的人使用），正在监听 {bound}"
    ));
    screen::hint(&t!("(Ctrl-C ends)", "（按 Ctrl-C 结束）"));
    policy::warn_of_other_users();
    policy::warn_of_root();
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
        close::close(&stream);
    }
}

/// The textbook's loop: receive, run, send.
fn take_commands(mut stream: &TcpStream, peer: SocketAddr, args: &Args) -> io::Result<()> {
    let mut buffer = vec![0; args.commands.textbook.recv_size()];
    let mut received = sniff::read_beginning(stream, &mut buffer)?;
    while received > 0 {
        let command = buffer[..received].trim_ascii_end();
        audit::runs(peer, command);
        let start = Instant::now();
        let (outcome, answer) = shell::collect(command, args.commands.time_limit(), MAX_OUTPUT);
        audit::ended(peer, outcome, start);
        // A command that has written nothing: no bytes are sent, and the textbook's client waits for ever.
        stream.write_all(&answer)?;
        received = stream.read(&mut buffer)?;
        if sniff::is_http(&buffer[..received]) {
            sniff::tell_foreign();
            return Ok(());
        }
    }
    Ok(())
}
