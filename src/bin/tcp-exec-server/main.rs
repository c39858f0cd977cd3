//! Remote commands over TCP, the side that runs them.
//!
//! Try it: `cargo run --bin tcp-exec-server`, and in another terminal `cargo run --bin tcp-exec-client`.
//!
//! Read it for: accept, and a client that must prove who it is before anything happens ([`admit`]); frames instead of
//! bare recv and send; two things at once for each client: [`hear`] hears what it wants, [`obey`] does it. The
//! textbook's way has a page of its own, [`classic`].

use std::io::{self, Write as _};
use std::net::{Shutdown, SocketAddr};
use std::process::ExitCode;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;
use socket_demos::cli::options::OwnAddress;
use socket_demos::exec::frames::{self, Broken, Frame, FrameReader, FrameWriter};
use socket_demos::exec::handshake::{self, HELLO_LENGTH};
use socket_demos::exec::key;
use socket_demos::exec::options::CommandServer;
use socket_demos::exec::protocol::{Outcome, kind};
use socket_demos::exec::server::audit;
use socket_demos::exec::server::pending::{Pending, Stranger};
use socket_demos::exec::server::places::Places;
use socket_demos::exec::server::policy;
use socket_demos::exec::server::slot::Slot;
use socket_demos::exec::shell::{self, Job, Line, Place};
use socket_demos::exec::tag::Key;
use socket_demos::net::address::{self, Failed};
use socket_demos::net::backoff::{self, Backoff};
use socket_demos::net::ports::Transport;
use socket_demos::net::{Socket, TcpListener, TcpStream, Trace, close, failures};
use socket_demos::rate::RateLimit;
use socket_demos::terminal::exit;
use socket_demos::terminal::log::{self, log};
use socket_demos::terminal::screen::{self, Output};
use socket_demos::text::{self, Charset};
use socket_demos::{cli, errors, t};

mod classic;

const PROGRAM: &str = "tcp-exec-server";

/// How many connections may wait for `accept`: strangers in a hurry must not keep the owner out.
const BACKLOG: i32 = 4096;

/// How long a client may take nothing of an output before it is given up.
const OUTPUT_PATIENCE: Duration = Duration::from_secs(300);

#[derive(Parser)]
#[command(name = PROGRAM, version, about = t!(
    "run commands for whoever has the key; nothing is encrypted (for that, use ssh)",
    "替持有密钥的人执行命令；内容不加密（需要加密请用 ssh）"
))]
pub(crate) struct Args {
    #[command(flatten)]
    listen: OwnAddress,
    #[command(flatten)]
    commands: CommandServer,
}

fn main() -> ExitCode {
    cli::run(exec)
}

fn exec(args: &Args, trace: &Trace) -> anyhow::Result<()> {
    let address = args.listen.to_bind();
    let cannot = |failed| failures::cannot_listen(Transport::Tcp, &address, failed);
    let addresses = address.resolve().map_err(|error| cannot(Failed { address: None, error }))?;
    policy::may_listen(&addresses, args.commands.textbook.classic, args.commands.key_file.as_deref())?;
    let backlog = if args.commands.textbook.classic { classic::BACKLOG } else { BACKLOG };
    let listener = address::try_all(&addresses, |address| listen(address, backlog, trace)).map_err(cannot)?;
    exit::at_end(shell::stop_all);
    if args.commands.textbook.classic { classic::serve(&listener, args) } else { serve(&listener, args) }
}

/// What makes a socket a listener: socket, setsockopt, bind, listen.
fn listen(address: SocketAddr, backlog: i32, trace: &Trace) -> io::Result<TcpListener> {
    let socket = Socket::tcp(address, trace)?;
    socket.set_reuse_address()?;
    socket.bind(address)?;
    socket.listen(backlog)
}

/// What all clients share.
struct House {
    key: Key,
    charset: Charset,
    place: Place,
    limit: Duration,
    door: Arc<Pending>,
    seats: Places,
    /// How often strangers are told of.
    strangers: Mutex<RateLimit>,
}

