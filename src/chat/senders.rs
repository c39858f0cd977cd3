//! Who has written to a UDP server, and to whom what is typed there goes.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::chat::messages::{self, Empty};
use crate::lock::lock;
use crate::net::Peer;
use crate::terminal::input::{self, Keyboard, Typed};
use crate::terminal::{exit, screen};
use crate::text::Charset;
use crate::{errors, t};

/// How many senders a server remembers. Addresses are easily forged, so the oldest one gives way.
pub const MAX_SENDERS: usize = 1000;

/// The senders that have been heard, by number; shared by the thread that hears and the one that speaks.
#[derive(Default)]
pub struct Senders {
    heard: Mutex<Heard>,
    somebody: Condvar,
}

impl Senders {
    /// Remembers that `sender` has written just now.
    pub fn note(&self, sender: Peer) {
        self.heard().note(sender);
        self.somebody.notify_all();
    }

    /// Blocks until somebody has written.
    fn wait_for_somebody(&self) {
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

/// The keyboard's thread of a server: what is typed goes with `send` to whoever wrote last, or to a number. What is piped
/// in waits until somebody has written.
///
/// # Errors
/// Those of reading standard input.
pub fn speak(
    senders: &Senders,
    empty: Empty,
    charset: Charset,
    send: impl Fn(&[u8], Peer) -> io::Result<usize>,
) -> anyhow::Result<()> {
    let mut keyboard = Keyboard::open();
    let piped = !keyboard.is_terminal();
    loop {
        let address = |typed: &str| {
            empty.check(typed)?;
            if piped && !input::is_command(typed) {
                senders.wait_for_somebody();
            }
            Ok(match senders.meant(typed)? {
                Meant::Who => Err(senders.list()),
                Meant::Help => Err(help()),
                // `@1` alone says as little as an empty line.
                Meant::Words(to, words) => Ok((to, messages::encode(empty.check(words)?, charset)?)),
            })
        };
        match keyboard.ask_any("> ", address)? {
            Typed::Line(Err(answer)) => screen::talk(&answer),
            Typed::Line(Ok((to, words))) => {
                if let Err(error) = send(&words, to) {
                    tell_not_sent(to, &error);
                }
            }
            Typed::Quit => exit::now(0),
            Typed::End => return Ok(()),
        }
    }
}

/// Tells that an answer has not left.
pub fn tell_not_sent(to: Peer, error: &io::Error) {
    let why = errors::reason(error);
    screen::talk(&t!("not sent to {to}: {why}", "没有发给 {to}：{why}"));
}

#[derive(Default)]
struct Heard {
    numbers: HashMap<Peer, u64>,
    senders: BTreeMap<u64, Peer>,
    next: u64,
    last: Option<Peer>,
}

/// Where typed words go.
#[derive(Debug, PartialEq, Eq)]
pub enum Meant<'a> {
    /// These words to this sender.
    Words(Peer, &'a str),
    /// The list of senders is wanted.
    Who,
    /// The commands are.
    Help,
}

impl Heard {
    fn note(&mut self, sender: Peer) {
        self.last = Some(sender);
        if let Some(&number) = self.numbers.get(&sender) {
            // It may have written to another of this machine's addresses: that is where it waits now.
            self.senders.insert(number, sender);
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
                "help" => Ok(Meant::Help),
                _ if command.starts_with(['/', '／']) => Ok(Meant::Words(last()?, command)),
                _ => Err(help()),
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
        let line = |(number, sender): (&u64, &Peer)| {
            let last =
                if self.last == Some(*sender) { t!("  (the last one)", "（最近一个）") } else { String::new() };
            format!("@{number}  {sender}{last}")
        };
        self.senders.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

fn help() -> String {
    t!("the commands are /who and @N words; to say /x, type //x", "命令只有 /who 和 @编号 内容；想说 /x，请输入 //x")
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;

    fn sender(port: u16) -> Peer {
        SocketAddr::from(([127, 0, 0, 1], port)).into()
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
        assert_eq!(heard.meant("/help"), Ok(Meant::Help), "asked for, so it is no refusal");
        for wrong in ["@3 x", "@x", "@", "/nonsense"] {
            assert!(heard.meant(wrong).is_err(), "{wrong}");
        }
        assert_eq!(heard.list(), "@1  127.0.0.1:1  (the last one)\n@2  127.0.0.1:2");
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
