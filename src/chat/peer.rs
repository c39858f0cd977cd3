//! The other side of a client's connected UDP socket: how it is called, whether it answers, and what is told where it
//! cannot.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::chat::answers::Answers;
use crate::chat::messages::Messages;
use crate::net::backoff::Backoff;
use crate::net::failures;
use crate::terminal::input::Keyboard;
use crate::terminal::screen::{self, OutputFailed};
use crate::{errors, invocation, t};

/// Whom a client writes to; shared by the thread that speaks and the one that hears.
pub struct Peer {
    /// The program that writes, for its errors.
    program: &'static str,
    called: Called,
    answers: Arc<Answers>,
}

/// How the person calls the other side.
enum Called {
    /// By its address: there is no other.
    Server,
    /// By the name in the contact book.
    Contact(String),
}

impl Peer {
    /// The one server of `program`. After `timeout` without an answer that is told.
    pub fn server(program: &'static str, address: SocketAddr, timeout: Duration) -> Arc<Self> {
        Self::new(program, Called::Server, address, timeout)
    }

    /// One of the contacts, as [`Peer::server`]; what they say is shown behind their name.
    pub fn contact(program: &'static str, name: &str, address: SocketAddr, timeout: Duration) -> Arc<Self> {
        Self::new(program, Called::Contact(name.to_string()), address, timeout)
    }

    fn new(program: &'static str, called: Called, address: SocketAddr, timeout: Duration) -> Arc<Self> {
        Arc::new(Self { program, called, answers: Answers::from(address, timeout) })
    }

    /// Sends what was typed at `keyboard` with `send`, and expects an answer. A refusal that `send` reports belongs to an
    /// earlier datagram, and this one has not left: it is sent again.
    pub fn write(&self, keyboard: &Keyboard, send: impl Fn() -> io::Result<usize>) {
        self.answers.asked();
        let result = match send() {
            Err(earlier) if errors::is_not_there(&earlier) => send().inspect(|_| self.tell_not_there(&earlier)),
            result => result,
        };
        let Err(error) = result else { return };
        self.answers.not_sent();
        let what = failures::cannot_write(self.name(), error).to_string();
        // At the end of a pipe this is why the program ends with 1, so it is told as its error.
        if keyboard.is_terminal() { screen::talk(&what) } else { screen::error(self.program, &what) }
    }

    /// Where what is written goes.
    pub fn address(&self) -> SocketAddr {
        self.answers.server()
    }

    /// Waits for the answer to what was sent last, and says whether all was sent and that answered.
    pub fn wait_for_answer(&self) -> bool {
        self.answers.wait()
    }

    /// Its name has another address, and that is written to now; the one so far is not there, as `error` says.
    pub(super) fn moves_to(&self, next: SocketAddr, error: &io::Error) {
        let (refused, code) = (self.answers.server(), errors::code(error));
        self.answers.move_to(next);
        screen::talk(&t!(
            "nobody is at {refused} ({code}); writing to {next}",
            "{refused} 上没有程序（{code}），改为发往 {next}"
        ));
    }

    fn tell_not_there(&self, error: &io::Error) {
        screen::talk(&self.called.not_there(self.answers.server(), error));
    }

    fn name(&self) -> String {
        match &self.called {
            Called::Server => self.answers.server().to_string(),
            Called::Contact(name) => name.clone(),
        }
    }
}

impl Called {
    /// What stands before a message.
    fn label(&self) -> String {
        match self {
            Self::Server => String::new(),
            Self::Contact(name) => format!("[{name}] "),
        }
    }

    fn not_there(&self, server: SocketAddr, error: &io::Error) -> String {
        let code = errors::code(error);
        match self {
            Self::Contact(name) => t!("{name} is not there ({code})", "{name} 不在（{code}）"),
            Self::Server if errors::is_refusal(error) => {
                let typed = invocation::typed("udp-chat-server");
                t!(
                    "nobody is at {server} ({code}): its system answered \"port unreachable\", and a connected socket is told; the textbook's would wait for ever. Start one with: {typed} {server}",
                    "{server} 上没有程序（{code}）：对方系统回了 ICMP“端口不可达”，调用过 connect 的套接字能收到这个错误；课本写法会一直等下去。先启动：{typed} {server}"
                )
            }
            Self::Server => {
                let why = errors::reason(error);
                t!("{server} cannot be reached: {why}", "联系不上 {server}：{why}")
            }
        }
    }
}

/// What comes from a [`Peer`], for the thread that hears.
pub struct Inbox {
    from: Arc<Peer>,
    messages: Messages,
    buffer: Vec<u8>,
    backoff: Backoff,
}

impl Inbox {
    /// Shows what `from` says as `messages`.
    pub fn new(from: &Arc<Peer>, messages: Messages) -> Self {
        Self { from: Arc::clone(from), buffer: messages.buffer(), messages, backoff: Backoff::default() }
    }

    /// Where the next `recv` puts what it takes.
    pub fn buffer(&mut self) -> &mut [u8] {
        &mut self.buffer
    }

    /// Shows the datagram that one `recv` has `received` into the [`Inbox::buffer`].
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub fn show(&mut self, received: usize) -> Result<(), OutputFailed> {
        let came = Instant::now();
        self.messages.show(&self.from.called.label(), &self.buffer[..received])?;
        // Only now: at the end of a pipe the program ends when the answer is there.
        self.from.answers.note(came);
        Ok(())
    }

    /// Tells what a failed `recv` means: a connected socket learns that nobody is there. The next one may do better.
    pub fn tell_why(&mut self, error: &io::Error) {
        let Peer { answers, .. } = &*self.from;
        if errors::is_not_there(error) {
            // Told first: at the end of a pipe the program ends when it knows that no answer comes.
            self.from.tell_not_there(error);
            answers.refused();
        } else if self.messages.tells_of_cut(error) {
            answers.note(Instant::now());
        } else {
            self.backoff.after(error, |_| {
                let (name, why) = (self.from.name(), errors::reason_at_once(error));
                screen::talk(&t!("cannot hear {name} for now: {why}", "暂时收不到 {name} 的消息：{why}"));
            });
        }
    }
}
