//! A client that has proved itself, over TCP: two threads, one that hears what it wants ([`hear`]), one that does it
//! ([`obey`]).
//!
//! A [`FrameReader`] makes frames of what recv brings, a [`FrameWriter`] sends each frame with one send.

use std::io;
use std::net::{Shutdown, SocketAddr};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use socket_demos::exec::frames::{Broken, Frame, FrameReader, FrameWriter, MAX_STALL, kind};
use socket_demos::exec::protocol::Outcome;
use socket_demos::exec::server::audit;
use socket_demos::exec::server::run::run;
use socket_demos::exec::server::slot::Slot;
use socket_demos::exec::shell::{self, Line, WorkingDirectory};
use socket_demos::net::TcpStream;
use socket_demos::terminal::log::log;
use socket_demos::terminal::screen::Output;
use socket_demos::text::Charset;
use socket_demos::{errors, t};

/// What every session begins with.
pub(crate) struct Beginning {
    /// The encoding of the outputs.
    pub(crate) charset: Charset,
    /// Where commands run, until one of them is `cd DIR`.
    pub(crate) directory: WorkingDirectory,
    /// How long a command may run.
    pub(crate) limit: Duration,
}

/// Frames from a client.
pub(crate) type Reader<'a> = FrameReader<&'a TcpStream>;
/// Frames to a client.
pub(crate) type Writer<'a> = FrameWriter<&'a TcpStream>;

/// Hears the client in one thread, and obeys it in another, until it has gone or takes no more.
pub(crate) fn converse(
    stream: &TcpStream,
    peer: SocketAddr,
    reader: Reader<'_>,
    writer: Writer<'_>,
    beginning: &Beginning,
) {
    let slot = Slot::new(beginning.limit);
    let (coming, commands) = mpsc::channel();
    thread::scope(|scope| {
        let hearing = thread::Builder::new().spawn_scoped(scope, || hear(stream, reader, &slot, coming));
        if let Err(error) = hearing.and_then(|_| obey(commands, writer, &slot, peer, beginning)) {
            let why = errors::reason(&error);
            log(t!("{peer} takes no more output: {why}", "{peer} 不再接收输出：{why}"));
        }
        // It wakes the other thread, and fails where that one has seen the end.
        let _ = stream.shutdown(Shutdown::Both);
    });
}

/// Hears what the client wants, until it has gone: commands, and that the running one is to stop.
fn hear(stream: &TcpStream, mut reader: Reader<'_>, slot: &Slot, coming: Sender<Vec<u8>>) {
    loop {
        slot.stop_if_overdue();
        let patience = slot.time_left().map_or(MAX_STALL, |left| left.min(MAX_STALL));
        // A setsockopt only where it changes. It fails for a connection that has gone, which the next read tells.
        let _ = stream.set_read_timeout(Some(patience));
        match reader.receive_once() {
            Ok(Some(Frame { kind: kind::COMMAND, payload })) if slot.announce() => {
                // It fails when the other thread has given up, and then the next read ends this one.
                let _ = coming.send(payload.to_vec());
            }
            Ok(Some(Frame { kind: kind::STOP, .. })) => slot.stop(),
            Err(Broken::Io(error)) if errors::is_timeout(&error) => {}
            // The end, a forged frame, a command while another one runs.
            _ => break,
        }
    }
    slot.client_gone();
    // It wakes the other thread where that one waits for the client to take more.
    let _ = stream.shutdown(Shutdown::Both);
}

/// Runs one command after the other, and sends back what comes of them.
fn obey(
    commands: Receiver<Vec<u8>>,
    mut writer: Writer<'_>,
    slot: &Slot,
    peer: SocketAddr,
    beginning: &Beginning,
) -> io::Result<()> {
    let mut directory = beginning.directory.clone();
    writer.send(kind::WELCOME, &shell::as_bytes(&directory, beginning.charset))?;
    for command in commands {
        let entry = audit::runs(peer, &command);
        let line = shell::as_line(&command);
        let outcome = match &line {
            Some(line) => run(line, &mut directory, beginning.charset, slot, |output, piece| match output {
                Output::Out => writer.send(kind::OUT, piece),
                Output::Err => writer.send(kind::ERR, piece),
            })?,
            None => Outcome::NotStarted,
        };
        slot.let_go();
        entry.ended(outcome);
        if let Some(Line::ChangeDirectory(_)) = line {
            writer.send(kind::DIRECTORY, &shell::as_bytes(&directory, beginning.charset))?;
        }
        writer.send(kind::OUTCOME, &outcome.encode())?;
    }
    Ok(())
}
