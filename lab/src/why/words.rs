//! Words as people type them: one spelling for what means the same.
//!
//! English is cut at what is no letter, digit or `_`, and stemmed; a run of hanzi, which has no blanks, is taken as its
//! pairs of neighbours. So a token is never a part of a longer word.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use socket_demos::text::typed::half_width;

/// Spellings of one word, in hanzi: as typed, and as it stands in the table. Traditional ones come after their
/// characters have been made simplified.
const SAME_HANZI: &[(&str, &str)] = &[
    ("链接", "连接"),
    ("连线", "连接"),
    ("黏", "粘"),
    ("沾包", "粘包"),
    ("伺服器", "服务器"),
    ("服务端", "服务器"),
    ("用户端", "客户端"),
    ("连接埠", "端口"),
    ("埠", "端口"),
    ("端囗", "端口"),
    ("位址", "地址"),
    ("逾时", "超时"),
    ("程式", "程序"),
    ("执行绪", "线程"),
    ("封包", "包"),
    ("数据包", "包"),
    ("掉包", "丢包"),
    ("收到", "接收"),
    ("一半", "一部分"),
    ("关掉", "关闭"),
    ("断掉", "断开"),
    ("没有反应", "没反应"),
    ("没响应", "没反应"),
    ("无响应", "没反应"),
    ("连接不上", "连不上"),
    ("断线", "断开"),
    ("掉线", "断开"),
    ("重设", "重置"),
    ("积极的拒绝", "积极拒绝"),
    ("强制关闭", "强迫关闭"),
    ("用光", "用完"),
    ("卡死", "卡住"),
    ("占线", "占用"),
    ("多播", "组播"),
];

/// Traditional characters of these sentences, each before its simplified one.
const SIMPLIFIED: &str = "連连線线斷断開开關关閉闭絕绝無无應应檔档絡络發发傳传輸输訊讯號号碼码錯错誤误遠远機机網网協协議议體体數数據据\
                          為为麼么樣样個个們们請请問问題题會会對对長长時时間间處处聽听鏈链鎖锁滿满務务場场區区聲声讀读寫写綁绑監监\
                          衝冲緩缓鍵键輸输覽览塊块報报釋释資资暫暂狀状態态";

/// What is said around a question and means nothing for it.
const FILLERS: &[&str] = &[
    "怎么办",
    "怎么样",
    "怎么",
    "怎样",
    "如何",
    "为什么",
    "什么",
    "是不是",
    "能不能",
    "可不可以",
    "请问",
    "解决",
    "办法",
    "方法",
    "问题",
    "处理",
    "一下",
    "出现",
    "总是",
    "老是",
    "的",
    "了",
    "吗",
    "呢",
    "啊",
    "吧",
    "是",
    "在",
    "我",
    "你",
    "和",
    "跟",
    "就",
    "又",
    "也",
    "都",
    "把",
];

/// The same in English; what is short, common and about no socket.
const STOP: &str = "a an the my your his its our their this that these those there here i you he she it we they me him them \
                    is are was were be been being am do does did doing done has have had having will would shall should \
                    can could cant cannot may might must of to in on at by for from with into onto over as about after \
                    before and or but if so than then too very just also only even still how what why when where which \
                    who whom whose dont doesnt didnt isnt wont im ive get gets got getting some any please help need \
                    want wants mean means happen happens keep keeps try trying tried make makes use using used fix solve \
                    error errors problem issue exception python code program socket sockets nothing like s t up out \
                    something someone somebody anything everything really come comes came go goes going now away say \
                    says said tell told show shows instead because since while during through another";

