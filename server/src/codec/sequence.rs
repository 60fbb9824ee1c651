//! Sequence numbers.

/// The position of a commit in the log, from 1. Zero is the position before the first commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Sequence(pub u64);

impl Sequence {
    /// The highest sequence number of a commit: at a million commits a second it is reached after 1,100
    /// years. A higher one that is read from disk is corrupt, and arithmetic on lower ones never overflows.
    /// The number of an entry holds it beside 9 other bits.
    pub const MAX: Self = Self((1 << 55) - 1);

    /// The sequence number after this one.
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}
