//! The segments and states that nobody saw, inferred from the calls.

use super::lay::{Layout, Line, What};
use super::states::Segment;
use socket_demos::t;

impl Layout<'_> {
    /// The state in a row of its own, below the call that made it certain.
    pub(super) fn state(&mut self, call: usize) {
        if let Some(state) = self.states.state(call) {
            self.row(call, format!("[{state}]"));
        }
    }

    /// The segments of a connection, as far as the outcome of `connect` tells.
    pub(super) fn connect(&mut self, call: usize) {
        let told = self.told(call);
        let made = &self.traces.calls[call];
        let lane = made.lane;
        let Some(other) = self.called(call).filter(|&other| other != lane) else {
            self.row(call, told);
            return self.state(call);
        };
        let (connected, refused) = (made.moved().is_some(), made.failed_with("ECONNREFUSED"));
        // A `connect` that does not wait has sent its SYN all the same.
        let goes_on = made.failed_with("EINPROGRESS") || made.failed_with("EAGAIN");
        if made.failed_with("ETIMEDOUT") {
            self.segment(lane, other, t!("SYN [SYN_SENT], no answer", "SYN [SYN_SENT]，没有回应"));
        } else if connected || refused || goes_on {
            self.segment(lane, other, "SYN [SYN_SENT]".into());
        }
        if connected {
            self.segment(other, lane, "SYN, ACK [SYN_RCVD]".into());
        } else if refused {
            self.segment(other, lane, "RST, ACK".into());
        }
        self.row(call, told);
        self.state(call);
        if connected {
            self.segment(lane, other, "ACK".into());
        }
    }

    /// The lane that a `connect` called: of the socket that was accepted, or of the one that has the address. The kernel
    /// finishes a connection, and refuses one, without any call of the server.
    fn called(&self, call: usize) -> Option<usize> {
        let made = &self.traces.calls[call];
        let accepted = self.states.other(made.socket).map(|other| self.traces.sockets[other].lane);
        accepted.or_else(|| self.traces.lane_at(made.event.argument.parse().ok()?, false))
    }

    /// The ICMP message that a UDP socket reports as a refusal.
    pub(super) fn refusal(&mut self, call: usize) {
        let made = &self.traces.calls[call];
        if !self.is_datagram(call) || !made.failed_with("ECONNREFUSED") {
            return;
        }
        let from = made.peer.and_then(|peer| self.traces.lane_at(peer, true));
        if let Some(from) = from.filter(|&from| from != made.lane) {
            self.segment(from, made.lane, t!("ICMP port unreachable", "ICMP 端口不可达"));
        }
    }

    /// The segment that ends a direction.
    pub(super) fn end(&mut self, call: usize, segment: &Segment) {
        let made = &self.traces.calls[call];
        let other = self.states.other(made.socket).map(|other| self.traces.sockets[other].lane);
        let name = if *segment == Segment::Fin { "FIN" } else { "RST" };
        if let Some(other) = other.filter(|&other| other != made.lane) {
            self.segment(made.lane, other, name.into());
        }
    }

    /// The reset that comes back where the other end is closed already.
    pub(super) fn reset(&mut self, call: usize) {
        let made = &self.traces.calls[call];
        let other = self.states.other(made.socket).map(|other| self.traces.sockets[other].lane);
        if let Some(other) = other.filter(|&other| other != made.lane && self.states.is_answered_with_reset(call)) {
            self.segment(other, made.lane, "RST".into());
        }
    }

    fn segment(&mut self, from: usize, to: usize, name: String) {
        let what = match name.split(" [").next().unwrap_or("") {
            "SYN" => What::Syn,
            "SYN, ACK" => What::SynAck,
            "ACK" => What::Ack,
            "FIN" => What::Fin,
            "RST" | "RST, ACK" => What::Rst,
            _ => What::PortUnreachable,
        };
        self.pass(from, to, what);
        self.arrow(from, to, name, String::new(), Line::Inferred);
    }
}
