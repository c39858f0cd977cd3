//! For whoever has the key, over TCP: accept, a thread for each connection ([`meet`]), and a client that must prove who it
//! is before anything happens ([`admit`]).
//!
//! Whoever has not yet is one of few, for a short time ([`Pending`]); whoever has gets a [`session`].

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::thread;

use socket_demos::exec::frames::{self, Broken, FrameReader, FrameWriter, kind};
use socket_demos::exec::handshake::{self, HELLO_LENGTH};
use socket_demos::exec::server::pending::{self, Pending, Stranger};
use socket_demos::exec::server::places::Places;
use socket_demos::exec::shell::WorkingDirectory;
use socket_demos::exec::tag::Key;
use socket_demos::net::backoff::{self, Backoff};
use socket_demos::net::{TcpListener, TcpStream, close};
use socket_demos::rate::RateLimit;
use socket_demos::t;
use socket_demos::terminal::log::{self, log};
use socket_demos::text::Charset;

use crate::args::Args;
use crate::session::{self, Beginning, Reader, Writer};

/// What the threads share.
struct Shared {
    key: Key,
    beginning: Beginning,
    pending: Arc<Pending>,
    places: Places,
    /// How often strangers are told of.
    strangers: Mutex<RateLimit>,
}

/// A thread for each connection.
pub(crate) fn serve(listener: &TcpListener, key: Key, directory: WorkingDirectory, args: &Args) -> ! {
    let shared = Arc::new(Shared {
        key,
        beginning: Beginning { charset: Charset::of_system(), directory, limit: args.commands.time_limit() },
        pending: Arc::new(Pending::new(pending::PATIENCE, frames::BUSY)),
        places: Places::new(args.commands.max_clients),
        strangers: Mutex::default(),
    });
    let mut backoff = Backoff::default();
    loop {
        let welcomed = listener.accept().and_then(|(stream, peer)| {
            let (stream, shared) = (Arc::new(stream), Arc::clone(&shared));
            // One too many: one of those who wait gets BUSY and a shutdown from this thread (src/exec/server/pending.rs).
            let stranger = shared.pending.enter(&stream, peer.ip());
            thread::Builder::new().spawn(move || meet(&stream, peer, stranger, &shared)).map(drop)
        });
        if let Err(error) = welcomed {
            if backoff::is_lack_of_room(&error) {
                shared.pending.make_room();
            }
            backoff.after(&error, log);
        }
    }
}

/// One connection's thread.
fn meet(stream: &TcpStream, peer: SocketAddr, mut stranger: Stranger, shared: &Shared) {
    // Small frames leave at once, and a pulled cable leaves no ghosts; nor does a client that takes nothing of an output. It
    // fails for a connection that has gone.
    let _ = stream.set_nodelay().and_then(|()| stream.set_keepalive(close::VANISHED));
    let _ = stream.set_write_timeout(Some(close::VANISHED));
    match admit(stream, &mut stranger, shared) {
        Ok((reader, writer)) => {
            drop(stranger);
            welcome(stream, peer, reader, writer, shared);
            // After a session both directions have ended: this takes what is unread, or close would send a reset.
            close::lingering(stream);
        }
        Err(broken) => {
            if let Broken::Text = broken {
                explain(stream);
            }
            // Until it is gone it counts as a stranger.
            close::lingering(stream);
            drop(stranger);
            let line = t!(
                "{peer} was not admitted, nothing was run: {broken}",
                "{peer} 没有通过认证，没有执行任何命令：{broken}"
            );
            log::log_rarely(&shared.strangers, line);
        }
    }
}

/// Greets, and lets in whoever answers with the key within 5 s in all: a setsockopt of what is left before each recv
/// (`src/net/deadline.rs`). From here on every frame has a tag.
fn admit<'a>(
    stream: &'a TcpStream,
    stranger: &mut Stranger,
    shared: &Shared,
) -> Result<(Reader<'a>, Writer<'a>), Broken> {
    let (mut reader, mut writer) = (FrameReader::new(stranger, HELLO_LENGTH), FrameWriter::new(stream));
    handshake::admit(&mut reader, &mut writer, &shared.key, shared.beginning.charset)?;
    Ok((reader.over(stream), writer))
}

/// For whoever writes text where a frame should be. In ASCII, since nobody knows which encoding they read.
const KEY_IS_WANTED: &[u8] = b"this server wants a key; for textbook clients start it with --classic\n";

fn explain(mut stream: &TcpStream) {
    // Whoever has gone does not need the words.
    let _ = stream.write_all(KEY_IS_WANTED);
}

/// A client that has proved itself is served, if there is a place for it.
fn welcome(stream: &TcpStream, peer: SocketAddr, reader: Reader<'_>, mut writer: Writer<'_>, shared: &Shared) {
    if let Some(_permit) = shared.places.take() {
        return session::converse(stream, peer, reader, writer, &shared.beginning);
    }
    log(t!("{peer} was refused: as many clients as allowed are connected", "客户端已满，拒绝了 {peer}"));
    // It fails for one that has gone.
    let _ = writer.send(kind::BUSY, b"");
}
