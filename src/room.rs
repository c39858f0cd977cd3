//! The chat room: who is in it, and who hears what.
//!
//! Each client has a thread that reads from its socket and a [`Seat`] that takes the bytes. The room labels complete
//! lines and sends them on at once, from the thread of the client that said them: one non-blocking `send` for each
//! hearer, for all lines of one read, and for those of other threads that come together with them. One lock keeps the
//! order the same for everybody; nothing under it can block.
//!
//! Who hears what:
//! - words go to every other client as `[name] words`, control characters escaped (nc on a terminal is a reader too);
//! - notices (`* name joined`) go to clients that speak in lines. A client that has never sent a newline is a
//!   textbook's program, which takes each `recv` for an answer: a notice would put it one behind;
//! - a client joins with its first line, so that a silent connection costs nobody anything.
//!
//! Since every line begins with a label or `* `, and one client's bytes never begin a line, neither can be forged.

mod command;
mod console;
mod names;
mod outbox;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use crate::lines::{Line, Lines, MAX_LINE, messages};
use crate::rarely::Rarely;
use crate::screen::OutputFailed;
use crate::text::{Charset, Unmappable, escape};
use crate::trace::Traced;
use crate::{errors, t};
use command::Said;
use console::{Console, Shown};
pub use names::check as check_name;
pub use outbox::SEND_BUFFER;
use outbox::{Outbox, TooSlow};

/// How many clients a room takes unless told otherwise: a large lecture. Each costs a thread and a descriptor.
pub const DEFAULT_MAX_CLIENTS: usize = 256;

/// Words are sent on when this many bytes have come together: a read of 16 KiB may hold 8,192 lines of one character, and
/// each gets a label.
const MAX_UNSENT: usize = 64 * 1024;

/// How long a room that ends waits for those who lag. A program must end within a second.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// How many names stand on one line of the answer to `/who`.
const NAMES_A_LINE: usize = 8;

/// The chat room. Its clients' threads and the person at the server share it.
pub struct Room {
    /// The name of the person at the server.
    host: String,
    max_clients: usize,
    charset: Charset,
    state: Mutex<State>,
    /// How many clients' threads wait for the state with more words.
    waiting: AtomicUsize,
    somebody: Condvar,
    console: Console,
}

#[derive(Default)]
struct State {
    members: BTreeMap<u64, Member>,
    next: u64,
    /// Threads that read from a client, those of clients that have been sent out included.
    seats: usize,
    /// Words that are still to be sent on, in the order in which they were said.
    unsent: Vec<Words>,
    unsent_bytes: usize,
    /// The same words for the person at the server.
    unshown: Vec<Shown>,
}

/// Labelled lines of one client.
struct Words {
    speaker: u64,
    lines: String,
}

/// A client as the others know it.
struct Member {
    /// Its name, or its address.
    name: String,
    joined: bool,
    /// It has sent a newline, so notices do not confuse it.
    speaks_lines: bool,
    outbox: Arc<Outbox>,
}

/// Whether a client is still in the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stay {
    /// It is; go on reading.
    Yes,
    /// It has left with `q` or was sent out; close.
    No,
}

/// The room is full.
#[derive(Debug, PartialEq, Eq)]
pub struct Full;

impl Room {
    /// An empty room for `max_clients` that read and write `charset`; `host` is the person at the server.
    pub fn new(host: &str, max_clients: usize, charset: Charset) -> Arc<Self> {
        Arc::new(Self {
            host: host.to_string(),
            max_clients,
            charset,
            state: Mutex::default(),
            waiting: AtomicUsize::new(0),
            somebody: Condvar::new(),
            console: Console::default(),
        })
    }

    /// Gives a new connection a seat. It hears from now on, and is announced when it first says something.
    ///
    /// # Errors
    /// [`Full`] where `max_clients` have one.
    pub fn seat(self: &Arc<Self>, stream: &Arc<Traced<TcpStream>>, peer: SocketAddr) -> Result<Seat, Full> {
        let outbox = Outbox::new(Arc::clone(stream));
        let mut state = self.state();
        if state.seats >= self.max_clients {
            return Err(Full);
        }
        state.seats += 1;
        state.next += 1;
        let id = state.next;
        let member = Member { name: peer.to_string(), joined: false, speaks_lines: false, outbox };
        state.members.insert(id, member);
        self.somebody.notify_all();
        Ok(Seat { room: Arc::clone(self), id, lines: Lines::new(MAX_LINE), commands: Rarely::default(), left: false })
    }

    /// What a client that finds the room full is told.
    pub fn full_notice(&self) -> Vec<u8> {
        let max = self.max_clients;
        self.charset.encode_lossy(&(t!("* the room is full ({max} clients)", "* 聊天室已满（{max} 个客户端）") + "\n"))
    }

