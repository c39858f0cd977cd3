//! What the two machines cost: 64 MB through both, in memory.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::super::{Action, Client, Event, Job, Server};
use super::world::key;
use crate::remote::{Outcome, Output};
use crate::text::Charset;

const TOTAL: usize = 64_000_000;

/// What a runner reads from a pipe at once.
const CHUNK: &[u8] = &[7; 64 * 1024];

/// Prints the speed; run it in a release build, with `--ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn sixty_four_megabytes_through_both_machines() {
    let (mut server, mut client) = (Server::new(key(), [1; 32], 1, Charset::default()), Client::new(key()));
    let (mut now, mut left, mut received) = (Duration::ZERO, TOTAL, 0);
    let start = Instant::now();
    client.request(b"command", [1; 16], now).expect("short enough");
    loop {
        now += Duration::from_micros(50);
        if let Some(job) = exchange(&mut server, &mut client, now) {
            write(&mut server, job, &mut left, now);
        }
        while let Some(event) = client.event(now) {
            let Event::Show(_, bytes) = event else {
                assert_eq!((event, received), (Event::Ended(Outcome::Exited(0)), TOTAL));
                println!("{:.0} MB/s through both machines", TOTAL as f64 / 1e6 / start.elapsed().as_secs_f64());
                return;
            };
            received += bytes.len();
        }
        client.tick(now);
        server.tick(now);
    }
}

/// Carries all datagrams to the other side; gives the command that may write.
fn exchange(server: &mut Server, client: &mut Client, now: Duration) -> Option<Job> {
    let address = SocketAddr::from(([127, 0, 0, 1], 4000));
    for datagram in client.datagrams() {
        server.receive(address, &datagram, now);
    }
    let mut ready = None;
    for action in server.actions() {
        match action {
            Action::Send(_, datagram) => client.receive(&datagram, now),
            Action::Start { job, .. } | Action::Space(job) => ready = Some(job),
            Action::Stop(_) => panic!("nobody wants that"),
        }
    }
    ready
}

/// The command writes until nothing more is taken.
fn write(server: &mut Server, job: Job, left: &mut usize, now: Duration) {
    while *left > 0 {
        let offered = &CHUNK[..CHUNK.len().min(*left)];
        let taken = server.offer(job, Output::Out, offered, now);
        *left -= taken;
        if taken < offered.len() {
            return;
        }
    }
    server.finish(job, Outcome::Exited(0), now);
}
