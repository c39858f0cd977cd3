//! Where a server of commands may listen, and what it says about who may run them.
//!
//! The textbook's server runs whatever comes. So the textbook's way is for this machine alone, and for whoever can read
//! the server's terminal; beyond this machine a server wants a key that was named.

use std::net::SocketAddr;
use std::path::Path;

use crate::cli::Usage;
use crate::exec::options::Way;
use crate::exec::server::code::{Code, VARIABLE};
use crate::terminal::screen;
use crate::{t, text};

/// Whether a server of commands may listen on all of `addresses`: beyond this machine only with a key file that was
/// named, and in the textbook's way never.
///
/// # Errors
/// [`Usage`] with the cure.
pub fn may_listen(addresses: &[SocketAddr], way: Way, key_file: Option<&Path>) -> Result<(), Usage> {
    let Some(outside) = addresses.iter().find(|address| !address.ip().to_canonical().is_loopback()) else {
        return Ok(());
    };
    if way == Way::Classic {
        return Err(Usage(t!(
            "the textbook's way has no key, so it listens on 127.0.0.1 or [::1] only, not on {outside}",
            "课本写法没有密钥，所以只能监听 127.0.0.1 或 [::1]，不能监听 {outside}"
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

/// Says what has to be said first, in the textbook's way, and what commands may do.
pub fn tell_of_code(code: &Code) {
    screen::talk(&match code {
        Code::Drawn(code) => t!("type this first: {code}", "请先输入口令：{code}"),
        Code::Set(_) => t!("first comes the code that {VARIABLE} has", "要先发来 {VARIABLE} 里的口令"),
    });
    warn_of_root();
}

/// Says who may run commands, and what is not protected.
pub fn tell_of_key(path: &Path) {
    let path = text::path(path);
    screen::talk(&t!(
        "whoever can read {path} may run commands as you, until it is deleted and the server started anew; nothing is encrypted: over a network that you do not trust use ssh",
        "谁能读 {path}，谁就能以你的身份执行命令，直到删掉它并重启服务器；内容不加密：网络不可信时请用 ssh"
    ));
    warn_of_root();
}

/// Warns where commands may do everything.
fn warn_of_root() {
    #[cfg(unix)]
    if rustix::process::geteuid().is_root() {
        screen::talk(&t!("warning: commands run as root", "警告：命令会以 root 身份执行"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(may_listen(&address, Way::Keyed, None).is_ok(), here, "{address:?}");
            assert_eq!(may_listen(&address, Way::Classic, None).is_ok(), here, "{address:?}");
            assert_eq!(may_listen(&address, Way::Classic, key).is_ok(), here, "{address:?}");
            assert!(may_listen(&address, Way::Keyed, key).is_ok(), "{address:?}");
        }
        let both = ["127.0.0.1:1", "192.0.2.1:1"].map(|address| address.parse().unwrap());
        assert!(may_listen(&both, Way::Keyed, None).is_err(), "a name with two addresses");
    }
}
