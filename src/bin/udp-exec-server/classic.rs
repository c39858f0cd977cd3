//! Remote commands over UDP the textbook's way, for whoever runs on this machine as the same user.
//!
//! Try it: `cargo run --bin udp-exec-server -- --classic`, and in another terminal
//! `cargo run --bin udp-exec-client -- --classic`. Ask for more than 1,024 bytes: `seq 1000`.
//!
//! Read it for: one datagram each way, and hope. What is longer than the client's buffer is cut off there, what is longer
//! than a datagram is cut off here, and nobody learns of a command or an answer that was lost.

use std::net::SocketAddr;
use std::time::Instant;

use socket_demos::exec::server::audit;
use socket_demos::exec::server::policy;
use socket_demos::exec::server::sniff::{self, Beginning};
use socket_demos::exec::shell;
use socket_demos::net::backoff::Backoff;
use socket_demos::net::datagrams::MAX_DATAGRAM;
use socket_demos::net::ports::Transport;
use socket_demos::net::{UdpSocket, peers};
use socket_demos::terminal::log::log;
use socket_demos::terminal::{exit, screen};
use socket_demos::{errors, t};

use super::Args;

/// How much of a command's output is kept to be sent, in bytes.
const MAX_OUTPUT: usize = 1024 * 1024;

/// The textbook's way: recvfrom, run, sendto. What does not fit one datagram is cut off.
pub(crate) fn serve(socket: &UdpSocket, args: &Args) -> anyhow::Result<()> {
    let bound = socket.local_addr()?;
    screen::talk(&t!(
        "remote commands the textbook's way, for this user on this machine (without --classic: reliable, for whoever has the key), listening on {bound}",
        "课本写法的远程命令，只供本机本用户使用（不加 --classic 则可靠传输，供持有密钥的人使用），正在监听 {bound}"
    ));
    screen::hint(&t!("(Ctrl-C ends)", "（按 Ctrl-C 结束）"));
    policy::warn_of_other_users();
    policy::warn_of_root();
    exit::at_end(shell::stop_all);
    let limit = args.commands.textbook.recv_size();
    // One byte more: then a longer datagram is noticed.
    let (mut buffer, mut backoff) = (vec![0; limit + 1], Backoff::default());
    loop {
        let (received, from) = match socket.recv_from(&mut buffer) {
            Ok(datagram) => datagram,
            Err(error) if errors::is_cut_datagram(&error) => {
                log(cut_off(limit));
                continue;
            }
            Err(error) => {
                backoff.after(&error, log);
                continue;
            }
        };
        if let Some(why) = why_not(&buffer[..received], from, bound, limit) {
            log(why);
            continue;
        }
        let command = buffer[..received].trim_ascii_end();
        audit::runs(from, command);
        let start = Instant::now();
        let (outcome, answer) = shell::collect(command, args.commands.time_limit(), MAX_OUTPUT);
        audit::ended(from, outcome, start);
        let bytes = answer.len();
        if bytes > MAX_DATAGRAM {
            log(t!(
                "only the first {MAX_DATAGRAM} of these bytes fit a datagram; the rest is not sent",
                "一个数据报只装得下前 {MAX_DATAGRAM} 字节，其余的没有发送"
            ));
        }
        if let Err(error) = socket.send_to(&answer[..bytes.min(MAX_DATAGRAM)], from) {
            let why = errors::reason(&error);
            log(t!("not sent to {from}: {why}", "没有发给 {from}：{why}"));
        }
    }
}

/// Why the textbook's server does not run what came.
fn why_not(datagram: &[u8], from: SocketAddr, own: SocketAddr, limit: usize) -> Option<String> {
    if !peers::is_welcome(Transport::Udp, from, own) {
        return Some(t!(
            "{from} is another user's, or a server's port: nothing was run",
            "{from} 属于别的用户，或是某个服务器的端口：什么都没有执行"
        ));
    }
    if datagram.len() > limit {
        return Some(cut_off(limit));
    }
    (sniff::judge(datagram, limit + 1) == Beginning::Foreign).then(|| {
        t!(
            "{from} sent no command but another protocol, perhaps a client without --classic: nothing was run",
            "{from} 发来的不是命令，而是别的协议，也许是没有加 --classic 的客户端：什么都没有执行"
        )
    })
}

/// Half a command is another command.
fn cut_off(limit: usize) -> String {
    t!(
        "a command of more than {limit} bytes was cut off (--bufsize): nothing was run",
        "一条超过 {limit} 字节的命令被截断（--bufsize）：什么都没有执行"
    )
}
