//! What the state holds in all.

use super::shard::Shard;
use crate::codec::Sequence;

/// What there is in all, at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// The last change made.
    pub sequence: Sequence,
    /// Events.
    pub events: u64,
    /// Tickets issued.
    pub tickets: u64,
    /// Those of them whose ids are known: not those that were sold before their events came here.
    pub ticket_ids: u64,
    /// Calendar entries.
    pub entries: u64,
    /// Hours that they fill, for each of their people.
    pub person_hours: u64,
}

impl Totals {
    pub(super) fn add(&mut self, shard: &Shard) {
        self.events += shard.event_count() as u64;
        self.tickets += shard.tickets_issued + shard.sold_before;
        self.ticket_ids += shard.tickets_issued;
        self.entries += shard.entries;
        self.person_hours += shard.person_hours;
    }
}
