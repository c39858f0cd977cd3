//! How words and notices reach those who are to hear them, and what becomes of those who do not read.

use std::net::Shutdown;

use super::outbox::TooSlow;
use super::{Member, Room, State};
use crate::t;

impl Room {
    /// Sends on what has been said; those too far behind are sent out.
    pub(super) fn send_unsent(&self, state: &mut State) {
        let too_slow = self.deliver_unsent(state);
        self.send_out(state, too_slow);
    }

    /// One `send` for each hearer, whoever has spoken: to everybody all of it, to a speaker all but their own.
    pub(super) fn deliver_unsent(&self, state: &mut State) -> Vec<u64> {
        let unsent = std::mem::take(&mut state.unsent);
        if unsent.is_empty() {
            return Vec::new();
        }
        state.unsent_bytes = 0;
        let without = |id| {
            unsent.iter().filter(|words| Some(words.speaker) != id).map(|words| &words.lines[..]).collect::<String>()
        };
        let all = self.encode(&without(None));
        let mut too_slow = Vec::new();
        for (&id, member) in &state.members {
            let own = unsent.iter().any(|words| words.speaker == id).then(|| self.encode(&without(Some(id))));
            let piece = own.as_ref().unwrap_or(&all);
            if !piece.is_empty() && member.outbox.send(piece) == Err(TooSlow) {
                too_slow.push(id);
            }
        }
        // The others first: waking the screen's thread takes longer than a send.
        self.console.push(state.unshown.drain(..));
        too_slow
    }

    /// Takes a member out, with last words for it and a notice for the others.
    pub(super) fn remove(&self, state: &mut State, id: u64, goodbye: Option<&str>, reason: Option<&str>) {
        let too_slow = self.take_out(state, id, goodbye, reason);
        self.send_out(state, too_slow);
    }

    /// Sends out those who are too far behind, and those whom the notices about that make too far behind.
    pub(super) fn send_out(&self, state: &mut State, mut too_slow: Vec<u64>) {
        let goodbye = t!("* you were sent out: you did not read what was said", "* 你被请出了聊天室：没有及时读取消息");
        let reason = t!("did not read", "没有及时读取消息");
        while let Some(id) = too_slow.pop() {
            too_slow.extend(self.take_out(state, id, Some(&goodbye), Some(&reason)));
        }
    }

    /// As [`Room::remove`], and gives those who are too far behind to be told of it.
    pub(super) fn take_out(&self, state: &mut State, id: u64, goodbye: Option<&str>, reason: Option<&str>) -> Vec<u64> {
        let Some(member) = state.members.remove(&id) else { return Vec::new() };
        let goodbye = goodbye.map(|text| self.encode(&format!("{text}\n")));
        let last = goodbye.as_ref().filter(|_| member.speaks_lines);
        // One that leaves has ended its direction itself; one that is sent out has to be stopped.
        member.outbox.close(last, if goodbye.is_some() { Shutdown::Both } else { Shutdown::Write });
        if !member.joined {
            return Vec::new();
        }
        let name = &member.name;
        let notice = match reason {
            None => t!("* {name} left", "* {name} 离开了"),
            Some(reason) => t!("* {name} left ({reason})", "* {name} 离开了（{reason}）"),
        };
        let mut too_slow = self.deliver_unsent(state);
        too_slow.extend(self.deliver(state, &format!("{notice}\n"), |_, member| member.speaks_lines));
        self.tell_host(notice);
        too_slow
    }

    /// A notice about `id` for everybody else who speaks in lines, and for the person at the server.
    pub(super) fn announce(&self, state: &mut State, id: u64, notice: &str) {
        self.send_unsent(state);
        self.tell_host(format!("* {notice}"));
        self.tell(state, &format!("* {notice}\n"), |other, member| other != id && member.speaks_lines);
    }

    /// A notice for `id` alone.
    pub(super) fn answer(&self, state: &mut State, id: u64, notice: &str) {
        self.tell(state, &format!("{notice}\n"), |other, member| other == id && member.speaks_lines);
    }

    /// Sends to every member that `hears`; those too far behind are sent out.
    pub(super) fn tell(&self, state: &mut State, text: &str, hears: impl Fn(u64, &Member) -> bool) {
        let too_slow = self.deliver(state, text, hears);
        self.send_out(state, too_slow);
    }

    /// Sends to every member that `hears`, and gives those who are too far behind.
    pub(super) fn deliver(&self, state: &State, text: &str, hears: impl Fn(u64, &Member) -> bool) -> Vec<u64> {
        let piece = self.encode(text);
        let hearers = state.members.iter().filter(|(id, member)| hears(**id, member));
        hearers.filter(|(_, member)| member.outbox.send(&piece) == Err(TooSlow)).map(|(id, _)| *id).collect()
    }
}
