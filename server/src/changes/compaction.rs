//! What compaction makes of a change.

use bookline_protocol::SeriesId;

use super::encoded_entry::EncodedEntry;
use super::entry_texts::EntryTexts;
use super::occurrence::EncodedOccurrence;
use super::used_key::UsedKey;
use crate::domain::account::AccountValues;
use crate::domain::hold::Hold;
use crate::domain::{EventKey, EventValues, TicketState};

/// How a change appears in a snapshot, which holds the state at one commit. [`super::Earlier`] has what a
/// change makes of those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compaction<'a> {
    /// It creates an event, which is kept, with the values of its last update, until it is deleted.
    Event { tag: u16, values: EventValues<'a> },
    /// It creates a calendar entry, and is kept until that ends or is moved.
    Entry,
    /// It creates calendar entries, and is kept with those that have neither ended nor been moved.
    Entries { series: Option<SeriesId>, texts: EntryTexts<'a>, occurrences: &'a [EncodedOccurrence] },
    /// It moves calendar entries, and is kept with those that have neither ended nor been moved after it.
    MovedEntries { series: Option<SeriesId>, texts: EntryTexts<'a>, entries: &'a [EncodedEntry] },
    /// Its tickets are kept, in their last states, until their event is deleted.
    Tickets { event: EventKey, attendee: &'a str, tickets: &'a [[u8; 16]], states: TicketStates<'a> },
    /// It creates a hold, which is kept, in its last state, until it is forgotten or its event is deleted.
    Hold { event: EventKey, id: [u8; 16], hold: Hold, attendee: &'a str },
    /// It uses a key at the time `at`, in microseconds since 1970 (UTC), which is kept until it is forgotten.
    Key { used: UsedKey<'a>, at: i64 },
    /// It adds an account, which is kept, with the values of its last change, until it is dropped.
    Account(AccountValues<'a>),
    /// It is left out: the state at that commit does not contain it.
    Omitted,
}

/// The states of tickets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TicketStates<'a> {
    /// All are in the same state.
    Same(TicketState),
    /// Each ticket has its own, encoded.
    Each(&'a [[u8; 8]]),
}

impl TicketStates<'_> {
    /// The encoded state of the ticket at this position.
    pub fn at(&self, index: usize) -> [u8; 8] {
        match self {
            Self::Same(state) => state.to_bytes(),
            Self::Each(states) => states[index],
        }
    }
}
