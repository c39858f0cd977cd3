//! What must have been seen for a verdict or a sentence to be true.

use serde_json::Value;

use super::table::World;

/// One experiment's report, and its calls in their order.
pub(super) struct Seen<'a> {
    report: &'a Value,
    calls: Vec<Call<'a>>,
}

struct Call<'a> {
    by: &'a str,
    socket: u64,
    name: &'a str,
    argument: &'a str,
    result: Result<u64, &'a str>,
    text: &'a str,
    times: u64,
}

type Evidence = fn(&Seen<'_>) -> bool;

/// What an experiment must have seen for a kind of verdict; no other verdict that says yes, no or partly is true of it.
const CLAIMS: [(&str, &str, Evidence); 22] = [
    ("refused", "different", |seen| seen.fails("connect", "ECONNREFUSED") && seen.fails("recvfrom", "ECONNREFUSED")),
    ("refused", "partly", |seen| seen.fails("connect", "ECONNREFUSED") && !seen.fails("recvfrom", "ECONNREFUSED")),
    ("handshake", "different", |seen| seen.in_order(&[("connect", 0), ("send", 5), ("accept", 3), ("recv", 5)])),
    ("handshake", "as-taught", |seen| {
        seen.fails("connect", "E")
            && seen.number("/queue/0").is_some_and(|queued| Some(queued) >= seen.number("/queue/1"))
    }),
    ("states", "as-taught", |seen| {
        let states = |when: &str| seen.report["measured"][when].to_string();
        states("after_first_close") == r#"["FIN_WAIT_2","CLOSE_WAIT"]"#
            && states("after_second_close") == r#"["TIME_WAIT",null]"#
            && seen.in_order(&[("connect", 0), ("accept", 3), ("close", 0), ("close", 0)])
    }),
    ("backlog", "partly", |seen| {
        let connects = || seen.calls.iter().filter(|call| call.name == "connect");
        let connected = connects().take_while(|call| call.result.is_ok()).count();
        connected > 0 && seen.number("/limit") == Some(connected as u64) && connects().nth(connected).is_some()
    }),
    ("sticky", "partly", |seen| seen.moved("recv", &[3, 3, 1, 1, 1])),
    ("leftover", "partly", |seen| {
        let first = || seen.calls.iter().filter(|call| call.name == "recv" && call.by == "client" && call.socket == 2);
        let all: u64 = first().filter_map(|call| Some(call.times * call.result.ok()?)).sum();
        all == 5006 && first().nth(1).is_some_and(|call| call.text.starts_with('1'))
    }),
    ("truncation", "as-taught", |seen| seen.moved("recvfrom", &[1024]) && seen.fails("recvfrom", "EAGAIN")),
    ("empty", "as-taught", |seen| {
        seen.moved("send", &[0]) && seen.moved("recvfrom", &[0, 4]) && seen.fails("recv", "EAGAIN")
    }),
    ("farewell", "different", |seen| seen.ends() > 3 && seen.fails("recv", "ECONNRESET")),
    ("half-close", "different", |seen| seen.in_order(&[("shutdown", 0), ("recv", 8), ("recv", 0), ("recv", 6)])),
    ("time-wait", "partly", |seen| {
        seen.fails("bind", "EADDRINUSE") && seen.report.pointer("/measured/restart/left") == Some(&"time-wait".into())
    }),
    ("sharing", "different", |seen| {
        (seen.fails("bind", "EADDRINUSE") || seen.fails("listen", "EADDRINUSE")) && seen.succeeded("recvfrom") == 3
    }),
    ("many-clients", "as-taught", |seen| seen.succeeded("accept") == 5 && seen.succeeded("recvfrom") == 10),
    ("boundaries", "as-taught", |seen| {
        seen.moved("recvfrom", &[1, 500, 1400, 1, 500, 1400]) && seen.got("recv") == 1901
    }),
    ("largest", "different", |seen| seen.moved("recvfrom", &[65_507]) && seen.fails("sendto", "EMSGSIZE")),
    ("flood", "different", |seen| {
        let lost = seen.succeeded("sendto") - seen.succeeded("recvfrom");
        lost > 0 && seen.number("/dropped") == Some(lost) && seen.got("recv") == seen.got("send")
    }),
    ("flood", "as-taught", |seen| seen.succeeded("sendto") == seen.succeeded("recvfrom")),
    ("stranger", "different", |seen| ["stranger", "server"].iter().all(|who| seen.heard("recvfrom", who))),
    ("characters", "different", |seen| seen.moved("recv", &[1024, 176, 6, 6, 4])),
    ("pipes", "different", |seen| {
        let held = seen.number("/background_milliseconds").is_some_and(|held| held >= 100);
        held && seen.report.pointer("/measured/full_pipe/0") == Some(&Value::Null) && seen.heard("read", "done\n")
    }),
];

/// What must have been seen where a sentence has these words.
const WORDS: [(&str, Evidence); 23] = [
    ("timed out", |seen| seen.fails("connect", "ETIMEDOUT")),
    ("TCP was not refused", |seen| !seen.fails("connect", "ECONNREFUSED")),
    ("neither UDP socket was told", |seen| !seen.fails("recvfrom", "ECONNREFUSED")),
    ("a connected UDP socket reports it", |seen| seen.fails("recvfrom", "ECONNREFUSED")),
    ("which had been waiting", |seen| seen.moved("recv", &[5])),
    ("finishes the handshake as soon as", |seen| seen.in_order(&[("connect", 0), ("accept", 3)])),
    ("came too", |seen| seen.heard("recvfrom", "next")),
    ("still delivered", |seen| seen.heard("recvfrom", "stranger, early")),
    ("has ended its direction", |seen| seen.ends() > 0),
    ("a FIN reads as 0 bytes", |seen| seen.ends() > 0),
    ("a reset (RST) is an error", |seen| seen.fails("recv", "ECONNRESET")),
    ("neither a FIN nor a reset", |seen| seen.ends() == 0 && !seen.fails("recv", "ECONNRESET")),
    ("a FIN did not arrive", |seen| seen.fails("recv", "EAGAIN") && seen.fails("recv", "ECONNRESET")),
    ("a reset (RST) did not arrive", |seen| seen.ends() > 0 && !seen.fails("recv", "ECONNRESET")),
    ("and none failed", |seen| !seen.fails("send", "E")),
    ("lost on loopback", |seen| seen.succeeded("sendto") > seen.succeeded("recvfrom")),
    ("the sender wait", |seen| seen.fails("send", "EAGAIN")),
    ("the sender had to wait", |seen| seen.fails("send", "EAGAIN")),
    ("without a wait", |seen| !seen.fails("send", "EAGAIN")),
    ("were kept", |seen| seen.takes("setsockopt", "SO_ATTACH_FILTER")),
    ("half-open connections were not made", |seen| !seen.takes("setsockopt", "SO_ATTACH_FILTER")),
    ("silently: neither side is told", |seen| seen.moved("recvfrom", &[1024])),
    ("did not arrive", |seen| !seen.has_all_of_the_usual()),
];

impl<'a> Seen<'a> {
    pub(super) fn of(report: &'a Value) -> Self {
        let text = |value: &'a Value| value.as_str().unwrap_or_default();
        let calls = report["calls"].as_array().unwrap().iter().map(|call| Call {
            by: text(&call["program"]),
            socket: call["socket"].as_u64().unwrap(),
            name: text(&call["call"]),
            argument: text(&call["argument"]),
            result: call["result"]["ok"].as_u64().ok_or(text(&call["result"]["error"])),
            text: text(&call["data"]["text"]),
            times: call["times"].as_u64().unwrap(),
        });
        Self { report, calls: calls.collect() }
    }

    /// Every sentence that what was seen does not bear out.
    pub(super) fn lies(&self, world: &World) -> Vec<String> {
        let (name, kind) = (self.text("name"), self.text("verdict"));
        let mut lies = Vec::new();
        let shown: Vec<_> =
            CLAIMS.iter().filter(|(of, _, seen)| *of == name && seen(self)).map(|(_, kind, _)| *kind).collect();
        match kind {
            "contradicted" => lies.push("no kernel contradicts itself here".to_string()),
            "failed" => lies.push("what this world lacks is no failure".to_string()),
            "cannot-show" if shown.is_empty() => {}
            kind if shown.contains(&kind) => {}
            kind => lies.push(format!("what was seen makes it {shown:?}, not {kind}")),
        }
        let said = self.said();
        lies.extend(
            WORDS
                .iter()
                .filter(|(words, seen)| said.contains(words) && !seen(self))
                .map(|(words, _)| format!("{words:?} was not so")),
        );
        // To start a process is no call of a socket.
        lies.extend(self.invented_errors(&said).into_iter().filter(|_| !said.contains("starts no more processes")));
        lies.extend(invented_parameters(&said, world));
        lies
    }

    /// The verdict's reason and the observations.
    pub(super) fn said(&self) -> String {
        let observations = self.report["observations"].as_array().unwrap().iter().filter_map(Value::as_str);
        [self.text("why")].into_iter().chain(observations).collect::<Vec<_>>().join("\n")
    }

    pub(super) fn text(&self, field: &str) -> &str {
        self.report[field].as_str().unwrap()
    }

    /// Errors with name and number that no call had.
    fn invented_errors(&self, said: &str) -> Vec<String> {
        let words: Vec<_> = said.split(|c: char| !c.is_ascii_alphanumeric()).collect();
        let is_name =
            |word: &str| word.len() > 3 && word.starts_with('E') && word.bytes().all(|b| b.is_ascii_uppercase());
        let named = words
            .windows(2)
            .filter(|pair| is_name(pair[0]) && pair[1].parse::<u32>().is_ok())
            .map(|pair| pair.join(" "));
        let had = |error: &String| self.calls.iter().any(|call| call.result == Err(error.as_str()));
        named.filter(|error| !had(error)).map(|error| format!("no call gave {error}")).collect()
    }

    fn number(&self, pointer: &str) -> Option<u64> {
        self.report["measured"].pointer(pointer)?.as_u64()
    }

    fn fails(&self, name: &str, error: &str) -> bool {
        self.calls.iter().any(|call| call.name == name && call.result.is_err_and(|had| had.starts_with(error)))
    }

    fn takes(&self, name: &str, argument: &str) -> bool {
        self.calls.iter().any(|call| call.name == name && call.argument.starts_with(argument) && call.result.is_ok())
    }

    fn heard(&self, name: &str, text: &str) -> bool {
        self.calls.iter().any(|call| call.name == name && call.text == text)
    }

    /// How often a call succeeded.
    fn succeeded(&self, name: &str) -> u64 {
        self.calls.iter().filter(|call| call.name == name && call.result.is_ok()).map(|call| call.times).sum()
    }

    /// How often `recv` gave 0 bytes.
    fn ends(&self) -> u64 {
        self.calls.iter().filter(|call| call.name == "recv" && call.result == Ok(0)).map(|call| call.times).sum()
    }

    /// How many bytes the successful ones moved.
    fn got(&self, name: &str) -> u64 {
        self.calls.iter().filter(|call| call.name == name).map(|call| call.times * call.result.unwrap_or(0)).sum()
    }

    /// Whether the successful calls of that name moved these numbers of bytes, one after the other.
    fn moved(&self, name: &str, bytes: &[u64]) -> bool {
        let of_name = self.calls.iter().filter(|call| call.name == name);
        let all: Vec<_> = of_name.flat_map(|call| (0..call.times.min(10)).filter_map(|_| call.result.ok())).collect();
        all.windows(bytes.len()).any(|some| some == bytes)
    }

    /// Whether these calls succeeded with these numbers, in this order, whatever was between them.
    fn in_order(&self, wanted: &[(&str, u64)]) -> bool {
        let mut calls = self.calls.iter();
        wanted.iter().all(|(name, number)| calls.any(|call| call.name == *name && call.result == Ok(*number)))
    }

    /// Whether what makes one of the verdicts was there.
    fn has_all_of_the_usual(&self) -> bool {
        CLAIMS.iter().any(|(of, _, seen)| *of == self.text("name") && seen(self))
    }
}

/// Values of the kernel's parameters that this world has not: `net.core.somaxconn is 1`, `net.ipv4.tcp_syncookies 2`.
fn invented_parameters(said: &str, world: &World) -> Vec<String> {
    let mut invented = Vec::new();
    for mention in said.split("net.").skip(1) {
        let mut words = mention.split([' ', ',', ';', ')', '\n', ':']).filter(|word| *word != "is");
        let (Some(name), Some(value)) = (words.next(), words.next().and_then(|value| value.parse::<u64>().ok())) else {
            continue;
        };
        let is_so = world.set.is_some_and(|(set, to)| set.replace('/', ".") == name && to == value.to_string());
        if !is_so && !mention.contains("as where") {
            invented.push(format!("net.{name} is not {value}"));
        }
    }
    invented
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::table::{Made, TENTH, WORLDS};
    use super::*;
    use crate::common;

    fn lies(verdict: &str, why: &str, first: &Value) -> Vec<String> {
        let call = |result: &Value| json!({"program": "server", "socket": 1, "call": "recvfrom", "argument": "1024", "result": result, "times": 1});
        let calls = json!([call(first), call(&json!({"error": "EAGAIN 11"}))]);
        let report = json!({"name": "truncation", "verdict": verdict, "why": why, "observations": [], "calls": calls});
        Seen::of(&report).lies(&World { name: "one", set: Some(("core/somaxconn", "1")), made: Made::By("") })
    }

    #[test]
    fn a_verdict_or_a_sentence_without_its_calls_is_a_lie() {
        let (came, nothing) = (json!({"ok": 1024}), json!({"error": "EAGAIN 11"}));
        let silently = "and silently: neither side is told";
        assert_eq!(lies("as-taught", silently, &came), [""; 0]);
        assert_eq!(lies("cannot-show", "what was sent did not arrive", &nothing), [""; 0]);
        assert_eq!(lies("as-taught", silently, &nothing).len(), 2);
        assert_eq!(lies("cannot-show", "what was sent did not arrive", &came).len(), 2);
        assert_eq!(lies("different", "", &came).len(), 1);
        assert_eq!(lies("contradicted", "", &nothing).len() + lies("failed", "", &nothing).len(), 2);
        let errors = lies("as-taught", "the next: EAGAIN 11, then ECONNRESET 104", &came);
        assert_eq!(errors, ["no call gave ECONNRESET 104"]);
        let parameters = lies("as-taught", "net.core.somaxconn is 1; net.core.somaxconn is 3", &came);
        assert_eq!(parameters, ["net.core.somaxconn is not 3"]);
    }

    /// Words that no sentence has hold nothing.
    #[test]
    fn the_words_are_those_of_the_experiments() {
        let sources = common::sources(&common::root().join("lab/src/experiments"));
        let all: String = sources.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect();
        for (words, _) in WORDS {
            assert!(all.contains(words), "{words}");
        }
    }

    #[test]
    fn the_tenth_is_a_part_of_the_table() {
        for ((name, tried), world) in TENTH.iter().zip(&WORLDS) {
            assert_eq!(*name, world.name);
            assert!(
                !tried.is_empty() && tried.iter().all(|name| socket_lab::experiments::find(name).is_ok()),
                "{name}"
            );
        }
        assert_eq!(TENTH.len(), WORLDS.len());
    }

    #[test]
    fn a_row_stands_for_each_experiment() {
        for experiment in &socket_lab::experiments::EXPERIMENTS {
            assert!(CLAIMS.iter().any(|(name, ..)| *name == experiment.name), "{}", experiment.name);
        }
    }
}
