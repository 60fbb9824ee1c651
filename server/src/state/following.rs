//! How a standby follows the log: its state is applied to while it is read.

use super::context::Context;
use super::locked_shards::LockedShards;
use super::records::{Records, Shards};
use super::store::Store;
use crate::changes::commit::Commit;
use crate::changes::{Change, Origin, Record};
use crate::domain::Contradiction;

impl Store {
    /// Applies a commit of the leader. The usage is not counted: no limit is checked before this server
    /// leads. One thread calls it.
    ///
    /// # Errors
    ///
    /// It does not fit the state, or cannot be decoded.
    pub fn follow(&self, commit: Commit<'_>) -> Result<(), Contradiction> {
        commit.check_and_apply(|change| self.records.follow_change(commit.origin(), change))
    }

    /// Counts what the state contains, before this server leads. The time begins at that of the last commit,
    /// in microseconds since 1970 (UTC), if the system clock is behind it.
    pub fn begin_to_lead(&self, last_micros: Option<i64>) {
        if let Some(last_micros) = last_micros {
            self.clock.begin_at(last_micros);
        }
        self.usage.recount(&self.totals(&mut Context::default()));
    }
}

impl Records {
    /// Applies a change beside readers. It locks the shards of its records only, and keys and accounts
    /// without any shard of records, as everybody does.
    fn follow_change(&self, origin: Origin, change: &Change<'_>) -> Result<(), Contradiction> {
        let mut indices: Vec<usize> = match (change, change.record()) {
            (Change::KeyUsed(_) | Change::KeyKept(_) | Change::KeysForgotten(_), _) => Vec::new(),
            (Change::AccountAdded(_) | Change::AccountSet(_) | Change::AccountDropped(_), _) => Vec::new(),
            (_, Some(Record::Event { tag })) => vec![self.shard_of_tag(tag)],
            // The hours of entries, which may be of many days.
            _ => (0..self.shards.len()).collect(),
        };
        let mut shards = LockedShards::lock(&mut indices, |index| self.lock(index));
        self.applier(Shards::Locked(&mut shards), origin.sequence).replay(origin, change)
    }
}
