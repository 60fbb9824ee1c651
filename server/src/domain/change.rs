//! Changes: each is one decided modification of one record.

use bookline_protocol::{Date, Slot};

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

/// One decided modification of one record. It contains all that applying it needs: replay reads no clock,
/// draws no random numbers and decides nothing. The number of an event or entry that a change creates is the
/// sequence number of its commit, so a commit creates at most one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change<'a> {
    EventCreated {
        tag: u16,
        id: &'a str,
        name: &'a str,
        date: Date,
        /// All tickets of the event, including those issued.
        total: u32,
        /// Tickets that another system issued before an import. Their ids are unknown.
        issued: u32,
    },
    TicketsIssued {
        event: EventKey,
        /// UUIDs as bytes.
        tickets: &'a [[u8; 16]],
    },
    BlockTaken {
        slot: Slot,
        who: &'a str,
    },
    /// Fills the slot for `who`, `host` and every member of `group`.
    MeetingTaken {
        slot: Slot,
        who: &'a str,
        title: &'a str,
        /// Ids separated by commas, without repetition.
        group: &'a str,
        host: &'a str,
    },
    /// Frees the slot for all people of the entry.
    EntryFreed {
        slot: Slot,
        entry: EntryNumber,
    },
}
