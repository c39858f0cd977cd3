//! Which rows there are, which of them were asked for, and the table in the end.

use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::Result;

mod client;
mod cpus;
mod crowd;
mod exec;
mod idle;
mod latency;
mod poller;
mod quic;
mod report;
mod room;
mod servers;
mod ssh;
mod time;
mod udp_exec;
mod version;

use cpus::Cpus;
use report::Line;

/// What any single wait may take. No working server comes near it: it ends a run that hangs. A server with a backlog of
/// 128 needs up to 36 s for 5,000 clients, and is to be shown, not cut off.
const DEADLINE: Duration = Duration::from_secs(60);

/// Where Cargo tells its programs to look for libraries. Every process of every server would look there first, which makes
/// a small command take a third longer.
const CARGOS_LIBRARIES: &str = "LD_LIBRARY_PATH";

/// A row of the table, by the word that selects it on the command line.
struct Row {
    name: &'static str,
    measure: fn(&Cpus) -> Result<Vec<Line>>,
}

const ROWS: [Row; 10] = [
    Row { name: "chat", measure: latency::measure },
    Row { name: "burst", measure: room::measure_burst },
    Row { name: "line-by-line", measure: room::measure_line_by_line },
    Row { name: "idle", measure: idle::measure },
    Row { name: "time", measure: time::measure },
    Row { name: "exec-bulk", measure: exec::measure_bulk },
    Row { name: "exec-small", measure: exec::measure_small },
    Row { name: "exec-memory", measure: exec::measure_memory },
    Row { name: "udp-exec", measure: udp_exec::measure },
    Row { name: "version", measure: version::measure },
];

/// Runs the rows that the command line asks for, and prints their table.
pub(crate) fn main() -> ExitCode {
    let (flags, words): (Vec<_>, Vec<_>) = std::env::args().skip(1).partition(|argument| argument.starts_with('-'));
    // `cargo bench` says --bench. `cargo test --all-targets` does not: it wants no minute of load.
    if !flags.iter().any(|flag| flag == "--bench") {
        println!("speed: nothing measured; to measure: cargo bench --bench speed [-- ROW]");
        return ExitCode::SUCCESS;
    }
    let asked: Vec<&Row> = ROWS.iter().filter(|row| is_asked_for(row, &words)).collect();
    if asked.is_empty() {
        eprintln!("speed: no such row; there are: {}", ROWS.map(|row| row.name).join(", "));
        return ExitCode::from(2);
    }
    if std::env::var_os(CARGOS_LIBRARIES).is_some() {
        let mut again = Command::new("/proc/self/exe");
        let error = again.args(std::env::args_os().skip(1)).env_remove(CARGOS_LIBRARIES).exec();
        eprintln!("speed: cannot start again without {CARGOS_LIBRARIES}: {error}");
        return ExitCode::FAILURE;
    }
    run(&asked)
}

fn is_asked_for(row: &Row, words: &[String]) -> bool {
    words.is_empty() || words.iter().any(|word| row.name.contains(word.as_str()))
}

fn run(asked: &[&Row]) -> ExitCode {
    let cpus = match Cpus::claim() {
        Ok(cpus) => cpus,
        Err(error) => {
            eprintln!("speed: cannot pin to CPUs: {error:#}");
            return ExitCode::FAILURE;
        }
    };
    println!("{}", report::machine());
    println!("{cpus}; peers: {}\n", servers::peers());
    let mut lines = Vec::new();
    for row in asked {
        eprintln!("measuring {} ...", row.name);
        match (row.measure)(&cpus) {
            Ok(measured) => lines.extend(measured),
            Err(error) => lines.push(Line::failed(row.name, &error)),
        }
    }
    report::print(&lines);
    if lines.iter().any(Line::is_failure) { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
