//! A pipe's reading end, for commands whose output is read.

use std::io::{self, PipeReader, PipeWriter, Read};

use super::event::Call;
use super::trace::{Details, Track};
use super::{Trace, Traced};

impl Traced<PipeReader> {
    /// `pipe(2)`: the end to read from, and the end that a command gets.
    pub fn pipe(trace: &Trace) -> io::Result<(Self, PipeWriter)> {
        let place = Track::new(trace);
        if let Some(track) = &place {
            track.announce(Call::Pipe, "");
        }
        let pipe = io::pipe();
        if let Some(track) = &place {
            track.record(Details::new(Call::Pipe, ""), pipe.as_ref().map(|_| u64::from(track.number)));
        }
        let (reader, writer) = pipe?;
        Ok((Self::new(reader, place), writer))
    }
}

/// `read(2)`. A call that a signal interrupted (EINTR) is made again.
impl Read for &Traced<PipeReader> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.announce(Call::Read, buffer.len());
        loop {
            let result = (&self.socket).read(buffer);
            if let Some(track) = &self.track {
                let data = result.as_ref().ok().map(|&moved| &buffer[..moved]);
                let details = Details { data, ..Details::new(Call::Read, buffer.len()) };
                track.record(details, result.as_ref().map(|&moved| moved as u64));
            }
            if !result.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::Interrupted) {
                return result;
            }
        }
    }
}
