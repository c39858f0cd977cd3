//! How words and notices reach those who are to hear them, and how a member is taken out.

use std::net::Shutdown;
use std::sync::Arc;

use super::console::Shown;
use super::members::{Member, Members};
use crate::t;

impl Members {
    /// Sends on what has been said. One `send` for each hearer, whoever has spoken: to everybody all of it, to a speaker
    /// all but their own.
    pub(super) fn send_unsent(&mut self) {
        let unsent = std::mem::take(&mut self.unsent);
        if unsent.is_empty() {
            return;
        }
        self.unsent_bytes = 0;
        let without = |id| {
            unsent.iter().filter(|words| Some(words.speaker) != id).map(|words| &words.lines[..]).collect::<String>()
        };
        let all = self.encode(&without(None));
        for (&id, member) in &self.all {
            let own = unsent.iter().any(|words| words.speaker == id).then(|| self.encode(&without(Some(id))));
            let piece = own.as_ref().unwrap_or(&all);
            if !piece.is_empty() {
                self.somebody_lags |= member.outbox.send(piece);
            }
        }
        // The others first: waking the screen's thread takes longer than a send.
        self.console.push(self.unshown.drain(..));
    }

    /// Takes a member out that has taken nothing for too long.
    pub(super) fn send_out(&mut self, id: u64) {
        let goodbye = t!("* you were sent out: you did not read what was said", "* 你被请出了聊天室：没有及时读取消息");
        let reason = t!("did not read", "没有及时读取消息");
        self.remove(id, Some(&goodbye), Some(&reason));
    }

    /// Takes a member out, with last words for it and a notice for the others.
    pub(super) fn remove(&mut self, id: u64, goodbye: Option<&str>, reason: Option<&str>) {
        let Some(member) = self.all.remove(&id) else { return };
        let goodbye = goodbye.map(|text| self.encode(&format!("{text}\n")));
        let last = goodbye.as_ref().filter(|_| member.speaks_lines);
        // One that leaves has ended its direction itself; one that is sent out has to be stopped.
        member.outbox.close(last, if goodbye.is_some() { Shutdown::Both } else { Shutdown::Write });
        if !member.joined {
            return;
        }
        let name = &member.name;
        let notice = match reason {
            None => t!("* {name} left", "* {name} 离开了"),
            Some(reason) => t!("* {name} left ({reason})", "* {name} 离开了（{reason}）"),
        };
        self.send_unsent();
        self.tell(&format!("{notice}\n"), |_, member| member.speaks_lines);
        self.console.push([Shown::Notice(notice)]);
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

    /// Bytes for `id` alone that are no words.
    pub(super) fn send_raw(&mut self, id: u64, bytes: &[u8]) {
        self.send_unsent();
        if let Some(member) = self.all.get(&id) {
            self.somebody_lags |= member.outbox.send(&bytes.into());
        }
    }

    /// Sends to every member that `hears`.
    pub(super) fn tell(&mut self, text: &str, hears: impl Fn(u64, &Member) -> bool) {
        self.told += text.len();
        let piece = self.encode(text);
        for (_, member) in self.all.iter().filter(|(id, member)| hears(**id, member)) {
            self.somebody_lags |= member.outbox.send(&piece);
        }
    }

    /// What goes over the wire. One piece serves all who hear it.
    pub(super) fn encode(&self, text: &str) -> Arc<[u8]> {
        if self.charset.is_utf8() { text.as_bytes().into() } else { self.charset.encode_lossy(text).into() }
    }
}
