//! Handshakes that stay half done: clients that let no answer in.

use std::io;
use std::net::SocketAddr;

use serde::Serialize;

use crate::stage::{Side, Stage, UNANSWERED, kernel_parameter, queue_limit, until_after};
use socket_demos::net::Socket;
use socket_demos::net::event::Call;
use socket_demos::net::ports::{State, tcp_sockets, tcp_state};
use socket_demos::t;

#[derive(Serialize)]
pub(super) struct HalfOpen {
    /// How many clients called the server and let no answer in.
    pub(super) called: usize,
    /// How many of them were kept, half-open.
    pub(super) kept: usize,
    /// How many of them there is room for.
    pub(super) room: usize,
    /// What `net.ipv4.tcp_syncookies` is.
    pub(super) cookies: Option<u64>,
}

impl HalfOpen {
    /// Clients call that let no answer in, so that their handshakes stay half done. None where there are no such clients, or
    /// no table to see them in.
    pub(super) fn made(backlog: i32, clients: usize, stage: &Stage) -> io::Result<Option<Self>> {
        let listener = stage.listen(backlog)?;
        let server = listener.local_addr()?;
        if half_open(server).is_err() {
            return Ok(None);
        }
        let mut deaf = Vec::new();
        for _ in 0..clients {
            let client = stage.tcp(Side::Client)?;
            if client.set_deaf().is_err() {
                return Ok(None);
            }
            deaf.push(call(client, server)?);
        }
        let (mut kept, room) = (0, queue_limit(backlog).unwrap_or(usize::MAX).min(deaf.len()));
        // Where fewer of them are kept, for example with SYN cookies always, nothing more will come.
        until_after(UNANSWERED, || {
            kept = half_open(server).unwrap_or(0);
            (kept >= room).then_some(())
        });
        let cookies = kernel_parameter("ipv4/tcp_syncookies");
        for client in &deaf {
            show(stage, server, client.local_addr()?, cookies);
        }
        Ok(Some(Self { called: deaf.len(), kept, room, cookies }))
    }

    /// How many were kept, in a sentence.
    pub(super) fn told(&self) -> String {
        let Self { called, kept, .. } = self;
        t!(
            "of {called} clients that let no answer in {kept} were kept half-open (SYN_RCVD)",
            "{called} 个收不到回应的客户端里，有 {kept} 个作为半连接（SYN_RCVD）保留下来"
        )
    }

    /// What follows for the queue of half-open connections.
    pub(super) fn meaning(&self) -> String {
        let Self { called, kept, room, cookies } = self;
        if *cookies == Some(2) {
            return t!(
                "of half-open ones nothing can be seen: with net.ipv4.tcp_syncookies 2 none is kept",
                "半连接则看不到：net.ipv4.tcp_syncookies 是 2，一个也不保留"
            );
        }
        // A viewer who steps may take longer than the minute for which they are kept.
        if kept < room {
            return t!(
                "of half-open ones fewer were seen than there is room for: they had been given up, or the machine was too busy",
                "半连接看到的比装得下的少：已经被内核放弃，或者机器太忙"
            );
        }
        let others = match cookies {
            Some(0) => t!("the others' SYNs were dropped", "其余的 SYN 被丢弃"),
            _ => t!(
                "SYN cookies answer the others without keeping them, so nobody notices",
                "其余的由 SYN cookie 应答而不保留，所以看不出来"
            ),
        };
        t!(
            "and half-open ones too (SYN queue, since Linux 4.4): {kept} of {called} were kept, {others}",
            "半连接队列（SYN queue，从 Linux 4.4 起）也受它限制：{called} 个里保留了 {kept} 个，{others}"
        )
    }
}

/// Notes for the picture whose SYN was answered: it is in the table, or has a cookie.
fn show(stage: &Stage, server: SocketAddr, caller: SocketAddr, cookies: Option<u64>) {
    if let Ok(Some(state)) = tcp_state(server, caller) {
        stage.saw_state(Side::Server, (server, caller), Some(state));
    } else if cookies != Some(0) {
        stage.trace(Side::Server).note(Call::State, "SYN cookie", (Some(server), Some(caller)));
    }
}

/// Calls without waiting for an answer: `connect` says EINPROGRESS, and goes on behind the scenes.
pub(super) fn call(client: Socket, server: SocketAddr) -> io::Result<Socket> {
    client.set_nonblocking()?;
    let _ = client.connect(server);
    Ok(client)
}

/// How many connections to the server are half-open.
pub(super) fn half_open(server: SocketAddr) -> io::Result<usize> {
    let half_open = |state| matches!(state, State::SynRecv | State::NewSynRecv);
    Ok(tcp_sockets(server.port())?.iter().filter(|socket| half_open(socket.state)).count())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::super::{Saw, World};
    use super::*;
    use crate::experiments::{Judge as _, Kind};

    #[test]
    fn what_is_said_of_half_open_connections_is_what_was_seen() {
        let usual = World::default().run(&Stage::silent()).unwrap();
        let why = |half_open| Saw { half_open, ..World::default().run(&Stage::silent()).unwrap() }.verdict().why;
        let seen = |kept, cookies| Some(HalfOpen { called: 6, kept, room: 4, cookies: Some(cookies) });
        assert!(why(None).ends_with("too: that was not seen here"), "{}", why(None));
        assert!(
            why(seen(4, 1))
                .ends_with("4 of 6 were kept, SYN cookies answer the others without keeping them, so nobody notices")
        );
        assert!(why(seen(4, 0)).ends_with("4 of 6 were kept, the others' SYNs were dropped"));
        assert!(
            why(seen(0, 2))
                .ends_with("of half-open ones nothing can be seen: with net.ipv4.tcp_syncookies 2 none is kept")
        );
        assert!(why(seen(2, 1)).contains("fewer were seen than there is room for"), "{}", why(seen(2, 1)));
        let beyond = Saw { half_open: seen(6, 1), ..World::default().run(&Stage::silent()).unwrap() };
        assert_eq!(beyond.verdict().kind, Kind::Contradicted);
        if let Some(half) = usual.half_open.filter(|half| half.cookies != Some(2)) {
            // Whoever may make them sees as many as finished ones.
            assert_eq!((half.called, half.kept), (6, 4));
        }
    }
}
