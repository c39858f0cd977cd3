//! Remote commands over UDP, the side that wants them run.
//!
//! Try it: `cargo run --bin udp-exec-client` while `cargo run --bin udp-exec-server` runs in another terminal; then with
//! `--loss 30% --trace`.
//!
//! Read it for: connect on a UDP socket, send and recv, and two threads: one hears and keeps asking ([`hear`]), one
//! shows what has come, at its own pace ([`run`]). What makes this reliable takes datagrams and the time and says what to
//! send ([`socket_demos::exec::reliable`]). Then [`classic`], the textbook's way: one datagram each way, and hope.

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use clap::Parser;
use socket_demos::chat::messages::{self, Messages};
use socket_demos::cli::options::ServerAddress;
use socket_demos::exec::client::output::Outputs;
use socket_demos::exec::client::prompt::{self, CtrlC, Ran};
use socket_demos::exec::key;
use socket_demos::exec::options::CommandClient;
use socket_demos::exec::reliable::{self, Client, Event, GIVE_UP, MAX_COMMAND, MAX_PAYLOAD, NotRun, TooLong};
use socket_demos::exec::shell::{self, Line};
use socket_demos::lock::lock;
use socket_demos::net::backoff::Backoff;
use socket_demos::net::faults::BadNetwork;
use socket_demos::net::{Socket, Trace, UdpSocket, failures};
use socket_demos::terminal::input::{Keyboard, Typed};
use socket_demos::terminal::{exit, screen};
use socket_demos::text::Charset;
use socket_demos::{cli, errors, random, t};

const PROGRAM: &str = "udp-exec-client";

/// How much may wait for `recv`, in bytes: a window of the protocol with what the system counts for each datagram.
const RECEIVE_BUFFER: usize = 2 * 1024 * 1024;

/// How long no server may have answered before that is told.
const SILENCE: Duration = Duration::from_secs(5);

/// How long the textbook's way waits for an answer before it says why there may be none.
const CLASSIC_PATIENCE: Duration = Duration::from_secs(5);

#[derive(Parser)]
#[command(name = PROGRAM, version, about = t!(
    "have commands run by a udp-exec-server; nothing is encrypted (for that, use ssh)",
    "让 udp-exec-server 执行命令；内容不加密（需要加密请用 ssh）"
), after_help = prompt::exit_statuses())]
pub(crate) struct Args {
    #[command(flatten)]
    server: ServerAddress,
    #[command(flatten)]
    commands: CommandClient,
    #[command(flatten)]
    network: BadNetwork,
}

fn main() -> ExitCode {
    cli::run_for_status(prompt::FAILURE, exec)
}

fn exec(args: &Args, trace: &Trace) -> anyhow::Result<u8> {
    let address = &args.server.address;
    let opened = address.try_each(|address| open(address, args, trace));
    let (socket, server) =
        opened.map_err(|failed| failures::cannot_connect(address, failed, "udp-exec-server", Duration::ZERO))?;
    if args.commands.textbook.classic {
        return classic(&socket, server, args).map(|()| 0);
    }
    let key = key::read(&args.commands.key_file()?)?;
    let talk =
        Arc::new(Talk { socket, start: Instant::now(), client: Mutex::new(Client::new(key)), news: Condvar::new() });
    let (listener, stopper) = (Arc::clone(&talk), Arc::clone(&talk));
    cli::spawn(PROGRAM, move || {
        hear(&listener);
        Ok(())
    })?;
    let ctrl_c = CtrlC::stops(move || {
        stopper.tell(Client::stop);
        true
    });
    // However this program ends: nobody waits for the command any more.
    let left = Arc::clone(&talk);
    exit::at_end(move || left.tell(Client::stop));
    if let Some(command) = &args.commands.command {
        let command = check(command).map_err(anyhow::Error::msg)?;
        return run(&talk, server, &ctrl_c, args, &command).map(prompt::one);
    }
    let prompt = || format!("{server}> ");
    prompt::converse(prompt, check, |command| run(&talk, server, &ctrl_c, args, command))
}

/// What makes a socket able to talk to one server: socket, and outside the textbook connect. Nothing is sent.
fn open(address: SocketAddr, args: &Args, trace: &Trace) -> io::Result<(UdpSocket, SocketAddr)> {
    let socket = Socket::udp(address, trace)?;
    if !args.commands.textbook.classic {
        socket.set_receive_buffer_size(RECEIVE_BUFFER)?;
        socket.connect(address)?;
    }
    Ok((socket.over(&args.network)?, address))
}

/// What the two threads share.
struct Talk {
    socket: UdpSocket,
    /// The protocol knows no clock: its time begins here.
    start: Instant,
    client: Mutex<Client>,
    /// There may be something to show.
    news: Condvar,
}

impl Talk {
    /// Tells the protocol something, and sends what it has to say.
    fn tell<T>(&self, tell: impl FnOnce(&mut Client, Duration) -> T) -> T {
        let mut client = lock(&self.client);
        let told = tell(&mut client, self.start.elapsed());
        self.send(client);
        told
    }

    /// How long to receive before something may be due. It waits while there is nothing to hear about.
    fn patience(&self) -> Duration {
        let client = lock(&self.client);
        let busy = self.news.wait_while(client, |client| client.next_deadline().is_none());
        let due = busy.unwrap_or_else(PoisonError::into_inner).next_deadline().unwrap_or_default();
        reliable::sleep_until(due, self.start.elapsed())
    }

