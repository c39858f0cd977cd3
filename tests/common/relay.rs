//! A bad network between clients and a server of datagrams: each client has a way of its own through it.

use std::collections::HashMap;
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use socket_demos::net::faults::{BadNetwork, Line};

/// How long a thread of the relay waits before it looks whether the test is over.
const LOOK: Duration = Duration::from_millis(5);

/// What is done to every datagram.
#[derive(Clone, Default)]
pub struct Harm {
    pub network: BadNetwork,
    /// How many copies of each arrive besides.
    pub copies: usize,
    /// The share of which one bit is turned.
    pub flipped: f64,
    /// The longest that gets through, in bytes: others vanish, and nobody is told.
    pub largest: Option<usize>,
}

/// What the relay and the test both see.
#[derive(Default)]
pub struct Seen {
    over: AtomicBool,
    /// Whether what the server says is lost.
    pub blocked: AtomicBool,
    /// How many datagrams the server has sent, and how many bytes.
    pub answers: AtomicUsize,
    pub answered: AtomicUsize,
    /// The longest datagram of all, in bytes.
    pub longest: AtomicUsize,
    /// What clients have sent, in this order.
    pub recorded: Mutex<Vec<Vec<u8>>>,
}

pub struct Relay {
    pub address: SocketAddr,
    pub seen: Arc<Seen>,
    /// The socket of the way that was opened last, as the server sees that client.
    pub upstream: Arc<Mutex<Option<UdpSocket>>>,
}

impl Relay {
    pub fn to(server: SocketAddr, harm: &Harm) -> Self {
        let front = UdpSocket::bind("127.0.0.1:0").unwrap();
        front.set_read_timeout(Some(LOOK)).unwrap();
        let address = front.local_addr().unwrap();
        let (seen, upstream) = (Arc::new(Seen::default()), Arc::default());
        let (watched, latest, harm) = (Arc::clone(&seen), Arc::clone(&upstream), harm.clone());
        thread::spawn(move || relay(&front, server, &harm, &watched, &latest));
        Self { address, seen, upstream }
    }

    /// From now on nothing that the server says arrives, or everything does.
    pub fn block(&self, blocked: bool) {
        self.seen.blocked.store(blocked, Ordering::Relaxed);
    }

    pub fn recorded(&self) -> Vec<Vec<u8>> {
        self.seen.recorded.lock().unwrap().clone()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.seen.over.store(true, Ordering::Relaxed);
    }
}

/// One direction of one client's way.
struct Way {
    line: Line<Vec<u8>>,
    random: fastrand::Rng,
    harm: Harm,
}

impl Way {
    fn new(harm: &Harm, number: u64) -> Self {
        let random = fastrand::Rng::with_seed(harm.network.seed ^ number << 8);
        Self { line: Line::new(&harm.network, number), random, harm: harm.clone() }
    }

    fn put(&mut self, datagram: &[u8]) {
        if self.harm.largest.is_some_and(|largest| datagram.len() > largest) {
            return;
        }
        for _ in 0..=self.harm.copies {
            let mut datagram = datagram.to_vec();
            if self.random.f64() < self.harm.flipped {
                let bit = self.random.usize(..8 * datagram.len());
                datagram[bit / 8] ^= 1 << (bit % 8);
            }
            self.line.put(datagram, Instant::now());
        }
    }

    fn due(&mut self) -> Option<Vec<u8>> {
        self.line.take(Instant::now()).map(|passing| passing.datagram)
    }
}

fn relay(front: &UdpSocket, server: SocketAddr, harm: &Harm, seen: &Arc<Seen>, latest: &Mutex<Option<UdpSocket>>) {
    let mut ways: HashMap<SocketAddr, (UdpSocket, Way)> = HashMap::new();
    let mut buffer = [0; 2000];
    while !seen.over.load(Ordering::Relaxed) {
        if let Ok((length, client)) = front.recv_from(&mut buffer) {
            note(seen, length);
            seen.recorded.lock().unwrap().push(buffer[..length].to_vec());
            let number = 2 * ways.len() as u64;
            let (_, way) = ways.entry(client).or_insert_with(|| {
                let upstream = UdpSocket::bind("127.0.0.1:0").unwrap();
                upstream.set_read_timeout(Some(LOOK)).unwrap();
                *latest.lock().unwrap() = Some(upstream.try_clone().unwrap());
                let (heard, back) = (upstream.try_clone().unwrap(), front.try_clone().unwrap());
                let (way, seen) = (Way::new(harm, number + 1), Arc::clone(seen));
                thread::spawn(move || return_path(&heard, &back, client, way, &seen));
                (upstream, Way::new(harm, number))
            });
            way.put(&buffer[..length]);
        }
        for (upstream, way) in ways.values_mut() {
            while let Some(datagram) = way.due() {
                let _ = upstream.send_to(&datagram, server);
            }
        }
    }
}

fn return_path(upstream: &UdpSocket, front: &UdpSocket, client: SocketAddr, mut way: Way, seen: &Seen) {
    let mut buffer = [0; 2000];
    while !seen.over.load(Ordering::Relaxed) {
        if let Ok((length, _)) = upstream.recv_from(&mut buffer) {
            note(seen, length);
            seen.answers.fetch_add(1, Ordering::Relaxed);
            seen.answered.fetch_add(length, Ordering::Relaxed);
            if !seen.blocked.load(Ordering::Relaxed) {
                way.put(&buffer[..length]);
            }
        }
        while let Some(datagram) = way.due() {
            let _ = front.send_to(&datagram, client);
        }
    }
}

fn note(seen: &Seen, length: usize) {
    seen.longest.fetch_max(length, Ordering::Relaxed);
}
