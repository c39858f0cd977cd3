//! One person in a room: blocking, for admission and for the latency of a single line.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};

use anyhow::{Context, Result, bail, ensure};

use super::DEADLINE;

/// Said by one and heard by all others, when a room has gathered.
const SETTLED: &str = "settled";

/// How a newcomer knows that the server has registered it. That its connect succeeded does not tell: the kernel did
/// that, and the server may not have accepted it yet.
#[derive(Clone, Copy)]
pub(super) enum Admission {
    /// Our room answers `/name`.
    Welcome,
    /// A broker answers nothing: that the first client hears the newcomer is the only sign.
    HeardByFirst,
}

/// A connected client.
pub(super) struct Client(BufReader<TcpStream>);

impl Client {
    /// Connects, with the socket options that all clients of this benchmark have.
    pub(super) fn connect(address: SocketAddr) -> Result<Self> {
        let socket = TcpStream::connect_timeout(&address, DEADLINE)?;
        // A generator that holds back lines for Nagle's reasons would measure itself.
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(DEADLINE))?;
        Ok(Self(BufReader::new(socket)))
    }

    /// Takes the name `name`, and returns when the room has admitted it.
    pub(super) fn enter(&mut self, name: &str) -> Result<()> {
        self.say(&format!("/name {name}"))?;
        self.hear("welcome")
    }

    /// Sends one line.
    pub(super) fn say(&mut self, text: &str) -> Result<()> {
        Ok(self.0.get_mut().write_all(format!("{text}\n").as_bytes())?)
    }

    /// Reads up to and including the line that holds `word`.
    pub(super) fn hear(&mut self, word: &str) -> Result<()> {
        let mut line = String::new();
        while !line.contains(word) {
            line.clear();
            let length = self.0.read_line(&mut line).with_context(|| format!("no {word:?} came"))?;
            ensure!(length > 0, "the server hung up before {word:?} came");
        }
        Ok(())
    }

    /// The socket, once everything that came has been read.
    pub(super) fn into_socket(self) -> Result<TcpStream> {
        if !self.0.buffer().is_empty() {
            bail!("unexpected text: {:?}", String::from_utf8_lossy(self.0.buffer()));
        }
        Ok(self.0.into_inner())
    }
}

/// Fills a room with `size` clients (two or more), all registered, with nothing left to read.
pub(super) fn gather(address: SocketAddr, size: usize, admission: Admission) -> Result<Vec<TcpStream>> {
    let mut clients = Vec::<Client>::with_capacity(size);
    for number in 0..size {
        let mut newcomer = Client::connect(address)?;
        let name = format!("c{number:03}");
        match (admission, clients.first_mut()) {
            (Admission::Welcome, _) => newcomer.enter(&name)?,
            (Admission::HeardByFirst, Some(first)) => {
                newcomer.say(&name)?;
                first.hear(&name)?;
            }
            // Accepted before the second one, which it will hear.
            (Admission::HeardByFirst, None) => {}
        }
        clients.push(newcomer);
    }
    settle(&mut clients)?;
    clients.into_iter().map(Client::into_socket).collect()
}

/// Reads away what the gathering left behind. Each one's text is in order, so whoever has heard this word has heard all
/// that came before; the second round is for the first speaker.
fn settle(clients: &mut [Client]) -> Result<()> {
    for speaker in [0, 1] {
        clients[speaker].say(SETTLED)?;
        for (number, listener) in clients.iter_mut().enumerate() {
            if number != speaker {
                listener.hear(SETTLED).with_context(|| format!("client {number}"))?;
            }
        }
    }
    Ok(())
}
