//! Datagrams as messages: who wrote, what, and whether all of it came.

use std::io;
use std::time::SystemTime;

use crate::net::backoff::Backoff;
use crate::net::datagrams::check_length;
use crate::rate::RateLimit;
use crate::terminal::input;
use crate::terminal::screen::{self, OutputFailed};
use crate::text::{Charset, Incoming};
use crate::{errors, t};

/// The bytes of a message for one datagram.
///
/// # Errors
/// A sentence for the person who typed it: a character that the encoding lacks, or too many bytes.
pub fn encode(text: &str, charset: Charset) -> Result<Vec<u8>, String> {
    check_length(charset.encode(text).map_err(|lacking| lacking.to_string())?)
}

/// What an empty line is. A datagram may be empty: whether that says anything is for the program to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Empty {
    /// A message, like any other.
    IsAMessage,
    /// Nothing that one could say.
    Refused,
}

impl Empty {
    /// What was typed, where it is a message.
    ///
    /// # Errors
    /// A sentence for the person who typed it.
    pub fn check(self, typed: &str) -> Result<&str, String> {
        match self {
            Self::IsAMessage => Ok(typed),
            Self::Refused => input::not_empty(typed),
        }
    }
}

/// Shows received datagrams, each as one message with its sender.
pub struct Messages {
    charset: Charset,
    limit: usize,
    cuts: RateLimit,
    backoff: Backoff,
}

impl Messages {
    /// For messages in `charset` of at most `limit` bytes.
    pub fn new(charset: Charset, limit: usize) -> Self {
        Self { charset, limit, cuts: RateLimit::default(), backoff: Backoff::default() }
    }

    /// A buffer for `recvfrom`: one byte longer than the limit, so that a longer datagram is noticed (1,025 for the textbook's
    /// 1,024).
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

    /// Tells what a failed `recvfrom` means for a server, which goes on: a datagram that did not fit, or something that may
    /// pass, and for which it waits a little.
    pub fn tell_why(&mut self, error: &io::Error) {
        if !self.tells_of_cut(error) {
            self.backoff.after(error, |notice| screen::talk(&notice));
        }
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
