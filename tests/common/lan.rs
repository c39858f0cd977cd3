//! Hosts in a small network, each in a network namespace of its own (unshare(1), ip-netns(8)), as root or without.

use std::process::Command;

use super::{Program, Running, Server, have, not_run};

/// The first host has two addresses in one LAN; `other` is there too.
const LAN: &str = "mount -t tmpfs none /run && ip netns add other && ip link set lo up \
    && ip link add lan0 type veth peer name lan1 netns other \
    && ip addr add 10.9.9.1/24 dev lan0 && ip addr add 10.9.9.2/24 dev lan0 \
    && ip addr add fd09::1/64 dev lan0 nodad && ip addr add fd09::2/64 dev lan0 nodad && ip link set lan0 up \
    && ip -n other addr add 10.9.9.9/24 dev lan1 && ip -n other addr add fd09::9/64 dev lan1 nodad \
    && ip -n other link set lan1 up";

/// A program on the first host, which says where it listens, after more words for the shell that makes the network; `None`,
/// said aloud, where there are no namespaces.
pub fn server(more: &str, program: Program, args: &str) -> Option<Server> {
    if !["unshare", "nsenter", "ip"].into_iter().all(have) {
        return None;
    }
    // Whether namespaces can be had at all; what goes wrong inside one is a failure.
    let try_it = "mount -t tmpfs none /run && ip netns add other";
    if !Command::new("unshare").args(["-rnm", "sh", "-c", try_it]).output().is_ok_and(|tried| tried.status.success()) {
        not_run("the right to make namespaces of networks is missing");
        return None;
    }
    let mut command = Command::new("unshare");
    command.args(["-rnm", "sh", "-c", &format!("{LAN} {more} && exec {program} {args}")]);
    Some(Server::of(Running::spawn(command)))
}

/// The command that runs a program on the host of that name, or on the server's where it is empty.
pub fn on(server: &Server, host: &str, program: Program, args: &[&str]) -> Command {
    let mut command = Command::new("nsenter");
    command.args(["-t", &server.running.pid().to_string(), "-U", "-n", "-m", "--preserve-credentials"]);
    if !host.is_empty() {
        command.args(["ip", "netns", "exec", host]);
    }
    command.arg(program.path()).args(args);
    command
}
