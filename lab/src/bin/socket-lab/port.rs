//! Who holds a port, and every TCP state on it.

use std::io::{self, IsTerminal as _};
use std::thread;
use std::time::Duration;

use socket_demos::net::ports::{self, Holder, Socket, State, Transport};
use socket_demos::t;

use crate::show;

/// How often `port --watch` looks.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Again and again: on a terminal in place of what was there, else below it.
pub(crate) fn watch_port(port: u16) -> anyhow::Result<()> {
    loop {
        if io::stdout().is_terminal() {
            show("\x1b[H\x1b[2J")?;
        }
        show_port(port)?;
        thread::sleep(LOOK_EVERY);
    }
}

/// The holder first, then a line for each socket as `ss` and `netstat` would show it.
pub(crate) fn show_port(port: u16) -> anyhow::Result<()> {
    let holders = ports::holders_of(Transport::Tcp, port, None);
    if holders.is_empty() {
        show(&nobody_listens(port, ports::sees_all()))?;
    }
    for Holder { pid, name } in holders {
        show(&t!("TCP port {port}: {name} (pid {pid}) listens", "TCP 端口 {port}：{name}（pid {pid}）在监听"))?;
    }
    for Holder { pid, name } in ports::holders_of(Transport::Udp, port, None) {
        show(&t!("UDP port {port}: {name} (pid {pid}) receives", "UDP 端口 {port}：{name}（pid {pid}）在接收"))?;
    }
    match ports::tcp_sockets(port) {
        Ok(sockets) => sockets.iter().try_for_each(|socket| show(&line(socket))),
        Err(error) if error.kind() == io::ErrorKind::Unsupported => show(&error.to_string()),
        Err(error) => Err(error.into()),
    }
}

/// The processes of others are hidden from whoever is not root.
fn nobody_listens(port: u16, sees_all: bool) -> String {
    if sees_all {
        t!("TCP port {port}: nobody listens", "TCP 端口 {port}：没有进程在监听")
    } else {
        t!(
            "TCP port {port}: nobody listens, as far as you may see",
            "TCP 端口 {port}：没有进程在监听（别人的进程可能看不到）"
        )
    }
}

fn line(Socket { local, remote, state, receive_queue, .. }: &Socket) -> String {
    let meaning = match state {
        State::Listen => match receive_queue {
            Some(1) => t!("1 finished connection waits for accept", "1 个已完成的连接在等 accept"),
            Some(waiting) => {
                t!("{waiting} finished connections wait for accept", "{waiting} 个已完成的连接在等 accept")
            }
            None => String::new(),
        },
        State::TimeWait => t!("this side closed first; at most 60 s", "本端先关闭；最多 60 秒"),
        State::CloseWait => t!("the other side has closed, this one has not", "对方已关闭，本端还没有"),
        State::FinWait2 => t!("this side has closed, the other one has not", "本端已关闭，对方还没有"),
        _ => String::new(),
    };
    format!("  {state:<12} {local} ↔ {remote}  {meaning}").trim_end().to_string()
}
