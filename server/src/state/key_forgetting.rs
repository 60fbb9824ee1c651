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

/// One part in so many of the keys is forgotten at a time for the keys of later requests.
const FORGOTTEN_FOR_ANOTHER_DIVISOR: u64 = 64;

impl Store {
    /// Forgets keys that were used a day ago, at most 1,000. Returns whether there may be more.
    ///
    /// # Errors
    ///
    /// [`AppendError`]; nothing has changed.
    pub fn forget_old_keys(&self) -> Result<bool, AppendError> {
        Ok(self.forget_keys(REMEMBERED_MICROS, FORGOTTEN_MAX)? == FORGOTTEN_MAX as u64)
    }

    /// Forgets the oldest keys, at most 1,000 and at most a small part, and none that is younger than a
    /// minute. Returns whether keys were forgotten.
    ///
    /// # Errors
    ///
    /// [`AppendError`]; nothing has changed.
    pub(super) fn forget_keys_for_another(&self) -> Result<bool, AppendError> {
        let part = usize::try_from(self.usage.limits().keys / FORGOTTEN_FOR_ANOTHER_DIVISOR);
        let count = part.unwrap_or(usize::MAX).clamp(1, FORGOTTEN_MAX);
        Ok(self.forget_keys(REMEMBERED_MICROS_MIN, count)? > 0)
    }

    /// Forgets the oldest keys that were used `age` microseconds ago or before, at most `count`. Returns how
    /// many.
    fn forget_keys(&self, age: i64, count: usize) -> Result<u64, AppendError> {
        let keys = &self.records.keys;
        let mut context = Context::default();
        let mut shards = keys.lock_all();
        context.now = self.clock.now();
        let Some((through, at)) = last_to_forget(&shards, context.now - age, count) else { return Ok(0) };
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

/// The commit and the time of the last key to forget: of the oldest `count`, of those that were used at or
/// before `used_by`.
fn last_to_forget(
    shards: &[impl DerefMut<Target = KeyShard>],
    used_by: i64,
    count: usize,
) -> Option<(Sequence, i64)> {
    let mut oldest: Vec<_> = shards
        .iter()
        .map(|shard| {
            shard.oldest().map(|stored| (stored.sequence, stored.at)).take_while(|(_, at)| *at <= used_by)
        })
        .collect();
    let mut next = |shard: usize| oldest[shard].next().map(|used| Reverse((used, shard)));
    let mut heap: BinaryHeap<_> = (0..shards.len()).filter_map(&mut next).collect();
    let mut last = None;
    for _ in 0..count {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::changes::UsedKey;
    use crate::state::keys::KeyName;

    /// Three shards with the keys of the commits from 1 to `count` in turn, each used at the time of its
    /// number. Nobody and two accounts use them in turn, all the same ones.
    fn shards(count: u64) -> [KeyShard; 3] {
        let mut shards = <[KeyShard; 3]>::default();
        let keys = Keys::default();
        for n in 1..=count {
            let (key, identity) = (format!("key-with-a-number-{}", n / 3), ["", "7", "8"][n as usize % 3]);
            let used = UsedKey { identity, key: &key, request: [0; 16], reply: b"OK {}\n" };
            let hash = keys.hash(KeyName { identity, key: &key });
            // Twice as many in the first.
            shards[n as usize % 4 % 3].insert(Sequence(n), n as i64, hash, &used);
        }
        shards
    }

    fn last(shards: &mut [KeyShard; 3], used_by: i64) -> Option<(Sequence, i64)> {
        last_to_forget(&shards.each_mut(), used_by, FORGOTTEN_MAX)
    }

    #[test]
    fn last_key_to_forget_is_the_thousandth_of_all_shards() {
        let mut shards = shards(3_000);
        assert_eq!(last(&mut shards, i64::MAX), Some((Sequence(1_000), 1_000)));
        for shard in &mut shards {
            shard.forget(Sequence(3_001), Sequence(1_000));
        }
        assert_eq!(shards.iter().map(KeyShard::count).sum::<usize>(), 2_000);
        assert_eq!(last(&mut shards, i64::MAX), Some((Sequence(2_000), 2_000)));
    }

    #[test]
    fn younger_keys_are_not_forgotten() {
        let mut shards = shards(3_000);
        assert_eq!(last(&mut shards, 0), None);
        assert_eq!(last(&mut shards, 1), Some((Sequence(1), 1)));
        assert_eq!(last(&mut shards, 777), Some((Sequence(777), 777)));
        assert_eq!(last(&mut shards, 1_001), Some((Sequence(1_000), 1_000)));
    }

    #[test]
    fn there_is_no_last_key_without_keys() {
        assert_eq!(last(&mut <[KeyShard; 3]>::default(), i64::MAX), None);
    }
}
