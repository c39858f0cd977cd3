//! An answer on a screen: the best in full, the others in a line each with the command that opens them.

use socket_demos::errors::SocketError;
use socket_demos::text::wrap;
use socket_demos::{invocation, t};

use super::{Answers, System, Topic, topics};

/// How many errors of a question are told with their numbers.
const MAX_ERRORS: usize = 2;

/// The whole answer, in so many columns.
pub fn text(answers: &Answers, here: System, columns: usize) -> String {
    let Some((first, others)) = answers.topics.split_first() else {
        return wrap(&nothing(answers), columns).into_owned();
    };
    let mut lines = Vec::new();
    if !answers.sure {
        lines.push(t!("nothing here fits that for sure; the nearest is:", "没有完全对得上的；最接近的是："));
    }
    let errors = answers.errors.iter().filter(|error| answers.topics.iter().any(|topic| leads(**error, topic)));
    lines.extend(errors.take(MAX_ERRORS).flat_map(|error| told(*error)));
    lines.extend(answers.note.clone());
    lines.extend(full(first, here));
    if !others.is_empty() {
        lines.push(t!("or is it this?", "也可能是："));
        lines.extend(others.iter().map(|topic| other(topic)));
    }
    lines.iter().map(|line| wrap(line, columns).into_owned() + "\n").collect::<String>().trim_end().to_string()
}

fn leads(error: SocketError, topic: &Topic) -> bool {
    topics::first(error).name == topic.name || topic.related.contains(&error)
}

/// What is told where no word is known, or the error is none of sockets.
fn nothing(answers: &Answers) -> String {
    let lab = invocation::typed("socket-lab");
    if let Some(meaning) = &answers.foreign {
        return t!("no error of sockets: {meaning}", "这不是套接字的错误：{meaning}");
    }
    t!(
        "nothing here fits that. Give the error's name, number or sentence, or what you see, such as: {lab} why recv returns empty",
        "没有对得上的。请写错误名、错误号、报错原文，或看到的现象，比如：{lab} why recv 一直返回空"
    )
}

/// Name, numbers, sentence; and meaning and cure where it is one of several that its topic is about.
fn told(error: SocketError) -> Vec<String> {
    let (name, sentence) = (error.name(), error.sentences()[0]);
    let numbers = numbers(error);
    let mut lines = vec![t!("{name} ({numbers}) “{sentence}”", "{name}（{numbers}）“{sentence}”")];
    if let Some(note) = topics::note(error) {
        let cure = error.cure();
        lines.push(t!("  {note}: {cure}", "  {note}：{cure}"));
    }
    lines
}

/// Its numbers on the systems that have it.
fn numbers(error: SocketError) -> String {
    let told = |system: System| Some(format!("{} {}", system.name(), system.number(error)?));
    System::ALL.into_iter().filter_map(told).collect::<Vec<_>>().join(&t!(", ", "，"))
}

fn full(topic: &Topic, here: System) -> Vec<String> {
    let title = (topic.title)();
    let mut lines = vec![title, format!("  {}", (topic.meaning)())];
    lines.push(t!("usual causes", "常见原因"));
    lines.extend((topic.causes)().iter().zip(1..).map(|(cause, number)| format!("  {number}. {cause}")));
    let see = topic.see[here as usize];
    if !see.is_empty() {
        lines.push(t!("see it here", "在本机上看"));
        lines.push(format!("  {see}"));
    }
    let cure = (topic.cure)();
    lines.push(t!("cure: {cure}", "解决：{cure}"));
    let code = [("Python", topic.python), ("Rust", topic.rust)];
    lines.extend(
        code.iter().filter(|(_, line)| !line.is_empty()).map(|(language, line)| format!("  {language:<7} {line}")),
    );
    let shown = shown(topic);
    if !shown.is_empty() {
        lines.push(t!("see it happen", "亲眼看看"));
        lines.extend(shown);
    }
    lines
}

/// Experiments, program, lesson.
fn shown(topic: &Topic) -> Vec<String> {
    let lab = invocation::typed("socket-lab");
    let mut lines = Vec::new();
    if !topic.experiments.is_empty() {
        lines.push(format!("  {lab} run {}", topic.experiments.join(" ")));
    }
    if let Some((program, arguments)) = topic.program.split_once(' ') {
        lines.push(format!("  {} {arguments}", invocation::typed(program)));
    } else if !topic.program.is_empty() {
        lines.push(format!("  {}", invocation::typed(topic.program)));
    }
    lines.extend(topic.lesson.map(|number| t!("  lesson {number}: docs/lessons", "  第 {number} 课：docs/lessons")));
    lines
}

fn other(topic: &Topic) -> String {
    let (lab, name, title) = (invocation::typed("socket-lab"), topic.name, (topic.title)());
    t!("  {lab} why {name}: {title}", "  {lab} why {name}：{title}")
}
