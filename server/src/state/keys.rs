//! The keys of requests that were granted, and the replies that are stored with them.
//!
//! The keys are in shards of their own, found by a hash. The lock of a key's shard is held from the lookup of
//! the key until the request is refused or its reply is stored, so of many requests with one key exactly one
//! is decided. Lock order: all shards of keys are before those of records. (Replay, which has one thread and
//! no requests, locks a shard of records first.)

use std::hash::BuildHasher;
use std::sync::atomic::Ordering::Relaxed;

use super::shard::IdHasher;
use crate::changes::UsedKey;
use crate::codec::Sequence;
use crate::collections::chunked_queue::ChunkedQueue;
use crate::collections::extendible_hash_table::{ExtendibleHashTable, hash_of_number};
use crate::domain::Contradiction;
use crate::sync::{AtomicI64, AtomicU64, Mutex, MutexGuard};

/// Shards of keys. A request holds the lock of one while it waits for those of its records, so there are more
/// than threads usually serve. With four times as many, what each writes to left the processor's cache.
const SHARDS: usize = 64;

/// Bytes of memory per key besides its text and its reply: its place in the order of use, its entry in the
/// table, and the allocation of its texts. The example `figures`, part `memory`, measures it.
pub const KEY_OVERHEAD_BYTES: u64 = 112;

/// Bytes of memory of a key, of which these are the lengths of its texts.
pub const fn key_bytes(identity: usize, key: usize, reply: usize) -> u64 {
    KEY_OVERHEAD_BYTES + (identity + key + reply) as u64
}

#[derive(Debug)]
pub struct Keys {
    shards: Box<[Mutex<KeyShard>]>,
    hasher: IdHasher,
    /// The last commit that used a key in replay.
    last_replayed: AtomicU64,
    /// When the log output last warned that young keys are forgotten, in microseconds since 1970 (UTC).
    pub warned: AtomicI64,
}

/// Whose key it is, and the key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyName<'a> {
    pub identity: &'a str,
    pub key: &'a str,
}

/// The hash of a [`KeyName`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyHash(u64);

impl KeyHash {
    fn shard(self) -> usize {
        (self.0 >> 32) as usize % SHARDS
    }
}

impl Default for Keys {
    fn default() -> Self {
        let shards = std::iter::repeat_with(Mutex::default).take(SHARDS);
        Self {
            shards: shards.collect(),
            hasher: IdHasher::default(),
            last_replayed: AtomicU64::new(0),
            warned: AtomicI64::new(0),
        }
    }
}

impl Keys {
    pub fn hash(&self, name: KeyName<'_>) -> KeyHash {
        KeyHash(self.hasher.hash_one(name))
    }

    /// Locks the shard of the keys with this hash.
    pub fn lock(&self, hash: KeyHash) -> MutexGuard<'_, KeyShard> {
        lock(&self.shards[hash.shard()])
    }

    /// Locks all shards.
    pub fn lock_all(&self) -> Vec<MutexGuard<'_, KeyShard>> {
        let mut locked = Vec::with_capacity(SHARDS);
        locked.extend(self.shards.iter().map(lock));
        locked
    }

    /// Adds a key in replay.
    pub fn replay(&self, sequence: Sequence, used: &UsedKey<'_>, at: i64) -> Result<(), Contradiction> {
        if self.last_replayed.swap(sequence.0, Relaxed) >= sequence.0 {
            return Err(Contradiction("a commit uses several keys".into()));
        }
        let name = KeyName { identity: used.identity, key: used.key };
        let hash = self.hash(name);
        let mut shard = self.lock(hash);
        if shard.find(hash, name).is_some() {
            return Err(Contradiction("a key is used that was used before".into()));
        }
        shard.insert(sequence, at, hash, used);
        Ok(())
    }

    /// Forgets the keys that were used in commits up to `through`, in replay.
    pub fn replay_forgetting(&self, sequence: Sequence, through: Sequence) {
        for shard in &self.shards {
            lock(shard).forget(sequence, through);
        }
    }
}

/// A thread that panicked under this lock may have stored half of a key, so the process ends.
fn lock(shard: &Mutex<KeyShard>) -> MutexGuard<'_, KeyShard> {
    shard.lock().unwrap_or_else(|_| crate::fatal("a thread panicked while it held keys"))
}

