//! The chat room's wire.

use socket_demos::chat::lines::{Line, Lines, MAX_LINE, messages};
use socket_demos::text::Charset;

use super::choices::Choices;
use super::text::CHARSETS;

/// A line as it came: its bytes, whether it was cut, whether a newline ended it.
type Found = (Vec<u8>, bool, bool);

/// The lines are those of the whole stream, whatever pieces it comes in, silence included; none is over the limit; and
/// what a person types comes out of them as it was typed.
pub fn check(bytes: &[u8]) {
    let mut choices = Choices::new(bytes);
    let charset: Charset = choices.of(&CHARSETS).parse().expect("a label");
    let limit = choices.of(&[0, 1, 2, 3, 7, 16, 64, MAX_LINE]);
    let silence = choices.byte();
    let pieces = choices.pieces();
    let found = cut(limit, &pieces);
    assert_eq!(found, by_hand(limit, &pieces.concat()), "limit {limit}");
    let (heard, patient) = with_silence(limit, charset, silence, &pieces);
    loses_nothing(limit, &heard, &pieces.concat());
    if !patient {
        assert_eq!(heard, found, "a peer with newlines is not cut by silence");
    }
    is_said_as_typed(&String::from_utf8_lossy(&pieces.concat()), charset);
}

fn cut(limit: usize, pieces: &[&[u8]]) -> Vec<Found> {
    let mut found = Vec::new();
    let mut lines = Lines::new(limit);
    for piece in pieces {
        lines.push(piece, |line| found.push(kept(line, limit)));
    }
    lines.flush(|line| found.push(kept(line, limit)));
    found
}

fn kept(line: Line<'_>, limit: usize) -> Found {
    assert!(line.bytes.len() <= limit && !line.bytes.contains(&b'\n'), "{line:?}, limit {limit}");
    (line.bytes.to_vec(), line.cut, line.newline)
}

/// The same by the words of PROTOCOL.md: one `\r` before the newline belongs to it, and a line is cut at the limit.
fn by_hand(limit: usize, stream: &[u8]) -> Vec<Found> {
    let mut lines: Vec<_> = stream.split(|&byte| byte == b'\n').collect();
    let last = lines.pop().filter(|last| !last.is_empty());
    let line = |(line, newline): (&[u8], bool)| {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        (line[..line.len().min(limit)].to_vec(), line.len() > limit, newline)
    };
    lines.into_iter().map(|line| (line, true)).chain(last.map(|last| (last, false))).map(line).collect()
}

/// As [`cut`], with silence where the bits of `silence` say so and a peer's silence ends a message; and whether there was
/// any.
fn with_silence(limit: usize, charset: Charset, silence: u8, pieces: &[&[u8]]) -> (Vec<Found>, bool) {
    let (mut found, mut patient) = (Vec::new(), false);
    let mut lines = Lines::new(limit);
    for (index, piece) in pieces.iter().enumerate() {
        lines.push(piece, |line| found.push(kept(line, limit)));
        if silence >> (index % 8) & 1 == 1 && lines.patience().is_some() {
            patient = true;
            lines.quiet(charset, |line| found.push(kept(line, limit)));
            assert_eq!(lines.patience(), None, "what silence has left over is no message yet");
        }
    }
    lines.flush(|line| found.push(kept(line, limit)));
    (found, patient)
}

/// All bytes of the stream are in the lines, in their order, but line ends and what was cut off. Of a `\r` before silence
/// nobody knows which line it belonged to.
fn loses_nothing(limit: usize, lines: &[Found], stream: &[u8]) {
    let without_returns = |bytes: &[u8]| bytes.iter().copied().filter(|&byte| byte != b'\r').collect::<Vec<_>>();
    let stream = without_returns(stream);
    let mut rest = &stream[..];
    for (line, cut, newline) in lines {
        assert!(!cut || line.len() == limit, "{line:?} is cut before the limit");
        rest =
            rest.strip_prefix(&without_returns(line)[..]).unwrap_or_else(|| panic!("{line:?} is not next in {rest:?}"));
        let end = rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len());
        if *newline {
            assert!(*cut || end == 0, "{:?} is missing", &rest[..end]);
            rest = &rest[end + 1..];
        } else if *cut {
            // How far it would have gone only the silence tells.
            return;
        }
    }
    assert!(rest.is_empty(), "{rest:?} is missing");
}

/// Each message is one line of the wire, not one of them is a command that was not typed as one, and together they say
/// what was typed.
fn is_said_as_typed(typed: &str, charset: Charset) {
    let Ok(messages) = messages(typed, charset) else { return };
    for message in &messages {
        assert!(!message.is_empty() && message.len() <= MAX_LINE && !message.contains(&b'\n'), "{message:?}");
        assert!(!is_q(&charset.decode(message)), "a lone q would leave");
    }
    let sent: Vec<_> = messages.iter().map(|message| charset.decode(message).into_owned()).collect();
    let commands = sent.iter().filter(|line| is_command(line)).count();
    let typed_so = typed.lines().filter(|line| is_command(line)).count();
    assert!(commands <= typed_so, "{commands} commands of {typed_so}");
    let words = |text: String| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
    let said: String = sent.iter().map(|line| words_of(line)).collect();
    assert_eq!(words(said), words(typed.lines().map(words_of).collect()));
}

const SLASHES: [char; 2] = ['/', '／'];

fn is_command(line: &str) -> bool {
    line.strip_prefix(SLASHES).is_some_and(|command| !command.starts_with(SLASHES))
}

/// What the room makes of a line: `//x` says `/x`, and `//q` says `q`.
fn words_of(line: &str) -> &str {
    let escaped = line.strip_prefix(SLASHES).and_then(|rest| rest.strip_prefix(SLASHES));
    let q = escaped.filter(|q| is_q(q));
    q.or_else(|| line.strip_prefix(SLASHES).filter(|_| !is_command(line))).unwrap_or(line)
}

fn is_q(text: &str) -> bool {
    ["q", "Q", "ｑ", "Ｑ"].contains(&text.trim())
}
