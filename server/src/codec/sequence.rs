//! Sequence numbers.

/// The position of a commit in the log, from 1. Zero is the position before the first commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Sequence(pub u64);

impl Sequence {
    /// No commit has a higher one: a million commits a second would take 146,000 years to get there. What is read from
    /// a disk and lies above it is corrupt, and arithmetic below it never overflows.
    pub const MAX: Self = Self((1 << 62) - 1);

    /// The one after.
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}