/// Keys that one lock guards.
#[derive(Debug, Default)]
pub struct KeyShard {
    /// The newest commit that changed this shard. A reply that uses the shard depends on it.
    pub last: Sequence,
    /// In the order of use, which is that of sequence numbers and of times.
    replies: ChunkedQueue<StoredReply>,
    /// The position of the first of `replies`, counted from the first key ever, without overflow.
    first: u32,
    positions: ExtendibleHashTable<Position>,
    /// Bytes of memory of the keys.
    pub bytes: u64,
}

/// 8 bytes, because there is one for every key.
#[derive(Debug, Clone, Copy)]
struct Position {
    /// Half of the hash of the key, so that the table need not look at the key when it moves a position.
    hash: u32,
    position: u32,
}

impl Position {
    fn table_hash(&self) -> u64 {
        hash_of_number(self.hash.into())
    }
}

/// A key that was used, and the reply to its request.
#[derive(Debug)]
pub struct StoredReply {
    /// The commit of its request.
    pub sequence: Sequence,
    /// The time of that commit, in microseconds since 1970 (UTC).
    pub at: i64,
    /// The hash of its request.
    pub request: [u8; 16],
    /// Half of the hash of the key.
    hash: u32,
    identity_bytes: u8,
    key_bytes: u8,
    /// The identity, the key and the reply.
    texts: Box<[u8]>,
}

impl StoredReply {
    fn new(sequence: Sequence, at: i64, hash: u32, used: &UsedKey<'_>) -> Self {
        let UsedKey { identity, key, request, reply } = *used;
        let length = |text: &str| u8::try_from(text.len()).expect("ids and keys have at most 64 bytes");
        let (identity_bytes, key_bytes) = (length(identity), length(key));
        let texts = [identity.as_bytes(), key.as_bytes(), reply].concat().into();
        Self { sequence, at, request, hash, identity_bytes, key_bytes, texts }
    }

    fn is_of(&self, name: KeyName<'_>) -> bool {
        let (identity, rest) = self.texts.split_at(self.identity_bytes.into());
        (identity, &rest[..self.key_bytes.into()]) == (name.identity.as_bytes(), name.key.as_bytes())
    }

    /// The line with its line feed.
    pub fn reply(&self) -> &[u8] {
        &self.texts[usize::from(self.identity_bytes) + usize::from(self.key_bytes)..]
    }

    fn bytes(&self) -> u64 {
        KEY_OVERHEAD_BYTES + self.texts.len() as u64
    }
}

/// Keys that were forgotten.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Forgotten {
    pub keys: u64,
    /// Bytes of memory that they took.
    pub bytes: u64,
}

impl Forgotten {
    pub fn add(&mut self, other: Self) {
        self.keys += other.keys;
        self.bytes += other.bytes;
    }
}

impl KeyShard {
    pub fn count(&self) -> usize {
        self.replies.len()
    }

    pub fn find(&self, hash: KeyHash, name: KeyName<'_>) -> Option<&StoredReply> {
        let half = hash.0 as u32;
        let is_match = |entry: &Position| {
            entry.hash == half && self.reply_at(entry.position).is_some_and(|stored| stored.is_of(name))
        };
        let found = self.positions.find(hash_of_number(half.into()), is_match)?;
        self.reply_at(found.position)
    }

    fn reply_at(&self, position: u32) -> Option<&StoredReply> {
        self.replies.get(position.wrapping_sub(self.first) as usize)
    }

    /// Adds a key that the shard does not contain.
    pub fn insert(&mut self, sequence: Sequence, at: i64, hash: KeyHash, used: &UsedKey<'_>) {
        let hash = hash.0 as u32;
        let stored = StoredReply::new(sequence, at, hash, used);
        self.last = sequence;
        self.bytes += stored.bytes();
        let position = self.first.wrapping_add(self.replies.len() as u32);
        self.replies.push_back(stored);
        let entry = Position { hash, position };
        self.positions.insert(entry.table_hash(), entry, Position::table_hash);
    }

    /// Forgets the keys that were used in commits up to `through`, by the commit `sequence`.
    pub fn forget(&mut self, sequence: Sequence, through: Sequence) -> Forgotten {
        let mut forgotten = Forgotten::default();
        while self.replies.front().is_some_and(|oldest| oldest.sequence <= through) {
            let Some(oldest) = self.replies.pop_front() else { break };
            let entry = Position { hash: oldest.hash, position: self.first };
            self.positions.remove(
                entry.table_hash(),
                |other| other.position == entry.position,
                Position::table_hash,
            );
            self.first = self.first.wrapping_add(1);
            self.last = sequence;
            forgotten.keys += 1;
            forgotten.bytes += oldest.bytes();
        }
        self.bytes -= forgotten.bytes;
        forgotten
    }