    fn send(&self, mut client: MutexGuard<'_, Client>) {
        for datagram in client.datagrams() {
            // What was refused is told once more by recv; all else is lost, as anything may be on the way.
            let _ = self.socket.send(&datagram);
        }
        drop(client);
        self.news.notify_all();
    }
}

/// Hears the server, and asks again when it is time.
fn hear(talk: &Talk) {
    let mut backoff = Backoff::default();
    let mut buffer = [0; MAX_PAYLOAD + 1];
    let mut patience = None;
    loop {
        let next = Some(talk.patience());
        if patience != next {
            patience = next;
            // It fails for times that are no times; then recv waits as before.
            let _ = talk.socket.set_read_timeout(patience);
        }
        let heard = talk.socket.recv_from(&mut buffer);
        talk.tell(|client, now| {
            match &heard {
                Ok((length, _)) => client.receive(&buffer[..*length], now),
                Err(error) if errors::is_refusal(error) => client.refused(now),
                Err(_) => {}
            }
            if client.next_deadline().is_some_and(|due| due <= now) {
                client.tick(now);
            }
        });
        if let Err(error) = heard
            && !errors::is_refusal(&error)
            && !errors::is_timeout(&error)
            && !errors::is_cut_datagram(&error)
        {
            backoff.after(&error, |notice| screen::talk(&notice));
        }
    }
}

/// Sends a command and shows what it writes, until the server says how it ended, or nobody knows.
fn run(talk: &Talk, server: SocketAddr, ctrl_c: &CtrlC, args: &Args, command: &str) -> anyhow::Result<Ran> {
    talk.tell(|client, now| {
        ctrl_c.begin();
        client.request(command.as_bytes(), random::bytes(), now)
    })?;
    let mut outputs = None;
    let ran = loop {
        match next(talk) {
            Event::Show(output, bytes) => {
                let charset = || args.commands.charset.unwrap_or_else(|| lock(&talk.client).charset());
                outputs.get_or_insert_with(|| Outputs::new(charset(), args.commands.raw)).show(output, &bytes)?;
            }
            Event::Ended(outcome) => break Ran::So(outcome),
            Event::NotRun(NotRun::Withdrawn) => break Ran::Not(exit::INTERRUPTED),
            Event::NotRun(why) => {
                let cure = if why == NotRun::Refused {
                    t!("; start one with: udp-exec-server {server}", "；先启动一个：udp-exec-server {server}")
                } else {
                    String::new()
                };
                screen::error(PROGRAM, &t!("{server}: {why}{cure}", "{server}：{why}{cure}"));
                break Ran::Not(prompt::FAILURE);
            }
            Event::Unknown(why) => {
                screen::error(PROGRAM, &t!("{server}: {why}", "{server}：{why}"));
                break Ran::Not(prompt::UNKNOWN);
            }
        }
    };
    if let Some(mut outputs) = outputs {
        outputs.end()?;
    }
    Ok(match (ctrl_c.end(), ran) {
        (true, Ran::So(outcome)) => Ran::Interrupted(outcome),
        (_, ran) => ran,
    })
}

/// Waits for what there is to tell. What is taken makes room for more, which the server learns at once.
fn next(talk: &Talk) -> Event {
    let (asked, mut told) = (Instant::now(), false);
    let mut client = lock(&talk.client);
    loop {
        let event = client.event(talk.start.elapsed());
        if let Some(event) = event {
            talk.send(client);
            return event;
        }
        let waited = talk.news.wait_timeout(client, SILENCE).unwrap_or_else(PoisonError::into_inner);
        client = waited.0;
        if asked.elapsed() > SILENCE && client.is_opening() && !told {
            told = true;
            let seconds = GIVE_UP.as_secs();
            screen::talk(&t!(
                "no answer yet; asking again, for {seconds} s in all (Ctrl-C ends)",
                "还没有应答，继续询问，总共 {seconds} 秒（按 Ctrl-C 结束）"
            ));
        }
    }
}

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

/// The textbook's way: ask, sendto, recvfrom, show. What does not fit the buffer is gone.
fn classic(socket: &UdpSocket, server: SocketAddr, args: &Args) -> anyhow::Result<()> {
    screen::talk(&t!("writing to {server} (q leaves)", "发往 {server}（输入 q 离开）"));
    let mut keyboard = Keyboard::in_turn();
    let mut messages =
        Messages::new(args.commands.charset.unwrap_or_else(Charset::of_system), args.commands.textbook.recv_size());
    let mut buffer = messages.buffer();
    socket.set_read_timeout(Some(CLASSIC_PATIENCE))?;
    loop {
        let encode = |typed: &str| match typed.trim() {
            "" => Err(t!("an empty command does nothing: type something", "空命令什么也不会做：请输入内容")),
            _ => messages::encode(typed, Charset::default()),
        };
        let Typed::Line(command) = keyboard.ask_any(&t!("your command: ", "命令："), encode)? else { return Ok(()) };
        socket.send_to(&command, server)?;
        match socket.recv_from(&mut buffer) {
            Ok((received, _)) => messages.show("", &buffer[..received])?,
            Err(error) if messages.tells_of_cut(&error) => {}
            Err(error) if errors::is_timeout(&error) => tell_silence(),
            Err(error) => return Err(error.into()),
        }
    }
}

fn tell_silence() {
    let seconds = CLASSIC_PATIENCE.as_secs();
    screen::talk(&t!(
        "no answer for {seconds} s: the command still runs, or it or its answer was lost, or nobody is there; the textbook's client cannot tell, and would wait for ever",
        "{seconds} 秒内没有回复：可能命令还在执行，可能命令或回复丢了，也可能那边没有程序；课本的客户端分辨不出来，会一直等下去"
    ));
}
