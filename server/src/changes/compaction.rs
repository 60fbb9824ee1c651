//! What compaction makes of a change.

use crate::domain::EventKey;

/// How a change appears in a snapshot, which holds the state at one commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compaction<'a> {
    /// It creates an event, and is kept.
    Event { tag: u16, total: u32, issued: u32 },
    /// It creates a calendar entry, and is kept until that ends.
    Entry,
    /// Its tickets are kept, grouped by event.
    Tickets { event: EventKey, tickets: &'a [[u8; 16]] },
    /// It is left out: the state at that commit does not contain it.
    Omitted,
}
