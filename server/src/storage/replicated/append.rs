//! An append to the stream, and its result.

use bytes::Bytes;

use super::stream_sequence::StreamSequence;

/// An append to the stream. The same one may be sent again as often as it takes: it is stored once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Append {
    /// The last message of the stream, which it is to follow.
    pub expected: StreamSequence,
    /// Names its content: an id that the stream has seen is acknowledged whatever the content.
    pub id: String,
    pub frame: Bytes,
}

/// What the stream says of an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppendResult {
    /// It is stored here, now or since it was sent before.
    Stored { sequence: StreamSequence },
    /// The last message is another than expected. It may be this append, if it was sent before.
    WrongLastSequence,
    /// Anything else. It may be stored, or be stored later.
    Unknown,
}
