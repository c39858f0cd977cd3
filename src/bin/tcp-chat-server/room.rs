//! The room: everybody hears everybody. accept in one thread, recv in a thread for each client.
//!
//! Whom a line is for is the business of [`Seat`] and [`Room`]. Their `send` does not wait, so that nobody holds up the
//! others: it is [`TcpStream::try_send`], called for each hearer in `src/chat/room/outbox.rs`, by the thread that
//! hears the speaker (of several at once by the last), or by the keyboard's. For a hearer that lags, and on Windows, a
//! thread of its own sends.

use std::io::{self, Read as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;

use socket_demos::chat::room::{self, Full, Room, Seat, Stay};
use socket_demos::net::backoff::{self, Backoff};
use socket_demos::net::{TcpListener, TcpStream, close};
use socket_demos::terminal::{exit, screen};
use socket_demos::{cli, errors, t};

use crate::args::{Args, PROGRAM};

/// A client's thread needs a few pages of stack; 5,000 of them should not need gigabytes of address space.
const CLIENT_STACK: usize = 128 * 1024;

/// Everybody hears everybody: a thread for each client (two while it lags), one for the screen, one for the keyboard.
pub(crate) fn room(listener: &TcpListener, args: &Args) -> anyhow::Result<()> {
    screen::hint(&t!("(/help lists the commands, q ends)", "（/help 看命令，q 结束）"));
    let max_clients = backoff::make_room_for(args.max_clients);
    if max_clients < args.max_clients {
        screen::talk(&t!(
            "the system's limit of descriptors (ulimit -n) leaves room for {max_clients} clients",
            "系统的文件描述符上限（ulimit -n）只够容纳 {max_clients} 个客户端"
        ));
    }
    let room = Room::new(&args.name, max_clients, args.encoding.charset);
    let (screen, host, ended) = (Arc::clone(&room), Arc::clone(&room), Arc::clone(&room));
    // A last send and a shutdown for each client.
    exit::at_end(move || ended.close());
    cli::spawn(PROGRAM, move || Ok(screen.show()?))?;
    cli::spawn(PROGRAM, move || host.speak())?;
    let mut backoff = Backoff::default();
    loop {
        let welcomed = listener.accept().and_then(|(stream, client)| welcome(stream, client, &room));
        if let Err(error) = welcomed {
            backoff.after(&error, |notice| room.tell_host(notice));
        }
    }
}

/// A seat and a thread for a new client, or a word to one too many.
fn welcome(stream: TcpStream, client: SocketAddr, room: &Arc<Room>) -> io::Result<()> {
    // A pulled cable leaves no ghost, a line leaves at once, and a client that does not read costs no megabytes.
    stream.set_keepalive(close::VANISHED)?;
    stream.set_nodelay()?;
    stream.set_send_buffer_size(room::SEND_BUFFER)?;
    let (stream, room) = (Arc::new(stream), Arc::clone(room));
    // Not in its thread: whoever was accepted before somebody speaks hears it.
    let seat = room.seat(&stream, client);
    let hear = move || match seat {
        Ok(seat) => hear(&stream, seat),
        Err(Full) => close::refuse(&stream, &room.full_notice()),
    };
    thread::Builder::new().stack_size(CLIENT_STACK).spawn(hear).map(drop)
}

/// One client's thread: what `recv` gives goes to the room, until the client ends. From a textbook's client silence ends
/// a message.
fn hear(mut stream: &TcpStream, mut seat: Seat) {
    let error = loop {
        // A setsockopt only where it changes. It fails for a connection that has gone, which recv tells.
        let _ = stream.set_read_timeout(seat.patience());
        let stay = match stream.read(seat.buffer()) {
            Ok(0) => break None,
            Ok(received) => seat.hears(received),
            Err(error) if errors::is_timeout(&error) && seat.patience().is_some() => seat.hears_silence(),
            Err(error) => break Some(error),
        };
        if stay == Stay::No {
            break None;
        }
    };
    // Ends our direction too (shutdown, in outbox.rs), where that has not been done; then the client's is read to its end, for
    // half a second at most (src/net/close.rs).
    seat.leaves(error.as_ref());
    close::drain(stream);
}
