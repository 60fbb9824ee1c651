//! Totals of the state.

use super::shard::Shard;
use crate::codec::Sequence;

/// What the state contains at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// The newest commit.
    pub sequence: Sequence,
    pub events: u64,
    /// Tickets issued, here or by another system before an import.
    pub tickets: u64,
    /// Tickets issued here, whose ids are in memory.
    pub ticket_ids: u64,
    /// Calendar entries.
    pub entries: u64,
    /// Hours that entries fill, counted for each of their people.
    pub person_hours: u64,
}

impl Totals {
    pub(super) fn add(&mut self, shard: &Shard) {
        self.events += shard.event_count() as u64;
        self.tickets += shard.tickets_issued + shard.tickets_issued_elsewhere;
        self.ticket_ids += shard.tickets_issued;
        self.entries += shard.entries;
        self.person_hours += shard.person_hours;
    }
}
