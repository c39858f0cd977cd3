//! The whole server: recvfrom, answer, sendto, for ever.
//!
//! The shape of a request chooses the answer, and silence is one of them. Whatever one client does, the next is served.

use std::io;
use std::net::SocketAddr;
use std::time::{Instant, SystemTime};

use jiff::Zoned;
use socket_demos::net::backoff::Backoff;
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

/// recvfrom, answer, sendto. Whatever one client does, the next is served.
pub(crate) fn answer_for_ever(socket: &UdpSocket, own: SocketAddr, args: &Args) -> ! {
    let answers = args.answers();
    let (mut told, mut guard, mut backoff) = (RateLimit::default(), LoopGuard::new(MAX_IN_A_ROW), Backoff::default());
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
        let question = question
            .filter(|question| !question.may_be_an_answer() || guard.may_answer(client.address, own, Instant::now()));
        // What cannot be sent to one client is told, and the next is served.
        let sent = match &question {
            Some(Request::Text | Request::Anything) => {
                request::text_for(client.address, length, args.format.write(&Zoned::now()))
                    .map_err(io::Error::other)
                    .and_then(|text| socket.send_to(text.as_bytes(), client))
            }
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
    client: Peer,
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
