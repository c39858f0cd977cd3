//! Datagrams as messages: who wrote, what, and whether all of it came; and to whom an answer goes.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use crate::datagrams::check_length;
use crate::lock::lock;
use crate::rarely::Rarely;
use crate::screen::{self, OutputFailed};
use crate::text::{Charset, Incoming};
use crate::{errors, t};

/// How many senders a server remembers. Addresses are easily forged, so the oldest one gives way.
pub const MAX_SENDERS: usize = 1000;

/// The bytes of a message for one datagram.
///
/// # Errors
/// A sentence for the person who typed it: a character that the encoding lacks, or too many bytes.
pub fn encode(text: &str, charset: Charset) -> Result<Vec<u8>, String> {
    check_length(charset.encode(text).map_err(|lacking| lacking.to_string())?)
}

/// Whether a connected socket tells that a datagram sent before could not be delivered: refused, or an ICMP message about
/// the host, its network, a filter on the way or a host without UDP (RFC 1122, section 4.1.3.3). It tells that once for
/// each such message.
pub fn is_not_there(error: &io::Error) -> bool {
    use ErrorKind::{HostUnreachable, NetworkUnreachable, PermissionDenied};
    #[cfg(unix)]
    let no_udp = Some(rustix::io::Errno::NOPROTOOPT.raw_os_error());
    #[cfg(windows)]
    let no_udp = Some(10042);
    errors::is_refusal(error)
        || matches!(error.kind(), HostUnreachable | NetworkUnreachable | PermissionDenied)
        || error.raw_os_error() == no_udp
}

/// Shows received datagrams, each as one message with its sender.
pub struct Letters {
    charset: Charset,
    limit: usize,
    cuts: Rarely,
}

impl Letters {
    /// For messages in `charset` of at most `limit` bytes.
    pub fn new(charset: Charset, limit: usize) -> Self {
        Self { charset, limit, cuts: Rarely::default() }
    }

    /// A buffer for `recvfrom`: one byte longer than the limit, so that a longer datagram is noticed.
    pub fn buffer(&self) -> Vec<u8> {
        vec![0; self.limit + 1]
    }

    /// Shows `bytes` behind `label`: an empty datagram as such, one that did not fit as cut.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub fn show(&mut self, label: &str, bytes: &[u8]) -> Result<(), OutputFailed> {
        let fits = &bytes[..bytes.len().min(self.limit)];
        let text = if fits.is_empty() {
            t!("(an empty message, 0 bytes)", "（空消息，0 字节）").into_bytes()
        } else {
            // A character that is cut off with the rest will never be completed.
            Incoming::new(self.charset).message(fits)
        };
        screen::show(&[label.as_bytes(), &text].concat())?;
        if bytes.len() > self.limit {
            self.tell_cut();
        }
        Ok(())
    }

    /// Shows what a failed `recvfrom` meant, where it was a datagram that did not fit: on Windows that is error 10040
    /// (WSAEMSGSIZE), without the sender.
    pub fn tells_of_cut(&mut self, error: &io::Error) -> bool {
        let cut = errors::is_cut_datagram(error);
        if cut && self.cuts.may(SystemTime::now()).is_some() {
            let (limit, code) = (self.limit, errors::code(error));
            screen::talk(&t!(
                "truncated: this datagram was longer than {limit} bytes; Windows throws the rest away and does not say who sent it ({code}; --bufsize)",
                "被截断：这个数据报超过 {limit} 字节；Windows 丢掉了后面的部分，也不说是谁发来的（{code}；--bufsize）"
            ));
        }
        cut
    }

    fn tell_cut(&mut self) {
        let limit = self.limit;
        if self.cuts.may(SystemTime::now()).is_some() {
            screen::talk(&t!(
                "truncated: this datagram was longer than {limit} bytes, and the rest of it is gone (--bufsize)",
                "被截断：这个数据报超过 {limit} 字节，后面的部分已经丢失（--bufsize）"
            ));
        }
    }
}

/// The senders that have been heard, by number; shared by the thread that hears and the one that speaks.
#[derive(Default)]
pub struct Senders {
    heard: Mutex<Heard>,
    somebody: Condvar,
}

impl Senders {
    /// Remembers that `sender` has written just now.
    pub fn note(&self, sender: SocketAddr) {
        self.heard().note(sender);
        self.somebody.notify_all();
    }

    /// Blocks until somebody has written.
    pub fn wait_for_somebody(&self) {
        let waiting = self.somebody.wait_while(self.heard(), |heard| heard.senders.is_empty());
        drop(waiting.unwrap_or_else(PoisonError::into_inner));
    }

