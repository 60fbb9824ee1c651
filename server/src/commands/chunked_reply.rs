//! Replies that are written in chunks, so that none holds a lock or fills a buffer for long.

use std::fmt::Debug;

use super::chunk_status::ChunkStatus;
use super::service::Service;
use super::turn::Turn;

/// An unfinished reply.
pub trait ChunkedReply: Debug + Send {
    /// Writes until the reply buffer has `bytes_target` bytes or the turn is over.
    fn write(&mut self, turn: &mut Turn, service: &Service, bytes_target: usize) -> ChunkStatus;
}
