//! The commands to send, as bytes.

use tokio::io::{AsyncRead, AsyncReadExt};

use crate::error::Error;

/// Bytes of input that are read at once, so that a million commands need few system calls.
const READ_BYTES: usize = 64 * 1024;

/// The byte order mark that some editors put at the start of a file. It is not part of the first line.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// The commands to send.
#[derive(Debug)]
pub struct Input<R> {
    source: R,
    /// What was read and is not sent yet.
    pub bytes: Vec<u8>,
    /// A byte order mark may follow.
    may_have_mark: bool,
    pub has_ended: bool,
}

impl<R: AsyncRead + Unpin> Input<R> {
    /// Commands that come from the client itself.
    pub fn of(source: R) -> Self {
        Self { source, bytes: Vec::with_capacity(READ_BYTES), may_have_mark: false, has_ended: false }
    }

    /// Commands of a file, whose byte order mark is removed.
    pub fn of_script(source: R) -> Self {
        Self { may_have_mark: true, ..Self::of(source) }
    }

    /// Reads more, or finds the end. Canceling this loses nothing.
    pub async fn read(&mut self) -> Result<(), Error> {
        loop {
            self.bytes.reserve(READ_BYTES);
            let read = self.source.read_buf(&mut self.bytes).await;
            self.has_ended = read.map_err(|source| Error::Input { source })? == 0;
            let begins_mark =
                self.bytes.len() < BYTE_ORDER_MARK.len() && BYTE_ORDER_MARK.starts_with(&self.bytes);
            if self.may_have_mark && begins_mark && !self.has_ended {
                continue;
            }
            if std::mem::take(&mut self.may_have_mark) && self.bytes.starts_with(BYTE_ORDER_MARK) {
                self.bytes.drain(..BYTE_ORDER_MARK.len());
            }
            return Ok(());
        }
    }
}
