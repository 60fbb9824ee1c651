//! Numbers that identify events and calendar entries for good.

use bookline_protocol::limits::SERIES_OCCURRENCES_MAX;

use crate::codec::Sequence;

/// Identifies an event for good: the sequence number of the commit that created it. An id may be used again
/// one day, a number never.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventNumber(pub u64);

/// Identifies a calendar entry for good: the sequence number of the commit that created it, and its index
/// among those that the commit created. Numbers ascend in the order of creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryNumber(u64);

/// The lowest bits are the index.
const INDEX_BITS: u32 = 9;

const _: () = assert!(SERIES_OCCURRENCES_MAX <= 1 << INDEX_BITS);

const _: () = assert!(Sequence::MAX.0 << INDEX_BITS >> INDEX_BITS == Sequence::MAX.0);

impl EntryNumber {
    /// The number of the entry with this index among those of a commit. Returns `None` if no commit has this
    /// sequence number, or no entry this index.
    pub const fn new(commit: Sequence, index: u16) -> Option<Self> {
        if commit.0 > Sequence::MAX.0 || index as u32 >= SERIES_OCCURRENCES_MAX {
            return None;
        }
        Some(Self(commit.0 << INDEX_BITS | index as u64))
    }

    /// The number of the first entry of a commit.
    pub const fn first_of(commit: Sequence) -> Self {
        Self(commit.0 << INDEX_BITS)
    }

    /// The sequence number of the commit that created it.
    pub const fn commit(self) -> Sequence {
        Sequence(self.0 >> INDEX_BITS)
    }

    /// Whether it is the first entry of its commit.
    pub const fn is_first(self) -> bool {
        self.index() == 0
    }

    /// Its index among the entries of the commit.
    pub const fn index(self) -> u16 {
        (self.0 & ((1 << INDEX_BITS) - 1)) as u16
    }
}

/// Locates an event: its tag selects the shard, its number the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventKey {
    /// The low half of CRC-32C of the event's id.
    pub tag: u16,
    pub number: EventNumber,
}
