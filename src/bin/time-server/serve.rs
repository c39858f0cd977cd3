//! The whole server: receive, answer, send, for ever: what is there at a time in one call where the system can ([`Crowd`]),
//! else with recvfrom and sendto.
//!
//! The shape of a request chooses the answer, and silence is one of them. Whatever one client does, the next is served.

use std::io;
use std::net::SocketAddr;
use std::time::{Instant, SystemTime};

use jiff::Zoned;
use socket_demos::net::backoff::Backoff;
use socket_demos::net::batches::Crowd;
use socket_demos::net::loops::LoopGuard;
use socket_demos::net::{Peer, UdpSocket};
use socket_demos::rate::RateLimit;
use socket_demos::terminal::log;
use socket_demos::text::escape_line;
use socket_demos::time::request::{self, Answers, Request};
use socket_demos::{errors, t};

use crate::args::Args;

/// Only this much of a request is looked at: a question is short.
const MAX_REQUEST: usize = 1024;

/// How many answers in a row one address gets to what need not be a question: more than anybody types in a second.
const MAX_IN_A_ROW: u32 = 100;

/// How much of a request stands in the log, in characters.
const SHOWN_REQUEST: usize = 40;

/// Questions that are taken at a time, where several are there and the system can. The textbook's way takes one.
const AT_ONCE: usize = 64;

/// Receive, answer, send. Whatever one client does, the next is served.
pub(crate) fn answer_for_ever(socket: &UdpSocket, own: SocketAddr, args: &Args) -> ! {
    let at_once = if args.answers() == Answers::Anything { 1 } else { AT_ONCE };
    let (mut crowd, mut backoff) = (Crowd::new(at_once, MAX_REQUEST), Backoff::default());
    let (mut told, mut guard) = (RateLimit::default(), LoopGuard::new(MAX_IN_A_ROW));
    loop {
        match socket.recv_crowd(&mut crowd) {
            Ok(()) => answer_all(socket, own, args, &crowd, &mut guard, &mut told),
            // On Windows a datagram that does not fit is an error. It is no question either.
            Err(error) if errors::is_cut_datagram(&error) => {}
            Err(error) => backoff.after(&error, log::log),
        }
    }
}

/// Answers those that ask, and logs what became of each, without waiting for whoever reads the log.
fn answer_all(
    socket: &UdpSocket,
    own: SocketAddr,
    args: &Args,
    crowd: &Crowd,
    guard: &mut LoopGuard,
    told: &mut RateLimit,
) {
    let received = SystemTime::now();
    let mut tell = |asked: &Asked<'_>, error: Option<&io::Error>| {
        log::log_now_and_then(told, received, || line(asked, args.answers(), error));
    };
    let (mut asked, mut answers) = (Vec::with_capacity(AT_ONCE), Vec::with_capacity(AT_ONCE));
    for (request, client) in crowd.datagrams() {
        let question = Request::read(request, &args.format, args.answers());
        let question = question
            .filter(|question| !question.may_be_an_answer() || guard.may_answer(client.address, own, Instant::now()));
        let this = Asked { request, client, question };
        match this.answer(received, args) {
            None => tell(&this, None),
            Some(Err(error)) => tell(&this, Some(&error)),
            Some(Ok(answer)) => {
                answers.push((answer, client));
                asked.push(this);
            }
        }
    }
    // What cannot be sent to one client is told, and the next is served.
    for (asked, sent) in asked.iter().zip(socket.send_each(&answers)) {
        tell(asked, sent.err().as_ref());
    }
}

/// What has come from a client, and what it asks.
struct Asked<'a> {
    request: &'a [u8],
    client: Peer,
    question: Option<Request>,
}

impl Asked<'_> {
    /// The answer; `None` for silence.
    fn answer(&self, received: SystemTime, args: &Args) -> Option<io::Result<Vec<u8>>> {
        Some(match self.question? {
            Request::Text | Request::Anything => {
                let text = request::text_for(self.client.address, self.request.len(), args.format.write(&Zoned::now()));
                text.map(String::into_bytes).map_err(io::Error::other)
            }
            Request::Sntp(question) => Ok(question.answer(args.stratum, received, SystemTime::now()).to_vec()),
            Request::Seconds => Ok(request::seconds(SystemTime::now()).to_vec()),
        })
    }
}

/// What the log says about a request.
fn line(asked: &Asked<'_>, answers: Answers, error: Option<&io::Error>) -> String {
    let Asked { request, client, question } = asked;
    if let Some(error) = error {
        let why = errors::reason(error);
        return t!("{client}: the answer was not sent: {why}", "{client}：回复没有发出：{why}");
    }
    let text: String = String::from_utf8_lossy(request).trim_end().chars().take(SHOWN_REQUEST).collect();
    let (text, length) = (escape_line(&text), request.len());
    match question {
        Some(Request::Text | Request::Anything) => {
            t!("{client}: \"{text}\" answered with text", "{client}：\"{text}\"，已用文字回复")
        }
        Some(Request::Sntp(_)) => t!("{client}: answered SNTP", "{client}：已用 SNTP 回复"),
        Some(Request::Seconds) => t!("{client}: answered 4 bytes (RFC 868)", "{client}：已回复 4 字节（RFC 868）"),
        None if answers == Answers::Anything || request.is_empty() => t!(
            "{client}: \"{text}\" ({length} bytes) not answered: from a server, or too many in a row",
            "{client}：\"{text}\"（{length} 字节）没有回复：是服务器发来的，或者连着来得太多"
        ),
        None => t!(
            "{client}: \"{text}\" ({length} bytes) not answered: ask `get time` (--classic answers anything)",
            "{client}：\"{text}\"（{length} 字节）没有回复：请发 get time（--classic 收到什么都回复）"
        ),
    }
}
