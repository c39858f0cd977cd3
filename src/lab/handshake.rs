//! connect and accept do the three-way handshake? The kernel does it, and nobody has to accept.

use std::io;

use serde::Serialize;

use super::stage::{Got, Side, Stage, UNANSWERED, Went, accept, recv, send};
use super::{Experiment, Findings, Question, Verdict};
use crate::t;

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
    run: |stage| World::default().run(stage).map(|saw| saw.judge()),
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
}

impl World {
    fn run(&self, stage: &Stage) -> io::Result<Saw> {
        let listener = stage.listen(self.backlog)?;
        let server = listener.local_addr()?;
        let _before = (0..self.waiting).map(|_| stage.connect(server)).collect::<io::Result<Vec<_>>>()?;
        let client = stage.tcp(Side::Client)?.connect_timeout(server, UNANSWERED);
        let connect = Went::of(&client);
        let Ok(client) = client else { return Ok(Saw { connect, sent: 0, received: None }) };
        let sent = send(&client, b"hello")?;
        let accepted = accept(&listener)?;
        Ok(Saw { connect, sent, received: Some(recv(&accepted, 1024)) })
    }
}

impl Saw {
    fn judge(&self) -> Findings {
        let Self { connect, sent, received } = self;
        if let Went::Wrong(error) = connect {
            let observed = t!("connect before accept: {connect}", "accept 之前，connect {connect}");
            let why = t!("no connection before accept", "没有 accept，就没有连接");
            let answer = usize::from(error.contains("REFUSED"));
            return Findings::new(self, vec![observed], Some(answer), Verdict::as_taught(why));
        }
        let heard = received.as_ref().map(Got::text).unwrap_or_default();
        let observations = vec![
            t!(
                "before accept: connect succeeded, and send took {sent} bytes",
                "accept 之前：connect 成功，send 也发出了 {sent} 字节"
            ),
            t!(
                "after accept: recv gave {heard:?}, which had been waiting",
                "accept 之后：recv 得到 {heard:?}，它早就在等着了"
            ),
        ];
        let verdict = if heard.len() == *sent {
            Verdict::different(t!(
                "the kernel finishes the handshake as soon as the server listens; accept only takes a finished connection out of the queue",
                "服务器一 listen，握手就由内核完成；accept 只是从队列里取走一个已经建立好的连接"
            ))
        } else {
            Verdict::contradicted(t!("what was sent did not arrive", "发出去的内容没有收到"))
        };
        Findings::new(self, observations, Some(2), verdict)
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use crate::lab::Kind;

    #[test]
    fn only_a_full_queue_makes_the_handshake_wait_for_accept() {
        let verdict = |world: World| world.run(&Stage::silent()).unwrap().judge().verdict.kind;
        assert_eq!(verdict(World::default()), Kind::Different);
        assert_eq!(verdict(World { backlog: 0, waiting: 1 }), Kind::AsTaught);
    }
}
