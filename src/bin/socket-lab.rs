//! The lab: what TCP and UDP really do, on this system.
//!
//! Try it: `cargo run -- port 8080`
//!
//! Read it for: who holds a port, and every TCP state on it.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use socket_demos::cli;
use socket_demos::options::{self, Shared};
use socket_demos::ports::{self, Holder, Socket, State, Transport};
use socket_demos::{screen, t};

#[derive(Parser)]
#[command(name = "socket-lab", version, about = t!("what TCP and UDP really do, on this system", "看看 TCP 和 UDP 在这台机器上到底怎么做"))]
struct Args {
    #[command(subcommand)]
    command: Lab,
    #[command(flatten)]
    shared: Shared,
}

#[derive(Subcommand)]
enum Lab {
    #[command(about = t!("Who holds a TCP port, and every TCP state on it", "谁占着一个 TCP 端口，上面有哪些 TCP 状态"))]
    Port {
        #[arg(value_name = t!("PORT", "端口"), value_parser = options::parse_port, help = t!("The port's number", "端口号"))]
        port: u16,
    },
}

impl AsRef<Shared> for Args {
    fn as_ref(&self) -> &Shared {
        &self.shared
    }
}

fn main() -> ExitCode {
    cli::run(|args: &Args| match args.command {
        Lab::Port { port } => show_port(port),
    })
}

/// The holder first, then a line for each socket as `ss` and `netstat` would show it.
fn show_port(port: u16) -> anyhow::Result<()> {
    let holders = ports::holders_of(Transport::Tcp, port, None);
    if holders.is_empty() {
        show(&t!("port {port}: no process that you may see listens on it", "端口 {port}：看不到有进程在监听"))?;
    }
    for Holder { pid, name } in holders {
        show(&t!("port {port}: {name} (pid {pid}) listens", "端口 {port}：{name}（pid {pid}）在监听"))?;
    }
    match ports::tcp_sockets(port) {
        Ok(sockets) => sockets.iter().try_for_each(|socket| show(&line(socket))),
        Err(error) if error.kind() == std::io::ErrorKind::Unsupported => show(&t!(
            "the TCP states cannot be seen here: this system has no /proc/net/tcp",
            "这里看不到 TCP 状态：系统没有 /proc/net/tcp"
        )),
        Err(error) => Err(error.into()),
    }
}

fn line(Socket { local, remote, state, receive_queue, .. }: &Socket) -> String {
    let meaning = match state {
        State::Listen => {
            t!("{receive_queue} finished connections wait for accept", "{receive_queue} 个已完成的连接在等 accept")
        }
        State::TimeWait => t!("this side closed first; at most 60 s", "本端先关闭；最多 60 秒"),
        State::CloseWait => t!("the other side has closed, this one has not", "对方已关闭，本端还没有"),
        State::FinWait2 => t!("this side has closed, the other one has not", "本端已关闭，对方还没有"),
        _ => String::new(),
    };
    format!("  {state:<12} {local} ↔ {remote}  {meaning}").trim_end().to_string()
}

fn show(line: &str) -> anyhow::Result<()> {
    Ok(screen::show(line.as_bytes())?)
}
