//! TCP needs the server first, and UDP tells nobody? A UDP socket that is connected does tell.

use std::io;
use std::net::SocketAddr;

use serde::Serialize;

use super::{Experiment, Findings, Judge, Question, Verdict};
use crate::outcome::{Got, Went};
use crate::stage::{Side, Stage, UNANSWERED, recv_from, recv_from_briefly};
use socket_demos::t;

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "refused",
    claim: || {
        t!(
            "TCP needs the server first; with UDP either side may start first, and neither reports an error",
            "TCP 必须先启动服务器；UDP 谁先启动都行，双方都不报错"
        )
    },
    keywords: "ECONNREFUSED 111 61 WSAECONNREFUSED 10061 10054 ConnectionRefusedError connection refused \
               积极拒绝 拒绝连接 服务器没启动 ICMP port unreachable 端口不可达",
    question: || Question {
        asked: t!(
            "A UDP socket calls connect, sends to a port where nobody is, and calls recv. What does recv do?",
            "一个 UDP 套接字先 connect，再向没人用的端口发数据，然后 recv。recv 会怎样？"
        ),
        answers: vec![t!("it waits for ever", "一直等下去"), t!("it fails: connection refused", "报错：连接被拒绝")],
    },
    source: "connect(2), udp(7); RFC 1122 §4.1.3.3; RFC 9293 §3.5.2",
    run: |stage| World::default().run(stage).map(Findings::of),
};

struct World {
    /// Whether the second UDP client calls `connect`, which the textbook's does not.
    connects: bool,
}

impl Default for World {
    fn default() -> Self {
        Self { connects: true }
    }
}

#[derive(Serialize)]
struct Saw {
    /// TCP's `connect`.
    tcp: Went,
    udp_unconnected: Got,
    udp_second: Got,
    second_was_connected: bool,
    /// What a server heard that started after a client had sent.
    late_server: Got,
    /// What that client, waiting for an answer, heard.
    early_client: Got,
}

impl World {
    fn run(&self, stage: &Stage) -> io::Result<Saw> {
        // Bound and not listening: nobody is there, and nobody else can take the port meanwhile.
        let nobody = stage.bind()?;
        let tcp = stage.tcp(Side::Client)?.connect_timeout(nobody.local_addr()?, 10 * UNANSWERED);
        let tcp = Went::of(&tcp);

        // Connected to itself it hears nobody else: as good as no socket, but nobody can take the port.
        let nobody = stage.udp(Side::Server)?;
        let address = nobody.local_addr()?;
        nobody.connect(address)?;
        let client = stage.udp(Side::Client)?;
        client.send_to(b"anybody?", address)?;
        let udp_unconnected = recv_from_briefly(&client, 1024).0;
        let udp_second = self.second(stage, address)?;

        let early = stage.udp(Side::Client)?;
        early.send_to(b"first!", address)?;
        nobody.close();
        let late = stage.udp_at(address, Side::Server)?;
        let late_server = recv_from_briefly(&late, 1024).0;
        let early_client = recv_from_briefly(&early, 1024).0;
        let second_was_connected = self.connects;
        Ok(Saw { tcp, udp_unconnected, udp_second, second_was_connected, late_server, early_client })
    }

    /// What the second client's `recv` gives after it has sent to nobody.
    fn second(&self, stage: &Stage, nobody: SocketAddr) -> io::Result<Got> {
        let client = stage.udp(Side::Client)?;
        if self.connects {
            client.connect(nobody)?;
            client.send(b"anybody?")?;
            Ok(recv_from(&client, 1024).0)
        } else {
            client.send_to(b"anybody?", nobody)?;
            Ok(recv_from_briefly(&client, 1024).0)
        }
    }
}

