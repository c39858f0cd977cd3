//! close ends both ways? shutdown ends one direction, and the other goes on.

use std::io;
use std::net::Shutdown;

use serde::Serialize;

use super::{Experiment, Findings, Judge, Question, Verdict};
use crate::outcome::Got;
use crate::stage::{Stage, recv, send};
use socket_demos::t;

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "half-close",
    claim: || t!("a connection ends in both directions at once", "连接一断，两个方向同时结束"),
    keywords: "half close shutdown 半关闭 SHUT_WR SHUT_RDWR close FIN 四次挥手 EOF 对方已关闭",
    question: || Question {
        asked: t!(
            "A client sends its question and calls shutdown(SHUT_WR). Can it still receive the answer?",
            "客户端发完请求就 shutdown(SHUT_WR)。它还能收到回复吗？"
        ),
        answers: vec![t!("no", "不能"), t!("yes", "能")],
    },
    source: "shutdown(2); RFC 9293 §3.6.1, RFC 1122 §4.2.2.13",
    run: |stage| World::default().run(stage).map(Findings::of),
};

const QUESTION: &str = "question";
const ANSWER: &str = "answer";

struct World {
    /// Which directions the client ends.
    how: Shutdown,
}

impl Default for World {
    fn default() -> Self {
        Self { how: Shutdown::Write }
    }
}

#[derive(Serialize)]
struct Saw {
    /// The question as the server read it, and what its next `recv` gave.
    question: String,
    end: Got,
    /// What the client's `recv` gave after that.
    answer: Got,
}

impl World {
    fn run(&self, stage: &Stage) -> io::Result<Saw> {
        let (client, server) = stage.pair()?;
        send(&client, QUESTION.as_bytes())?;
        client.shutdown(self.how)?;
        let question = recv(&server, 1024).text();
        let end = recv(&server, 1024);
        // It fails where the client has ended both directions.
        let _ = send(&server, ANSWER.as_bytes());
        Ok(Saw { question, end, answer: recv(&client, 1024) })
    }
}

impl Judge for Saw {
    fn observations(&self) -> Vec<String> {
        let Self { question, end, answer } = self;
        let heard = answer.text();
        let ended = if end.is_empty() {
            t!(": the client has ended its direction", "：客户端这个方向已经结束")
        } else {
            String::new()
        };
        vec![
            t!("the server read {question:?}, then {end}{ended}", "服务器读到 {question:?}，接着是 {end}{ended}"),
            t!("the client's recv after that: {answer} {heard:?}", "之后客户端的 recv：{answer} {heard:?}"),
        ]
    }

    fn answer(&self) -> Option<usize> {
        self.end.is_empty().then(|| usize::from(self.answer.text() == ANSWER))
    }

    fn verdict(&self) -> Verdict {
        if self.end == Got::Nothing && self.question == QUESTION {
            return Verdict::cannot_show(t!(
                "the end of the client's direction (its FIN) did not arrive, as where a firewall drops it",
                "客户端这个方向的结束（FIN）没有到，可能被防火墙丢了"
            ));
        }
        if self.question.is_empty() || self.answer == Got::Nothing {
            return Verdict::not_arrived();
        }
        if !self.end.is_empty() || self.question != QUESTION {
            return Verdict::contradicted(t!(
                "the end of a direction did not read as 0 bytes",
                "一个方向结束了，却没有读到 0 字节"
            ));
        }
        if self.answer.text() == ANSWER {
            return Verdict::different(t!(
                "shutdown(SHUT_WR) ends one direction (the peer reads 0 bytes), the other goes on until it is ended too",
                "shutdown(SHUT_WR) 只结束一个方向（对方读到 0 字节），另一个方向还能用，直到它也结束"
            ));
        }
        Verdict::as_taught(t!("both directions were ended", "两个方向都结束了"))
    }
}

#[cfg(all(test, any(target_os = "linux", windows)))]
mod tests {
    use super::*;
    use crate::experiments::Kind;

    #[test]
    fn who_ends_both_directions_hears_no_answer() {
        let saw = |world: World| world.run(&Stage::silent()).unwrap();
        let usual = saw(World::default());
        assert_eq!((usual.verdict().kind, usual.answer()), (Kind::Different, Some(1)));
        assert_eq!(saw(World { how: Shutdown::Both }).verdict().kind, Kind::AsTaught);
        let lost = Saw { end: Got::Nothing, ..saw(World::default()) };
        assert_eq!((lost.verdict().kind, lost.answer()), (Kind::CannotShow, None));
        assert!(lost.verdict().why.contains("FIN"), "{}", lost.verdict().why);
        let silent = Saw { answer: Got::Nothing, ..saw(World::default()) };
        assert_eq!(silent.verdict().kind, Kind::CannotShow);
        assert!(!lost.observations()[0].contains("has ended"), "{:?}", lost.observations());
        let impossible = Saw { end: Got::Bytes(vec![1]), ..usual };
        assert_eq!(impossible.verdict().kind, Kind::Contradicted);
    }
}
