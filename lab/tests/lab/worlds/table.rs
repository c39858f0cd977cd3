//! The worlds and the experiments that had lied in them, as data.

/// A world, made by a script of the shell that ends with the lab.
pub(super) struct World {
    pub(super) name: &'static str,
    /// What is set in it, below `/proc/sys/net`.
    pub(super) set: Option<(&'static str, &'static str)>,
    pub(super) made: Made,
}

/// How a world is made; the lab and its arguments are `"$@"`.
pub(super) enum Made {
    /// In a network namespace of its own, as its root.
    By(&'static str),
    /// The same, and whatever is left of its processes ends with the script.
    AloneBy(&'static str),
    /// By a packet filter there: the end of a rule of nft for what comes in.
    Filtered(&'static str),
    /// By root itself.
    ByRoot(&'static str),
}

/// Nothing but what is set differs from the usual world.
const fn set(name: &'static str, parameter: &'static str, value: &'static str) -> World {
    World { name, set: Some((parameter, value)), made: Made::By(r#"exec "$@""#) }
}

const fn made(name: &'static str, made: Made) -> World {
    World { name, set: None, made }
}

const WITHOUT_IPV6: &str = r#"
test ! -e /proc/net/if_inet6 || echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6
exec "$@""#;

/// A process that is stopped most of the time: 2 ms of each 100 are its own. `kill` fails when it has ended,
/// which may be at either of the two.
const STARVED: &str = r#"
"$@" &
while kill -STOP $! 2>/dev/null; do sleep 0.098; kill -CONT $! 2>/dev/null || break; sleep 0.002; done
wait $!"#;

const BUSY: &str = r#"
for loop in 1 2 3 4 5 6 7 8; do while :; do :; done & done
nice -n 19 "$@""#;

const FEW_PROCESSES: &str = r#"exec setpriv --reuid=64999 --regid=64999 --clear-groups prlimit --nproc=6 "$@""#;

/// The lab has one more thread than one; a shell that it starts can start nothing.
const TWO_PROCESSES: &str = r#"exec setpriv --reuid=64998 --regid=64998 --clear-groups prlimit --nproc=2 "$@""#;

pub(super) const WORLDS: [World; 27] = [
    made("usual", Made::By(r#"exec "$@""#)),
    made("no IPv6", Made::By(WITHOUT_IPV6)),
    set("somaxconn 0", "core/somaxconn", "0"),
    set("somaxconn 1", "core/somaxconn", "1"),
    set("somaxconn 3", "core/somaxconn", "3"),
    set("tcp_rmem small", "ipv4/tcp_rmem", "4096 4096 4096"),
    set("tcp_rmem large", "ipv4/tcp_rmem", "16777216 16777216 33554432"),
    set("tcp_wmem small", "ipv4/tcp_wmem", "4096 4096 4096"),
    set("tcp_wmem large", "ipv4/tcp_wmem", "16777216 16777216 33554432"),
    set("no TIME_WAIT", "ipv4/tcp_max_tw_buckets", "0"),
    set("abort on overflow", "ipv4/tcp_abort_on_overflow", "1"),
    set("tcp_syncookies 0", "ipv4/tcp_syncookies", "0"),
    set("tcp_syncookies 2", "ipv4/tcp_syncookies", "2"),
    made("RST dropped", Made::Filtered("tcp flags & rst == rst drop")),
    made("FIN dropped", Made::Filtered("tcp flags & fin == fin drop")),
    made("SYN dropped", Made::Filtered("tcp flags & (syn | ack) == syn drop")),
    made("SYN rejected", Made::Filtered("tcp flags & (syn | ack) == syn reject")),
    made("SYN reset", Made::Filtered("tcp flags & (syn | ack) == syn reject with tcp reset")),
    made("ICMP dropped", Made::Filtered("ip protocol icmp drop")),
    made("UDP dropped", Made::Filtered("meta l4proto udp drop")),
    made("UDP rejected", Made::Filtered("meta l4proto udp reject")),
    made("MTU 576", Made::By(r#"ip link set lo mtu 576; exec "$@""#)),
    made("RLIMIT_NOFILE 16", Made::By(r#"ulimit -n 16; exec "$@""#)),
    made("RLIMIT_NPROC 6", Made::ByRoot(FEW_PROCESSES)),
    made("RLIMIT_NPROC 2", Made::ByRoot(TWO_PROCESSES)),
    made("2 % of a CPU", Made::AloneBy(STARVED)),
    made("nice 19, 8 loops", Made::AloneBy(BUSY)),
];

/// What is tried each time: every world, and every experiment, that had lied once, where it had.
pub(super) const TENTH: [(&str, &[&str]); 27] = [
    ("usual", &["backlog", "farewell", "pipes", "sticky"]),
    ("no IPv6", &["refused"]),
    ("somaxconn 0", &["backlog"]),
    ("somaxconn 1", &["backlog", "many-clients"]),
    ("somaxconn 3", &["many-clients"]),
    ("tcp_rmem small", &["leftover"]),
    ("tcp_rmem large", &["flood"]),
    ("tcp_wmem small", &["flood"]),
    ("tcp_wmem large", &["flood"]),
    ("no TIME_WAIT", &["states", "time-wait"]),
    ("abort on overflow", &["backlog"]),
    ("tcp_syncookies 0", &["backlog"]),
    ("tcp_syncookies 2", &["backlog"]),
    ("RST dropped", &["farewell", "refused"]),
    ("FIN dropped", &["farewell", "flood", "half-close", "states"]),
    ("SYN dropped", &["backlog", "handshake", "states"]),
    ("SYN rejected", &["backlog", "handshake"]),
    ("SYN reset", &["backlog", "characters"]),
    ("ICMP dropped", &["refused"]),
    ("UDP dropped", &["boundaries", "empty", "largest", "many-clients", "sharing", "stranger", "truncation"]),
    ("UDP rejected", &["flood", "sticky"]),
    ("MTU 576", &["largest"]),
    ("RLIMIT_NOFILE 16", &["many-clients"]),
    ("RLIMIT_NPROC 6", &["pipes", "farewell"]),
    ("RLIMIT_NPROC 2", &["pipes"]),
    ("2 % of a CPU", &["states", "half-close"]),
    ("nice 19, 8 loops", &["states"]),
];
