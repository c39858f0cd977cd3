//! The way to a server over TCP, for the thread that asks and for Ctrl-C.

use std::io::{self, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::exec::frames::{FrameWriter, kind};
use crate::lock::lock;

/// Sends frames from two threads: each is one `send`.
pub struct Sender<W> {
    writer: Mutex<FrameWriter<W>>,
    /// Whether a STOP is still to be sent.
    stop: AtomicBool,
}

impl<W: Write> Sender<W> {
    /// Sends with `writer`, whose frames have tags by now.
    pub fn new(writer: FrameWriter<W>) -> Self {
        Self { writer: Mutex::new(writer), stop: AtomicBool::new(false) }
    }

    /// Sends a command. A STOP that overtook it would find nothing to stop: one that comes meanwhile follows it.
    ///
    /// # Errors
    /// Those of the stream.
    pub fn command(&self, command: &[u8]) -> io::Result<()> {
        lock(&self.writer).send(kind::COMMAND, command)?;
        self.send_stop()
    }

    /// Ctrl-C does not wait for a server that takes nothing: then whoever is sending sends the STOP too.
    ///
    /// # Errors
    /// Those of the stream.
    pub fn stop(&self) -> io::Result<()> {
        self.stop.store(true, Ordering::SeqCst);
        self.send_stop()
    }

    /// Looks again after it has let go of the writer, since somebody may have found it taken meanwhile.
    fn send_stop(&self) -> io::Result<()> {
        while self.stop.load(Ordering::SeqCst) {
            let Ok(mut writer) = self.writer.try_lock() else { break };
            if self.stop.swap(false, Ordering::SeqCst) {
                writer.send(kind::STOP, b"")?;
            }
        }
        Ok(())
    }
}
