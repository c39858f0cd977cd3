//! Choosing somebody in the contact book.

use std::net::SocketAddr;

use crate::chat::contacts::{Contact, Contacts};
use crate::net::failures;
use crate::t;
use crate::terminal::input::{self, Keyboard, Typed};
use crate::terminal::screen;

/// Asks for a contact until one is chosen, the person leaves, or the input ends.
///
/// # Errors
/// Those of reading standard input, and of [`obey`].
pub fn choose(keyboard: &mut Keyboard, contacts: &mut Contacts) -> anyhow::Result<Typed<Contact>> {
    loop {
        keyboard.offer(contacts.names());
        let prompt = t!(
            "talk to (name or number, /list, /add NAME ADDRESS, q): ",
            "和谁聊（名字或编号，/list，/add 名字 地址，q）："
        );
        let known = |typed: &str| {
            if typed.trim().is_empty() {
                return Err(t!("type a name or a number", "请输入名字或编号"));
            }
            if input::is_command(typed) {
                return Ok(Err(typed.to_string()));
            }
            let found = contacts.find(typed.trim()).cloned();
            found.map(Ok).ok_or_else(|| {
                t!("nobody in the book has that name; /list shows all", "通讯录里没有这个人；/list 列出全部")
            })
        };
        match keyboard.ask_any(&prompt, known)? {
            Typed::Line(Ok(contact)) => return Ok(Typed::Line(contact)),
            Typed::Line(Err(command)) => obey(keyboard, contacts, &command)?,
            Typed::Quit => return Ok(Typed::Quit),
            Typed::End => return Ok(Typed::End),
        }
    }
}

/// Shows what comes of a command to the book.
///
/// # Errors
/// A command from a pipe that failed: what comes next in it may rely on that.
pub fn obey(keyboard: &Keyboard, contacts: &mut Contacts, command: &str) -> anyhow::Result<()> {
    match contacts.obey(command) {
        Err(why) if !keyboard.is_terminal() => Err(anyhow::Error::msg(why)),
        Ok(answer) | Err(answer) => {
            screen::talk(&answer);
            Ok(())
        }
    }
}

/// The contact's address; told where there is none.
pub fn find(contact: &Contact) -> Option<Vec<SocketAddr>> {
    match contact.address.resolve() {
        Ok(addresses) => Some(addresses).filter(|addresses| !addresses.is_empty()),
        Err(failed) => {
            screen::talk(&failures::cannot_write(&contact.name, failed.error).to_string());
            None
        }
    }
}
