//! Sequential reading of frames through a buffer of bounded size: of snapshots, and of segments that recovery
//! has read before. Recovery itself ([`super::replay`]) reads a segment as a whole.

use std::io;

use super::disk::DiskFile;
use crate::codec::frame::{self, Frame};
use crate::codec::salt::Salt;
use crate::codec::segment_header::{self};

/// The number of bytes read at a time.
const READ_BYTES: usize = 4 << 20;

const FRAME_BYTES_MAX: usize = frame::len(frame::PAYLOAD_BYTES_MAX);

/// One refill of the buffer is enough for any frame.
const _: () = assert!(FRAME_BYTES_MAX <= READ_BYTES);

/// Reads the frames of a segment or a snapshot in order.
#[derive(Debug)]
pub struct FrameReader<'a> {
    file: &'a dyn DiskFile,
    salt: Salt,
    /// The offset of the buffer in the file.
    start: u64,
    /// The length of the frames in the buffer that were returned.
    consumed: usize,
    buffer: Vec<u8>,
    at_end: bool,
}

impl<'a> FrameReader<'a> {
    /// Begins after the header of the file.
    pub fn new(file: &'a dyn DiskFile, salt: Salt) -> Self {
        FrameReader {
            file,
            salt,
            start: segment_header::BYTES as u64,
            consumed: 0,
            buffer: Vec::new(),
            at_end: false,
        }
    }

    /// The offset of the next frame in the file.
    pub fn offset(&self) -> u64 {
        self.start + self.consumed as u64
    }

    /// Reads the next frame. `None` at the end of the file and where no valid frame follows.
    pub fn next_frame(&mut self) -> io::Result<Option<Frame<'_>>> {
        if self.buffer.len() - self.consumed < FRAME_BYTES_MAX && !self.at_end {
            self.refill()?;
        }
        let frame = frame::read(&self.buffer[self.consumed..], &self.salt);
        if let Some(frame) = &frame {
            self.consumed += frame::len(frame.payload.len());
        }
        Ok(frame)
    }

    fn refill(&mut self) -> io::Result<()> {
        self.start += self.consumed as u64;
        self.buffer.drain(..self.consumed);
        self.consumed = 0;
        let kept = self.buffer.len();
        let left = self.file.len()?.saturating_sub(self.start + kept as u64);
        self.buffer.resize(kept + usize::try_from(left).map_or(READ_BYTES, |left| left.min(READ_BYTES)), 0);
        let mut filled = kept;
        while filled < self.buffer.len() {
            match self.file.read_at(&mut self.buffer[filled..], self.start + filled as u64) {
                Ok(0) => break,
                Ok(n) => filled += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        // The read ends early if the file was truncated since its length was read.
        self.at_end = (filled - kept) as u64 >= left || filled < self.buffer.len();
        self.buffer.truncate(filled);
        Ok(())
    }
}