impl Judge for Saw {
    fn observations(&self) -> Vec<String> {
        let Self { tcp, udp_unconnected, udp_second, second_was_connected, late_server, early_client } = self;
        let second = if *second_was_connected {
            t!("connected UDP socket", "调用过 connect 的 UDP 套接字")
        } else {
            t!("another UDP socket", "另一个 UDP 套接字")
        };
        let and_so = match (late_server, early_client) {
            (Got::Nothing, Got::Nothing) => t!(": both wait for ever", "，双方会一直等下去"),
            _ => String::new(),
        };
        vec![
            t!("nobody listens, TCP's connect: {tcp}", "端口没人监听，TCP 的 connect：{tcp}"),
            t!(
                "nobody is there, unconnected UDP socket: sendto succeeded, recvfrom gave {udp_unconnected}",
                "端口没人用，没有 connect 的 UDP 套接字：sendto 成功，recvfrom：{udp_unconnected}"
            ),
            t!(
                "nobody is there, {second}: send succeeded, recv gave {udp_second}",
                "端口没人用，{second}：send 成功，recv：{udp_second}"
            ),
            t!(
                "the client first, then its server: the server heard {late_server}, the client {early_client}{and_so}",
                "客户端先启动，服务器后启动：服务器{late_server}，客户端{early_client}{and_so}"
            ),
        ]
    }

    fn answer(&self) -> Option<usize> {
        match self.udp_second {
            Got::Nothing => Some(0),
            Got::Error(_) if self.udp_second.is_refusal() => Some(1),
            _ => None,
        }
    }

    fn verdict(&self) -> Verdict {
        if !self.tcp.failed() || !self.late_server.bytes().is_empty() {
            return Verdict::contradicted(t!("somebody was where nobody is", "没人的地方却有了回应"));
        }
        if !self.tcp.failed_with("CONNREFUSED") {
            let tcp = &self.tcp;
            return Verdict::cannot_show(t!(
                "TCP was not refused (connect: {tcp}), so something other than the closed port decided, a firewall for example",
                "TCP 的 connect 不是被拒绝（{tcp}），起作用的不是没人监听的端口，而是别的，比如防火墙"
            ));
        }
        if self.second_was_connected && self.udp_second == Got::Nothing {
            return Verdict::partly(t!(
                "neither UDP socket was told anything here, but a connected one is where the answer of the closed port arrives (ICMP \"port unreachable\"): here none came, as where a firewall drops it",
                "这里两个 UDP 套接字都什么也不知道；但只要没人用的端口的回应（ICMP“端口不可达”）能到，调用过 connect 的就会报错：这里没有收到，可能被防火墙丢了"
            ));
        }
        if [&self.udp_second, &self.udp_unconnected].iter().any(|got| got.is_error() && !got.is_refusal()) {
            return Verdict::cannot_show(t!(
                "UDP failed for another reason than that nobody was there",
                "UDP 报的错与端口有没有人用无关"
            ));
        }
        if self.udp_second.is_error() || self.udp_unconnected.is_error() {
            return Verdict::different(t!(
                "the kernel of the closed port answers with ICMP \"port unreachable\", and a connected UDP socket reports it at its next call (on Windows an unconnected one too, as 10054); what was sent before the server started is gone",
                "端口没人用时，对方内核会回 ICMP“端口不可达”，调用过 connect 的 UDP 套接字在下一次调用时报错（Windows 上没 connect 的也报，错误号 10054）；服务器启动之前发的数据就没了"
            ));
        }
        Verdict::as_taught(t!(
            "neither UDP socket was told anything; what was sent before the server started is gone",
            "两个 UDP 套接字都什么也不知道；服务器启动之前发的数据就没了"
        ))
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use crate::experiments::Kind;

    #[test]
    fn only_a_connected_udp_socket_is_told() {
        let saw = |world: World| world.run(&Stage::silent()).unwrap();
        let usual = saw(World::default());
        assert_eq!((usual.verdict().kind, usual.answer()), (Kind::Different, Some(1)));
        assert_eq!(saw(World { connects: false }).verdict().kind, Kind::AsTaught);
        let silent = Saw { udp_second: Got::Nothing, ..saw(World::default()) };
        assert_eq!((silent.verdict().kind, silent.answer()), (Kind::Partly, Some(0)));
        let dropped = Saw { tcp: Went::Wrong("ETIMEDOUT 110".into()), ..saw(World::default()) };
        assert_eq!(dropped.verdict().kind, Kind::CannotShow);
        let heard = Saw { early_client: Got::Bytes(vec![1]), ..saw(World::default()) };
        assert!(!heard.observations()[3].contains("for ever"), "{:?}", heard.observations());
        let impossible = Saw { tcp: Went::Well, ..usual };
        assert_eq!(impossible.verdict().kind, Kind::Contradicted);
    }
}
