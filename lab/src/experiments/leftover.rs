//! A reply over 1024 bytes breaks recv(1024)? The rest comes with the next answer; frames are the cure.

use std::io::{self, Read as _, Write as _};

use serde::Serialize;

use super::{Experiment, Findings, Judge, Question, Verdict};
use crate::stage::{Stage, arrived, recv, send};
use socket_demos::net::TcpStream;
use socket_demos::t;

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "leftover",
    claim: || t!("a reply over 1024 bytes breaks recv(1024)", "回复超过 1024 字节，recv(1024) 就收不全"),
    keywords: "粘包 黏包 recv 1024 leftover 残留 半包 拆包 错位 上一条命令的结果 frame 帧 报头 长度 length prefix struct.pack",
    question: || Question {
        asked: t!(
            "A reply has 5000 bytes, the client calls recv(1024) once and asks the next question. What does its next recv(1024) give?",
            "回复有 5000 字节，客户端只 recv(1024) 一次就发下一个请求。接着的 recv(1024) 得到什么？"
        ),
        answers: vec![
            t!("the answer to the second question", "第二个请求的回复"),
            t!("more of the first reply", "第一个回复剩下的部分"),
            t!("an error", "报错"),
        ],
    },
    source: "recv(2); RFC 9293 §2.2",
    run: |stage| World::default().run(stage).map(Findings::of),
};

/// The answer to the second question.
const SECOND: &[u8] = b"second";

struct World {
    /// What one `recv` takes at most, in bytes.
    buffer: usize,
    /// The length of the first reply, in bytes.
    reply: usize,
}

impl Default for World {
    fn default() -> Self {
        Self { buffer: 1024, reply: 5000 }
    }
}

#[derive(Serialize)]
struct Saw {
    reply: usize,
    /// What the first `recv` gave, in bytes.
    first: usize,
    /// What the `recv` after the second question gave, as far as it belongs to the first reply and to the second.
    next: (usize, usize),
    /// Bytes of both replies that came in the end.
    total: usize,
    /// Whether the end came behind them.
    ended: bool,
    /// What came when each reply had its length in front.
    framed: (usize, String),
}

impl World {
    fn run(&self, stage: &Stage) -> io::Result<Saw> {
        let (client, server) = stage.pair()?;
        send(&client, b"first question")?;
        recv(&server, 1024);
        send(&server, &vec![b'1'; self.reply])?;
        // No more than is read now: a small receive buffer has no room for all of it.
        arrived(&client, self.reply.min(self.buffer));
        let first = recv(&client, self.buffer).bytes().len();
        send(&client, b"second question")?;
        recv(&server, 1024);
        send(&server, SECOND)?;
        let expected = self.reply + SECOND.len();
        arrived(&client, (expected - first).min(self.buffer));
        let next = recv(&client, self.buffer);
        let old = next.bytes().iter().take_while(|byte| **byte == b'1').count();
        server.close();
        let (rest, ended) = read_to_end(&client, self.buffer);
        Ok(Saw {
            reply: self.reply,
            first,
            next: (old, next.bytes().len() - old),
            total: first + next.bytes().len() + rest,
            ended,
            framed: self.with_frames(stage)?,
        })
    }

    /// The cure: each reply has its length in front, in 4 bytes, and is read until it is whole.
    fn with_frames(&self, stage: &Stage) -> io::Result<(usize, String)> {
        let (client, server) = stage.pair()?;
        write_frame(&server, &vec![b'1'; self.reply])?;
        write_frame(&server, SECOND)?;
        Ok((read_frame(&client)?.len(), String::from_utf8_lossy(&read_frame(&client)?).into_owned()))
    }
}

/// How many bytes come until the end, and whether it is an end.
fn read_to_end(stream: &TcpStream, buffer: usize) -> (usize, bool) {
    let mut total = 0;
    loop {
        let got = recv(stream, buffer);
        if got.bytes().is_empty() {
            return (total, got.is_empty());
        }
        total += got.bytes().len();
    }
}

fn write_frame(mut stream: &TcpStream, payload: &[u8]) -> io::Result<()> {
    let length = u32::try_from(payload.len()).map_err(io::Error::other)?;
    stream.write_all(&length.to_be_bytes())?;
    stream.write_all(payload)
}

fn read_frame(mut stream: &TcpStream) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let mut payload = vec![0; u32::from_be_bytes(length) as usize];
    stream.read_exact(&mut payload)?;
    Ok(payload)
}

impl Judge for Saw {
    fn observations(&self) -> Vec<String> {
        let Self { reply, first, next: (old, new), total, framed: (framed, second), .. } = self;
        vec![
            t!("of {reply} bytes the first recv gave {first}", "{reply} 字节里，第一次 recv 得到 {first} 字节"),
            t!(
                "the recv after the second question gave {old} bytes of the first reply and {new} of the second",
                "发完第二个请求再 recv：{old} 字节属于第一个回复，{new} 字节属于第二个"
            ),
            t!("in the end {total} bytes of both had come", "两个回复最后一共收到 {total} 字节"),
            t!(
                "with the length in front: one reply of {framed} bytes, then {second:?}",
                "加上长度前缀：先是完整的 {framed} 字节，然后是 {second:?}"
            ),
        ]
    }

    fn answer(&self) -> Option<usize> {
        Some(usize::from(self.next.0 > 0))
    }

    fn verdict(&self) -> Verdict {
        let Self { reply, next: (old, _), total, ended, framed: (framed, second), .. } = self;
        if *total < reply + SECOND.len() && !ended {
            return Verdict::not_arrived();
        }
        if *total != reply + SECOND.len() || framed != reply || second.as_bytes() != SECOND {
            return Verdict::contradicted(t!("bytes were lost", "有字节丢了"));
        }
        if *old == 0 {
            return Verdict::different(t!("the whole reply fitted the buffer", "缓冲区装得下整个回复"));
        }
        Verdict::partly(t!(
            "one recv does not get it all, but nothing is lost: the rest is the beginning of the next answer, and all later answers are late by as much; the cure is a frame, a length in front of each message",
            "一次 recv 确实收不全，不过什么也没丢：剩下的部分成了下一个回复的开头，以后每个回复都跟着错位；办法是给每条消息加上长度前缀"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiments::Kind;

    #[test]
    fn a_larger_buffer_leaves_nothing_over() {
        let saw = |world: World| world.run(&Stage::silent()).unwrap();
        let usual = saw(World::default());
        assert_eq!((usual.verdict().kind, usual.answer()), (Kind::Partly, Some(1)));
        assert_eq!(saw(World { buffer: 8192, ..World::default() }).verdict().kind, Kind::Different);
        let late = Saw { total: 5000, ended: false, ..saw(World::default()) };
        assert_eq!(late.verdict().kind, Kind::CannotShow);
        let impossible = Saw { total: 5000, ..usual };
        assert_eq!(impossible.verdict().kind, Kind::Contradicted);
    }
}
