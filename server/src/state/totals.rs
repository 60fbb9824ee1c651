//! Totals of the state.

use super::shard::{Counts, Shard};
use crate::codec::Sequence;

/// What the state contains at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// The newest commit.
    pub sequence: Sequence,
    pub events: u64,
    /// What the shards contain.
    pub counts: Counts,
}

impl Totals {
    pub(super) fn add(&mut self, shard: &Shard) {
        self.events += shard.event_count() as u64;
        self.counts.add(&shard.counts);
    }
}
