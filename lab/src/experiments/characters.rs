//! Decode what recv gave? A read may end in the middle of a character, and bytes do not tell their encoding.

use std::io;

use serde::Serialize;

use super::{Experiment, Findings, Judge, Question, Verdict};
use crate::figure::Figure;
use crate::outcome::Got;
use crate::stage::{Stage, arrived, recv, send};
use socket_demos::net::TcpStream;
use socket_demos::t;
use socket_demos::text::{Charset, Decoder};

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "characters",
    claim: || t!("what recv gave can be decoded as it is", "recv 得到的字节直接 decode 就行"),
    keywords: "UnicodeDecodeError utf-8 gbk 936 65001 乱码 编码 解码 锟斤拷 浣犲ソ 汉字 半个汉字 decode encode invalid start byte \
               unexpected end of data",
    question: || Question {
        asked: t!(
            "400 hanzi in UTF-8 are read with recv(1024), and each read is decoded. What comes out?",
            "400 个汉字的 UTF-8 用 recv(1024) 来读，每次读到就解码，结果怎样？"
        ),
        answers: vec![t!("all 400 hanzi", "400 个汉字全对"), t!("one is broken", "有一个汉字坏了")],
    },
    source: "RFC 3629 §3; WHATWG Encoding §4",
    run: |stage| World::default().run(stage).map(Findings::of),
};

/// How many hanzi are sent; 3 bytes each.
const HANZI: usize = 400;

struct World {
    /// What one `recv` takes at most, in bytes.
    buffer: usize,
}

impl Default for World {
    fn default() -> Self {
        Self { buffer: 1024 }
    }
}

#[derive(Serialize)]
struct Saw {
    /// The length of each read in bytes.
    reads: Vec<usize>,
    /// Characters that came out whole, where each read is decoded by itself, and by one decoder for the stream.
    whole_by_read: usize,
    whole_by_stream: usize,
    /// What became of texts that were read in another encoding than they were written in.
    misread: Vec<(String, String)>,
    /// Hanzi of GB 2312 whose two bytes are valid UTF-8 too, and all of them.
    ambiguous: (usize, usize),
}

impl World {
    fn run(&self, stage: &Stage) -> io::Result<Saw> {
        let (client, server) = stage.pair()?;
        let text = "汉".repeat(HANZI);
        send(&server, text.as_bytes())?;
        arrived(&client, text.len());
        let reads = [recv(&client, self.buffer), recv(&client, text.len())];
        let pieces = reads.each_ref().map(Got::bytes);

        let by_read = pieces.map(|piece| Charset::default().decode(piece).into_owned()).concat();
        let mut decoder = Decoder::new(Charset::default());
        let by_stream = pieces.map(|piece| decoder.push(piece)).concat();
        Ok(Saw {
            reads: pieces.map(<[u8]>::len).to_vec(),
            whole_by_read: whole(&by_read),
            whole_by_stream: whole(&by_stream),
            misread: misread(&client, &server)?,
            ambiguous: ambiguous(),
        })
    }
}

/// Texts, and what the client reads who takes them for another encoding.
fn misread(client: &TcpStream, server: &TcpStream) -> io::Result<Vec<(String, String)>> {
    let (utf8, gbk) = (Charset::default(), Charset::of_code_page(936).unwrap_or_default());
    let mut misread = Vec::new();
    for (text, written, read) in [("你好", utf8, gbk), ("\u{fffd}\u{fffd}", utf8, gbk), ("目录", gbk, utf8)] {
        let bytes = written.encode_lossy(text);
        send(server, &bytes)?;
        arrived(client, bytes.len());
        misread.push((text.to_string(), read.decode(recv(client, 1024).bytes()).into_owned()));
    }
    Ok(misread)
}

fn whole(text: &str) -> usize {
    text.chars().filter(|c| *c == '汉').count()
}

/// Of the hanzi of GB 2312 (rows B0 to F7, the last of D7 left out) those whose bytes are valid UTF-8 too.
fn ambiguous() -> (usize, usize) {
    let pairs = (0xb0..=0xf7_u8).flat_map(|high| (0xa1..=0xfe_u8).map(move |low| [high, low]));
    let hanzi: Vec<_> = pairs.filter(|[high, low]| (*high, *low) < (0xd7, 0xfa) || *high > 0xd7).collect();
    (hanzi.iter().filter(|bytes| std::str::from_utf8(*bytes).is_ok()).count(), hanzi.len())
}

