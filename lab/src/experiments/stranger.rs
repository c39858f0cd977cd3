//! A client hears only its server? Only a UDP socket that is connected, and not even that one at once.

use std::io;

use serde::Serialize;

use super::{Experiment, Findings, Judge, Question, Verdict};
use crate::stage::{Side, Stage, recv_from, recv_from_briefly};
use socket_demos::t;

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "stranger",
    claim: || t!("a UDP client hears only its server", "UDP 客户端只会收到自己服务器的消息"),
    keywords: "stranger 陌生人 伪造 冒充 spoof connect recvfrom 地址 filter 过滤 UDP connect",
    question: || Question {
        asked: t!(
            "A stranger sends to a UDP client before the client calls connect(server). Does recv give it?",
            "客户端调用 connect(服务器) 之前，一个陌生人给它发了数据。之后 recv 会收到吗？"
        ),
        answers: vec![t!("no, connect filters it out", "不会，connect 会过滤掉"), t!("yes", "会")],
    },
    source: "udp(7), connect(2)",
    run: |stage| World::default().run(stage).map(Findings::of),
};

/// Who speaks, before the client may have connected and after.
const EARLY: &str = "stranger, early";
const STRANGER: &str = "stranger";
const SERVER: &str = "server";

struct World {
    /// Whether the client calls `connect`; the textbook's does not.
    connects: bool,
    /// Whether the stranger is there before that.
    is_early: bool,
}

impl Default for World {
    fn default() -> Self {
        Self { connects: false, is_early: true }
    }
}

#[derive(Serialize)]
struct Saw {
    /// Whether that of this world called `connect`.
    connects: bool,
    /// What the client of this world heard, in order.
    heard: Vec<String>,
    /// What one hears that calls `connect`, with a stranger who is early.
    connected_heard: Vec<String>,
}

impl World {
    fn run(&self, stage: &Stage) -> io::Result<Saw> {
        let connected = Self { connects: true, is_early: true };
        Ok(Saw { connects: self.connects, heard: self.listen(stage)?, connected_heard: connected.listen(stage)? })
    }

    fn listen(&self, stage: &Stage) -> io::Result<Vec<String>> {
        let (server, stranger) = (stage.udp(Side::Server)?, stage.udp(Side::Stranger)?);
        let client = stage.udp(Side::Client)?;
        let address = client.local_addr()?;
        if self.is_early {
            stranger.send_to(EARLY.as_bytes(), address)?;
        }
        if self.connects {
            client.connect(server.local_addr()?)?;
        }
        stranger.send_to(STRANGER.as_bytes(), address)?;
        server.send_to(SERVER.as_bytes(), address)?;
        let mut heard = Vec::new();
        while heard.iter().all(|words| words != SERVER) {
            let got = recv_from(&client, 1024).0;
            if got.bytes().is_empty() {
                break;
            }
            heard.push(got.text());
        }
        // Behind the server's nothing should come.
        let rest = recv_from_briefly(&client, 1024).0;
        if !rest.bytes().is_empty() {
            heard.push(rest.text());
        }
        Ok(heard)
    }
}

fn has(heard: &[String], words: &str) -> bool {
    heard.iter().any(|heard| heard == words)
}

impl Judge for Saw {
    fn observations(&self) -> Vec<String> {
        let Self { heard, connected_heard, .. } = self;
        vec![
            t!("the client heard {heard:?}", "客户端收到 {heard:?}"),
            t!(
                "one that calls connect(server) between the stranger's two datagrams heard {connected_heard:?}",
                "在陌生人的两个数据报之间调用 connect(服务器) 的客户端收到 {connected_heard:?}"
            ),
        ]
    }

    fn answer(&self) -> Option<usize> {
        has(&self.connected_heard, SERVER).then(|| usize::from(has(&self.connected_heard, EARLY)))
    }

    fn verdict(&self) -> Verdict {
        let Self { connects, heard, connected_heard } = self;
        if has(connected_heard, STRANGER) {
            return Verdict::contradicted(t!("connect did not filter", "connect 没有过滤"));
        }
        let everybody = *connects || has(heard, STRANGER);
        if !everybody || !has(heard, SERVER) || !has(connected_heard, SERVER) {
            return Verdict::not_arrived();
        }
        if heard.len() == 1 {
            return Verdict::as_taught(t!(
                "it was connected before anybody else sent",
                "别人发数据之前它就 connect 了"
            ));
        }
        let queued = if has(connected_heard, EARLY) {
            t!("but what was queued before it is still delivered", "但之前已经排进队列的照样交付")
        } else {
            t!("and here what came before it was gone too", "这里连之前到的也没了")
        };
        Verdict::different(t!(
            "an unconnected UDP socket hears anybody who knows its port; connect filters by the peer's address, {queued}: compare the sender that recvfrom names",
            "没有 connect 的 UDP 套接字，谁知道端口谁就能发进来；connect 会按对方地址过滤，{queued}：要核对 recvfrom 给出的发送者"
        ))
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use crate::experiments::Kind;

    #[test]
    fn a_client_that_connects_in_time_hears_only_its_server() {
        let saw = |world: World| world.run(&Stage::silent()).unwrap();
        let usual = saw(World::default());
        assert_eq!((usual.verdict().kind, usual.answer()), (Kind::Different, Some(1)));
        assert_eq!(saw(World { connects: true, is_early: true }).verdict().kind, Kind::Different);
        assert_eq!(saw(World { connects: true, is_early: false }).verdict().kind, Kind::AsTaught);
        let lost = Saw { heard: Vec::new(), connected_heard: Vec::new(), ..saw(World::default()) };
        assert_eq!((lost.verdict().kind, lost.answer()), (Kind::CannotShow, None));
        let flushed = Saw { connected_heard: vec![SERVER.into()], ..saw(World::default()) };
        assert!(!flushed.verdict().why.contains("still delivered"), "{}", flushed.verdict().why);
        let impossible = Saw { connected_heard: vec![STRANGER.into()], ..usual };
        assert_eq!(impossible.verdict().kind, Kind::Contradicted);
    }
}
