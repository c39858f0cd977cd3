//! TCP sticks packets together (粘包)? It is a byte stream and has no packets.

use std::io;
use std::thread;
use std::time::Duration;

use serde::Serialize;

use super::{Experiment, Findings, Judge, Question, Verdict};
use crate::outcome::Got;
use crate::stage::{Side, Stage, arrived, recv, recv_from, send};
use socket_demos::t;

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "sticky",
    claim: || t!("TCP sticks packets together", "TCP 会粘包"),
    keywords: "粘包 黏包 sticky packets byte stream 字节流 消息边界 message boundary Nagle TCP_NODELAY recv",
    question: || Question {
        asked: t!(
            "A client sends a, b and c over TCP. The server calls recv(1024) once all have arrived. What does it get?",
            "客户端用 TCP 先后发送 a、b、c，都到了以后，服务器调用一次 recv(1024)，得到什么？"
        ),
        answers: vec![t!("\"a\"", "“a”"), t!("\"abc\"", "“abc”")],
    },
    source: "tcp(7); RFC 9293 §2.2, §3.7.4",
    run: |stage| World::default().run(stage).map(Findings::of),
};

const PIECES: [&[u8]; 3] = [b"a", b"b", b"c"];

struct World {
    /// The time between two sends with TCP_NODELAY. Time is the experiment here.
    pause: Duration,
    /// Whether the server reads when all has arrived, or after each send.
    reads_late: bool,
}

impl Default for World {
    fn default() -> Self {
        Self { pause: Duration::from_millis(20), reads_late: true }
    }
}

#[derive(Serialize)]
struct Saw {
    /// What each `recv` gave, the three sent one right behind the other.
    at_once: Vec<String>,
    /// The same with TCP_NODELAY and pauses.
    without_delay: Vec<String>,
    pause_milliseconds: u128,
    /// The same to a reader that takes each piece as it comes.
    kept_up: Vec<String>,
    /// What each `recvfrom` gave over UDP.
    datagrams: Vec<String>,
}

impl World {
    fn run(&self, stage: &Stage) -> io::Result<Saw> {
        Ok(Saw {
            at_once: Self::over_tcp(stage, None, self.reads_late)?,
            without_delay: Self::over_tcp(stage, Some(self.pause), self.reads_late)?,
            kept_up: Self::over_tcp(stage, Some(self.pause), false)?,
            pause_milliseconds: self.pause.as_millis(),
            datagrams: over_udp(stage)?,
        })
    }

    fn over_tcp(stage: &Stage, pause: Option<Duration>, reads_late: bool) -> io::Result<Vec<String>> {
        let (client, server) = stage.pair()?;
        let mut read = Vec::new();
        if pause.is_some() {
            client.set_nodelay()?;
        }
        for piece in PIECES {
            send(&client, piece)?;
            thread::sleep(pause.unwrap_or_default());
            if !reads_late {
                read.push(recv(&server, 1024).text());
            }
        }
        if reads_late && arrived(&server, PIECES.len()) {
            read.push(recv(&server, 1024).text());
        }
        Ok(read)
    }
}

fn over_udp(stage: &Stage) -> io::Result<Vec<String>> {
    let (server, client) = (stage.udp(Side::Server)?, stage.udp(Side::Client)?);
    for piece in PIECES {
        client.send_to(piece, server.local_addr()?)?;
    }
    let read = PIECES.iter().map(|_| recv_from(&server, 1024).0);
    Ok(read.take_while(|got| *got != Got::Nothing).map(|got| got.text()).collect())
}

impl Judge for Saw {
    fn observations(&self) -> Vec<String> {
        let Self { at_once, without_delay, pause_milliseconds, kept_up, datagrams } = self;
        vec![
            t!("TCP, three sends: recv gave {at_once:?}", "TCP，三次 send：recv 得到 {at_once:?}"),
            t!(
                "TCP with TCP_NODELAY, {pause_milliseconds} ms between the sends: recv gave {without_delay:?}",
                "TCP，设了 TCP_NODELAY，每次 send 之间隔 {pause_milliseconds} 毫秒：recv 得到 {without_delay:?}"
            ),
            t!(
                "the same, to a reader that calls recv after each send: it gave {kept_up:?}",
                "同样，但每次 send 之后就 recv：得到 {kept_up:?}"
            ),
            t!("UDP, three sendto: recvfrom gave {datagrams:?}", "UDP，三次 sendto：recvfrom 得到 {datagrams:?}"),
        ]
    }

    fn answer(&self) -> Option<usize> {
        let first = self.at_once.first().filter(|first| !first.is_empty())?;
        Some(usize::from(first == "abc"))
    }

    fn verdict(&self) -> Verdict {
        let Self { at_once, without_delay, kept_up, datagrams, .. } = self;
        let streams = [at_once.concat(), without_delay.concat(), kept_up.concat()];
        if streams.iter().any(|stream| stream != "abc" && "abc".starts_with(stream)) {
            return Verdict::not_arrived();
        }
        if streams != ["abc"; 3] || datagrams.iter().any(|datagram| datagram.len() != 1) {
            return Verdict::contradicted(t!(
                "bytes came in another order, or two datagrams as one",
                "字节顺序变了，或者两个数据报合成了一个"
            ));
        }
        if at_once == &["abc"] && without_delay == &["abc"] {
            return Verdict::partly(t!(
                "what stuck were no packets, there are none: TCP is a byte stream without message boundaries, and recv takes what has arrived; TCP_NODELAY and pauses are unreliable, since they help only while the reader keeps up; boundaries of your own always do",
                "数据确实连在了一起，不过 TCP 里并没有“包”可粘：它是字节流，没有消息边界，recv 有多少取多少；TCP_NODELAY 和停顿都靠不住，读得及时才有用；消息边界只能自己约定"
            ));
        }
        Verdict::different(t!(
            "a reader that keeps up gets the pieces one by one: how many come together depends on when it reads",
            "读得及时，就一次收到一段：会不会连在一起、连几段，取决于什么时候读"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiments::Kind;

    #[test]
    fn a_reader_that_keeps_up_finds_nothing_stuck() {
        let saw = |world: World| world.run(&Stage::silent()).unwrap();
        let usual = saw(World::default());
        assert_eq!((usual.verdict().kind, usual.answer()), (Kind::Partly, Some(1)));
        assert!(usual.kept_up == ["a", "b", "c"] && usual.verdict().why.contains("unreliable"), "{:?}", usual.kept_up);
        assert_eq!(saw(World { reads_late: false, ..World::default() }).verdict().kind, Kind::Different);
        let lost = Saw { datagrams: Vec::new(), ..saw(World::default()) };
        assert_eq!(lost.verdict().kind, Kind::Partly);
        let silent = Saw { at_once: vec![String::new()], ..saw(World::default()) };
        assert_eq!((silent.verdict().kind, silent.answer()), (Kind::CannotShow, None));
        let impossible = Saw { datagrams: vec!["ab".into(), "c".into()], ..usual };
        assert_eq!(impossible.verdict().kind, Kind::Contradicted);
    }
}
