//! The lab's page: written as told, and read in a real browser.

use std::path::PathBuf;

use crate::common::{LAB, run};

/// A folder for the pages of one test.
struct Pages(PathBuf);

impl Pages {
    fn of(test: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("socket-demos-{test}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn file(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }

    fn is_empty(&self) -> bool {
        std::fs::read_dir(&self.0).unwrap().next().is_none()
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn the_page_goes_with_whatever_else_is_asked_for() {
    let pages = Pages::of("report-with");
    let file = pages.file("lab.html");
    let read = || {
        let page = std::fs::read_to_string(&file).unwrap();
        std::fs::remove_file(&file).unwrap();
        assert!(page.ends_with("</html>\n") && page.contains("<section id=\"empty\">"), "{page}");
    };
    let (code, out, err) = run(LAB, &["run", "empty", "--report", &file], "");
    assert!(code == Some(0) && out.contains("  as a sequence diagram\n") && err.contains(&file), "{out}{err}");
    read();
    let (code, out, err) = run(LAB, &["run", "empty", "--json", "--report", &file], "");
    assert!(
        code == Some(0) && err.is_empty() && out.starts_with("{\"experiments\":[{\"name\":\"empty\""),
        "{out}{err}"
    );
    read();
    let (code, out, err) = run(LAB, &["--report", &file, "run", "empty", "--step", "--predict"], "１\n\n\n");
    assert!(
        code == Some(0) && out.contains("verdict: ") && err.contains("Enter: ") && err.contains("your guess"),
        "{err}"
    );
    read();
    // Who steps decides how long a connect takes, and then a chart of that says nothing.
    for (step, charts) in [(&[][..], 1), (&["--step"], 0)] {
        let (code, _, err) = run(LAB, &[&["run", "backlog", "--report", &file], step].concat(), "");
        let page = std::fs::read_to_string(&file).unwrap();
        assert_eq!((code, page.matches("class=\"chart\"").count()), (Some(0), charts), "{err}");
    }
    std::fs::remove_file(&file).unwrap();
    let (code, _, err) = run(LAB, &["--report", &file, "list"], "");
    assert!(code == Some(2) && err.contains("for running experiments") && pages.is_empty(), "{err}");
}

#[test]
fn a_title_of_ones_own_is_on_the_page_and_nowhere_else() {
    let pages = Pages::of("report-title");
    let file = pages.file("lab.html");
    let (code, _, err) = run(LAB, &["run", "empty", "--report", &file, "--title", "小明 <1 班>"], "");
    let page = std::fs::read_to_string(&file).unwrap();
    assert!(code == Some(0) && page.contains("<title>小明 &lt;1 班&gt; – "), "{err}{page:.400}");
    let (code, _, err) = run(LAB, &["run", "empty", "--title", "小明"], "");
    assert!(code == Some(2) && err.contains("--report"), "{err}");
}

/// The clock of the page is the one on the wall, told with its zone.
#[cfg(unix)]
#[test]
fn the_pages_clock_is_local() {
    let pages = Pages::of("report-clock");
    let file = pages.file("lab.html");
    let mut lab = std::process::Command::new(LAB.path());
    let output = lab.args(["run", "empty", "--report", &file]).env("TZ", "<+0545>-5:45").output().unwrap();
    let page = std::fs::read_to_string(&file).unwrap();
    assert!(output.status.success() && page.contains(" (UTC+05:45)"), "{page:.9000}");
}

#[test]
fn an_experiment_is_drawn_with_ascii_where_that_is_asked_for() {
    let (code, out, err) = run(LAB, &["run", "sticky", "--ascii"], "");
    assert!(code == Some(0) && out.contains("|<---"), "{out}{err}");
    assert!(!out.contains(['│', '─', '▶']), "{out}");
    let (code, _, err) = run(LAB, &["run", "sticky", "--ascii", "--json"], "");
    assert!(code == Some(2) && err.contains("JSON"), "{err}");
}

#[test]
fn a_page_that_cannot_be_written_is_one_line_and_harms_no_file() {
    let pages = Pages::of("report-nowhere");
    let nowhere = pages.file("no/such/folder.html");
    for file in [nowhere, pages.0.display().to_string()] {
        let (code, _, err) = run(LAB, &["run", "empty", "--report", &file], "");
        let line = format!("socket-lab: cannot write {file}: ");
        assert!(code == Some(1) && err.lines().count() == 1 && err.starts_with(&line), "{code:?} {err}");
    }
    assert!(pages.is_empty());
}

#[cfg(target_os = "linux")]
#[test]
fn the_page_reads_well_in_a_browser() {
    use crate::browser::Browser;
    let Some(mut browser) = Browser::start() else { return crate::common::not_run("chromium is missing") };
    let pages = Pages::of("report-browser");
    for (lang, tag, title) in [("en", "en", "What TCP and UDP"), ("zh", "zh-CN", "TCP 和 UDP")] {
        let file = pages.file(lang);
        let (code, _, err) = run(LAB, &["--lang", lang, "run", "--report", &file], "");
        assert_eq!(code, Some(0), "{err}");
        let file = std::path::Path::new(&file).with_extension("html");
        std::fs::rename(pages.file(lang), &file).unwrap();
        for (width, scheme) in [(390, "light"), (390, "dark"), (1280, "light"), (1280, "dark")] {
            browser.looks(width, scheme, "screen");
            browser.opens(&file);
            let here = format!("{lang}, {width} pixels, {scheme}");
            if !browser.evaluates(HAS_HANZI).as_bool().unwrap() {
                return crate::common::not_run("no font has hanzi (Debian: fonts-noto-cjk)");
            }
            has_nothing_wrong(&mut browser, &here);
            assert_eq!(browser.evaluates("document.documentElement.lang"), tag);
            assert!(browser.evaluates("document.title").as_str().unwrap().starts_with(title));
            assert_eq!(browser.evaluates("matchMedia('(prefers-color-scheme:dark)').matches"), scheme == "dark");
            assert_eq!(browser.evaluates("document.querySelectorAll('.scroll:has(.sequence)').length"), 18, "{here}");
            assert_eq!(browser.evaluates("document.querySelectorAll('.scroll:has(.chart)').length"), 3, "{here}");
            is_reached_by_keyboard(&mut browser, &here);
        }
        is_black_on_white_on_paper(&mut browser);
    }
    assert!(browser.complaints.is_empty(), "{:?}", browser.complaints);
    assert_eq!(browser.requests.len(), 8, "{:?}", browser.requests);
    assert!(browser.requests.iter().all(|url| url.starts_with("file://")), "{:?}", browser.requests);
}

/// Whether two hanzi look different; without a font for them both are the same empty box.
#[cfg(target_os = "linux")]
const HAS_HANZI: &str = "(() => {
    const drawn = (text) => {
        const canvas = document.createElement('canvas');
        canvas.getContext('2d').fillText(text, 2, 20);
        return canvas.toDataURL();
    };
    return drawn('汉') !== drawn('字');
})()";

#[cfg(target_os = "linux")]
fn has_nothing_wrong(browser: &mut crate::browser::Browser, here: &str) {
    let wrong = browser.evaluates(include_str!("report/measure.js"));
    let wrong = wrong.as_array().unwrap();
    assert!(wrong.is_empty(), "{here}: {wrong:#?}");
}

/// The first Tab shows the way past the heading, the next goes on into the page, and both can be seen.
#[cfg(target_os = "linux")]
fn is_reached_by_keyboard(browser: &mut crate::browser::Browser, here: &str) {
    const TAB: u32 = 9;
    const FOCUS: &str = "(() => {
        const node = document.activeElement, box = node.getBoundingClientRect();
        const seen = box.left >= 0 && parseFloat(getComputedStyle(node).outlineWidth) >= 2;
        return `${node.className || node.textContent} ${seen}`;
    })()";
    for expected in ["skip true", "scroll true", "refused true"] {
        browser.presses("Tab", TAB);
        assert_eq!(browser.evaluates(FOCUS), expected, "{here}");
    }
}

/// Whatever the screen looks like, and with no diagram wider than the paper (A4 without its margins).
#[cfg(target_os = "linux")]
fn is_black_on_white_on_paper(browser: &mut crate::browser::Browser) {
    browser.looks(680, "dark", "print");
    let white = browser.evaluates("getComputedStyle(document.body).backgroundColor");
    assert_eq!(white, "rgb(255, 255, 255)");
    let dark = "[...document.querySelectorAll('svg')].filter((svg) => \
                getComputedStyle(svg).backgroundColor !== 'rgb(255, 255, 255)').length";
    assert_eq!(browser.evaluates(dark), 0);
    let tall =
        "[...document.querySelectorAll('svg')].filter((svg) => svg.getBoundingClientRect().height > 1000).length";
    assert_eq!(browser.evaluates(tall), 0);
    let wide = "[...document.querySelectorAll('svg, table, pre')].filter((node) => node.scrollWidth > 680).length";
    assert_eq!(browser.evaluates(wide), 0);
    browser.looks(680, "dark", "screen");
}
