//! What a session needs after a turn.

/// What a session needs after a turn, before the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextStep {
    /// That others run: more lines or chunks are left for the next turn.
    Yield,
    /// Bytes of requests: no complete line is left.
    Read,
    /// That the journal has capacity.
    Capacity,
    /// A share of the buffers for a line that is longer than the session's own buffer.
    LineShare,
    /// That a password is hashed.
    Hashing,
    /// A share of at least so many bytes for a reply.
    ReplyShare(usize),
    /// A snapshot.
    Snapshot,
    /// Nothing: the session is over, and its connection is to be closed when the replies are sent.
    Close,
}
