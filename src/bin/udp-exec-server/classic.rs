//! The textbook's way over UDP, for whoever reads the code on this server's terminal: recvfrom, run, sendto.
//!
//! Try it: `cargo run --bin udp-exec-server -- --classic`, and in another terminal
//! `cargo run --bin udp-exec-client -- --classic`. Type the code first. Then ask for more than 1,024 bytes: `seq 1000`.
//!
//! One datagram each way, and hope. What is longer than the client's buffer is cut off there, what is longer than a
//! datagram is cut off here, and nobody learns of a command or an answer that was lost. Who has said the code is known by
//! an address, and nothing but that.

use std::net::SocketAddr;
use std::time::{Instant, SystemTime};

use socket_demos::exec::server::code::{self, Code, Datagram, Senders};
use socket_demos::exec::server::{run, sniff};
use socket_demos::net::UdpSocket;
use socket_demos::net::backoff::Backoff;
use socket_demos::net::datagrams::MAX_DATAGRAM;
use socket_demos::rate::RateLimit;
use socket_demos::terminal::log::{self, log};
use socket_demos::{errors, t};

use crate::args::Args;

/// One datagram is one command, and whatever it has written is the answer, as far as it fits another.
pub(crate) fn serve(socket: &UdpSocket, bound: SocketAddr, code: Code, args: &Args) -> ! {
    let (mut senders, mut strangers, mut backoff) = (Senders::new(code), RateLimit::default(), Backoff::default());
    let limit = args.commands.textbook.recv_size();
    // One byte more: then a longer datagram is noticed.
    let mut buffer = vec![0; limit.max(code::LONGEST) + 1];
    loop {
        let (received, peer) = match socket.recv_from(&mut buffer) {
            Ok((received, peer)) => (received, peer.address),
            Err(error) if errors::is_cut_datagram(&error) => {
                sniff::tell_cut(limit);
                continue;
            }
            Err(error) => {
                backoff.after(&error, log);
                continue;
            }
        };
        let datagram = &buffer[..received];
        let answer = match senders.judge(datagram, peer, bound, Instant::now()) {
            Datagram::Command if received > limit => {
                sniff::tell_cut(limit);
                continue;
            }
            Datagram::Command => run::collect(datagram.trim_ascii_end(), peer, args.commands.time_limit()),
            Datagram::Code => {
                log(t!("{peer} knows the code", "{peer} 知道口令"));
                code::right()
            }
            Datagram::NotRun(why) => {
                log::log_now_and_then(&mut strangers, SystemTime::now(), || why.words(peer));
                if !why.is_told() {
                    continue;
                }
                code::wrong()
            }
        };
        let answer = first_of(&answer);
        senders.answered(peer, answer);
        if let Err(error) = socket.send_to(answer, peer) {
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