    /// The keys, the oldest first.
    pub fn oldest(&self) -> impl Iterator<Item = &StoredReply> {
        self.replies.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPLY: &[u8] = b"OK {}\n";

    fn used<'a>(key: &'a str, reply: &'a [u8]) -> UsedKey<'a> {
        UsedKey { identity: "", key, request: [7; 16], reply }
    }

    fn name(key: &str) -> KeyName<'_> {
        KeyName { identity: "", key }
    }

    fn keys(count: u64) -> Vec<String> {
        (1..=count).map(|n| format!("key-with-a-number-{n}")).collect()
    }

    /// Inserts each key by a commit of its own. Several have the same hash.
    fn insert_all(shard: &mut KeyShard, keys: &[String]) {
        for (n, key) in (1..).zip(keys) {
            shard.insert(Sequence(n), n as i64, KeyHash(n % 50), &used(key, REPLY));
        }
    }

    #[test]
    fn keys_with_one_hash_are_told_apart() {
        let mut shard = KeyShard::default();
        insert_all(&mut shard, &keys(1_000));
        for (n, key) in (1..).zip(&keys(1_000)) {
            let stored = shard.find(KeyHash(n % 50), name(key)).expect("a key that was used");
            assert_eq!((stored.sequence, stored.at, stored.reply()), (Sequence(n), n as i64, REPLY));
        }
        assert!(shard.find(KeyHash(1), name("never-used-before")).is_none());
        let of_somebody = KeyName { identity: "somebody", key: &keys(1)[0] };
        assert!(shard.find(KeyHash(1), of_somebody).is_none(), "the key is of another identity");
    }

    #[test]
    fn identity_key_and_reply_that_run_into_each_other_are_told_apart() {
        let mut shard = KeyShard::default();
        let [one, other] = [("ann", "a-key-of-somebody"), ("anna", "-key-of-somebody")];
        for (n, (identity, key)) in (1..).zip([one, other]) {
            let used = UsedKey { identity, key, request: [0; 16], reply: REPLY };
            shard.insert(Sequence(n), 0, KeyHash(9), &used);
        }
        for (n, (identity, key)) in (1..).zip([one, other]) {
            let stored = shard.find(KeyHash(9), KeyName { identity, key }).expect("a key that was used");
            assert_eq!((stored.sequence, stored.reply()), (Sequence(n), REPLY));
        }
    }

    #[test]
    fn forgotten_keys_are_the_oldest_and_return_their_bytes() {
        let mut shard = KeyShard::default();
        let keys = keys(1_000);
        insert_all(&mut shard, &keys);
        let all: u64 = keys.iter().map(|key| key_bytes(0, key.len(), REPLY.len())).sum();
        assert_eq!(shard.bytes, all);
        assert_eq!(shard.forget(Sequence(1_001), Sequence(0)), Forgotten::default());
        assert_eq!(shard.last, Sequence(1_000), "nothing was forgotten");
        let forgotten = shard.forget(Sequence(1_001), Sequence(400));
        assert_eq!((forgotten.keys, shard.count(), shard.last), (400, 600, Sequence(1_001)));
        assert_eq!(forgotten.bytes + shard.bytes, all);
        for (n, key) in (1..).zip(&keys) {
            assert_eq!(shard.find(KeyHash(n % 50), name(key)).is_some(), n > 400, "{key}");
        }
        let left = shard.forget(Sequence(1_002), Sequence(1_000));
        assert_eq!((left.keys, shard.count(), shard.bytes), (600, 0, 0));
    }

    #[test]
    fn positions_beyond_the_largest_number_are_found() {
        let mut shard = KeyShard { first: u32::MAX - 2, ..KeyShard::default() };
        let keys = keys(6);
        insert_all(&mut shard, &keys);
        for forgotten in [0, 2, 5] {
            shard.forget(Sequence(7), Sequence(forgotten));
            for (n, key) in (1..).zip(&keys) {
                assert_eq!(shard.find(KeyHash(n), name(key)).is_some(), n > forgotten, "{key}");
            }
        }
        shard.insert(Sequence(8), 8, KeyHash(1), &used(&keys[0], REPLY));
        assert_eq!(shard.find(KeyHash(1), name(&keys[0])).map(|stored| stored.sequence), Some(Sequence(8)));
    }
}
