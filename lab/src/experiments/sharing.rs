//! SO_REUSEADDR lets two servers share a port? Not two TCP listeners; of two UDP sockets the second takes everything.

use std::io;

use serde::Serialize;

use super::{Experiment, Findings, Judge, Question, Verdict};
use crate::outcome::{Got, Went};
use crate::stage::{Side, Stage, recv_from_briefly, until};
use socket_demos::net::{Socket, UdpSocket};
use socket_demos::t;

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "sharing",
    claim: || t!("SO_REUSEADDR lets two servers share a port", "设了 SO_REUSEADDR，两个服务器就能共用一个端口"),
    keywords: "SO_REUSEADDR SO_REUSEPORT SO_EXCLUSIVEADDRUSE EADDRINUSE 98 10048 端口复用 共用端口 端口被占用 劫持 hijack",
    question: || Question {
        asked: t!(
            "Two UDP sockets with SO_REUSEADDR are bound to one address. Who receives the datagrams?",
            "两个设了 SO_REUSEADDR 的 UDP 套接字绑定同一个地址。数据报由谁收？"
        ),
        answers: vec![
            t!("the first", "先绑定的"),
            t!("the second", "后绑定的"),
            t!("each some", "各收一部分"),
            t!("nobody: the second bind fails", "没有：第二个 bind 失败"),
        ],
    },
    source: "socket(7), ip(7)",
    run: |stage| World::default().run(stage).map(Findings::of),
};

/// How many datagrams are sent.
const DATAGRAMS: usize = 3;

struct World {
    /// What both sockets set before `bind`.
    option: ShareOption,
}

#[derive(Clone, Copy, PartialEq)]
enum ShareOption {
    ReuseAddress,
    /// Not on Windows.
    ReusePort,
}

impl Default for World {
    fn default() -> Self {
        Self { option: ShareOption::ReuseAddress }
    }
}

#[derive(Serialize)]
struct Saw {
    option: &'static str,
    /// Whether a second TCP listener could be had.
    tcp_second: Went,
    /// The same with SO_REUSEPORT; `None` where there is no such option.
    tcp_second_with_reuse_port: Option<Went>,
    /// The same for a second UDP socket.
    udp_second: Went,
    /// How many datagrams each UDP socket received.
    received: [usize; 2],
}

impl World {
    fn run(&self, stage: &Stage) -> io::Result<Saw> {
        let tcp_second = two_listeners(stage, self.option)?;
        let with_reuse_port = cfg!(unix).then(|| two_listeners(stage, ShareOption::ReusePort)).transpose()?;
        let (udp_second, received) = two_receivers(stage, self.option)?;
        let option = self.option.name();
        Ok(Saw { option, tcp_second, tcp_second_with_reuse_port: with_reuse_port, udp_second, received })
    }
}

impl ShareOption {
    fn set_on(self, socket: &Socket) -> io::Result<()> {
        match self {
            Self::ReuseAddress => socket.set_shared_address(),
            Self::ReusePort => socket.set_shared_port(),
        }
    }

    fn name(self) -> &'static str {
        if self == Self::ReuseAddress { "SO_REUSEADDR" } else { "SO_REUSEPORT" }
    }
}

/// Whether the second of two listeners at one address could be had.
fn two_listeners(stage: &Stage, option: ShareOption) -> io::Result<Went> {
    let first = stage.tcp(Side::Server)?;
    option.set_on(&first)?;
    // SO_REUSEPORT does not pass over what an earlier run has left in TIME_WAIT, so it has a port of its own.
    let side = if option == ShareOption::ReuseAddress { Side::Server } else { Side::Client };
    first.bind(stage.address(side))?;
    let first = first.listen(5)?;
    let second = stage.tcp(Side::Server)?;
    option.set_on(&second)?;
    let second = second.bind(first.local_addr()?).and_then(|()| second.listen(5));
    Ok(Went::of(&second))
}

/// Whether the second of two UDP sockets at one address could be had, and how many datagrams each of them received.
fn two_receivers(stage: &Stage, option: ShareOption) -> io::Result<(Went, [usize; 2])> {
    let (first, second) = (stage.udp_socket(Side::Server)?, stage.udp_socket(Side::Server)?);
    option.set_on(&first)?;
    option.set_on(&second)?;
    first.bind(stage.address(Side::Server))?;
    let address = first.local_addr()?;
    let bound = second.bind(address);
    let client = stage.udp(Side::Client)?;
    for _ in 0..DATAGRAMS {
        client.send_to(b"for whom?", address)?;
    }
    let mut sockets = vec![first.datagrams()?];
    if bound.is_ok() {
        sockets.push(second.datagrams()?);
    }
    Ok((Went::of(&bound), share(&sockets)))
}

/// How many datagrams each of the sockets has. The last comes first, since it is the one that has any.
fn share(sockets: &[UdpSocket]) -> [usize; 2] {
    let mut received = [0; 2];
    until(|| {
        for (index, socket) in sockets.iter().enumerate().rev() {
            while received.iter().sum::<usize>() < DATAGRAMS && matches!(recv_from_briefly(socket, 64).0, Got::Bytes(_))
            {
                received[index] += 1;
            }
        }
        (received.iter().sum::<usize>() == DATAGRAMS).then_some(())
    });
    received
}

