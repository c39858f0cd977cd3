//! The textbook's way over UDP, for whoever runs on this machine as the same user: recvfrom, run, sendto.
//!
//! Try it: `cargo run --bin udp-exec-server -- --classic`, and in another terminal
//! `cargo run --bin udp-exec-client -- --classic`. Ask for more than 1,024 bytes: `seq 1000`.
//!
//! One datagram each way, and hope. What is longer than the client's buffer is cut off there, what is longer than a
//! datagram is cut off here, and nobody learns of a command or an answer that was lost.

use std::net::SocketAddr;

use socket_demos::exec::server::{run, sniff};
use socket_demos::net::backoff::Backoff;
use socket_demos::net::datagrams::MAX_DATAGRAM;
use socket_demos::net::ports::Transport;
use socket_demos::net::{UdpSocket, peers};
use socket_demos::terminal::log::log;
use socket_demos::{errors, t};

use crate::args::Args;

/// One datagram is one command, and whatever it has written is the answer, as far as it fits another.
pub(crate) fn serve(socket: &UdpSocket, bound: SocketAddr, args: &Args) -> ! {
    let mut backoff = Backoff::default();
    let limit = args.commands.textbook.recv_size();
    // One byte more: then a longer datagram is noticed.
    let mut buffer = vec![0; limit + 1];
    loop {
        let (received, peer) = match socket.recv_from(&mut buffer) {
            Ok(datagram) => datagram,
            Err(error) if errors::is_cut_datagram(&error) => {
                sniff::tell_cut(limit);
                continue;
            }
            Err(error) => {
                backoff.after(&error, log);
                continue;
            }
        };
        if !peers::is_welcome(Transport::Udp, peer, bound) {
            log(t!(
                "{peer} is another user's, or a server's port: nothing was run",
                "{peer} 属于别的用户，或是某个服务器的端口：什么都没有执行"
            ));
            continue;
        }
        if !sniff::is_command(&buffer[..received], peer, limit) {
            continue;
        }
        let command = buffer[..received].trim_ascii_end();
        let answer = run::collect(command, peer, args.commands.time_limit());
        if let Err(error) = socket.send_to(first_of(&answer), peer) {
            let why = errors::reason(&error);
            log(t!("not sent to {peer}: {why}", "没有发给 {peer}：{why}"));
        }
    }
}

/// What fits a datagram.
fn first_of(answer: &[u8]) -> &[u8] {
    if answer.len() > MAX_DATAGRAM {
        log(t!(
            "only the first {MAX_DATAGRAM} of these bytes fit a datagram; the rest is not sent",
            "一个数据报只装得下前 {MAX_DATAGRAM} 字节，其余的没有发送"
        ));
    }
    &answer[..answer.len().min(MAX_DATAGRAM)]
}
