//! The segments and states that nobody saw, inferred from the calls.

use super::lay::Layout;
use super::made::Deed;
use super::rows::{Line, What};
use super::states::Unseen;
use socket_demos::net::event::Call;
use socket_demos::t;

impl Layout<'_> {
    /// The segments of a connection, as far as the outcome of `connect` tells.
    pub(super) fn connect(&mut self, call: usize) {
        let told = self.told(call);
        let made = &self.traces.calls[call];
        let (lane, socket) = (made.lane, made.socket);
        let (connected, refused) = (made.moved().is_some(), made.failed_with("ECONNREFUSED"));
        let Some(other) = self.called(call).filter(|&other| other != lane) else {
            self.row(call, told);
            if connected {
                self.state(call, socket, lane, "ESTABLISHED");
            }
            return;
        };
        // A `connect` that does not wait has sent its SYN all the same.
        let goes_on = made.failed_with("EINPROGRESS") || made.failed_with("EAGAIN");
        if made.failed_with("ETIMEDOUT") {
            self.segment(lane, other, What::Syn, &t!("SYN [SYN_SENT], no answer", "SYN [SYN_SENT]，没有回应"));
        } else if connected || refused || goes_on {
            self.segment(lane, other, What::Syn, "SYN [SYN_SENT]");
        }
        if connected {
            self.segment(other, lane, What::SynAck, "SYN, ACK [SYN_RCVD]");
            self.segment(lane, other, What::Ack, "ACK [ESTABLISHED]");
            self.state(call, socket, other, "ESTABLISHED");
        } else if refused {
            self.segment(other, lane, What::Rst, "RST, ACK");
        } else if goes_on && self.traces.sockets[socket].local.is_some_and(|own| self.traces.answered.contains(&own)) {
            self.segment(other, lane, What::SynAck, "SYN, ACK [SYN_RCVD]");
        }
        self.row(call, told);
    }

    /// The lane that a `connect` called: of the socket at its other end, or of the one that has the address. The kernel
    /// finishes a connection, and refuses one, without any call of the server.
    fn called(&self, call: usize) -> Option<usize> {
        let made = &self.traces.calls[call];
        let other = self.states.other(made.socket).map(|other| self.traces.sockets[other].lane);
        other.or_else(|| self.traces.lane_at(made.event.argument.parse().ok()?, false))
    }

    /// What the system's table showed, or that a socket listens.
    pub(super) fn shown_state(&mut self, call: usize) {
        let made = &self.traces.calls[call];
        let (socket, lane) = (made.socket, made.lane);
        if made.event.call == Call::State {
            let state = socket_demos::text::escape_line(&made.event.argument);
            self.row(call, t!("state: {state}", "状态：{state}"));
        } else if made.deed() == Some(Deed::Listens) {
            self.state(call, socket, lane, "LISTEN");
        }
    }

    /// Draws what nobody saw, before a call or behind it.
    pub(super) fn unseen(&mut self, call: usize, unseen: Vec<Unseen>) {
        let lane = |socket: usize| self.traces.sockets[socket].lane;
        for unseen in unseen {
            match unseen {
                Unseen::Segment(from, to, what, state) if lane(from) != lane(to) => {
                    let state = state.map(|state| format!(" [{state}]")).unwrap_or_default();
                    let name = match what {
                        What::Fin => "FIN",
                        What::Rst => "RST",
                        _ => "ACK",
                    };
                    self.segment(lane(from), lane(to), what, &format!("{name}{state}"));
                }
                Unseen::Segment(..) => {}
                Unseen::State(socket, state) => self.state(call, socket, lane(socket), state),
            }
        }
    }

    /// The message that nobody is where a datagram went to.
    pub(super) fn unreachable(&mut self, from: usize, to: usize) {
        self.segment(from, to, What::PortUnreachable, &t!("ICMP port unreachable", "ICMP 端口不可达"));
    }

    /// A state in a row of its own, below what made it certain, unless the system's table shows it next.
    fn state(&mut self, call: usize, socket: usize, lane: usize, state: &str) {
        if !self.is_shown_next(call, socket) {
            self.row_of(lane, format!("[{state}]"));
        }
    }

    /// Whether the next thing that is told of a connection is what the system's table showed.
    fn is_shown_next(&self, call: usize, socket: usize) -> bool {
        let both = [Some(socket), self.states.other(socket)];
        let calls = |&&later: &&usize| both.contains(&Some(self.traces.calls[later].socket));
        // Few traces have such a thing, and those are short.
        let next = || self.behind(call).iter().find(calls).map(|&next| &self.traces.calls[next].event.call);
        self.states.is_shown(socket) && next() == Some(&Call::State)
    }

    fn segment(&mut self, from: usize, to: usize, what: What, name: &str) {
        self.pass(from, to, what);
        self.arrow(from, to, name.into(), String::new(), Line::Inferred);
    }
}
