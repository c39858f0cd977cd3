//! The lab: what TCP and UDP really do, on this system.
//!
//! Try it: `cargo run`, then `cargo run -- run sticky`
//!
//! Read it for: how the experiments are run ([`run`]). Each of them is a page of its own: `lab/src/experiments/sticky.rs`
//! and the others.

mod args;
mod port;
mod run;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::bail;
use socket_demos::cli::{self, Usage};
use socket_demos::net::Trace;
use socket_demos::terminal::screen;
use socket_demos::{errors, file, invocation, t, text};
use socket_lab::diagram::{self, Choice, Diagram, Letters, Traces};
use socket_lab::experiments::{EXPERIMENTS, about, find};
use socket_lab::why::{self, System};
use socket_lab::{report, sysctl};

use crate::args::{Args, Lab};
use crate::port::{show_port, watch_port};
use crate::run::{Form, run};

/// What to type for this program.
fn typed() -> String {
    invocation::typed("socket-lab")
}

fn main() -> ExitCode {
    cli::run(lab)
}

fn lab(args: &Args, trace: &Trace) -> anyhow::Result<()> {
    let Args { manner, command } = args;
    match command {
        None => run(&EXPERIMENTS.iter().collect::<Vec<_>>(), &Form::Line, manner, trace),
        Some(Lab::Run { names, manner: own }) => {
            let chosen = names.iter().map(|name| find(name)).collect::<Result<Vec<_>, _>>().map_err(Usage)?;
            let manner = manner.and(own);
            // Where all of it goes into a page, a line for each says enough here.
            let form = if chosen.is_empty() && manner.report.is_some() { Form::Line } else { Form::Full };
            let chosen = if chosen.is_empty() { EXPERIMENTS.iter().collect() } else { chosen };
            run(&chosen, &form, &manner, trace)
        }
        Some(_) if manner.is_asked_for() || trace.is_on() => bail!(Usage(t!(
            "--json, --step, --predict, --port, --report, --title, --ascii, --trace and --trace-file are for running experiments",
            "--json、--step、--predict、--port、--report、--title、--ascii、--trace、--trace-file 只在运行实验时有用"
        ))),
        Some(Lab::List { words }) => list(words),
        Some(Lab::Why { sheet: true, .. }) => show(why::sheet::markdown().trim_end()),
        Some(Lab::Why { words, .. }) => show(&answer(&words.join(" "))),
        Some(Lab::Port { port, watch: false }) => show_port(*port),
        Some(Lab::Port { port, watch: true }) => watch_port(*port),
        Some(Lab::Diagram { traces, output, ascii, choice }) => {
            draw(traces, output.as_deref(), *ascii, &choice.choice())
        }
        Some(Lab::Sysctl) => sysctl::lines()?.iter().try_for_each(|line| show(&screen::in_rows(line))),
    }
}

/// The answer to an error or a symptom.
fn answer(question: &str) -> String {
    let here = System::here();
    why::text(&why::ask(question, here), here, screen::columns())
}

fn list(words: &[String]) -> anyhow::Result<()> {
    let found = about(words);
    if found.is_empty() {
        let lab = typed();
        bail!(t!("no experiment matches; list them all with: {lab} list", "没有相关的实验；全部实验：{lab} list"));
    }
    found.into_iter().try_for_each(|experiment| show(&screen::in_rows(&report::entry(experiment))))?;
    let lab = typed();
    screen::talk(&t!(
        "these are claims, some of them wrong; try one: {lab} run NAME",
        "以上是课上的说法，有些并不对；动手验证：{lab} run 名字"
    ));
    Ok(())
}

/// Several programs' traces as one diagram.
fn draw(traces: &[PathBuf], output: Option<&Path>, ascii: bool, choice: &Choice) -> anyhow::Result<()> {
    let Traces { files, notes } = diagram::read(traces.iter().map(PathBuf::as_path)).map_err(anyhow::Error::msg)?;
    let programs = diagram::programs(&files).into_iter().collect::<Vec<_>>().join(", ");
    let files = choice.of(files);
    if files.iter().all(Vec::is_empty) {
        bail!(if programs.is_empty() {
            t!("there is no call in these traces", "这些跟踪文件里没有任何调用")
        } else {
            t!(
                "none of the calls is chosen; the programs are: {programs}",
                "没有选中任何调用；跟踪里的程序有：{programs}"
            )
        });
    }
    let with_notes = |diagram: Diagram| Diagram { notes: [diagram.notes, notes].concat(), ..diagram };
    if let Some(file) = output {
        return write(file, &with_notes(Diagram::of(files)).svg());
    }
    let (columns, letters) = (screen::columns(), if ascii { Letters::Ascii } else { Letters::of_console() });
    show(&with_notes(Diagram::of_columns(files, columns)).text(columns, letters))
}

fn write(file: &Path, text: &str) -> anyhow::Result<()> {
    file::replace(file, text.as_bytes()).map_err(|error| {
        let (shown, why) = (text::path(file), errors::reason(&error));
        anyhow::anyhow!(t!("cannot write {shown}: {why}", "无法写 {shown}：{why}"))
    })
}

fn show(line: &str) -> anyhow::Result<()> {
    Ok(screen::print(line.as_bytes())?)
}