/// Words that mean the same here.
const SAME: &[&str] = &[
    "receive recv read receiving",
    "send write",
    "message msg messages",
    "lost lose losing loses loss",
    "gone missing vanished disappears",
    "hang stuck block freeze frozen blocks blocking",
    "forever endlessly always",
    "garbled mojibake gibberish scrambled",
    "maximum max largest biggest",
    "incomplete partial truncated",
    "kill terminate",
    "restart rerun reboot",
    "application app process",
    "computer pc laptop machine",
    "disconnect disconnected disconnects leaves left quits",
    "slow slowly sluggish",
    "glue stick merge concatenate join",
    "multiple many several",
    "simultaneously concurrently parallel",
    "timeout timeouts",
    "occupied taken busy",
    "packet packets pkt",
    "datagram dgram",
    "image picture photo",
    "phone mobile smartphone",
    "answer reply response",
    "crash die dies",
    "finish complete done",
    "detect notice",
    "arrive deliver reach",
    "delay lag latency laggy",
    "start launch begin",
    "refused rejected declined",
    "descriptor fd descriptors",
    "cable plug wire",
    "large big bigger huge",
    "quickly fast rapidly",
    "immediately instantly directly",
    "address addr addresses",
    "connection conn connections",
    "buffer buf",
];

/// A text in one form: lower case, half width, simplified, the marks that are words as words.
pub(super) fn plain(text: &str) -> String {
    let mut text = half_width(text).to_lowercase();
    for (typed, word) in [("b''", " emptybytes "), ("b\"\"", " emptybytes "), ("’", "'")] {
        text = text.replace(typed, word);
    }
    let pairs: Vec<char> = SIMPLIFIED.chars().filter(|c| !c.is_whitespace()).collect();
    let simple = |c| pairs.chunks(2).find(|pair| pair[0] == c).map_or(c, |pair| pair[1]);
    text = text.chars().map(simple).collect();
    SAME_HANZI.iter().fold(text, |text, (typed, word)| text.replace(typed, word))
}

/// Whether it is one of the hanzi.
pub(super) fn is_hanzi(c: char) -> bool {
    ('\u{3400}'..='\u{9fff}').contains(&c)
}

/// Whether a character of a word; a full stop is one between digits, as in an address.
fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// The words of a plain text and its runs of hanzi, in their order.
pub(super) fn runs(plain: &str) -> Vec<String> {
    let plain = plain.replace('\'', "");
    let mut runs: Vec<String> = Vec::new();
    let (mut before, mut open) = (' ', false);
    let mut rest = plain.chars().peekable();
    while let Some(c) = rest.next() {
        let dotted = c == '.' && before.is_ascii_digit() && rest.peek().is_some_and(char::is_ascii_digit);
        let is_word = is_of_word(c) || dotted;
        let goes_on = open && (is_word && !is_hanzi(before) || is_hanzi(c) && is_hanzi(before));
        if is_word || is_hanzi(c) {
            match runs.last_mut() {
                Some(last) if goes_on => last.push(c),
                _ => runs.push(c.to_string()),
            }
        }
        (before, open) = (c, is_word || is_hanzi(c));
    }
    runs
}

/// A word without its ending.
pub(super) fn stem(word: &str) -> String {
    if !word.chars().all(|c| c.is_ascii_alphabetic()) {
        return word.to_string();
    }
    let mut word = word.to_string();
    if word.len() > 3 && word.ends_with('s') && !["ss", "us", "is"].iter().any(|end| word.ends_with(end)) {
        word.pop();
    } else if word.ends_with("sses") {
        word.truncate(word.len() - 2);
    }
    let without = ["ing", "ed"].iter().find_map(|end| word.strip_suffix(end).filter(|rest| rest.len() >= 3));
    if let Some(rest) = without {
        let doubled = rest.as_bytes()[rest.len() - 1] == rest.as_bytes()[rest.len() - 2] && !rest.ends_with(['s', 'l']);
        word = rest[..rest.len() - usize::from(doubled)].to_string();
    }
    word.strip_suffix('e').filter(|rest| rest.len() >= 2).map_or(word.clone(), str::to_string)
}

/// Each word that means the same as another, and the first of those.
static MEANT: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    let of_group = |words: &&str| {
        let group: Vec<_> = words.split(' ').map(stem).collect();
        group.clone().into_iter().map(move |word| (word, group[0].clone())).collect::<Vec<_>>()
    };
    SAME.iter().flat_map(of_group).collect()
});

