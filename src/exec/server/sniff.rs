//! What strangers say to a server of the textbook's way, by its first bytes: words, or another protocol.
//!
//! A page in the browser can make it connect to this machine and send text of the page's choice. It does not know the code;
//! but neither a browser nor any other protocol is answered as if a person had mistyped one.

use std::net::SocketAddr;

use crate::t;
use crate::terminal::log::log;

/// Whether this is another protocol's: HTTP, or bytes that no line of text has (TLS, frames). HTTP is a method of
/// upper-case letters, a space, and a path, `*`, or an address; or any line that ends with its version, or a line for
/// the host (RFC 9112, sections 2.3 and 3).
pub fn is_foreign(first: &[u8]) -> bool {
    first.iter().any(|byte| byte.is_ascii_control() && !b"\t\n\r".contains(byte))
        || is_request(first.trim_ascii_start())
        || first.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end).any(is_header)
}

/// The line that a request begins with.
fn is_request(line: &[u8]) -> bool {
    let of_method = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'-';
    let method = line.iter().take_while(|byte| of_method(byte)).count();
    let Some((b' ', target)) = line[method..].split_first() else { return false };
    let begins = |word: &[u8]| target.len() >= word.len() && target[..word.len()].eq_ignore_ascii_case(word);
    method > 0 && line[0].is_ascii_uppercase() && (begins(b"/") || begins(b"*") || begins(b"http"))
}

/// A line that ends with the version, or names the host.
fn is_header(line: &[u8]) -> bool {
    let version = line.len().checked_sub(9).map(|at| &line[at..]);
    let version = version.is_some_and(|end| end[..6].eq_ignore_ascii_case(b" http/") && end[7] == b'.');
    version || line.len() >= 5 && line[..5].eq_ignore_ascii_case(b"host:")
}

/// Logs that a datagram was cut off: half a command is another command.
pub fn tell_cut(limit: usize) {
    log(t!(
        "a command of more than {limit} bytes was cut off (--bufsize): nothing was run",
        "一条超过 {limit} 字节的命令被截断（--bufsize）：什么都没有执行"
    ));
}

/// What is logged of another protocol.
pub fn foreign(peer: SocketAddr) -> String {
    t!(
        "{peer} speaks another protocol, as a browser or a client without --classic does: nothing was run",
        "{peer} 用的是别的协议，比如浏览器，或没有加 --classic 的客户端：什么都没有执行"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_and_other_protocols_are_told_from_words() {
        let table: [(&[u8], bool); 24] = [
            (b"", false),
            (b"k7m2-9xqd\n", false),
            (b"ls -l\n", false),
            (b"DIR\r\n", false),
            (b"DIR C:\\", false),
            (b"echo GET /", false),
            ("列出".as_bytes(), false),
            (b"a\tb\n", false),
            (b"GET", false),
            (b"GET help", false),
            (b"echo HTTP/1.1 is a version", false),
            (b" GET / HTTP/1.1", true),
            (b"GET /;touch$IFS/x; HTTP/1.1\r\n", true),
            (b"OPTIONS * HTTP/1.1\r\n", true),
            (b"CONNECT HTTP://a", true),
            (b"PRI * HTTP/2.0", true),
            (b"\x16\x03\x01\x02\x00", true),
            (b"\0\0\0\x41", true),
            (b"ls\x1b[A", true),
            (b"get /;touch$IFS/x; HTTP/1.1\r\nHost: a\r\n", true),
            (b"touch x;exit HTTP/1.1\r\n", true),
            (b"PATCH-X /;id", true),
            (b"\r\nGET /;id", true),
            (b"x\nhost: a\n", true),
        ];
        for (first, foreign) in table {
            assert_eq!(is_foreign(first), foreign, "{:?}", String::from_utf8_lossy(first));
        }
    }
}
