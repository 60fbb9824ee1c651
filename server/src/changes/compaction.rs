//! What compaction makes of a change.

use crate::domain::{EventKey, EventValues};

/// How a change appears in a snapshot, which holds the state at one commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compaction<'a> {
    /// It creates an event, and is kept with the values of the last update.
    Event { tag: u16, values: EventValues<'a> },
    /// It is left out, and sets the values in the change that creates the event.
    Update { event: EventKey, values: EventValues<'a> },
    /// It creates a calendar entry, and is kept until that ends.
    Entry,
    /// Its tickets are kept, grouped by event.
    Tickets { event: EventKey, tickets: &'a [[u8; 16]] },
    /// It is left out: the state at that commit does not contain it.
    Omitted,
}
