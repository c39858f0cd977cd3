//! A datagram can be 64 KiB? The headers take 28 bytes of it: 65,507.

use std::io;

use serde::Serialize;

use super::{Experiment, Findings, Judge, Question, Verdict};
use crate::outcome::{Got, Went};
use crate::stage::{Side, Stage, recv_from};
use socket_demos::net::datagrams::MAX_DATAGRAM;
use socket_demos::t;

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "largest",
    claim: || t!("a UDP datagram can hold 64 KiB", "UDP 数据报最大 64 KiB"),
    keywords: "EMSGSIZE 90 40 WSAEMSGSIZE 10040 Message too long 65507 65535 65536 MTU 1472 1500 分片 fragmentation 最大",
    question: || Question {
        asked: t!("What happens to sendto with 65,508 bytes over IPv4?", "IPv4 上 sendto 65508 字节会怎样？"),
        answers: vec![
            t!("it is sent", "发出去"),
            t!("it is cut to 65,507", "截成 65507 字节"),
            t!("it fails: message too long", "报错：消息太长"),
        ],
    },
    source: "udp(7); RFC 768, RFC 791 §3.1, RFC 8085 §3.2",
    run: |stage| World::default().run(stage).map(Findings::of),
};

struct World {
    /// The largest datagram as taught, in bytes.
    taught: usize,
}

impl Default for World {
    fn default() -> Self {
        Self { taught: 64 * 1024 }
    }
}

#[derive(Serialize)]
struct Saw {
    taught: usize,
    /// What `sendto` said to 65,507 bytes, to one more, and to the size that is taught.
    fits: Went,
    one_more: Went,
    as_taught: Went,
    /// What came of those that were sent.
    received: Vec<Got>,
}

impl World {
    fn run(&self, stage: &Stage) -> io::Result<Saw> {
        let (server, client) = (stage.udp(Side::Server)?, stage.udp(Side::Client)?);
        let address = server.local_addr()?;
        let mut received = Vec::new();
        let [fits, one_more, as_taught] = [MAX_DATAGRAM, MAX_DATAGRAM + 1, self.taught].map(|size| {
            let sent = client.send_to(&vec![b'x'; size], address);
            if sent.is_ok() {
                received.push(recv_from(&server, 2 * MAX_DATAGRAM).0);
            }
            Went::of(&sent)
        });
        Ok(Saw { taught: self.taught, fits, one_more, as_taught, received })
    }
}

impl Judge for Saw {
    fn observations(&self) -> Vec<String> {
        let Self { taught, fits, one_more, as_taught, received } = self;
        let one_byte_more = MAX_DATAGRAM + 1;
        let arrived = received.iter().map(ToString::to_string).collect::<Vec<_>>().join(&t!(", ", "、"));
        vec![
            t!("sendto of {MAX_DATAGRAM} bytes: {fits}", "sendto {MAX_DATAGRAM} 字节：{fits}"),
            t!("sendto of {one_byte_more} bytes: {one_more}", "sendto {one_byte_more} 字节：{one_more}"),
            t!("sendto of {taught} bytes: {as_taught}", "sendto {taught} 字节：{as_taught}"),
            t!("received: {arrived}", "收到：{arrived}"),
        ]
    }

    fn answer(&self) -> Option<usize> {
        match &self.one_more {
            Went::Well => Some(0),
            Went::Wrong(_) => self.one_more.failed_with("MSGSIZE").then_some(2),
        }
    }

    fn verdict(&self) -> Verdict {
        let Self { taught, fits, one_more, as_taught, received } = self;
        for error in [fits, one_more, as_taught] {
            if error.failed() && !error.failed_with("MSGSIZE") {
                return Verdict::cannot_show(t!(
                    "sendto did not fail because of the size: {error}",
                    "sendto 出错不是因为太大：{error}"
                ));
            }
        }
        if received.contains(&Got::Nothing) {
            return Verdict::not_arrived();
        }
        if !one_more.failed() || fits.failed() && cfg!(target_os = "linux") {
            return Verdict::contradicted(t!("65,507 bytes are not the limit", "上限不是 65507 字节"));
        }
        if !as_taught.failed() {
            return Verdict::as_taught(t!("{taught} bytes were sent", "{taught} 字节发出去了"));
        }
        Verdict::different(t!(
            "an IP packet has at most 65,535 bytes, its headers take 20 + 8, and 65,507 remain (macOS allows 9,216 unless told otherwise); on Ethernet more than 1,472 are fragmented, and one lost fragment loses all",
            "一个 IP 分组最多 65535 字节，首部占去 20 + 8，只剩 65507（macOS 默认只允许 9216）；以太网上超过 1472 就要分片，丢一片就全丢"
        ))
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use crate::experiments::Kind;

    #[test]
    fn who_teaches_the_right_number_is_right() {
        let saw = |world: World| world.run(&Stage::silent()).unwrap();
        let usual = saw(World::default());
        assert_eq!((usual.verdict().kind, usual.answer()), (Kind::Different, Some(2)));
        assert_eq!(saw(World { taught: 65_507 }).verdict().kind, Kind::AsTaught);
        let unreachable = || Went::Wrong("ENETUNREACH 101".into());
        let no_way = Saw { fits: unreachable(), one_more: unreachable(), ..saw(World::default()) };
        assert_eq!((no_way.verdict().kind, no_way.answer()), (Kind::CannotShow, None));
        let lost = Saw { received: vec![Got::Nothing], ..saw(World::default()) };
        assert_eq!(lost.verdict().kind, Kind::CannotShow);
        let impossible = Saw { one_more: Went::Well, ..usual };
        assert_eq!(impossible.verdict().kind, Kind::Contradicted);
    }
}
