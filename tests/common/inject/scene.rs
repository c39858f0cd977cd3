//! What each program is to do: a client asks and is answered, a server answers.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::common::{
    CLIENT, Program, QQ_CLIENT, QQ_SERVER, Running, SERVER, TCP_EXEC_CLIENT, TCP_EXEC_SERVER, TIME_CLIENT, TIME_SERVER,
    UDP_CLIENT, UDP_EXEC_CLIENT, UDP_EXEC_SERVER, UDP_SERVER,
};

/// A program, how it is started, and what it is to do. `ADDRESS` among the arguments stands for one of its own.
pub struct Scene {
    pub name: &'static str,
    pub program: Program,
    pub args: &'static [&'static str],
    pub role: Role,
}

pub enum Role {
    /// It asks this one, with this on standard input; what it hears is on its standard output at the end.
    Asks(Peer, &'static str, &'static str),
    /// Clients talk to it like this, one after the other.
    Serves(Talk),
}

/// One client's whole conversation, or why there was none.
pub type Talk = fn(&mut House<'_>) -> Result<(), String>;

/// A server, as its clients need it.
pub struct House<'a> {
    pub server: &'a mut Running,
    pub address: SocketAddr,
    pub key: &'a Path,
    /// How long a client waits for an answer.
    pub patience: Duration,
}

/// Who answers a client.
pub enum Peer {
    Nobody,
    /// Whatever comes, over TCP.
    Stream,
    /// Whatever comes, over UDP.
    Datagrams,
    /// A server of ours.
    Ours(Program),
}

const ASKS_STREAM: Role = Role::Asks(Peer::Stream, "hello\n", ANSWER);
const ASKS_DATAGRAMS: Role = Role::Asks(Peer::Datagrams, "hello\n", ANSWER);
const ASKS_IN_TURN: Role = Role::Asks(Peer::Stream, "hello\nagain\nand again\n", ANSWER);
const ASKS_DATAGRAMS_IN_TURN: Role = Role::Asks(Peer::Datagrams, "hello\nagain\nand again\n", ANSWER);
const QQ: Role = Role::Asks(Peer::Datagrams, "/add friend ADDRESS\nfriend\nhello\nagain\n", ANSWER);
const RUNS: &str = "echo one\necho two\nexec seq 2000\n";

/// Without `exec` the shell would start one more process, whose calls would be taken for those of the program.
const MANY_LINES: &str = "exec seq 2000";

/// Every program but the lab in each of its ways.
#[rustfmt::skip]
pub const SCENES: &[Scene] = &[
    Scene { name: "tcp-chat-server", program: SERVER, args: &["ADDRESS"], role: Role::Serves(join) },
    Scene { name: "tcp-chat-server --classic", program: SERVER, args: &["ADDRESS", "--classic"], role: Role::Serves(say_over_tcp) },
    Scene { name: "tcp-chat-server --once", program: SERVER, args: &["ADDRESS", "--once"], role: Role::Serves(say_over_tcp) },
    Scene { name: "tcp-chat-client", program: CLIENT, args: &["ADDRESS", "--name", "me"], role: ASKS_STREAM },
    Scene { name: "tcp-chat-client --classic", program: CLIENT, args: &["ADDRESS", "--classic"], role: ASKS_IN_TURN },
    Scene { name: "tcp-chat-client --once", program: CLIENT, args: &["ADDRESS", "--once"], role: ASKS_STREAM },
    Scene { name: "udp-chat-server", program: UDP_SERVER, args: &["ADDRESS"], role: Role::Serves(say_over_udp) },
    Scene { name: "udp-chat-server --delay", program: UDP_SERVER, args: &["ADDRESS", "--delay", "1ms"], role: Role::Serves(say_over_udp) },
    Scene { name: "udp-chat-server --classic", program: UDP_SERVER, args: &["ADDRESS", "--classic"], role: Role::Serves(say_over_udp) },
    Scene { name: "udp-chat-client", program: UDP_CLIENT, args: &["ADDRESS"], role: ASKS_DATAGRAMS },
    Scene { name: "udp-chat-client --classic", program: UDP_CLIENT, args: &["ADDRESS", "--classic"], role: ASKS_DATAGRAMS_IN_TURN },
    Scene { name: "udp-qq-server", program: QQ_SERVER, args: &["ADDRESS"], role: Role::Serves(say_over_udp) },
    Scene { name: "udp-qq-server --classic", program: QQ_SERVER, args: &["ADDRESS", "--classic"], role: Role::Serves(say_over_udp) },
    Scene { name: "udp-qq-client", program: QQ_CLIENT, args: &[], role: QQ },
    Scene { name: "udp-qq-client --classic", program: QQ_CLIENT, args: &["--classic"], role: QQ },
    Scene { name: "time-server", program: TIME_SERVER, args: &["ADDRESS"], role: Role::Serves(ask_the_time) },
    Scene { name: "time-server --classic", program: TIME_SERVER, args: &["ADDRESS", "--classic"], role: Role::Serves(ask_the_time) },
    Scene { name: "time-client", program: TIME_CLIENT, args: &["ADDRESS"], role: Role::Asks(Peer::Ours(TIME_SERVER), "", ":") },
    Scene { name: "time-client --protocol sntp", program: TIME_CLIENT, args: &["ADDRESS", "--protocol", "sntp", "--samples", "3"], role: Role::Asks(Peer::Ours(TIME_SERVER), "", "offset") },
    Scene { name: "tcp-exec-server", program: TCP_EXEC_SERVER, args: &["ADDRESS"], role: Role::Serves(run_over_tcp) },
    Scene { name: "tcp-exec-server --classic", program: TCP_EXEC_SERVER, args: &["ADDRESS", "--classic"], role: Role::Serves(run_bare_over_tcp) },
    Scene { name: "tcp-exec-client -c", program: TCP_EXEC_CLIENT, args: &["ADDRESS", "-c", MANY_LINES], role: Role::Asks(Peer::Ours(TCP_EXEC_SERVER), "", "2000") },
    Scene { name: "tcp-exec-client", program: TCP_EXEC_CLIENT, args: &["ADDRESS"], role: Role::Asks(Peer::Ours(TCP_EXEC_SERVER), RUNS, "2000") },
    Scene { name: "tcp-exec-client --classic", program: TCP_EXEC_CLIENT, args: &["ADDRESS", "--classic"], role: ASKS_IN_TURN },
    Scene { name: "udp-exec-server", program: UDP_EXEC_SERVER, args: &["ADDRESS"], role: Role::Serves(run_over_udp) },
    Scene { name: "udp-exec-server --classic", program: UDP_EXEC_SERVER, args: &["ADDRESS", "--classic"], role: Role::Serves(run_bare_over_udp) },
    Scene { name: "udp-exec-client -c", program: UDP_EXEC_CLIENT, args: &["ADDRESS", "-c", MANY_LINES], role: Role::Asks(Peer::Ours(UDP_EXEC_SERVER), "", "2000") },
    Scene { name: "udp-exec-client", program: UDP_EXEC_CLIENT, args: &["ADDRESS"], role: Role::Asks(Peer::Ours(UDP_EXEC_SERVER), RUNS, "2000") },
    Scene { name: "udp-exec-client --classic", program: UDP_EXEC_CLIENT, args: &["ADDRESS", "--classic"], role: ASKS_DATAGRAMS_IN_TURN },
];

