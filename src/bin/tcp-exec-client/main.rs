//! Remote commands over TCP, the side that wants them run.
//!
//! Try it: `cargo run --bin tcp-exec-client` while `cargo run --bin tcp-exec-server` runs in another terminal.
//!
//! Read it for: connect, and a server that must prove who it is before it gets a command ([`enter`]); an answer that is
//! read until its end, because the wire says where that is ([`run`]). Then [`classic`], the textbook's way: send, and one
//! recv is taken for the answer, whatever its length.

use std::cell::RefCell;
use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use anyhow::{anyhow, bail};
use clap::Parser;
use socket_demos::cli::options::ServerAddress;
use socket_demos::exec::client::output::Outputs;
use socket_demos::exec::client::prompt::{self, CtrlC, Ran};
use socket_demos::exec::frames::{Broken, Frame, FrameReader, FrameWriter, MAX_STALL};
use socket_demos::exec::handshake::{self, MAX_GREETING, NotMet, Welcome};
use socket_demos::exec::key;
use socket_demos::exec::options::CommandClient;
use socket_demos::exec::protocol::{MAX_COMMAND, Outcome, kind};
use socket_demos::lock::lock;
use socket_demos::net::deadline::Deadline;
use socket_demos::net::{Socket, TcpStream, Trace, close, failures};
use socket_demos::terminal::input::{Keyboard, Typed};
use socket_demos::terminal::screen::{self, Output};
use socket_demos::text::{Charset, Incoming, escape_line, typed};
use socket_demos::{cli, errors, t};

const PROGRAM: &str = "tcp-exec-client";

/// How often a client that was sent away from a crowd comes again, and after which pause; a longer one each time.
const ATTEMPTS: u32 = 5;
const PAUSE: Duration = Duration::from_millis(50);

/// How long the textbook's way waits for an answer before it says why there may be none.
const CLASSIC_PATIENCE: Duration = Duration::from_secs(5);

#[derive(Parser)]
#[command(name = PROGRAM, version, about = t!(
    "have commands run by a tcp-exec-server; nothing is encrypted (for that, use ssh)",
    "让 tcp-exec-server 执行命令；内容不加密（需要加密请用 ssh）"
), after_help = prompt::exit_statuses())]
pub(crate) struct Args {
    #[command(flatten)]
    server: ServerAddress,
    #[command(flatten)]
    commands: CommandClient,
    #[arg(long, value_name = t!("SECONDS", "秒"), default_value = "5", value_parser = typed::parse_duration, help = t!(
        "When to give up connecting, or waiting for the server to prove itself",
        "多久连不上、或等不到服务器证明身份就放弃"
    ))]
    timeout: Duration,
}

fn main() -> ExitCode {
    cli::run_for_status(prompt::FAILURE, exec)
}

fn exec(args: &Args, trace: &Trace) -> anyhow::Result<u8> {
    if args.commands.textbook.classic {
        let (stream, server) = reach(args, trace)?;
        let talked = classic(stream, server, args);
        close::close(stream);
        return talked.map(|()| 0);
    }
    let mut session = enter(args, trace)?;
    if let Some(command) = &args.commands.command {
        let command = check(command).map_err(anyhow::Error::msg)?;
        return run(&mut session, &command).map(prompt::one);
    }
    let session = RefCell::new(session);
    let prompt = || format!("{}> ", escape_line(&session.borrow().directory));
    prompt::converse(prompt, check, |command| run(&mut session.borrow_mut(), command))
}

