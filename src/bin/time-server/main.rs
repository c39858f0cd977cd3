//! The time over UDP, the side that is asked.
//!
//! Try it: `cargo run --bin time-server`, and in another terminal `cargo run --bin time-client`.
//!
//! Read it for: a whole server in four calls: socket, bind, and then recvfrom and sendto for ever. No client has a state
//! here, so there is nothing to lose and nothing to fill up. The shape of a request chooses the answer (text, SNTP,
//! RFC 868), and silence is one of them: two servers that answer anything can be set to answer each other for ever.

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::SystemTime;

use clap::Parser;
use jiff::Zoned;
use socket_demos::cli::options::ListenAddress;
use socket_demos::cli::{self, Usage};
use socket_demos::net::address::{self, Failed};
use socket_demos::net::backoff::Backoff;
use socket_demos::net::faults::BadNetwork;
use socket_demos::net::ports::Transport;
use socket_demos::net::{Socket, Trace, UdpSocket, failures, peers};
use socket_demos::rate::RateLimit;
use socket_demos::terminal::{log, screen};
use socket_demos::text::{escape_line, typed};
use socket_demos::time::request::{self, Answers, Format, Request};
use socket_demos::{errors, t};

const PROGRAM: &str = "time-server";

/// Only this much of a request is looked at: a question is short.
const MAX_REQUEST: usize = 1024;

/// How much of a request stands in the log, in characters.
const SHOWN_REQUEST: usize = 40;

#[derive(Parser)]
#[command(name = PROGRAM, version, about = t!("tell the time over UDP", "用 UDP 报时"))]
pub(crate) struct Args {
    #[command(flatten)]
    listen: ListenAddress,
    #[arg(long, value_name = "STRFTIME", default_value = request::DEFAULT_FORMAT, value_parser = Format::parse, help = t!(
        "The format of the time, as strftime has it, such as %H:%M",
        "时间的格式，用 strftime 的记号，如 %H:%M"
    ))]
    format: Format,
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = typed::parse_stratum, help = t!(
        "What SNTP clients are told of this clock: 1 to 15, 15 the least trusted",
        "告诉 SNTP 客户端这个时钟的层级：1 到 15，越大越不可信"
    ))]
    stratum: u8,
    #[arg(long, help = t!(
        "The textbook's way: answer any datagram (on loopback only)",
        "课本写法：收到什么都回答（只限回环地址）"
    ))]
    classic: bool,
    #[command(flatten)]
    network: BadNetwork,
}

fn main() -> ExitCode {
    cli::run(serve)
}

fn serve(args: &Args, trace: &Trace) -> anyhow::Result<()> {
    let address = args.listen.to_bind()?;
    let cannot = |failed| failures::cannot_listen(Transport::Udp, &address, failed);
    let addresses = address.resolve().map_err(|error| cannot(Failed { address: None, error }))?;
    if args.classic && addresses.iter().any(|address| !address.ip().to_canonical().is_loopback()) {
        let why = t!("--classic answers anything, so only on loopback", "--classic 收到什么都回答，所以只能用回环地址");
        return Err(Usage(why).into());
    }
    let socket = address::try_all(&addresses, |address| bind(address, &args.network, trace)).map_err(cannot)?;
    let bound = socket.local_addr()?;
    let way = if args.classic {
        t!(
            "the textbook's way (without --classic: text, SNTP and RFC 868)",
            "课本写法（不加 --classic 则回答文字、SNTP 和 RFC 868）"
        )
    } else {
        t!(
            "a time server for text, SNTP and RFC 868 (the textbook's way: --classic)",
            "时间服务器：回答文字、SNTP 和 RFC 868（课本写法请加 --classic）"
        )
    };
    screen::talk(&t!("{way}, listening on {bound}", "{way}，正在监听 {bound}"));
    args.listen.tell_others("time-client", bound.port());
    screen::hint(&t!("(Ctrl-C ends)", "（按 Ctrl-C 结束）"));
    answer_for_ever(&socket, bound, args)
}

/// What makes a socket hear: socket, bind.
fn bind(address: SocketAddr, network: &BadNetwork, trace: &Trace) -> io::Result<UdpSocket> {
    let socket = Socket::udp(address, trace)?;
    socket.bind(address)?;
    socket.over(network)
}

/// recvfrom, answer, sendto. Whatever one client does, the next is served.
fn answer_for_ever(socket: &UdpSocket, own: SocketAddr, args: &Args) -> ! {
    let answers = if args.classic { Answers::Anything } else { Answers::Questions };
    let (mut told, mut backoff) = (RateLimit::default(), Backoff::default());
    let mut buffer = vec![0; MAX_REQUEST];
    loop {
        let (length, client) = match socket.recv_from(&mut buffer) {
            Ok(datagram) => datagram,
            // On Windows a datagram that does not fit is an error. It is no question either.
            Err(error) if errors::is_cut_datagram(&error) => continue,
            Err(error) => {
                backoff.after(&error, log::log);
                continue;
            }
        };
        let (received, request) = (SystemTime::now(), &buffer[..length]);
        let question = Request::read(request, &args.format, answers);
        let question = question.filter(|_| !(args.classic && peers::is_server(client, own)));
        // What cannot be sent to one client is told, and the next is served.
        let sent = match &question {
            Some(Request::Text) => socket.send_to(args.format.write(&Zoned::now()).as_bytes(), client),
            Some(Request::Sntp(question)) => {
                socket.send_to(&question.answer(args.stratum, received, SystemTime::now()), client)
            }
            Some(Request::Seconds) => socket.send_to(&request::seconds(SystemTime::now()), client),
            None => Ok(0),
        };
        // Without waiting for whoever reads the log.
        log::log_now_and_then(&mut told, received, || {
            line(request, client, question.as_ref(), answers, sent.err().as_ref())
        });
    }
}

/// What the log says about a request.
fn line(
    request: &[u8],
    client: SocketAddr,
    question: Option<&Request>,
    answers: Answers,
    error: Option<&io::Error>,
) -> String {
    if let Some(error) = error {
        let why = errors::reason(error);
        return t!("{client}: the answer was not sent: {why}", "{client}：回复没有发出：{why}");
    }
    let text: String = String::from_utf8_lossy(request).trim_end().chars().take(SHOWN_REQUEST).collect();
    let (text, length) = (escape_line(&text), request.len());
    match question {
        Some(Request::Text) => t!("{client}: \"{text}\" answered with text", "{client}：\"{text}\"，已用文字回复"),
        Some(Request::Sntp(_)) => t!("{client}: answered SNTP", "{client}：已用 SNTP 回复"),
        Some(Request::Seconds) => t!("{client}: answered 4 bytes (RFC 868)", "{client}：已回复 4 字节（RFC 868）"),
        None if answers == Answers::Anything => t!(
            "{client}: \"{text}\" ({length} bytes) not answered: it is another server's",
            "{client}：\"{text}\"（{length} 字节）没有回复：是别的服务器发来的"
        ),
        None => t!(
            "{client}: \"{text}\" ({length} bytes) not answered: ask `get time` (--classic answers anything)",
            "{client}：\"{text}\"（{length} 字节）没有回复：请发 get time（--classic 收到什么都回复）"
        ),
    }
}
