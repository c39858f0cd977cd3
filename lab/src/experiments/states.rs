//! Three-way handshake (三次握手) and four-way close (四次挥手), as the states of both ends between the calls.

use std::io;
use std::net::SocketAddr;

use serde::Serialize;

use super::{Experiment, Findings, Judge, Question, Verdict};
use crate::stage::{Side, Stage, accept, until};
use socket_demos::net::ports::{State, tcp_state};
use socket_demos::t;

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "states",
    claim: || {
        t!(
            "three-way handshake, four-way close, and whoever closes first waits in TIME_WAIT",
            "建立连接三次握手，断开连接四次挥手，先关闭的一方进入 TIME_WAIT"
        )
    },
    keywords: "TCP states 状态 三次握手 四次挥手 LISTEN ESTABLISHED FIN_WAIT_1 FIN_WAIT1 FIN_WAIT_2 FIN_WAIT2 SYN_RCVD SYN_RECV CLOSE_WAIT LAST_ACK TIME_WAIT \
               SYN_SENT netstat ss RST SO_LINGER",
    question: || Question {
        asked: t!(
            "The client has closed its socket, the server has not yet. In which states are the two ends?",
            "客户端已经 close，服务器还没有。两端各处于什么状态？"
        ),
        answers: vec![
            t!("client TIME_WAIT, server CLOSE_WAIT", "客户端 TIME_WAIT，服务器 CLOSE_WAIT"),
            t!("client FIN_WAIT_2, server CLOSE_WAIT", "客户端 FIN_WAIT_2，服务器 CLOSE_WAIT"),
            t!("client FIN_WAIT_2, server ESTABLISHED", "客户端 FIN_WAIT_2，服务器 ESTABLISHED"),
        ],
    },
    source: "RFC 9293 §3.3.2, §3.5, §3.6; proc(5)",
    run: |stage| World::default().run(stage).map(Findings::of),
};

struct World {
    closes_first: Side,
    /// Whether the first `close` is a reset instead of a farewell (SO_LINGER 0).
    resets: bool,
}

impl Default for World {
    fn default() -> Self {
        Self { closes_first: Side::Client, resets: false }
    }
}

/// The states of the two ends, that of the side that closes first in front; none where there is no socket.
type Ends = [Option<State>; 2];

#[derive(Serialize)]
struct Saw {
    closes_first: &'static str,
    before_accept: Ends,
    after_accept: Ends,
    after_first_close: Ends,
    after_second_close: Ends,
}

impl World {
    fn run(&self, stage: &Stage) -> io::Result<Saw> {
        let listener = stage.listen(5)?;
        let client = stage.connect(listener.local_addr()?)?;
        let (calling, listening) = (client.get_ref().local_addr()?, listener.local_addr()?);
        let client_first = self.closes_first == Side::Client;
        let addresses = if client_first { [calling, listening] } else { [listening, calling] };
        let sides = if client_first { [Side::Client, Side::Server] } else { [Side::Server, Side::Client] };
        let look = || look(addresses).inspect(|seen| show(stage, sides, addresses, *seen));
        let before_accept = look()?;
        let server = accept(&listener)?;
        let after_accept = look()?;
        let (first, second) = if client_first { (client, server) } else { (server, client) };
        if self.resets {
            first.set_no_linger()?;
        }
        first.close();
        let after_first_close = look()?;
        second.close();
        let after_second_close = look()?;
        let closes_first = if client_first { "client" } else { "server" };
        Ok(Saw { closes_first, before_accept, after_accept, after_first_close, after_second_close })
    }
}

/// The states of the sockets with these addresses, once nothing is under way between them any more.
fn look([first, second]: [SocketAddr; 2]) -> io::Result<Ends> {
    let mut seen = [None, None];
    let settled = until(|| {
        seen = match (tcp_state(first, second), tcp_state(second, first)) {
            (Ok(first), Ok(second)) => [first, second],
            (Err(error), _) | (_, Err(error)) => return Some(Err(error)),
        };
        is_settled(seen).then_some(Ok(()))
    });
    settled.unwrap_or(Ok(())).map(|()| seen)
}

/// What was seen is what the picture shows.
fn show(stage: &Stage, sides: [Side; 2], [first, second]: [SocketAddr; 2], seen: Ends) {
    stage.saw_state(sides[0], (first, second), seen[0]);
    stage.saw_state(sides[1], (second, first), seen[1]);
}

/// Whether no segment is on its way that would change a state.
fn is_settled(ends: Ends) -> bool {
    use State::{Closing, Established, FinWait1, LastAck, NewSynRecv, SynRecv, SynSent};
    let moving = |state| matches!(state, SynSent | SynRecv | NewSynRecv | FinWait1 | LastAck | Closing);
    let one_sided = ends.contains(&None) && ends.contains(&Some(Established));
    !one_sided && !ends.into_iter().flatten().any(moving)
}

fn shown(ends: Ends) -> String {
    let [first, second] =
        ends.map(|state| state.map_or_else(|| t!("CLOSED (gone)", "CLOSED（已不存在）"), |state| state.to_string()));
    t!("{first} and {second}", "{first} 和 {second}")
}

