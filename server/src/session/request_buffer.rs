//! The bytes that a session has received.

use bytes::BufMut;
use bytes::buf::Limit;

use super::framing::Framer;
use super::limits::{IDLE_BUFFER_BYTES, LONG_LINE_BYTES_MAX, OWN_REQUEST_BYTES};
use crate::commands::buffers::Share;

/// The bytes of requests that were received and are not executed yet. It has at most
/// [`OWN_REQUEST_BYTES`] without a share, and the longest line with one.
#[derive(Debug, Default)]
pub struct RequestBuffer {
    pub framer: Framer,
    /// The share of a line that is longer than the session's own buffer.
    line_share: Option<Share>,
    /// Whether the last read filled the buffer, so that more is probably waiting.
    was_filled: bool,
}

impl RequestBuffer {
    /// Lets `read` append bytes. The buffer always has free capacity: when it is full, it contains a complete
    /// line, or the session needs a share first.
    pub fn receive<T>(&mut self, read: impl FnOnce(&mut Limit<&mut Vec<u8>>) -> T) -> T {
        let buffer = self.framer.buffer();
        let length = buffer.len();
        let capacity = match &self.line_share {
            Some(_) => LONG_LINE_BYTES_MAX,
            None if self.was_filled || length >= IDLE_BUFFER_BYTES => OWN_REQUEST_BYTES,
            None => IDLE_BUFFER_BYTES,
        };
        if buffer.capacity() < capacity {
            buffer.reserve_exact(capacity - length);
        }
        let mut free = buffer.limit((capacity - length).min(OWN_REQUEST_BYTES));
        let result = read(&mut free);
        self.was_filled = !free.has_remaining_mut();
        result
    }

    /// Whether the incomplete line needs a share to be received.
    pub fn needs_share(&self) -> bool {
        self.line_share.is_none() && self.framer.len() >= OWN_REQUEST_BYTES
    }

    pub fn grant_share(&mut self, share: Share) {
        self.line_share = Some(share);
    }

    pub fn has_long_line(&self) -> bool {
        self.line_share.is_some()
    }

    /// Returns the share and the memory of a long line that is executed. Returns whether there was one.
    pub fn release_long_line(&mut self) -> bool {
        let is_executed = self.has_long_line() && self.framer.len() < OWN_REQUEST_BYTES;
        if is_executed {
            self.framer.buffer().shrink_to(OWN_REQUEST_BYTES);
            self.line_share = None;
        }
        is_executed
    }

    /// Frees the buffer if it is empty and large.
    pub fn release_idle_memory(&mut self) {
        self.was_filled = false;
        let buffer = self.framer.buffer();
        if buffer.is_empty() && buffer.capacity() > IDLE_BUFFER_BYTES {
            *buffer = Vec::new();
        }
    }
}
