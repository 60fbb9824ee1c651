//! What the stream has at a position.

use bytes::Bytes;

/// The answer to a read of the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamRead {
    /// The message at this position.
    Message {
        id: String,
        frame: Bytes,
    },
    /// The server that answered has not seen it yet. It may exist.
    Absent,
    NoAnswer,
}