    /// Shows the person at the server what is said and who comes and goes, for ever.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub fn show(&self) -> Result<(), OutputFailed> {
        self.console.run(self.charset)
    }

    /// Tells the person at the server something, without waiting for their screen.
    pub fn tell_host(&self, notice: String) {
        self.console.push([Shown::Notice(notice)]);
    }

    /// Blocks until a client is connected.
    pub fn wait_for_somebody(&self) {
        let mut state = self.state();
        while state.members.is_empty() {
            state = self.somebody.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// What the person at the server typed: words for everybody, or a command. The answer, if any, is for them.
    ///
    /// # Errors
    /// A character that the room's encoding lacks.
    pub fn host_says(&self, typed: &str) -> Result<Option<String>, Unmappable> {
        let mut state = self.state();
        Ok(match Said::read(typed) {
            Said::Words(words) => return self.host_words(&mut state, &words),
            Said::Who => Some(self.who(&state) + &silent(&state)),
            Said::Kick(name) => self.kick(&mut state, name),
            Said::Help => Some(t!(
                "/who: who is here   /kick NAME: send somebody out   //x: say /x   q: end the server",
                "/who：谁在线   /kick 名字：请某人离开   //x：说 /x   q：结束服务器"
            )),
            Said::Name(_) => Some(t!("your name is given at the start, with --name", "你的名字在启动时用 --name 指定")),
            Said::Quit | Said::Unknown(_) => Some(unknown()),
        })
    }

    fn host_words(&self, state: &mut State, words: &str) -> Result<Option<String>, Unmappable> {
        let pieces = messages(words, self.charset)?;
        let nobody = state.members.is_empty();
        for piece in pieces {
            let line = format!("[{}] {}\n", self.host, escape(&self.charset.decode(&piece)));
            self.send_unsent(state);
            self.tell(state, &line, |_, _| true);
        }
        Ok(nobody.then(|| t!("nobody is connected to read it", "现在没有人连接，没人看到")))
    }

    fn kick(&self, state: &mut State, name: &str) -> Option<String> {
        let Some(id) = state.find(name) else {
            return Some(t!("nobody here has that name; /who lists them", "没有人叫这个名字；/who 列出所有人"));
        };
        let goodbye = t!("* you were sent out by {}", "* 你被 {} 请出了聊天室", self.host);
        let reason = t!("sent out", "被请出");
        self.remove(state, id, Some(&goodbye), Some(&reason));
        None
    }

    /// Ends the room and says so to everybody. Those who lag have 200 ms to hear it.
    pub fn close(&self) {
        let mut state = self.state();
        self.send_unsent(&mut state);
        let members = std::mem::take(&mut state.members);
        drop(state);
        let goodbye = self.encode(&(t!("* the server is closing", "* 服务器已关闭") + "\n"));
        for member in members.values() {
            member.outbox.close(member.speaks_lines.then_some(&goodbye), Shutdown::Write);
        }
        let deadline = Instant::now() + LAST_WORDS;
        for member in members.values() {
            member.outbox.wait_until_sent(deadline);
        }
    }

    /// One complete line of client `id`. Words are collected and sent on with [`Room::send_unsent`].
    fn hears(&self, state: &mut State, id: u64, line: Line<'_>, commands: &mut Rarely) -> Stay {
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

    fn words(&self, state: &mut State, id: u64, words: &str) {
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

    /// Sends on what has been said; those too far behind are sent out.
    fn send_unsent(&self, state: &mut State) {
        let too_slow = self.deliver_unsent(state);
        self.send_out(state, too_slow);
    }

    /// One `send` for each hearer, whoever has spoken: to everybody all of it, to a speaker all but their own.
    fn deliver_unsent(&self, state: &mut State) -> Vec<u64> {
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

    fn obey(&self, state: &mut State, id: u64, command: &Said<'_>) {
        self.join(state, id);
        let answer = match command {
            Said::Who => self.who(state),
            Said::Help => t!(
                "* /name NAME: your name\n* /who: who is here\n* //x: say /x\n* q: leave",
                "* /name 名字：改名\n* /who：谁在线\n* //x：说 /x\n* q：离开"
            ),
            Said::Kick(_) => t!("* only the person at the server may do that", "* 只有服务器那边的人可以这样做"),
            _ => format!("* {}", unknown()),
        };
        self.answer(state, id, &answer);
    }

    fn rename(&self, state: &mut State, id: u64, name: &str) {
        let taken = names::alike(name, &self.host) || state.find(name).is_some_and(|other| other != id);
        let refusal = match names::check(name) {
            Err(why) => Some(why),
            Ok(()) if taken => Some(t!("that name is taken", "这个名字已经有人用了")),
            Ok(()) => None,
        };
        if let Some(why) = refusal {
            return self.answer(state, id, &format!("* {why}"));
        }
        let Some(member) = state.members.get_mut(&id) else { return };
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

    fn join(&self, state: &mut State, id: u64) {
        let Some(member) = state.members.get_mut(&id).filter(|member| !member.joined) else { return };
        member.joined = true;
        let name = &member.name;
        let notice = t!("{name} joined", "{name} 加入了");
        self.announce(state, id, &notice);
    }

    fn who(&self, state: &State) -> String {
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

    /// Takes a member out, with last words for it and a notice for the others.
    fn remove(&self, state: &mut State, id: u64, goodbye: Option<&str>, reason: Option<&str>) {
        let too_slow = self.take_out(state, id, goodbye, reason);
        self.send_out(state, too_slow);
    }

    /// Sends out those who are too far behind, and those whom the notices about that make too far behind.
    fn send_out(&self, state: &mut State, mut too_slow: Vec<u64>) {
        let goodbye = t!("* you were sent out: you did not read what was said", "* 你被请出：没有读取大家说的话");
        let reason = t!("did not read", "没有读取消息");
        while let Some(id) = too_slow.pop() {
            too_slow.extend(self.take_out(state, id, Some(&goodbye), Some(&reason)));
        }
    }

    /// As [`Room::remove`], and gives those who are too far behind to be told of it.
    fn take_out(&self, state: &mut State, id: u64, goodbye: Option<&str>, reason: Option<&str>) -> Vec<u64> {
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
    fn announce(&self, state: &mut State, id: u64, notice: &str) {
        self.send_unsent(state);
        self.tell_host(format!("* {notice}"));
        self.tell(state, &format!("* {notice}\n"), |other, member| other != id && member.speaks_lines);
    }

    /// A notice for `id` alone.
    fn answer(&self, state: &mut State, id: u64, notice: &str) {
        self.tell(state, &format!("{notice}\n"), |other, member| other == id && member.speaks_lines);
    }

    /// Sends to every member that `hears`; those too far behind are sent out.
    fn tell(&self, state: &mut State, text: &str, hears: impl Fn(u64, &Member) -> bool) {
        let too_slow = self.deliver(state, text, hears);
        self.send_out(state, too_slow);
    }

    /// Sends to every member that `hears`, and gives those who are too far behind.
    fn deliver(&self, state: &State, text: &str, hears: impl Fn(u64, &Member) -> bool) -> Vec<u64> {
        let piece = self.encode(text);
        let hearers = state.members.iter().filter(|(id, member)| hears(**id, member));
        hearers.filter(|(_, member)| member.outbox.send(&piece) == Err(TooSlow)).map(|(id, _)| *id).collect()
    }

    fn encode(&self, text: &str) -> Arc<[u8]> {
        if self.charset.is_utf8() { text.as_bytes().into() } else { self.charset.encode_lossy(text).into() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn find(&self, name: &str) -> Option<u64> {
        self.members.iter().find(|(_, member)| names::alike(&member.name, name)).map(|(id, _)| *id)
    }
}

/// The addresses of those who have said nothing, for the one who may send them out.
fn silent(state: &State) -> String {
    state.members.values().filter(|member| !member.joined).map(|member| format!("\n*   {}", member.name)).collect()
}

fn unknown() -> String {
    t!("unknown command; /help lists them (to say /x, type //x)", "没有这个命令；/help 列出全部（想说 /x，请输入 //x）")
}

/// A client's place in the room, for the thread that reads from its socket.
pub struct Seat {
    room: Arc<Room>,
    id: u64,
    lines: Lines,
    /// Each command may cost a broadcast, so a flood of them would keep the room from everybody else.
    commands: Rarely,
    left: bool,
}

impl Seat {
    /// Takes what one `recv` gave: complete lines go to the others, the rest waits for more.
    pub fn hears(&mut self, bytes: &[u8]) -> Stay {
        self.take(|lines, each| lines.push(bytes, each))
    }

    /// How long the next `recv` may wait before [`Seat::hears_silence`]; see [`Lines::patience`].
    pub fn patience(&self) -> Option<Duration> {
        self.lines.patience()
    }

    /// The silence: what a textbook's client has sent is a message.
    pub fn hears_silence(&mut self) -> Stay {
        let charset = self.room.charset;
        self.take(|lines, each| lines.quiet(charset, each))
    }

    /// The client has left; `error` where it did not close in order. What it left unfinished is a message, unless it
    /// left with `q`. The place is kept until the seat is dropped.
    pub fn leaves(&mut self, error: Option<&io::Error>) {
        if !self.left {
            self.take(|lines, each| lines.flush(each));
        }
        let reason = error.map(errors::reason);
        let mut state = self.room.state();
        self.room.remove(&mut state, self.id, None, reason.as_deref());
    }

    fn take(&mut self, cut: impl FnOnce(&mut Lines, &mut dyn FnMut(Line<'_>))) -> Stay {
        let room = Arc::clone(&self.room);
        room.waiting.fetch_add(1, Ordering::Relaxed);
        let mut state = room.state();
        room.waiting.fetch_sub(1, Ordering::Relaxed);
        let mut stay = Stay::Yes;
        let (id, commands) = (self.id, &mut self.commands);
        cut(&mut self.lines, &mut |line| {
            if stay == Stay::Yes {
                stay = room.hears(&mut state, id, line, commands);
            }
        });
        // Where others wait with more words, the last of them sends all: one send for each hearer, not one for each
        // speaker and hearer.
        if room.waiting.load(Ordering::Relaxed) == 0 {
            room.send_unsent(&mut state);
        }
        if !state.members.contains_key(&id) {
            stay = Stay::No;
        }
        self.left |= stay == Stay::No;
        stay
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut state = self.room.state();
        self.room.remove(&mut state, self.id, None, None);
        state.seats -= 1;
    }
}