impl Saw {
    /// Who received over UDP.
    fn who_receives(&self) -> String {
        match self.answer() {
            Some(0) => t!("the socket bound first takes the datagrams", "先绑定的把数据报全收走"),
            Some(1) => t!("the socket bound last takes the datagrams", "后绑定的把数据报全收走"),
            Some(2) => t!("each socket takes some of the datagrams", "两个各收一部分数据报"),
            _ => t!("the second bind is refused too", "第二个 bind 也被拒绝"),
        }
    }
}

impl Judge for Saw {
    fn observations(&self) -> Vec<String> {
        let Self { option, tcp_second, tcp_second_with_reuse_port, udp_second, received: [first, second] } = self;
        let mut observations = vec![
            t!(
                "TCP with {option}, the second listener: {tcp_second}",
                "TCP 设 {option}，第二个监听套接字：{tcp_second}"
            ),
            t!("UDP with {option}, the second bind: {udp_second}", "UDP 设 {option}，第二个 bind：{udp_second}"),
            t!(
                "of {DATAGRAMS} datagrams the first UDP socket received {first}, the second {second}",
                "{DATAGRAMS} 个数据报里，先绑定的 UDP 套接字收到 {first} 个，后绑定的收到 {second} 个"
            ),
        ];
        if let Some(tcp) = tcp_second_with_reuse_port {
            observations.push(t!(
                "TCP with SO_REUSEPORT, the second listener: {tcp}",
                "TCP 设 SO_REUSEPORT，第二个监听套接字：{tcp}"
            ));
        }
        observations
    }

    fn answer(&self) -> Option<usize> {
        match (&self.udp_second, self.received) {
            (Went::Wrong(_), _) => Some(3),
            (Went::Well, [0, 0]) => None,
            (Went::Well, [_, 0]) => Some(0),
            (Went::Well, [0, _]) => Some(1),
            (Went::Well, _) => Some(2),
        }
    }

    fn verdict(&self) -> Verdict {
        if self.received == [0, 0] {
            return Verdict::cannot_show(t!(
                "no datagram arrived at all, so it is not to be seen who would have it",
                "一个数据报也没收到，看不出会由谁收"
            ));
        }
        if self.received.iter().sum::<usize>() < DATAGRAMS {
            return Verdict::not_arrived();
        }
        if self.received.iter().sum::<usize>() > DATAGRAMS {
            return Verdict::contradicted(t!("more datagrams came than were sent", "收到的数据报比发出的还多"));
        }
        let second = &self.tcp_second;
        if second.failed() && !["ADDRINUSE", "ACCES"].iter().any(|name| second.failed_with(name)) {
            return Verdict::cannot_show(t!(
                "the second TCP listener failed for another reason: {second}",
                "第二个 TCP 监听套接字失败是因为别的：{second}"
            ));
        }
        if self.tcp_second.failed() {
            let udp = self.who_receives();
            return Verdict::different(t!(
                "a second TCP listener is refused, and with UDP {udp}; the option lets bind pass over TIME_WAIT, and sharing is what SO_REUSEPORT is for (on Windows SO_REUSEADDR lets anybody take the port over: set SO_EXCLUSIVEADDRUSE there)",
                "第二个 TCP 监听套接字会被拒绝；UDP 则是{udp}；这个选项是让 bind 不受 TIME_WAIT 影响的，要共用端口得用 SO_REUSEPORT（在 Windows 上，SO_REUSEADDR 会让别人抢走端口，应该设 SO_EXCLUSIVEADDRUSE）"
            ));
        }
        let option = self.option;
        Verdict::as_taught(t!("with {option} both listen", "设了 {option}，两个都在监听"))
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use crate::experiments::Kind;

    #[test]
    fn the_option_that_is_meant_for_sharing_shares() {
        let saw = |world: World| world.run(&Stage::silent()).unwrap();
        let usual = saw(World::default());
        assert_eq!((usual.verdict().kind, usual.answer()), (Kind::Different, Some(1)));
        assert_eq!(saw(World { option: ShareOption::ReusePort }).verdict().kind, Kind::AsTaught);
        let first = Saw { received: [DATAGRAMS, 0], ..saw(World::default()) };
        assert!(first.verdict().why.contains("bound first takes"), "{}", first.verdict().why);
        let none = Saw { received: [0, 0], ..saw(World::default()) };
        assert_eq!((none.verdict().kind, none.answer()), (Kind::CannotShow, None));
        let no_memory = Saw { tcp_second: Went::Wrong("ENOBUFS 105".into()), ..saw(World::default()) };
        assert_eq!(no_memory.verdict().kind, Kind::CannotShow);
        let lost = Saw { received: [1, 1], ..saw(World::default()) };
        assert_eq!(lost.verdict().kind, Kind::CannotShow);
        let impossible = Saw { received: [DATAGRAMS, DATAGRAMS], ..usual };
        assert_eq!(impossible.verdict().kind, Kind::Contradicted);
    }
}
