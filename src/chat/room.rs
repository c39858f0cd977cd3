//! The chat room: who is in it, and who hears what.
//!
//! Each client has a thread that reads from its socket and a [`Seat`] that takes the bytes. The room labels complete
//! lines and sends them on at once, from the thread of the client that said them: one non-blocking `send` for each
//! hearer, for all lines of one read, and for those of other threads that come together with them. One lock keeps the
//! order the same for everybody; nothing under it can block, but for a trace, which tells each call as it is made.
//!
//! Who hears what:
//! - words go to every other client as `[name] words`, control characters escaped (nc on a terminal is a reader too);
//! - notices (`* name joined`) go to clients that speak in lines. A client that has never sent a newline is a
//!   textbook's program, which takes each `recv` for an answer: a notice would put it one behind;
//! - a client joins with its first line, so that a silent connection costs nobody anything.
//!
//! Since every line begins with a label or `* `, and one client's bytes never begin a line, neither can be forged.

mod command;
mod console;
mod delivery;
mod outbox;
mod seat;
mod speech;

use std::collections::BTreeMap;
use std::net::{Shutdown, SocketAddr};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::chat::lines::{Lines, MAX_LINE, messages};
use crate::chat::names;
use crate::lock::lock;
use crate::net::TcpStream;
use crate::rate::RateLimit;
use crate::t;
use crate::terminal::screen::OutputFailed;
use crate::text::{Charset, Unmappable, escape};
use command::Said;
use console::{Console, Shown};
use outbox::Outbox;
pub use outbox::SEND_BUFFER;
pub use seat::Seat;

/// How many clients a room takes unless told otherwise: a large lecture. Each costs a thread and a descriptor.
pub const DEFAULT_MAX_CLIENTS: usize = 256;

/// How long a room that ends waits for those who lag. A program must end within a second.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// The chat room. Its clients' threads and the person at the server share it.
pub struct Room {
    /// The name of the person at the server.
    host: String,
    host_shape: String,
    max_clients: usize,
    charset: Charset,
    state: Mutex<State>,
    /// How many clients' threads wait for the state with more words.
    waiting: AtomicUsize,
    somebody: Condvar,
    console: Console,
}

#[derive(Default)]
struct State {
    members: BTreeMap<u64, Member>,
    next: u64,
    /// Threads that read from a client, those of clients that have been sent out included.
    seats: usize,
    /// Words that are still to be sent on, in the order in which they were said.
    unsent: Vec<Words>,
    unsent_bytes: usize,
    /// The same words for the person at the server.
    unshown: Vec<Shown>,
}

/// Labelled lines of one client.
struct Words {
    speaker: u64,
    lines: String,
}

/// A client as the others know it.
struct Member {
    /// Its name, or its address.
    name: String,
    /// What that looks like, so that a name that somebody wants is compared with each and nothing more.
    shape: String,
    joined: bool,
    /// It has sent a newline, so notices do not confuse it.
    speaks_lines: bool,
    outbox: Arc<Outbox>,
}

/// Whether a client is still in the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stay {
    /// It is; go on reading.
    Yes,
    /// It has left with `q` or was sent out; close.
    No,
}

/// The room is full.
#[derive(Debug, PartialEq, Eq)]
pub struct Full;

impl Room {
    /// An empty room for `max_clients` that read and write `charset`; `host` is the person at the server.
    pub fn new(host: &str, max_clients: usize, charset: Charset) -> Arc<Self> {
        Arc::new(Self {
            host: host.to_string(),
            host_shape: names::shape(host),
            max_clients,
            charset,
            state: Mutex::default(),
            waiting: AtomicUsize::new(0),
            somebody: Condvar::new(),
            console: Console::default(),
        })
    }

    /// Gives a new connection a seat. It hears from now on, and is announced when it first says something.
    ///
    /// # Errors
    /// [`Full`] where `max_clients` have one.
    pub fn seat(self: &Arc<Self>, stream: &Arc<TcpStream>, peer: SocketAddr) -> Result<Seat, Full> {
        let outbox = Outbox::new(Arc::clone(stream));
        let name = peer.to_string();
        let member = Member { shape: names::shape(&name), name, joined: false, speaks_lines: false, outbox };
        let mut state = self.state();
        if state.seats >= self.max_clients {
            return Err(Full);
        }
        state.seats += 1;
        state.next += 1;
        let id = state.next;
        state.members.insert(id, member);
        self.somebody.notify_all();
        Ok(Seat {
            room: Arc::clone(self),
            id,
            lines: Lines::new(MAX_LINE),
            commands: RateLimit::default(),
            left: false,
        })
    }

