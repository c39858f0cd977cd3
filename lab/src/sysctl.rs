//! The kernel parameters that tutorials tell people to change when `bind` says "address in use", and what they are for.

use std::io;
use std::path::Path;

use socket_demos::{invocation, t};

/// Where Linux shows them (proc(5)).
const FOLDER: &str = "/proc/sys/net/ipv4";

/// One parameter.
struct Parameter {
    name: &'static str,
    /// What tutorials say that it is, where they do, and what they set.
    taught: (Option<u8>, u8),
    /// What it does (Linux, Documentation/networking/ip-sysctl.rst).
    meaning: fn() -> String,
}

const PARAMETERS: [Parameter; 4] = [
    Parameter {
        name: "tcp_syncookies",
        taught: (Some(0), 1),
        meaning: || {
            t!(
                "answers SYNs without keeping them once the queue of half-open connections is full: against SYN floods; 1 has long been the default, 2 answers every SYN so (for tests)",
                "半连接队列满了以后，不保存 SYN 也能应答：用来防 SYN 洪泛攻击（SYN flood）；1 早就是默认值，2 表示一律这样应答（测试用）"
            )
        },
    },
    Parameter {
        name: "tcp_tw_reuse",
        taught: (Some(0), 1),
        meaning: || {
            t!(
                "lets connect reuse a port in TIME_WAIT: outgoing connections only, never bind, and only with TCP timestamps on both sides; 2, the default since 4.19, on loopback only",
                "让 connect 复用处于 TIME_WAIT 的端口：只管主动发起的连接，与 bind 无关，而且双方都要开 TCP 时间戳；2（4.19 起的默认值）只对回环地址有效"
            )
        },
    },
    Parameter {
        name: "tcp_tw_recycle",
        taught: (Some(0), 1),
        meaning: || {
            t!(
                "dropped connections of clients behind one NAT; gone since Linux 4.12",
                "会丢掉同一个 NAT 后面其他客户端的连接；Linux 4.12 起已删除"
            )
        },
    },
    Parameter {
        name: "tcp_fin_timeout",
        taught: (None, 30),
        meaning: || {
            t!(
                "how many seconds a closed socket stays in FIN_WAIT_2, waiting for the other side; TIME_WAIT is 60 s whatever it says",
                "已关闭的套接字在 FIN_WAIT_2 状态等对方关闭的秒数；TIME_WAIT 固定 60 秒，与它无关"
            )
        },
    },
];

/// A few lines for each parameter, and the moral.
///
/// # Errors
/// `Unsupported`, with a sentence, where the system has no such parameters.
pub fn lines() -> io::Result<Vec<String>> {
    // A container can be without it too.
    if !cfg!(target_os = "linux") || !Path::new(FOLDER).is_dir() {
        let why = t!(
            "this system has no /proc/sys: these are parameters of Linux",
            "本系统没有 /proc/sys：这些是 Linux 的参数"
        );
        return Err(io::Error::new(io::ErrorKind::Unsupported, why));
    }
    let mut lines = Vec::new();
    for Parameter { name, taught, meaning } in &PARAMETERS {
        let (claimed, wanted) = taught;
        let here = value(name).map_or_else(
            || t!("this system has no such parameter", "本机没有这个参数"),
            |here| t!("{here} here", "本机是 {here}"),
        );
        let taught = claimed.map_or_else(
            || t!("tutorials set {wanted}", "教程要改成 {wanted}"),
            |claimed| {
                t!(
                    "tutorials say that the default is {claimed}, and set {wanted}",
                    "教程说默认值是 {claimed}，要改成 {wanted}"
                )
            },
        );
        lines.push(t!("net.ipv4.{name}: {here}; {taught}", "net.ipv4.{name}：{here}；{taught}"));
        lines.push(format!("    {}", meaning()));
    }
    let lab = invocation::typed("socket-lab");
    lines.push(t!(
        "none of the four lets a server bind again: SO_REUSEADDR before bind does; see: {lab} run time-wait",
        "四个参数都不能让服务器重新 bind 成功：要在 bind 之前设 SO_REUSEADDR；见 {lab} run time-wait"
    ));
    Ok(lines)
}

fn value(name: &str) -> Option<String> {
    let text = std::fs::read_to_string(Path::new(FOLDER).join(name)).ok()?;
    Some(text.trim().to_string())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn each_parameter_has_its_value_here_or_is_absent() {
        let lines = lines().unwrap();
        assert_eq!(lines.len(), 2 * PARAMETERS.len() + 1);
        let cookies = value("tcp_syncookies").unwrap();
        assert!(lines[0].starts_with(&format!("net.ipv4.tcp_syncookies: {cookies} here")), "{lines:?}");
        assert!(lines[6].ends_with("here; tutorials set 30"), "{}", lines[6]);
        assert_eq!(value("no_such_parameter"), None);
    }
}
