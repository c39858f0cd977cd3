//! The lab in worlds that are not as usual: no verdict and no sentence says what was not seen there.
//!
//! `cargo test -p socket-lab --test lab worlds` tries what had lied once, `WORLDS=all` every experiment in every world; both
//! print the table.

mod claims;
mod table;

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::common::{self, LAB, Running, eventually, matrix};
use crate::experiments::{Public, expected, verdicts};
use claims::Seen;
use serde_json::Value;
use socket_demos::net::ports::tcp_sockets;
use socket_lab::experiments::EXPERIMENTS;
use table::{Made, TENTH, WORLDS, World};

/// Labs in their worlds at a time: most of the time of most of them goes by with waiting.
const AT_ONCE: usize = 8;

/// How long one experiment may take with next to no CPU, beside the others.
const LONG: Duration = Duration::from_secs(240);

/// What came of one experiment in one world.
struct Found {
    verdict: String,
    said: String,
    lies: Vec<String>,
}

fn whole() -> bool {
    matrix::whole("WORLDS")
}

impl World {
    /// The words before the lab's own: a shell that makes the world and becomes the lab.
    fn command(&self, lab: &Path, args: &[&str]) -> Command {
        let (options, root, script) = match self.made {
            Made::By(script) => (&["-n"][..], true, script.to_string()),
            Made::AloneBy(script) => (&["-n", "-pf", "--kill-child"][..], true, script.to_string()),
            Made::Filtered(rule) => (&["-n"][..], true, filtered(rule)),
            Made::ByRoot(script) => (&["-n"][..], false, script.to_string()),
        };
        let set = self.set.map(|(name, value)| format!("echo '{value}' >/proc/sys/net/{name}\n")).unwrap_or_default();
        let mut command = Command::new("unshare");
        if root {
            command.arg("-r");
        }
        command.args(options).args(["sh", "-ec", &format!("ip link set lo up\n{set}{script}"), "sh"]);
        command.arg(lab).args(args).current_dir("/");
        command
    }

    /// Why it cannot be had here, if it cannot.
    fn lacks(&self, lab: &Path) -> Option<String> {
        match self.command(lab, &["--version"]).output() {
            Ok(output) if output.status.success() => None,
            Ok(output) => Some(format!("{}: {}", self.name, String::from_utf8_lossy(&output.stderr).trim())),
            Err(error) => Some(format!("{}: {error}", self.name)),
        }
    }

    fn of(&self, experiment: &str, lab: &Path) -> Found {
        let mut running = Running::spawn(self.command(lab, &["run", experiment, "--json"]));
        let (_, out, err) = running.ended_within(LONG);
        let json: Value =
            serde_json::from_slice(&out).unwrap_or_else(|error| panic!("{} {experiment}: {error}: {err}", self.name));
        let seen = Seen::of(&json["experiments"][0]);
        Found { verdict: seen.text("verdict").to_string(), said: seen.said(), lies: seen.lies(self) }
    }
}

/// A packet filter for what comes in.
fn filtered(rule: &str) -> String {
    format!(
        r#"nft add table inet filter
nft add chain inet filter input '{{ type filter hook input priority 0; }}'
nft add rule inet filter input '{rule}'
exec "$@""#
    )
}

#[test]
fn no_verdict_says_what_was_not_seen() {
    let lab = Public::copy();
    let mut cells = Vec::new();
    for world in &WORLDS {
        if let Some(why) = world.lacks(&lab.program()) {
            common::not_run(&why);
            continue;
        }
        let tried: Vec<_> = EXPERIMENTS.iter().map(|experiment| experiment.name).collect();
        let tenth = TENTH.iter().find(|(name, _)| *name == world.name).map_or(&[][..], |(_, tried)| tried);
        cells.extend(tried.into_iter().filter(|name| whole() || tenth.contains(name)).map(|name| (world, name)));
    }
    let found = matrix::each(AT_ONCE, &cells, |(world, name)| world.of(name, &lab.program()));
    let table = drawn(&cells, &found);
    std::io::stderr().write_all(table.as_bytes()).unwrap();
    let lies = cells.iter().zip(&found).filter(|(_, found)| !found.lies.is_empty()).map(|((world, name), found)| {
        format!("{}, {name}, {}: {}\n{}\n", world.name, found.verdict, found.lies.join("; "), found.said)
    });
    let lies: String = lies.collect();
    assert!(lies.is_empty(), "{lies}");
}

