//! listen's argument is the size of the half-open pool (半连接池)? It limits finished connections (全连接队列).

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::{Experiment, Findings, Judge, Question, Verdict};
use crate::figure::Figure;
use crate::stage::{Side, Stage, UNANSWERED};
use socket_demos::net::ports::{State, tcp_sockets, tcp_state};
use socket_demos::{errors, t};

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "backlog",
    claim: || t!("listen's argument is the size of the half-open pool", "listen 的参数是半连接池的大小"),
    keywords: "backlog listen 半连接池 半连接队列 全连接队列 SYN queue accept queue somaxconn SYN_SENT SYN_RECV \
               ETIMEDOUT 110 10060 connection timed out 超时 连接超时",
    question: || Question {
        asked: t!(
            "A server calls listen(3) and never accept. How many clients can connect?",
            "服务器 listen(3)，从不 accept。能连上几个客户端？"
        ),
        answers: vec![t!("2", "2 个"), t!("3", "3 个"), t!("4", "4 个"), t!("all of them", "全都能")],
    },
    source: "listen(2), tcp(7)",
    run: |stage| World::default().run(stage).map(Findings::of),
};

struct World {
    /// What `listen` is given.
    backlog: i32,
    /// How many clients call.
    clients: usize,
}

impl Default for World {
    fn default() -> Self {
        Self { backlog: 3, clients: 6 }
    }
}

#[derive(Serialize)]
struct Saw {
    backlog: i32,
    clients: usize,
    /// How many clients were connected, though nobody accepts.
    connected: usize,
    /// Why the next one was not, if there was one.
    next: Option<String>,
    /// What the kernel's table shows, where there is one.
    table: Option<Table>,
    /// How long each `connect` took, the one that failed too; none where a viewer decided that.
    #[serde(skip)]
    took: Vec<Duration>,
}

#[derive(Serialize)]
struct Table {
    /// Finished connections in the listener's queue.
    finished: u32,
    /// Half-open ones.
    half_open: usize,
    /// The state of one more client that calls now.
    next: Option<State>,
}

impl World {
    fn run(&self, stage: &Stage) -> io::Result<Saw> {
        let listener = stage.listen(self.backlog)?;
        let server = listener.local_addr()?;
        let (mut connected, mut next, mut took) = (Vec::new(), None, Vec::new());
        while connected.len() < self.clients && next.is_none() {
            let client = stage.tcp(Side::Client)?;
            let start = Instant::now();
            match client.connect_timeout(server, UNANSWERED) {
                Ok(client) => connected.push(client),
                Err(error) => next = Some(errors::code(&error)),
            }
            took.extend((!stage.is_stepped()).then(|| start.elapsed()));
        }
        let table = Table::of(server, stage).ok();
        Ok(Saw { backlog: self.backlog, clients: self.clients, connected: connected.len(), next, table, took })
    }
}

impl Table {
    /// What the table shows of the listener while one more client calls, without being waited for.
    fn of(server: SocketAddr, stage: &Stage) -> io::Result<Self> {
        let sockets = tcp_sockets(server.port())?;
        let count = |state| sockets.iter().filter(|socket| socket.state == state).count();
        let listener = sockets.iter().find(|socket| socket.state == State::Listen);
        let finished = listener.map_or(0, |listener| listener.receive_queue);
        let half_open = count(State::SynRecv) + count(State::NewSynRecv);
        let one_more = stage.tcp(Side::Client)?;
        one_more.set_nonblocking()?;
        // It says EINPROGRESS, and goes on behind the scenes.
        let _ = one_more.connect(server);
        Ok(Self { finished, half_open, next: tcp_state(one_more.local_addr()?, server)? })
    }
}

impl Judge for Saw {
    fn observations(&self) -> Vec<String> {
        let Self { backlog, clients, connected, next, table, .. } = self;
        let mut observations = vec![t!(
            "listen({backlog}), nobody accepts: of {clients} clients {connected} were connected",
            "listen({backlog})，没人 accept：{clients} 个客户端里连上了 {connected} 个"
        )];
        if let Some(error) = next {
            observations.push(t!("the next one was not: {error}", "下一个没连上：{error}"));
        }
        if let Some(Table { finished, half_open, next }) = table {
            let next = next.map_or_else(|| t!("none", "没有"), |state| state.to_string());
            observations.push(t!(
                "in the listener's queue: {finished} finished connections; half-open: {half_open}; one more client that calls is in {next}",
                "监听套接字的队列里：{finished} 个已完成的连接；半连接：{half_open} 个；再来一个客户端，状态是 {next}"
            ));
        }
        observations
    }

    fn figure(&self) -> Option<Figure> {
        let Self { backlog, connected, took, .. } = self;
        let bars = took.iter().enumerate().map(|(index, took)| {
            let (number, answered) = (index + 1, index < *connected);
            let outcome = if answered { t!("connected", "连上了") } else { t!("no connection", "没连上") };
            (t!("client {number}", "客户端 {number}"), *took, outcome)
        });
        let title = t!(
            "How long connect takes while listen({backlog}) fills up",
            "listen({backlog}) 的队列渐渐装满，connect 要多久"
        );
        (!took.is_empty()).then(|| Figure::times(title, bars))
    }

    fn answer(&self) -> Option<usize> {
        match self.connected {
            all if all == self.clients => Some(3),
            some @ 2..=4 => Some(some - 2),
            _ => None,
        }
    }

    fn verdict(&self) -> Verdict {
        let Self { clients, connected, next, table, .. } = self;
        if next.is_none() {
            return Verdict::cannot_show(t!(
                "the queue took all {clients} clients, so its limit was not reached",
                "队列装下了全部 {clients} 个客户端，没有碰到上限"
            ));
        }
        let Some(Table { finished, half_open, .. }) = table else {
            return Verdict::different(t!(
                "it limits the connections that are finished and wait for accept",
                "它限制的是已经完成、等着 accept 的连接"
            ));
        };
        if *finished as usize != *connected || *half_open > 0 {
            return Verdict::contradicted(t!(
                "the queue does not hold what was connected",
                "队列里的连接数与连上的不符"
            ));
        }
        Verdict::different(t!(
            "it limits the accept queue (finished connections, Linux takes one more than asked for), not the SYN queue (half-open ones); further SYNs are dropped, so clients time out instead of being refused",
            "它限制的是全连接队列（已完成的连接，Linux 会多收一个），不是半连接队列（SYN queue）；再来的 SYN 被丢弃，所以客户端是超时，而不是被拒绝"
        ))
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use crate::experiments::Kind;

    #[test]
    fn a_longer_queue_takes_more_and_a_very_long_one_all() {
        let saw = |world: World| world.run(&Stage::silent()).unwrap();
        let short = saw(World::default());
        assert_eq!((short.connected, short.verdict().kind), (4, Kind::Different));
        let bars = short.figure().unwrap().bars;
        assert!(bars.len() == 5 && bars[..4].iter().all(|bar| bar.value < bars[4].value / 2.0), "{bars:?}");
        let longer = saw(World { backlog: 5, clients: 9 });
        assert_eq!((longer.connected, longer.verdict().kind), (6, Kind::Different));
        let long = saw(World { backlog: 16, ..World::default() });
        assert_eq!((long.connected, long.verdict().kind), (6, Kind::CannotShow));
        assert_eq!((short.answer(), long.answer()), (Some(2), Some(3)));
        let impossible = Saw { table: Some(Table { finished: 1, half_open: 3, next: None }), ..short };
        assert_eq!(impossible.verdict().kind, Kind::Contradicted);
    }
}
