//! What came of the experiments as one page for a browser: it needs no network, no script and no other file.
//!
//! It is for a projector, a phone and paper, for light and dark, for the keyboard and for who listens to it. So each
//! picture has its numbers and calls beside it as text, what is wider than the screen scrolls in a box of its own, and a
//! verdict is a word, not only a colour.

use jiff::Zoned;

use crate::chart;
use crate::diagram::{Diagram, SVG_STYLE};
use crate::experiments::{Kind, Question, Verdict, find};
use crate::figure::{Bar, Figure};
use crate::report::{self, Report};
use crate::xml::escaped;
use socket_demos::lang::lang;
use socket_demos::t;

const STYLE: &str = include_str!("page.css");

/// Where and when the experiments ran.
pub struct Setting {
    /// The system's name and version, and the processor.
    pub system: String,
    /// When, by the clock of this place.
    pub time: Zoned,
    /// What whoever ran it wants above the page: a name, a class.
    pub title: Option<String>,
}

impl Setting {
    /// Here and now, under a title of one's own.
    pub fn here(title: Option<String>) -> Self {
        let name = match std::env::consts::OS {
            "linux" => "Linux",
            "windows" => "Windows",
            "macos" => "macOS",
            other => other,
        };
        // Only Linux tells it without a call of its own; without it the system's name says enough.
        let version = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let words = [name, version.trim(), std::env::consts::ARCH];
        let system = words.iter().filter(|word| !word.is_empty()).copied().collect::<Vec<_>>().join(" ");
        Self { system, time: Zoned::now(), title }
    }
}

/// The whole page.
pub fn page(reports: &[Report], setting: &Setting) -> String {
    let ids = ids(reports);
    let sections: String = reports.iter().zip(&ids).map(|(report, id)| section(report, id)).collect();
    let (heading, skip) = (heading(), t!("Skip to the verdicts", "跳到结论一览"));
    let title = setting.title.as_ref().map(|title| escaped(title));
    let above = title.as_ref().map(|title| format!("<p class=\"title\">{title}</p>\n")).unwrap_or_default();
    let (summary, made, verdicts) =
        (escaped(&report::summary(reports)), escaped(&made(setting)), verdicts(reports, &ids));
    let legend = t!(
        "Each experiment tries a claim of the usual tutorials with real sockets. “As taught” means that the sockets did what the claim says, “different” that they did something else.",
        "每个实验都用真实的套接字检验一句教程里常见的说法。“与课本一致”表示套接字确实如此，“与课本不同”表示实际并非如此。"
    );
    let version = env!("CARGO_PKG_VERSION");
    let footer = t!("Written by socket-lab {version} with --report.", "由 socket-lab {version} 的 --report 生成。");
    format!(
        "{}<body>\n<a class=\"skip\" href=\"#verdicts\">{skip}</a>\n\
         <header>\n{above}<h1>{heading}</h1>\n<p class=\"summary\">{summary}</p>\n<p>{made}</p>\n<p>{legend}</p>\n</header>\n\
         <main>\n{verdicts}{sections}</main>\n<footer><p>{footer}</p></footer>\n</body>\n</html>\n",
        head(title.as_deref())
    )
}

fn heading() -> String {
    t!("What TCP and UDP really do on this system", "TCP 和 UDP 在这台机器上的真实表现")
}

/// All that is not to be seen. The policy lets nothing be loaded and nothing run, whatever a trace may hold.
fn head(title: Option<&str>) -> String {
    let (tag, charts) = (lang().tag(), chart::STYLE);
    let heading = title.map_or_else(heading, |title| format!("{title} – {}", heading()));
    format!(
        "<!DOCTYPE html>\n<html lang=\"{tag}\">\n<head>\n<meta charset=\"utf-8\">\n<title>{heading}</title>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <style>\n{STYLE}{SVG_STYLE}{charts}</style>\n</head>\n"
    )
}

/// The zone as its distance from UTC: the letters of a zone mean several (CST).
fn made(Setting { system, time, .. }: &Setting) -> String {
    let time = time.strftime("%Y-%m-%d %H:%M (UTC%:z)");
    t!("{system}, {time}", "{system}，{time}")
}

/// A word for each report that no other has: its name, with a number behind it from the second time on.
fn ids(reports: &[Report]) -> Vec<String> {
    let id = |(index, report): (usize, &Report)| {
        let before = reports[..index].iter().filter(|other| other.name == report.name).count();
        let name: String = report.name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
        if before == 0 { name } else { format!("{name}-{}", before + 1) }
    };
    reports.iter().enumerate().map(id).collect()
}

/// The table of all verdicts, with the way to each.
fn verdicts(reports: &[Report], ids: &[String]) -> String {
    let heading = t!("Verdicts", "结论一览");
    let heads = [t!("experiment", "实验"), t!("verdict", "结论"), t!("what tutorials say", "教程的说法")];
    let heads = heads.map(|head| format!("<th scope=\"col\">{head}</th>")).concat();
    let rows: String = reports.iter().zip(ids).map(|(report, id)| row(report, id)).collect();
    let table = format!("<table><thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}</tbody></table>\n");
    format!("<section id=\"verdicts\">\n<h2>{heading}</h2>\n{}</section>\n", scroll(&heading, &table))
}

