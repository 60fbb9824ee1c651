//! Keys are forgotten, the oldest first: after a day, or for the keys of later requests.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::DerefMut;
use std::sync::atomic::Ordering::Relaxed;

use super::context::Context;
use super::keys::{Forgotten, KeyShard, Keys};
use super::store::Store;
use crate::changes::KeysForgotten;
use crate::codec::Sequence;
use crate::storage::log::AppendError;

const SECOND_MICROS: i64 = 1_000_000;

/// How long a key is remembered, in microseconds: 24 hours.
const REMEMBERED_MICROS: i64 = 24 * 3_600 * SECOND_MICROS;

/// How long a key is remembered even if another needs its place, in microseconds: longer than a client tries
/// again after a lost connection.
const REMEMBERED_MICROS_MIN: i64 = 60 * SECOND_MICROS;

/// The age of a forgotten key, in microseconds, below which the log output warns: a person who tries again
/// may come later.
const WARNED_MICROS: i64 = 3_600 * SECOND_MICROS;

/// The time between two warnings, in microseconds.
const WARNING_INTERVAL_MICROS: i64 = 60 * SECOND_MICROS;

/// Keys that are forgotten by one commit, under the locks of all keys: some 200 µs.
const FORGOTTEN_MAX: usize = 1_000;

impl Store {
    /// Forgets keys that were used a day ago, at most 1,000. Returns whether there may be more.
    ///
    /// # Errors
    ///
    /// [`AppendError`]; nothing has changed.
    pub fn forget_old_keys(&self) -> Result<bool, AppendError> {
        Ok(self.forget_keys(REMEMBERED_MICROS)? == FORGOTTEN_MAX as u64)
    }

    /// Forgets the oldest keys, at most 1,000, and none that is younger than a minute. Returns whether keys
    /// were forgotten.
    ///
    /// # Errors
    ///
    /// [`AppendError`]; nothing has changed.
    pub(super) fn forget_keys_for_another(&self) -> Result<bool, AppendError> {
        Ok(self.forget_keys(REMEMBERED_MICROS_MIN)? > 0)
    }

    /// Forgets the oldest keys that were used so many microseconds ago or before. Returns how many.
    fn forget_keys(&self, age: i64) -> Result<u64, AppendError> {
        let keys = &self.records.keys;
        let mut context = Context::default();
        let mut shards = keys.lock_all();
        context.now = self.clock.now();
        let Some((through, at)) = last_to_forget(&shards, context.now - age) else { return Ok(0) };
        let mut forgotten = Forgotten::default();
        self.commit(&mut context, &[KeysForgotten { through }.into()], None, |origin| {
            for shard in &mut shards {
                forgotten.add(shard.forget(origin.sequence, through));
            }
            Ok(())
        })?;
        self.usage.keys.count.release(forgotten.keys);
        self.usage.keys.bytes.release(forgotten.bytes);
        drop(shards);
        warn_of_young_keys(keys, context.now, at);
        Ok(forgotten.keys)
    }
}

/// The commit and the time of the last key to forget, of those that were used at or before `used_by`.
fn last_to_forget(shards: &[impl DerefMut<Target = KeyShard>], used_by: i64) -> Option<(Sequence, i64)> {
    let mut oldest: Vec<_> = shards
        .iter()
        .map(|shard| {
            shard.oldest().map(|stored| (stored.sequence, stored.at)).take_while(|(_, at)| *at <= used_by)
        })
        .collect();
    let mut next = |shard: usize| oldest[shard].next().map(|used| Reverse((used, shard)));
    let mut heap: BinaryHeap<_> = (0..shards.len()).filter_map(&mut next).collect();
    let mut last = None;
    for _ in 0..FORGOTTEN_MAX {
        let Some(Reverse((used, shard))) = heap.pop() else { break };
        last = Some(used);
        heap.extend(next(shard));
    }
    last
}

/// Warns if keys that were used as late as `at` are forgotten at `now`.
fn warn_of_young_keys(keys: &Keys, now: i64, at: i64) {
    if now - at >= WARNED_MICROS {
        return;
    }
    let warn = |last: i64| (now - last >= WARNING_INTERVAL_MICROS).then_some(now);
    if keys.warned.fetch_update(Relaxed, Relaxed, warn).is_ok() {
        tracing::warn!(
            age_seconds = (now - at) / SECOND_MICROS,
            "keys are forgotten early, for those of later requests: a request that is sent again after that \
             is executed again; --max-keys and --max-key-bytes set how many are remembered"
        );
    }
}