const ANSWER: &str = "an answer";

/// What the textbook's servers of commands want to hear first.
const CODE: &str = "inject-42";

/// The program's command, with its own address and its key.
pub fn command(scene: &Scene, address: SocketAddr, key: &Path) -> Command {
    let mut command = Command::new(scene.program);
    command.args(scene.args.iter().map(|arg| arg.replace("ADDRESS", &address.to_string())));
    command.env("SOCKET_DEMOS_KEY_FILE", key).env("SOCKET_DEMOS_CODE", CODE);
    command
}

/// An address that nobody else has: ports below those that the system hands out, on a host of this process.
pub fn own_address() -> SocketAddr {
    static PORT: AtomicU16 = AtomicU16::new(2000);
    let [_, high, middle, low] = std::process::id().to_be_bytes();
    let port = PORT.fetch_add(1, Ordering::Relaxed);
    assert!(port < 32_000, "more programs than ports");
    (Ipv4Addr::new(127, high | 0x40, middle, low), port).into()
}

/// Somebody at `address` who answers. Its threads stay until the tests end: they hold nothing but the socket.
pub fn answer(peer: &Peer, address: SocketAddr, key: &Path) -> Option<Running> {
    match peer {
        Peer::Nobody => None,
        Peer::Stream => {
            let listener = TcpListener::bind(address).unwrap();
            thread::spawn(move || listener.incoming().for_each(|client| answer_stream(client.unwrap())));
            None
        }
        Peer::Datagrams => {
            let socket = UdpSocket::bind(address).unwrap();
            let mut buffer = [0; 2000];
            thread::spawn(move || {
                while let Ok((_, client)) = socket.recv_from(&mut buffer) {
                    let _ = socket.send_to(ANSWER.as_bytes(), client);
                }
            });
            None
        }
        Peer::Ours(program) => {
            let mut command = Command::new(program);
            command.arg(address.to_string()).env("SOCKET_DEMOS_KEY_FILE", key);
            let server = Running::spawn(command);
            server.notes("listening on");
            Some(server)
        }
    }
}

fn answer_stream(mut client: TcpStream) {
    let mut buffer = [0; 2000];
    while client.read(&mut buffer).is_ok_and(|read| read > 0) && writeln!(client, "{ANSWER}").is_ok() {}
}

/// Waits for `text` on a stream; everything until then.
fn hear(mut stream: &TcpStream, text: &str) -> Result<(), String> {
    let (mut heard, mut buffer) = (String::new(), [0; 2000]);
    while !heard.contains(text) {
        match stream.read(&mut buffer) {
            Ok(0) => return Err(format!("the end, after {heard:?}")),
            Ok(read) => heard += &String::from_utf8_lossy(&buffer[..read]),
            Err(error) => return Err(format!("{error}, after {heard:?}")),
        }
    }
    Ok(())
}

