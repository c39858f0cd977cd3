//! What a client says, and what becomes of it: words for the others, or a command.

use std::fmt::Write as _;
use std::time::SystemTime;

use super::command::Said;
use super::console::Shown;
use super::{Room, State, Stay, Words, unknown};
use crate::chat::lines::{Line, MAX_LINE};
use crate::chat::names;
use crate::rate::RateLimit;
use crate::t;
use crate::text::escape;

/// Words are sent on when this many bytes have come together: a read of 16 KiB may hold 8,192 lines of one character, and
/// each gets a label.
const MAX_UNSENT: usize = 64 * 1024;

/// How many names stand on one line of the answer to `/who`.
const NAMES_A_LINE: usize = 8;

impl Room {
    /// One complete line of client `id`. Words are collected and sent on with [`Room::send_unsent`].
    pub(super) fn hears(&self, state: &mut State, id: u64, line: Line<'_>, commands: &mut RateLimit) -> Stay {
        if let Some(member) = state.members.get_mut(&id) {
            member.speaks_lines |= line.newline;
        }
        let text = if line.cut { self.charset.decode_cut(line.bytes).into() } else { self.charset.decode(line.bytes) };
        if !text.trim().is_empty() {
            match Said::read(&text) {
                Said::Quit => return Stay::No,
                Said::Words(words) => self.words(state, id, &words),
                command if commands.may(SystemTime::now()).is_none() => {
                    drop(command);
                    self.answer(state, id, &t!("* too many commands: wait a while", "* 命令太多：请等一会儿"));
                }
                Said::Name(name) => self.rename(state, id, name),
                command => self.obey(state, id, &command),
            }
        }
        if line.cut {
            let notice = t!(
                "* your line was longer than {MAX_LINE} bytes; the rest of it is lost",
                "* 你的这一行超过 {MAX_LINE} 字节，后面的部分没有发出"
            );
            self.answer(state, id, &notice);
        }
        Stay::Yes
    }

    pub(super) fn words(&self, state: &mut State, id: u64, words: &str) {
        self.join(state, id);
        let Some(member) = state.members.get(&id) else { return };
        let label = format!("[{}] ", member.name);
        let line = format!("{label}{}\n", escape(words));
        state.unshown.push(Shown::Words { label, bytes: self.charset.encode_lossy(words) });
        state.unsent_bytes += line.len();
        match state.unsent.last_mut() {
            Some(last) if last.speaker == id => last.lines += &line,
            _ => state.unsent.push(Words { speaker: id, lines: line }),
        }
        if state.unsent_bytes >= MAX_UNSENT {
            self.send_unsent(state);
        }
    }

    pub(super) fn obey(&self, state: &mut State, id: u64, command: &Said<'_>) {
        self.join(state, id);
        let answer = match command {
            Said::Who => self.who(state),
            Said::Help => t!(
                "* /name NAME: your name\n* /who: who is here\n* //words: say /words\n* q: leave",
                "* /name 名字：改名\n* /who：谁在线\n* //文字：发送以 / 开头的内容\n* q：离开"
            ),
            Said::Kick(_) => t!("* only the person at the server may do that", "* 只有服务器那边的人可以这样做"),
            _ => format!("* {}", unknown()),
        };
        self.answer(state, id, &answer);
    }

    pub(super) fn rename(&self, state: &mut State, id: u64, name: &str) {
        let shape = match self.shape_of_free(state, id, name) {
            Ok(shape) => shape,
            Err(why) => return self.answer(state, id, &format!("* {why}")),
        };
        let Some(member) = state.members.get_mut(&id) else { return };
        member.shape = shape;
        let before = std::mem::replace(&mut member.name, name.to_string());
        if member.joined {
            if before != name {
                self.announce(state, id, &t!("{before} is now {name}", "{before} 改名为 {name}"));
            }
        } else {
            self.join(state, id);
        }
        self.answer(state, id, &t!("* welcome, {name}", "* 欢迎，{name}"));
    }

    /// The shape of a name that client `id` may take. The check comes first: it bounds the name, and with it the work.
    fn shape_of_free(&self, state: &State, id: u64, name: &str) -> Result<String, String> {
        names::check(name)?;
        let shape = names::shape(name);
        if shape == self.host_shape || state.find(&shape).is_some_and(|other| other != id) {
            return Err(t!("that name is taken", "这个名字已经有人用了"));
        }
        Ok(shape)
    }

    pub(super) fn join(&self, state: &mut State, id: u64) {
        let Some(member) = state.members.get_mut(&id).filter(|member| !member.joined) else { return };
        member.joined = true;
        let name = &member.name;
        let notice = t!("{name} joined", "{name} 加入了");
        self.announce(state, id, &notice);
    }

    pub(super) fn who(&self, state: &State) -> String {
        let mut names = vec![self.host.as_str()];
        names.extend(state.members.values().filter(|member| member.joined).map(|member| member.name.as_str()));
        let silent = state.members.values().filter(|member| !member.joined).count();
        let mut answer = t!("* {} here:", "* 在线 {} 人：", names.len());
        for names in names.chunks(NAMES_A_LINE) {
            let _ = write!(answer, "\n*   {}", names.join("  "));
        }
        if silent > 0 {
            answer += &t!("\n*   and {silent} who have said nothing yet", "\n*   还有 {silent} 人没说过话");
        }
        answer
    }
}
