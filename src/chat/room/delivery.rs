//! How words and notices reach those who are to hear them, and what becomes of those who do not read.

use std::net::Shutdown;
use std::sync::Arc;

use super::console::Shown;
use super::members::{Member, Members};
use super::outbox::TooSlow;
use crate::t;

impl Members {
    /// Sends on what has been said; those too far behind are sent out.
    pub(super) fn send_unsent(&mut self) {
        let too_slow = self.deliver_unsent();
        self.send_out(too_slow);
    }

    /// One `send` for each hearer, whoever has spoken: to everybody all of it, to a speaker all but their own.
    fn deliver_unsent(&mut self) -> Vec<u64> {
        let unsent = std::mem::take(&mut self.unsent);
        if unsent.is_empty() {
            return Vec::new();
        }
        self.unsent_bytes = 0;
        let without = |id| {
            unsent.iter().filter(|words| Some(words.speaker) != id).map(|words| &words.lines[..]).collect::<String>()
        };
        let all = self.encode(&without(None));
        let mut too_slow = Vec::new();
        for (&id, member) in &self.all {
            let own = unsent.iter().any(|words| words.speaker == id).then(|| self.encode(&without(Some(id))));
            let piece = own.as_ref().unwrap_or(&all);
            if !piece.is_empty() && member.outbox.send(piece) == Err(TooSlow) {
                too_slow.push(id);
            }
        }
        // The others first: waking the screen's thread takes longer than a send.
        self.console.push(self.unshown.drain(..));
        too_slow
    }

    /// Takes a member out, with last words for it and a notice for the others.
    pub(super) fn remove(&mut self, id: u64, goodbye: Option<&str>, reason: Option<&str>) {
        let too_slow = self.take_out(id, goodbye, reason);
        self.send_out(too_slow);
    }

    /// Sends out those who are too far behind, and those whom the notices about that make too far behind.
    fn send_out(&mut self, mut too_slow: Vec<u64>) {
        let goodbye = t!("* you were sent out: you did not read what was said", "* 你被请出了聊天室：没有及时读取消息");
        let reason = t!("did not read", "没有及时读取消息");
        while let Some(id) = too_slow.pop() {
            too_slow.extend(self.take_out(id, Some(&goodbye), Some(&reason)));
        }
    }

    /// As [`Members::remove`], and gives those who are too far behind to be told of it.
    fn take_out(&mut self, id: u64, goodbye: Option<&str>, reason: Option<&str>) -> Vec<u64> {
        let Some(member) = self.all.remove(&id) else { return Vec::new() };
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
        let mut too_slow = self.deliver_unsent();
        too_slow.extend(self.deliver(&format!("{notice}\n"), |_, member| member.speaks_lines));
        self.console.push([Shown::Notice(notice)]);
        too_slow
    }

    /// A notice about `id` for everybody else who speaks in lines, and for the person at the server.
    pub(super) fn announce(&mut self, id: u64, notice: &str) {
        self.send_unsent();
        self.console.push([Shown::Notice(format!("* {notice}"))]);
        self.tell(&format!("* {notice}\n"), |other, member| other != id && member.speaks_lines);
    }

    /// A notice for `id` alone.
    pub(super) fn answer(&mut self, id: u64, notice: &str) {
        self.tell(&format!("{notice}\n"), |other, member| other == id && member.speaks_lines);
    }

    /// Sends to every member that `hears`; those too far behind are sent out.
    pub(super) fn tell(&mut self, text: &str, hears: impl Fn(u64, &Member) -> bool) {
        let too_slow = self.deliver(text, hears);
        self.send_out(too_slow);
    }

    /// Sends to every member that `hears`, and gives those who are too far behind.
    fn deliver(&self, text: &str, hears: impl Fn(u64, &Member) -> bool) -> Vec<u64> {
        let piece = self.encode(text);
        let hearers = self.all.iter().filter(|(id, member)| hears(**id, member));
        hearers.filter(|(_, member)| member.outbox.send(&piece) == Err(TooSlow)).map(|(id, _)| *id).collect()
    }

    /// What goes over the wire. One piece serves all who hear it.
    pub(super) fn encode(&self, text: &str) -> Arc<[u8]> {
        if self.charset.is_utf8() { text.as_bytes().into() } else { self.charset.encode_lossy(text).into() }
    }
}
