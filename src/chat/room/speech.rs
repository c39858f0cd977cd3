//! What a client says, and what becomes of it: words for the others, or a command.

use std::time::SystemTime;

use super::Stay;
use super::command::{Said, unknown};
use super::console::Shown;
use super::members::{Members, Words};
use crate::chat::lines::{Line, MAX_LINE};
use crate::rate::RateLimit;
use crate::t;
use crate::text::escape;

/// Words are sent on when this many bytes have come together: a read of 16 KiB may hold 8,192 lines of one character, and
/// each gets a label.
const MAX_UNSENT: usize = 64 * 1024;

impl Members {
    /// One complete line of client `id`. Words are collected and sent on with [`Members::send_unsent`].
    pub(super) fn hear(&mut self, id: u64, line: Line<'_>, commands: &mut RateLimit) -> Stay {
        if let Some(member) = self.all.get_mut(&id) {
            member.speaks_lines |= line.newline;
        }
        let text = if line.cut { self.charset.decode_cut(line.bytes).into() } else { self.charset.decode(line.bytes) };
        if !text.trim().is_empty() {
            match Said::read(&text) {
                Said::Quit => return Stay::No,
                Said::Words(words) => self.say(id, &words),
                command if commands.may(SystemTime::now()).is_none() => {
                    drop(command);
                    self.answer(id, &t!("* too many commands: wait a while", "* 命令太多：请等一会儿"));
                }
                Said::Name(name) => self.rename(id, name),
                command => self.obey(id, &command),
            }
        }
        if line.cut {
            let notice = t!(
                "* your line was longer than {MAX_LINE} bytes; the rest of it is lost",
                "* 你的这一行超过 {MAX_LINE} 字节，后面的部分没有发出"
            );
            self.answer(id, &notice);
        }
        Stay::Yes
    }

    fn say(&mut self, id: u64, words: &str) {
        self.join(id);
        let Some(member) = self.all.get(&id) else { return };
        let label = format!("[{}] ", member.name);
        let line = format!("{label}{}\n", escape(words));
        self.unshown.push(Shown::Words { label, bytes: self.charset.encode_lossy(words) });
        self.unsent_bytes += line.len();
        self.told += line.len();
        match self.unsent.last_mut() {
            Some(last) if last.speaker == id => last.lines += &line,
            _ => self.unsent.push(Words { speaker: id, lines: line }),
        }
        if self.unsent_bytes >= MAX_UNSENT {
            self.send_unsent();
        }
    }

    fn obey(&mut self, id: u64, command: &Said<'_>) {
        self.join(id);
        let answer = match command {
            Said::Who => self.who(),
            Said::Help => t!(
                "* /name NAME: your name\n* /who: who is here\n* //words: say /words\n* q: leave",
                "* /name 名字：改名\n* /who：谁在线\n* //文字：发送以 / 开头的内容\n* q：离开"
            ),
            Said::Kick(_) => t!("* only the person at the server may do that", "* 只有服务器那边的人可以这样做"),
            _ => format!("* {}", unknown()),
        };
        self.answer(id, &answer);
    }

    fn rename(&mut self, id: u64, name: &str) {
        let shape = match self.shape_of_free(id, name) {
            Ok(shape) => shape,
            Err(why) => return self.answer(id, &format!("* {why}")),
        };
        let Some(member) = self.all.get_mut(&id) else { return };
        member.shape = shape;
        let was_named = std::mem::replace(&mut member.named, true);
        let before = std::mem::replace(&mut member.name, name.to_string());
        if !member.joined {
            self.join(id);
        } else if before != name {
            self.announce(id, &t!("{before} is now {name}", "{before} 改名为 {name}"));
        }
        self.answer(
            id,
            &if was_named {
                t!("* you are now {name}", "* 你现在叫 {name}")
            } else {
                t!("* welcome, {name}", "* 欢迎，{name}")
            },
        );
    }

    fn join(&mut self, id: u64) {
        let Some(member) = self.all.get_mut(&id).filter(|member| !member.joined) else { return };
        member.joined = true;
        let name = &member.name;
        let notice = t!("{name} joined", "{name} 加入了");
        self.announce(id, &notice);
    }
}