impl Judge for Saw {
    fn observations(&self) -> Vec<String> {
        let Self { reads, whole_by_read, whole_by_stream, misread, ambiguous: (both, all) } = self;
        let reads = reads.iter().map(ToString::to_string).collect::<Vec<_>>().join(&t!(", ", "、"));
        let share = 100.0 * *both as f64 / *all as f64;
        let mut observations = vec![
            t!(
                "{HANZI} hanzi of 3 bytes came in reads of {reads} bytes",
                "{HANZI} 个汉字，每个 3 字节，分几次读到：{reads} 字节"
            ),
            t!(
                "whole hanzi, each read decoded by itself: {whole_by_read}; by one decoder for the stream: {whole_by_stream}",
                "每次读到就单独解码，完整的汉字有 {whole_by_read} 个；整个流共用一个增量解码器：{whole_by_stream} 个"
            ),
        ];
        observations.extend(misread.iter().map(|(text, read)| {
            t!("{text:?} read in the wrong encoding: {read:?}", "{text:?} 用错编码来读：{read:?}")
        }));
        observations.push(t!(
            "{both} of {all} hanzi of GB 2312 ({share:.1} %) are valid UTF-8 too, so guessing is unsafe",
            "GB 2312 的 {all} 个汉字里有 {both} 个（{share:.1} %）同时也是合法的 UTF-8，所以不能靠猜"
        ));
        observations
    }

    fn figure(&self) -> Option<Figure> {
        let (both, all) = self.ambiguous;
        let bars = [
            (t!("whole, read by read", "逐次解码后完整"), self.whole_by_read, HANZI),
            (t!("whole, one decoder", "增量解码后完整"), self.whole_by_stream, HANZI),
            (t!("GBK, valid UTF-8 too", "GBK 也是合法 UTF-8"), both, all),
        ];
        let title = t!(
            "Hanzi that survive decoding, and hanzi that fit two encodings",
            "解码后完整的汉字，和两种编码都说得通的汉字"
        );
        Some(Figure::shares(title, bars))
    }

    fn answer(&self) -> Option<usize> {
        Some(usize::from(self.whole_by_read < HANZI))
    }

    fn verdict(&self) -> Verdict {
        if self.reads.iter().sum::<usize>() < "汉".len() * HANZI {
            return Verdict::not_arrived();
        }
        if self.whole_by_stream != HANZI {
            return Verdict::contradicted(t!("the incremental decoder lost a hanzi", "增量解码器丢了汉字"));
        }
        if self.whole_by_read == HANZI {
            return Verdict::as_taught(t!("here no read ended in the middle of a character", "这次没有切在汉字中间"));
        }
        Verdict::different(t!(
            "a read may end in the middle of a character: decode the stream incrementally, and let the sender say which encoding it is",
            "一次读取可能正好切在汉字中间：要对整个流增量解码，并由发送方说明用的是什么编码"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiments::Kind;

    #[test]
    fn a_buffer_of_whole_characters_cuts_none() {
        let saw = |world: World| world.run(&Stage::silent()).unwrap();
        let usual = saw(World::default());
        assert_eq!(usual.misread.iter().map(|(_, read)| read.as_str()).collect::<Vec<_>>(), ["浣犲ソ", "锟斤拷", "Ŀ¼"]);
        assert_eq!(usual.ambiguous, (930, 6763));
        assert_eq!((usual.verdict().kind, usual.answer()), (Kind::Different, Some(1)));
        assert_eq!(saw(World { buffer: 1023 }).verdict().kind, Kind::AsTaught);
        assert_eq!(usual.figure().unwrap().bars[0].shown, "399 of 400 (99.8 %)");
        let lost = Saw { reads: vec![1024, 0], whole_by_stream: 341, ..saw(World::default()) };
        assert_eq!(lost.verdict().kind, Kind::CannotShow);
        let impossible = Saw { whole_by_stream: 399, ..usual };
        assert_eq!(impossible.verdict().kind, Kind::Contradicted);
    }
}
