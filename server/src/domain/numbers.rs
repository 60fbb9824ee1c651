//! Numbers that identify events and calendar entries for good.

/// Identifies an event for good: the sequence number of the commit that created it. An id may be used again
/// one day, a number never.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventNumber(pub u64);

/// Identifies a calendar entry for good: the sequence number of the commit that created it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryNumber(pub u64);

/// Locates an event: its tag selects the shard, its number the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventKey {
    /// The low half of CRC-32C of the event's id.
    pub tag: u16,
    pub number: EventNumber,
}
