//! Errors that a question names: by name, by number, in a system's or a language's own sentence.
//!
//! A number is one where something says so (`[Errno 98]`, `os error 111`, `(104)`, `10054`), never a port or a length. The
//! same number is another error on another system: what the line itself says of the system decides, else what the rest
//! of it names, else this system comes first.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use socket_demos::errors::SocketError;
use socket_demos::t;

use super::System;
use super::runtimes::{self, Leads};
use super::words;

/// What a name or a sentence counts, a class that has many causes, and the same number on another system. A word of a
/// question counts up to about 5.
const NAMED: f64 = 12.0;
const PERHAPS: f64 = 6.0;
const ELSEWHERE: f64 = 5.0;

/// Windows Sockets' numbers begin here, those of errno end long before.
const FIRST_OF_WINDOWS: i32 = 10_004;

/// What a question names.
#[derive(Default)]
pub(super) struct Named {
    /// The errors, with how surely.
    pub(super) errors: BTreeMap<SocketError, f64>,
    /// The topics that no error stands for.
    pub(super) topics: BTreeMap<&'static str, f64>,
    /// The question without the sentences that were understood.
    pub(super) rest: String,
    /// What else a number may be.
    pub(super) note: Option<String>,
}

/// What `question` names, for somebody who sits at `here`.
pub(super) fn named(question: &str, here: System) -> Named {
    let plain = words::plain(question);
    let mut named = Named::default();
    let understood = names(&plain, &mut named);
    named.rest = sentences(&plain, &understood, &mut named);
    for number in numbers(&plain, here, &mut named) {
        named.rest = format!(" {} ", named.rest).replace(&format!(" {number} "), " ");
    }
    named
}

impl Named {
    fn leads(&mut self, leads: Leads, weight: f64) {
        match leads {
            Leads::To(error) => raise(self.errors.entry(error).or_default(), weight),
            Leads::ToTopic(topic) => raise(self.topics.entry(topic).or_default(), weight),
        }
    }
}

/// What is named twice is named as surely as once.
fn raise(weight: &mut f64, to: f64) {
    *weight = weight.max(to);
}

/// Finds the names, and gives those that there are.
fn names(plain: &str, named: &mut Named) -> Vec<String> {
    let mut understood = Vec::new();
    for word in words::runs(plain) {
        let is_name = |error: &SocketError| {
            let name = error.name().to_lowercase();
            word == name || word.strip_prefix("wsa") == Some(&name)
        };
        if let Some(error) = SocketError::ALL.into_iter().find(is_name) {
            named.leads(Leads::To(error), NAMED);
            understood.push(word);
        } else if let Some(sign) = runtimes::NAMES.iter().find(|sign| sign.0.contains(&&*word)) {
            named.leads(sign.1, if sign.2 { NAMED } else { PERHAPS });
            understood.push(word);
        }
    }
    understood
}

/// A text as its words and its single hanzi, with a blank before and behind each: what is found in it is whole words.
fn spaced(plain: &str) -> String {
    let mut spaced = String::from(" ");
    for run in words::runs(plain) {
        if run.chars().any(words::is_hanzi) {
            spaced.extend(run.chars().flat_map(|c| [c, ' ']));
        } else {
            spaced += &run;
            spaced.push(' ');
        }
    }
    spaced
}

/// Every known sentence with where it leads, the longest first.
static SENTENCES: LazyLock<Vec<(String, Leads, f64)>> = LazyLock::new(|| {
    let systems = SocketError::ALL.into_iter().flat_map(|error| {
        error.sentences().iter().map(move |sentence| (spaced(&words::plain(sentence)), Leads::To(error), NAMED))
    });
    let languages = runtimes::SENTENCES.iter().flat_map(|(sentences, leads, sure)| {
        let weight = if *sure { NAMED } else { PERHAPS };
        sentences.iter().map(move |sentence| (spaced(&words::plain(sentence)), *leads, weight))
    });
    let mut known: Vec<_> = systems.chain(languages).collect();
    known.sort_by_key(|(sentence, ..)| std::cmp::Reverse(sentence.len()));
    known
});

/// Finds the sentences, and gives what they and the names leave.
fn sentences(plain: &str, understood: &[String], named: &mut Named) -> String {
    let mut rest = spaced(plain);
    for (sentence, leads, weight) in &*SENTENCES {
        if rest.contains(sentence) {
            named.leads(*leads, *weight);
            rest = rest.replace(sentence, " . ");
        }
    }
    for name in understood {
        rest = rest.replace(&format!(" {name} "), " . ");
    }
    joined(&rest)
}

/// The single hanzi side by side again.
fn joined(spaced: &str) -> String {
    let mut text = String::new();
    for word in spaced.split_whitespace() {
        let both = text.chars().last().is_some_and(words::is_hanzi) && word.chars().all(words::is_hanzi);
        if !text.is_empty() && !both {
            text.push(' ');
        }
        text += word;
    }
    text
}

/// A number of a question, and what stands around it.
struct Number<'a> {
    value: i32,
    before: &'a str,
    after: &'a str,
}

