//! Floods that meet a screen that shows nothing: a terminal stopped with Ctrl-S, a pipe that nobody reads.

use std::io::Write as _;
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::common::terminal::{Eye, Terminal};
use crate::common::{self, CLIENT, Server, memory};
use crate::flood;

/// How much a client may grow: its queue for the screen, what the allocator adds, and what one `recv` takes.
const MEMORY: usize = 12 * 1024 * 1024;

#[test]
fn a_client_on_a_stopped_terminal_goes_and_one_that_is_watched_stays() {
    let mut server = Server::start(&[]);
    let address = server.address();
    let mut witness = server.join("witness");
    let watched = Terminal::start(CLIENT, &[&address, "--name", "watched"]);
    flood::skips_the_flood(&mut witness, "* watched joined\n");
    let stopped = Terminal::watched(CLIENT, &[&address, "--name", "stopped"], Eye::Shut);
    flood::skips_the_flood(&mut witness, "* stopped joined\n");
    let before = memory(stopped.child.id());
    let flooder = server.join("flooder");
    flood::speaks_without_end(&flooder);
    flood::skips_the_flood(&mut witness, "* stopped left (did not read)\n");
    assert_grown_at_most(stopped.child.id(), before);
    server.running.types("/kick flooder");
    flood::skips_the_flood(&mut witness, "* flooder left (sent out)\n");
    witness.sends("is it over?\n");
    watched.prints("[witness] is it over?");
}

#[test]
fn empty_lines_cost_a_stopped_terminal_nothing() {
    empty_lines_for(|address| {
        let stopped = Terminal::watched(CLIENT, &[address], Eye::Shut);
        (stopped.child.id(), stopped)
    });
}

#[test]
fn empty_lines_cost_a_watched_terminal_nothing() {
    empty_lines_for(|address| {
        let watched = Terminal::start(CLIENT, &[address]);
        (watched.child.id(), watched)
    });
}

#[test]
fn empty_lines_cost_a_pipe_that_nobody_reads_nothing() {
    struct Unread(std::process::Child);
    impl Drop for Unread {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }
    empty_lines_for(|address| {
        let mut command = Command::new(CLIENT);
        command.arg(address).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let unread = Unread(command.spawn().unwrap());
        (unread.0.id(), unread)
    });
}

#[test]
fn empty_lines_cost_a_pipe_that_is_read_nothing() {
    empty_lines_for(|address| {
        let read = common::Running::start(CLIENT, &[address]);
        (read.pid(), read)
    });
}

/// A server of nothing but empty lines, for three seconds, or with `FLOOD` for ten.
fn empty_lines_for<Client>(start: impl FnOnce(&str) -> (u32, Client)) {
    let (listener, address) = common::textbook::listen();
    let (pid, client) = start(&address.to_string());
    let mut stream: TcpStream = listener.accept().unwrap().0;
    stream.write_all(b"hello\n").unwrap();
    stream.set_write_timeout(Some(Duration::from_millis(100))).unwrap();
    let before = memory(pid);
    let seconds = if crate::common::matrix::has_time() { 10 } else { 3 };
    let end = Instant::now() + Duration::from_secs(seconds);
    let (mut sent, empty_lines) = (0, vec![b'\n'; 64 * 1024]);
    while Instant::now() < end {
        // Where it blocks, the client has stopped reading: that is what should be seen for a while.
        sent += stream.write(&empty_lines).unwrap_or(0);
    }
    println!("{sent} empty lines, and it has grown by {}", memory(pid).saturating_sub(before));
    assert!(sent > 100_000, "it took only {sent} lines");
    assert_grown_at_most(pid, before);
    drop(client);
}

fn assert_grown_at_most(pid: u32, before: usize) {
    let grown = memory(pid).saturating_sub(before);
    assert!(grown <= MEMORY, "the client has grown by {grown} bytes");
}
