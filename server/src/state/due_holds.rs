//! Holds that are due: their deadline has passed, and they are not ended yet.

use super::events::Event;
use super::name_bytes::name_bytes;
use crate::changes::{Change, EventAfter, HoldsEnded};
use crate::domain::hold::HoldEnd;

/// Due holds of an event that a decision ends first.
#[derive(Debug, Default)]
pub struct DueHolds {
    ids: Vec<[u8; 16]>,
    tickets: u32,
    name_bytes: u64,
}

impl DueHolds {
    /// The due holds of an event, earliest deadline first, until they have `wanted` tickets, `count_max` at
    /// the most.
    pub fn of(event: &Event, now: i64, wanted: u32, count_max: usize) -> Self {
        let mut due = Self::default();
        for stored in event.holds().into_iter().flat_map(|holds| holds.due(now)).take(count_max) {
            if due.tickets >= wanted {
                break;
            }
            due.ids.push(stored.id);
            due.tickets += stored.hold.tickets;
            due.name_bytes += name_bytes(&stored.attendee);
        }
        due
    }

    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    pub fn count(&self) -> u64 {
        self.ids.len() as u64
    }

    /// The tickets that they hold.
    pub fn tickets(&self) -> u32 {
        self.tickets
    }

    /// Bytes of memory of the names of their attendees.
    pub fn name_bytes(&self) -> u64 {
        self.name_bytes
    }

    /// Their end. `event` has the counts after it.
    pub fn change<'a>(&'a self, event: EventAfter<'a>) -> Change<'a> {
        HoldsEnded { event, end: HoldEnd::Expired, tickets: self.tickets, holds: &self.ids }.into()
    }
}
