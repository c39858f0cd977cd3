//! A restarted server finds its address in use? Only where it closed first, and not with SO_REUSEADDR.

use std::io;
use std::net::SocketAddr;

use serde::Serialize;

use super::{Experiment, Findings, Judge, Question, Verdict};
use crate::outcome::Went;
use crate::stage::{Side, Stage, accept, kernel_parameter, recv, until};
use socket_demos::net::ports::{self, State};
use socket_demos::net::{Socket, TcpListener};
use socket_demos::t;

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "time-wait",
    claim: || t!("a restarted server finds its address in use", "服务器重启会遇到“端口被占用”"),
    keywords: "TIME_WAIT EADDRINUSE 98 48 WSAEADDRINUSE 10048 Address already in use 地址已被使用 端口被占用 \
               SO_REUSEADDR bind restart 重启 tcp_tw_reuse tcp_tw_recycle tcp_fin_timeout tcp_syncookies",
    question: || Question {
        asked: t!(
            "A server without SO_REUSEADDR closes its connection first, ends, and starts again. What does bind do?",
            "服务器没设 SO_REUSEADDR，先关闭了连接，退出后马上重启。bind 会怎样？"
        ),
        answers: vec![t!("it succeeds", "成功"), t!("it fails: address in use", "失败：端口被占用")],
    },
    source: "RFC 9293 §3.6; socket(7); Linux ip-sysctl",
    run: |stage| World::default().run(stage).map(Findings::of),
};

struct World {
    closes_first: Side,
    /// Whether the server sets SO_REUSEADDR, both times.
    reuse: bool,
}

impl Default for World {
    fn default() -> Self {
        Self { closes_first: Side::Server, reuse: false }
    }
}

#[derive(Serialize)]
struct Saw {
    closes_first: &'static str,
    reuse: bool,
    restart: Restart,
    restart_with_reuse: Restart,
    restart_after_client_closed_first: Restart,
    /// How many TIME_WAIT Linux has room for.
    max_tw_buckets: Option<u64>,
}

/// How a second start went.
#[derive(Serialize)]
struct Restart {
    bind: Went,
    /// What was left of the connection at the server's port before.
    left: Left,
    /// Whether TIME_WAIT had ended by the time `bind` was made: a viewer who steps may take longer than the minute it lasts.
    ended: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Left {
    TimeWait,
    Nothing,
    /// It had not ended in time.
    Alive,
    /// It cannot be seen here.
    Unseen,
}

impl World {
    fn run(&self, stage: &Stage) -> io::Result<Saw> {
        let client_first = Self { closes_first: Side::Client, reuse: false };
        Ok(Saw {
            closes_first: if self.closes_first == Side::Server { "server" } else { "client" },
            reuse: self.reuse,
            restart: self.restart(stage)?,
            restart_with_reuse: Self { reuse: true, closes_first: self.closes_first }.restart(stage)?,
            restart_after_client_closed_first: client_first.restart(stage)?,
            max_tw_buckets: kernel_parameter("ipv4/tcp_max_tw_buckets"),
        })
    }

    /// Always on a port of its own: what it leaves in TIME_WAIT would be in the way of others for a minute.
    fn restart(&self, stage: &Stage) -> io::Result<Restart> {
        let listener = self.start(stage, stage.address(Side::Client))?;
        let address = listener.local_addr()?;
        let client = stage.connect(address)?;
        let caller = client.get_ref().local_addr()?;
        let server = accept(&listener)?;
        let (first, second) = if self.closes_first == Side::Server { (server, client) } else { (client, server) };
        first.close();
        recv(&second, 1024);
        second.close();
        listener.close();
        let left = left_at(address.port());
        if left == Left::TimeWait {
            stage.saw_state(Side::Server, (address, caller), Some(State::TimeWait));
        }
        let bind = Went::of(&self.start(stage, address));
        let ended = left == Left::TimeWait && !is_in_time_wait(address.port());
        Ok(Restart { bind, left, ended })
    }

    fn start(&self, stage: &Stage, address: SocketAddr) -> io::Result<TcpListener> {
        let socket = stage.tcp(Side::Server)?;
        if self.reuse {
            socket.set_reuse_address()?;
        }
        socket.bind(address)?;
        socket.listen(5)
    }
}

/// Waits until the last acknowledgement has arrived, and says what remains.
fn left_at(port: u16) -> Left {
    let left = until(|| match ports::tcp_sockets(port) {
        Err(_) => Some(Left::Unseen),
        Ok(left) if left.is_empty() => Some(Left::Nothing),
        Ok(left) => left.iter().all(|socket| socket.state == State::TimeWait).then_some(Left::TimeWait),
    });
    left.unwrap_or(Left::Alive)
}

/// Whether there is a socket in TIME_WAIT at that port now.
fn is_in_time_wait(port: u16) -> bool {
    ports::tcp_sockets(port).is_ok_and(|left| left.iter().any(|socket| socket.state == State::TimeWait))
}

impl Restart {
    fn told(&self) -> String {
        let left = match self.left {
            Left::TimeWait if self.ended => {
                t!(
                    "TIME_WAIT at the server's port, over before bind, ",
                    "服务器端口上留下 TIME_WAIT，bind 之前就结束了，"
                )
            }
            Left::TimeWait => t!("TIME_WAIT at the server's port, ", "服务器端口上留下 TIME_WAIT，"),
            Left::Nothing => t!("nothing left at the server's port, ", "服务器端口上什么也没留下，"),
            Left::Alive => t!("the connection had not ended at the server's port, ", "服务器端口上的连接还没有结束，"),
            Left::Unseen => String::new(),
        };
        let bind = &self.bind;
        t!("{left}bind: {bind}", "{left}bind {bind}")
    }
}

impl Judge for Saw {
    fn observations(&self) -> Vec<String> {
        let Self { restart, restart_with_reuse, restart_after_client_closed_first, .. } = self;
        let [plain, reuse, client] =
            [restart, restart_with_reuse, restart_after_client_closed_first].map(Restart::told);
        let option = Socket::REUSE_OPTION;
        vec![
            t!("the restart: {plain}", "重启：{plain}"),
            t!("with {option} both times: {reuse}", "两次都设 {option}：{reuse}"),
            t!("where the client closed first: {client}", "客户端先关闭：{client}"),
        ]
    }

