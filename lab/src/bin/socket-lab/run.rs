//! Experiments, one after the other, and what came of them.

use anyhow::bail;
use socket_demos::cli::Usage;
use socket_demos::net::Trace;
use socket_demos::terminal::screen;
use socket_demos::{t, text};
use socket_lab::diagram::Letters;
use socket_lab::experiments::Experiment;
use socket_lab::page::{self, Setting};
use socket_lab::report::{self, Report};
use socket_lab::stage;
use socket_lab::viewer::{self, Viewer};

use crate::args::Manner;
use crate::{show, typed, write};

/// How much is told of each experiment.
#[derive(PartialEq)]
pub(crate) enum Form {
    Line,
    Full,
}

/// Runs the experiments one after the other, and fails where one of them is in trouble.
pub(crate) fn run(chosen: &[&Experiment], form: &Form, manner: &Manner, trace: &Trace) -> anyhow::Result<()> {
    if manner.json && (manner.step || manner.predict) {
        bail!(Usage(t!("--json does not go with --step or --predict", "--json 不能和 --step、--predict 一起用")));
    }
    if manner.title.is_some() && manner.report.is_none() {
        bail!(Usage(t!("--title has an effect only with --report", "--title 要和 --report 一起用")));
    }
    let letters = if manner.ascii { Letters::Ascii } else { Letters::of_console() };
    stage::loopback().map_err(anyhow::Error::msg)?;
    if let Some(port) = manner.server_port {
        screen::talk(&viewer::how_to_watch(port));
    }
    let mut viewer = Viewer::new(manner.step, manner.predict);
    let mut reports = Vec::new();
    for experiment in chosen {
        let report = viewer.watch(experiment, trace, manner.server_port);
        if !manner.json {
            show(&match form {
                Form::Full => report.full(manner.step, letters),
                Form::Line if manner.step || manner.predict => report.full(true, letters),
                Form::Line => screen::in_rows(&report.line()).into_owned(),
            })?;
        }
        reports.push(report);
    }
    if let Some(file) = &manner.report {
        write(file, &page::page(&reports, &Setting::here(manner.title.clone())))?;
    }
    sum_up(&reports, form, manner)?;
    if let Some(score) = viewer.score() {
        screen::talk(&score);
    }
    report::trouble(&reports).map_or(Ok(()), |trouble| bail!(trouble))
}

fn sum_up(reports: &[Report], form: &Form, manner: &Manner) -> anyhow::Result<()> {
    if manner.json {
        return show(&report::json(reports));
    }
    if reports.len() > 1 {
        show(&screen::in_rows(&report::summary(reports)))?;
    }
    if let Some(file) = &manner.report {
        let file = text::path(file);
        screen::talk(&t!("the page is {file}", "网页已写入 {file}"));
    } else if *form == Form::Line {
        let lab = typed();
        screen::talk(&t!("one in full: {lab} run sticky", "详细看一个：{lab} run sticky"));
    }
    Ok(())
}