/// The first of the words that mean the same.
pub(super) fn meant(stem: &str) -> String {
    MEANT.get(stem).map_or(stem, String::as_str).to_string()
}

/// Every word that has another meaning the same: spelling mistakes of those are put right too.
pub(super) fn known<'a>() -> impl Iterator<Item = &'a str> {
    MEANT.keys().map(String::as_str)
}

/// The tokens of a text, in their order.
pub(super) fn tokens(text: &str) -> Vec<String> {
    weighted(text).into_iter().map(|(token, _)| token).collect()
}

/// The tokens with what each counts. Those of one word with `_` are itself, joined, and its parts; those of a run of hanzi
/// count together as many words as it may have, one for two hanzi.
pub(super) fn weighted(text: &str) -> Vec<(String, f64)> {
    let mut plain = format!(" {} ", plain(text));
    for (address, word) in [("::1", " ipv6loopback "), (":::", " ipv6any :"), (" :: ", " ipv6any ")] {
        plain = plain.replace(address, word);
    }
    for filler in FILLERS {
        plain = plain.replace(filler, " ");
    }
    let plain = joined_at_hyphens(&plain);
    runs(&plain).iter().flat_map(|run| of_run(run)).collect()
}

/// `half-close` is `half_close`.
fn joined_at_hyphens(plain: &str) -> String {
    let chars: Vec<char> = plain.chars().collect();
    let is_joint = |at: usize| {
        chars[at] == '-'
            && at > 0
            && chars[at - 1].is_ascii_alphanumeric()
            && chars.get(at + 1).is_some_and(char::is_ascii_alphanumeric)
    };
    (0..chars.len()).map(|at| if is_joint(at) { '_' } else { chars[at] }).collect()
}

fn of_run(run: &str) -> Vec<(String, f64)> {
    let hanzi: Vec<char> = run.chars().filter(|c| is_hanzi(*c)).collect();
    let tokens = of_word(run);
    let weight = if hanzi.is_empty() { 1.0 } else { hanzi.len() as f64 / 2.0 / tokens.len() as f64 };
    tokens.into_iter().map(|token| (token, weight)).collect()
}

fn of_word(run: &str) -> Vec<String> {
    if run.chars().any(is_hanzi) {
        let hanzi: Vec<char> = run.chars().collect();
        return if hanzi.len() == 1 {
            vec![run.into()]
        } else {
            hanzi.windows(2).map(|pair| pair.iter().collect()).collect()
        };
    }
    let word = |word: &str| meant(&stem(word));
    // A single digit counts things, whatever they are.
    let is_digit = |part: &str| part.len() == 1 && part.chars().all(|c| c.is_ascii_digit());
    let is_told = |part: &&str| !is_digit(part) && !STOP.split_whitespace().any(|stop| stop == *part);
    if !run.contains('_') {
        return Some(run).filter(is_told).map(word).into_iter().collect();
    }
    let parts = run.split('_').filter(|part| part.len() > 2).filter(is_told).map(word);
    std::iter::once(run.replace('_', "")).chain(parts).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_the_same_is_one_token() {
        assert_eq!(tokens("receives Receiving recv"), ["receiv"; 3]);
        assert_eq!(tokens("ＴＩＭＥ＿ＷＡＩＴ")[0], "timewait");
        assert_eq!(tokens("TIME-WAIT")[0], "timewait");
        assert_eq!(tokens("黏包怎么办"), tokens("粘包"));
        assert_eq!(tokens("連線"), tokens("链接"));
        assert_eq!(tokens("在0.0.0.0监听"), ["0.0.0.0", "监听"]);
    }

    #[test]
    fn no_token_is_a_part_of_a_word() {
        assert_eq!(tokens("packet"), ["packet"]);
        assert!(!tokens("packet blackjack").contains(&"ack".to_string()));
        assert_eq!(runs("recv(1024)返回空b"), ["recv", "1024", "返回空", "b"]);
    }
}
