//! With the key, over UDP: two threads, one that hears the server and keeps asking ([`hear`]), one that shows what has come,
//! at its own pace ([`Session::run`]).
//!
//! What makes this reliable takes datagrams and the time, and says what to send ([`socket_demos::exec::reliable`]); a
//! [`Conversation`] has it for both threads. The calls are here: setsockopt with SO_RCVTIMEO and recv, several datagrams in
//! one call where the system can ([`Batch`]), in the thread that hears; send in whichever thread has something to say, that of Ctrl-C among them.

use std::net::SocketAddr;
use std::sync::Arc;

use socket_demos::exec::client::conversation::Conversation;
use socket_demos::exec::client::output::Outputs;
use socket_demos::exec::client::prompt::{self, CtrlC, Ran, Shell};
use socket_demos::exec::key;
use socket_demos::exec::reliable::{Client, Event, MAX_COMMAND, NotRun, TooLong};
use socket_demos::exec::shell::{self, Line};
use socket_demos::net::UdpSocket;
use socket_demos::net::backoff::Backoff;
use socket_demos::net::batches::Batch;
use socket_demos::terminal::{exit, screen};
use socket_demos::{cli, errors, invocation, random, t};

use crate::args::Args;
use crate::args::PROGRAM;

/// A server that is asked, whether it is there or not.
struct Session<'a> {
    conversation: Arc<Conversation>,
    server: SocketAddr,
    args: &'a Args,
    ctrl_c: CtrlC,
}

/// Has commands run until there are no more.
pub(crate) fn converse(socket: UdpSocket, server: SocketAddr, args: &Args) -> anyhow::Result<u8> {
    let mut session = enter(socket, server, args)?;
    // Nothing tells which system the server has.
    let shell = Shell::Unix;
    prompt::run_all(&mut session, args.commands.command.as_deref(), shell, Session::prompt, check, Session::run)
}

/// Begins to hear. Nothing is sent before there is a command.
fn enter(socket: UdpSocket, server: SocketAddr, args: &Args) -> anyhow::Result<Session<'_>> {
    let key = key::read(&args.commands.key_file()?)?;
    let socket = Arc::new(socket);
    let sender = Arc::clone(&socket);
    let conversation = Arc::new(Conversation::new(key, move |datagrams| {
        // A refusal of an earlier datagram takes one along, as anything may be lost on the way: it is sent again.
        let _ = sender.send_all(datagrams, None);
    }));
    let (heard, stopped, left) = (Arc::clone(&conversation), Arc::clone(&conversation), Arc::clone(&conversation));
    cli::spawn(PROGRAM, move || hear(&socket, &heard))?;
    let ctrl_c = CtrlC::stops(move || {
        stopped.tell(Client::stop);
        true
    });
    // However this program ends: nobody waits for the command any more.
    exit::at_end(move || left.tell(Client::stop));
    Ok(Session { conversation, server, args, ctrl_c })
}

/// Receive until something is due, hand over what came (a batch of datagrams where there are several), do what is due.
fn hear(socket: &UdpSocket, conversation: &Conversation) -> ! {
    let mut backoff = Backoff::default();
    let mut batch = Batch::default();
    loop {
        // Waits here, and not in recv, until a command is under way. Then recv waits 5 or 50 ms at a time.
        let _ = socket.set_read_timeout(Some(conversation.until_due()));
        match socket.recv_batch(&mut batch) {
            Ok(()) => conversation.receive(&batch),
            Err(error) if errors::is_refusal(&error) => conversation.tell(Client::refused),
            Err(error) if errors::is_timeout(&error) => {}
            Err(error) => backoff.after_recv(&error, |notice| screen::talk(&notice)),
        }
        conversation.tick();
    }
}

impl Session<'_> {
    fn prompt(&self) -> String {
        format!("{}> ", self.server)
    }

    /// Sends a command and shows what it writes, until the server says how it ended, or nobody knows.
    fn run(&mut self, command: &str) -> anyhow::Result<Ran> {
        self.conversation.tell(|client, now| {
            self.ctrl_c.begin();
            client.request(command.as_bytes(), random::bytes(), now)
        })?;
        let mut outputs = None;
        let ran = loop {
            match self.conversation.event() {
                Event::Show(output, bytes) => {
                    let charset = || self.args.commands.charset.unwrap_or_else(|| self.conversation.charset());
                    let outputs = outputs.get_or_insert_with(|| Outputs::new(charset(), self.args.commands.raw));
                    outputs.show(output, &bytes)?;
                }
                Event::Ended(outcome) => break Ran::So(outcome),
                Event::NotRun(NotRun::Withdrawn) => break Ran::Not(exit::INTERRUPTED),
                Event::NotRun(why) => break self.not_run(why),
                Event::Unknown(why) => {
                    let server = self.server;
                    screen::error(PROGRAM, &t!("{server}: {why}", "{server}：{why}"));
                    break Ran::Not(prompt::UNKNOWN);
                }
            }
        };
        if let Some(mut outputs) = outputs {
            outputs.end()?;
        }
        Ok(self.ctrl_c.end(ran))
    }

    fn not_run(&self, why: NotRun) -> Ran {
        let server = self.server;
        let cure = if why == NotRun::Refused {
            let typed = invocation::typed("udp-exec-server");
            t!("; start one with: {typed} {server}", "；先启动一个：{typed} {server}")
        } else {
            String::new()
        };
        screen::error(PROGRAM, &t!("{server}: {why}{cure}", "{server}：{why}{cure}"));
        Ran::Not(prompt::FAILURE)
    }
}

/// What can be sent as a command, and does something.
fn check(command: &str) -> Result<String, String> {
    if command.len() > MAX_COMMAND {
        return Err(TooLong(command.len()).to_string());
    }
    if let Some(Line::ChangeDirectory(_)) = shell::as_line(command.as_bytes()) {
        return Err(t!(
            "over UDP each command begins in the server's directory, so cd alone changes nothing: write cd DIR && COMMAND",
            "UDP 下每条命令都从服务器的当前目录开始，单独的 cd 不起作用：请写 cd 目录 && 命令"
        ));
    }
    prompt::check(command)
}