    fn answer(&self) -> Option<usize> {
        Some(usize::from(self.restart.bind.failed()))
    }

    fn verdict(&self) -> Verdict {
        let Self { restart, restart_with_reuse, restart_after_client_closed_first, .. } = self;
        let restarts = [restart, restart_with_reuse, restart_after_client_closed_first];
        if restarts.iter().any(|restart| restart.left == Left::Alive) {
            return Verdict::cannot_show(t!(
                "a connection had not ended before the restart: segments were lost, or the machine was too busy",
                "重启时连接还没有结束：有报文段丢了，或者机器太忙"
            ));
        }
        let other = restarts.iter().find(|restart| restart.bind.failed() && !restart.bind.failed_with("ADDRINUSE"));
        if let Some(Restart { bind, .. }) = other {
            return Verdict::cannot_show(t!("bind failed for another reason: {bind}", "bind 失败是因为别的：{bind}"));
        }
        if restart_with_reuse.bind.failed() || restart_after_client_closed_first.bind.failed() {
            return Verdict::contradicted(t!("a cure did not help", "该管用的办法没管用"));
        }
        if restart.bind.failed() {
            return Verdict::partly(t!(
                "it does, where the server closed first and set no option: only the side that closed first keeps TIME_WAIT; the cure is SO_REUSEADDR before bind (Rust's std sets it on Unix, Python does not), not a kernel parameter: see socket-lab sysctl",
                "只有服务器先关闭、又没设选项时才会：只有先关闭的一方留下 TIME_WAIT；办法是在 bind 之前设 SO_REUSEADDR（Rust 标准库在 Unix 上自动设，Python 不设），而不是改内核参数，见 socket-lab sysctl"
            ));
        }
        self.why_not()
    }
}

impl Saw {
    /// Why nothing was in the way of `bind`.
    fn why_not(&self) -> Verdict {
        if self.restart.ended {
            return Verdict::cannot_show(t!(
                "TIME_WAIT was over before bind was called: it lasts a minute here",
                "还没调用 bind，TIME_WAIT 就结束了：它只有一分钟"
            ));
        }
        if self.closes_first == "client" {
            return Verdict::different(t!(
                "the client closed first, so nothing was left at the server's port",
                "客户端先关闭，服务器的端口上什么也没留下"
            ));
        }
        match self.restart.left {
            Left::Nothing if self.max_tw_buckets == Some(0) => Verdict::cannot_show(t!(
                "the server closed first, and no TIME_WAIT was left: net.ipv4.tcp_max_tw_buckets is 0",
                "服务器先关闭，却没有留下 TIME_WAIT：net.ipv4.tcp_max_tw_buckets 是 0"
            )),
            Left::Nothing => Verdict::cannot_show(t!(
                "the server closed first, and no TIME_WAIT was left: there was no room for it, or the client took a minute to close",
                "服务器先关闭，却没有留下 TIME_WAIT：没有位置，或者过了一分钟客户端才关闭"
            )),
            _ if self.reuse => Verdict::different(t!(
                "the option was set: bind passed over TIME_WAIT",
                "设了选项：bind 不受 TIME_WAIT 影响"
            )),
            _ => Verdict::different(t!(
                "bind succeeded though the server had closed first and set no option: TIME_WAIT hinders nobody here, as on Windows",
                "服务器先关闭，也没设选项，bind 还是成功了：TIME_WAIT 在这里不碍事，Windows 就是这样"
            )),
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use crate::experiments::Kind;

    #[test]
    fn the_restart_works_with_the_option_or_where_the_client_closes_first() {
        let saw = |world: World| world.run(&Stage::silent()).unwrap();
        let usual = saw(World::default());
        assert_eq!((usual.verdict().kind, usual.answer()), (Kind::Partly, Some(1)));
        assert_eq!(saw(World { reuse: true, ..World::default() }).verdict().kind, Kind::Different);
        assert_eq!(saw(World { closes_first: Side::Client, ..World::default() }).verdict().kind, Kind::Different);
        let left = |left, ended| Restart { bind: Went::Well, left, ended };
        let told = |restart| Saw { restart, ..saw(World::default()) }.verdict();
        assert_eq!(told(left(Left::TimeWait, true)).kind, Kind::CannotShow);
        assert_eq!(told(left(Left::Nothing, false)).kind, Kind::CannotShow);
        assert!(told(left(Left::TimeWait, false)).why.contains("hinders nobody"));
        let failed = |error: &str, left| Restart { bind: Went::Wrong(error.into()), left, ended: false };
        assert_eq!(told(failed("EADDRINUSE 98", Left::Alive)).kind, Kind::CannotShow);
        assert_eq!(told(failed("ENOBUFS 105", Left::TimeWait)).kind, Kind::CannotShow);
        let impossible = Saw { restart_with_reuse: failed("EADDRINUSE 98", Left::TimeWait), ..usual };
        assert_eq!(impossible.verdict().kind, Kind::Contradicted);
    }
}
