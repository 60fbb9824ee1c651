//! The progress of a chunked reply.

/// A longer reply is written in chunks. A turn ends when the connection's own reply buffer is half full, and
/// a chunk fits into the other half.
pub const CHUNK_BYTES_MAX: usize = 32 << 10;

/// How much of a chunked reply is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChunkStatus {
    /// All of it.
    Complete,
    /// A part: the buffer is full, or the turn is over.
    Partial,
    /// A part: to go on it has to keep so many bytes of the state in memory, and no share for them was free.
    NeedsShare(usize),
}