fn row(report: &Report, id: &str) -> String {
    let (name, badge, claim) = (escaped(&report.name), badge(report.verdict.kind), escaped(&report.claim));
    format!("<tr><th scope=\"row\"><a href=\"#{id}\">{name}</a></th><td>{badge}</td><td>{claim}</td></tr>\n")
}

fn badge(kind: Kind) -> String {
    let class = match kind {
        Kind::AsTaught => "as-taught",
        Kind::Different => "different",
        Kind::Partly => "partly",
        Kind::CannotShow => "not-shown",
        Kind::Contradicted | Kind::Failed => "trouble",
    };
    format!("<span class=\"badge {class}\">{kind}</span>")
}

/// Everything about one experiment.
fn section(report: &Report, id: &str) -> String {
    let Report { name, claim, verdict: Verdict { kind, why }, source, .. } = report;
    let badge = badge(*kind);
    let (name, claim, why, source) = (escaped(name), escaped(claim), escaped(why), escaped(source));
    let claim = t!("Tutorials say: “{claim}”", "教程的说法：“{claim}”");
    let (observed, drawn) = (list("ul", &report.observations), report.diagram());
    let told = [
        part(&t!("What the sockets did", "套接字的表现"), &observed),
        drawn.as_ref().map(|drawn| diagram(drawn, &report.name, id)).unwrap_or_default(),
        report.figure.as_ref().map(|figure| numbers(figure, id)).unwrap_or_default(),
        calls(report, drawn.as_ref()),
        part(&t!("Verdict", "结论"), &format!("<p>{}</p>\n", t!("{badge}: {why}", "{badge}：{why}"))),
    ];
    let (source, back) = (t!("Source: {source}", "出处：{source}"), t!("All verdicts", "回到结论一览"));
    format!(
        "<section id=\"{id}\">\n<h2>{name}</h2>\n<p class=\"claim\">{claim}</p>\n{}{}<p class=\"source\">{source}</p>\n\
         <p class=\"back\"><a href=\"#verdicts\">{back}</a></p>\n</section>\n",
        question(report),
        told.concat()
    )
}

/// A heading and what is below it; nothing where that is nothing.
fn part(heading: &str, html: &str) -> String {
    if html.is_empty() { String::new() } else { format!("<h3>{heading}</h3>\n{html}") }
}

fn list(tag: &str, lines: &[String]) -> String {
    let items: String = lines.iter().map(|line| format!("<li>{}</li>\n", escaped(line))).collect();
    if items.is_empty() { items } else { format!("<{tag}>\n{items}</{tag}>\n") }
}

/// The question with its answers, the one that came true marked.
fn question(report: &Report) -> String {
    let Ok(experiment) = find(&report.name) else { return String::new() };
    let Question { asked, answers } = (experiment.question)();
    let marked = |(index, answer): (usize, &String)| {
        let answer = escaped(answer);
        if report.answer != Some(index) {
            return format!("<li>{answer}</li>\n");
        }
        let mark = t!("this is what happened", "实际就是这样");
        format!("<li class=\"came-true\">{answer} <span class=\"mark\">✓ {mark}</span></li>\n")
    };
    let answers: String = answers.iter().enumerate().map(marked).collect();
    let (heading, asked) = (t!("What will happen?", "猜猜会怎样"), escaped(&asked));
    part(&heading, &format!("<p>{asked}</p>\n<ol>\n{answers}</ol>\n"))
}

/// What may be wider than the screen, in a box that scrolls, by keyboard too.
fn scroll(label: &str, html: &str) -> String {
    let label = escaped(label);
    format!("<div class=\"scroll\" role=\"group\" tabindex=\"0\" aria-label=\"{label}\">\n{html}</div>\n")
}

fn diagram(diagram: &Diagram, name: &str, id: &str) -> String {
    let heading = t!("Sequence diagram", "时序图");
    let label = t!("Sequence diagram of {name}", "{name} 的时序图");
    part(&heading, &scroll(&label, &diagram.svg_in_page(&format!("{id}-diagram"))))
}

/// The chart, and the same as a table for who cannot see it.
fn numbers(figure: &Figure, id: &str) -> String {
    let (title, caption) = (escaped(&figure.title), t!("the same as a table", "同样的数据（表格）"));
    let row = |Bar { label, shown, .. }: &Bar| {
        format!("<tr><th scope=\"row\">{}</th><td>{}</td></tr>\n", escaped(label), escaped(shown))
    };
    let rows: String = figure.bars.iter().map(row).collect();
    let chart = scroll(&figure.title, &chart::draw(figure, &format!("{id}-chart")));
    let table = format!("<table class=\"numbers\"><caption>{caption}</caption><tbody>{rows}</tbody></table>\n");
    part(&title, &(chart + &scroll(&t!("The numbers", "数据"), &table)))
}

