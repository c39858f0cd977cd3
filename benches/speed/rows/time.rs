//! The time server: how much CPU an answer costs.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::process::Command;
use std::time::{Duration, Instant};
use std::{env, fs, process};

use anyhow::{Result, bail};

use super::DEADLINE;
use super::cpus::Cpus;
use super::report::{Line, Series, Target, take_turns};
use super::servers::{Server, is_installed};

/// Questions that are on the way at any time.
const OUTSTANDING: usize = 64;

/// Answers in one turn: a second or so.
const ANSWERS: u32 = 100_000;

const ROUNDS: usize = 7;

/// When a datagram counts as lost; then all are asked again.
const LOST: Duration = Duration::from_millis(200);

/// A client's question: version 4, mode 3, a transmit timestamp.
fn question() -> [u8; 48] {
    let mut packet = [0; 48];
    packet[0] = 0x23;
    packet[40..].copy_from_slice(&0x1234_5678_9abc_def0_u64.to_be_bytes());
    packet
}

/// CPU for each answer, beside a plain C loop, one with batches, and chronyd.
pub(super) fn measure(cpus: &Cpus) -> Result<Vec<Line>> {
    let what = format!("time server: CPU for an SNTP answer, {OUTSTANDING} outstanding");
    if !is_installed("cc") {
        return Ok(vec![Line::not_measured(&what, "cc is not installed")]);
    }
    let mut servers = vec![
        ("time-server", Server::time(cpus)?),
        ("C recvfrom/sendto", Server::c_time(cpus, &[])?),
        ("C recvmmsg/sendmmsg", Server::c_time(cpus, &["at once"])?),
    ];
    if is_installed("chronyd") {
        servers.push(("chronyd", chronyd(cpus)?));
    }
    let rounds = take_turns(ROUNDS, servers.len(), |index| microseconds_an_answer(&servers[index].1))?;
    let series = |index: usize| Series { name: servers[index].0, unit: "µs", values: &rounds[index] };
    let mut lines = vec![Line::compared(&what, &series(0), &series(1), Target::AtMost(0.90))];
    lines.push(Line::compared(&what, &series(2), &series(1), Target::None));
    if servers.len() > 3 {
        lines.push(Line::compared(&what, &series(3), &series(1), Target::None));
    } else {
        lines.push(Line::not_measured("time server: beside chronyd", "chronyd is not installed"));
    }
    Ok(lines)
}

fn microseconds_an_answer(server: &Server) -> Result<f64> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    socket.connect(server.address())?;
    socket.set_read_timeout(Some(LOST))?;
    let (question, mut answer) = (question(), [0; 128]);
    for _ in 0..OUTSTANDING {
        socket.send(&question)?;
    }
    let before = server.cpu_time()?;
    let mut answers = 0;
    while answers < ANSWERS {
        if socket.recv(&mut answer).is_ok_and(|length| length == 48) {
            answers += 1;
            socket.send(&question)?;
        } else {
            for _ in 0..OUTSTANDING {
                socket.send(&question)?;
            }
        }
    }
    Ok(server.cpu_time()?.saturating_sub(before).as_secs_f64() * 1e6 / f64::from(ANSWERS))
}

/// chronyd says nothing when it serves, so it is asked until it answers.
fn chronyd(cpus: &Cpus) -> Result<Server> {
    let port = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
    let dir = env::temp_dir().join(format!("socket-demos-bench-{}", process::id()));
    fs::create_dir_all(&dir)?;
    let (file, pid) = (dir.join("chrony.conf"), dir.join("pid"));
    let settings = "bindaddress 127.0.0.1\nallow 127.0.0.0/8\nlocal stratum 8\ncmdport 0";
    fs::write(&file, format!("port {port}\n{settings}\npidfile {}\n", pid.display()))?;
    let mut command = Command::new("chronyd");
    command.args(["-x", "-n", "-u", "root", "-f"]).arg(&file);
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let server = Server::silent(cpus, &mut command, address)?;
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    socket.set_read_timeout(Some(LOST))?;
    let started = Instant::now();
    while started.elapsed() < DEADLINE {
        socket.send_to(&question(), address)?;
        if socket.recv(&mut [0; 128]).is_ok() {
            fs::remove_dir_all(&dir)?;
            return Ok(server);
        }
    }
    bail!("chronyd does not answer");
}
