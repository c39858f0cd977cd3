//! When the peer goes suddenly, recv raises on Windows and reads empty for ever on Linux (收空)? It depends on what the
//! dying side sends: a FIN or a reset.

use std::io;

use serde::Serialize;

use super::{Experiment, Findings, Judge, Question, Verdict};
use crate::outcome::Got;
use crate::stage::{Stage, arrived, recv, send, until};
use socket_demos::{errors, t};

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "farewell",
    claim: || {
        t!(
            "when the client goes suddenly, the server's recv raises on Windows and reads empty for ever on Linux",
            "客户端突然断开时，服务器的 recv 在 Windows 上抛异常，在 Linux 上会一直收空"
        )
    },
    keywords: "ECONNRESET 104 54 WSAECONNRESET 10054 ConnectionResetError Connection reset by peer 强迫关闭 重置 收空 \
               死循环 EPIPE 32 BrokenPipeError SIGPIPE 10053 RST FIN 对方已关闭 断开",
    question: || Question {
        asked: t!(
            "The client has not read all, and closes. What does the server's recv give?",
            "客户端还有数据没读完就 close 了。服务器的 recv 得到什么？"
        ),
        answers: vec![
            t!("0 bytes: the end", "0 字节：对方已关闭"),
            t!("an error: connection reset", "报错：连接被重置"),
            t!("nothing: it waits", "什么也没有：一直等"),
        ],
    },
    source: "RFC 1122 §4.2.2.13; RFC 2525 §2.17; recv(2), send(2)",
    run: |stage| World::default().run(stage).map(Findings::of),
};

/// What the client leaves unread is what decides.
struct World {
    unread: &'static [u8],
}

impl Default for World {
    fn default() -> Self {
        Self { unread: b"not read" }
    }
}

#[derive(Serialize)]
struct Saw {
    unread: usize,
    /// Three `recv` after a client that had read everything has closed.
    after_close: [Got; 3],
    /// `recv` after a client that had not.
    after_close_unread: Got,
    /// `recv` after a process that held the connection was killed; none where that cannot be tried.
    after_kill: Option<Got>,
    after_kill_unread: Option<Got>,
    /// How many `send` succeeded after the client had closed, and the error of the next, if there was one in time.
    writes: (usize, Option<String>),
}

impl World {
    fn run(&self, stage: &Stage) -> io::Result<Saw> {
        let (client, server) = stage.pair()?;
        client.close();
        let after_close = [recv(&server, 1024), recv(&server, 1024), recv(&server, 1024)];
        Ok(Saw {
            unread: self.unread.len(),
            after_close,
            after_close_unread: self.close_with_unread(stage)?,
            after_kill: after_kill(stage, b"")?,
            after_kill_unread: after_kill(stage, self.unread)?,
            writes: write_after_close(stage)?,
        })
    }

    fn close_with_unread(&self, stage: &Stage) -> io::Result<Got> {
        let (client, server) = stage.pair()?;
        send(&server, self.unread)?;
        arrived(&client, self.unread.len());
        client.close();
        Ok(recv(&server, 1024))
    }
}

/// Another process gets the client's connection as its standard input, and is killed.
#[cfg(unix)]
fn after_kill(stage: &Stage, unread: &[u8]) -> io::Result<Option<Got>> {
    use std::os::fd::OwnedFd;
    use std::process::{Command, Stdio};

    use crate::stage::{Side, start};
    use socket_demos::net::event::Call;

    let (client, server) = stage.pair()?;
    if !unread.is_empty() {
        send(&server, unread)?;
        arrived(&client, unread.len());
    }
    let ends = (client.get_ref().local_addr().ok(), client.get_ref().peer_addr().ok());
    // Only the other process has it when the command is gone, at the end of the next line.
    let held = OwnedFd::from(client.give_away());
    let mut process = start(Command::new("sleep").arg("60").stdin(held).stdout(Stdio::null()).stderr(Stdio::null()))?;
    let child = stage.trace(Side::Child);
    child.note(Call::Fork, "", ends);
    stage.trace(Side::Client).note(Call::Other("kill".into()), "child, SIGKILL", (None, None));
    process.kill()?;
    process.wait()?;
    child.note(Call::Exit, "SIGKILL", ends);
    Ok(Some(recv(&server, 1024)))
}

/// A Windows process cannot be given a socket so simply.
#[cfg(windows)]
fn after_kill(_: &Stage, _: &[u8]) -> io::Result<Option<Got>> {
    Ok(None)
}

/// The first `send` is answered with a reset, and only a later one can know.
fn write_after_close(stage: &Stage) -> io::Result<(usize, Option<String>)> {
    let (client, server) = stage.pair()?;
    client.close();
    recv(&server, 1024);
    let mut succeeded = 0;
    let failed = until(|| send(&server, b"x").inspect(|_| succeeded += 1).err());
    Ok((succeeded, failed.map(|error| errors::code(&error))))
}

