//! Every sendto pairs with one recvfrom? Over UDP yes, in both directions; TCP knows no pairs.

use std::io;

use serde::Serialize;

use super::{Experiment, Findings, Judge, Question, Verdict};
use crate::outcome::Got;
use crate::stage::{Side, Stage, arrived, recv, recv_from, send};
use socket_demos::net::UdpSocket;
use socket_demos::t;

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "boundaries",
    claim: || t!("over UDP every sendto pairs with one recvfrom", "UDP 的 sendto 和 recvfrom 一一对应"),
    keywords: "message boundary 消息边界 sendto recvfrom 一一对应 数据报 粘包 黏包 字节流",
    question: || Question {
        asked: t!(
            "1, 500 and 1400 bytes are sent one after the other. How many reads does it take over UDP, how many over TCP, once all have arrived?",
            "先后发送 1、500、1400 字节，都到了以后再读。UDP 要读几次，TCP 要读几次？"
        ),
        answers: vec![t!("3 and 3", "3 次和 3 次"), t!("3 and 1", "3 次和 1 次"), t!("1 and 1", "1 次和 1 次")],
    },
    source: "RFC 768; udp(7); RFC 9293 §2.2",
    run: |stage| World::default().run(stage).map(Findings::of),
};

/// The lengths of what is sent, in bytes.
const SIZES: [usize; 3] = [1, 500, 1400];

struct World {
    /// What one read takes at most, in bytes.
    buffer: usize,
}

impl Default for World {
    fn default() -> Self {
        Self { buffer: 2048 }
    }
}

#[derive(Serialize)]
struct Saw {
    sent: [usize; 3],
    /// What each read gave: over UDP from client to server and back, over TCP.
    there: Vec<Got>,
    back: Vec<Got>,
    tcp: Vec<Got>,
}

impl World {
    fn run(&self, stage: &Stage) -> io::Result<Saw> {
        let (server, client) = (stage.udp(Side::Server)?, stage.udp(Side::Client)?);
        let there = self.over_udp(&client, &server)?;
        let back = self.over_udp(&server, &client)?;
        Ok(Saw { sent: SIZES, there, back, tcp: self.over_tcp(stage)? })
    }

    fn over_udp(&self, from: &UdpSocket, to: &UdpSocket) -> io::Result<Vec<Got>> {
        for size in SIZES {
            from.send_to(&vec![b'x'; size], to.local_addr()?)?;
        }
        let mut read = Vec::new();
        while read.len() < SIZES.len() && read.last() != Some(&Got::Nothing) {
            read.push(recv_from(to, self.buffer).0);
        }
        Ok(read)
    }

    fn over_tcp(&self, stage: &Stage) -> io::Result<Vec<Got>> {
        let (client, server) = stage.pair()?;
        for size in SIZES {
            send(&client, &vec![b'x'; size])?;
        }
        arrived(&server, SIZES.iter().sum());
        client.close();
        let mut read = vec![recv(&server, self.buffer)];
        while !read.last().is_none_or(|got| got.bytes().is_empty()) {
            read.push(recv(&server, self.buffer));
        }
        // The last one was the end.
        read.pop();
        Ok(read)
    }
}

fn lengths(read: &[Got]) -> Vec<usize> {
    read.iter().map(|got| got.bytes().len()).collect()
}

fn shown(read: &[Got]) -> String {
    read.iter().map(ToString::to_string).collect::<Vec<_>>().join(&t!(", ", "、"))
}

impl Judge for Saw {
    fn observations(&self) -> Vec<String> {
        let Self { sent, there, back, tcp } = self;
        let sent = sent.iter().map(ToString::to_string).collect::<Vec<_>>().join(&t!(", ", "、"));
        let [to_server, to_client, stream] = [there, back, tcp].map(|read| shown(read));
        vec![
            t!("sent, each time: {sent} bytes", "每次都发：{sent} 字节"),
            t!("UDP, client to server, each recvfrom: {to_server}", "UDP，客户端到服务器，每次 recvfrom：{to_server}"),
            t!("UDP, server to client, each recvfrom: {to_client}", "UDP，服务器到客户端，每次 recvfrom：{to_client}"),
            t!("TCP, each recv: {stream}", "TCP，每次 recv：{stream}"),
        ]
    }

    fn answer(&self) -> Option<usize> {
        match (self.there.len(), self.tcp.len()) {
            _ if self.there.contains(&Got::Nothing) => None,
            (3, 3) => Some(0),
            (3, 1) => Some(1),
            _ => None,
        }
    }

    fn verdict(&self) -> Verdict {
        let Self { sent, there, back, tcp } = self;
        let (all, streamed) = (sent.iter().sum::<usize>(), lengths(tcp).iter().sum::<usize>());
        if [there, back].into_iter().flatten().any(|got| *got == Got::Nothing) || streamed < all {
            return Verdict::not_arrived();
        }
        if streamed > all {
            return Verdict::contradicted(t!("more came than was sent", "收到的比发出的还多"));
        }
        if lengths(there) == sent && lengths(back) == sent {
            return Verdict::as_taught(t!(
                "UDP keeps message boundaries in both directions, as far as nothing is lost; TCP does not",
                "只要没有丢失，UDP 在两个方向上都保留消息边界；TCP 不保留"
            ));
        }
        Verdict::different(t!(
            "they pair, but what does not fit the buffer is missing from the pair",
            "次数是对应的，但缓冲区装不下的部分没了"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiments::Kind;

    #[test]
    fn a_small_buffer_cuts_what_it_pairs_with() {
        let saw = |world: World| world.run(&Stage::silent()).unwrap();
        let usual = saw(World::default());
        assert_eq!((usual.verdict().kind, usual.answer()), (Kind::AsTaught, Some(1)));
        assert_eq!(saw(World { buffer: 1000 }).verdict().kind, Kind::Different);
        let lost = Saw { there: vec![Got::Nothing], ..saw(World::default()) };
        assert_eq!((lost.verdict().kind, lost.answer()), (Kind::CannotShow, None));
        assert_eq!(Saw { tcp: Vec::new(), ..lost }.verdict().kind, Kind::CannotShow);
        let impossible = Saw { tcp: vec![Got::Bytes(vec![b'x'; 1902])], ..usual };
        assert_eq!(impossible.verdict().kind, Kind::Contradicted);
    }
}
