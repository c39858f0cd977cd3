//! The lab as a program: every experiment with its verdict, whoever runs it and wherever.

#![cfg_attr(not(target_os = "linux"), allow(unused_imports, reason = "some tests are about Linux"))]

use std::process::Command;
use std::time::Instant;

use crate::common::{self, LAB, Running, run, wine};
use serde_json::Value;

/// The verdicts on Linux.
#[cfg(target_os = "linux")]
const VERDICTS: [(&str, &str); 19] = [
    ("refused", "different"),
    ("handshake", "different"),
    ("states", "as-taught"),
    ("backlog", "partly"),
    ("sticky", "partly"),
    ("leftover", "partly"),
    ("truncation", "as-taught"),
    ("empty", "as-taught"),
    ("farewell", "different"),
    ("half-close", "different"),
    ("time-wait", "partly"),
    ("sharing", "different"),
    ("many-clients", "as-taught"),
    ("boundaries", "as-taught"),
    ("largest", "different"),
    ("flood", "different"),
    ("stranger", "different"),
    ("characters", "different"),
    ("pipes", "different"),
];

/// Runs the lab to its end with nothing to read.
fn lab(args: &[&str]) -> (Option<i32>, String, String) {
    run(LAB, args, "")
}

/// The experiments of a JSON document.
fn experiments(json: &str) -> Vec<Value> {
    let mut document: Value = serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}: {json:.300}"));
    document["experiments"].as_array_mut().unwrap().drain(..).collect()
}

pub(crate) fn verdicts(json: &str) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_string();
    experiments(json).iter().map(|report| (text(&report["name"]), text(&report["verdict"]))).collect()
}

#[cfg(target_os = "linux")]
pub(crate) fn expected() -> Vec<(String, String)> {
    VERDICTS.iter().map(|(name, verdict)| ((*name).to_string(), (*verdict).to_string())).collect()
}

#[test]
fn every_experiment_has_its_verdict_also_with_four_labs_at_once() {
    let start = Instant::now();
    let mut labs = [(); 4].map(|()| Running::start(LAB, &["--json"]));
    for lab in &mut labs {
        let (status, json, err) = lab.ended();
        let json = String::from_utf8(json).unwrap();
        let found = verdicts(&json);
        assert_eq!(found.len(), 19);
        #[cfg(target_os = "linux")]
        assert_eq!(found, expected(), "{err}");
        if cfg!(target_os = "linux") || wine() {
            assert!(status.success() && err.is_empty(), "{status} {err}");
        }
        for report in experiments(&json) {
            for text in ["claim", "why", "source"] {
                assert!(report[text].as_str().is_some_and(|text| !text.is_empty()), "{report:.300}");
            }
            assert!(report["observations"].is_array() && report["calls"].is_array(), "{report:.300}");
            let experiment = socket_lab::experiments::find(report["name"].as_str().unwrap()).unwrap();
            let answers = (experiment.question)().answers.len() as u64;
            assert!(report["answer"].as_u64().is_none_or(|answer| answer < answers), "{report:.300}");
        }
    }
    let seconds = start.elapsed().as_secs();
    assert!(seconds < 40, "it took {seconds} s");
}

#[test]
fn numbers_are_bare_and_every_call_is_an_event() {
    let (code, json, err) = lab(&["run", "truncation", "--json"]);
    assert_eq!(code, Some(0), "{err}");
    let report = &experiments(&json)[0];
    assert_eq!(report["measured"]["datagram"], 2000);
    let calls: Vec<_> = report["calls"].as_array().unwrap().iter().map(|call| call["call"].as_str().unwrap()).collect();
    let expected = "socket bind socket bind sendto recvfrom recvfrom close close";
    assert_eq!(calls.join(" "), expected);
    let sent = &report["calls"][4];
    assert_eq!((&sent["program"], &sent["result"]["ok"], &sent["times"]), (&"client".into(), &2000.into(), &1.into()));
}

/// The death of a process ends its connection, and no call of it does.
#[cfg(unix)]
#[test]
fn a_client_that_is_killed_closes_nothing() {
    let (code, json, err) = lab(&["run", "farewell", "--json"]);
    assert_eq!(code, Some(0), "{err}");
    let report = &experiments(&json)[0];
    let made = |name: &str| {
        let calls = report["calls"].as_array().unwrap().iter();
        calls.filter(|call| call["program"] == "client" && call["call"] == name).count()
    };
    assert_eq!((made("connect"), made("close")), (5, 3), "two of five are killed");
    assert!(report["observations"][2].as_str().unwrap().contains("its death, not close(), ends the connection"));
}

