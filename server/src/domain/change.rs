//! What happened to exactly one record.

use bookline_protocol::{Date, Slot};

/// The permanent name of an event: the sequence of the commit that created it. Its text id may be used again one
/// day, its number never.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventNumber(pub u64);

/// The permanent name of a calendar entry: the sequence of the commit that took the slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryNumber(pub u64);

/// Where an event lives: its tag finds the shard, its number the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventKey {
    /// Low half of CRC-32C of the event's id.
    pub tag: u16,
    /// The event's permanent number.
    pub number: EventNumber,
}

/// A change of one record, already decided. It carries all that applying it needs: replay has no clock, no
/// randomness and no rules to decide again. An event or entry that a change creates is numbered by the sequence of
/// the commit it stands in, so a commit creates at most one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change<'a> {
    /// An event opened its sale.
    EventCreated {
        /// Tag of the id.
        tag: u16,
        /// The event's text id.
        id: &'a str,
        /// The event's name.
        name: &'a str,
        /// The day it takes place.
        date: Date,
        /// Tickets it has in all.
        total: u32,
        /// Tickets issued before it came to us (an import of a partly sold event); nobody here knows their ids.
        issued: u32,
    },
    /// An event gave out these tickets.
    TicketsIssued {
        /// The event.
        event: EventKey,
        /// Ids of the tickets, as the 16 bytes of a UUID.
        tickets: &'a [[u8; 16]],
    },
    /// A person blocked an hour.
    BlockTaken {
        /// The hour.
        slot: Slot,
        /// The person.
        who: &'a str,
    },
    /// A meeting took an hour of everyone in it.
    MeetingTaken {
        /// The hour.
        slot: Slot,
        /// Who asked for it.
        who: &'a str,
        /// What it is about.
        title: &'a str,
        /// Its members, comma-separated, without repetition.
        group: &'a str,
        /// Who may delete or replace it.
        host: &'a str,
    },
    /// A block or a meeting ended for everyone in it.
    EntryFreed {
        /// The hour.
        slot: Slot,
        /// The entry.
        entry: EntryNumber,
    },
}