/// Every call, folded away where a diagram tells the same.
fn calls(report: &Report, drawn: Option<&Diagram>) -> String {
    let calls = report.calls();
    let lines: String = calls.iter().map(|call| escaped(&call.line()) + "\n").collect();
    if lines.is_empty() {
        return lines;
    }
    let (count, open) = (calls.len(), if drawn.is_some() { "" } else { " open" });
    let summary = t!("Every call in its order ({count})", "按顺序列出每一次调用（{count}）");
    let label = t!("The calls", "调用过程");
    format!(
        "<details{open}>\n<summary>{summary}</summary>\n{}</details>\n",
        scroll(&label, &format!("<pre>{lines}</pre>"))
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::Stage;
    use socket_demos::net::event::Data;

    fn report(name: &str) -> Report {
        Report::of(find(name).unwrap(), &Stage::silent())
    }

    fn setting() -> Setting {
        Setting { system: "a <system>".into(), time: Zoned::now(), title: None }
    }

    #[test]
    fn the_parts_of_an_experiment_stand_in_their_order() {
        let html = page(&[report("sticky")], &setting());
        let parts = [
            "<!DOCTYPE html>\n<html lang=\"en\">",
            "1 experiment in ",
            "a &lt;system&gt;, 2",
            "<a href=\"#sticky\">sticky</a>",
            "<section id=\"sticky\">",
            "“TCP sticks packets together”",
            "✓ this is what happened",
            "What the sockets did",
            "id=\"sticky-diagram-1-title\"",
            "<pre>server   #1 socket(",
            "<h3>Verdict</h3>",
            "Source: tcp(7)",
        ];
        let places = parts.map(|part| html.find(part).unwrap_or_else(|| panic!("{part} is not in {html}")));
        assert!(places.is_sorted(), "{places:?}");
    }

    #[test]
    fn nothing_that_came_from_a_socket_is_markup() {
        let evil = "</pre></svg><script>alert(1)</script><img src=x onerror='a'>\u{202e}";
        let mut report =
            Report { claim: evil.into(), source: evil.into(), observations: vec![evil.into()], ..report("sticky") };
        report.verdict.why = evil.into();
        for event in &mut report.events {
            event.argument += evil;
            event.data = Some(Data { length: 9, text: evil.into(), hex: String::new() });
            if event.program == "client" {
                event.program = evil.into();
            }
        }
        let figure = Figure::shares(evil.into(), [(evil.into(), 1, 2)]);
        let html = page(&[Report { name: evil.into(), figure: Some(figure), ..report }], &setting());
        for markup in ["<script", "<img", "\u{202e}"] {
            assert!(!html.contains(markup), "{markup} is in {html}");
        }
        assert_eq!(html.matches("</svg>").count(), html.matches("<svg ").count());
        assert_eq!(html.matches("</pre>").count(), 1, "{html}");
    }

    #[test]
    fn a_title_stands_above_and_is_no_markup() {
        let setting = Setting { title: Some("小明 <b>2026</b>".into()), ..setting() };
        let html = page(&[report("sticky")], &setting);
        let parts =
            ["<title>小明 &lt;b&gt;2026&lt;/b&gt; – What TCP", "<p class=\"title\">小明 &lt;b&gt;", "<h1>What TCP"];
        let places = parts.map(|part| html.find(part).unwrap_or_else(|| panic!("{part} is not in {html}")));
        assert!(places.is_sorted() && !html.contains("<b>"), "{places:?}");
    }

    #[test]
    fn the_clock_is_that_of_the_place_with_its_zone() {
        let time = "2026-12-01T04:30:00+08:00[Asia/Shanghai]".parse::<Zoned>();
        // Where a system has no list of zones, an offset alone is one.
        let time = time.or_else(|_| "2026-12-01T04:30:00+08:00[+08:00]".parse()).unwrap();
        assert_eq!(made(&Setting { time, ..setting() }), "a <system>, 2026-12-01 04:30 (UTC+08:00)");
    }

    #[test]
    fn an_experiment_that_ran_twice_has_two_places() {
        let reports = [report("empty"), report("empty")];
        let html = page(&reports, &setting());
        for part in ["id=\"empty\"", "id=\"empty-2\"", "href=\"#empty-2\"", "id=\"empty-2-diagram-1-title\""] {
            assert_eq!(html.matches(part).count(), 1, "{part} in {html}");
        }
    }

    #[test]
    fn without_anybody_to_talk_to_there_are_calls_and_no_picture() {
        let report = Report { figure: None, ..report("pipes") };
        let html = page(&[report], &setting());
        assert!(
            !html.contains("<svg") && !html.contains("Sequence diagram") && html.contains("<details open>"),
            "{html}"
        );
    }

    #[test]
    fn a_chart_has_its_numbers_as_a_table_too() {
        let report = report("flood");
        let shown = report.figure.as_ref().unwrap().bars[0].shown.clone();
        let html = page(&[report], &setting());
        assert_eq!(html.matches(&shown).count(), 3, "drawn, told and in the table: {html}");
    }
}
