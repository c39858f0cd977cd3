//! The server under all addresses of its name: socket and connect ([`open`]) to one after the other, while nothing has been
//! heard.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;

use socket_demos::net::address::{Address, Failed};
use socket_demos::net::faults::BadNetwork;
use socket_demos::net::{Socket, Trace, UdpSocket};

/// A socket that is connected to one of the addresses, and those that are still to be tried.
pub(crate) struct Server<'a> {
    pub(crate) socket: UdpSocket,
    pub(crate) address: SocketAddr,
    others: VecDeque<SocketAddr>,
    open: Box<dyn Fn(SocketAddr) -> io::Result<UdpSocket> + 'a>,
}

impl<'a> Server<'a> {
    /// The first address that a socket can be connected to, which sends nothing.
    pub(crate) fn find(name: &Address, network: &'a BadNetwork, trace: &'a Trace) -> Result<Self, Failed> {
        let (open, mut others) = (move |address| open(address, network, trace), VecDeque::from(name.resolve()?));
        let mut last = Failed { address: None, error: io::ErrorKind::NotFound.into() };
        while let Some(address) = others.pop_front() {
            match open(address) {
                Ok(socket) => return Ok(Self { socket, address, others, open: Box::new(open) }),
                Err(error) => last = Failed { address: Some(address), error },
            }
        }
        Err(last)
    }

    /// Nobody is at this address: goes on to the next, if there is one.
    pub(crate) fn is_not_there(&mut self) -> bool {
        while let Some(address) = self.others.pop_front() {
            if let Ok(socket) = (self.open)(address) {
                (self.socket, self.address) = (socket, address);
                return true;
            }
        }
        false
    }

    /// Nothing came: the next question goes to the next address. It may have been lost, so this one's turn comes again.
    pub(crate) fn is_silent(&mut self) {
        let silent = self.address;
        if self.is_not_there() {
            self.others.push_back(silent);
        }
    }

    /// It is the one that is there.
    pub(crate) fn is_heard(&mut self) {
        self.others.clear();
    }
}

/// What makes a socket ask one server: socket, connect (which sends nothing). It hears that server alone.
fn open(address: SocketAddr, network: &BadNetwork, trace: &Trace) -> io::Result<UdpSocket> {
    let socket = Socket::udp(address, trace)?;
    socket.connect(address)?;
    socket.over(network)
}