/// For whoever has the key: a thread for each connection.
fn serve(listener: &TcpListener, args: &Args) -> anyhow::Result<()> {
    let path = args.commands.key_file()?;
    let house = Arc::new(House {
        key: key::read_or_make(&path)?,
        charset: Charset::of_system(),
        place: Place::here()?,
        limit: args.commands.time_limit(),
        door: Arc::default(),
        seats: Places::new(args.commands.max_clients),
        strangers: Mutex::default(),
    });
    let bound = listener.local_addr()?;
    screen::talk(&t!(
        "remote commands (the textbook's way: --classic), listening on {bound}",
        "远程命令（课本写法请加 --classic），正在监听 {bound}"
    ));
    screen::hint(&t!("(Ctrl-C ends)", "（按 Ctrl-C 结束）"));
    policy::tell_of_key(&path);
    let mut backoff = Backoff::default();
    loop {
        let welcomed = listener.accept().and_then(|(stream, peer)| {
            let (stream, house) = (Arc::new(stream), Arc::clone(&house));
            let stranger = house.door.enter(&stream, peer.ip());
            thread::Builder::new().spawn(move || meet(&stream, peer, stranger, &house)).map(drop)
        });
        if let Err(error) = welcomed {
            if backoff::is_lack_of_room(&error) {
                house.door.make_room();
            }
            backoff.after(&error, log);
        }
    }
}

/// One connection's thread.
fn meet(stream: &TcpStream, peer: SocketAddr, mut stranger: Stranger, house: &House) {
    // Small frames leave at once, and a pulled cable leaves no ghosts. It fails for a connection that has gone.
    let _ = stream.set_nodelay().and_then(|()| stream.set_keepalive());
    let _ = stream.set_write_timeout(Some(OUTPUT_PATIENCE));
    match admit(stream, &mut stranger, house) {
        Ok((reader, writer)) => {
            drop(stranger);
            converse(stream, peer, reader, writer, house);
            close::close(stream);
        }
        Err(broken) => {
            if let Broken::Text = broken {
                let words = t!(
                    "this server wants a key; for textbook clients start it with --classic\n",
                    "这个服务器需要密钥；要用课本的客户端，请以 --classic 启动它\n"
                );
                // Whoever has gone does not need the words.
                let _ = (&*stream).write_all(words.as_bytes());
            }
            // Until it is gone it counts as a stranger.
            close::close(stream);
            drop(stranger);
            let line = t!(
                "{peer} was not admitted, nothing was run: {broken}",
                "{peer} 没有通过认证，没有执行任何命令：{broken}"
            );
            log::log_rarely(&house.strangers, line);
        }
    }
}

type Reader<'a> = FrameReader<&'a TcpStream>;
type Writer<'a> = FrameWriter<&'a TcpStream>;

/// Greets, and lets in whoever answers with the key. From here on every frame has a tag.
fn admit<'a>(
    stream: &'a TcpStream,
    stranger: &mut Stranger,
    house: &House,
) -> Result<(Reader<'a>, Writer<'a>), Broken> {
    let (mut reader, mut writer) = (FrameReader::new(stranger, HELLO_LENGTH), FrameWriter::new(stream));
    handshake::admit(&mut reader, &mut writer, &house.key, house.charset)?;
    Ok((reader.over(stream), writer))
}

/// Serves a client that has proved itself, if there is a place for it: hears it in one thread, obeys it in another.
fn converse(stream: &TcpStream, peer: SocketAddr, reader: Reader<'_>, mut writer: Writer<'_>, house: &House) {
    let Some(_seat) = house.seats.take() else {
        log(t!("{peer} was refused: as many clients as allowed are connected", "客户端已满，拒绝了 {peer}"));
        // It fails for one that has gone.
        let _ = writer.send(kind::BUSY, b"");
        return;
    };
    let leash = Slot::new(house.limit);
    let (coming, commands) = mpsc::channel();
    thread::scope(|scope| {
        let hearing = thread::Builder::new().spawn_scoped(scope, || hear(stream, reader, &leash, coming));
        if let Err(error) = hearing.and_then(|_| obey(commands, writer, &leash, peer, house)) {
            let why = errors::reason(&error);
            log(t!("{peer} takes no more output: {why}", "{peer} 不再接收输出：{why}"));
        }
        // It wakes the other thread, and fails where that one has seen the end.
        let _ = stream.shutdown(Shutdown::Both);
    });
}

