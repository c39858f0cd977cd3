//! With the key, over TCP: a server that must prove who it is before it gets a command ([`enter`]), and an answer that is
//! read until its end, because the wire says where that is ([`Session::run`]).
//!
//! A [`FrameReader`] makes frames of what recv brings, a [`FrameWriter`] sends each frame with one send; a command and a
//! Ctrl-C go through a [`Sender`] (`src/exec/client/sender.rs`), since two threads may want to send.

use std::net::Shutdown;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{anyhow, bail};
use socket_demos::exec::client::output::Outputs;
use socket_demos::exec::client::prompt::{self, CtrlC, Ran, Shell};
use socket_demos::exec::client::sender::Sender;
use socket_demos::exec::frames::{Broken, Frame, FrameReader, FrameWriter, MAX_COMMAND, MAX_STALL, kind};
use socket_demos::exec::handshake::{self, MAX_GREETING, NotMet, Welcome};
use socket_demos::exec::key;
use socket_demos::exec::protocol::Outcome;
use socket_demos::net::Trace;
use socket_demos::net::close;
use socket_demos::net::deadline::Deadline;
use socket_demos::t;
use socket_demos::terminal::screen::Output;
use socket_demos::text::{Charset, escape_line};

use crate::args::Args;
use crate::{Stream, reach};

/// How often a client that was sent away from a crowd comes again, and after which pause; a longer one each time.
const ATTEMPTS: u32 = 5;
const PAUSE: Duration = Duration::from_millis(50);

/// A server that has proved itself.
struct Session {
    reader: FrameReader<Stream>,
    sender: Arc<Sender<Stream>>,
    charset: Charset,
    raw: bool,
    directory: String,
    ctrl_c: CtrlC,
}

/// Enters, and has commands run until there are no more.
pub(crate) fn converse(args: &Args, trace: &Trace) -> anyhow::Result<u8> {
    let mut session = enter(args, trace)?;
    let shell = Shell::at(&session.directory);
    prompt::run_all(&mut session, args.commands.command.as_deref(), shell, Session::prompt, check, Session::run)
}

/// Connects, and proves to the server and has it prove that both have the key. From here on every frame has a tag.
fn enter(args: &Args, trace: &Trace) -> anyhow::Result<Session> {
    let key = key::read(&args.commands.key_file()?)?;
    let mut attempt = 1;
    loop {
        let (stream, server) = reach(args, trace)?;
        stream.set_nodelay()?;
        stream.set_keepalive(close::VANISHED)?;
        let mut reader = FrameReader::new(Deadline::new(stream, args.timeout), MAX_GREETING);
        let mut writer = FrameWriter::new(stream);
        match handshake::meet(&mut reader, &mut writer, &key) {
            Ok(welcome) => {
                stream.set_read_timeout(Some(MAX_STALL))?;
                // A server that takes nothing must not keep Ctrl-C waiting.
                stream.set_write_timeout(Some(MAX_STALL))?;
                return Ok(Session::new(reader.over(stream), writer, &welcome, args));
            }
            Err(NotMet::Crowd) if attempt < ATTEMPTS => {
                // The server has closed it already.
                let _ = stream.shutdown(Shutdown::Both);
                thread::sleep(attempt * PAUSE);
            }
            Err(why) => bail!(t!("{server}: {why}", "{server}：{why}")),
        }
        attempt += 1;
    }
}

impl Session {
    fn new(reader: FrameReader<Stream>, writer: FrameWriter<Stream>, welcome: &Welcome, args: &Args) -> Self {
        let charset = args.commands.charset.unwrap_or(welcome.charset);
        let sender = Arc::new(Sender::new(writer));
        let stopper = Arc::clone(&sender);
        let ctrl_c = CtrlC::stops(move || stopper.stop().is_ok());
        let directory = charset.decode(&welcome.directory).into_owned();
        Self { reader, sender, charset, raw: args.commands.raw, directory, ctrl_c }
    }

    fn prompt(&self) -> String {
        format!("{}> ", escape_line(&self.directory))
    }

    /// Sends a command and shows what it writes, until the server says how it ended.
    fn run(&mut self, command: &str) -> anyhow::Result<Ran> {
        self.ctrl_c.begin();
        self.sender.command(command.as_bytes()).map_err(|error| lost(Broken::Io(error)))?;
        let mut outputs = Outputs::new(self.charset, self.raw);
        let outcome = loop {
            match self.reader.receive_patiently().map_err(lost)? {
                Some(Frame { kind: kind::OUT, payload }) => outputs.show(Output::Out, payload)?,
                Some(Frame { kind: kind::ERR, payload }) => outputs.show(Output::Err, payload)?,
                Some(Frame { kind: kind::DIRECTORY, payload }) => {
                    self.directory = self.charset.decode(payload).into_owned();
                }
                Some(Frame { kind: kind::OUTCOME, payload }) => {
                    break Outcome::decode(payload).ok_or_else(|| lost(Broken::Forged))?;
                }
                // A later version may say more.
                Some(_) => {}
                None => return Err(lost(Broken::Cut)),
            }
        };
        outputs.end()?;
        Ok(self.ctrl_c.end(Ran::So(outcome)))
    }
}

/// What can be sent as a command.
pub(crate) fn check(command: &str) -> Result<String, String> {
    if command.len() > MAX_COMMAND {
        return Err(t!("a command has at most {MAX_COMMAND} bytes", "一条命令最多 {MAX_COMMAND} 字节"));
    }
    prompt::check(command)
}

/// What a connection that ended tells of a command: nothing.
pub(crate) fn lost(broken: Broken) -> anyhow::Error {
    anyhow!(match broken {
        Broken::Cut => t!(
            "the server has closed the connection; whether the command has ended is unknown",
            "服务器关闭了连接，不知道命令是否已执行完"
        ),
        other => t!(
            "the connection is lost: {other}; whether the command has ended is unknown",
            "连接断了：{other}；不知道命令是否已执行完"
        ),
    })
}
