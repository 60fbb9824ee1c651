//! Bytes on their way to the server.

use std::io;

#[derive(Debug, Default)]
pub struct Outgoing {
    bytes: Vec<u8>,
    /// The bytes from the start that are written.
    written: usize,
    has_failed: bool,
}

impl Outgoing {
    /// Whether everything is written, or a write failed.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Whether a write failed: the server has gone. What it sent before can still be read.
    pub fn has_failed(&self) -> bool {
        self.has_failed
    }

    /// To add bytes.
    pub fn bytes_mut(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// What is to be written next.
    pub fn rest(&self) -> &[u8] {
        &self.bytes[self.written..]
    }

    /// Takes the result of a write of [`Self::rest`]. What a failed write leaves is dropped.
    pub fn on_written(&mut self, written: io::Result<usize>) {
        match written {
            Ok(count) => self.written += count,
            Err(_) => {
                self.has_failed = true;
                self.written = self.bytes.len();
            }
        }
        if self.written == self.bytes.len() {
            self.bytes.clear();
            self.written = 0;
        }
    }
}