    /// What `typed` means: `@2 words` for number 2, `/who`, `//x` and `@@x` for words that begin so, and anything else
    /// for the one who wrote last. `＠` and `／` count too.
    ///
    /// # Errors
    /// A sentence for the person who typed it.
    pub fn meant<'a>(&self, typed: &'a str) -> Result<Meant<'a>, String> {
        self.heard().meant(typed)
    }

    /// The list for `/who`, one sender a line.
    pub fn list(&self) -> String {
        self.heard().list()
    }

    fn heard(&self) -> MutexGuard<'_, Heard> {
        lock(&self.heard)
    }
}

#[derive(Default)]
struct Heard {
    numbers: HashMap<SocketAddr, u64>,
    senders: BTreeMap<u64, SocketAddr>,
    next: u64,
    last: Option<SocketAddr>,
}

/// Where typed words go.
#[derive(Debug, PartialEq, Eq)]
pub enum Meant<'a> {
    /// These words to this sender.
    Words(SocketAddr, &'a str),
    /// The list of senders is wanted.
    Who,
}

impl Heard {
    fn note(&mut self, sender: SocketAddr) {
        self.last = Some(sender);
        if self.numbers.contains_key(&sender) {
            return;
        }
        self.next += 1;
        self.numbers.insert(sender, self.next);
        self.senders.insert(self.next, sender);
        if self.senders.len() > MAX_SENDERS
            && let Some((_, oldest)) = self.senders.pop_first()
        {
            self.numbers.remove(&oldest);
        }
    }

