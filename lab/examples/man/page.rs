//! One manual page.

use std::collections::HashMap;

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};
use socket_demos::lang::{Lang, lang};
use socket_demos::t;

use crate::facts::{self, Facts};

/// The page's name: `socket-lab`, and `socket-lab-run` for its command `run`.
pub(crate) fn name(command: &Command) -> String {
    command.get_display_name().unwrap_or(command.get_name()).to_string()
}

/// The page as roff.
pub(crate) fn of(command: &Command) -> anyhow::Result<Vec<u8>> {
    let name = name(command);
    // The page tells all, as --help does; what is left out of -h would come without its meaning.
    let command = command.clone().mut_args(|argument| argument.hide_short_help(false));
    let man = Man::new(command.clone())
        .title(name.to_uppercase())
        .date(date()?)
        .source(format!("Socket Demos {}", env!("CARGO_PKG_VERSION")))
        .manual(t!("Socket Demos", "Socket Demos 手册"));
    let mut facts = facts::of(&name);
    facts.see_also.retain(|page| page.strip_suffix("(1)") != Some(&name));

    let mut page = Vec::new();
    man.render_title(&mut page)?;
    // Left-adjusted: hanzi are not to be spread over the line.
    page.extend_from_slice(b".ad l\n.nh\n");
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    description(&command, &facts).to_writer(&mut page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    man.render_options_section(&mut page)?;
    behind(&facts).to_writer(&mut page)?;
    Ok(in_our_words(&String::from_utf8(page)?).into_bytes())
}

/// The day of `SOURCE_DATE_EPOCH`, for pages that are the same whenever they are written; else today.
fn date() -> anyhow::Result<String> {
    let now = match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(seconds) => jiff::Timestamp::from_second(seconds.parse()?)?,
        Err(_) => jiff::Timestamp::now(),
    };
    Ok(now.strftime("%Y-%m-%d").to_string())
}

fn description(command: &Command, facts: &Facts) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["DESCRIPTION"]);
    for (index, paragraph) in facts.description.iter().enumerate() {
        if index > 0 {
            roff.control("PP", []);
        }
        roff.text([roman(paragraph)]);
    }
    if let Some(after) = command.get_after_help().filter(|_| command.has_subcommands()) {
        roff.control("PP", []);
        roff.text([roman(after.to_string())]);
    }
    roff
}

/// The sections behind the options.
fn behind(facts: &Facts) -> Roff {
    let mut roff = Roff::new();
    let sections = [
        ("EXIT STATUS", &facts.exit_statuses),
        ("ENVIRONMENT", &facts.environment),
        ("FILES", &facts.files),
        ("EXAMPLES", &facts.examples),
    ];
    for (heading, entries) in sections.into_iter().filter(|(_, entries)| !entries.is_empty()) {
        roff.control("SH", [heading]);
        for (what, meaning) in entries {
            roff.control("TP", []);
            roff.text([bold(what)]);
            roff.text([roman(meaning)]);
        }
    }
    roff.control("SH", ["SEE ALSO"]);
    roff.text([roman(facts.see_also.join(&t!(", ", "、")))]);
    roff
}

/// Our headings in place of the fixed ones, and in Chinese places where a line of hanzi may be broken: roff breaks only at
/// spaces.
fn in_our_words(page: &str) -> String {
    let headings = HashMap::from([
        ("NAME", t!("NAME", "名称")),
        ("SYNOPSIS", t!("SYNOPSIS", "概要")),
        ("DESCRIPTION", t!("DESCRIPTION", "描述")),
        ("Commands", t!("COMMANDS", "命令")),
        ("\"EXIT STATUS\"", t!("\"EXIT STATUS\"", "退出状态")),
        ("ENVIRONMENT", t!("ENVIRONMENT", "环境变量")),
        ("FILES", t!("FILES", "文件")),
        ("EXAMPLES", t!("EXAMPLES", "示例")),
        ("\"SEE ALSO\"", t!("\"SEE ALSO\"", "参见")),
    ]);
    let mut in_name = false;
    let line = |line: &str| match line.strip_prefix(".SH ") {
        Some(heading) => {
            // What stands there is read by mandb too, which knows nothing of such places.
            in_name = heading == "NAME";
            format!(".SH {}\n", headings.get(heading).map_or(heading, String::as_str))
        }
        None if line.starts_with('.') || in_name || lang() == Lang::En => format!("{line}\n"),
        None => breakable(line) + "\n",
    };
    page.lines().map(line).collect()
}

/// With `\:`, where a line may be broken, before every hanzi, except behind what opens and before what closes.
fn breakable(line: &str) -> String {
    let is_wide = |c: char| matches!(c, '\u{2e80}'..='\u{9fff}' | '\u{ff00}'..='\u{ffef}');
    let mut broken = String::new();
    let mut before = None;
    for c in line.chars() {
        let between = before.is_some_and(|before| is_wide(before) && !"（《“".contains(before));
        if between && is_wide(c) && !"，。、；：？！）》”".contains(c) {
            broken += "\\:";
        }
        broken.push(c);
        before = Some(c);
    }
    broken
}
