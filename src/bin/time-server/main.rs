//! The time over UDP, the side that is asked.
//!
//! Try it: `cargo run --bin time-server`, and in another terminal `cargo run --bin time-client`.
//!
//! Read it for: a whole server in four calls: socket, bind ([`bind`]), and then recvfrom and sendto for ever
//! ([`serve`]), of a crowd at once where the system can. No client has a state here, so there is nothing to lose and
//! nothing to fill up. The shape of a request chooses the answer (text, SNTP, RFC 868), and silence is one of them: two servers that answer anything can be set to
//! answer each other for ever.

mod args;
mod serve;

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;

use socket_demos::cli::{self, Usage};
use socket_demos::net::address;
use socket_demos::net::faults::BadNetwork;
use socket_demos::net::ports::Transport;
use socket_demos::net::{Socket, Trace, UdpSocket, failures};
use socket_demos::t;
use socket_demos::terminal::screen;
use socket_demos::time::request::Answers;

use crate::args::Args;

fn main() -> ExitCode {
    cli::run(tell_the_time)
}

fn tell_the_time(args: &Args, trace: &Trace) -> anyhow::Result<()> {
    let address = args.listen.to_bind()?;
    let cannot = |failed| failures::cannot_listen(Transport::Udp, &address, failed);
    let addresses = address.resolve().map_err(cannot)?;
    if args.answers() == Answers::Anything && addresses.iter().any(|address| !address.ip().to_canonical().is_loopback())
    {
        let why = t!("--classic answers anything, so only on loopback", "--classic 收到什么都回答，所以只能用回环地址");
        return Err(Usage(why).into());
    }
    args.format.may_go_to(&addresses).map_err(Usage)?;
    let socket = address::try_all(&addresses, |address| bind(address, &args.network, trace)).map_err(cannot)?;
    let bound = socket.local_addr()?;
    let (way, other) = match args.answers() {
        Answers::Questions => (
            t!("a time server for text, SNTP and RFC 868", "时间服务器：回答文字、SNTP 和 RFC 868"),
            t!("(the textbook's way: --classic)", "（课本写法请加 --classic）"),
        ),
        Answers::Anything => (
            t!("the textbook's way", "课本写法"),
            t!("(without --classic: text, SNTP and RFC 868)", "（不加 --classic 则回答文字、SNTP 和 RFC 868）"),
        ),
    };
    screen::ready(&way, bound, &other);
    args.listen.tell_others("time-client", bound.port());
    screen::hint(&t!("(Ctrl-C ends)", "（按 Ctrl-C 结束）"));
    serve::answer_for_ever(&socket, bound, args)
}

/// What makes a socket hear: socket, bind.
fn bind(address: SocketAddr, network: &BadNetwork, trace: &Trace) -> io::Result<UdpSocket> {
    let mut socket = Socket::udp(address, trace)?;
    // On all addresses of this machine each question tells at which it came, so that the answer leaves from there.
    if address.ip().is_unspecified() {
        socket.set_packet_info(address)?;
    }
    socket.bind(address)?;
    socket.over(network)
}
