//! Reading frames one after the other through a window, where the file is known to be good or is to be checked only.

use std::io;

use super::disk::DiskFile;
use crate::codec::frame;
use crate::codec::frame::Frame;
use crate::codec::segment_header;
use crate::codec::segment_header::Salt;

/// Bytes read at a time.
const WINDOW: usize = 4 << 20;

/// The largest frame.
const LARGEST: usize = frame::HEADER_BYTES + frame::PAYLOAD_BYTES_MAX + frame::ALIGNMENT_BYTES;

/// Walks the frames of a segment or a snapshot.
#[derive(Debug)]
pub struct FrameReader<'a> {
    file: &'a dyn DiskFile,
    salt: Salt,
    /// Where in the file the window begins, and how far into it frames were read.
    start: u64,
    read: usize,
    window: Vec<u8>,
    ended: bool,
}

impl<'a> FrameReader<'a> {
    /// Begins behind the file's header.
    pub fn new(file: &'a dyn DiskFile, salt: Salt) -> Self {
        FrameReader {
            file,
            salt,
            start: segment_header::BYTES as u64,
            read: 0,
            window: Vec::new(),
            ended: false,
        }
    }

    /// Where the next frame begins.
    pub fn offset(&self) -> u64 {
        self.start + self.read as u64
    }

    /// The next frame, if a whole one stands there.
    pub fn next_frame(&mut self) -> io::Result<Option<Frame<'_>>> {
        if self.window.len() - self.read < LARGEST && !self.ended {
            self.refill()?;
        }
        let frame = frame::read(&self.window[self.read..], &self.salt);
        if let Some(frame) = &frame {
            self.read += frame::len(frame.payload.len());
        }
        Ok(frame)
    }

    fn refill(&mut self) -> io::Result<()> {
        self.start += self.read as u64;
        self.window.drain(..self.read);
        self.read = 0;
        let kept = self.window.len();
        let left = self.file.len()?.saturating_sub(self.start + kept as u64);
        self.window.resize(kept + usize::try_from(left).map_or(WINDOW, |left| left.min(WINDOW)), 0);
        let mut filled = kept;
        while filled < self.window.len() {
            match self.file.read_at(&mut self.window[filled..], self.start + filled as u64) {
                Ok(0) => break,
                Ok(n) => filled += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        // A file that shrank meanwhile ends here as well.
        self.ended = (filled - kept) as u64 >= left || filled < self.window.len();
        self.window.truncate(filled);
        Ok(())
    }
}
