//! Who may not run commands: what a server of commands looks at before any key.
//!
//! A page in the browser can make it connect to this machine and send text of the page's choice; every user of the
//! machine can connect to it. The textbook's server runs whatever comes. So the textbook's way is for the same user on the
//! same machine alone, and what a browser sends is told by how it begins.

use std::io::{self, Read as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use crate::cli::Usage;
use crate::log::log;
use crate::ports::{self, Socket, Transport};
use crate::trace::Traced;
use crate::{errors, screen, t, text};

/// The first port that does not belong to the system's own services.
const FIRST_USER_PORT: u16 = 1024;

/// How long more is waited for when what came could still become a browser's request.
const QUIET: Duration = Duration::from_secs(1);

/// Whether a server of commands may listen on all of `addresses`: beyond this machine only with a key file that was
/// named, and in the textbook's way never.
///
/// # Errors
/// [`Usage`] with the cure.
pub fn may_listen(addresses: &[SocketAddr], classic: bool, key_file: Option<&Path>) -> Result<(), Usage> {
    let Some(outside) = addresses.iter().find(|address| !address.ip().to_canonical().is_loopback()) else {
        return Ok(());
    };
    if classic {
        return Err(Usage(t!(
            "the textbook's way runs commands for anybody, so it listens on 127.0.0.1 or [::1] only, not on {outside}",
            "课本写法的服务器，谁发来的命令都执行，所以只能监听 127.0.0.1 或 [::1]，不能监听 {outside}"
        )));
    }
    if key_file.is_none() {
        return Err(Usage(t!(
            "{outside} can be reached from other machines: name the key that they are to have, with --key-file FILE",
            "别的机器也能连到 {outside}：请用 --key-file 文件 指定密钥，并把它交给要连接的机器"
        )));
    }
    Ok(())
}

/// Whether the textbook's server serves `peer`: a process of the same user. Where the system does not tell whose it is,
/// it does. A datagram from another server, from a port that only root may have, or from its own port is never a
/// command: two servers would take each other's answers for commands.
pub fn is_welcome(transport: Transport, peer: SocketAddr, own: SocketAddr) -> bool {
    let is_udp = transport == Transport::Udp;
    if is_udp && has_port_of_server(peer, own) {
        return false;
    }
    ports::sockets_of(transport, peer, own).is_none_or(|found| {
        let is_client = |socket: &Socket| socket.is_of_this_user() && !(is_udp && socket.is_bound_for_all());
        !found.is_empty() && found.iter().all(is_client)
    })
}

/// Whether a datagram from `peer` is another server's, as far as the system tells: two that answer anything would answer
/// each other for ever. A server has a port below 1024, the port of this one (on another address), or a socket that is
/// bound to its address and open for everybody.
pub fn is_server(peer: SocketAddr, own: SocketAddr) -> bool {
    let is_bound = || ports::sockets_of(Transport::Udp, peer, own)?.iter().any(Socket::is_bound_for_all).then_some(());
    has_port_of_server(peer, own) || is_bound().is_some()
}

fn has_port_of_server(peer: SocketAddr, own: SocketAddr) -> bool {
    peer.port() < FIRST_USER_PORT || peer.port() == own.port()
}

/// Says what the textbook's server cannot know here.
pub fn warn_of_other_users() {
    if !cfg!(target_os = "linux") {
        screen::talk(&t!(
            "warning: this system does not tell whose a connection is: every user of this machine can run commands as you",
            "警告：本系统查不出一个连接属于哪个用户：这台机器上的任何用户都能以你的身份执行命令"
        ));
    }
}

/// Says who may run commands, and what is not protected.
pub fn tell_of_key(path: &Path) {
    let path = text::path(path);
    screen::talk(&t!(
        "whoever can read {path} may run commands as you; nothing is encrypted: over a network that you do not trust use ssh",
        "谁能读 {path}，谁就能以你的身份执行命令；内容不加密：网络不可信时请用 ssh"
    ));
    warn_of_root();
}

/// Warns where commands may do everything.
pub fn warn_of_root() {
    #[cfg(unix)]
    if rustix::process::geteuid().is_root() {
        screen::talk(&t!("warning: commands run as root", "警告：命令会以 root 身份执行"));
    }
}

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

/// The first recv, and more as long as it may be the beginning of what a browser sends. Nothing of that is run.
///
/// # Errors
/// Those of the connection.
pub fn read_beginning(mut stream: &Traced<TcpStream>, buffer: &mut [u8]) -> io::Result<usize> {
    let mut received = 0;
    loop {
        match stream.read(&mut buffer[received..]) {
            Ok(0) => break,
            Ok(more) => received += more,
            Err(error) if errors::is_timeout(&error) && received > 0 => break,
            Err(error) => return Err(error),
        }
        match judge(&buffer[..received], buffer.len()) {
            Beginning::Command => break,
            Beginning::Unclear => stream.set_read_timeout(Some(QUIET))?,
            Beginning::Foreign => {
                tell_foreign();
                return Ok(0);
            }
        }
    }
    stream.set_read_timeout(None)?;
    Ok(received)
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

    #[test]
    fn beyond_this_machine_a_key_must_be_named_and_the_textbook_stays_here() {
        let key = Some(Path::new("key"));
        let table = [
            ("127.0.0.1:1", true),
            ("127.8.9.1:1", true),
            ("[::1]:1", true),
            ("[::ffff:127.0.0.1]:1", true),
            ("0.0.0.0:1", false),
            ("[::]:1", false),
            ("192.0.2.1:1", false),
            ("[::ffff:192.0.2.1]:1", false),
            ("[fe80::1]:1", false),
        ];
        for (address, here) in table {
            let address: [SocketAddr; 1] = [address.parse().unwrap()];
            assert_eq!(may_listen(&address, false, None).is_ok(), here, "{address:?}");
            assert_eq!(may_listen(&address, true, None).is_ok(), here, "{address:?}");
            assert_eq!(may_listen(&address, true, key).is_ok(), here, "{address:?}");
            assert!(may_listen(&address, false, key).is_ok(), "{address:?}");
        }
        let both = ["127.0.0.1:1", "192.0.2.1:1"].map(|address| address.parse().unwrap());
        assert!(may_listen(&both, false, None).is_err(), "a name with two addresses");
    }
}
