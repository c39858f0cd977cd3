//! Remote commands over UDP in networks of their own: ways that take less than a segment, and a line shared with TCP.

use std::fs::{self, File};
use std::process::{Child, Stdio};

use crate::common::exec::Place;
use crate::common::matrix::{has_time, wants_time};
use crate::common::{
    self, Program, Running, Server, TCP_EXEC_CLIENT, TCP_EXEC_SERVER, UDP_EXEC_CLIENT, UDP_EXEC_SERVER, lan,
};

/// A server of commands on the first host, with the key in a file there.
fn server(more: &str, place: &Place) -> Option<Server> {
    lan::server(more, UDP_EXEC_SERVER, &format!("10.9.9.1:0 --key-file {}", place.file("key")))
}

fn runs(server: &Server, host: &str, place: &Place, command: &str) -> String {
    let (address, key) = (format!("10.9.9.1:{}", server.address.port()), place.file("key"));
    let client = lan::on(server, host, UDP_EXEC_CLIENT, &[&address, "--key-file", &key, "-c", command]);
    let (status, out, err) = Running::spawn(client).ended();
    assert!(status.success(), "{command:.40}: {err}");
    String::from_utf8(out).unwrap()
}

/// Behind the other host, which is a router then, on a line that takes so many bytes.
fn behind_a_router(mtu: u16) -> String {
    format!(
        "&& ip netns add far && ip -n other link add far0 mtu {mtu} type veth peer name far1 mtu {mtu} netns far \
         && ip -n other addr add 10.8.8.1/24 dev far0 && ip -n other link set far0 up \
         && ip -n far addr add 10.8.8.9/24 dev far1 && ip -n far link set far1 up \
         && ip -n far route add default via 10.8.8.1 && ip route add 10.8.8.0/24 via 10.9.9.9 \
         && ip netns exec other sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'"
    )
}

/// Both hosts drop what is longer on its way out, and tell nobody: a black hole (RFC 2923, section 2.1).
fn in_silence(most: u16) -> String {
    let rule = format!(
        "nft 'table inet f {{ chain out {{ type filter hook output priority 0; oif != lo meta length > {most} drop; }}; }}'"
    );
    format!("&& {rule} && ip netns exec other {rule}")
}

/// A row of fifty thousand numbers, and a command as long as one may be.
fn moves_all(server: &Server, host: &str, place: &Place, what: &str) {
    let out = runs(server, host, place, "seq 50000");
    assert!(out.lines().eq((1..=50_000).map(|line| line.to_string())), "{what}: {} bytes", out.len());
    let long = "x".repeat(1000);
    assert_eq!(runs(server, host, place, &format!("echo {long}")), format!("{long}\n"), "{what}");
}

/// The line of one's own, and one behind a router, of which ICMP tells (RFC 1191).
#[test]
fn a_way_that_takes_less_than_a_segment_takes_commands_and_output() {
    for mtu in [1000, 600] {
        let own = format!("&& ip link set lan0 mtu {mtu} && ip -n other link set lan1 mtu {mtu}");
        for (more, host) in [(own, "other"), (behind_a_router(mtu), "far")] {
            let place = Place::new();
            let Some(server) = server(&more, &place) else { return };
            moves_all(&server, host, &place, &format!("{host} {mtu}"));
        }
    }
}

#[test]
fn so_does_one_that_drops_what_is_long_without_a_word() {
    if !common::have("nft") {
        return;
    }
    for most in [1200, 1000, 600] {
        let place = Place::new();
        let Some(server) = server(&in_silence(most), &place) else { return };
        moves_all(&server, "other", &place, &format!("at most {most} bytes"));
    }
}

/// What TCP is to have of half the line, in percent.
const FAIR: u64 = 80;

/// How many bytes both bring while they are watched: a quarter of a minute.
const WATCHED: u64 = 30_000_000;

/// Endless output in a file on the other host, until it is dropped.
struct Flow(Child, String);

impl Flow {
    fn of(server: &Server, client: Program, place: &Place) -> Self {
        let (address, file) = (format!("10.9.9.1:{}", server.address.port()), place.file(client.name));
        let args = [&address, "--key-file", &place.file("key"), "-c", "cat /dev/zero"];
        let mut client = lan::on(server, "other", client, &args);
        Self(client.stdout(File::create(&file).unwrap()).stderr(Stdio::null()).spawn().unwrap(), file)
    }

    fn bytes(&self) -> u64 {
        fs::metadata(&self.1).unwrap().len()
    }
}

impl Drop for Flow {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// On 20 Mbit/s with 50 ms of queue, beside the congestion control that gives way most (RFC 5681).
#[test]
fn a_tcp_flow_on_the_same_line_has_its_share() {
    if !has_time() {
        return wants_time("FLOOD");
    }
    let place = Place::new();
    let line = "&& tc qdisc add dev lan0 root tbf rate 20mbit burst 16kb latency 50ms \
                && echo reno >/proc/sys/net/ipv4/tcp_congestion_control";
    let Some(udp) = server(line, &place) else { return };
    let tcp = lan::on(&udp, "", TCP_EXEC_SERVER, &["10.9.9.1:0", "--key-file", &place.file("key")]);
    let tcp = Server::of(Running::spawn(tcp));
    let flows = [Flow::of(&tcp, TCP_EXEC_CLIENT, &place), Flow::of(&udp, UDP_EXEC_CLIENT, &place)];
    let bytes = || flows.each_ref().map(Flow::bytes);
    common::eventually(true, || bytes().iter().all(|&bytes| bytes > 500_000));
    let before = bytes();
    let since = || [0, 1].map(|flow| bytes()[flow] - before[flow]);
    common::eventually(true, || since().iter().sum::<u64>() > WATCHED);
    let [tcp, udp] = since();
    println!("TCP had {tcp} bytes, UDP {udp}: {} % of its half", 200 * tcp / (tcp + udp));
    assert!(200 * tcp >= FAIR * (tcp + udp), "TCP had {tcp} bytes beside {udp}");
}