impl Number<'_> {
    fn all(plain: &str) -> Vec<Number<'_>> {
        let mut numbers = Vec::new();
        let mut at = 0;
        while let Some(start) = plain[at..].find(|c: char| c.is_ascii_digit()).map(|start| at + start) {
            let end = plain[start..].find(|c: char| !c.is_ascii_digit()).map_or(plain.len(), |end| start + end);
            let (before, after) = (&plain[..start], &plain[end..]);
            let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
            let alone = !before.ends_with(is_word) && !after.starts_with(|c| is_word(c) && c != '.');
            let sign = if before.ends_with('-') { "-" } else { "" };
            if let Ok(number) = format!("{sign}{}", &plain[start..end]).parse()
                && alone
            {
                numbers.push(Number { value: number, before, after });
            }
            at = end;
        }
        numbers
    }

    /// Whether what stands before it says that it is an error's.
    fn is_marked(&self) -> bool {
        const MARKS: [&str; 16] = [
            "errno",
            "winerror",
            "oserror",
            "error",
            "err",
            "error code",
            "code",
            "wsagetlasterror",
            "错误",
            "错误码",
            "错误代码",
            "错误号",
            "代码",
            "代号",
            "错误编号",
            "wsa",
        ];
        let before = self.before.trim_end_matches(|c: char| " :=[(#-：（【'\"".contains(c));
        let exits = ["exit code", "exit status", "status code"].iter().any(|end| before.ends_with(end));
        let is_mark = |mark: &str| {
            before.strip_suffix(mark).is_some_and(|rest| !rest.ends_with(|c: char| c.is_ascii_alphanumeric()))
        };
        !exits && MARKS.into_iter().any(is_mark)
    }

    /// Whether it stands in brackets that are not those of a call: `(104)`, but not `recv(1024)`.
    fn is_in_brackets(&self) -> bool {
        let Some(outside) = self.before.strip_suffix(['(', '[', '（']) else { return false };
        self.after.starts_with([')', ']', '）', ','])
            && !outside.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
    }

    /// Whether Windows Sockets have it, and nobody calls it a port.
    fn is_of_windows(&self) -> bool {
        let before = self.before.trim_end();
        let is_port = before.ends_with(':') && !self.before.ends_with(' ')
            || before.ends_with("port")
            || before.ends_with("端口");
        (FIRST_OF_WINDOWS..=11_010).contains(&self.value) && !is_port
    }
}

/// Finds the numbers, and gives those that are errors'.
fn numbers(plain: &str, here: System, named: &mut Named) -> Vec<String> {
    let mut understood = Vec::new();
    let words = words::runs(plain);
    let said = said_system(&words);
    let few = words.iter().filter(|word| system_of(word).is_none()).count() == 1;
    for number in Number::all(plain) {
        if number.before.ends_with("curl: (") {
            if let Some((_, leads)) = runtimes::CURL.iter().find(|(known, _)| *known == number.value) {
                named.leads(*leads, NAMED);
            }
        } else if few || number.is_marked() || number.is_in_brackets() || number.is_of_windows() {
            decide(number.value, said, here, named);
            understood.push(number.value.abs().to_string());
        }
    }
    understood
}

fn system_of(word: &str) -> Option<System> {
    Some(match word {
        "linux" | "ubuntu" | "debian" | "centos" | "wsl" | "wsl2" => System::Linux,
        "mac" | "macos" | "osx" | "darwin" | "macbook" => System::MacOs,
        "windows" | "win" | "win10" | "win11" | "winerror" | "wsagetlasterror" => System::Windows,
        _ => return None,
    })
}

fn said_system(words: &[String]) -> Option<System> {
    words.iter().find_map(|word| system_of(word))
}

/// Which error a number is.
fn decide(number: i32, said: Option<System>, here: System, named: &mut Named) {
    // What the line says decides; else this system is first.
    let order: Vec<_> = said.map_or_else(|| [here].into_iter().chain(System::ALL).collect(), |said| vec![said]);
    let found = numbered(number, &order, named);
    let is_named = |error: &SocketError| named.errors.get(error).is_some_and(|weight| *weight >= NAMED);
    if found.iter().any(|(_, error)| is_named(error)) {
        return;
    }
    let Some(&first) = found.first() else {
        let known = runtimes::WINDOWS.iter().find(|(known, _)| said == Some(System::Windows) && *known == number);
        return known.map_or((), |(_, leads)| named.leads(*leads, NAMED));
    };
    named.leads(Leads::To(first.1), NAMED);
    let other = found.iter().find(|(_, error)| *error != first.1);
    if let Some((_, other)) = other {
        named.leads(Leads::To(*other), ELSEWHERE);
    }
    if said.is_none() && number < FIRST_OF_WINDOWS {
        named.note = note(number, first, other.copied(), here);
    }
}

/// The errors that have a number on one of these systems, in their order. Those of getaddrinfo have it where one of them is
/// named.
fn numbered(number: i32, systems: &[System], named: &Named) -> Vec<(System, SocketError)> {
    let of_names = named.errors.keys().any(|error| error.is_of_names());
    let has = |system: System, error: SocketError| {
        let numbered = system.number(error);
        // Node has errno below 0.
        let is_it = numbered == Some(number) || !of_names && numbered == Some(-number);
        is_it && (of_names == error.is_of_names() || number >= FIRST_OF_WINDOWS)
    };
    let of_system =
        |system: System| SocketError::ALL.into_iter().filter(move |e| has(system, *e)).map(move |e| (system, e));
    systems.iter().flat_map(|system| of_system(*system)).collect()
}

/// What else a number is, where it is told by no word which system's it is.
fn note(
    number: i32,
    (system, error): (System, SocketError),
    other: Option<(System, SocketError)>,
    here: System,
) -> Option<String> {
    let (name, on, here_is) = (error.name(), system.name(), here.name());
    if let Some((elsewhere, other)) = other {
        let (other, elsewhere) = (other.name(), elsewhere.name());
        return Some(t!(
            "{number} is {name} on {on}; on {elsewhere} it is {other}",
            "{number} 在 {on} 上是 {name}，在 {elsewhere} 上是 {other}"
        ));
    }
    (system != here).then(|| {
        t!(
            "{number} is {name} on {on}; on {here_is} it is no error of sockets",
            "{number} 在 {on} 上是 {name}；在 {here_is} 上不是套接字的错误"
        )
    })
}
