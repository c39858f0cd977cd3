//! One UDP socket serves many clients, and TCP takes one socket each? Yes: recvfrom names the sender, accept makes a
//! socket.

use std::io;

use serde::Serialize;

use super::{Experiment, Findings, Judge, Question, Verdict};
use crate::stage::{Side, Stage, accept, recv, recv_from, recv_from_briefly, send};
use socket_demos::t;

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "many-clients",
    claim: || {
        t!(
            "one UDP socket serves many clients; TCP takes a socket for each",
            "一个 UDP 套接字服务多个客户端；TCP 每个客户端一个套接字"
        )
    },
    keywords: "many clients 多个客户端 并发 concurrent recvfrom sendto accept socketserver 一对多",
    question: || Question {
        asked: t!(
            "Five clients talk to a UDP server and five to a TCP server. How many sockets do the two servers have?",
            "五个客户端找 UDP 服务器，五个找 TCP 服务器。两个服务器各有几个套接字？"
        ),
        answers: vec![
            t!("UDP 1, TCP 5", "UDP 1 个，TCP 5 个"),
            t!("UDP 1, TCP 6", "UDP 1 个，TCP 6 个"),
            t!("UDP 5, TCP 6", "UDP 5 个，TCP 6 个"),
        ],
    },
    source: "udp(7), recvfrom(2), accept(2)",
    run: |stage| World::default().run(stage).map(Findings::of),
};

struct World {
    clients: usize,
    /// Whether the UDP server's socket calls `connect` for its first client.
    connects: bool,
}

impl Default for World {
    fn default() -> Self {
        Self { clients: 5, connects: false }
    }
}

#[derive(Serialize)]
struct Saw {
    clients: usize,
    /// Whether the UDP server's socket called `connect`.
    connected: bool,
    /// How many clients got their own answer from the one UDP socket.
    udp_answered: usize,
    /// The same over TCP.
    tcp_answered: usize,
    /// How many sockets the TCP server has, the listening one included.
    tcp_sockets: usize,
}

impl World {
    fn run(&self, stage: &Stage) -> io::Result<Saw> {
        let (tcp_answered, tcp_sockets) = self.over_tcp(stage)?;
        let (clients, connected) = (self.clients, self.connects);
        Ok(Saw { clients, connected, udp_answered: self.over_udp(stage)?, tcp_answered, tcp_sockets })
    }

    fn over_udp(&self, stage: &Stage) -> io::Result<usize> {
        let server = stage.udp(Side::Server)?;
        let clients = (0..self.clients).map(|_| stage.udp(Side::Client)).collect::<io::Result<Vec<_>>>()?;
        if self.connects {
            server.connect(clients[0].local_addr()?)?;
        }
        for client in &clients {
            client.send_to(b"who am I?", server.local_addr()?)?;
        }
        let recv_from = if self.connects { recv_from_briefly } else { recv_from };
        // Whom to answer is in what recvfrom returns.
        let callers: Vec<_> = clients.iter().map_while(|_| recv_from(&server, 1024).1).collect();
        for client in &callers {
            let address = client.to_string();
            let sent = if self.connects {
                server.send(address.as_bytes())
            } else {
                server.send_to(address.as_bytes(), *client)
            };
            sent?;
        }
        let mut answered = 0;
        for client in &clients {
            let own = client.local_addr()?;
            // Who was not heard waits for ever.
            answered += usize::from(callers.contains(&own) && recv_from(client, 1024).0.text() == own.to_string());
        }
        Ok(answered)
    }

    fn over_tcp(&self, stage: &Stage) -> io::Result<(usize, usize)> {
        let listener = stage.listen(128)?;
        let address = listener.local_addr()?;
        // One by one: a kernel with a small somaxconn has no room for all of them before accept.
        let pair = |_| Ok((stage.connect(address)?, accept(&listener)?));
        let (clients, sockets): (Vec<_>, Vec<_>) =
            (0..self.clients).map(pair).collect::<io::Result<Vec<_>>>()?.into_iter().unzip();
        for socket in &sockets {
            send(socket, socket.get_ref().peer_addr()?.to_string().as_bytes())?;
        }
        let mut answered = 0;
        for client in &clients {
            let own = client.get_ref().local_addr()?.to_string();
            answered += usize::from(recv(client, 1024).text() == own);
        }
        Ok((answered, 1 + sockets.len()))
    }
}

impl Judge for Saw {
    fn observations(&self) -> Vec<String> {
        let Self { clients, udp_answered, tcp_answered, tcp_sockets, .. } = self;
        vec![
            t!(
                "UDP, one socket: {udp_answered} of {clients} clients got their own answer",
                "UDP，一个套接字：{clients} 个客户端里 {udp_answered} 个收到了给自己的回复"
            ),
            t!(
                "TCP, {tcp_sockets} sockets (one listens): {tcp_answered} of {clients} clients got theirs",
                "TCP，{tcp_sockets} 个套接字（其中一个在监听）：{clients} 个客户端里 {tcp_answered} 个收到了"
            ),
        ]
    }

    fn answer(&self) -> Option<usize> {
        match (self.udp_answered == self.clients, self.tcp_sockets) {
            (true, 5) => Some(0),
            (true, 6) => Some(1),
            _ => None,
        }
    }

    fn verdict(&self) -> Verdict {
        let Self { clients, connected, udp_answered, tcp_answered, tcp_sockets } = self;
        if tcp_answered < clients || udp_answered < clients && !connected {
            return Verdict::not_arrived();
        }
        if tcp_answered > clients || *tcp_sockets != 1 + clients {
            return Verdict::contradicted(t!(
                "there are not as many sockets as connections and a listener",
                "套接字数不等于连接数加上监听的那个"
            ));
        }
        if udp_answered == clients {
            return Verdict::as_taught(t!(
                "recvfrom names the sender of each datagram, so one socket is enough; accept makes a socket for each connection, besides the one that listens",
                "recvfrom 会给出每个数据报的发送者，一个套接字就够；accept 为每个连接新建一个套接字，监听的那个另算"
            ));
        }
        Verdict::different(t!(
            "a UDP socket that is connected to one client hears no other",
            "UDP 套接字 connect 到一个客户端以后，就收不到别的客户端的数据了"
        ))
    }
}

#[cfg(all(test, any(target_os = "linux", windows)))]
mod tests {
    use super::*;
    use crate::experiments::Kind;

    #[test]
    fn a_connected_udp_socket_serves_one() {
        let saw = |world: World| world.run(&Stage::silent()).unwrap();
        let usual = saw(World::default());
        assert_eq!((usual.verdict().kind, usual.answer()), (Kind::AsTaught, Some(1)));
        assert_eq!(saw(World { connects: true, ..World::default() }).verdict().kind, Kind::Different);
        let lost = Saw { udp_answered: 0, ..saw(World::default()) };
        assert_eq!((lost.verdict().kind, lost.answer()), (Kind::CannotShow, None));
        let impossible = Saw { tcp_sockets: 5, ..usual };
        assert_eq!(impossible.verdict().kind, Kind::Contradicted);
    }
}
