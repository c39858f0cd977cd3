//! UDP loses only on the wide network? A reader that does not keep up loses on loopback too; TCP makes the sender wait.

use std::io::{self, ErrorKind};
use std::net::Shutdown;

use serde::Serialize;

use super::{Experiment, Findings, Judge, Question, Verdict};
use crate::figure::Figure;
use crate::outcome::Got;
use crate::stage::{Side, Stage, recv, recv_from_briefly, send};
use socket_demos::t;

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "flood",
    claim: || t!("UDP loses datagrams only on a wide-area network", "UDP 只有在广域网上才会丢包"),
    keywords: "flood loss packet loss 丢包 丢数据 缓冲区 rmem SO_RCVBUF flow control 流量控制 滑动窗口 EAGAIN 11 10035 RcvbufErrors",
    question: || Question {
        asked: t!(
            "2000 datagrams of 500 bytes go to a reader on the same machine that sleeps meanwhile. How many does it find?",
            "在同一台机器上发 2000 个 500 字节的数据报，接收方这时正在 sleep。它醒来能收到多少？"
        ),
        answers: vec![
            t!("all 2000", "全部 2000 个"),
            t!(
                "a few hundred at most, and sendto reports the others as failed",
                "只有几百个甚至更少，其余的 sendto 都报错"
            ),
            t!("a few hundred at most, though every sendto succeeded", "只有几百个甚至更少，可 sendto 全都成功"),
        ],
    },
    source: "udp(7), socket(7); RFC 9293 §3.8.6",
    run: |stage| World::default().run(stage).map(Findings::of),
};

/// The length of a datagram in bytes.
const SIZE: usize = 500;

/// One `send` over TCP, in bytes.
const PIECE: usize = 64 * 1024;

/// One `recv` over TCP, in bytes.
const GULP: usize = 1024 * 1024;

struct World {
    /// How many datagrams are sent before the reader wakes up.
    datagrams: usize,
    /// How many bytes are sent over TCP: more than the 4 MB that Linux takes for a peer that does not read.
    stream: usize,
}

impl Default for World {
    fn default() -> Self {
        Self { datagrams: 2000, stream: 128 * PIECE }
    }
}

#[derive(Serialize)]
struct Saw {
    datagrams: usize,
    /// How many `sendto` succeeded.
    sent: usize,
    received: usize,
    /// How many of them the kernel dropped because the receive buffer was full, where it tells.
    dropped: Option<usize>,
    tcp: Stream,
}

#[derive(Default, Serialize)]
struct Stream {
    sent: usize,
    received: usize,
    /// How many bytes went before the sender had to wait for the first time, if it had to.
    before_waiting: Option<usize>,
}

impl World {
    fn run(&self, stage: &Stage) -> io::Result<Saw> {
        let (server, client) = (stage.udp(Side::Server)?, stage.udp(Side::Client)?);
        let address = server.local_addr()?;
        let sent = (0..self.datagrams).filter(|_| client.send_to(&[b'x'; SIZE], address).is_ok()).count();
        let mut received = 0;
        // The wait at the end is for what does not come.
        while matches!(recv_from_briefly(&server, SIZE).0, Got::Bytes(_)) {
            received += 1;
        }
        let dropped = drops(address.port());
        Ok(Saw { datagrams: self.datagrams, sent, received, dropped, tcp: self.over_tcp(stage)? })
    }

    /// The reader wakes up each time the sender would have to wait, and reads all that is there.
    fn over_tcp(&self, stage: &Stage) -> io::Result<Stream> {
        let (client, server) = stage.pair()?;
        client.set_nonblocking()?;
        let (mut tcp, piece) = (Stream::default(), vec![b'x'; PIECE]);
        let mut comes = true;
        while comes && tcp.sent < self.stream {
            match send(&client, &piece) {
                Ok(sent) => tcp.sent += sent,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    tcp.before_waiting.get_or_insert(tcp.sent);
                    while comes && tcp.received < tcp.sent {
                        comes = tcp.takes(&recv(&server, GULP));
                    }
                }
                Err(error) => return Err(error),
            }
        }
        client.shutdown(Shutdown::Write)?;
        while comes {
            comes = tcp.takes(&recv(&server, GULP));
        }
        Ok(tcp)
    }
}

impl Stream {
    /// Counts what came, and says whether more may come.
    fn takes(&mut self, got: &Got) -> bool {
        self.received += got.bytes().len();
        !got.bytes().is_empty()
    }
}

/// How many datagrams Linux has dropped for want of room at the socket with that port (proc(5), the last column).
fn drops(port: u16) -> Option<usize> {
    let table = std::fs::read_to_string("/proc/net/udp").ok()?;
    let own = format!(":{port:04X}");
    let line = table.lines().find(|line| line.split_whitespace().nth(1).is_some_and(|local| local.ends_with(&own)))?;
    line.split_whitespace().last()?.parse().ok()
}