    fn meant<'a>(&self, typed: &'a str) -> Result<Meant<'a>, String> {
        let nobody =
            || t!("nobody has written yet, so there is no address to answer", "还没有人发来消息，不知道发给谁");
        let last = || self.last.ok_or_else(nobody);
        if let Some(command) = typed.strip_prefix(['/', '／']) {
            return match command {
                "who" => Ok(Meant::Who),
                _ if command.starts_with(['/', '／']) => Ok(Meant::Words(last()?, command)),
                _ => Err(t!(
                    "the commands are /who and @N words; to say /x, type //x",
                    "命令只有 /who 和 @编号 内容；想说 /x，请输入 //x"
                )),
            };
        }
        let Some(chosen) = typed.strip_prefix(['@', '＠']) else { return Ok(Meant::Words(last()?, typed)) };
        if chosen.starts_with(['@', '＠']) {
            return Ok(Meant::Words(last()?, chosen));
        }
        let (number, words) = chosen.split_once(char::is_whitespace).unwrap_or((chosen, ""));
        let sender = number.parse().ok().and_then(|number: u64| self.senders.get(&number));
        let unknown = || t!("there is no number {number}; /who lists them", "没有编号 {number}；/who 列出所有人");
        sender.map(|sender| Meant::Words(*sender, words)).ok_or_else(unknown)
    }

    fn list(&self) -> String {
        if self.senders.is_empty() {
            return t!("nobody has written yet", "还没有人发来消息");
        }
        let line = |(number, sender): (&u64, &SocketAddr)| {
            let last =
                if self.last == Some(*sender) { t!("  (the last one)", "（最近一个）") } else { String::new() };
            format!("@{number}  {sender}{last}")
        };
        self.senders.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

/// Whether what was sent has been answered; shared by the thread that speaks and the one that hears.
#[derive(Default)]
pub struct Answers {
    state: Mutex<Asked>,
    changed: Condvar,
}

#[derive(Default)]
struct Asked {
    question: Question,
    /// When it was.
    at: Option<Instant>,
    /// A thread waits for the silence to be long enough.
    watched: bool,
    told: bool,
    /// Something could not even be sent.
    unsent: bool,
}

/// What became of what was sent last.
#[derive(Clone, Copy, Default, PartialEq)]
enum Question {
    /// Nothing was sent, or something has come since.
    #[default]
    Answered,
    Open,
    Refused,
}

impl Answers {
    /// Something is about to be sent to `server`. If nothing comes within `timeout`, that is told, once.
    pub fn asked(self: &Arc<Self>, server: SocketAddr, timeout: Duration) {
        let mut state = self.state();
        state.question = Question::Open;
        state.at = Some(Instant::now());
        if state.told || std::mem::replace(&mut state.watched, true) {
            return;
        }
        drop(state);
        let answers = Arc::clone(self);
        // Without a thread there is no notice, which changes nothing else.
        let _ = thread::Builder::new().spawn(move || answers.settled(server, timeout).watched = false);
    }

    /// Something has come, at this moment: what came before the question is no answer to it.
    pub fn note(&self, came: Instant) {
        let mut state = self.state();
        if state.at.is_none_or(|asked| asked <= came) {
            state.question = Question::Answered;
        }
        drop(state);
        self.changed.notify_all();
    }

    /// What was sent has been refused: nothing will come.
    pub fn refused(&self) {
        self.state().question = Question::Refused;
        self.changed.notify_all();
    }

    /// What was to be sent has not left: nothing will come, and the program has not done all that it was asked to.
    pub fn not_sent(&self) {
        self.state().unsent = true;
        self.refused();
    }

    /// Waits until something has come, at most until `timeout` after the last question, and says whether all was sent
    /// and the last question answered; silence is told.
    pub fn wait(&self, server: SocketAddr, timeout: Duration) -> bool {
        let state = self.settled(server, timeout);
        state.question == Question::Answered && !state.unsent
    }

    /// The state when no question is open any more, or the last one for `timeout`. A question that is asked meanwhile has
    /// all of its own time.
    fn settled(&self, server: SocketAddr, timeout: Duration) -> MutexGuard<'_, Asked> {
        let mut state = self.state();
        while let Some(asked) = state.at.filter(|_| state.question == Question::Open) {
            let Some(left) = timeout.checked_sub(asked.elapsed()).filter(|left| !left.is_zero()) else { break };
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        if state.question == Question::Open && !std::mem::replace(&mut state.told, true) {
            let seconds = timeout.as_secs_f32();
            screen::talk(&t!(
                "no answer from {server} for {seconds} s: over UDP, a lost message, a slow server and nobody at all look the same; a late answer will still be shown",
                "{server} 已有 {seconds} 秒没有回复：在 UDP 里，消息丢了、对方慢、对方不在，看起来都一样；迟到的回复仍会显示"
            ));
        }
        state
    }

    fn state(&self) -> MutexGuard<'_, Asked> {
        lock(&self.state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sender(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    #[test]
    fn words_go_to_the_last_sender_or_to_the_number() {
        let mut heard = Heard::default();
        assert!(heard.meant("hello").is_err(), "nobody is there yet");
        heard.note(sender(1));
        heard.note(sender(2));
        heard.note(sender(1));
        let words = |port, words| Ok(Meant::Words(sender(port), words));
        assert_eq!(heard.meant("hello"), words(1, "hello"));
        assert_eq!(heard.meant(""), words(1, ""), "an empty datagram is a message");
        assert_eq!(heard.meant("@2 hi there"), words(2, "hi there"));
        assert_eq!(heard.meant("＠2\u{3000}全角"), words(2, "全角"));
        assert_eq!(heard.meant("@2"), words(2, ""));
        assert_eq!(heard.meant("@@2"), words(1, "@2"));
        assert_eq!(heard.meant("//who"), words(1, "/who"));
        assert_eq!(heard.meant("/who"), Ok(Meant::Who));
        for wrong in ["@3 x", "@x", "@", "/nonsense"] {
            assert!(heard.meant(wrong).is_err(), "{wrong}");
        }
        assert_eq!(heard.list(), "@1  127.0.0.1:1  (the last one)\n@2  127.0.0.1:2");
    }

    /// One question is answered, and the next one asked before the watching thread looks.
    #[test]
    fn each_question_has_all_of_its_time() {
        let (answers, timeout) = (Arc::new(Answers::default()), Duration::from_millis(300));
        answers.asked(sender(1), timeout);
        thread::sleep(timeout / 2); // half of the first question's time passes
        let mut state = answers.state();
        let next = Instant::now();
        (state.question, state.at) = (Question::Open, Some(next));
        drop(state);
        answers.changed.notify_all();
        while !answers.state().told {
            thread::yield_now();
        }
        assert!(next.elapsed() >= timeout, "told after {:?}", next.elapsed());
        assert!(!answers.wait(sender(1), timeout));
    }

    #[test]
    fn the_end_waits_for_what_was_asked_last_and_knows_what_was_not_sent() {
        let (answers, hour) = (Arc::new(Answers::default()), Duration::from_secs(3600));
        assert!(answers.wait(sender(1), hour), "nothing was asked");
        answers.asked(sender(1), hour);
        answers.refused();
        assert!(!answers.wait(sender(1), hour));
        answers.asked(sender(1), hour);
        answers.note(Instant::now());
        assert!(answers.wait(sender(1), hour));
        answers.not_sent();
        answers.asked(sender(1), hour);
        answers.note(Instant::now());
        assert!(!answers.wait(sender(1), hour), "one of them has not left");
    }

    #[test]
    fn the_oldest_of_too_many_senders_gives_way() {
        let mut heard = Heard::default();
        (0..=u16::try_from(MAX_SENDERS).unwrap()).for_each(|port| heard.note(sender(port + 1)));
        assert_eq!((heard.senders.len(), heard.numbers.len()), (MAX_SENDERS, MAX_SENDERS));
        assert!(heard.meant("@1 x").is_err());
        assert!(heard.meant(&format!("@{} x", MAX_SENDERS + 1)).is_ok());
    }
}