impl Judge for Saw {
    fn observations(&self) -> Vec<String> {
        let Self { closes_first, before_accept, after_accept, after_first_close, after_second_close } = self;
        let side = Side::shown(closes_first);
        let [early, open, half, closed] =
            [*before_accept, *after_accept, *after_first_close, *after_second_close].map(shown);
        vec![
            t!("the {side}, which closes first, and the other side:", "先关闭的一方（{side}）和另一方："),
            t!("before accept: {early}", "accept 之前：{early}"),
            t!("after accept: {open}", "accept 之后：{open}"),
            t!("after the first close: {half}", "第一个 close 之后：{half}"),
            t!("after the second close: {closed}", "第二个 close 之后：{closed}"),
        ]
    }

    fn answer(&self) -> Option<usize> {
        match self.after_first_close {
            [Some(State::TimeWait), Some(State::CloseWait)] => Some(0),
            [Some(State::FinWait2), Some(State::CloseWait)] => Some(1),
            [Some(State::FinWait2), Some(State::Established)] => Some(2),
            _ => None,
        }
    }

    fn verdict(&self) -> Verdict {
        let Self { before_accept, after_accept, after_first_close, after_second_close, .. } = *self;
        if ![before_accept, after_accept, after_first_close, after_second_close].into_iter().all(is_settled) {
            return Verdict::cannot_show(t!(
                "the states did not settle in time: segments were lost, or the machine was too busy",
                "状态没能及时稳定下来：有报文段丢了，或者机器太忙"
            ));
        }
        let open = [Some(State::Established); 2];
        let half_closed = [Some(State::FinWait2), Some(State::CloseWait)];
        if [self.before_accept, self.after_accept] != [open, open] {
            return Verdict::contradicted(t!("the two ends are not both ESTABLISHED", "两端没有都进入 ESTABLISHED"));
        }
        match (self.after_first_close, self.after_second_close) {
            (half, [Some(State::TimeWait), None]) if half == half_closed => Verdict::as_taught(t!(
                "and both ends are ESTABLISHED before accept; on the wire the four are often three, since an ACK can travel with a FIN",
                "而且 accept 之前两端就已经 ESTABLISHED；线上的“四次”常常只有三个报文段，因为 ACK 可以和 FIN 合在一起"
            )),
            // A viewer who steps through may take longer than the kernel keeps an end that no process holds.
            (half, [None, None]) if half == half_closed => Verdict::different(t!(
                "at the second close FIN_WAIT_2 had been given up (net.ipv4.tcp_fin_timeout), or TIME_WAIT had no room (net.ipv4.tcp_max_tw_buckets)",
                "第二个 close 时，FIN_WAIT_2 已经被内核放弃（net.ipv4.tcp_fin_timeout），或者 TIME_WAIT 没有位置（net.ipv4.tcp_max_tw_buckets）"
            )),
            ([None, Some(State::CloseWait)], [None, None]) => Verdict::cannot_show(t!(
                "the kernel did not keep the end that closed first, as where net.ipv4.tcp_max_tw_buckets is 0",
                "内核没有保留先关闭的一端，net.ipv4.tcp_max_tw_buckets 是 0 时就会这样"
            )),
            ([None, None], [None, None]) => Verdict::different(t!(
                "a reset (RST) ends both sides at once: no farewell, no TIME_WAIT",
                "重置（RST）让两端立刻结束：没有四次挥手，也没有 TIME_WAIT"
            )),
            _ => Verdict::contradicted(t!("these are not the states of RFC 9293", "这些状态与 RFC 9293 不符")),
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use crate::experiments::Kind;

    #[test]
    fn time_wait_is_with_whoever_closes_first_and_a_reset_leaves_none() {
        let saw = |world: World| world.run(&Stage::silent()).unwrap();
        let usual = saw(World::default());
        assert_eq!((usual.verdict().kind, usual.answer()), (Kind::AsTaught, Some(1)));
        let server_first = saw(World { closes_first: Side::Server, ..World::default() });
        assert_eq!(server_first.verdict().kind, Kind::AsTaught);
        assert!(server_first.observations()[0].contains("the server"), "{:?}", server_first.observations());
        assert_eq!(saw(World { resets: true, ..World::default() }).verdict().kind, Kind::Different);
        let given_up = Saw { after_second_close: [None, None], ..usual };
        assert_eq!(given_up.verdict().kind, Kind::Different);
        let no_room = Saw { after_first_close: [None, Some(State::CloseWait)], ..saw(World::default()) };
        let no_room = Saw { after_second_close: [None, None], ..no_room };
        assert_eq!(no_room.verdict().kind, Kind::CannotShow);
        let starved =
            Saw { after_first_close: [Some(State::FinWait1), Some(State::CloseWait)], ..saw(World::default()) };
        assert_eq!(starved.verdict().kind, Kind::CannotShow);
        let impossible = Saw { before_accept: [Some(State::CloseWait), Some(State::Established)], ..given_up };
        assert_eq!(impossible.verdict().kind, Kind::Contradicted);
    }
}
