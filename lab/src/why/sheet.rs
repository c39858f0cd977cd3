//! docs/errors.md, made from the same table: every error in a table, every topic with causes, cure and experiment.

use std::fmt::Write as _;

use socket_demos::errors::SocketError;
use socket_demos::t;

use super::topics::{self, TOPICS};
use super::{System, Topic};

/// The whole sheet, in the chosen language.
pub fn markdown() -> String {
    let mut text = head();
    let mut errors = SocketError::ALL;
    errors.sort_by_key(|error| error.name());
    text.extend(errors.map(row));
    text += &t!("\n## Symptoms and cures\n", "\n## 现象与解决办法\n");
    text.extend(TOPICS.iter().map(|topic| section(topic)));
    text
}

fn head() -> String {
    let head = t!(
        "# Socket errors and symptoms\n\n[中文](errors.zh-CN.md)\n\nWhat `socket-lab why` answers, as one page. Ask it with an error's name, number or sentence, or with what you see:\n`cargo run --bin socket-lab -- why recv returns empty`. The page is made from the same table (lab/src/why); `UPDATE_ERRORS=1 cargo test --test lab why::` writes it anew.\n\n## Errors\n",
        "# 套接字的错误与现象\n\n[English](errors.md)\n\n`socket-lab why` 的全部回答，汇成一页。可以用错误名、错误号、报错原文或看到的现象来问：\n`cargo run --bin socket-lab -- why recv 一直返回空`。本页由同一张表（lab/src/why）生成；`UPDATE_ERRORS=1 cargo test --test lab why::` 会重写它。\n\n## 错误\n"
    );
    let (error, sentence, cure, more) =
        (t!("error", "错误"), t!("sentence", "原文"), t!("cure", "解决"), t!("more", "详见"));
    format!(
        "{head}\n| {error} | Linux | macOS | Windows | {sentence} | {cure} | {more} |\n| --- | --- | --- | --- | --- | --- | --- |\n"
    )
}

fn row(error: SocketError) -> String {
    let number = |system: System| system.number(error).map(|number| number.to_string()).unwrap_or_default();
    let [linux, macos, windows] = System::ALL.map(number);
    let (name, sentence, cure) = (error.name(), error.sentences()[0], error.cure());
    let topic = topics::first(error).name;
    format!("| {name} | {linux} | {macos} | {windows} | {sentence} | {cure} | [{topic}](#{topic}) |\n")
}

fn section(topic: &Topic) -> String {
    let (name, title, meaning, cure) = (topic.name, (topic.title)(), (topic.meaning)(), (topic.cure)());
    let causes: Vec<_> =
        (topic.causes)().iter().zip(1..).map(|(cause, number)| format!("({number}) {cause}")).collect();
    let causes = causes.join(&t!("; ", "；"));
    let mut text = format!("\n### {name}\n\n**{title}** {meaning}\n\n");
    let _ = write!(text, "{}", t!("- Causes: {causes}.\n- Cure: {cure}.\n", "- 原因：{causes}。\n- 解决：{cure}。\n"));
    for (language, line) in [("Python", topic.python), ("Rust", topic.rust)] {
        if !line.is_empty() {
            let _ = writeln!(text, "- {language}: `{line}`");
        }
    }
    if !topic.experiments.is_empty() {
        let names = topic.experiments.join(" ");
        text += &t!("- Experiment: `socket-lab run {names}`\n", "- 实验：`socket-lab run {names}`\n");
    }
    text
}