/// Hears what the client wants, until it has gone: commands, and that the running one is to stop.
fn hear(stream: &TcpStream, mut reader: Reader<'_>, leash: &Slot, coming: Sender<Vec<u8>>) {
    let mut patience = None;
    loop {
        leash.stop_if_overdue();
        // A command that is being stopped has no time left, and no more to be stopped for.
        let left = Some(leash.time_left()).filter(|left| !left.is_zero());
        let next = Some(left.map_or(frames::MAX_STALL, |left| left.min(frames::MAX_STALL)));
        if patience != next {
            patience = next;
            // It fails for a connection that has gone, which the next read tells.
            let _ = stream.set_read_timeout(patience);
        }
        match reader.poll() {
            Ok(Some(Frame { kind: kind::COMMAND, payload })) if leash.announce() => {
                // It fails when the other thread has given up, and then the next read ends this one.
                let _ = coming.send(payload.to_vec());
            }
            Ok(Some(Frame { kind: kind::STOP, .. })) => leash.stop(),
            Err(Broken::Io(error)) if errors::is_timeout(&error) => {}
            // The end, a forged frame, a command while another one runs.
            _ => break,
        }
    }
    leash.client_gone();
    // It wakes the other thread where that one waits for the client to take more.
    let _ = stream.shutdown(Shutdown::Both);
}

/// Runs one command after the other, and sends back what comes of them.
fn obey(
    commands: Receiver<Vec<u8>>,
    mut writer: Writer<'_>,
    leash: &Slot,
    peer: SocketAddr,
    house: &House,
) -> io::Result<()> {
    let mut place = house.place.clone();
    writer.send(kind::WELCOME, &shell::as_bytes(&place, house.charset))?;
    for command in commands {
        audit::runs(peer, &command);
        let start = Instant::now();
        let line = shell::as_line(&command);
        let outcome = match &line {
            Some(line) => run(line, &mut place, leash, &mut writer, house)?,
            None => Outcome::NotStarted,
        };
        leash.let_go();
        audit::ended(peer, outcome, start);
        if let Some(Line::ChangeDirectory(_)) = line {
            writer.send(kind::DIRECTORY, &shell::as_bytes(&place, house.charset))?;
        }
        writer.send(kind::OUTCOME, &outcome.encode())?;
    }
    Ok(())
}

/// Runs one command, and sends what it writes. `cd DIR` alone is for the place where the next ones run.
fn run(line: &Line, place: &mut Place, leash: &Slot, writer: &mut Writer<'_>, house: &House) -> io::Result<Outcome> {
    let cd = matches!(line, Line::ChangeDirectory(_));
    let mut started = Job::start(line, place);
    if cd && started.is_err() {
        started = Job::start(line, &place.top());
    }
    let (job, pipes) = match started {
        Ok(started) => started,
        Err(error) => {
            let (at, why) = (text::path(&place.directory.clone().unwrap_or_default()), errors::code(&error));
            let words = t!("cannot start a shell in {at}: {why}\n", "无法在 {at} 启动 shell：{why}\n");
            writer.send(kind::ERR, &house.charset.encode_lossy(&words))?;
            return Ok(Outcome::NotStarted);
        }
    };
    leash.hold(&job);
    let mut said = Vec::new();
    let outcome = job.pump(pipes, |output, piece| match output {
        Output::Out if cd => {
            said.extend_from_slice(piece);
            Ok(())
        }
        Output::Out => writer.send(kind::OUT, piece),
        Output::Err => writer.send(kind::ERR, piece),
    });
    let went = cd && outcome == Outcome::Exited(0);
    if let Some(directory) = shell::said_directory(&said).filter(|_| went) {
        place.go(directory);
    }
    Ok(outcome)
}
