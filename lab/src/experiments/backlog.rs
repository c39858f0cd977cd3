//! listen's argument is the size of the half-open pool (半连接池)? It limits finished connections (全连接队列) as well.

mod half_open;

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::{Experiment, Findings, Judge, Question, Verdict};
use crate::figure::Figure;
use crate::stage::{Side, Stage, UNANSWERED, queue_limit, queued, until};
use socket_demos::net::ports::{State, tcp_sockets, tcp_state};
use socket_demos::{errors, t};

use half_open::{HalfOpen, call, half_open};

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "backlog",
    claim: || t!("listen's argument is the size of the half-open pool", "listen 的参数是半连接池的大小"),
    keywords: "backlog listen 半连接池 半连接队列 全连接队列 SYN queue accept queue somaxconn SYN_SENT SYN_RCVD SYN_RECV \
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
    /// Whether nobody answered it.
    unanswered: bool,
    /// How many connections the queue takes, where the kernel tells.
    limit: Option<usize>,
    /// What the kernel's table shows, where there is one.
    table: Option<Table>,
    /// What became of clients that never answer, where such can be had.
    half_open: Option<HalfOpen>,
    /// How long each `connect` took, the one that failed too; none where a viewer decided that.
    #[serde(skip)]
    took: Vec<Duration>,
}

#[derive(Serialize)]
struct Table {
    /// Finished connections in the listener's queue, where it tells.
    finished: Option<usize>,
    /// Half-open ones.
    half_open: usize,
    /// The state of one more client that calls now.
    next: Option<State>,
}

impl World {
    fn run(&self, stage: &Stage) -> io::Result<Saw> {
        let full = self.fill(stage)?;
        Ok(Saw { half_open: HalfOpen::made(self.backlog, self.clients, stage)?, ..full })
    }

    /// Clients call until one gets no connection.
    fn fill(&self, stage: &Stage) -> io::Result<Saw> {
        let listener = stage.listen(self.backlog)?;
        let server = listener.local_addr()?;
        let (mut connected, mut next, mut unanswered, mut took) = (Vec::new(), None, false, Vec::new());
        while connected.len() < self.clients && next.is_none() {
            let client = stage.tcp(Side::Client)?;
            let start = Instant::now();
            match client.connect_timeout(server, UNANSWERED) {
                Ok(client) => connected.push(client),
                Err(error) => {
                    unanswered = errors::is_timeout(&error);
                    next = Some(errors::code(&error));
                }
            }
            took.extend((!stage.is_stepped()).then(|| start.elapsed()));
        }
        let table = Table::of(server, connected.len(), stage).ok();
        let (backlog, clients, connected) = (self.backlog, self.clients, connected.len());
        let limit = queue_limit(backlog);
        Ok(Saw { backlog, clients, connected, next, unanswered, limit, table, half_open: None, took })
    }
}

impl Table {
    /// What the table shows of the listener, once the last ACKs of the `connected` have arrived, while one more client
    /// calls.
    fn of(server: SocketAddr, connected: usize, stage: &Stage) -> io::Result<Self> {
        // Without a table nothing is waited for.
        tcp_sockets(server.port())?;
        let mut finished = None;
        let _ = until(|| {
            finished = queued(server);
            finished.is_none_or(|finished| finished == connected).then_some(())
        });
        let half_open = half_open(server)?;
        let one_more = call(stage.tcp(Side::Client)?, server)?;
        let caller = one_more.local_addr()?;
        let next = tcp_state(caller, server)?;
        stage.saw_state(Side::Client, (caller, server), next);
        Ok(Self { finished, half_open, next })
    }
}

impl Saw {
    /// Whether it was the full queue that kept the next client out.
    fn filled(&self) -> bool {
        let Self { connected, next, limit, table, .. } = self;
        next.is_some() && *connected > 0 && (table.is_none() || limit.is_none_or(|limit| *connected >= limit))
    }

    /// How many of the connected have a place in the queue. On a busy machine one more may be told that it is connected: its
    /// last ACK finds the queue full and is dropped.
    fn in_queue(&self) -> usize {
        self.limit.map_or(self.connected, |limit| self.connected.min(limit))
    }
}