impl Judge for Saw {
    fn observations(&self) -> Vec<String> {
        let Self { datagrams, sent, received, dropped, tcp: Stream { sent: bytes, received: arrived, before_waiting } } =
            self;
        let mut observations = vec![t!(
            "UDP: {sent} of {datagrams} sendto succeeded, {received} datagrams were there when the reader woke up",
            "UDP：{datagrams} 次 sendto 成功了 {sent} 次；接收方醒来时只有 {received} 个数据报"
        )];
        if let Some(dropped) = dropped {
            observations.push(t!(
                "the kernel says that it dropped {dropped} of them at the receiving socket, since its buffer was full",
                "内核的统计：接收套接字的缓冲区满了，丢了其中 {dropped} 个"
            ));
        }
        if let Some(before) = before_waiting {
            observations.push(t!(
                "TCP: after {before} bytes the sender had to wait for the reader",
                "TCP：发了 {before} 字节之后，发送方必须等接收方来读"
            ));
        }
        observations
            .push(t!("TCP: {bytes} bytes sent, {arrived} received", "TCP：发出 {bytes} 字节，收到 {arrived} 字节"));
        observations
    }

    fn figure(&self) -> Option<Figure> {
        let udp = (t!("UDP datagrams", "UDP 数据报"), self.received, self.sent);
        let tcp = (t!("TCP bytes", "TCP 字节"), self.tcp.received, self.tcp.sent);
        Some(Figure::shares(t!("How much of what was sent arrived", "发出的数据有多少收到了"), [udp, tcp]))
    }

    fn answer(&self) -> Option<usize> {
        let Self { datagrams, sent, received, .. } = self;
        if *sent == 0 || self.lost_elsewhere() {
            return None;
        }
        Some(if received == datagrams { 0 } else { 1 + usize::from(sent == datagrams) })
    }

    fn verdict(&self) -> Verdict {
        let Self { sent, received, tcp, .. } = self;
        if *sent == 0 {
            return Verdict::cannot_show(t!("no datagram could be sent", "一个数据报也没能发出去"));
        }
        if tcp.received > tcp.sent || received > sent {
            return Verdict::contradicted(t!("more came than was sent", "收到的比发出的还多"));
        }
        if tcp.received < tcp.sent {
            return Verdict::not_arrived();
        }
        if received == sent {
            return Verdict::as_taught(t!("the receive buffer took them all", "接收缓冲区全装下了"));
        }
        let lost = sent - received;
        if self.lost_elsewhere() {
            return Verdict::cannot_show(t!(
                "{lost} datagrams were lost, but not all of them at a full buffer: something else took them, a firewall for example",
                "丢了 {lost} 个，但不全是因为缓冲区满：还有别的原因，比如防火墙"
            ));
        }
        let tcp = if tcp.before_waiting.is_some() {
            t!("it made the sender wait, and lost nothing", "它让发送方等，一个字节也没丢")
        } else {
            t!(
                "it lost nothing, and here its buffers took it all without a wait",
                "一个字节也没丢，这里缓冲区够大，没有等"
            )
        };
        Verdict::different(t!(
            "{lost} datagrams were lost on loopback: the receive buffer was full, and nobody was told; TCP has flow control: {tcp}",
            "在回环地址上也丢了 {lost} 个：接收缓冲区满了，而且收发双方都没有得到通知；TCP 有流量控制：{tcp}"
        ))
    }
}

impl Saw {
    /// Whether datagrams are missing that no full buffer explains.
    fn lost_elsewhere(&self) -> bool {
        self.dropped.map_or(self.received == 0, |dropped| self.received + dropped < self.sent)
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use crate::experiments::Kind;

    #[test]
    fn what_the_buffer_takes_is_not_lost() {
        let saw = |world: World| world.run(&Stage::silent()).unwrap();
        let usual = saw(World::default());
        assert_eq!((usual.verdict().kind, usual.answer()), (Kind::Different, Some(2)));
        assert_eq!(saw(World { datagrams: 50, ..World::default() }).verdict().kind, Kind::AsTaught);
        let kept: Vec<_> = usual.figure().unwrap().bars.iter().map(|bar| bar.value).collect();
        assert!(kept[0] < 50.0 && kept[1] > 99.0, "{kept:?}");
        let filtered = Saw { received: 0, dropped: Some(0), ..saw(World::default()) };
        assert_eq!((filtered.verdict().kind, filtered.answer()), (Kind::CannotShow, None));
        let unsent = Saw { sent: 0, received: 0, dropped: Some(0), ..saw(World::default()) };
        assert_eq!(unsent.verdict().kind, Kind::CannotShow);
        let roomy = Saw { tcp: Stream::default(), ..saw(World::default()) };
        assert!(roomy.verdict().why.contains("without a wait"), "{}", roomy.verdict().why);
        let late = Saw { tcp: Stream { sent: 9, received: 8, before_waiting: None }, ..saw(World::default()) };
        assert_eq!(late.verdict().kind, Kind::CannotShow);
        let impossible = Saw { received: 2001, ..usual };
        assert_eq!(impossible.verdict().kind, Kind::Contradicted);
    }
}