#[test]
fn alone_it_tells_a_line_for_each_and_a_summary() {
    let [english, chinese] = ["en", "zh"].map(|lang| Running::start(LAB, &["--lang", lang]));
    for (mut lab, summary) in [(english, "19 experiments in "), (chinese, "19 个实验，用时 ")] {
        let out = String::from_utf8(lab.ended().1).unwrap();
        let lines: Vec<&str> = out.lines().collect();
        assert!(lines.len() == 20 && lines[0].starts_with("refused ") && lines[19].starts_with(summary), "{out}");
    }
}

#[test]
fn a_named_experiment_tells_claim_calls_observations_verdict_and_source() {
    let (code, out, _) = lab(&["run", "sticky", "empty"]);
    assert_eq!(code, Some(0));
    for part in [
        "sticky: TCP sticks packets together\n  the calls\n",
        "    server   #1 listen(1) = 0\n",
        "    client   #2 send(1) = 1 \"a\"\n",
        "  observed\n    TCP, three sends: recv gave [\"abc\"]\n",
        "  verdict: partly\n    what stuck were no packets",
        "  source: tcp(7); RFC 9293",
        "\n\nempty: an empty send",
        "\n2 experiments in ",
    ] {
        assert!(out.contains(part), "{part:?} is not in {out}");
    }
    let (_, out, _) = lab(&["run", "sticky", "--lang", "zh"]);
    assert!(
        out.contains("sticky：TCP 会粘包\n  调用过程\n    服务器   #1 socket(") && out.contains("  结论：说对一半\n"),
        "{out}"
    );
}

#[test]
fn the_list_finds_by_symptom_in_both_languages() {
    let names = |word: &str, lang: &str| {
        let (code, out, _) = lab(&["list", word, "--lang", lang]);
        assert_eq!(code, Some(0), "{word}");
        out.lines().map(|line| line.split(' ').next().unwrap().to_string()).collect::<Vec<_>>().join(" ")
    };
    for lang in ["en", "zh"] {
        assert_eq!(names("10054", lang), "refused farewell");
        assert_eq!(names("EADDRINUSE", lang), "time-wait sharing");
        assert_eq!(names("eaddrinuse", lang), "time-wait sharing");
        if cfg!(unix) {
            // Arguments that a code page lacks do not arrive under Wine.
            for word in ["粘包", "黏包"] {
                assert_eq!(names(word, lang), "sticky leftover boundaries");
            }
        }
    }
    let (_, out, err) = lab(&["list"]);
    assert!(out.lines().count() == 19 && err.contains("these are claims, some of them wrong"), "{err}");
    let (code, out, err) = lab(&["list", "no-such-symptom"]);
    assert!(code == Some(1) && out.is_empty() && err.lines().count() == 1 && err.contains("socket-lab list"), "{err}");
}

#[test]
fn an_unknown_name_is_one_line_with_those_that_are_near() {
    let table = [
        ("stiky", "did you mean: sticky"),
        ("timewait", "did you mean: time-wait"),
        ("EADDRINUSE", "time-wait"),
        ("zzz", "socket-lab list"),
    ];
    for (name, near) in table {
        let (code, out, err) = lab(&["run", name]);
        assert!(code == Some(2) && out.is_empty() && err.lines().count() == 1 && err.contains(near), "{code:?} {err}");
    }
    for args in [&["--json", "list"][..], &["list", "--trace"], &["sysctl", "--trace"], &["--trace", "port", "1"]] {
        let (code, _, err) = lab(args);
        assert!(code == Some(2) && err.contains("for running experiments"), "{args:?}: {err}");
    }
    let (code, _, err) = lab(&["diagram", "trace.jsonl", "--ascii", "-o", "trace.svg"]);
    assert!(code == Some(2) && err.contains("--ascii does nothing with --output"), "{err}");
    for (args, meant) in [(&["lst"][..], "list"), (&["run", "sticky", "--jsn"], "--json"), (&["--reprot"], "--report")]
    {
        let (code, _, err) = lab(args);
        assert!(code == Some(2) && err.contains(&format!("did you mean: {meant}")), "{args:?}: {err}");
    }
    for args in [&["--json", "--step"][..], &["--json", "run", "empty", "--predict"]] {
        let (code, _, err) = lab(args);
        assert!(code == Some(2) && err.contains("--json does not go with"), "{err}");
    }
}

