//! UDP drops what does not fit? What does not fit the reader's buffer is gone, silently on Unix.

use std::io;

use serde::Serialize;

use super::{Experiment, Findings, Judge, Question, Verdict};
use crate::outcome::Got;
use crate::stage::{Side, Stage, recv_from, recv_from_briefly};
use socket_demos::t;

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "truncation",
    claim: || t!("UDP drops what does not fit the buffer", "UDP 会丢掉缓冲区装不下的数据"),
    keywords: "truncation 截断 WSAEMSGSIZE 10040 EMSGSIZE MSG_TRUNC recvfrom buffer 缓冲区 丢数据 数据报",
    question: || Question {
        asked: t!(
            "A datagram has 2000 bytes, recvfrom(1024) is called twice. What does the second call give?",
            "一个 2000 字节的数据报，调用两次 recvfrom(1024)。第二次得到什么？"
        ),
        answers: vec![
            t!("the other 976 bytes", "剩下的 976 字节"),
            t!("nothing: it waits for the next datagram", "什么也没有：它等下一个数据报"),
        ],
    },
    source: "recv(2), udp(7); RFC 768",
    run: |stage| World::default().run(stage).map(Findings::of),
};

struct World {
    /// What one `recvfrom` takes at most, in bytes.
    buffer: usize,
    /// The datagram's length in bytes.
    datagram: usize,
}

impl Default for World {
    fn default() -> Self {
        Self { buffer: 1024, datagram: 2000 }
    }
}

#[derive(Serialize)]
struct Saw {
    datagram: usize,
    first: Got,
    second: Got,
}

impl World {
    fn run(&self, stage: &Stage) -> io::Result<Saw> {
        let (server, client) = (stage.udp(Side::Server)?, stage.udp(Side::Client)?);
        client.send_to(&vec![b'x'; self.datagram], server.local_addr()?)?;
        let first = recv_from(&server, self.buffer).0;
        let second = recv_from_briefly(&server, self.buffer).0;
        Ok(Saw { datagram: self.datagram, first, second })
    }
}

impl Judge for Saw {
    fn observations(&self) -> Vec<String> {
        let Self { datagram, first, second } = self;
        vec![t!(
            "of a datagram of {datagram} bytes the first recvfrom gave {first}, the second {second}",
            "{datagram} 字节的数据报：第一次 recvfrom：{first}，第二次：{second}"
        )]
    }

    fn answer(&self) -> Option<usize> {
        (self.first != Got::Nothing).then(|| usize::from(self.second == Got::Nothing))
    }

    fn verdict(&self) -> Verdict {
        if self.first == Got::Nothing {
            return Verdict::not_arrived();
        }
        if self.second != Got::Nothing {
            return Verdict::contradicted(t!(
                "the rest of a datagram came with the next call",
                "数据报剩下的部分在下一次调用时出现了"
            ));
        }
        if self.first.bytes().len() == self.datagram {
            return Verdict::different(t!("the whole datagram fitted the buffer", "缓冲区装得下整个数据报"));
        }
        Verdict::as_taught(if self.first.is_error() {
            t!(
                "and Windows says so: error 10040; on Unix the rest is gone silently",
                "而且 Windows 会报错 10040；在 Unix 上，剩下的部分悄悄就没了"
            )
        } else {
            t!(
                "and silently: neither side is told (on Windows recvfrom fails with 10040)",
                "而且悄无声息：双方都不知道（在 Windows 上 recvfrom 会报错 10040）"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiments::Kind;

    #[test]
    fn a_larger_buffer_takes_the_datagram_whole() {
        let saw = |world: World| world.run(&Stage::silent()).unwrap();
        let usual = saw(World::default());
        assert_eq!((usual.verdict().kind, usual.answer()), (Kind::AsTaught, Some(1)));
        assert_eq!(saw(World { buffer: 4096, ..World::default() }).verdict().kind, Kind::Different);
        let lost = Saw { first: Got::Nothing, ..saw(World::default()) };
        assert_eq!((lost.verdict().kind, lost.answer()), (Kind::CannotShow, None));
        let impossible = Saw { second: Got::Bytes(vec![b'x'; 976]), ..usual };
        assert_eq!(impossible.verdict().kind, Kind::Contradicted);
    }
}
