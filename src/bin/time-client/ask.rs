//! One question until it is answered: send, a time limit for recv, recv, and again.
//!
//! Over UDP the question or the answer may be lost, and nobody says so. So the client waits, and asks again.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::bail;
use socket_demos::terminal::screen;
use socket_demos::time::sntp::Refusal;
use socket_demos::{errors, t};

use crate::args::Args;
use crate::server::Server;

/// The longest answer that is looked at: a line of text, or a packet with extensions.
const MAX_ANSWER: usize = 1024;

/// Asks until there is an answer that `read` takes: send, recv, and again after the timeout. `read` also gets how long
/// the answer took, and says whether what it refuses was an answer at all. While nothing has been heard, a question that
/// is refused is asked at the next address of the server's name, and the one after silence too.
pub(crate) fn until_answered<T>(
    server: &mut Server<'_>,
    args: &Args,
    question: impl Fn() -> io::Result<Vec<u8>>,
    read: impl Fn(&[u8], Duration) -> Result<T, Refusal>,
) -> anyhow::Result<T> {
    let (mut noise, mut asked) = (Noise(0), Vec::new());
    for _ in 0..args.retries {
        loop {
            note(&mut asked, server.address);
            match ask_once(server, args.timeout, &question, &read, &mut noise) {
                Ok(Some(answer)) => return Ok(answer),
                Ok(None) => break server.is_silent(),
                Err(error) if error.downcast_ref().is_some_and(errors::is_not_there) && server.is_not_there() => {}
                Err(error) => return Err(refused(server.address, error)),
            }
        }
    }
    let (tries, seconds) = (args.retries, args.timeout.as_secs_f32());
    let server = asked.iter().map(SocketAddr::to_string).collect::<Vec<_>>().join(&t!(", ", "、"));
    bail!(t!(
        "no usable answer from {server} to {tries} questions of {seconds} s each: lost, a firewall, or no such server there",
        "向 {server} 问了 {tries} 次，每次等 {seconds} 秒，都没有可用的回答：丢了、被防火墙拦住，或那里没有这种服务器"
    ));
}

fn note(asked: &mut Vec<SocketAddr>, address: SocketAddr) {
    if !asked.contains(&address) {
        asked.push(address);
    }
}

/// One question: its answer, or `None` where none came in time.
fn ask_once<T>(
    server: &mut Server<'_>,
    timeout: Duration,
    question: impl Fn() -> io::Result<Vec<u8>>,
    read: impl Fn(&[u8], Duration) -> Result<T, Refusal>,
    noise: &mut Noise,
) -> anyhow::Result<Option<T>> {
    let mut buffer = vec![0; MAX_ANSWER];
    server.socket.send(&question()?)?;
    let asked = Instant::now();
    while let Some(left) = timeout.checked_sub(asked.elapsed()).filter(|left| !left.is_zero()) {
        server.socket.set_read_timeout(Some(left))?;
        match server.socket.recv(&mut buffer) {
            Ok(received) => {
                server.is_heard();
                match read(&buffer[..received], asked.elapsed()) {
                    Ok(answer) => return Ok(Some(answer)),
                    // Noise must not end the waiting, or a stranger could.
                    Err(refusal) if refusal.is_noise() => noise.heard(&refusal.to_string()),
                    Err(refusal) => return Err(anyhow::Error::new(refusal).context(server.address)),
                }
            }
            // Windows alone tells that an answer did not fit. No true one is so long.
            Err(error) if errors::is_cut_datagram(&error) => noise.heard(&errors::reason(&error)),
            Err(error) if errors::is_timeout(&error) => break,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(None)
}

/// How many datagrams were no answer. The first is told, and at the end how many there were: a stranger sends any number.
struct Noise(usize);

impl Noise {
    fn heard(&mut self, why: &str) {
        self.0 += 1;
        if self.0 == 1 {
            screen::talk(why);
        }
    }
}

impl Drop for Noise {
    fn drop(&mut self) {
        if self.0 > 1 {
            let all = self.0;
            screen::talk(&t!("{all} answers in all were of no use", "没用的回答一共 {all} 个"));
        }
    }
}

/// A refusal in words; any other error as it is.
fn refused(server: SocketAddr, error: anyhow::Error) -> anyhow::Error {
    let Some(refusal) = error.downcast_ref().filter(|error| errors::is_refusal(error)) else { return error };
    let code = errors::code(refusal);
    anyhow::anyhow!(t!(
        "nobody is at {server} ({code}); start a server with: time-server {server}",
        "{server} 上没有程序（{code}）；先启动服务器：time-server {server}"
    ))
}