    /// What a client that finds the room full is told.
    pub fn full_notice(&self) -> Vec<u8> {
        let max = self.max_clients;
        self.charset.encode_lossy(&(t!("* the room is full ({max} clients)", "* 聊天室已满（{max} 个客户端）") + "\n"))
    }

    /// Shows the person at the server what is said and who comes and goes, for ever.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub fn show(&self) -> Result<(), OutputFailed> {
        self.console.run(self.charset)
    }

    /// Tells the person at the server something, without waiting for their screen.
    pub fn tell_host(&self, notice: String) {
        self.console.push([Shown::Notice(notice)]);
    }

    /// Blocks until a client is connected.
    pub fn wait_for_somebody(&self) {
        let waiting = self.somebody.wait_while(self.state(), |state| state.members.is_empty());
        drop(waiting.unwrap_or_else(PoisonError::into_inner));
    }

    /// What the person at the server typed: words for everybody, or a command. The answer, if any, is for them.
    ///
    /// # Errors
    /// A character that the room's encoding lacks.
    pub fn host_says(&self, typed: &str) -> Result<Option<String>, Unmappable> {
        let mut state = self.state();
        Ok(match Said::read(typed) {
            Said::Words(words) => return self.host_words(&mut state, &words),
            Said::Who => Some(self.who(&state) + &silent(&state)),
            Said::Kick(name) => self.kick(&mut state, name),
            Said::Help => Some(t!(
                "/who: who is here   /kick NAME: send somebody out   //words: say /words   q: end the server",
                "/who：谁在线   /kick 名字：把某人请出聊天室   //文字：发送以 / 开头的内容   q：结束服务器"
            )),
            Said::Name(_) => Some(t!("your name is given at the start, with --name", "你的名字在启动时用 --name 指定")),
            Said::Quit | Said::Unknown(_) => Some(unknown()),
        })
    }

    fn host_words(&self, state: &mut State, words: &str) -> Result<Option<String>, Unmappable> {
        let pieces = messages(words, self.charset)?;
        let nobody = state.members.is_empty();
        for piece in pieces {
            let line = format!("[{}] {}\n", self.host, escape(&self.charset.decode(&piece)));
            self.send_unsent(state);
            self.tell(state, &line, |_, _| true);
        }
        Ok(nobody.then(|| t!("nobody is connected to read it", "现在没有人连接，没人看到")))
    }

    fn kick(&self, state: &mut State, name: &str) -> Option<String> {
        let Some(id) = state.find(&names::shape(name)) else {
            return Some(t!("nobody here has that name; /who lists them", "没有人叫这个名字；/who 列出所有人"));
        };
        let goodbye = t!("* you were sent out by {}", "* 你被 {} 请出了聊天室", self.host);
        let reason = t!("sent out", "被请出");
        self.remove(state, id, Some(&goodbye), Some(&reason));
        None
    }

    /// Ends the room and says so to everybody. Those who lag have 200 ms to hear it.
    pub fn close(&self) {
        let mut state = self.state();
        self.send_unsent(&mut state);
        let members = std::mem::take(&mut state.members);
        drop(state);
        let goodbye = self.encode(&(t!("* the server is closing", "* 服务器即将关闭") + "\n"));
        for member in members.values() {
            member.outbox.close(member.speaks_lines.then_some(&goodbye), Shutdown::Write);
        }
        let deadline = Instant::now() + LAST_WORDS;
        for member in members.values() {
            member.outbox.wait_until_sent(deadline);
        }
    }

    fn encode(&self, text: &str) -> Arc<[u8]> {
        if self.charset.is_utf8() { text.as_bytes().into() } else { self.charset.encode_lossy(text).into() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl State {
    fn find(&self, shape: &str) -> Option<u64> {
        self.members.iter().find(|(_, member)| member.shape == shape).map(|(id, _)| *id)
    }
}

/// The addresses of those who have said nothing, for the one who may send them out.
fn silent(state: &State) -> String {
    state.members.values().filter(|member| !member.joined).map(|member| format!("\n*   {}", member.name)).collect()
}

fn unknown() -> String {
    t!(
        "unknown command; /help lists them (to say /words, type //words)",
        "没有这个命令；/help 列出全部（要发送以 / 开头的内容，请多打一个 /）"
    )
}
