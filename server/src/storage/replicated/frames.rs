//! Reads the frames of the log from the stream, one after the other.

use std::sync::Arc;

use bytes::Bytes;
use thiserror::Error;
use tokio::time::sleep;

use crate::codec::salt::Salt;
use crate::storage::replicated::existing_message::{TRIES, TRY_PAUSE};
use crate::storage::replicated::member::{BREAK_READ_AFTER, BREAK_READS, Break, Read, read_frame};
use crate::storage::replicated::position::Position;
use crate::storage::replicated::read_ahead::ReadAhead;
use crate::storage::replicated::stream::Stream;
use crate::storage::replicated::stream_read::StreamRead;
use crate::storage::replicated::stream_sequence::StreamSequence;

/// Why the next frame cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FrameError {
    #[error("message {} of the stream cannot follow the one before it: {reason}", at.0)]
    Broken { at: StreamSequence, reason: Break },
    #[error("message {} of the stream was purged while the log was read", .0.0)]
    Purged(StreamSequence),
    #[error("the stream does not return message {}", .0.0)]
    NoAnswer(StreamSequence),
}

/// Reads the frames of the log from a position on.
#[derive(Debug)]
pub struct Frames<S> {
    stream: Arc<S>,
    ahead: ReadAhead<S>,
    salt: Salt,
    position: Position,
}

impl<S: Stream> Frames<S> {
    /// The frames behind a position, of the cluster with this salt.
    pub fn after(position: Position, stream: Arc<S>, salt: Salt) -> Self {
        let ahead = ReadAhead::new(stream.clone());
        Self { stream, ahead, salt, position }
    }

    /// The last frame that was read.
    pub fn position(&self) -> Position {
        self.position
    }

    /// Reads the next frame, which exists. Returns the length of its message too.
    ///
    /// # Errors
    ///
    /// [`FrameError`]
    pub async fn next(&mut self) -> Result<(Read, usize), FrameError> {
        let at = self.position.stream.next();
        let mut breaks = 0;
        loop {
            let message = self.message(at).await?;
            match read_frame(&message, self.position, &self.salt) {
                Ok(read) => {
                    self.position = read.position;
                    return Ok((read, message.len()));
                }
                Err(reason) if breaks >= BREAK_READS => return Err(FrameError::Broken { at, reason }),
                Err(_) => breaks += 1,
            }
            sleep(BREAK_READ_AFTER).await;
        }
    }

    async fn message(&mut self, at: StreamSequence) -> Result<Bytes, FrameError> {
        for _ in 0..TRIES {
            match self.ahead.read(at).await {
                StreamRead::Message { frame, .. } => return Ok(frame),
                // A message that was purged is answered as one that does not exist yet.
                StreamRead::Absent if self.stream.first().await.is_some_and(|first| first > at) => {
                    return Err(FrameError::Purged(at));
                }
                StreamRead::Absent | StreamRead::NoAnswer => sleep(TRY_PAUSE).await,
            }
        }
        Err(FrameError::NoAnswer(at))
    }
}
