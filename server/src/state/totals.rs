//! Totals of the state.

use super::account_table::AccountTable;
use super::keys::KeyShard;
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
    pub accounts: u64,
    /// Keys of requests.
    pub keys: u64,
    /// Bytes of memory of the keys and their replies.
    pub key_bytes: u64,
    /// When the oldest key was used, in microseconds since 1970 (UTC).
    pub oldest_key: Option<i64>,
}

impl Totals {
    pub(super) fn add(&mut self, shard: &Shard) {
        self.events += shard.event_count() as u64;
        self.counts.add(&shard.counts);
    }

    pub(super) fn add_accounts(&mut self, accounts: &AccountTable) {
        self.accounts += accounts.count() as u64;
    }

    pub(super) fn add_keys(&mut self, keys: &KeyShard) {
        self.keys += keys.count() as u64;
        self.key_bytes += keys.bytes;
        let oldest = keys.oldest().next().map(|stored| stored.at);
        self.oldest_key = self.oldest_key.into_iter().chain(oldest).min();
    }
}