/// A line for each world, a column for each experiment.
fn drawn(cells: &[(&World, &str)], found: &[Found]) -> String {
    let mut table =
        "worlds: T as taught, D different, P partly, - not shown, F failed, C contradicted, ! not true\n".to_string();
    for world in &WORLDS {
        let mut line = format!("{:<18}", world.name);
        for experiment in &EXPERIMENTS {
            let cell =
                cells.iter().zip(found).find(|((of, name), _)| of.name == world.name && *name == experiment.name);
            let letter = cell.map_or(' ', |(_, found)| match found.verdict.as_str() {
                "as-taught" => 'T',
                "different" => 'D',
                "partly" => 'P',
                "cannot-show" => '-',
                "failed" => 'F',
                _ => 'C',
            });
            let lied = cell.is_some_and(|(_, found)| !found.lies.is_empty());
            let _ = write!(line, "{letter}{}", if lied { '!' } else { ' ' });
        }
        table.extend([line.trim_end(), "\n"]);
    }
    let names: Vec<_> = EXPERIMENTS.iter().map(|experiment| experiment.name).collect();
    table + &format!("columns: {}\n", names.join(" "))
}

/// Four labs at a time on cores that are busy: a slow probe is no contradiction.
#[test]
fn fifty_runs_have_the_same_verdicts() {
    if !whole() {
        return matrix::wants_time("WORLDS=all");
    }
    let cores = thread::available_parallelism().unwrap().get();
    let loops: Vec<_> = (0..cores).map(|_| Running::spawn(busy())).collect();
    let runs: Vec<_> = (0..50).collect();
    let found = matrix::each(4, &runs, |_| {
        let mut command = Command::new(LAB);
        command.arg("--json");
        let (_, json, err) = Running::spawn(command).ended_within(LONG);
        (verdicts(&String::from_utf8(json).unwrap()), err)
    });
    for (number, (verdicts, err)) in found.into_iter().enumerate() {
        assert_eq!(verdicts, expected(), "run {number}: {err}");
    }
    drop(loops);
}

/// A viewer who waits for more than a minute before the second `bind`. It takes so long that only all of it has it.
#[test]
fn a_viewer_who_takes_a_minute_finds_time_wait_over() {
    if !whole() {
        return matrix::wants_time("WORLDS=all");
    }
    let mut lab = Running::start(LAB, &["run", "time-wait", "--step"]);
    // The first bind has port 0, the second one the port that came of it.
    let port = (1..)
        .find_map(|number| {
            let call = awaited(&lab, number);
            let port = call.split_once(" bind(127.0.0.1:").and_then(|(_, port)| port.split(')').next()?.parse().ok());
            let found = port.filter(|port: &u16| *port > 0);
            if found.is_none() {
                lab.feeds(b"\n");
            }
            found
        })
        .unwrap();
    let until = Instant::now() + LONG;
    while !tcp_sockets(port).unwrap().is_empty() {
        assert!(Instant::now() < until, "TIME_WAIT is not over");
        thread::sleep(Duration::from_millis(100));
    }
    lab.ends_input();
    let said = lab.ended_well();
    assert!(said.contains("verdict: not shown\n    TIME_WAIT was over before bind was called"), "{said}");
}

/// The call with that number, counted from 1, that the lab waits with.
fn awaited(lab: &Running, number: usize) -> String {
    let call = || lab.err().split("Enter: ").nth(number).filter(|prompt| prompt.contains(") ")).map(str::to_string);
    eventually(true, || call().is_some());
    call().unwrap()
}

fn busy() -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", "while :; do :; done"]);
    command
}

#[test]
fn without_loopback_one_sentence_says_so() {
    // An interface that goes down keeps its address.
    for args in [&[][..], &["--json"], &["run", "sticky"]] {
        let down = World { name: "loopback down", set: None, made: Made::By(r#"ip link set lo down; exec "$@""#) };
        if let Some(why) = down.lacks(Path::new(LAB.path())) {
            return common::not_run(&why);
        }
        let (status, out, err) = Running::spawn(down.command(Path::new(LAB.path()), args)).ended();
        let out = String::from_utf8(out).unwrap();
        assert!(
            !status.success() && out.is_empty() && err.lines().count() == 1 && err.contains("ip link set lo up"),
            "{out}{err}"
        );
    }
}