impl Judge for Saw {
    fn observations(&self) -> Vec<String> {
        let Self { backlog, clients, connected, next, table, half_open, .. } = self;
        let mut observations = vec![t!(
            "listen({backlog}), nobody accepts: of {clients} clients {connected} were connected",
            "listen({backlog})，没人 accept：{clients} 个客户端里连上了 {connected} 个"
        )];
        if let Some(limit) = self.limit.filter(|limit| *limit <= *backlog as usize) {
            let somaxconn = limit - 1;
            observations.push(t!(
                "net.core.somaxconn is {somaxconn} and cuts listen({backlog}) down to it",
                "net.core.somaxconn 是 {somaxconn}，listen({backlog}) 被它截短"
            ));
        }
        if self.in_queue() < *connected {
            observations.push(t!(
                "the last of them took a SYN, ACK for a place, but its own ACK came when the queue was full",
                "其中最后一个收到 SYN, ACK 就当自己连上了，可它的 ACK 到达时队列已满"
            ));
        }
        if let Some(error) = next {
            observations.push(t!("the next one was not: {error}", "下一个没连上：{error}"));
        }
        if let Some(Table { finished, half_open, next }) = table {
            let next = next.map_or_else(|| t!("CLOSED (gone)", "CLOSED（已不存在）"), |state| state.to_string());
            let finished = finished.map_or_else(|| t!("? (not shown here)", "？（这里看不到）"), |it| it.to_string());
            observations.push(t!(
                "in the listener's queue: {finished} finished connections; half-open: {half_open}; one more client that calls is in {next}",
                "监听套接字的队列里：{finished} 个已完成的连接；半连接：{half_open} 个；再来一个客户端，状态是 {next}"
            ));
        }
        observations.push(half_open.as_ref().map_or_else(
            || {
                t!(
                    "half-open connections were not made: that takes Linux, and its right CAP_NET_ADMIN (root, or unshare -rn)",
                    "没有造出半连接：要在 Linux 上，还要有 CAP_NET_ADMIN 权限（root，或者 unshare -rn）"
                )
            },
            HalfOpen::told,
        ));
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
        match self.in_queue() {
            all if all == self.clients => Some(3),
            some @ 2..=4 if self.filled() => Some(some - 2),
            _ => None,
        }
    }

    fn verdict(&self) -> Verdict {
        let Self { clients, next, unanswered, table, half_open, limit, .. } = self;
        let Some(next) = next else {
            return Verdict::cannot_show(t!(
                "the queue took all {clients} clients, so its limit was not reached",
                "队列装下了全部 {clients} 个客户端，没有碰到上限"
            ));
        };
        let finished = table.as_ref().and_then(|table| table.finished);
        let kept = half_open.as_ref().map(|half| half.kept);
        if limit.is_some_and(|limit| finished.max(kept).is_some_and(|count| count > limit)) {
            return Verdict::contradicted(t!("a queue took more than its limit", "队列装的比上限还多"));
        }
        if finished.is_some_and(|finished| finished != self.in_queue()) {
            return Verdict::cannot_show(t!(
                "the queue did not settle in time: segments were lost, or the machine was too busy",
                "队列没能及时稳定下来：有报文段丢了，或者机器太忙"
            ));
        }
        if !self.filled() {
            return Verdict::cannot_show(t!(
                "the queue had not filled up: something else kept the next client out ({next})",
                "队列没有装满，是别的原因让下一个连不上（{next}）"
            ));
        }
        let next = if *unanswered {
            t!(
                "the next client was not answered and timed out, it was not refused",
                "下一个客户端没有得到回应，是超时，不是被拒绝"
            )
        } else {
            t!("the next client got {next}", "下一个客户端得到 {next}")
        };
        let half_open = half_open.as_ref().map_or_else(
            || {
                t!(
                    "since Linux 4.4 the same number limits the SYN queue (half-open ones) too: that was not seen here",
                    "从 Linux 4.4 起，半连接队列（SYN queue）也受同一个数限制：这一点这里没有看到"
                )
            },
            HalfOpen::meaning,
        );
        Verdict::partly(t!(
            "seen here: it limits the accept queue (finished connections; Linux takes one more than the argument); {next}; {half_open}",
            "这里看到的是：它限制全连接队列（已完成的连接，Linux 会多收一个）；{next}；{half_open}"
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
        assert_eq!((short.connected, short.verdict().kind), (4, Kind::Partly));
        let bars = short.figure().unwrap().bars;
        assert!(bars.len() == 5 && bars[..4].iter().all(|bar| bar.value < bars[4].value / 2.0), "{bars:?}");
        let longer = saw(World { backlog: 5, clients: 9 });
        assert_eq!((longer.connected, longer.verdict().kind), (6, Kind::Partly));
        let long = saw(World { backlog: 16, ..World::default() });
        assert_eq!((long.connected, long.verdict().kind), (6, Kind::CannotShow));
        assert_eq!((short.answer(), long.answer()), (Some(2), Some(3)));
        let unreachable = Saw {
            connected: 0,
            next: Some("ENETUNREACH 101".into()),
            unanswered: false,
            table: None,
            half_open: None,
            ..saw(World::default())
        };
        assert_eq!((unreachable.verdict().kind, unreachable.answer()), (Kind::CannotShow, None));
        let holds = |finished| Some(Table { finished: Some(finished), half_open: 0, next: None });
        let early = Saw { connected: 2, table: holds(2), half_open: None, ..saw(World::default()) };
        assert_eq!((early.verdict().kind, early.answer()), (Kind::CannotShow, None));
        let cut = Saw { limit: Some(2), ..early };
        assert_eq!((cut.verdict().kind, cut.answer()), (Kind::Partly, Some(0)));
        assert!(cut.observations().iter().any(|told| told.contains("somaxconn is 1")), "{:?}", cut.observations());
        let unsettled = Saw { table: holds(1), ..saw(World::default()) };
        assert_eq!(unsettled.verdict().kind, Kind::CannotShow);
        let late = Saw { connected: 5, table: holds(4), half_open: None, ..saw(World::default()) };
        assert_eq!((late.verdict().kind, late.answer()), (Kind::Partly, Some(2)));
        let impossible = Saw { connected: 5, table: holds(5), ..short };
        assert_eq!(impossible.verdict().kind, Kind::Contradicted);
    }
}
