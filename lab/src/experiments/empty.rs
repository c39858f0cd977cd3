//! An empty send blocks the TCP peer, and UDP can be empty? Both: no bytes are no message, but they are a datagram.

use std::io;

use serde::Serialize;

use super::{Experiment, Findings, Judge, Question, Verdict};
use crate::outcome::Got;
use crate::stage::{Side, Stage, recv_briefly, recv_from, send};
use socket_demos::t;

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "empty",
    claim: || {
        t!(
            "an empty send leaves the TCP peer waiting; over UDP a message can be empty",
            "TCP 发空消息，对方会一直等；UDP 可以发空消息"
        )
    },
    keywords: "empty 空消息 发空 回车 卡住 阻塞 一直等待 hang blocks recv 0 bytes 0 字节",
    question: || Question {
        asked: t!(
            "send(\"\") over TCP. What does the other side's recv do?",
            "TCP 上 send(\"\")。对方的 recv 会怎样？"
        ),
        answers: vec![
            t!("it gives 0 bytes", "返回 0 字节"),
            t!("it goes on waiting", "继续等"),
            t!("it gives what was sent", "收到内容"),
        ],
    },
    source: "send(2), recv(2); RFC 768",
    run: |stage| World::default().run(stage).map(Findings::of),
};

struct World {
    /// What is sent first.
    message: &'static [u8],
}

impl Default for World {
    fn default() -> Self {
        Self { message: b"" }
    }
}

#[derive(Serialize)]
struct Saw {
    /// The length of the message in bytes.
    length: usize,
    tcp: Got,
    udp: Got,
    /// What came over UDP behind it.
    udp_next: Got,
}

impl World {
    fn run(&self, stage: &Stage) -> io::Result<Saw> {
        let (client, server) = stage.pair()?;
        send(&client, self.message)?;
        let tcp = recv_briefly(&server, 1024);

        let (server, client) = (stage.udp(Side::Server)?, stage.udp(Side::Client)?);
        client.send_to(self.message, server.local_addr()?)?;
        let udp = recv_from(&server, 1024).0;
        client.send_to(b"next", server.local_addr()?)?;
        let udp_next = recv_from(&server, 1024).0;
        Ok(Saw { length: self.message.len(), tcp, udp, udp_next })
    }
}

impl Judge for Saw {
    fn observations(&self) -> Vec<String> {
        let Self { length, tcp, udp, udp_next } = self;
        let next = udp_next.text();
        let next = if udp_next.bytes().is_empty() {
            t!(", and for the next datagram {udp_next}", "，再收下一个数据报：{udp_next}")
        } else {
            t!(", and the next datagram {next:?} came too", "，下一个数据报 {next:?} 照样收到")
        };
        vec![
            t!("TCP: send of {length} bytes succeeded; recv gave {tcp}", "TCP：send {length} 字节成功；recv：{tcp}"),
            t!(
                "UDP: sendto of {length} bytes succeeded; recvfrom gave {udp}{next}",
                "UDP：sendto {length} 字节成功；recvfrom：{udp}{next}"
            ),
        ]
    }

    fn answer(&self) -> Option<usize> {
        match &self.tcp {
            end if end.is_empty() => Some(0),
            Got::Nothing => Some(1),
            Got::Bytes(_) => Some(2),
            Got::Error(_) => None,
        }
    }

    fn verdict(&self) -> Verdict {
        let Self { length, tcp, udp, udp_next } = self;
        if tcp.is_error() || [udp, udp_next].iter().any(|got| !matches!(got, Got::Bytes(_))) {
            return Verdict::not_arrived();
        }
        if tcp.is_empty() || udp.bytes().len() != *length || udp_next.text() != "next" {
            return Verdict::contradicted(t!("0 bytes were taken for an end", "0 字节被当成了结束"));
        }
        if *tcp == Got::Nothing {
            return Verdict::as_taught(t!(
                "TCP carries bytes, so an empty send puts nothing on the wire; UDP sends a datagram without text, and its 0 bytes are not the end of anything",
                "TCP 传的是字节，空的 send 在网络上什么也没发；UDP 发出的是一个没有内容的数据报，它的 0 字节不代表结束"
            ));
        }
        Verdict::different(t!("the message is not empty, so it came", "消息不是空的，所以收到了"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiments::Kind;

    #[test]
    fn one_byte_is_enough_for_tcp() {
        let saw = |world: World| world.run(&Stage::silent()).unwrap();
        let usual = saw(World::default());
        assert_eq!((usual.verdict().kind, usual.answer()), (Kind::AsTaught, Some(1)));
        assert_eq!(saw(World { message: b"\n" }).verdict().kind, Kind::Different);
        let lost = Saw { udp: Got::Nothing, udp_next: Got::Nothing, ..saw(World::default()) };
        assert_eq!(lost.verdict().kind, Kind::CannotShow);
        assert!(!lost.observations()[1].contains("came too"), "{:?}", lost.observations());
        let impossible = Saw { tcp: Got::Bytes(Vec::new()), ..usual };
        assert_eq!(impossible.verdict().kind, Kind::Contradicted);
    }
}