impl Judge for Saw {
    fn observations(&self) -> Vec<String> {
        let Self { unread, after_close: [first, second, third], after_close_unread, writes: (writes, error), .. } =
            self;
        let then = error
            .as_ref()
            .map_or_else(|| t!("and none failed", "没有一次报错"), |error| t!("then {error}", "然后报错 {error}"));
        let mut observations = vec![
            t!(
                "the client closes; recv three times: {first}, {second}, {third}",
                "客户端 close；recv 三次：{first}、{second}、{third}"
            ),
            t!(
                "it closes with {unread} bytes unread; recv: {after_close_unread}",
                "还有 {unread} 字节没读就 close；recv：{after_close_unread}"
            ),
        ];
        if let (Some(read), Some(not)) = (&self.after_kill, &self.after_kill_unread) {
            observations.push(t!(
                "the client's process is killed: its death, not close(), ends the connection; recv: {read}; with {unread} bytes unread: {not}",
                "客户端进程被杀死：断开连接的不是 close()，而是进程终止；recv：{read}；还有 {unread} 字节没读：{not}"
            ));
        }
        observations.push(t!(
            "send after the client has closed: {writes} succeeded, {then}",
            "客户端 close 之后再 send：成功 {writes} 次，{then}"
        ));
        observations
    }

    fn answer(&self) -> Option<usize> {
        Some(match self.after_close_unread {
            Got::Bytes(_) => 0,
            Got::Error(_) => 1,
            Got::Nothing => 2,
        })
    }

    fn verdict(&self) -> Verdict {
        if let Some(missing) = self.missing() {
            return Verdict::cannot_show(t!(
                "recv gave nothing: {missing}, as where a firewall drops it",
                "recv 什么也没有收到：{missing}，可能被防火墙丢了"
            ));
        }
        if !self.after_close.iter().all(Got::is_empty) || self.writes.0 == 0 {
            return Verdict::contradicted(t!("an orderly close did not read as 0 bytes", "正常的关闭没有读到 0 字节"));
        }
        if self.after_close_unread.is_error() {
            return Verdict::different(t!(
                "it does not depend on the reader's system: a FIN reads as 0 bytes again and again, a reset (RST) is an error; for a client that dies its system sends a FIN, a reset where it had unread data, and on Windows always a reset",
                "这与读的一方用什么系统无关：FIN 让 recv 一次次返回 0 字节，重置（RST）才是报错；客户端突然死掉时，由它的系统发 FIN，如果还有未读的数据就发 RST，在 Windows 上则总是发 RST"
            ));
        }
        Verdict::as_taught(t!(
            "recv gave 0 bytes each time: that is the end, and a server that goes on reading spins",
            "recv 每次都返回 0 字节：这就是对方已关闭，如果还一直循环读，就会空转"
        ))
    }
}

impl Saw {
    /// What did not arrive, if there is anything.
    fn missing(&self) -> Option<String> {
        let nothing = |got: Option<&Got>| got == Some(&Got::Nothing);
        let fin = self.after_close.contains(&Got::Nothing) || nothing(self.after_kill.as_ref());
        let last = nothing(Some(&self.after_close_unread)) || nothing(self.after_kill_unread.as_ref());
        match (fin || last && self.unread == 0, last && self.unread > 0) {
            (false, false) => None,
            (true, false) => Some(t!("a FIN did not arrive", "FIN 没到")),
            (false, true) => Some(t!("a reset (RST) did not arrive", "重置（RST）没到")),
            (true, true) => Some(t!("neither a FIN nor a reset (RST) arrived", "FIN 和重置（RST）都没到")),
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::experiments::Kind;

    #[test]
    fn a_client_that_has_read_everything_sends_no_reset() {
        let saw = |world: World| world.run(&Stage::silent()).unwrap();
        let usual = saw(World::default());
        assert_eq!((usual.verdict().kind, usual.answer()), (Kind::Different, Some(1)));
        assert_eq!(saw(World { unread: b"" }).verdict().kind, Kind::AsTaught);
        let silent = Saw { after_close_unread: Got::Nothing, ..saw(World::default()) };
        assert_eq!((silent.verdict().kind, silent.answer()), (Kind::CannotShow, Some(2)));
        assert!(silent.verdict().why.contains("a reset (RST) did not arrive"), "{}", silent.verdict().why);
        let patient = Saw { writes: (9, None), ..saw(World::default()) };
        assert!(patient.observations()[3].ends_with("9 succeeded, and none failed"), "{:?}", patient.observations());
        let impossible = Saw { writes: (0, None), ..usual };
        assert_eq!(impossible.verdict().kind, Kind::Contradicted);
    }
}