/// Connects, and proves to the server and has it prove that both have the key. From here on every frame has a tag.
fn enter(args: &Args, trace: &Trace) -> anyhow::Result<Session> {
    let key = key::read(&args.commands.key_file()?)?;
    let mut attempt = 1;
    loop {
        let (stream, server) = reach(args, trace)?;
        stream.set_nodelay()?;
        stream.set_keepalive()?;
        let mut reader = FrameReader::new(Deadline::new(stream, args.timeout), MAX_GREETING);
        let mut writer = FrameWriter::new(stream);
        match handshake::meet(&mut reader, &mut writer, &key) {
            Ok(welcome) => return Session::new(stream, reader, writer, &welcome, args),
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

/// Finds the server, and connects to it.
fn reach(args: &Args, trace: &Trace) -> anyhow::Result<(Stream, SocketAddr)> {
    let address = &args.server.address;
    let connected = address.try_each(|address| connect(address, args.timeout, trace));
    let (stream, server) =
        connected.map_err(|failed| failures::cannot_connect(address, failed, "tcp-exec-server", args.timeout))?;
    // It lives as long as the program: Ctrl-C needs it too.
    Ok((Box::leak(Box::new(stream)), server))
}

/// What makes a socket a connection: socket, connect.
fn connect(address: SocketAddr, timeout: Duration, trace: &Trace) -> io::Result<(TcpStream, SocketAddr)> {
    let socket = Socket::tcp(address, trace)?;
    let stream = socket.connect_timeout(address, timeout)?;
    Ok((stream, address))
}

type Stream = &'static TcpStream;

/// A server that has proved itself.
struct Session {
    reader: FrameReader<Stream>,
    sender: Arc<Sender>,
    charset: Charset,
    raw: bool,
    directory: String,
    ctrl_c: CtrlC,
}

impl Session {
    fn new(
        stream: Stream,
        reader: FrameReader<Deadline<Stream>>,
        writer: FrameWriter<Stream>,
        welcome: &Welcome,
        args: &Args,
    ) -> anyhow::Result<Self> {
        stream.set_read_timeout(Some(MAX_STALL))?;
        // A server that takes nothing must not keep Ctrl-C waiting.
        stream.set_write_timeout(Some(MAX_STALL))?;
        let charset = args.commands.charset.unwrap_or(welcome.charset);
        let sender = Arc::new(Sender { writer: Mutex::new(writer), stop: AtomicBool::new(false) });
        let stopper = Arc::clone(&sender);
        let ctrl_c = CtrlC::stops(move || stopper.stop().is_ok());
        let directory = charset.decode(&welcome.directory).into_owned();
        Ok(Self { reader: reader.over(stream), sender, charset, raw: args.commands.raw, directory, ctrl_c })
    }
}

/// The way to the server, for the thread that asks and for Ctrl-C.
struct Sender {
    writer: Mutex<FrameWriter<Stream>>,
    /// Whether a STOP is still to be sent.
    stop: AtomicBool,
}

impl Sender {
    /// Sends a command. A STOP that overtook it would find nothing to stop: one that comes meanwhile follows it.
    fn command(&self, command: &[u8]) -> io::Result<()> {
        lock(&self.writer).send(kind::COMMAND, command)?;
        self.send_stop()
    }

    /// Ctrl-C does not wait for a server that takes nothing: then whoever is sending sends the STOP too.
    fn stop(&self) -> io::Result<()> {
        self.stop.store(true, Ordering::SeqCst);
        self.send_stop()
    }

    /// Looks again after it has let go of the writer, since somebody may have found it taken meanwhile.
    fn send_stop(&self) -> io::Result<()> {
        while self.stop.load(Ordering::SeqCst) {
            let Ok(mut writer) = self.writer.try_lock() else { break };
            if self.stop.swap(false, Ordering::SeqCst) {
                writer.send(kind::STOP, b"")?;
            }
        }
        Ok(())
    }
}

fn check(command: &str) -> Result<String, String> {
    if command.len() > MAX_COMMAND {
        return Err(t!("a command has at most {MAX_COMMAND} bytes", "一条命令最多 {MAX_COMMAND} 字节"));
    }
    prompt::check(command)
}

/// Sends a command and shows what it writes, until the server says how it ended.
fn run(session: &mut Session, command: &str) -> anyhow::Result<Ran> {
    session.ctrl_c.begin();
    session.sender.command(command.as_bytes()).map_err(|error| anyhow!(lost(&Broken::Io(error))))?;
    let mut outputs = Outputs::new(session.charset, session.raw);
    let outcome = loop {
        match session.reader.wait().map_err(|broken| anyhow!(lost(&broken)))? {
            Some(Frame { kind: kind::OUT, payload }) => outputs.show(Output::Out, payload)?,
            Some(Frame { kind: kind::ERR, payload }) => outputs.show(Output::Err, payload)?,
            Some(Frame { kind: kind::DIRECTORY, payload }) => {
                session.directory = session.charset.decode(payload).into_owned();
            }
            Some(Frame { kind: kind::OUTCOME, payload }) => {
                break Outcome::decode(payload).ok_or_else(|| anyhow!(lost(&Broken::Forged)))?;
            }
            // A later version may say more.
            Some(_) => {}
            None => bail!(lost(&Broken::Cut)),
        }
    };
    outputs.end()?;
    Ok(if session.ctrl_c.end() { Ran::Interrupted(outcome) } else { Ran::So(outcome) })
}

/// The textbook's way: ask, send, recv, show. What does not fit one recv comes with the next answer.
fn classic(mut stream: Stream, server: SocketAddr, args: &Args) -> anyhow::Result<()> {
    screen::talk(&t!("connected to {server} (q leaves)", "已连接 {server}（输入 q 离开）"));
    let mut keyboard = Keyboard::in_turn();
    let mut incoming = Incoming::new(args.commands.charset.unwrap_or_else(Charset::of_system));
    let mut buffer = vec![0; args.commands.textbook.recv_size()];
    stream.set_read_timeout(Some(CLASSIC_PATIENCE))?;
    loop {
        let Typed::Line(command) = keyboard.ask_bare(&t!("your command: ", "命令："), check)? else { return Ok(()) };
        stream.write_all(command.as_bytes()).map_err(|error| anyhow!(lost(&Broken::Io(error))))?;
        match stream.read(&mut buffer) {
            Ok(0) => bail!(lost(&Broken::Cut)),
            Ok(received) if handshake::is_greeting(&buffer[..received]) => bail!(t!(
                "this server is not the textbook's: leave --classic out",
                "这不是课本写法的服务器：请去掉 --classic"
            )),
            Ok(received) => screen::show(&incoming.message(&buffer[..received]))?,
            Err(error) if errors::is_timeout(&error) => tell_silence(),
            Err(error) => bail!(lost(&Broken::Io(error))),
        }
    }
}

fn tell_silence() {
    let seconds = CLASSIC_PATIENCE.as_secs();
    screen::talk(&t!(
        "nothing came for {seconds} s: a command without output (cd, mkdir) sends no bytes, and no bytes are no answer; the textbook's client would wait for ever. Whatever still comes appears with the next answer",
        "{seconds} 秒内什么也没收到：没有输出的命令（cd、mkdir）一个字节也不发，也就没有回复，课本的客户端会一直等下去。之后才到的内容会混在下一条回复里"
    ));
}

fn lost(broken: &Broken) -> String {
    match broken {
        Broken::Cut => t!(
            "the server has closed the connection; whether the command has ended is unknown",
            "服务器关闭了连接，不知道命令是否已执行完"
        ),
        other => t!(
            "the connection is lost: {other}; whether the command has ended is unknown",
            "连接断了：{other}；不知道命令是否已执行完"
        ),
    }
}
