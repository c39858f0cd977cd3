//! The person at the server, who takes part in the room, and may send somebody out of it.

use std::sync::PoisonError;

use super::Room;
use super::command::{Said, unknown};
use super::console::{self, Shown};
use super::members::Members;
use crate::chat::lines::messages;
use crate::chat::names::Shape;
use crate::t;
use crate::terminal::exit;
use crate::terminal::input::{self, Keyboard, Typed};
use crate::terminal::screen::OutputFailed;
use crate::text::{Unmappable, escape};

impl Room {
    /// The keyboard's thread: what is typed goes to everybody, or is a command. What is piped in waits until somebody is
    /// there to hear it; where it ends, the room goes on.
    ///
    /// # Errors
    /// Standard input cannot be read.
    pub fn speak(&self) -> anyhow::Result<()> {
        let mut keyboard = Keyboard::open();
        let piped = !keyboard.is_terminal();
        loop {
            let say = |typed: &str| {
                if piped && !input::is_command(typed) {
                    self.wait_for_somebody();
                }
                self.host_says(typed).map_err(|lacking| lacking.to_string())
            };
            match keyboard.ask("> ", say)? {
                Typed::Line(answer) => answer.into_iter().for_each(|answer| self.tell_host(answer)),
                Typed::Quit => exit::now(0),
                Typed::End => return Ok(()),
            }
        }
    }

    /// The screen's thread: shows the person at the server what is said and who comes and goes, for ever.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub fn show(&self) -> Result<(), OutputFailed> {
        console::run(&self.console, self.charset)
    }

    /// Tells the person at the server something, without waiting for their screen.
    pub fn tell_host(&self, notice: String) {
        self.console.push([Shown::Notice(notice)]);
    }

    /// What the person at the server typed: words for everybody, or a command. The answer, if any, is for them.
    ///
    /// # Errors
    /// A character that the room's encoding lacks.
    pub fn host_says(&self, typed: &str) -> Result<Option<String>, Unmappable> {
        let said = match Said::read(typed) {
            Said::Words(words) => return self.host_words(&words),
            // It was typed as `//q`.
            Said::Quit => return self.host_words(typed),
            said => said,
        };
        let mut members = self.members();
        Ok(match said {
            Said::Who => Some(members.who_and_where()),
            Said::Kick(name) => {
                let answer = members.kick(name);
                self.changed.notify_all();
                answer
            }
            Said::Help => Some(t!(
                "/who: who is here   /kick NAME: send somebody out   //words: say /words   q: end the server",
                "/who：谁在线   /kick 名字：把某人请出聊天室   //文字：发送以 / 开头的内容   q：结束服务器"
            )),
            Said::Name(_) => Some(t!("your name is given at the start, with --name", "你的名字在启动时用 --name 指定")),
            _ => Some(unknown()),
        })
    }

    /// Words for everybody, each line as soon as the others keep up: whoever pipes a file in speaks faster than they do.
    fn host_words(&self, words: &str) -> Result<Option<String>, Unmappable> {
        let pieces = messages(words, self.charset)?;
        let mut members = self.members();
        let nobody = members.all.is_empty();
        for piece in pieces {
            let mut pace = std::mem::take(&mut members.host_pace);
            self.in_turn(None, members, &mut pace, |members| members.host_says(&piece));
            members = self.members();
            members.host_pace = pace;
        }
        Ok(nobody.then(|| t!("nobody is connected to read it", "现在没有人连接，没人看到")))
    }

    fn wait_for_somebody(&self) {
        let waiting = self.changed.wait_while(self.members(), |members| members.all.is_empty());
        drop(waiting.unwrap_or_else(PoisonError::into_inner));
    }
}

impl Members {
    fn host_says(&mut self, piece: &[u8]) {
        let said = self.charset.decode(piece);
        let said = input::escaped_q(&said).unwrap_or(&said);
        let line = format!(
            "[{}] {}
",
            self.host,
            escape(said)
        );
        self.send_unsent();
        self.tell(&line, |_, _| true);
    }

    /// The answer to `/who`, with the addresses of those who have said nothing: the host may send them out.
    fn who_and_where(&self) -> String {
        let silent: String = self.silent().map(|member| format!("\n*   {}", member.name)).collect();
        self.who() + &silent
    }

    fn kick(&mut self, name: &str) -> Option<String> {
        let Some(id) = self.find(&Shape::of(name)) else {
            return Some(t!("nobody here has that name; /who lists them", "没有人叫这个名字；/who 列出所有人"));
        };
        let goodbye = t!("* you were sent out by {}", "* 你被 {} 请出了聊天室", self.host);
        let reason = t!("sent out", "被请出");
        self.remove(id, Some(&goodbye), Some(&reason));
        None
    }
}
