//! Which of a name's addresses has the server: send and recv, a HELLO to one after the other, until one answers.

use std::io;
use std::time::{Duration, Instant};

use socket_demos::exec::reliable::Client;
use socket_demos::exec::tag::Key;
use socket_demos::net::UdpSocket;
use socket_demos::net::batches::Batch;
use socket_demos::{errors, random};

/// How long an address may be silent while there is another one to try.
const PATIENCE: Duration = Duration::from_secs(2);

/// Asks whether a server with this key is at the address that `socket` is connected to. Nothing is run.
///
/// # Errors
/// The system's, a refusal among them, and silence.
pub(crate) fn answers(socket: &UdpSocket, key: &Key) -> io::Result<()> {
    let start = Instant::now();
    let mut client = Client::new(key.clone());
    // The request itself is never sent: it would follow the answer to the HELLO.
    client.request(b"", random::bytes(), Duration::ZERO).map_err(io::Error::other)?;
    let mut batch = Batch::default();
    while client.is_opening() {
        let left = PATIENCE.checked_sub(start.elapsed()).filter(|left| !left.is_zero());
        let left = left.ok_or(io::ErrorKind::TimedOut)?;
        client.tick(start.elapsed());
        socket.send_all(&client.datagrams(), None)?;
        let due = client.next_deadline().unwrap_or_default().saturating_sub(start.elapsed());
        socket.set_read_timeout(Some(due.clamp(Duration::from_millis(1), left)))?;
        match socket.recv_batch(&mut batch) {
            Ok(()) => batch.datagrams().for_each(|(datagram, _)| client.receive(datagram, start.elapsed())),
            Err(error) if errors::is_timeout(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
