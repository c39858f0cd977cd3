//! The textbook's way over TCP: ask, send, recv, show. What does not fit one recv comes with the next answer. One thing
//! is ours: after 5 s (SO_RCVTIMEO) it says why there may be no answer.
//!
//! Try it: `cargo run --bin tcp-exec-client -- --classic` while `cargo run --bin tcp-exec-server -- --classic` runs in
//! another terminal, which shows the code to type first.

use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::bail;
use socket_demos::exec::frames::Broken;
use socket_demos::exec::handshake;
use socket_demos::net::{TcpStream, close};
use socket_demos::terminal::input::{Keyboard, Typed};
use socket_demos::terminal::screen;
use socket_demos::text::{Charset, Incoming};
use socket_demos::{errors, t};

use crate::args::Args;
use crate::session::{check, lost};

/// How long the textbook's way waits for an answer before it says why there may be none.
const CLASSIC_PATIENCE: Duration = Duration::from_secs(5);

/// One command after the other, strictly in turn.
pub(crate) fn converse(mut stream: &TcpStream, server: SocketAddr, args: &Args) -> anyhow::Result<()> {
    screen::talk(&t!("connected to {server} (q leaves)", "已连接 {server}（输入 q 离开）"));
    screen::hint(&t!(
        "(our own server wants the code on its terminal first)",
        "（我们的服务器要先输入它终端上的口令）"
    ));
    let mut keyboard = Keyboard::in_turn();
    let charset = args.commands.charset.unwrap_or_else(Charset::of_system);
    let mut incoming = Incoming::new(charset);
    let mut buffer = vec![0; args.commands.textbook.recv_size()];
    stream.set_keepalive(close::VANISHED)?;
    stream.set_read_timeout(Some(CLASSIC_PATIENCE))?;
    loop {
        let Typed::Line(command) = keyboard.ask_any(&t!("your command: ", "命令："), some)? else { return Ok(()) };
        stream.write_all(command.as_bytes()).map_err(|error| lost(Broken::Io(error)))?;
        match stream.read(&mut buffer) {
            Ok(0) => return Err(lost(Broken::Cut)),
            Ok(received) if handshake::is_greeting(&buffer[..received]) => bail!(t!(
                "this server is not the textbook's: leave --classic out",
                "这不是课本写法的服务器：请去掉 --classic"
            )),
            Ok(received) => screen::show(&incoming.message(&buffer[..received]))?,
            Err(error) if errors::is_timeout(&error) => tell_silence(),
            Err(error) => return Err(lost(Broken::Io(error))),
        }
    }
}

/// What can be sent as a command, and has bytes.
fn some(command: &str) -> Result<String, String> {
    if command.trim().is_empty() {
        return Err(t!(
            "an empty command has no bytes, so no answer would ever come: type something",
            "空命令没有字节，永远等不到回复：请输入内容"
        ));
    }
    check(command)
}

/// Says why there may be no answer.
fn tell_silence() {
    let seconds = CLASSIC_PATIENCE.as_secs();
    screen::talk(&t!(
        "nothing came for {seconds} s: a command without output (cd, mkdir) sends no bytes, and no bytes are no answer; the textbook's client would wait for ever. Whatever still comes appears with the next answer",
        "{seconds} 秒内什么也没收到：没有输出的命令（cd、mkdir）一个字节也不发，也就没有回复，课本的客户端会一直等下去。之后才到的内容会混在下一条回复里"
    ));
}
