//! What comes in the textbook's way, by its first bytes: a command, or the request of a browser.
//!
//! A page in the browser can make it connect to this machine and send text of the page's choice. What a browser sends is
//! told by how it begins.

use std::net::SocketAddr;
use std::time::Duration;

use crate::t;
use crate::terminal::log::log;

/// How long more is waited for when what came could still become a browser's request.
pub const QUIET: Duration = Duration::from_secs(1);

/// What the first bytes of a textbook's connection are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beginning {
    /// A command.
    Command,
    /// Perhaps the beginning of a request: it is a command if nothing follows within a second.
    Unclear,
    /// HTTP, or bytes that no command has (TLS, frames, any other protocol that is not text).
    Foreign,
}

/// Judges a connection by its first bytes, of which `most` are looked at. HTTP: a method of upper-case letters, a space,
/// and a path, `*`, or an address; or any line that ends with its version, or a line for the host (RFC 9112, sections 2.3
/// and 3). Nothing is run while it may still become that.
pub fn judge(first: &[u8], most: usize) -> Beginning {
    if first.iter().any(|byte| byte.is_ascii_control() && !b"\t\n\r".contains(byte)) || is_http(first) {
        return Beginning::Foreign;
    }
    let line = first.trim_ascii_start();
    let method = line.iter().take_while(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || **byte == b'-');
    let method = method.count();
    if method == 0 || !line[0].is_ascii_uppercase() {
        return if line.is_empty() { Beginning::Unclear } else { Beginning::Command };
    }
    let target = match line[method..].split_first() {
        Some((b' ', target)) => target,
        Some(_) => return Beginning::Command,
        None => b"",
    };
    let begins = |word: &[u8]| target.len() >= word.len() && target[..word.len()].eq_ignore_ascii_case(word);
    if begins(b"/") || begins(b"*") || begins(b"http") {
        return Beginning::Foreign;
    }
    let open = b"http"[..target.len().min(4)].eq_ignore_ascii_case(target);
    match (open, first.len() < most) {
        (true, true) => Beginning::Unclear,
        (true, false) => Beginning::Foreign,
        (false, _) => Beginning::Command,
    }
}

/// Whether any later part of a connection is HTTP after all: a method may have other letters, a path any length.
pub fn is_http(bytes: &[u8]) -> bool {
    let lines = bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
    lines.into_iter().any(|line| {
        let version = line.len().checked_sub(9).map(|at| &line[at..]);
        let version = version.is_some_and(|end| end[..6].eq_ignore_ascii_case(b" http/") && end[7] == b'.');
        version || line.len() >= 5 && line[..5].eq_ignore_ascii_case(b"host:")
    })
}

/// Whether a datagram is a command of at most `limit` bytes, and all of it; logs why not.
pub fn is_command(datagram: &[u8], peer: SocketAddr, limit: usize) -> bool {
    if datagram.len() > limit {
        tell_cut(limit);
        return false;
    }
    let foreign = judge(datagram, limit + 1) == Beginning::Foreign;
    if foreign {
        log(t!(
            "{peer} sent no command but another protocol, perhaps a client without --classic: nothing was run",
            "{peer} 发来的不是命令，而是别的协议，也许是没有加 --classic 的客户端：什么都没有执行"
        ));
    }
    !foreign
}

/// Logs that a datagram was cut off: half a command is another command.
pub fn tell_cut(limit: usize) {
    log(t!(
        "a command of more than {limit} bytes was cut off (--bufsize): nothing was run",
        "一条超过 {limit} 字节的命令被截断（--bufsize）：什么都没有执行"
    ));
}

/// Logs that a connection was another protocol's.
pub fn tell_foreign() {
    log(t!(
        "this is no command but another protocol, such as a browser's: nothing was run",
        "这不是命令，而是别的协议（比如浏览器发来的），什么都没有执行"
    ));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_and_other_protocols_are_told_from_commands() {
        use Beginning::{Command, Foreign, Unclear};
        let table: [(&[u8], Beginning); 27] = [
            (b"ls -l\n", Command),
            (b"DIR", Unclear),
            (b"DIR\r\n", Command),
            (b"DIR C:\\", Command),
            (b"echo GET /", Command),
            ("列出".as_bytes(), Command),
            (b"a\tb\n", Command),
            (b" GET / HTTP/1.1", Foreign),
            (b"G", Unclear),
            (b"GET", Unclear),
            (b"GET ", Unclear),
            (b"GET h", Unclear),
            (b"GET help", Command),
            (b"GET /;touch$IFS/x; HTTP/1.1\r\n", Foreign),
            (b"OPTIONS * HTTP/1.1\r\n", Foreign),
            (b"CONNECT HTTP://a", Foreign),
            (b"PRI * HTTP/2.0", Foreign),
            (b"\x16\x03\x01\x02\x00", Foreign),
            (b"\0\0\0\x41", Foreign),
            (b"ls\x1b[A", Foreign),
            (b"get /;touch$IFS/x; HTTP/1.1\r\nHost: a\r\n", Foreign),
            (b"touch x;exit HTTP/1.1\r\n", Foreign),
            (b"PATCH-X /;id", Foreign),
            (b"\r\nGET /;id", Foreign),
            (b"\r\n", Unclear),
            (b"x\nhost: a\n", Foreign),
            (b"echo HTTP/1.1 is a version", Command),
        ];
        for (first, expected) in table {
            assert_eq!(judge(first, 1024), expected, "{:?}", String::from_utf8_lossy(first));
        }
        assert_eq!(judge(b"GET ", 4), Foreign, "no more of it would be looked at");
    }
}
