//! What is left to do after a request was executed.

use super::chunked_reply::ChunkedReply;

/// What is left to do after a request was executed.
#[derive(Debug)]
pub enum ExecutionStatus {
    /// Nothing: the reply is written.
    Complete,
    /// The reply is to be written in chunks.
    Chunked(Box<dyn ChunkedReply>),
    /// The reply is written, and the connection is to be closed.
    Close,
    /// A snapshot is to be made. Then [`super::snapshot()`] writes the reply.
    Snapshot,
    /// Nothing was changed or written, because the journal has no capacity. Execute the request again when it
    /// has.
    Backpressure,
    /// Nothing was changed or written, because the turn is over. Execute the request again in the next one:
    /// what was done for it is kept in the turn.
    Unfinished,
    /// Nothing was changed or written, because a password is hashed first. Execute the request again with
    /// [`super::Login`]'s result.
    Hashing,
    /// Nothing was changed or written, because no share of so many bytes was free. Execute the request again
    /// with `Turn::share`.
    NeedsShare(usize),
}

impl ExecutionStatus {
    /// Whether the same request is to be executed again.
    pub fn is_to_repeat(&self) -> bool {
        matches!(self, Self::Backpressure | Self::Unfinished | Self::Hashing | Self::NeedsShare(_))
    }
}
