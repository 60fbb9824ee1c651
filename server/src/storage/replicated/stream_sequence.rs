//! Positions in the stream.

/// The position of a message in the stream, from 1. It counts frames, where [`crate::codec::Sequence`] counts
/// commits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamSequence(pub u64);

impl StreamSequence {
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}
