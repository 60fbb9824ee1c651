//! Sequential reading of frames through a buffer of bounded size: of snapshots, and of segments that recovery
//! has read before. Recovery itself ([`super::replay`]) reads a segment as a whole.

use std::io;

use super::disk::DiskFile;
use crate::codec::frame::{self, Frame};
use crate::codec::salt::Salt;
use crate::codec::segment_header;

/// The number of bytes read first. It is doubled with every read, so that a small file takes a small buffer.
const FIRST_READ_BYTES: usize = 64 << 10;

/// The most bytes read at a time from a file that is read as a whole.
pub const READ_BYTES_MAX: usize = 4 << 20;

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
    /// The number of bytes read next.
    read_bytes: usize,
    read_bytes_max: usize,
    at_end: bool,
}

impl<'a> FrameReader<'a> {
    /// Begins after the header of the file.
    pub fn new(file: &'a dyn DiskFile, salt: Salt) -> Self {
        Self::from(file, salt, segment_header::BYTES as u64, READ_BYTES_MAX)
    }

    /// Begins at the offset `start` of the file. The buffer has at most twice `read_bytes_max` bytes, or one
    /// frame more.
    ///
    /// The length of the file is not asked for, because the file may be the one that is written to: some
    /// file systems give the next write a new time stamp after that, and its sync takes longer.
    pub fn from(file: &'a dyn DiskFile, salt: Salt, start: u64, read_bytes_max: usize) -> Self {
        FrameReader {
            file,
            salt,
            start,
            consumed: 0,
            buffer: Vec::new(),
            read_bytes: FIRST_READ_BYTES.min(read_bytes_max),
            read_bytes_max,
            at_end: false,
        }
    }

    /// The offset of the next frame in the file.
    pub fn offset(&self) -> u64 {
        self.start + self.consumed as u64
    }

    /// Reads the next frame. `None` at the end of the file and where no valid frame follows.
    pub fn next_frame(&mut self) -> io::Result<Option<Frame<'_>>> {
        self.fill(frame::HEADER_BYTES)?;
        if let Some(length) = frame::announced_len(&self.buffer[self.consumed..]) {
            self.fill(length)?;
        }
        let frame = frame::read(&self.buffer[self.consumed..], &self.salt);
        if let Some(frame) = &frame {
            self.consumed += frame::len(frame.payload.len());
        }
        Ok(frame)
    }

    /// Makes sure that `wanted` bytes of the next frame are in the buffer, unless the file ends before.
    fn fill(&mut self, wanted: usize) -> io::Result<()> {
        if self.buffer.len() - self.consumed >= wanted || self.at_end {
            return Ok(());
        }
        self.start += self.consumed as u64;
        self.buffer.drain(..self.consumed);
        self.consumed = 0;
        let mut filled = self.buffer.len();
        self.buffer.resize(filled + self.read_bytes.max(wanted - filled), 0);
        self.read_bytes = (2 * self.read_bytes).min(self.read_bytes_max);
        while filled < self.buffer.len() {
            match self.file.read_at(&mut self.buffer[filled..], self.start + filled as u64) {
                Ok(0) => break,
                Ok(n) => filled += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => {
                    self.buffer.truncate(filled);
                    return Err(e);
                }
            }
        }
        self.at_end = filled < self.buffer.len();
        self.buffer.truncate(filled);
        Ok(())
    }
}