#[test]
fn an_experiment_that_cannot_have_its_port_fails_in_one_line() {
    let holder = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = holder.local_addr().unwrap().port().to_string();
    let (code, out, err) = lab(&["run", "handshake", "--port", &port]);
    assert!(code == Some(1) && out.contains("verdict: failed"), "{code:?} {out}");
    let last = err.lines().last().unwrap();
    assert!(last.starts_with("socket-lab: handshake failed: ") && last.contains("the address is in use"), "{err}");
}

#[test]
fn the_trace_file_has_the_calls_of_the_lab_too() {
    let file = std::env::temp_dir().join(format!("socket-demos-lab-{}", std::process::id()));
    let (code, ..) = lab(&["run", "empty", "truncation", "--trace-file", &file.display().to_string()]);
    assert_eq!(code, Some(0));
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    let first = text.lines().filter(|line| line.contains(r#""socket":1,"call":"socket""#)).count();
    assert_eq!(first, 2, "each experiment counts its sockets from 1: {text}");
}

#[test]
fn the_kernels_parameters_are_shown_where_there_are_any() {
    let (code, out, err) = lab(&["sysctl"]);
    if !cfg!(target_os = "linux") {
        assert!(code == Some(1) && err.contains("parameters of Linux"), "{err}");
        return;
    }
    for name in ["tcp_syncookies: ", "tcp_tw_reuse: ", "tcp_tw_recycle: ", "tcp_fin_timeout: "] {
        assert!(out.contains(&format!("net.ipv4.{name}")), "{out}");
    }
    assert!(out.lines().last().unwrap().contains("none of the four lets a server bind again"), "{out}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_watched_port_is_looked_at_again_and_again() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut watching = Running::start(LAB, &["port", &port.to_string(), "--watch"]);
    watching.says("0 finished connections wait for accept");
    let _client = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    watching.says("1 finished connection waits for accept");
    watching.signal("INT");
    assert_eq!(watching.ended().0.code(), Some(130));
}

/// The lab where everybody may run it, also who may not look into the build's folder.
#[cfg(target_os = "linux")]
pub(crate) struct Public(std::path::PathBuf);

#[cfg(target_os = "linux")]
impl Public {
    pub(crate) fn copy() -> Self {
        static COPIES: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
        let number = COPIES.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("socket-demos-lab-{}-public-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::copy(LAB.path(), folder.join("socket-lab")).unwrap();
        Self(folder)
    }

    pub(crate) fn program(&self) -> std::path::PathBuf {
        self.0.join("socket-lab")
    }
}

#[cfg(target_os = "linux")]
impl Drop for Public {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Runs a prepared command that is or ends in the lab with `--json`, and compares the verdicts.
#[cfg(target_os = "linux")]
fn has_the_usual_verdicts(command: Command) {
    let (status, json, err) = Running::spawn(command).ended();
    assert!(status.success(), "{status} {err}");
    assert_eq!(verdicts(&String::from_utf8(json).unwrap()), expected(), "{err}");
}

#[cfg(target_os = "linux")]
#[test]
fn nobody_needs_to_be_root() {
    if !rustix::process::geteuid().is_root() {
        // Then every other test shows it.
        return;
    }
    let as_nobody = ["--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs"];
    if !Command::new("setpriv").args(as_nobody).arg("true").status().is_ok_and(|status| status.success()) {
        return common::not_run("setpriv (util-linux) or the right to use it is missing");
    }
    let public = Public::copy();
    let mut command = Command::new("setpriv");
    command.args(as_nobody).arg(public.program()).arg("--json").current_dir("/");
    has_the_usual_verdicts(command);
}

/// A network namespace of its own has nobody else on its ports, so the second run meets what the first one left.
#[cfg(target_os = "linux")]
#[test]
fn without_ipv6_and_twice_on_one_port_it_is_the_same() {
    let without_ipv6 =
        "ip link set lo up && { test ! -e /proc/net/if_inet6 || echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6; }";
    let namespace = Command::new("unshare").args(["-rn", "sh", "-c", without_ipv6]).output();
    if !namespace.is_ok_and(|output| output.status.success()) {
        return common::not_run("unshare and ip (util-linux, iproute2) or the right to use them are missing");
    }
    let mut command = Command::new("unshare");
    let twice =
        format!("{LAB} run refused states farewell sharing --port 8080 >/dev/null && exec {LAB} --port 8080 --json");
    command.args(["-rn", "sh", "-c", &format!("{without_ipv6} && {twice}")]);
    has_the_usual_verdicts(command);
}
