//! What the two machines cost: 64 MB through both, in memory.

use std::time::{Duration, Instant};

use super::super::{Action, Client, Event, Server};
use super::world::key;
use crate::remote::{Outcome, Output};

/// Prints the speed; run it in a release build, with `--ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn sixty_four_megabytes_through_both_machines() {
    let total = 64_000_000;
    let chunk = vec![7; 64 * 1024];
    let address = "127.0.0.1:4000".parse().unwrap();
    let (mut server, mut client) = (Server::new(key(), [1; 32], 1), Client::new(key()));
    let start = Instant::now();
    let mut now = Duration::ZERO;
    let mut left = total;
    let mut wanted = None;
    let mut received = 0;
    client.request(b"command", [1; 16], now).unwrap();
    loop {
        now += Duration::from_micros(50);
        for datagram in client.datagrams() {
            server.receive(address, &datagram, now);
        }
        let actions = server.actions();
        for action in actions {
            match action {
                Action::Send(_, datagram) => client.receive(&datagram, now),
                Action::Start { job, .. } | Action::Space(job) => wanted = Some(job),
                Action::Stop(_) => unreachable!(),
            }
        }
        if let Some(job) = wanted.take() {
            loop {
                let offered = &chunk[..chunk.len().min(left)];
                let taken = server.offer(job, Output::Out, offered, now);
                left -= taken;
                if left == 0 {
                    server.finish(job, Outcome::Exited(0), now);
                    break;
                }
                if taken < offered.len() {
                    break;
                }
            }
        }
        while let Some(event) = client.event(now) {
            match event {
                Event::Show(_, bytes) => received += bytes.len(),
                end => {
                    assert_eq!((end, received), (Event::Ended(Outcome::Exited(0)), total));
                    let seconds = start.elapsed().as_secs_f64();
                    println!("{:.0} MB/s through both machines", total as f64 / 1e6 / seconds);
                    return;
                }
            }
        }
        client.tick(now);
        server.tick(now);
    }
}
