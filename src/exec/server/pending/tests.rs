use std::net::{Ipv4Addr, Ipv6Addr};

use super::*;
use crate::net::{Socket, Trace};

/// A connection's two ends.
fn connection() -> (Stream, std::net::TcpStream) {
    let address = "127.0.0.1:0".parse().unwrap();
    let socket = Socket::tcp(address, &Trace::off()).unwrap();
    socket.bind(address).unwrap();
    let listener = socket.listen(1).unwrap();
    let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    client.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    (Arc::new(listener.accept().unwrap().0), client)
}

/// Whether the other end has been closed.
fn is_closed(mut client: &std::net::TcpStream) -> bool {
    client.set_nonblocking(true).unwrap();
    matches!(client.read(&mut [0]), Ok(0))
}

#[test]
fn one_too_many_is_sent_away_and_told_to_come_again() {
    let pending = Arc::new(Pending::new(PATIENCE, b"away"));
    let (stream, mut crowded) = connection();
    let owner = connection();
    let mut strangers = vec![pending.enter(&owner.0, OWNER)];
    // The same connection many times, so that it does not matter which of them goes.
    strangers.extend((1..MAX_WAITING).map(|_| pending.enter(&stream, CROWD)));
    assert_eq!(pending.door().waiting.len(), MAX_WAITING);
    strangers.push(pending.enter(&stream, CROWD));
    let mut heard = Vec::new();
    crowded.read_to_end(&mut heard).unwrap();
    assert_eq!(heard, b"away");
    assert!(!is_closed(&owner.1));
    assert_eq!(pending.door().waiting.len(), MAX_WAITING);
    drop(strangers);
    assert!(pending.door().waiting.is_empty());
}

const OWNER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
const CROWD: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 1));

/// Who of these has to go, in all of a hundred draws.
fn go(waiting: &[IpAddr], newcomer: Option<IpAddr>) -> Vec<usize> {
    let mut random = Rng::with_seed(1);
    let mut drawn: Vec<_> = (0..100).filter_map(|_| who_goes(waiting, newcomer, &mut random)).collect();
    drawn.sort_unstable();
    drawn.dedup();
    drawn
}

#[test]
fn the_one_that_goes_is_of_the_fullest_network_and_of_its_fullest_address() {
    let table: [(&[&str], Option<&str>, &[usize]); 7] = [
        (&[], None, &[]),
        (&["10.0.0.1", "10.0.1.1"], None, &[0, 1]),
        (&["10.0.0.1", "10.0.1.1", "10.0.1.2"], None, &[1, 2]),
        (&["10.0.1.1", "10.0.1.1", "10.0.1.2", "10.0.0.1"], None, &[0, 1]),
        // The newcomer stays, but counts.
        (&["10.0.0.1", "10.0.1.1"], Some("10.0.1.2"), &[1]),
        (&["2001:db8::1", "2001:db8::ffff:0:0:2", "2001:db8:0:1::1"], None, &[0, 1]),
        (&["10.0.1.1", "::ffff:10.0.1.1", "2001:db8::1"], Some("2001:db8::2"), &[2]),
    ];
    for (waiting, newcomer, wanted) in table {
        let waiting: Vec<IpAddr> = waiting.iter().map(|address| address.parse().unwrap()).collect();
        assert_eq!(go(&waiting, newcomer.map(|address| address.parse().unwrap())), wanted, "{waiting:?}");
    }
}

/// Where a crowd connects from.
type From = fn(&mut Rng) -> IpAddr;

const CROWDS: [(&str, From); 7] = [
    ("one address", |_| CROWD),
    ("8 networks", |random| Ipv4Addr::new(198, 51, random.u8(..8), 1).into()),
    ("128 networks", |random| Ipv4Addr::new(198, 51, random.u8(..128), 1).into()),
    ("a /64 of IPv6", |random| Ipv6Addr::from_bits(0x2001_0db8 << 96 | u128::from(random.u64(..))).into()),
    ("his network", |random| Ipv4Addr::new(192, 0, 2, 10 + random.u8(..8)).into()),
    ("65,536 networks", |random| Ipv4Addr::new(10, random.u8(..), random.u8(..), 1).into()),
    ("his own address", |_| OWNER),
];

/// How many connections each crowd makes at each rate.
fn connections() -> usize {
    std::env::var("FLOOD").map_or(1_000, |number| number.parse::<usize>().unwrap().min(20_000))
}

/// How many owners in a thousand get in, a round trip of 100 ms away, while so many strangers a second
/// connect and say nothing. A clock of connections: the owner's proof comes when a tenth of them have come after him.
fn let_in(rate: usize, from: From) -> usize {
    let tries = connections() / (rate / 10);
    let (mut random, mut waiting) = (Rng::with_seed(3), Vec::new());
    let enter = |waiting: &mut Vec<(IpAddr, bool)>, address, is_owner, random: &mut Rng| {
        if waiting.len() >= MAX_WAITING {
            let addresses: Vec<_> = waiting.iter().map(|(address, _)| *address).collect();
            waiting.swap_remove(who_goes(&addresses, Some(address), random).unwrap());
        }
        waiting.push((address, is_owner));
    };
    for _ in 0..2 * MAX_WAITING {
        let address = from(&mut random);
        enter(&mut waiting, address, false, &mut random);
    }
    let proves = |_: &usize| {
        enter(&mut waiting, OWNER, true, &mut random);
        for _ in 0..rate / 10 {
            let address = from(&mut random);
            enter(&mut waiting, address, false, &mut random);
        }
        let is_there = waiting.iter().position(|(_, is_owner)| *is_owner);
        is_there.map(|index| waiting.swap_remove(index)).is_some()
    };
    (0..tries).filter(proves).count() * 1000 / tries
}

/// What SECURITY.md says: `FLOOD=20000 cargo test -p socket-demos --lib far_away -- --nocapture` shows it.
#[test]
fn an_owner_who_is_far_away_gets_in_past_a_crowd() {
    // At 450, 1,000 and 5,000 connections a second. By hand: 191/192 to the power of 45, 100 and 500 is 0.79, 0.59, 0.07.
    let (always, random) = ([1000, 1000, 950], [600, 300, 0]);
    for (index, (name, from)) in CROWDS.into_iter().enumerate() {
        let found = [450, 1000, 5000].map(|rate| let_in(rate, from));
        println!("{name}: {found:?} of 1,000");
        let least = if index < 5 { always } else { random };
        assert!(found.iter().zip(least).all(|(found, least)| *found >= least), "{name}: {found:?}");
    }
}