fn send(mut stream: &TcpStream, words: &str) -> Result<(), String> {
    stream.write_all(words.as_bytes()).map_err(|error| error.to_string())
}

/// A member of the room is welcomed, says something, and hears the person at the server.
fn join(house: &mut House<'_>) -> Result<(), String> {
    let (name, stream) = (format!("n{}", number()), house.connect()?);
    send(&stream, &format!("/name {name}\n"))?;
    hear(&stream, &format!("welcome, {name}"))?;
    send(&stream, &format!("hello from {name}\n"))?;
    house.shows(&format!("hello from {name}"))?;
    house.server.types(&format!("hello {name}"));
    hear(&stream, &format!("hello {name}"))
}

/// One message each way.
fn say_over_tcp(house: &mut House<'_>) -> Result<(), String> {
    let (stream, words) = (house.connect()?, format!("message {}", number()));
    send(&stream, &words)?;
    house.shows(&words)?;
    house.server.types(ANSWER);
    hear(&stream, ANSWER)
}

fn say_over_udp(house: &mut House<'_>) -> Result<(), String> {
    let (number, socket) = (number(), house.ask(&[])?);
    socket.send(format!("message {number}").as_bytes()).map_err(|error| error.to_string())?;
    house.shows(&format!("message {number}"))?;
    house.server.types(&format!("answer {number}"));
    hear_datagram(&socket, &format!("answer {number}"))
}

fn ask_the_time(house: &mut House<'_>) -> Result<(), String> {
    hear_datagram(&house.ask(b"get time")?, ":")
}

fn hear_datagram(socket: &UdpSocket, text: &str) -> Result<(), String> {
    let mut buffer = [0; 2000];
    loop {
        let read = socket.recv(&mut buffer).map_err(|error| error.to_string())?;
        if String::from_utf8_lossy(&buffer[..read]).contains(text) {
            return Ok(());
        }
    }
}

fn run_over_tcp(house: &mut House<'_>) -> Result<(), String> {
    house.run(TCP_EXEC_CLIENT)
}

fn run_over_udp(house: &mut House<'_>) -> Result<(), String> {
    house.run(UDP_EXEC_CLIENT)
}

fn run_bare_over_tcp(house: &mut House<'_>) -> Result<(), String> {
    let stream = house.connect()?;
    send(&stream, CODE)?;
    hear(&stream, "the code is right")?;
    send(&stream, "echo $((40 + 2))")?;
    hear(&stream, "42")
}

fn run_bare_over_udp(house: &mut House<'_>) -> Result<(), String> {
    let socket = house.ask(CODE.as_bytes())?;
    hear_datagram(&socket, "the code is right")?;
    socket.send(b"echo $((40 + 2))").map_err(|error| error.to_string())?;
    hear_datagram(&socket, "42")
}

impl House<'_> {
    fn connect(&self) -> Result<TcpStream, String> {
        let stream = TcpStream::connect(self.address).map_err(|error| error.to_string())?;
        stream.set_read_timeout(Some(self.patience)).unwrap();
        Ok(stream)
    }

    /// A socket that has sent this, if anything.
    fn ask(&self, question: &[u8]) -> Result<UdpSocket, String> {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.connect(self.address).map_err(|error| error.to_string())?;
        socket.set_read_timeout(Some(self.patience)).unwrap();
        if !question.is_empty() {
            socket.send(question).map_err(|error| error.to_string())?;
        }
        Ok(socket)
    }

    /// Runs `client` against the server.
    fn run(&mut self, client: Program) -> Result<(), String> {
        let mut command = Command::new(client);
        command.args([&self.address.to_string(), "-c", MANY_LINES]).env("SOCKET_DEMOS_KEY_FILE", self.key);
        let mut client = Running::spawn(command);
        self.wait(|_| client.has_ended()).map_err(|why| format!("its client waits, {why}: {}", client.err()))?;
        let (status, out, err) = client.ended();
        let whole = status.success() && out.ends_with(b"\n2000\n");
        if whole { Ok(()) } else { Err(format!("its client ended with {status}: {err}")) }
    }

    /// Waits until the server shows something.
    fn shows(&mut self, text: &str) -> Result<(), String> {
        let shown = |server: &mut Running| String::from_utf8_lossy(&server.out()).contains(text);
        self.wait(shown).map_err(|why| format!("{text:?} is not shown: {why}"))
    }

    fn wait(&mut self, mut until: impl FnMut(&mut Running) -> bool) -> Result<(), &'static str> {
        let deadline = Instant::now() + self.patience;
        while !until(self.server) {
            if self.server.has_ended() {
                return Err("the server has ended");
            }
            if Instant::now() > deadline {
                return Err("too long");
            }
            thread::sleep(LOOK_EVERY);
        }
        Ok(())
    }
}

/// How often something is looked at that cannot be waited for.
pub const LOOK_EVERY: Duration = Duration::from_millis(3);

/// Another number each time, so that nothing is taken for the answer to an earlier question.
fn number() -> u16 {
    static NUMBER: AtomicU16 = AtomicU16::new(1);
    NUMBER.fetch_add(1, Ordering::Relaxed)
}
