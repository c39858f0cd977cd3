//! connect and accept do the three-way handshake? The kernel does it, and nobody has to accept.

use std::io;

use serde::Serialize;

use super::{Experiment, Findings, Judge, Question, Verdict};
use crate::outcome::{Got, Went};
use crate::stage::{Side, Stage, UNANSWERED, accept, queue_limit, queued, recv, send};
use socket_demos::t;

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "handshake",
    claim: || t!("connect and accept do the three-way handshake", "三次握手由 connect 和 accept 完成"),
    keywords: "three-way handshake 三次握手 SYN ACK connect accept listen 连接 建立连接",
    question: || Question {
        asked: t!(
            "A server listens and never calls accept. A client calls connect, then send. What happens?",
            "服务器只 listen，不调用 accept。客户端先 connect，再 send，会怎样？"
        ),
        answers: vec![
            t!("connect waits for accept", "connect 一直等到有人 accept"),
            t!("connect is refused", "connect 被拒绝"),
            t!("both succeed at once", "两个都马上成功"),
        ],
    },
    source: "listen(2), accept(2); RFC 9293 §3.5",
    run: |stage| World::default().run(stage).map(Findings::of),
};

struct World {
    /// What `listen` is given.
    backlog: i32,
    /// How many clients are in the queue before ours.
    waiting: usize,
}

impl Default for World {
    fn default() -> Self {
        Self { backlog: 5, waiting: 0 }
    }
}

#[derive(Serialize)]
struct Saw {
    /// `connect` before anybody accepts.
    connect: Went,
    /// What `send` took before anybody accepted, in bytes.
    sent: usize,
    /// What the server's `recv` found after `accept`.
    received: Option<Got>,
    /// How many connections were in the queue when `connect` failed, and how many it takes, where that can be seen.
    queue: Option<(usize, usize)>,
}

impl World {
    fn run(&self, stage: &Stage) -> io::Result<Saw> {
        let listener = stage.listen(self.backlog)?;
        let server = listener.local_addr()?;
        let _before = (0..self.waiting).map(|_| stage.connect(server)).collect::<io::Result<Vec<_>>>()?;
        let client = stage.tcp(Side::Client)?.connect_timeout(server, UNANSWERED);
        let connect = Went::of(&client);
        let Ok(client) = client else {
            let queue = queued(server).zip(queue_limit(self.backlog));
            return Ok(Saw { connect, sent: 0, received: None, queue });
        };
        let sent = send(&client, b"hello")?;
        let accepted = accept(&listener)?;
        Ok(Saw { connect, sent, received: Some(recv(&accepted, 1024)), queue: None })
    }
}

impl Saw {
    /// Whether the queue was seen to be full when `connect` failed.
    fn was_full(&self) -> bool {
        self.queue.is_some_and(|(queued, limit)| queued >= limit)
    }
}

impl Judge for Saw {
    fn observations(&self) -> Vec<String> {
        let Self { connect, sent, received, queue } = self;
        let mut observations = vec![t!("before accept, connect: {connect}", "accept 之前，connect：{connect}")];
        if let Some((queued, limit)) = queue {
            observations.push(t!(
                "in the listener's queue: {queued} of at most {limit} connections",
                "监听套接字的队列里：{queued} 个连接，最多 {limit} 个"
            ));
        }
        if let Some(received) = received {
            let heard = received.text();
            observations.push(t!("before accept, send took {sent} bytes", "accept 之前，send 发出了 {sent} 字节"));
            observations.push(if received.bytes().is_empty() {
                t!("after accept, recv gave {received}", "accept 之后，recv：{received}")
            } else {
                t!(
                    "after accept, recv gave {heard:?}, which had been waiting",
                    "accept 之后，recv 得到 {heard:?}，它早就在等着了"
                )
            });
        }
        observations
    }

    fn answer(&self) -> Option<usize> {
        match &self.connect {
            Went::Well => Some(2),
            Went::Wrong(error) if error.contains("REFUSED") => Some(1),
            Went::Wrong(_) => self.was_full().then_some(0),
        }
    }

    fn verdict(&self) -> Verdict {
        if let (Went::Wrong(error), false) = (&self.connect, self.was_full()) {
            return Verdict::cannot_show(t!(
                "connect failed ({error}), and no full queue was seen: something else was in the way",
                "connect 失败（{error}），又没看到队列装满：是别的原因"
            ));
        }
        if self.connect.failed() {
            return Verdict::as_taught(t!(
                "the queue was full: no connection before accept makes room",
                "队列满了：accept 腾出位置之前连不上"
            ));
        }
        if self.received == Some(Got::Nothing) {
            return Verdict::not_arrived();
        }
        if self.received.as_ref().is_none_or(|received| received.bytes().len() != self.sent) {
            return Verdict::contradicted(t!("what was sent did not arrive", "发出去的内容没有收到"));
        }
        Verdict::different(t!(
            "the kernel finishes the handshake as soon as the server listens; accept only takes a finished connection out of the queue",
            "服务器 listen 之后，握手由内核自己完成；accept 只是从队列里取走一个已经建立好的连接"
        ))
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use crate::experiments::Kind;

    #[test]
    fn only_a_full_queue_makes_the_handshake_wait_for_accept() {
        let saw = |world: World| world.run(&Stage::silent()).unwrap();
        let usual = saw(World::default());
        assert_eq!((usual.verdict().kind, usual.answer()), (Kind::Different, Some(2)));
        assert_eq!(saw(World { backlog: 0, waiting: 1 }).verdict().kind, Kind::AsTaught);
        let dropped =
            Saw { connect: Went::Wrong("ETIMEDOUT 110".into()), sent: 0, received: None, queue: Some((0, 6)) };
        assert_eq!((dropped.verdict().kind, dropped.answer()), (Kind::CannotShow, None));
        let lost = Saw { received: Some(Got::Nothing), ..saw(World::default()) };
        assert_eq!(lost.verdict().kind, Kind::CannotShow);
        assert!(!lost.observations().concat().contains("waiting"), "{:?}", lost.observations());
        let impossible = Saw { received: Some(Got::Bytes(vec![1])), ..usual };
        assert_eq!(impossible.verdict().kind, Kind::Contradicted);
    }
}
